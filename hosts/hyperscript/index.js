'use strict';
const { Engine } = require('./lib/engine.js');
const { Vm, interrupt } = require('./lib/vm.js');
const { keepHouse } = require('./lib/housekeeping.js');
const { TerraceError } = require('./lib/errors.js');
const {
  Keyword, Char, Ratio, Float, List, Tuple, Pair, SxObject, list, tuple, keyword, symbol, char, float,
} = require('./lib/values.js');

module.exports = {
  Engine, Vm, interrupt, keepHouse, TerraceError,
  Keyword, Char, Ratio, Float, List, Tuple, Pair, SxObject, list, tuple, keyword, symbol, char, float,
};
