// What the tests share.
'use strict';
const { spawn } = require('node:child_process');
const path = require('node:path');
const { Engine } = require('..');

/** An engine and a vm that are closed when the test ends. */
function makeVm(t, engineOptions = {}, vmOptions = {}) {
  const engine = new Engine(engineOptions);
  const vm = engine.createVm(vmOptions);
  t.after(() => {
    vm.close();
    engine.close();
  });
  return { engine, vm };
}

/** Runs one of the programs in test/programs in a process of its own: {code, signal, stdout, stderr}. */
function runProgram(name, { env = {}, args = [] } = {}) {
  const program = path.join(__dirname, 'programs', name);
  const child = spawn(process.execPath, ['--expose-gc', program, ...args], { env: { ...process.env, ...env } });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) child[stream].setEncoding('utf8').on('data', (text) => { output[stream] += text; });
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...output })));
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Collects garbage until the condition holds, or some seconds have passed. */
async function collectUntil(condition) {
  for (let i = 0; i < 200 && !condition(); i++) {
    globalThis.gc?.();
    await sleep(10);
  }
  return condition();
}

module.exports = { makeVm, runProgram, sleep, collectUntil };
