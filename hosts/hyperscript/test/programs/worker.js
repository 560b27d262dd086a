// What worker threads do in threads.test.js.
'use strict';
const { parentPort, workerData } = require('node:worker_threads');
const { Engine } = require('../..');

const engine = new Engine({ onEvent: () => {} });
const vm = engine.createVm({ write: () => {} });

const tasks = {
  async compute() {
    vm.eval('(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))');
    const fib = vm.call('fib', [20]);
    const later = await vm.run("(+ 1 (perform 'ask))", { effects: { ask: async () => 41 } });
    let caught;
    try { vm.eval('(quotient 1 0)'); } catch (error) { caught = error.kind; }
    parentPort.postMessage({ fib, later, caught });
  },
  spin() {
    parentPort.postMessage('begun');
    vm.eval('(let loop () (loop))');
  },
  'spin-guarded'() {
    vm.define('work', () => { for (let i = 0; i < 1000; i++); });
    parentPort.postMessage('begun');
    vm.eval('(let loop () (guard (e (true nil)) (work)) (loop))');
  },
  'spin-in-function'() {
    vm.define('spin', () => { for (;;); });
    parentPort.postMessage('begun');
    vm.eval('(let loop () (guard (e (true nil)) (spin)) (loop))');
  },
  interruptible() {
    parentPort.postMessage({ id: vm.id });
    try {
      vm.eval('(let loop () (loop))');
    } catch (error) {
      parentPort.postMessage({ kind: error.kind, works: vm.eval('(+ 1 2)') });
    }
  },
};
tasks[workerData]();
