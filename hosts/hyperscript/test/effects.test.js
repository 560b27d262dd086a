'use strict';
const { test } = require('node:test');
const assert = require('node:assert/strict');
const { makeVm, sleep } = require('./support.js');
const { TerraceError } = require('..');

const deferred = () => {
  const it = {};
  it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
  return it;
};

test('6 effects: are answered later', async (t) => {
  const { vm } = makeVm(t);
  const effects = { ask: async (x) => { await sleep(5); return x * 2; } };
  assert.equal(await vm.run("(+ (perform 'ask 1) (perform :ask 20))", { effects }), 42);
  assert.equal(await vm.evalAsync('7'), 7);
});

test('6 effects: two computations are answered in the other order', async (t) => {
  const { vm } = makeVm(t);
  const asked = new Map();
  const effects = { ask: (name) => { asked.set(name, deferred()); return asked.get(name).promise; } };
  vm.eval("(define (talk name) (let ((a (perform 'ask name))) (list name a (perform 'ask (str name a)))))");
  const first = vm.callAsync('talk', ['first'], { effects });
  const second = vm.callAsync('talk', ['second'], { effects });
  assert.deepEqual([...asked.keys()], ['first', 'second']);
  asked.get('second').resolve(2);
  await sleep(1);
  asked.get('first').resolve(1);
  await sleep(1);
  asked.get('first1').resolve('f');
  asked.get('second2').resolve('s');
  assert.deepEqual(await second, ['second', 2, 's']);
  assert.deepEqual(await first, ['first', 1, 'f']);
});

test('6 effects: an answer may be an error', async (t) => {
  const { vm } = makeVm(t);
  const mine = new TypeError('refused');
  const effects = { now() { throw mine; }, later: async () => { throw mine; } };
  for (const name of ['now', 'later']) {
    assert.equal(await vm.run(`(guard (e (true (error-message e))) (perform '${name}))`, { effects }), 'TypeError: refused');
    await assert.rejects(vm.run(`(perform '${name})`, { effects }), (error) => error instanceof TerraceError && error.cause === mine);
  }
  assert.equal(vm.eval('1'), 1);
});

test('6 effects: that nobody answers are errors', async (t) => {
  const { vm } = makeVm(t);
  await assert.rejects(vm.run("(perform 'toString)", { effects: {} }), /nobody answers the effect toString/);
  assert.throws(() => vm.eval("(perform 'nothing)"), /nobody answers/);
  assert.equal(vm.eval("(guard (e (true 5)) (perform 'nothing))"), 5);
});

test('6 effects: are answered at once in eval', (t) => {
  const { vm } = makeVm(t, {}, { effects: { size: () => 10 } });
  assert.equal(vm.eval("(perform 'size)"), 10);
  assert.equal(vm.eval("(+ (perform 'size) (perform 'more 1))", { effects: { more: (x) => x + 1 } }), 12);
  assert.throws(() => vm.eval("(perform 'slow)", { effects: { slow: async () => 1 } }), /use run/);
  const f = vm.eval("(fn (x) (+ x (perform 'size)))");
  assert.equal(f(1), 11);
});

test('6 effects: Maps and catch-all functions answer too', async (t) => {
  const { vm } = makeVm(t);
  assert.equal(await vm.run("(perform 'a 1)", { effects: new Map([['a', (x) => x + 1]]) }), 2);
  assert.deepEqual(await vm.run("(perform 'a 1 2)", { effects: (name, ...args) => [name, ...args] }), ['a', 1, 2]);
});

test('6 effects: functions whose Promise the program waits for', async (t) => {
  const { vm } = makeVm(t);
  vm.defineAsync('fetch-number', async (n) => { await sleep(1); return n + 1; });
  vm.defineAsync('fail-later', async () => { throw new Error('gone'); });
  assert.deepEqual(await vm.run('(map fetch-number (list 1 2 3))'), [2, 3, 4]);
  assert.equal(await vm.run('(guard (e (true (error-message e))) (fail-later))'), 'gone');
});

test('6 effects: a cancelled computation runs its dynamic-wind exits', async (t) => {
  const { vm } = makeVm(t);
  vm.eval('(define log nil)');
  const program = "(dynamic-wind (fn () (set! log (cons :in log))) (fn () (guard (e (true :guarded)) (perform 'wait))) (fn () (set! log (cons :out log))))";
  const controller = new AbortController();
  const run = vm.run(program, { effects: { wait: () => new Promise(() => {}) }, signal: controller.signal });
  assert.deepEqual(vm.eval('log').map(String), [':in']);
  controller.abort();
  await assert.rejects(run, { name: 'AbortError' });
  assert.deepEqual(vm.eval('log').map(String), [':out', ':in']);
});

test('6 effects: an aborted signal starts nothing, and a late answer is nobody\'s', async (t) => {
  const { vm } = makeVm(t);
  vm.eval('(define started false)');
  await assert.rejects(vm.run('(set! started true)', { signal: AbortSignal.abort(new Error('never')) }), { message: 'never' });
  assert.equal(vm.eval('started'), false);
  const answer = deferred();
  const controller = new AbortController();
  const run = vm.run("(perform 'wait)", { effects: { wait: () => answer.promise }, signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(run, { message: 'enough' });
  answer.resolve(1);
  await sleep(1);
  assert.equal(vm.eval('1'), 1);
});

test('6 effects: an abort stops a computation that never waits', async (t) => {
  const { vm } = makeVm(t);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  await assert.rejects(vm.run('(let loop () (loop))', { signal: controller.signal }), { name: 'AbortError' });
  await assert.rejects(vm.run('(let loop () (loop))', { timeoutMs: 30 }), { kind: 'timeout' });
  assert.equal(vm.eval('1'), 1);
});

test('6 effects: a run leaves turns to the event loop', async (t) => {
  const { vm } = makeVm(t);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const done = await vm.run('(let loop ((i 0)) (if (= i 20000000) i (loop (+ i 1))))', { sliceMs: 2 });
  clearInterval(timer);
  assert.equal(done, 20000000);
  assert.ok(ticks >= 3, `${ticks} ticks`);
});

test('6 effects: thousands may wait at once', async (t) => {
  const { vm } = makeVm(t);
  const gate = deferred();
  vm.eval("(define (wait n) (+ n (perform 'gate)))");
  const runs = Array.from({ length: 2000 }, (_, n) => vm.callAsync('wait', [n], { effects: { gate: () => gate.promise } }));
  gate.resolve(1);
  const answers = await Promise.all(runs);
  assert.deepEqual(answers, Array.from({ length: 2000 }, (_, n) => n + 1));
});

test('6 effects: thousands in a row, in every tier', async (t) => {
  for (const mode of ['interp', 'base', 'opt', 'storm', 'auto']) {
    const { vm } = makeVm(t, { mode });
    vm.eval("(define (sum n) (let loop ((i 0) (s 0)) (if (= i n) s (loop (+ i 1) (+ s (perform 'next i))))))");
    assert.equal(await vm.callAsync('sum', [2000], { effects: { next: (i) => i } }), 1999000);
    const later = { next: (i) => Promise.resolve(i) };
    assert.equal(await vm.callAsync('sum', [200], { effects: later }), 19900);
  }
});
