// Values of SX that JavaScript has no type of its own for.
'use strict';
const { inspect } = require('node:util');
const { KIND, HANDLE, PAYLOAD, Mark, mark } = require('./marks.js');

const keywords = new Map();

/** A keyword of SX, `:name`. The same name gives the same object. */
class Keyword {
  #name;
  constructor(name) { this.#name = String(name); }
  static for(name) {
    name = String(name);
    if (!keywords.has(name)) keywords.set(name, new Keyword(name));
    return keywords.get(name);
  }
  get name() { return this.#name; }
  get [PAYLOAD]() { return this.#name; }
  toString() { return `:${this.#name}`; }
  [inspect.custom]() { return `Keyword(:${this.#name})`; }
}
mark(Keyword, Mark.KEYWORD);

/** A character of SX, one Unicode scalar value. */
class Char {
  constructor(character) {
    const codePoint = typeof character === 'number' ? character : String(character).codePointAt(0);
    if (typeof character !== 'number' && String.fromCodePoint(codePoint ?? 0) !== character)
      throw new TypeError('a Char is made of one character');
    this.codePoint = codePoint;
    Object.freeze(this);
  }
  get [PAYLOAD]() { return this.codePoint; }
  toString() { return String.fromCodePoint(this.codePoint); }
  toJSON() { return this.toString(); }
}
mark(Char, Mark.CHAR);

/** An exact ratio of two integers, as SX reduced it. */
class Ratio {
  constructor(numerator, denominator) {
    this.numerator = BigInt(numerator);
    this.denominator = BigInt(denominator);
    if (this.denominator === 0n) throw new RangeError('a Ratio has no denominator of 0');
    Object.freeze(this);
  }
  get [PAYLOAD]() { return [this.numerator, this.denominator]; }
  /** The nearest double, also where both halves are beyond the range of doubles. */
  valueOf() {
    const digits = Math.max(0, Math.min(this.numerator.toString().length, this.denominator.toString().length) - 300);
    const scale = 10n ** BigInt(digits);
    return Number(this.numerator / scale) / Number(this.denominator / scale);
  }
  toString() { return `${this.numerator}/${this.denominator}`; }
}
mark(Ratio, Mark.RATIO);

/** A double for SX even where the number is an integer: `new Float(2)` is 2.0. */
class Float {
  constructor(value) {
    this.value = Number(value);
    Object.freeze(this);
  }
  get [PAYLOAD]() { return this.value; }
  valueOf() { return this.value; }
}
mark(Float, Mark.FLOAT);

/** An Array that goes to SX as a list. */
class List extends Array {
  static get [Symbol.species]() { return Array; }
}
mark(List, Mark.LIST);

/** An Array that is a tuple in SX. */
class Tuple extends Array {
  static get [Symbol.species]() { return Array; }
}
mark(Tuple, Mark.TUPLE);

/** A pair whose second half is no list: `(head . tail)`. */
class Pair {
  constructor(head, tail) {
    this.head = head;
    this.tail = tail;
  }
  get [PAYLOAD]() { return [this.head, this.tail]; }
}
mark(Pair, Mark.PAIR);

/** A value of SX that stays where it is: a record, a box, a borrowed vector, ... Goes back as itself. */
class SxObject {
  #print;
  constructor(handle, print) {
    Object.defineProperty(this, HANDLE, { value: handle });
    this.#print = print;
  }
  /** As `write` shows it. */
  toString() { return this.#print(this); }
  [inspect.custom]() { return `SxObject(${this})`; }
}
mark(SxObject, Mark.REFERENCE);

const fill = (array, items) => {
  for (const item of items) array.push(item);
  return array;
};

/** The items as a list for SX. */
const list = (...items) => fill(new List(), items);
/** The items as a tuple for SX. */
const tuple = (...items) => fill(new Tuple(), items);
const keyword = (name) => Keyword.for(name);
/** A symbol of SX is the registered symbol of that name. */
const symbol = (name) => Symbol.for(name);
const char = (character) => new Char(character);
const float = (value) => new Float(value);

function makePairs(heads, tail) {
  return heads.reduceRight((rest, head) => new Pair(head, rest), tail);
}

/** From keys and values in turn. */
function makeDict(items, asObject) {
  const pairs = [];
  for (let i = 0; i < items.length; i += 2) pairs.push([items[i], items[i + 1]]);
  return asObject ? Object.fromEntries(pairs.map(([key, value]) => [propertyName(key), value])) : new Map(pairs);
}

const propertyName = (key) => {
  if (key instanceof Keyword) return key.name;
  return typeof key === 'symbol' ? Symbol.keyFor(key) : String(key);
};

const isPlain = (object) => {
  const prototype = Object.getPrototypeOf(object);
  return prototype === null || prototype === Object.prototype ||
    // A plain object of another realm, such as a vm context's.
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty'));
};

/** Numbers as in addon/to_sx.hpp. */
const HOST_OBJECT = 0;

/** Text of anything that was thrown. */
function messageOf(thrown) {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.name === 'Error' ? thrown.message : `${thrown.name}: ${thrown.message}`;
}

/** What an unmarked object becomes: a flat dict; kind, message and irritants of an error; the object itself. */
function classify(object) {
  if (object instanceof Map) return [...object].flat(1);
  if (object instanceof Error) return { 0: 'host-error', 1: messageOf(object), 2: [] };
  if (isPlain(object)) return Object.entries(object).flat(1);
  return HOST_OBJECT;
}

module.exports = {
  Keyword, Char, Ratio, Float, List, Tuple, Pair, SxObject,
  list, tuple, keyword, symbol, char, float, makePairs, makeDict, classify, messageOf, KIND, HANDLE, PAYLOAD,
};
