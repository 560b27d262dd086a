'use strict';
const { test } = require('node:test');
const assert = require('node:assert/strict');
const { makeVm } = require('./support.js');
const { list, tuple, keyword, symbol, char, Keyword, Char, Tuple, Pair, SxObject } = require('..');

const writing = (vm) => vm.eval('(fn (x) (write-to-string x))');

test('2 data: nil, booleans and the unspecified value', (t) => {
  const { vm } = makeVm(t);
  assert.equal(vm.eval('nil'), null);
  assert.equal(vm.eval("'()"), null);
  assert.equal(vm.eval('true'), true);
  assert.equal(vm.eval('(< 2 1)'), false);
  assert.equal(vm.eval('(void)'), undefined);
  assert.equal(vm.eval('(fn (a b) (list (null? a) (null? b)))')(null, undefined).join(), 'true,true');
});

test('2 data: Unicode strings', (t) => {
  const { vm } = makeVm(t);
  const same = vm.eval('(fn (x) x)');
  for (const text of ['', 'plain', 'Grüße', '日本語', '🙂🙃', 'a\0b', '\u{10FFFF}', 'x'.repeat(100_000)]) assert.equal(same(text), text);
  assert.equal(vm.eval('(string-length x)'.replace('x', '"🙂ä"')), 2);
  assert.equal(same('\ud800'), '\ufffd', 'half a surrogate pair is no text');
});

test('2 data: symbols, keywords and characters', (t) => {
  const { vm } = makeVm(t);
  const same = vm.eval('(fn (x) x)');
  assert.equal(vm.eval("'hello"), Symbol.for('hello'));
  assert.equal(same(symbol('a b')), Symbol.for('a b'));
  assert.equal(vm.eval(':size'), keyword('size'));
  assert.equal(same(keyword('size')), Keyword.for('size'));
  assert.equal(vm.eval("(fn (s k) (and (eq? s 'x) (eq? k :y)))")(symbol('x'), keyword('y')), true);
  const lambda = vm.eval('#\\λ');
  assert.ok(lambda instanceof Char);
  assert.equal(String(lambda), 'λ');
  assert.deepEqual(same(char('🙂')), char('🙂'));
  assert.throws(() => same(Symbol('mine')), /Symbol\.for/);
});

test('2 data: arrays, lists, tuples and pairs', (t) => {
  const { vm } = makeVm(t);
  const write = writing(vm);
  assert.equal(write([1, 'a', [true]]), '#(1 "a" #(true))');
  assert.equal(write(list(1, list(2), [])), '(1 (2) #())');
  assert.equal(write(list()), 'nil');
  assert.equal(write(new Pair(1, new Pair(2, 3))), '(1 2 . 3)');
  assert.deepEqual(vm.eval("'(1 (2 3) ())"), [1, [2, 3], null]);
  assert.deepEqual(vm.eval('(vector 1 (vector))'), [1, []]);
  assert.deepEqual(vm.eval("'(1 2 . 3)"), new Pair(1, new Pair(2, 3)));
  const pair = vm.eval('(tuple 1 (tuple))');
  assert.ok(pair instanceof Tuple && pair[1] instanceof Tuple);
  assert.deepEqual([...pair.slice(0, 1)], [1]);
  assert.equal(vm.eval('(fn (x) (tuple-ref x 1))')(tuple('a', 'b')), 'b');
  const long = Array.from({ length: 5000 }, (_, i) => i);
  assert.deepEqual(vm.eval('(range 5000)'), long);
  assert.deepEqual(vm.eval('(fn (x) x)')(long), long);
  assert.equal(vm.eval('(fn (x) (apply + x))')(list(...long)), 12497500);
});

test('2 data: arrays become lists when the vm is told so', (t) => {
  const { vm } = makeVm(t, {}, { arrays: 'list', dicts: 'object' });
  assert.equal(writing(vm)([1, [2]]), '(1 (2))');
  assert.equal(vm.eval("(fn (x) x)")([]), null);
  assert.deepEqual(vm.eval("(dict \"a\" 1 :b 2 'c 3 4 5)"), { a: 1, b: 2, c: 3, 4: 5 });
});

test('2 data: dicts', (t) => {
  const { vm } = makeVm(t);
  const same = vm.eval('(fn (x) x)');
  const map = new Map([[1, 'one'], ['two', 2n ** 70n], [keyword('three'), [3]], [null, new Map([[true, false]])]]);
  assert.deepEqual(same(map), map);
  assert.deepEqual([...same(map).keys()], [1, 'two', keyword('three'), null], 'the order of insertion is kept');
  assert.deepEqual(same({ a: 1, b: { c: [] } }), new Map([['a', 1], ['b', new Map([['c', []]])]]));
  assert.equal(vm.eval('(fn (d) (dict-ref d "a"))')({ a: 42 }), 42);
  const large = new Map(Array.from({ length: 3000 }, (_, i) => [i, i * i]));
  assert.deepEqual(same(large), large);
});

