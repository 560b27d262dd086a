// Errors of SX and of the library.
'use strict';
const { HANDLE, PAYLOAD, Mark, mark } = require('./marks.js');

/** An error of SX, or a call of the library that could not be done. Also what an SX error object is as a value. */
class TerraceError extends Error {
  #readValue;
  /**
   * @param {string} message what happened
   * @param {object} details kind, status, source, line, column, sxTrace, irritants, handle, readValue, cause
   */
  constructor(message, details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = details.kind ?? '';
    this.status = details.status ?? 'sx error';
    this.source = details.source ?? '';
    this.line = details.line ?? 0;
    this.column = details.column ?? 0;
    this.sxTrace = details.sxTrace ?? [];
    for (const [key, value] of [[HANDLE, details.handle], ['irritants', details.irritants ?? []]])
      Object.defineProperty(this, key, { value, writable: true, configurable: true });
    this.#readValue = details.readValue;
  }
  /** What was raised: the value given to `raise`, or the error object. Undefined when no program raised it. */
  get value() { return this.#readValue?.(); }
  get [PAYLOAD]() { return [this.kind || 'host-error', this.message, this.irritants]; }
}
Object.defineProperty(TerraceError.prototype, 'name', { value: 'TerraceError', configurable: true, writable: true });
mark(TerraceError, Mark.ERROR);

module.exports = { TerraceError };
