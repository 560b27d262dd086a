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

const PRESSURE = { moderate: 1, critical: 2 };
const HOUSEKEEPING_MS = 5;

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
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

/** Parameters as the library reads them: NAME=VALUE with blanks between. */
const settings = (params) =>
  Object.entries(params).map(([name, value]) => `${snake(name)}=${wholeNumber(name, value)}`).join(' ');

/** The members of an object, and of what is in it, named as JavaScript does. */
function camelKeys(value) {
  if (Array.isArray(value)) return value.map(camelKeys);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [camel(name), camelKeys(member)]));
}

function readOptions({ mode = 'auto', threshold, budget, budgetBytes, workers, workerPath, store, storeLimit, onEvent, preset, params = {} }) {
  if (!Object.hasOwn(MODES, mode)) throw new TypeError(`mode is to be one of ${Object.keys(MODES).join(', ')}`);
  if (store !== undefined && store !== false && typeof store !== 'string') throw new TypeError('store is to be a directory, or false');
  if (onEvent !== undefined && typeof onEvent !== 'function') throw new TypeError('onEvent is to be a function');
  return {
    mode: MODES[mode],
    threshold: limit('threshold', threshold),
    budget: limit('budget', budget),
    budgetBytes: budgetBytes === undefined ? undefined : wholeNumber('budgetBytes', budgetBytes),
    workers: workers === undefined ? undefined : wholeNumber('workers', workers),
    workerPath,
    store: store === false ? 'off' : store,
    storeLimit: storeLimit === undefined ? undefined : wholeNumber('storeLimit', storeLimit),
    onEvent,
    preset,
    settings: settings(params),
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

  /** The value of a parameter, such as 'optThreshold'. */
  param(name) { return native.paramGet(this.#handle, snake(name)); }
  /** Sets it for every vm of the engine from now on. */
  setParam(name, value) { native.paramSet(this.#handle, snake(name), wholeNumber(name, value)); }
  /** All parameters: {name, value, default, least, most, unit, atStart, text}. */
  params() {
    const { parameters } = JSON.parse(native.params(this.#handle));
    return parameters.map((parameter) => ({ ...camelKeys(parameter), name: camel(parameter.name) }));
  }
  /** The presets: {name, text, values}. */
  presets() { return camelKeys(JSON.parse(native.params(this.#handle)).presets); }
  /** Sets every parameter to what a preset says: 'default', 'development' or 'production'. */
  usePreset(name) { native.setPreset(this.#handle, name); }

  /** Text for people: tiers, cache, compiler, the hottest functions. */
  report() { return native.report(this.#handle); }
  /** The same as an object: {statistics, tiers, functions}. */
  reportData() { return camelKeys(JSON.parse(native.reportData(this.#handle))); }

  /** Gives memory back now and answers how many bytes; 'critical' drops all code that is not pinned, too. */
  memoryPressure(level = 'moderate') {
    if (!Object.hasOwn(PRESSURE, level)) throw new TypeError("level is to be 'moderate' or 'critical'");
    return native.memoryPressure(this.#handle, PRESSURE[level]);
  }

  /** Does what can wait, for at most so many milliseconds; whether something is left. See also `keepHouse`. */
  housekeep(milliseconds = HOUSEKEEPING_MS) {
    if (typeof milliseconds !== 'number' || !(milliseconds >= 0)) throw new TypeError('milliseconds are to be a number');
    return native.idle(this.#handle, milliseconds);
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
