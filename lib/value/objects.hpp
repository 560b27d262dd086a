// value/objects.hpp: the layout of every heap object.
//
// Answers for: field order and sizes. Everything here may be baked into generated code, so a change of a layout is a
// change of the ABI of compiled objects (bytecode/encoding.hpp has the version number). Not for: allocation (heap/).
//
// Invariants: objects are 16-byte aligned and never move; every object starts with an Object header whose `granules`
// is its whole size in 16-byte units; a pair is two words with no header.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "value/value.hpp"

namespace terrace::bytecode {
struct FunctionCode;
struct Instr;
}  // namespace terrace::bytecode
namespace terrace::frame {
struct VmState;
}

namespace terrace::value {

enum class Type : uint8_t {
  kFree = 0,  // a hole left by the collector; the heap stays parsable
#define T_TYPE(name, sx_name, tracing) k##name,
#include "value/types.def"
#undef T_TYPE
  kCount
};

struct Object {
  Type type;
  uint8_t flags;
  uint16_t aux;  // type-specific; see the struct
  uint32_t granules;
};
static_assert(sizeof(Object) == 8);

struct Pair {
  Value car;
  Value cdr;
};

struct Flonum : Object {
  double number;
};
// Sign and magnitude, least significant limb first, no leading zero limb, never a value that fits a fixnum.
struct Bignum : Object {
  int32_t sign;  // -1 or 1
  uint32_t limbs;
  uint64_t limb[];
};
// Lowest terms, denominator > 1.
struct Ratio : Object {
  Value numerator;
  Value denominator;
  uint64_t reserved;
};
// Immutable UTF-8, NUL-terminated for C. `hash` is 0 until computed.
struct String : Object {
  uint32_t bytes;   // without the terminator
  uint32_t length;  // code points; equal to `bytes` exactly when the text is ASCII
  uint32_t hash;
  char data[];
};
// Interned per vm: equal names are the same object.
struct Symbol : Object {
  Value name;  // String
  Value cell;  // Cell of the global of this name, or kNil
  uint64_t hash;
};
// The name that a symbol of a macro's template has in one expansion: a symbol of its own, so that binding it hides nothing,
// which means what `base` means where the template stands. flags has kAlias.
inline constexpr uint8_t kAlias = 1;
struct Alias : Symbol {
  Value base;  // symbol; itself an alias when the template came out of another one
  Value env;   // see frame/alias.hpp
};
struct Keyword : Object {
  Value name;  // String without the colon
  uint64_t hash;
  uint64_t reserved;
};
// How a vector keeps its elements. A vector is made with any kind; afterwards kFresh may become each of the others and kDoubles
// kGeneric, in any store, and nothing else changes. heap/vector.hpp reads and stores elements of all kinds.
enum class VectorKind : uint16_t {
  kGeneric = 0,  // every slot is a Value
  kFresh = 1,    // the same, every element is the fixnum 0; the first store decides what the vector becomes
  kDoubles = 2,  // every slot is the bits of a double, or kHole
};
// aux = VectorKind. flags may have kFull in a vector of doubles: no slot of it is kHole, nor will be.
inline constexpr uint8_t kFull = 1;
struct Vector : Object {
  uint64_t length;
  uint64_t slot[];
  VectorKind kind() const { return static_cast<VectorKind>(aux); }
  void become(VectorKind kind) { aux = static_cast<uint16_t>(kind); }
};
// What stands in a vector of doubles for an element that is the fixnum 0 because it was never stored: a signalling NaN, which no
// arithmetic makes. Doubles from outside are asked by `tamed` before they are a Value or a register's double, so that none is this one.
inline constexpr uint64_t kHole = 0x7FF4'0000'0000'0000;
inline constexpr uint64_t kQuietBit = uint64_t{1} << 51;
// Packed numeric storage. `data` points behind the struct, or into host memory when flags has kBorrowed; then `owner`
// is the HostObject that keeps it alive.
inline constexpr uint8_t kBorrowed = 1;
struct F64Vector : Object {
  uint64_t length;
  double* data;
  Value owner;
  double storage[];
};
struct I64Vector : Object {
  uint64_t length;
  int64_t* data;
  Value owner;
  int64_t storage[];
};
struct Bytes : Object {
  uint64_t length;
  uint8_t* data;
  Value owner;
  uint8_t storage[];
};
// Insertion-ordered hash table (the layout idea is CPython's compact dict): `index` is a Bytes holding a power-of-two
// table of uint32 slots (entry number + 1, 0 empty), or nil for up to eight entries; `entries` a Vector of key, value, hash
// triples in order of insertion, then one word: the Vector that replaced this one, or nil. A deleted entry's key is kUnbound.
enum class DictEquality : uint64_t { kEqual, kEqv, kEq };
struct Dict : Object {
  uint64_t count;  // live entries
  uint64_t used;   // entries appended so far, live or deleted
  Value index;
  Value entries;
  DictEquality equality;  // how keys are compared
};
// In flags of a RecordType or a Cell: code takes for granted what is there (frame/records.hpp, frame/globals.hpp).
inline constexpr uint8_t kWatched = 1;
// The first eight fields of a record may be raw: a field that has only ever been given floats holds the double itself.
inline constexpr uint64_t kMostRaw = 8;
// Of a set of raw fields, one bit for each.
constexpr bool is_raw_field(uint8_t raw, uint64_t n) { return n < kMostRaw && (raw >> n & 1) != 0; }
struct RecordType : Object {
  Value name;           // Symbol
  Value fields;         // Vector of Symbols
  Value parent;         // RecordType or kFalse
  uint64_t count;       // of fields
  uint32_t new_header;  // the first half of the header of new records, which says what there is to know of one: see frame/records.hpp
  uint32_t reserved;
  uint8_t raw_fields() const { return static_cast<uint8_t>(new_header >> 8); }
  uint16_t number() const { return static_cast<uint16_t>(new_header >> 16); }
};
// aux = number of the type in its heap (heap/record_types.hpp). flags = which of the first eight fields are raw in this record; no others are.
struct Record : Object {
  uint64_t field[];  // bits of a Value, or of a double where it is raw
  bool is_raw(uint64_t n) const { return is_raw_field(flags, n); }
};
// How many words the fields of a record take. The collector visits a record up to the end of its last granule, so the word that is left over behind
// an even number of fields is one of them, and holds nil.
constexpr uint64_t record_words(uint64_t fields) { return fields | 1; }
static_assert(sizeof(Record) == 8);
struct Tuple : Object {
  uint64_t length;
  Value data[];
};
// Several values on their way to who takes them apart: none, or at least two.
using Values = Tuple;
struct Box : Object {
  Value value;
};
// A global variable: compiled code holds the cell, so a lookup is one load. flags may have kWatched; aux counts how often what it holds has
// changed meanwhile.
struct Cell : Object {
  Value value;  // kUnbound until defined
  Value name;   // Symbol
  uint64_t version;  // counts redefinitions
};
// What `raise` carries when it is not just any value: made by the runtime for its own errors.
struct Error : Object {
  Value kind;      // Symbol, see prims/errors.def
  Value message;   // String
  Value irritants; // list
  Value trace;     // list of (function-name line column), innermost first
  Value payload;   // what was raised before and led to this error, or kNil
};
// A pending unwind that a handler caught: kind as frame::UnwindKind, token identifies the target of an escape.
struct Unwind : Object {
  uint64_t kind;
  uint64_t token;
  Value value;
};
struct HostObject : Object {
  void* pointer;
  void (*finalizer)(void* env, void* pointer);
  void* env;
  uint64_t type_id;  // the host's own number for the kind of thing
  uint64_t reserved;
};
// Does not keep its target alive: the collector puts kUnbound there when nothing else does.
struct WeakRef : Object {
  Value target;
};
struct Parameter : Object {
  Value initial;
  Value converter;
  uint64_t id;
};

struct Proto;
// Every tier and every primitive is entered through this one convention; a2.. beyond three live in VmState::xargs.
// `argc` counts the arguments, or is the callee's Proto::expected when they are already normalised.
using NativeEntry = Value (*)(frame::VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2);

// A function value (tag 5). `proto` is never null.
struct Closure : Object {
  Proto* proto;
  Value capture[];
};

// What is common to all closures of one lambda in one vm: code, constants, counters and the way in.
// `entry` and `tier` are the only fields other threads write (atomically, while installing or retiring code).
// aux = register_count of the function, so that an interpreted call needs one load less.
struct Proto : Object {
  NativeEntry entry;            // current way in: interpreter, base, opt, primitive, host function
  uint64_t expected;            // argc with which entry's fast path is taken, see frame/calling.hpp
  const bytecode::Instr* code;  // null for primitives and host functions
  bytecode::FunctionCode* function;  // shared, reference counted; null for primitives and host functions
  void* native;                 // primitive: const prims::Primitive*; host function: its record; else null
  void* profile;                // tier/: counters kept outside the heap, or null
  int32_t countdown;            // calls and back-edges until the tier policy is asked again
  uint32_t stamp;               // epoch of the last call seen by the cache (LRU)
  uint32_t constant_count;
  uint32_t tier;                // cache:: tier number that `entry` belongs to
  int32_t interval;             // what countdown was set to last
  uint32_t reserved;
  uint64_t confirmed;           // VmState::watch_epoch when its code last found what it takes for granted of globals, and which code; else 0
  Value links;                  // Vector of what these globals held then, for that code, or kFalse
  Value name;                   // Symbol or kFalse
  Value constant[];
};

template <class T>
T* as(Value v) {  // object of known type; the caller has checked
  return reinterpret_cast<T*>(v.bits - kTagObject);
}
inline Pair* as_pair(Value v) { return reinterpret_cast<Pair*>(v.bits - kTagPair); }
inline Closure* as_closure(Value v) { return reinterpret_cast<Closure*>(v.bits - kTagFunction); }
inline Value from_pair(Pair* p) { return Value{reinterpret_cast<uint64_t>(p) + kTagPair}; }
inline Value from_object(Object* o) { return Value{reinterpret_cast<uint64_t>(o) + kTagObject}; }
inline Value from_closure(Closure* c) { return Value{reinterpret_cast<uint64_t>(c) + kTagFunction}; }
inline bool is_type(Value v, Type t) { return is_object(v) && as<Object>(v)->type == t; }
// The first half of the header of a record.
constexpr uint32_t record_header(uint8_t raw, uint16_t type_number) {
  return static_cast<uint32_t>(Type::kRecord) | uint32_t{raw} << 8 | uint32_t{type_number} << 16;
}
inline bool is_string(Value v) { return is_type(v, Type::kString); }
inline bool is_symbol(Value v) { return is_type(v, Type::kSymbol); }
inline bool is_alias(Value v) { return is_symbol(v) && (as<Object>(v)->flags & kAlias) != 0; }
inline bool is_keyword(Value v) { return is_type(v, Type::kKeyword); }
inline bool is_vector(Value v) { return is_type(v, Type::kVector); }
inline bool is_dict(Value v) { return is_type(v, Type::kDict); }
inline bool is_error(Value v) { return is_type(v, Type::kError); }
inline bool is_bignum(Value v) { return is_type(v, Type::kBignum); }
inline bool is_float(Value v) { return is_flonum_immediate(v) || is_type(v, Type::kFlonum); }
inline double float_value(Value v) { return is_flonum_immediate(v) ? decode_float(v) : as<Flonum>(v)->number; }
inline bool is_integer(Value v) { return is_fixnum(v) || is_bignum(v); }
// The elements of a vector that is known to be generic or fresh: of one that no SX code ever gets, or just made.
inline Value* words_of(Vector* v) { return reinterpret_cast<Value*>(v->slot); }
inline const Value* words_of(const Vector* v) { return reinterpret_cast<const Value*>(v->slot); }
// Whether the bits are those of a NaN.
constexpr bool is_nan_bits(uint64_t bits) { return bits << 1 > uint64_t{0x7FF} << 53; }
// Any double that comes from outside, with a NaN made quiet.
inline double tamed(double d) {
  auto bits = std::bit_cast<uint64_t>(d);
  return is_nan_bits(bits) ? std::bit_cast<double>(bits | kQuietBit) : d;
}
inline Value car(Value v) { return as_pair(v)->car; }
inline Value cdr(Value v) { return as_pair(v)->cdr; }

}  // namespace terrace::value
