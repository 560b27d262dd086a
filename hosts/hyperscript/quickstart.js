// The quickstart's program for Node: transitive dependencies of the machine's packages, timed.
//   node quickstart.js LIBRARY SX-FILE STATUS-FILE MODE      MODE = interp | auto
// Prints one line of JSON.
'use strict';
const fs = require('node:fs');
const { performance } = require('node:perf_hooks');

const ROUNDS = 3;

function usage() {
  throw new Error('usage: node quickstart.js LIBRARY SX-FILE STATUS-FILE interp|auto');
}

/** Runs the rules ROUNDS times; compiles of the first round are finished before the second begins. */
function closure(engine, derive, mode) {
  const times = [];
  let facts = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    facts = derive();
    times.push(performance.now() - start);
    if (round === 0 && mode === 'auto') engine.wait();
  }
  return { facts, first: times[0], last: times.at(-1) };
}

const rounded = (milliseconds) => Math.round(milliseconds * 10) / 10;

function main([library, program, status, mode]) {
  if (!['interp', 'auto'].includes(mode)) usage();
  const { Engine } = require('./index.js');
  const engine = new Engine({ library, mode });
  const vm = engine.createVm();
  vm.eval(fs.readFileSync(program, 'utf8'), { name: program });
  const packages = vm.fn('load-facts!')(fs.readFileSync(status, 'utf8'));
  const { facts, first, last } = closure(engine, vm.fn('transitive-closure!'), mode);
  const checksum = vm.fn('closure-checksum')();
  const top = vm.fn('most-needed')(5);
  const stats = engine.stats();
  console.log(JSON.stringify({
    host: 'node', mode, packages, facts, checksum, first_ms: rounded(first), last_ms: rounded(last), top,
    entries: stats.entries, base: stats.baseEntries, opt: stats.optEntries,
    base_compiles: stats.baseCompiles, opt_compiles: stats.optCompiles, stored: stats.storeHits,
    hits: stats.hits, misses: stats.misses, evictions: stats.evictions, refused: stats.refused,
  }));
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(`node: ${error.message}`);
  process.exitCode = 1;
}
