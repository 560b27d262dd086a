'use strict';
const { test } = require('node:test');
const assert = require('node:assert/strict');
const { makeVm, runProgram } = require('./support.js');

test('4 host functions: with any number of arguments', (t) => {
  const { vm } = makeVm(t);
  vm.define('count-them', (...args) => args.length);
  assert.equal(vm.eval('(count-them)'), 0);
  assert.equal(vm.eval('(count-them 1 "a" nil (list))'), 4);
  assert.equal(vm.eval('(apply count-them (range 100))'), 100);
  vm.define('default', (a, b = 5) => a + b);
  assert.equal(vm.eval('(+ (default 1) (default 1 1))'), 8);
  vm.define('nothing', () => {});
  assert.equal(vm.eval('(nothing)'), null);
});

test('4 host functions: answer text, data and functions', (t) => {
  const { vm } = makeVm(t);
  vm.define('text', () => 'ä'.repeat(1000));
  vm.define('data', () => ({ list: [1, 2, { deep: 'x' }] }));
  vm.define('adder', (n) => (m) => n + m);
  vm.define('big', () => 2n ** 90n);
  assert.equal(vm.eval('(string-length (text))'), 1000);
  assert.equal(vm.eval('(dict-ref (vector-ref (dict-ref (data) "list") 2) "deep")'), 'x');
  assert.equal(vm.eval('((adder 2) 3)'), 5);
  assert.equal(vm.eval('(= (big) (* 1267650600228229401496703205376 1/1024))'), true);
});

test('4 host functions: call SX again', (t) => {
  const { vm } = makeVm(t);
  vm.define('apply-twice', (f, x) => f(f(x)));
  assert.equal(vm.eval('(apply-twice (fn (x) (* x x)) 3)'), 81);
  vm.define('down', (n) => (n === 0 ? 0 : 1 + vm.eval(`(down ${n - 1})`)));
  assert.equal(vm.eval('(down 50)'), 50);
  assert.deepEqual(vm.eval('(sort (list 3 1 2) f)'.replace('f', '(fn (a b) (before a b))').replace('before', '<')), [1, 2, 3]);
  vm.define('before', (a, b) => a < b);
  assert.deepEqual(vm.eval('(sort (list 3 1 2) before)'), [1, 2, 3]);
});

test('4 host functions: functions as arguments of SX functions', (t) => {
  const { vm } = makeVm(t);
  assert.deepEqual(vm.eval('map')((x) => x * 10, [1, 2, 3]), [10, 20, 30]);
  assert.deepEqual(vm.call('filter', [(x) => x > 1, vm.eval('(list 1 2 3)')]), [2, 3]);
});

test('4 host functions: stay right when they are compiled against', (t) => {
  const { vm } = makeVm(t, { mode: 'base' });
  let calls = 0;
  vm.define('tick', (x) => { calls++; return x + 1; });
  vm.eval('(define (run n) (let loop ((i 0) (x 0)) (if (= i n) x (loop (+ i 1) (tick x)))))');
  assert.equal(vm.call('run', [1000]), 1000);
  assert.equal(calls, 1000);
});

test('4 host functions: output goes to a function or a stream', (t) => {
  const { vm, engine } = makeVm(t, {}, { write: (text) => written.push(text) });
  const written = [];
  vm.eval('(display "Grüße") (newline) (write "x")');
  assert.equal(written.join(''), 'Grüße\n"x"');
  const chunks = [];
  const other = engine.createVm({ write: { write: (text) => chunks.push(text) } });
  other.eval('(display 1)');
  assert.equal(chunks.join(''), '1');
  other.close();
  const failing = engine.createVm({ write() { throw new RangeError('no paper'); } });
  assert.throws(() => failing.eval('(display 1)'), { name: 'RangeError', message: 'no paper' });
  assert.equal(failing.eval('(+ 1 1)'), 2);
  failing.close();
  assert.throws(() => engine.createVm({ write: 1 }), TypeError);
});

test('4 host functions: what is given up is finalised once', async () => {
  const { code, stdout, stderr } = await runProgram('finalizers.js');
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { functions: 100, objects: 100, arrays: 10, vms: 5 });
});
