// An engine: the compiler, the code cache and the figures that its vms share.
'use strict';
const { setTimeout: sleep } = require('node:timers/promises');
const { performance } = require('node:perf_hooks');
const { native } = require('./native.js');
const { locateLibrary } = require('./locate.js');
const { Vm } = require('./vm.js');

const MODES = { auto: 0, interp: 1, base: 2, opt: 3, storm: 4 };
const WAIT_MS = 60_000;
const POLL_MS = 5;

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

function wholeNumber(name, value) {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${name} is to be an integer`);
  return value;
}

/** In the options of the library 0 stands for the default, and something negative for none. */
function limit(name, value) {
  if (value === undefined) return undefined;
  return wholeNumber(name, value) <= 0 ? -1 : value;
}

function readOptions({ mode = 'auto', threshold, budget, budgetBytes, workers, workerPath, onEvent }) {
  if (!Object.hasOwn(MODES, mode)) throw new TypeError(`mode is to be one of ${Object.keys(MODES).join(', ')}`);
  if (onEvent !== undefined && typeof onEvent !== 'function') throw new TypeError('onEvent is to be a function');
  return {
    mode: MODES[mode],
    threshold: limit('threshold', threshold),
    budget: limit('budget', budget),
    budgetBytes: budgetBytes === undefined ? undefined : wholeNumber('budgetBytes', budgetBytes),
    workers: workers === undefined ? undefined : wholeNumber('workers', workers),
    workerPath,
    onEvent,
  };
}

class Engine {
  #handle;

  constructor(options = {}) {
    this.#handle = native.engineNew(locateLibrary(native, options.library), readOptions(options));
  }

  /** The version of the library: 'terrace 0.1.0 (x86-64)'. */
  static version(library) { return native.versionOf(locateLibrary(native, library)); }

  createVm(options) { return new Vm(this.#handle, options); }

  /** Calls before a function is compiled; 1: at once, 0: never. */
  get threshold() { return this.stats().threshold; }
  set threshold(calls) { this.setThreshold(calls); }
  setThreshold(calls) { native.setThreshold(this.#handle, wholeNumber('threshold', calls)); }

  /** Most entries in the code cache; 0: cache nothing. */
  get budget() { return this.stats().budget; }
  set budget(entries) { this.setBudget(entries); }
  setBudget(entries) { native.setBudget(this.#handle, wholeNumber('budget', entries)); }

  /** Most bytes of code; 0: no limit. */
  get budgetBytes() { return this.stats().budgetBytes; }
  set budgetBytes(bytes) { this.setBudgetBytes(bytes); }
  setBudgetBytes(bytes) {
    if (wholeNumber('budgetBytes', bytes) < 0) throw new RangeError('budgetBytes is not to be negative');
    native.setBudgetBytes(this.#handle, bytes);
  }

  /** Functions of that name are never evicted. */
  pin(name) { native.pin(this.#handle, name); }
  /** Takes a pin back; whether there was one. */
  unpin(name) { return native.unpin(this.#handle, name); }

  /** Functions whose name matches stay in the interpreter; `*` matches any text. */
  exclude(pattern) { native.exclude(this.#handle, pattern); }
  /** Takes an exclusion back; whether there was one. */
  allow(pattern) { return native.allow(this.#handle, pattern); }

  /** Drops every entry that is not pinned. */
  reset() { native.reset(this.#handle); }

  /** Drops entries not used in that many generations and answers how many; a generation ends with every call. */
  clearCold(generations = 1) { return native.clearCold(this.#handle, wholeNumber('generations', generations)); }

  /** Waits, blocking the thread, until nothing is being compiled; whether that came true in time. */
  wait(milliseconds = WAIT_MS) { return native.wait(this.#handle, milliseconds); }

  /** The same without blocking the thread. */
  async idle({ timeoutMs = WAIT_MS, signal } = {}) {
    const end = performance.now() + timeoutMs;
    while (!this.wait(0)) {
      if (performance.now() >= end) return false;
      await sleep(POLL_MS, undefined, { signal });
    }
    return true;
  }

  /** The figures of the cache and the compiler, with the refusals by reason. */
  stats() {
    const figures = JSON.parse(native.stats(this.#handle));
    return Object.fromEntries(Object.entries(figures).map(([name, value]) => [camel(name), value]));
  }

  /** Gives the engine back when its last vm is closed. */
  close() { native.engineClose(this.#handle); }
}
if (Symbol.dispose) Engine.prototype[Symbol.dispose] = Engine.prototype.close;

module.exports = { Engine };
