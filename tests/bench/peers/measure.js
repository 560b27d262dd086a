// What the programs for Node print: see measure.h. `runs` maps names to functions.
'use strict';
module.exports = function measure(runs, [name, samples = 0, seconds = 0, warm = 0]) {
  const run = runs[name];
  const now = () => Number(process.hrtime.bigint()) * 1e-9;
  let start = now();
  const words = [name, run()];
  while (samples > 0 && now() - start < warm) run();
  start = now();
  for (let i = 0; i < samples && (i === 0 || now() - start < seconds); i++) {
    const began = now();
    run();
    words.push((now() - began).toFixed(9));
  }
  console.log(words.join(' '));
};
