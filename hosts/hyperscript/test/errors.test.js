'use strict';
const { test } = require('node:test');
const assert = require('node:assert/strict');
const { makeVm } = require('./support.js');
const { TerraceError } = require('..');

const caught = (action) => {
  try {
    action();
  } catch (error) {
    return error;
  }
  assert.fail('no error was thrown');
};

test('5 errors: have kind, message, source, line, column and trace', (t) => {
  const { vm } = makeVm(t);
  const error = caught(() => vm.eval('(define (half x)\n  (quotient x 0))\n(+ 1 (half 4))', { name: 'halves.sx' }));
  assert.ok(error instanceof TerraceError && error instanceof Error);
  assert.equal(error.name, 'TerraceError');
  assert.equal(error.kind, 'division-by-zero');
  assert.equal(error.source, 'halves.sx');
  assert.equal(error.line, 2);
  assert.equal(error.column, 3);
  assert.match(error.sxTrace[0], /half.*halves\.sx:2:3/);
  assert.match(error.stack, /errors\.test\.js/);
  assert.equal(vm.eval('(+ 1 1)'), 2);
});

test('5 errors: kinds', (t) => {
  const { vm } = makeVm(t);
  const kinds = {
    '(car 1)': 'type-error', '(vector-ref (vector 1) 5)': 'range-error', '((fn (x) x))': 'arity-error', '(1 2)': 'not-a-function',
    'nowhere': 'unbound-variable', '(error "mine" 1)': 'error', '(raise 42)': 'uncaught', '(let ((x)) x': 'read-error', '(if)': 'syntax-error',
  };
  for (const [source, kind] of Object.entries(kinds)) assert.equal(caught(() => vm.eval(source)).kind, kind, source);
});

test('5 errors: carry what was raised', (t) => {
  const { vm } = makeVm(t);
  assert.equal(caught(() => vm.eval('(raise 42)')).value, 42);
  assert.deepEqual(caught(() => vm.eval('(raise (list 1 "x"))')).value, [1, 'x']);
  const error = caught(() => vm.eval('(error "out of" "paper" 3)'));
  assert.equal(error.message, 'out of "paper" 3');
  assert.equal(error.value.message, 'out of');
  assert.deepEqual(error.value.irritants, ['paper', 3]);
});

test('5 errors: are values too', (t) => {
  const { vm } = makeVm(t);
  const value = vm.eval('(guard (e (true e)) (error "m" 1 2))');
  assert.ok(value instanceof TerraceError);
  assert.equal(value.kind, 'error');
  assert.deepEqual(value.irritants, [1, 2]);
  const describe = vm.eval("(fn (e) (list (error-kind e) (error-message e) (error-irritants e)))");
  assert.deepEqual(describe(value), [Symbol.for('error'), 'm', [1, 2]]);
  assert.deepEqual(describe(new RangeError('far')), [Symbol.for('host-error'), 'RangeError: far', null]);
});

test('5 errors: of host functions arrive in guard', (t) => {
  const { vm } = makeVm(t);
  vm.define('fail', (text) => { throw new Error(text); });
  assert.equal(vm.eval('(guard (e (true (error-message e))) (fail "broken"))'), 'fail: broken');
  assert.equal(vm.eval('(guard (e (true (error-kind e))) (fail "broken"))'), Symbol.for('host-error'));
  vm.define('odd', () => { throw 'text'; });
  assert.equal(vm.eval('(guard (e (true (error-message e))) (odd))'), 'odd: text');
});

test('5 errors: of host functions come out with their cause', (t) => {
  const { vm } = makeVm(t);
  const mine = new RangeError('mine');
  vm.define('fail', () => { throw mine; });
  const error = caught(() => vm.eval('(fail)'));
  assert.equal(error.kind, 'host-error');
  assert.equal(error.cause, mine);
  assert.match(error.message, /RangeError: mine/);
  assert.equal(vm.eval('1'), 1);
});

test('5 errors: of SX pass through host functions as what they are', (t) => {
  const { vm } = makeVm(t);
  vm.define('through', (f) => f());
  const error = caught(() => vm.eval('(through (fn () (car 5)))'));
  assert.equal(error.kind, 'type-error');
  assert.equal(vm.eval("(guard (e ((eq? e 'stone) :caught)) (through (fn () (raise 'stone))))").name, 'caught');
  assert.equal(vm.eval('(guard (e (true (error-kind e))) (through (fn () (car 5))))'), Symbol.for('type-error'));
});

test('5 errors: answers that SX cannot have', (t) => {
  const { vm } = makeVm(t);
  vm.define('odd', () => Symbol('mine'));
  assert.throws(() => vm.eval('(odd)'), (error) => error.kind === 'host-error' && /Symbol\.for/.test(error.message));
  assert.equal(vm.eval('(guard (e (true 1)) (odd))'), 1);
});

test('5 errors: in every tier', (t) => {
  for (const mode of ['interp', 'base', 'opt', 'storm']) {
    const { vm } = makeVm(t, { mode });
    vm.define('fail', () => { throw new Error('no'); });
    vm.eval('(define (f n) (if (= n 0) (fail) (+ 1 (f (- n 1)))))');
    for (let i = 0; i < 10; i++) assert.equal(caught(() => vm.call('f', [5])).kind, 'host-error');
    assert.equal(vm.eval('(guard (e (true :saved)) (f 3))').name, 'saved');
  }
});
