// One session with compiling, between two looks at what a guest must leave as it was. Prints JSON.
//   guest.js plain | kill      kill: the worker is killed again and again in the middle
'use strict';
const fs = require('node:fs');
const os = require('node:os');
const { Engine } = require('../..');
const { native } = require('../../lib/native.js');

const SIGNALS = ['SigBlk', 'SigIgn', 'SigCgt'];
const readStatus = (file) => Object.fromEntries(fs.readFileSync(file, 'utf8').split('\n').map((line) => line.split(':\t')));
const signals = () => { const status = readStatus('/proc/self/status'); return SIGNALS.map((name) => status[name]); };
const threads = () => fs.readdirSync('/proc/self/task');

function processes() {
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return [{ pid: Number(pid), name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')), state, parent: Number(parent) }];
    } catch {
      return [];  // it ended meanwhile
    }
  });
}

const children = () => processes().filter(({ parent }) => parent === process.pid);

const seenDirectories = new Set();

/** The workers of this process: they run the copy of the program that was made for it. Notes their temporary directories. */
function workers() {
  return processes().filter(({ pid, state }) => {
    try {
      if (state === 'Z' || fs.readlinkSync(`/proc/${pid}/exe`) !== process.env.TERRACE_WORKER) return false;
      const words = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      for (const word of words.slice(words.indexOf('--temp') + 1)) if (word) seenDirectories.add(word);
      return true;
    } catch {
      return false;  // it ended meanwhile
    }
  }).map(({ pid }) => pid);
}

function killWorkers() {
  let killed = 0;
  for (const pid of workers()) {
    try {
      process.kill(pid, 'SIGKILL');
      killed++;
    } catch { /* it ended meanwhile */ }
  }
  return killed;
}

/** Many functions get warm; every answer is checked. */
function work(engine, vm, killing) {
  let wrong = 0, killed = 0;
  for (let i = 0; i < 60; i++) {
    vm.eval(`(define (f${i} n) (let loop ((k 0) (s 0)) (if (= k n) s (loop (+ k 1) (+ s (* k ${i}))))))`);
    for (let j = 0; j < 8; j++) if (vm.call(`f${i}`, [100]) !== 4950 * i) wrong++;
    if (i % 6 === 5) killed += killing ? killWorkers() : 0 * workers().length;
  }
  engine.wait(30_000);
  for (let i = 0; i < 60; i++) if (vm.call(`f${i}`, [100]) !== 4950 * i) wrong++;
  return { wrong, killed };
}

function session(killing) {
  const engine = new Engine();
  const vm = engine.createVm();
  const result = work(engine, vm, killing);
  let timeout = '';
  try {
    vm.eval('(let loop () (loop))', { timeoutMs: 50 });
  } catch (error) {
    timeout = error.kind;
  }
  const stats = engine.stats();
  const blocked = newThreadsBlock();
  const after = vm.eval('(/ 1.0 3.0)');
  vm.close();
  engine.close();
  return { ...result, timeout, after, stats, blocked };
}

const ALL_BUT_KILL_AND_STOP = ~((1n << 8n) | (1n << 18n)) & ((1n << 31n) - 1n);
let threadsBefore;

/** Whether the threads that were started since the beginning have all ordinary signals blocked. */
function newThreadsBlock() {
  return threads().filter((id) => !threadsBefore.has(id)).every((id) => {
    const mask = BigInt(`0x${readStatus(`/proc/self/task/${id}/status`).SigBlk}`);
    return (mask & ALL_BUT_KILL_AND_STOP) === ALL_BUT_KILL_AND_STOP;
  });
}

/** Workers end by themselves when nobody is there any more. */
async function workersEnded() {
  for (let i = 0; i < 100 && workers().length; i++) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function main() {
  threadsBefore = new Set(threads());
  const before = { signals: signals(), floats: native.floatingPoint(), environment: { ...process.env } };
  const result = session(process.argv[2] === 'kill');
  await workersEnded();
  console.log(JSON.stringify({
    ...result,
    signalsKept: String(signals()) === String(before.signals),
    floatsKept: String(native.floatingPoint()) === String(before.floats),
    environmentKept: JSON.stringify({ ...process.env }) === JSON.stringify(before.environment),
    children: children(),
    workersLeft: workers().length,
    files: [...fs.readdirSync(os.tmpdir()), ...[...seenDirectories].filter((directory) => fs.existsSync(directory))],
  }));
}
main();
