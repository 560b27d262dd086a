// Who answers an effect, and going on with a computation until it is done: at once, or over many turns of the event
// loop.
//
//   program performs -> Step -> the effect's function -> value   -> resume
//                                                        thrown  -> resume with an error
//                                                        Promise -> (only runs) wait, then one of both
'use strict';
const { performance } = require('node:perf_hooks');
const { native, Step, Why, describeThrown } = require('./native.js');
const { TerraceError } = require('./errors.js');
const { Keyword } = require('./values.js');

/** How long a run computes before the event loop has its turn. */
const SLICE_MS = 10;
/** Less than any clock tick, but a limit: for time that is over already. */
const NO_TIME_MS = 1e-6;

const nameOf = (operation) => {
  if (operation instanceof Keyword) return operation.name;
  return typeof operation === 'symbol' ? Symbol.keyFor(operation) : String(operation);
};

const isThenable = (value) => typeof value?.then === 'function';

function findIn(effects, name) {
  if (typeof effects === 'function') return (...args) => effects(name, ...args);
  if (effects instanceof Map) return effects.get(name);
  return effects && Object.hasOwn(effects, name) ? effects[name] : undefined;
}

/** Asks the function of this effect. Throws what it throws. */
function ask(core, effects, [operation, ...args]) {
  const name = nameOf(operation);
  const answer = findIn(effects, name) ?? findIn(core.effects, name);
  if (!answer) throw new Error(`nobody answers the effect ${name}`);
  return answer(...args);
}

const ended = {
  [Why.LIMIT]: ['timeout', 'the time limit has passed'],
  [Why.OUTER]: ['timeout', 'the time limit of the call around this one has passed'],
  [Why.STOPPED]: ['interrupted', 'the computation was interrupted'],
};

const endOf = (why) => {
  const [kind, message] = ended[why];
  return new TerraceError(message, { kind, status: 'interrupted' });
};

/** Goes on with a computation that may not wait. `start(limit, hard)` is the first stretch. */
function runSync(core, start, { effects, timeoutMs } = {}) {
  const deadline = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
  const left = () => (deadline === undefined ? undefined : Math.max(deadline - performance.now(), NO_TIME_MS));
  let result = start(left(), true);
  while (result instanceof Step) {
    if (result.why !== Why.PERFORM) {
      native.cancel(core.handle, result.computation);
      throw endOf(result.why);
    }
    result = answerNow(core, effects, result, left);
  }
  return result;
}

function answerNow(core, effects, { request, computation }, left) {
  let answer;
  try {
    answer = ask(core, effects, request);
    if (isThenable(answer)) {
      Promise.resolve(answer).catch(() => {});
      throw new Error(`the effect ${nameOf(request[0])} answers a Promise; use run instead of eval`);
    }
  } catch (error) {
    return native.resumeError(core.handle, computation, describeThrown(error), left(), true);
  }
  return native.resume(core.handle, computation, answer, left(), true);
}

/** A computation that may wait. */
class AsyncRun {
  #core; #effects; #signal; #resolve; #reject; #timer; #sliceMs;
  #waiting = null;  // the computation, while it stands still
  #over = false;
  #aborted = null;  // [reason], once somebody wants it to end

  constructor(core, { effects, signal, timeoutMs, sliceMs = SLICE_MS }, resolve, reject) {
    this.#core = core;
    this.#effects = effects;
    this.#signal = signal;
    this.#sliceMs = sliceMs;
    this.#resolve = resolve;
    this.#reject = reject;
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.#abort(endOf(Why.LIMIT)), timeoutMs);
    signal?.addEventListener('abort', this.#onAbort);
  }

  begin(start) {
    if (this.#signal?.aborted) return this.#end(this.#reject, this.#signal.reason);
    this.#compute(start);
  }

  #onAbort = () => this.#abort(this.#signal.reason);

  #end(settle, value) {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    settle(value);
  }

  #abort(reason) {
    this.#aborted ??= [reason];
    const computation = this.#take();
    if (computation) this.#cancel(computation);
  }

  #cancel(computation) {
    try {
      native.cancel(this.#core.handle, computation);
    } catch (error) {
      if (!this.#aborted) return this.#end(this.#reject, error);
    }
    this.#end(this.#reject, this.#aborted[0]);
  }

  #take() {
    const computation = this.#waiting;
    this.#waiting = null;
    return computation;
  }

  /** Runs one stretch after the other until it is done, waits, or the slice is over. */
  #compute(next) {
    const until = performance.now() + this.#sliceMs;
    try {
      while (next) {
        const result = next(Math.max(until - performance.now(), NO_TIME_MS), false);
        if (!(result instanceof Step)) return this.#end(this.#resolve, result);
        next = this.#after(result, until);
      }
    } catch (error) {
      this.#end(this.#reject, this.#aborted ? this.#aborted[0] : error);
    }
  }

  /** The next stretch, or undefined when it has to wait for something. */
  #after({ why, request, computation }, until) {
    const { handle } = this.#core;
    if (this.#aborted) return void this.#cancel(computation);
    if (why === Why.STOPPED) return void this.#stopped(computation);
    if (why !== Why.PERFORM) return void this.#later(computation);
    let answer;
    try {
      answer = ask(this.#core, this.#effects, request);
    } catch (error) {
      return this.#unlessAborted(computation, (limit, hard) =>
        native.resumeError(handle, computation, describeThrown(error), limit, hard));
    }
    if (isThenable(answer)) return void this.#await(computation, answer);
    const resume = (limit, hard) => native.resume(handle, computation, answer, limit, hard);
    if (performance.now() < until) return this.#unlessAborted(computation, resume);
    this.#waiting = computation;
    setImmediate(() => this.#take() && this.#compute(resume));
  }

  #unlessAborted(computation, next) {
    if (!this.#aborted) return next;
    this.#cancel(computation);
  }

  #stopped(computation) {
    this.#aborted ??= [endOf(Why.STOPPED)];
    this.#cancel(computation);
  }

  /** Goes on after the event loop had its turn. */
  #later(computation) {
    this.#waiting = computation;
    const proceed = (limit, hard) => native.proceed(this.#core.handle, computation, undefined, limit, hard);
    setImmediate(() => this.#take() && this.#compute(proceed));
  }

  #await(computation, promise) {
    if (this.#aborted) return this.#cancel(computation);
    const { handle } = this.#core;
    const goOn = (next) => {
      // An answer that comes after the end, or after a cancellation, is nobody's any more.
      if (this.#waiting !== computation) return;
      this.#waiting = null;
      this.#compute(next);
    };
    this.#waiting = computation;
    Promise.resolve(promise).then(
      (value) => goOn((limit, hard) => native.resume(handle, computation, value, limit, hard)),
      (error) => goOn((limit, hard) => native.resumeError(handle, computation, describeThrown(error), limit, hard)),
    );
  }
}

/** Goes on with a computation over turns of the event loop; a Promise of its value. */
function runAsync(core, start, options = {}) {
  return new Promise((resolve, reject) => new AsyncRun(core, options, resolve, reject).begin(start));
}

module.exports = { runSync, runAsync };
