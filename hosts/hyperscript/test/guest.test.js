'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const assert = require('node:assert/strict');
const { makeVm, runProgram } = require('./support.js');

function makeDirectory(t) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'terrace-guest-'));
  t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A copy of the worker's program, by which a session knows its own workers; undefined when there is none. */
function copyWorker(t) {
  const near = path.resolve(process.env.TERRACE_LIBRARY ?? '.', '../../lib/worker/terrace-worker');
  const program = process.env.TERRACE_WORKER ?? near;
  if (!fs.existsSync(program)) return undefined;
  const copy = path.join(fs.realpathSync(makeDirectory(t)), 'terrace-worker');
  fs.copyFileSync(program, copy);
  return copy;
}

/** Runs a session in a process with a temporary directory and a worker of its own. */
async function session(t, kind, env = {}) {
  const directory = makeDirectory(t);
  env = { TERRACE_WORKER: copyWorker(t), ...env };
  const { code, signal, stdout, stderr } = await runProgram('guest.js', { env: { TMPDIR: directory, ...env }, args: [kind] });
  assert.equal(code, 0, `${signal} ${stderr}`);
  assert.equal(stderr, '');
  return { ...JSON.parse(stdout), left: fs.readdirSync(directory) };
}

function leavesNoTrace(result) {
  assert.equal(result.wrong, 0);
  assert.equal(result.timeout, 'timeout', 'an endless loop can be interrupted');
  assert.equal(result.after, 1 / 3);
  assert.ok(result.signalsKept, 'signal dispositions');
  assert.ok(result.floatsKept, 'floating-point control words');
  assert.ok(result.environmentKept, 'environment');
  assert.ok(result.blocked, 'threads of the library block signals');
  assert.deepEqual(result.children, [], 'no child, no zombie');
  assert.equal(result.workersLeft, 0, 'no worker');
  assert.deepEqual(result.files, []);
  assert.deepEqual(result.left, []);
}

test('10 a good guest: leaves everything as it was after a session with compiling', async (t) => {
  const result = await session(t, 'plain');
  leavesNoTrace(result);
  if (result.stats.entries === 0) t.diagnostic(`nothing was compiled here: ${JSON.stringify(result.stats.refusals)}`);
});

test('10 a good guest: the worker may be killed at any time', async (t) => {
  const result = await session(t, 'kill');
  leavesNoTrace(result);
  if (result.stats.workerStarts === 0) return t.diagnostic('there is no worker on this machine');
  assert.ok(result.killed >= 1, 'a worker was killed');
  assert.ok(result.stats.workerDeaths >= 1, JSON.stringify(result.stats));
});

test('10 a good guest: a worker that cannot be started', async (t) => {
  const result = await session(t, 'plain', { TERRACE_WORKER: '/nonexistent/terrace-worker' });
  leavesNoTrace(result);
  assert.equal(result.stats.entries, 0);
  assert.ok(result.stats.refused > 0 && Object.keys(result.stats.refusals).length > 0, 'the statistics say why');
});

test('10 a good guest: a program ended in the middle leaves nothing', async (t) => {
  for (const way of ['exit', 'throw', 'host-exit', 'waiting', 'worker-exit']) {
    const { code, signal, stdout, stderr } = await runProgram('ending.js', { args: [way] });
    assert.equal(signal, null, `${way}: ${stderr}`);
    assert.equal(code, way === 'throw' ? 1 : 7, `${way}: ${stderr}`);
    assert.equal(stdout, 'begun\n', way);
  }
});

test('10 a good guest: an endless loop can be interrupted in every tier', (t) => {
  for (const mode of ['interp', 'base', 'opt', 'auto']) {
    const { vm } = makeVm(t, { mode });
    vm.eval('(define (spin n) (let loop ((i 0)) (if (= i -1) i (loop (+ i 1)))))');
    vm.eval('(define (even n) (odd n)) (define (odd n) (even n))');
    for (const name of ['spin', 'even']) {
      const start = Date.now();
      assert.throws(() => vm.call(name, [1], { timeoutMs: 30 }), { kind: 'timeout' });
      assert.ok(Date.now() - start < 5000);
    }
    assert.equal(vm.eval('(guard (e (true 1)) (error "x"))'), 1);
  }
});

test('10 a good guest: a time limit holds through functions of JavaScript and nested calls', (t) => {
  const { vm } = makeVm(t);
  vm.define('nested', () => vm.eval('(let loop () (loop))'));
  vm.eval('(define out false)');
  assert.throws(() => vm.eval('(dynamic-wind void (fn () (let again () (guard (e (true nil)) (nested)) (again))) (fn () (set! out true)))',
    { timeoutMs: 50 }), { kind: 'timeout' });
  assert.equal(vm.eval('out'), true, 'dynamic-wind exits ran');
  vm.define('inner', () => vm.eval('(let loop () (loop))', { timeoutMs: 20 }));
  assert.equal(vm.eval('(guard (e (true 5)) (inner))'), 5, 'the limit of a nested call ends that call only');
});
