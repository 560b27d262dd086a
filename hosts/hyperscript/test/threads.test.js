'use strict';
const path = require('node:path');
const { test } = require('node:test');
const assert = require('node:assert/strict');
const { Worker } = require('node:worker_threads');
const { makeVm, sleep } = require('./support.js');
const { interrupt } = require('..');

const program = path.join(__dirname, 'programs', 'worker.js');

function start(task) {
  const worker = new Worker(program, { workerData: task });
  const messages = [];
  const waiting = [];
  worker.on('message', (message) => (waiting.length ? waiting.shift()(message) : messages.push(message)));
  const failed = new Promise((_, reject) => worker.once('error', reject));
  failed.catch(() => {});
  const next = () => Promise.race([failed, messages.length ? messages.shift() : new Promise((resolve) => waiting.push(resolve))]);
  const exit = new Promise((resolve) => worker.once('exit', resolve));
  return { worker, next, exit };
}

test('threads: every worker thread has engines and vms of its own', async () => {
  const runs = Array.from({ length: 4 }, () => start('compute'));
  for (const { next, exit } of runs) {
    assert.deepEqual(await next(), { fib: 6765, later: 42, caught: 'division-by-zero' });
    assert.equal(await exit, 0);
  }
});

test('threads: come and go', async () => {
  for (let i = 0; i < 5; i++) {
    const { next, exit } = start('compute');
    await next();
    assert.equal(await exit, 0);
  }
});

test('threads: a worker can be terminated in an endless loop', { timeout: 30_000 }, async () => {
  for (const task of ['spin', 'spin-guarded', 'spin-in-function']) {
    const { worker, next } = start(task);
    assert.equal(await next(), 'begun');
    await sleep(20);
    assert.equal(await worker.terminate(), 1, task);
  }
});

test('threads: a vm can be interrupted from another thread', { timeout: 30_000 }, async () => {
  const { next, exit } = start('interruptible');
  const { id } = await next();
  await sleep(30);
  assert.equal(interrupt(id), true);
  assert.deepEqual(await next(), { kind: 'interrupted', works: 3 });
  assert.equal(await exit, 0);
  assert.equal(interrupt(id), false, 'the vm is gone');
});

test('threads: interrupting a vm that runs nothing is no harm', async (t) => {
  const { vm } = makeVm(t);
  assert.equal(interrupt(vm.id), true);
  assert.equal(vm.eval('(let loop ((i 0)) (if (= i 1000000) i (loop (+ i 1))))'), 1000000);
  assert.equal(interrupt(123456789), false);
  let id;
  vm.define('stop-me', () => interrupt(vm.id));
  await assert.rejects(vm.run('(stop-me) (let loop () (loop))'), { kind: 'interrupted' });
  assert.equal(vm.eval('1'), 1);
});
