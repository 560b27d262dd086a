// prims/equality.hpp: eqv?, equal? and the hash that goes with equal?.
//
// Answers for: when two values are the same key. Not for: = on numbers (frame/number.hpp).
//
// 1. eqv: the same object; numbers of the same kind of exactness and value; strings never, unless they are one object.
// 2. equal: pairs, vectors, tuples, strings, packed vectors and dicts by their contents, everything else by eqv. 1
// and 1.0 differ.
//    Dicts are equal when they have the same keys with equal values, in any order.
// 3. equal always ends. Two structures that go on without end are equal when no finite part of them differs; only a
// nesting
//    deeper than the stack raises.
// 4. hash(a) = hash(b) when equal(a, b). It looks at a bounded part of a structure, so it always ends and never raises.
#pragma once

#include "base/short_bytes.hpp"
#include "prims/arguments.hpp"

namespace terrace::prims {

// How a dict compares a key; decided by the key alone, since values of different classes are never equal.
enum class KeyClass : uint8_t {
  kWord,    // the same word: fixnums, symbols, keywords, characters, functions, ...
  kString,  // by bytes
  kDeep,    // by equal
};

bool eqv(Value a, Value b);
// kTrue, kFalse, or kUnwind. Neither allocates in the heap nor runs SX code.
Value equal(VmState* vm, Value a, Value b);
// Precondition: both are strings.
inline bool same_text(Value a, Value b) {
  const auto* x = value::as<value::String>(a);
  const auto* y = value::as<value::String>(b);
  return x->bytes == y->bytes && base::same_bytes(x->data, y->data, x->bytes);
}

// At most 60 bits.
uint64_t hash(Value v);

// What a table needs to know of a key.
struct Key {
  Value word;
  uint64_t hash;
  KeyClass how;
};
Key key_of_any(Value v);
// The key of a table that compares by eq?, or by eqv? when `numbers` says that big numbers count by their value.
Key key_by_identity(Value v, bool numbers);
inline Key key_of(Value v) {
  if (value::is_fixnum(v)) return {v, v.bits >> value::kFixnumShift & ((uint64_t{1} << 60) - 1), KeyClass::kWord};
  if (value::is_string(v) && as<value::String>(v)->hash != 0) return {v, as<value::String>(v)->hash, KeyClass::kString};
  return key_of_any(v);
}

}  // namespace terrace::prims
