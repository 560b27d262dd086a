'use strict';
const { test } = require('node:test');
const assert = require('node:assert/strict');
const { makeVm } = require('./support.js');
const { Ratio, Float } = require('..');

test('1 numbers: doubles and integers go in and come out unchanged', (t) => {
  const { vm } = makeVm(t);
  const same = vm.eval('(fn (x) x)');
  for (const number of [0, 1, -1, 0.1, -0.0, Infinity, -Infinity, NaN, 1e308, 5e-324, 2 ** 53, -(2 ** 53), 1e21, 2 ** 61, 2 ** 200])
    assert.ok(Object.is(same(number), number), `${number} came out as ${same(number)}`);
});

test('1 numbers: integers are exact in SX, other numbers are doubles', (t) => {
  const { vm } = makeVm(t);
  const kind = vm.eval("(fn (x) (list (exact? x) (write-to-string x)))");
  assert.deepEqual(kind(3), [true, '3']);
  assert.deepEqual(kind(-(2 ** 53 - 1)), [true, '-9007199254740991']);
  assert.deepEqual(kind(2n ** 53n), [true, '9007199254740992']);
  assert.deepEqual(kind(3.5), [false, '3.5']);
  assert.deepEqual(kind(-0), [false, '-0.0']);
  assert.deepEqual(kind(new Float(3)), [false, '3.0']);
});

test('1 numbers: big integers are bigints', (t) => {
  const { vm } = makeVm(t);
  const same = vm.eval('(fn (x) x)');
  for (const integer of [2n ** 53n, -(2n ** 53n), 2n ** 60n, 2n ** 61n, -(2n ** 63n), 2n ** 63n, 2n ** 64n, 2n ** 100n, -(2n ** 100n), 10n ** 500n])
    assert.equal(same(integer), integer);
  assert.equal(same(7n), 7, 'an integer that a number can hold is a number');
  assert.equal(vm.eval('(* 4611686018427387904 4)'), 18446744073709551616n);
  assert.equal(vm.eval('(- (* 4611686018427387904 4) 18446744073709551615)'), 1);
  assert.equal(vm.eval('(+ x 1)'.replace('x', '9007199254740991')), 9007199254740992n);
});

test('1 numbers: exact ratios are Ratios', (t) => {
  const { vm } = makeVm(t);
  const third = vm.eval('(/ 1 3)');
  assert.ok(third instanceof Ratio);
  assert.equal(third.numerator, 1n);
  assert.equal(third.denominator, 3n);
  assert.equal(String(third), '1/3');
  assert.equal(Number(third), 1 / 3);
  assert.equal(vm.eval('(fn (x) (* x 3))')(third), 1);
  assert.equal(vm.eval('(fn (x) x)')(new Ratio(4, 2)), 2, 'it is reduced');
  assert.ok(Math.abs(Number(new Ratio(10n ** 400n, 3n * 10n ** 399n)) - 10 / 3) < 1e-12);
});
