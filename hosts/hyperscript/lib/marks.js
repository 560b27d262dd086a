// The hidden properties by which the addon knows values of SX among JavaScript's objects.
'use strict';

/** Under this symbol an object says which Mark it has. */
const KIND = Symbol('terrace.kind');
/** Under this symbol stands the addon's handle. */
const HANDLE = Symbol('terrace.handle');
/** Under this symbol stands what the addon makes the value of. */
const PAYLOAD = Symbol('terrace.payload');

/** Numbers as in addon/to_sx.hpp. */
const Mark = Object.freeze({
  KEYWORD: 1, CHAR: 2, RATIO: 3, FLOAT: 4, LIST: 5, TUPLE: 6, PAIR: 7, REFERENCE: 8, VIEW: 9, ERROR: 10,
});

/** Gives every object of a class its mark. */
function mark(constructor, kind) {
  Object.defineProperty(constructor.prototype, KIND, { value: kind });
}

module.exports = { KIND, HANDLE, PAYLOAD, Mark, mark };
