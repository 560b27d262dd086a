// A vm: a heap of SX with its globals and computations.
'use strict';
const { markAsUntransferable } = require('node:worker_threads');
const { native } = require('./native.js');
const { runSync, runAsync } = require('./effects.js');

/** A function that makes functions which perform. */
const PERFORMING = '(fn (operation) (fn arguments (apply perform operation arguments)))';

const TIERS = { base: 2, opt: 3 };

function checkChoice(name, value, choices) {
  if (value !== undefined && !choices.includes(value))
    throw new TypeError(`${name} is to be one of ${choices.join(', ')}`);
}

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

/** A function of SX by name or as it is. */
const designator = (fn) => (typeof fn === 'string' ? Symbol.for(fn) : fn);

const writer = (write) => {
  if (write === undefined || write === null || typeof write === 'function') return write ?? undefined;
  if (typeof write.write === 'function') return (text) => void write.write(text);
  throw new TypeError('write is to be a function or a writable stream');
};

function readOptions(options) {
  checkChoice('arrays', options.arrays, ['vector', 'list']);
  checkChoice('dicts', options.dicts, ['map', 'object']);
  return {
    heapLimit: options.heapLimit,
    stackLimit: options.stackLimit,
    gcStress: options.gcStress,
    arraysAreLists: options.arrays === 'list',
    dictsAreObjects: options.dicts === 'object',
    write: writer(options.write),
  };
}

/** Made by `engine.createVm()`. Belongs to the thread that made it. */
class Vm {
  #core;

  constructor(engineHandle, options = {}) {
    // What SX functions hold of their vm; the addon holds it weakly.
    const core = { handle: null, effects: options.effects, callSync: null };
    core.callSync = (handle, args) =>
      runSync(core, (limit, hard) => native.call(core.handle, handle, args, limit, hard));
    core.handle = native.vmNew(engineHandle, core, readOptions(options));
    this.#core = core;
  }

  /** Runs a program and answers the value of its last form. */
  eval(source, options = {}) {
    return runSync(this.#core, this.#evaluation(source, options), options);
  }

  /** Runs a program that may wait: a Promise of the value of its last form. */
  run(source, options = {}) {
    return runAsync(this.#core, this.#evaluation(source, options), options);
  }

  /** The same as run. */
  evalAsync(source, options = {}) { return this.run(source, options); }

  #evaluation(source, { name = 'eval' }) {
    return (limit, hard) => native.eval(this.#core.handle, source, name, limit, hard);
  }

  /** Calls a function, given by name or as it is. */
  call(fn, args = [], options = {}) {
    return runSync(this.#core, this.#application(fn, args), options);
  }

  /** Calls a function that may wait: a Promise of its value. */
  callAsync(fn, args = [], options = {}) {
    return runAsync(this.#core, this.#application(fn, args), options);
  }

  #application(fn, args) {
    return (limit, hard) => native.call(this.#core.handle, designator(fn), args, limit, hard);
  }

  /** The function that a global holds now. */
  fn(name) {
    const value = this.get(name);
    if (typeof value !== 'function') throw new TypeError(`${name} is no function`);
    return value;
  }

  /** The value of a global. */
  get(name) { return native.lookup(this.#core.handle, name); }

  /** Defines a global: a function of JavaScript, or any value. */
  define(name, value) { native.define(this.#core.handle, name, value); }

  /** Defines a global function whose calls are effects: the program waits for the Promise that `answer` gives. */
  defineAsync(name, answer) {
    this.#ownEffects().set(name, answer);
    const makePerforming = this.eval(PERFORMING, { name: 'defineAsync' });
    this.define(name, makePerforming(Symbol.for(name)));
  }

  /** The vm's effects as a Map that belongs to it. */
  #ownEffects() {
    const core = this.#core;
    if (typeof core.effects === 'function')
      throw new TypeError('the effects of this vm are one function; let it answer this one too');
    core.effects = new Map(core.effects instanceof Map ? core.effects : Object.entries(core.effects ?? {}));
    return core.effects;
  }

  /** Text of a value: as `write` shows it, or as `display` does when readable is false. */
  print(value, { readable = true } = {}) { return native.print(this.#core.handle, value, readable); }

  /** Whether two values are equal? in SX. */
  equal(a, b) { return native.equal(this.#core.handle, a, b); }

  /** A Float64Array on memory of SX: passed to SX it is the same vector, not a copy. */
  f64(source) {
    const given = typeof source === 'number' ? source : Float64Array.from(source);
    if (typeof given === 'number' && !(Number.isSafeInteger(given) && given >= 0))
      throw new RangeError('a length is expected');
    return native.f64(this.#core.handle, given);
  }

  /** Lets SX work on the array's own memory; the array cannot be transferred any more. */
  borrow(array) {
    if (!(array instanceof Float64Array)) throw new TypeError('a Float64Array is expected');
    checkStays(array.buffer);
    return native.borrow(this.#core.handle, array);
  }

  /** Compiles a function for a tier, 'base' or 'opt', and waits for it. */
  optimize(fn, tier = 'opt') {
    checkChoice('tier', tier, Object.keys(TIERS));
    native.optimize(this.#core.handle, designator(fn), TIERS[tier]);
  }

  /** Sends a function back to the interpreter. */
  demote(fn) { native.demote(this.#core.handle, designator(fn)); }

  /** The code of this function, or of any later one of its name, is never evicted. */
  pin(fn) { native.pinFunction(this.#core.handle, designator(fn)); }
  /** Takes that back. */
  unpin(fn) { native.unpinFunction(this.#core.handle, designator(fn)); }

  /** Whether a function is compiled, and if not, why. */
  explain(fn) {
    const told = JSON.parse(native.explain(this.#core.handle, designator(fn)));
    return Object.fromEntries(Object.entries(told).map(([name, value]) => [camel(name), value]));
  }

  /** A number by which `interrupt(id)` stops what this vm runs, from any thread of the process. */
  get id() { return native.vmId(this.#core.handle); }

  /** Gives everything back now instead of when it is collected. */
  close() { native.vmClose(this.#core.handle); }
}
if (Symbol.dispose) Vm.prototype[Symbol.dispose] = Vm.prototype.close;

/** Refuses memory that JavaScript could take away while SX holds it. */
function checkStays(buffer) {
  if (buffer instanceof SharedArrayBuffer) return;
  if (buffer.resizable) throw new TypeError('a resizable buffer can be taken away; use vm.f64()');
  if (typeof buffer.transfer === 'function')
    throw new TypeError('transfer() can take this buffer away; borrow one on a SharedArrayBuffer, or use vm.f64()');
  markAsUntransferable(buffer);
}

/** Stops what the vm of that number runs, from any thread of the process. False when there is no such vm. */
const interrupt = (id) => native.stop(id);

module.exports = { Vm, interrupt };