test('2 data: nested both ways', (t) => {
  const { vm } = makeVm(t);
  const value = [1, [2n ** 80n, tuple('t', keyword('k'))], new Map([['x', [symbol('y'), 0.5, null, true]]]), 'end'];
  assert.deepEqual(vm.eval('(fn (x) x)')(value), value);
  assert.deepEqual(vm.eval('(list 1 (vector "a" (dict :k (tuple 1.5 #\\c))))'),
    [1, ['a', new Map([[keyword('k'), tuple(1.5, char('c'))]])]]);
});

test('2 data: what is nested too deeply or in itself is refused', (t) => {
  const { vm } = makeVm(t);
  const ring = [1];
  ring.push(ring);
  assert.throws(() => vm.eval('(fn (x) x)')(ring), RangeError);
  assert.throws(() => vm.eval("(define p (list 1 2)) (set-cdr! (cdr p) p) p"), RangeError);
  assert.throws(() => vm.eval('(let loop ((i 0) (x nil)) (if (= i 5000) x (loop (+ i 1) (list x))))'), RangeError);
  assert.equal(vm.eval('(+ 1 1)'), 2);
});

test('2 data: packed vectors share their memory', (t) => {
  const { vm } = makeVm(t);
  const view = vm.eval('(define v (f64-vector 1 2 3)) v');
  assert.ok(view instanceof Float64Array);
  assert.deepEqual([...view], [1, 2, 3]);
  view[0] = 10;
  assert.equal(vm.eval('(f64-vector-ref v 0)'), 10);
  vm.eval('(f64-vector-set! v 2 0.5)');
  assert.equal(view[2], 0.5);
  assert.equal(vm.eval('(fn (x) (eq? x v))')(view), true, 'the array stands for the vector itself');
  const made = vm.f64(4);
  vm.eval('(fn (x) (f64-vector-set! x 3 7.5))')(made);
  assert.deepEqual([...made], [0, 0, 0, 7.5]);
  assert.deepEqual([...vm.f64([1, 2])], [1, 2]);
  assert.equal(vm.eval('(f64-vector)').length, 0);
});

test('2 data: an array of JavaScript is copied, or borrowed when that is asked for', (t) => {
  const { vm } = makeVm(t);
  const add = vm.eval('(fn (x) (f64-vector-set! x 0 (+ 1 (f64-vector-ref x 0))) (f64-vector-ref x 0))');
  const own = new Float64Array([1, 2]);
  assert.equal(add(own), 2);
  assert.equal(own[0], 1);
  const shared = new Float64Array(new SharedArrayBuffer(16));
  const borrowed = vm.borrow(shared);
  assert.ok(borrowed instanceof SxObject);
  assert.equal(add(borrowed), 1);
  assert.equal(add(borrowed), 2);
  assert.equal(shared[0], 2);
  assert.throws(() => vm.borrow([1]), TypeError);
  if (typeof ArrayBuffer.prototype.transfer !== 'function') {
    const lent = vm.borrow(own);
    assert.equal(add(lent), 2);
    assert.equal(own[0], 2);
    try {
      structuredClone(own.buffer, { transfer: [own.buffer] });
    } catch (error) {
      assert.equal(error.name, 'DataCloneError');
    }
    assert.equal(own.length, 2, 'a borrowed array is not taken away');
  }
});

test('2 data: bytes and packed integers are copied', (t) => {
  const { vm } = makeVm(t);
  const same = vm.eval('(fn (x) x)');
  assert.deepEqual(same(new Uint8Array([0, 127, 255])), new Uint8Array([0, 127, 255]));
  assert.deepEqual(same(Buffer.from('ab')), new Uint8Array([97, 98]));
  assert.deepEqual(same(new Uint8Array(0)), new Uint8Array(0));
  const integers = new BigInt64Array([1n, -(2n ** 63n), 2n ** 63n - 1n]);
  assert.deepEqual(same(integers), integers);
  assert.throws(() => same(new Float32Array(1)), /typed arrays/);
});

test('2 data: other objects of JavaScript travel as themselves', (t) => {
  const { vm } = makeVm(t);
  const same = vm.eval('(fn (x) (list x))');
  for (const object of [new Date(), new Set([1]), /x/, Promise.resolve(), new (class Thing {})()]) assert.equal(same(object)[0], object);
});

test('2 data: values of SX that JavaScript has no type for', (t) => {
  const { vm } = makeVm(t);
  const box = vm.eval('(box 5)');
  assert.ok(box instanceof SxObject);
  vm.eval('(fn (b) (set-box! b (+ 1 (unbox b))))')(box);
  assert.equal(vm.eval('unbox')(box), 6);
  assert.match(String(box), /6/);
});

test('2 data: text and equality as SX has them', (t) => {
  const { vm } = makeVm(t);
  assert.equal(vm.print(['a', 1]), '#("a" 1)');
  assert.equal(vm.print(['a', 1], { readable: false }), '#(a 1)');
  assert.equal(vm.equal([1, { a: 'x' }], [1, new Map([['a', 'x']])]), true);
  assert.equal(vm.equal(1, 1.5), false);
});
