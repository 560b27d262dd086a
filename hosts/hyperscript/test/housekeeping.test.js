'use strict';
const { test } = require('node:test');
const assert = require('node:assert/strict');
const path = require('node:path');
const v8 = require('node:v8');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { runInNewContext } = require('node:vm');
const { Engine, keepHouse } = require('..');
const { makeVm, sleep } = require('./support.js');

const HOT = '(define (double x) (* 2 x)) (define (use n) (double n)) (do ((i 0 (+ i 1))) ((= i 10)) (use i))';
const GARBAGE = '(define big (map (fn (i) (make-vector 1000 i)) (range 5000))) (define big nil)';
const MEGABYTE = 1 << 20;

async function until(condition) {
  for (let i = 0; i < 500 && !condition(); i++) await sleep(10);
  return condition();
}

/** Whether the engine compiles at all; else the test is skipped. */
function compiles(t, engine, vm) {
  vm.eval(HOT);
  engine.wait();
  if (engine.stats().entries > 0) return true;
  t.skip('nothing is compiled on this machine');
  return false;
}

test('8 control: parameters are read, set and described', (t) => {
  const { engine, vm } = makeVm(t, { preset: 'development', params: { optThreshold: 77 } });
  assert.equal(engine.param('optThreshold'), 77);
  assert.equal(engine.param('threshold'), 30);
  engine.setParam('budgetBytes', 1e6);
  assert.equal(engine.budgetBytes, 1e6);
  assert.throws(() => engine.setParam('workers', 0), { status: 'out of range' });
  assert.throws(() => engine.setParam('workers', 'many'), TypeError);
  assert.throws(() => engine.setParam('speed', 1), { status: 'not found' });
  assert.throws(() => engine.setParam('mode', 1), { status: 'not possible now' });
  const parameter = engine.params().find(({ name }) => name === 'checkInterval');
  assert.deepEqual(Object.keys(parameter).sort(), ['atStart', 'default', 'least', 'most', 'name', 'text', 'unit', 'value']);
  assert.equal(parameter.default, 64);
  engine.usePreset('production');
  assert.equal(engine.param('workers'), 2);
  assert.throws(() => engine.usePreset('slow'), { status: 'not found' });
  assert.deepEqual(engine.presets().map(({ name }) => name), ['default', 'development', 'production']);
  assert.equal(vm.eval("(jit-param 'workers)"), 2);
  assert.throws(() => new Engine({ params: { workers: 1000 } }), { status: 'out of range' });
});

test('8 control: compiled code is stored for the next engine', async (t) => {
  const store = mkdtempSync(path.join(tmpdir(), 'terrace-test-'));
  t.after(() => rmSync(store, { recursive: true }));
  const first = makeVm(t, { store, storeLimit: 1e6 });
  if (!compiles(t, first.engine, first.vm)) return;
  const { baseCompiles, optCompiles } = first.engine.stats();
  assert.ok(await until(() => first.engine.stats().storeWrites === baseCompiles + optCompiles));
  const second = makeVm(t, { store });
  compiles(t, second.engine, second.vm);
  assert.ok(second.engine.stats().storeHits > 0);
  assert.equal(second.engine.stats().baseCompiles, 0);
  const without = makeVm(t, { store: false });
  compiles(t, without.engine, without.vm);
  assert.equal(without.engine.stats().storeHits, 0);
  assert.throws(() => new Engine({ store: 5 }), TypeError);
});

test('8 control: reports name the hottest functions', (t) => {
  const { engine, vm } = makeVm(t);
  if (!compiles(t, engine, vm)) return;
  assert.match(engine.report(), /^functions[^]*code cache[^]* double\n/m);
  const { statistics, tiers, functions } = engine.reportData();
  assert.equal(statistics.budgetBytes, 0);
  assert.ok(tiers.base + tiers.opt >= 2);
  const double = functions.find(({ name }) => name === 'double');
  assert.ok(double.calls >= 4 && double.bytes > 0 && double.compileNs > 0, JSON.stringify(double));
  assert.deepEqual(vm.explain('double').leftAt, []);
});

test('8 control: a function is pinned as it is', (t) => {
  const { engine, vm } = makeVm(t);
  if (!compiles(t, engine, vm)) return;
  vm.pin(vm.fn('double'));
  engine.memoryPressure('critical');
  assert.equal(vm.explain('double').tier, 'base');
  assert.equal(vm.explain('use').tier, 'interp');
  vm.unpin('double');
  engine.reset();
  assert.equal(engine.stats().entries, 0);
});

test('8 control: memory goes back under pressure', (t) => {
  const { engine, vm } = makeVm(t);
  vm.eval(GARBAGE);
  assert.ok(engine.memoryPressure() > 30 * MEGABYTE);
  assert.equal(vm.eval('(+ 1 2)'), 3);
  assert.throws(() => engine.memoryPressure('panic'), TypeError);
});

test('8 control: housekeeping keeps to its time', (t) => {
  const { engine, vm } = makeVm(t);
  vm.eval(GARBAGE);
  const { heapCollections } = engine.stats();
  assert.equal(engine.housekeep(0), true);
  assert.equal(engine.housekeep(60_000), false);
  assert.ok(engine.stats().heapCollections > heapCollections);
});

test('guest: an idle event loop does the housekeeping', async (t) => {
  const { engine, vm } = makeVm(t);
  const stop = keepHouse(engine, { everyMs: 10, budgetMs: 60_000 });
  t.after(stop);
  vm.eval(GARBAGE);
  const { heapCollections } = engine.stats();
  assert.ok(await until(() => engine.stats().heapCollections > heapCollections));
});

test('guest: a full collection of a heap that is nearly full gives memory back', async (t) => {
  v8.setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const { engine, vm } = makeVm(t);
  const given = [];
  const stop = keepHouse(engine, { everyMs: 1e6, heapShare: 0, onPressure: (bytes) => given.push(bytes) });
  vm.eval(GARBAGE);
  collect();
  assert.ok(await until(() => given.length > 0));
  assert.ok(given[0] > 30 * MEGABYTE, `${given}`);
  stop();
});

test('guest: housekeeping ends with its engine', async () => {
  const engine = new Engine();
  keepHouse(engine, { everyMs: 5 });
  engine.close();
  await sleep(50);
});
