'use strict';
const { test } = require('node:test');
const assert = require('node:assert/strict');
const { makeVm } = require('./support.js');
const { Engine, TerraceError } = require('..');

/** The action throws a TerraceError of this kind, and the vm works on. */
function fails(vm, action, kind) {
  assert.throws(action, (error) => {
    assert.ok(error instanceof TerraceError, String(error));
    if (kind) assert.equal(error.kind, kind, error.message);
    assert.ok(error.message.length > 3);
    return true;
  });
  assert.equal(vm.eval('(+ 1 2)'), 3);
}

test('9 bad input: unbalanced source', (t) => {
  const { vm } = makeVm(t);
  for (const source of ['(', '(+ 1', ')', '"abc', '#(1 2', '(let ((x 1) x', "'"]) fails(vm, () => vm.eval(source), 'read-error');
  assert.throws(() => vm.eval('(define x 1)\n  (+ x', { name: 'half.sx' }), { source: 'half.sx', line: 2 });
});

test('9 bad input: wrong arity, unknown names, wrong types', (t) => {
  const { vm } = makeVm(t);
  vm.eval('(define (two a b) a)');
  fails(vm, () => vm.call('two', [1]), 'arity-error');
  fails(vm, () => vm.call('two', [1, 2, 3]), 'arity-error');
  fails(vm, () => vm.eval('(two)'), 'arity-error');
  fails(vm, () => vm.eval('(unknown 1)'), 'unbound-variable');
  fails(vm, () => vm.get('unknown'), 'not-found');
  fails(vm, () => vm.call('unknown'), 'not-found');
  fails(vm, () => vm.call(5), 'wrong-type');
  fails(vm, () => vm.eval('(vector-ref (vector 1) -1)'), 'range-error');
});

test('9 bad input: infinite recursion', (t) => {
  for (const mode of ['interp', 'base', 'opt']) {
    const { vm } = makeVm(t, { mode }, { stackLimit: 8 << 20 });
    vm.eval('(define (down n) (+ 1 (down n)))');
    fails(vm, () => vm.call('down', [0]), 'stack-overflow');
    fails(vm, () => vm.call('down', [0]), 'stack-overflow');
  }
});

test('9 bad input: infinite recursion through JavaScript', (t) => {
  const { vm } = makeVm(t);
  vm.define('again', () => vm.eval('(again)'));
  assert.throws(() => vm.eval('(again)'));
  assert.equal(vm.eval('(+ 1 2)'), 3);
});

test('9 bad input: more memory than there is', (t) => {
  const { vm } = makeVm(t, {}, { heapLimit: 64 << 20 });
  fails(vm, () => vm.eval('(make-bytes 2147483648)'), 'heap-limit');
  fails(vm, () => vm.eval('(make-vector 268435456 0)'), 'heap-limit');
  fails(vm, () => vm.eval('(let loop ((l nil)) (loop (cons 1 l)))'), 'heap-limit');
});

test('9 bad input: a 100,000-deep expression', (t) => {
  const { vm } = makeVm(t);
  const deep = (open, close, inside) => open.repeat(100_000) + inside + close.repeat(100_000);
  for (const source of [deep('(+ 1 ', ')', '0'), deep('(', ')', ''), deep("'(", ')', '1')]) {
    try {
      vm.eval(source);
    } catch (error) {
      assert.ok(error instanceof TerraceError || error instanceof RangeError, String(error));
    }
    assert.equal(vm.eval('(+ 1 2)'), 3);
  }
});

test('9 bad input: arguments of the wrong kind', (t) => {
  const { vm, engine } = makeVm(t);
  assert.throws(() => vm.eval(42), TypeError);
  assert.throws(() => vm.eval(), TypeError);
  assert.throws(() => vm.get({}), TypeError);
  assert.throws(() => vm.define('', 1), { status: 'bad argument' });
  assert.throws(() => vm.call('+', 5), Error);
  assert.throws(() => engine.pin(5), TypeError);
  assert.throws(() => engine.createVm({ arrays: 'set' }), TypeError);
  assert.throws(() => new Engine({ workers: 1000 }), { status: 'out of range' });
  assert.throws(() => new Engine({ library: '/nowhere/libterrace.so' }), /nowhere/);
  assert.throws(() => vm.f64(-1), RangeError);
  assert.equal(vm.eval('(+ 1 2)'), 3);
});

test('9 bad input: what was closed', (t) => {
  const { vm, engine } = makeVm(t);
  const other = engine.createVm();
  const f = other.eval('(fn (x) x)');
  const view = other.eval('(f64-vector 1 2)');
  let error;
  try { other.eval('(car 1)'); } catch (thrown) { error = thrown; }
  other.close();
  other.close();
  assert.throws(() => other.eval('1'), { kind: 'bad-handle', message: 'the vm was closed' });
  assert.throws(() => f(1), { status: 'bad handle' });
  assert.throws(() => vm.call('list', [f]), { status: 'bad handle' });
  assert.deepEqual([...view], [1, 2], 'memory that an array shows stays');
  assert.equal(error.kind, 'type-error');
  assert.equal(error.value, undefined);
  const closed = new Engine();
  closed.close();
  assert.throws(() => closed.stats(), { message: 'the engine was closed' });
  assert.throws(() => closed.createVm(), { status: 'bad handle' });
});

test('9 bad input: closing in the middle', async (t) => {
  const { vm, engine } = makeVm(t);
  const other = engine.createVm();
  other.define('close', () => other.close());
  assert.throws(() => other.eval('(close)'), /running/);
  const waiting = other.run("(perform 'wait)", { effects: { wait: () => new Promise((resolve) => setTimeout(resolve, 10)) } });
  other.close();
  await assert.rejects(waiting, { status: 'bad handle' });
  assert.equal(vm.eval('1'), 1);
});
