// Ends the process in the middle of things, in the way that is asked for.
'use strict';
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const { Engine } = require('../..');

const way = workerData ?? process.argv[2];
const engine = new Engine({ onEvent: () => {} });
const vm = engine.createVm();
vm.define('end', () => process.exit(7));
vm.eval('(define (f n) (if (= n 0) 0 (+ 1 (f (- n 1)))))');
for (let i = 0; i < 20; i++) vm.call('f', [50]);

const ways = {
  exit() { process.exit(7); },
  throw() { vm.eval('(car 1)'); },
  'host-exit'() { vm.eval('(let deep ((n 100)) (if (= n 0) (end) (+ 1 (deep (- n 1)))))'); },
  waiting() {
    for (let i = 0; i < 100; i++) vm.run("(perform 'wait)", { effects: { wait: () => new Promise(() => {}) } });
    process.exitCode = 7;
  },
  'worker-exit'() {
    new Worker(__filename, { workerData: 'host-exit' }).on('exit', (code) => process.exit(code));
  },
};

if (isMainThread) console.log('begun');
ways[way]();
