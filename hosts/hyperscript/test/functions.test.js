'use strict';
const { test } = require('node:test');
const assert = require('node:assert/strict');
const { makeVm } = require('./support.js');
const { TerraceError } = require('..');

test('3 functions: found by name and called', (t) => {
  const { vm } = makeVm(t);
  vm.eval('(define (add a b) (+ a b)) (define answer 42)');
  const add = vm.fn('add');
  assert.equal(add(1, 2), 3);
  assert.equal(vm.call('add', [3, 4]), 7);
  assert.equal(vm.call(add, [5, 6]), 11);
  assert.equal(vm.get('answer'), 42);
  assert.equal(vm.fn('string-length')('four'), 4);
  assert.throws(() => vm.fn('answer'), TypeError);
  assert.throws(() => vm.fn('nowhere'), (error) => error instanceof TerraceError && /nowhere/.test(error.message));
});

test('3 functions: a closure with state keeps it between calls', (t) => {
  const { vm } = makeVm(t);
  const counter = vm.eval('(define (counter) (let ((n 0)) (fn () (set! n (+ n 1)) n))) counter');
  const a = counter(), b = counter();
  assert.deepEqual([a(), a(), b(), a()], [1, 2, 1, 3]);
});

test('3 functions: values that JavaScript holds, passes on and gets back', (t) => {
  const { vm } = makeVm(t);
  const compose = vm.eval('(fn (f g) (fn (x) (f (g x))))');
  const twice = vm.eval('(fn (x) (* 2 x))');
  assert.equal(compose(twice, twice)(5), 20);
  assert.equal(vm.eval('(fn (f g) (eq? f g))')(twice, twice), true);
  vm.define('doubling', twice);
  assert.equal(vm.eval('(doubling 21)'), 42);
  const table = vm.eval("(dict 'inc (fn (x) (+ x 1)))");
  assert.equal(table.get(Symbol.for('inc'))(1), 2);
  assert.deepEqual([1, 2, 3].map((x) => twice(x)), [2, 4, 6]);
});

test('3 functions: values as globals', (t) => {
  const { vm } = makeVm(t);
  vm.define('settings', { depth: 3, names: ['a', 'b'] });
  assert.equal(vm.eval('(dict-ref settings "depth")'), 3);
  assert.equal(vm.eval('(vector-ref (dict-ref settings "names") 1)'), 'b');
});

test('3 functions: many arguments', (t) => {
  const { vm } = makeVm(t);
  const numbers = Array.from({ length: 200 }, (_, i) => i);
  assert.equal(vm.call('+', numbers), 19900);
  assert.equal(vm.eval('(fn (a . rest) (list a (length rest)))')(...numbers)[1], 199);
});

test('3 functions: of another vm are refused', (t) => {
  const { vm, engine } = makeVm(t);
  const other = engine.createVm();
  const foreign = other.eval('(fn (x) x)');
  assert.throws(() => vm.eval('(fn (f) (f 1))')(foreign), (error) => error.status === 'bad handle');
  other.close();
});
