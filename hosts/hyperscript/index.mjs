import terrace from './index.js';

export const {
  Engine, Vm, interrupt, keepHouse, TerraceError,
  Keyword, Char, Ratio, Float, List, Tuple, Pair, SxObject, list, tuple, keyword, symbol, char, float,
} = terrace;
export default terrace;
