// The addon, and what it needs of JavaScript.
'use strict';
const { isMainThread } = require('node:worker_threads');
const { loadAddon } = require('./locate.js');
const { TerraceError } = require('./errors.js');
const values = require('./values.js');
const { KIND, HANDLE, PAYLOAD, Mark } = require('./marks.js');

const native = loadAddon();

/** A computation that stands still; numbers of `why` as in addon/run.hpp. */
class Step {
  constructor(why, request, computation) {
    this.why = why;
    this.request = request;
    this.computation = computation;
  }
}
const Why = Object.freeze({ PERFORM: 1, LIMIT: 2, OUTER: 3, STOPPED: 4 });

// What a function of JavaScript threw last, so that it can be the cause of the error that comes out of SX.
let thrown = null;

/** Text for SX of what was thrown. */
function describeThrown(error) {
  const message = values.messageOf(error);
  thrown = { error, message };
  return message;
}

function causeOf(kind, message) {
  if (kind !== 'host-error' || !thrown || !message.endsWith(thrown.message)) return undefined;
  const { error } = thrown;
  thrown = null;
  return error;
}

function makeError(message, kind, status, source, line, column, trace, handle) {
  const shown = kind || status.replaceAll(' ', '-');
  const sxTrace = trace.split('\n').filter(Boolean);
  const readValue = handle && (() => native.errorValue(handle));
  const cause = causeOf(kind, message);
  return new TerraceError(message, { kind: shown, status, source, line, column, sxTrace, handle, readValue, cause });
}

function makeErrorValue(kind, message, irritants) {
  const name = typeof kind === 'symbol' ? Symbol.keyFor(kind) : String(kind);
  return new TerraceError(String(message), { kind: name, irritants: irritants ?? [] });
}

function makeFunction(handle, core) {
  const sxFunction = (...args) => core.callSync(handle, args);
  Object.defineProperty(sxFunction, KIND, { value: Mark.REFERENCE });
  Object.defineProperty(sxFunction, HANDLE, { value: handle });
  return sxFunction;
}

const imports = {
  kindSymbol: KIND,
  handleSymbol: HANDLE,
  payloadSymbol: PAYLOAD,
  makeSymbol: (name) => Symbol.for(name),
  symbolName: (symbol) => Symbol.keyFor(symbol),
  makeKeyword: values.keyword,
  makeChar: values.char,
  makeBigInt: (digits) => BigInt(digits),
  makeRatio: (text) => new values.Ratio(...text.split('/')),
  makeTuple: (items) => values.tuple(...items),
  makePair: values.makePairs,
  makeDict: values.makeDict,
  makeFunction,
  makeObject: (handle, core) => new values.SxObject(handle, (object) => native.print(core.handle, object, true)),
  makeErrorValue,
  makeError,
  makeStep: (why, request, computation) => new Step(why, request, computation),
  classify: values.classify,
  describeThrown,
  nothing: () => {},
};

native.setup(imports, !isMainThread);

module.exports = { native, Step, Why, describeThrown };
