'use strict';
const { test } = require('node:test');
const assert = require('node:assert/strict');
const { makeVm, sleep } = require('./support.js');

const FIB = '(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))';

/** Whether there is a compiler on this machine; tests that need one say so when there is none. */
function compiles(t, engine, vm) {
  vm.eval('(define (probe x) (* x 2))');
  try {
    vm.optimize('probe', 'base');
  } catch (error) {
    t.skip(`nothing is compiled here: ${error.message}`);
    return false;
  }
  return true;
}

test('7 tiers: a function called often is compiled, and its answers stay the same', (t) => {
  const { vm, engine } = makeVm(t);
  if (!compiles(t, engine, vm)) return;
  vm.eval(FIB);
  const fib = vm.fn('fib');
  assert.equal(vm.explain('fib').tier, 'interp');
  const expected = fib(20);
  assert.equal(expected, 6765);
  assert.ok(engine.wait());
  for (let i = 0; i < 50; i++) assert.equal(fib(20), expected);
  assert.ok(engine.wait());
  assert.equal(fib(20), expected);
  const { name, tier } = vm.explain(fib);
  assert.equal(name, 'fib');
  assert.ok(tier === 'base' || tier === 'opt', `it is in tier ${tier}`);
  const stats = engine.stats();
  assert.ok(stats.entries >= 1 && stats.bytes > 0 && stats.promotions >= 1 && stats.misses >= 1);
  assert.ok(stats.baseCompiles + stats.optCompiles >= 1);
});

test('7 tiers: by hand, up and down', (t) => {
  const { vm, engine } = makeVm(t, { threshold: 0 });
  if (!compiles(t, engine, vm)) return;
  vm.eval(FIB);
  for (const tier of ['base', 'opt']) {
    vm.optimize('fib', tier);
    assert.equal(vm.explain('fib').tier, tier);
    assert.equal(vm.call('fib', [15]), 610);
  }
  vm.demote('fib');
  assert.equal(vm.explain('fib').tier, 'interp');
  assert.equal(vm.call('fib', [15]), 610);
  assert.throws(() => vm.optimize('fib', 'best'), TypeError);
  assert.throws(() => vm.optimize('nowhere'), { status: 'not found' });
});

test('7 tiers: every mode answers the same', (t) => {
  const program = `${FIB}
    (define (mix n) (let loop ((i 0) (s 0.5) (l nil)) (if (= i n) (list s (length l) (fib 12)) (loop (+ i 1) (+ s (* i 1.25)) (cons i l)))))
    (mix 100)`;
  const answers = ['interp', 'base', 'opt', 'storm', 'auto'].map((mode) => makeVm(t, { mode }).vm.eval(program));
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
  assert.deepEqual(answers[0], [6188, 100, 144]);
  assert.throws(() => makeVm(t, { mode: 'fast' }), TypeError);
});

test('7 tiers: what the compiler does is told as events', async (t) => {
  const events = [];
  const { vm, engine } = makeVm(t, { onEvent: (name, text) => events.push([name, text]) });
  if (!compiles(t, engine, vm)) return;
  vm.eval(FIB);
  vm.call('fib', [15]);
  assert.ok(await engine.idle());
  await sleep(20);
  assert.ok(events.some(([name, text]) => name === 'installed' && text.includes('fib')), JSON.stringify(events));
});

test('7 tiers: without a compiler everything works, and the statistics say why nothing is compiled', (t) => {
  const { vm, engine } = makeVm(t, { workerPath: '/nonexistent/terrace-worker' });
  vm.eval(FIB);
  assert.equal(vm.call('fib', [18]), 2584);
  assert.ok(engine.wait());
  assert.equal(vm.call('fib', [18]), 2584);
  const stats = engine.stats();
  assert.equal(stats.entries, 0);
  assert.ok(stats.refused >= 1 && Object.keys(stats.refusals).length >= 1, JSON.stringify(stats));
  assert.ok(vm.explain('fib').reason.length > 0);
});
