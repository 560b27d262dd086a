'use strict';
const { test } = require('node:test');
const assert = require('node:assert/strict');
const { makeVm } = require('./support.js');

const FUNCTIONS = `
  (define (double x) (* 2 x)) (define (square x) (* x x)) (define (half x) (quotient x 2))
  (define (use-all n) (let loop ((i 0) (s 0)) (if (= i n) s (loop (+ i 1) (+ s (double i) (square i) (half i))))))`;

const expected = (n) => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += 2 * i + i * i + Math.floor(i / 2);
  return sum;
};

function warm(vm, engine) {
  for (let i = 0; i < 20; i++) assert.equal(vm.call('use-all', [20]), expected(20));
  assert.ok(engine.wait());
}

/** Skips the test on a machine that cannot compile. */
function needsCompiler(t, vm, engine) {
  vm.eval(FUNCTIONS);
  warm(vm, engine);
  if (engine.stats().entries > 0) return true;
  t.skip('nothing is compiled on this machine');
  return false;
}

test('8 control: threshold', (t) => {
  const { vm, engine } = makeVm(t, { threshold: 7 });
  assert.equal(engine.threshold, 7);
  engine.threshold = 0;
  assert.equal(engine.threshold, 0);
  vm.eval(FUNCTIONS);
  warm(vm, engine);
  assert.equal(engine.stats().entries, 0, 'with threshold 0 nothing is compiled');
  engine.setThreshold(1);
  assert.equal(engine.threshold, 1);
  assert.throws(() => { engine.threshold = 'often'; }, TypeError);
  assert.equal(makeVm(t).engine.threshold, 4);
  assert.equal(makeVm(t, { threshold: 0 }).engine.threshold, 0);
});

test('8 control: a budget of 1', (t) => {
  const { vm, engine } = makeVm(t, { budget: 1 });
  if (!needsCompiler(t, vm, engine)) return;
  assert.equal(engine.budget, 1);
  for (let i = 0; i < 5; i++) warm(vm, engine);
  const stats = engine.stats();
  assert.equal(stats.entries, 1);
  assert.ok(stats.evictions >= 1, JSON.stringify(stats));
  engine.budget = 0;
  assert.equal(engine.stats().entries, 0);
  warm(vm, engine);
  assert.equal(engine.stats().entries, 0);
  engine.budgetBytes = 1 << 20;
  assert.equal(engine.budgetBytes, 1 << 20);
  assert.throws(() => engine.setBudget(-1), { status: 'out of range' });
});

test('8 control: pin and unpin', (t) => {
  const { vm, engine } = makeVm(t);
  engine.pin('double');
  if (!needsCompiler(t, vm, engine)) return;
  assert.equal(vm.explain('double').pinned, true);
  assert.equal(engine.stats().pinned, 1);
  engine.reset();
  assert.notEqual(vm.explain('double').tier, 'interp', 'what is pinned stays');
  assert.equal(engine.stats().entries, 1);
  assert.equal(engine.unpin('double'), true);
  assert.equal(engine.unpin('double'), false);
  engine.reset();
  assert.equal(engine.stats().entries, 0);
  warm(vm, engine);
});

test('8 control: reset drops everything, and hot paths compile again', (t) => {
  const { vm, engine } = makeVm(t);
  if (!needsCompiler(t, vm, engine)) return;
  engine.reset();
  assert.equal(engine.stats().entries, 0);
  assert.ok(engine.stats().resets >= 1);
  warm(vm, engine);
  assert.ok(engine.stats().entries >= 1);
});

test('8 control: reset in the middle of a deep recursion', (t) => {
  for (const mode of ['auto', 'base', 'opt']) {
    const { vm, engine } = makeVm(t, { mode });
    vm.define('reset-now', () => { engine.reset(); return 0; });
    vm.eval('(define (deep n) (if (= n 0) (reset-now) (+ 1 (deep (- n 1)))))');
    for (let i = 0; i < 10; i++) assert.equal(vm.call('deep', [10000]), 10000);
    engine.wait();
    engine.budget = 1;
    assert.equal(vm.call('deep', [10000]), 10000);
  }
});

test('8 control: reset under a suspended computation', async (t) => {
  for (const mode of ['auto', 'base', 'opt']) {
    const { vm, engine } = makeVm(t, { mode });
    vm.eval("(define (waits n) (if (= n 0) (perform 'gate) (+ 1 (waits (- n 1)))))");
    const gates = [];
    const effects = { gate: () => new Promise((resolve) => gates.push(resolve)) };
    const runs = Array.from({ length: 20 }, () => vm.callAsync('waits', [100], { effects }));
    engine.wait();
    engine.reset();
    engine.budget = 1;
    vm.eval('(gc-collect!)');
    for (const open of gates.reverse()) open(1);
    assert.deepEqual(await Promise.all(runs), Array(20).fill(101));
  }
});

test('8 control: clear-cold drops what is not used', (t) => {
  const { vm, engine } = makeVm(t);
  if (!needsCompiler(t, vm, engine)) return;
  const before = engine.stats().entries;
  let dropped = 0;
  for (let i = 0; i < 4; i++) dropped += engine.clearCold(1);
  assert.equal(engine.stats().entries, before - dropped);
  assert.ok(dropped >= 1, `${dropped} of ${before}`);
  warm(vm, engine);
});

test('8 control: exclude and allow', (t) => {
  const { vm, engine } = makeVm(t);
  engine.exclude('dou*');
  if (!needsCompiler(t, vm, engine)) return;
  assert.equal(vm.explain('double').tier, 'interp');
  assert.notEqual(vm.explain('square').tier, 'interp');
  assert.equal(engine.allow('dou*'), true);
  assert.equal(engine.allow('dou*'), false);
  for (let i = 0; i < 3; i++) warm(vm, engine);
  assert.notEqual(vm.explain('double').tier, 'interp');
});

test('8 control: the same from inside SX', (t) => {
  const { vm, engine } = makeVm(t);
  vm.eval('(jit-set-threshold! 9) (jit-set-budget! 77)');
  assert.equal(engine.threshold, 9);
  assert.equal(engine.budget, 77);
});

test('8 control: several vms share an engine', (t) => {
  const { vm, engine } = makeVm(t);
  const other = engine.createVm();
  vm.eval('(define x 1)');
  assert.throws(() => other.eval('x'), { kind: 'unbound-variable' });
  if (!needsCompiler(t, vm, engine)) return;
  other.eval(FUNCTIONS);
  warm(other, engine);
  assert.ok(engine.stats().hits >= 1, 'the second vm finds what the first had compiled');
  other.close();
});
