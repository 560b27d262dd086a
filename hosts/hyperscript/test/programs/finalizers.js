// Counts what is collected after SX has given it up. Run with --expose-gc.
'use strict';
const { Engine } = require('../..');
const { collectUntil } = require('../support.js');

const counts = { functions: 0, objects: 0, arrays: 0, vms: 0 };
const registry = new FinalizationRegistry((kind) => { counts[kind]++; });
const watched = (kind, object) => {
  registry.register(object, kind);
  return object;
};

const engine = new Engine();

function giveUp(vm) {
  const drop = vm.eval('(fn (x) nil)');
  for (let i = 0; i < 100; i++) {
    drop(watched('functions', () => i));
    drop(watched('objects', new (class Thing {})()));
  }
  for (let i = 0; i < 10; i++) drop(vm.borrow(watched('arrays', new Float64Array(new SharedArrayBuffer(800)))));
}

function dropVms() {
  for (let i = 0; i < 5; i++) watched('vms', engine.createVm()).eval('(define x (list 1 2 3))');
}

async function main() {
  const vm = engine.createVm();
  giveUp(vm);
  dropVms();
  await collectUntil(() => {
    vm.eval('(gc-collect!)');
    return counts.functions >= 100 && counts.objects >= 100 && counts.arrays >= 10 && counts.vms >= 5;
  });
  console.log(JSON.stringify(counts));
}
main();
