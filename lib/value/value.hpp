// value/value.hpp: the 64-bit tagged word that every tier, the heap and the shim agree on.
//
// Answers for: the tag layout, immediates, fixnum and self-tagged float encoding. Not for: heap objects
// (value/objects.hpp), number arithmetic (value/number.hpp), allocation (heap/).
//
// The low three bits of a word are its tag:
//
//   000 fixnum        61-bit signed integer, the word is the integer times 8, so that add/sub/compare work on the
//                     word itself and the hardware overflow flag is exact
//   001 pair          heap address + 1; two words, no header
//   010 011 111 float the double itself, rotated (see below); no allocation
//   100 object        heap address + 4; starts with an Object header
//   101 function      heap address + 5; a Closure: everything that can be called
//   110 special       nil, booleans, characters and internal markers
//
// Floats are self-tagged (after Melançon, Feeley, Serrano, "Float Self-Tagging", OOPSLA 2025): rotating the bits left
// by four brings the three high exponent bits into the tag position; subtracting one maps the exponents of 2^-255..2^256
// to tags 2 and 3 and of zero and numbers below 2^-767 to tag 7. Every other double (infinities, NaN, and
// very large or small magnitudes) is a boxed Flonum object.
//
// Invariant: a Value is trivially copyable and passes in one integer register, in C++ and in generated code.
#pragma once

#include <bit>
#include <cstdint>

namespace terrace::value {

enum Tag : uint64_t {
  kTagFixnum = 0,
  kTagPair = 1,
  kTagFloatLow = 2,
  kTagFloatHigh = 3,
  kTagObject = 4,
  kTagFunction = 5,
  kTagSpecial = 6,
  kTagFloatZero = 7,
};
inline constexpr uint64_t kTagMask = 7;
inline constexpr int kFixnumShift = 3;
inline constexpr int64_t kFixnumMax = (int64_t{1} << 60) - 1;
inline constexpr int64_t kFixnumMin = -(int64_t{1} << 60);
// Bit n is set when tag n is a float tag; repeated so that `bt mask, word` needs no masking of the word.
inline constexpr uint32_t kFloatTagBits = 0x8C8C8C8Cu;

struct Value {
  uint64_t bits;
  friend bool operator==(Value, Value) = default;  // identity (eq?), not numeric equality
};
static_assert(sizeof(Value) == 8);

// --- special immediates: (payload << 8) | (kind << 3) | tag. kind 0 = constants, kind 1 = characters.
constexpr Value special(uint64_t payload) { return Value{payload << 8 | kTagSpecial}; }
// nil and false differ in one bit only, so that truth is one AND and one compare.
inline constexpr Value kFalse = special(0);
inline constexpr Value kNil = special(1);  // the empty list
inline constexpr Value kTrue = special(2);
inline constexpr Value kUnspecified = special(4);  // what `set!`, `for-each`, ... answer; prints as nothing at top level
inline constexpr Value kUnbound = special(5);      // in a global cell that has no value yet
inline constexpr Value kUnset = special(6);        // in the slot of an optional parameter that was not given
inline constexpr Value kEof = special(7);
// The answer of any call that ends by an unwind (error, escape, cancel): the reason is pending in the vm. Never stored
// in a heap object, a global or a register that SX code can read.
inline constexpr Value kUnwind = special(8);
// The answer of the interpreter loop to its wrapper only: leave the loop and make the pending tail call.
inline constexpr Value kTailCallOut = special(9);
// In VmState::returned only: compiled code was left before anything was done that others can tell, and whoever called it does the call again.
inline constexpr Value kLeft = special(10);
inline constexpr uint64_t kFalsyMask = ~uint64_t{0x100};  // (bits & kFalsyMask) == kFalse.bits <=> false or nil

constexpr Value make_char(uint32_t code_point) { return Value{uint64_t{code_point} << 8 | 1 << 3 | kTagSpecial}; }
constexpr Value make_bool(bool b) { return b ? kTrue : kFalse; }

constexpr Tag tag_of(Value v) { return static_cast<Tag>(v.bits & kTagMask); }
constexpr bool is_fixnum(Value v) { return (v.bits & kTagMask) == kTagFixnum; }
constexpr bool both_fixnum(Value a, Value b) { return ((a.bits | b.bits) & kTagMask) == 0; }
constexpr bool is_pair(Value v) { return (v.bits & kTagMask) == kTagPair; }
constexpr bool is_object(Value v) { return (v.bits & kTagMask) == kTagObject; }
constexpr bool is_function(Value v) { return (v.bits & kTagMask) == kTagFunction; }
// A self-tagged float only; value::is_float in objects.hpp also accepts boxed ones.
constexpr bool is_flonum_immediate(Value v) { return (kFloatTagBits >> (v.bits & 31)) & 1; }
constexpr bool is_char(Value v) { return (v.bits & 0xFF) == (1 << 3 | kTagSpecial); }
constexpr bool is_nil(Value v) { return v == kNil; }
constexpr bool is_bool(Value v) { return v == kTrue || v == kFalse; }
constexpr bool is_falsy(Value v) { return (v.bits & kFalsyMask) == kFalse.bits; }
constexpr bool is_truthy(Value v) { return !is_falsy(v); }
// True for a word that refers to heap memory.
constexpr bool is_heap(Value v) {
  Tag t = tag_of(v);
  return t == kTagPair || t == kTagObject || t == kTagFunction;
}

constexpr bool fits_fixnum(int64_t i) { return i >= kFixnumMin && i <= kFixnumMax; }
constexpr Value make_fixnum(int64_t i) { return Value{static_cast<uint64_t>(i) << kFixnumShift}; }
constexpr int64_t fixnum_value(Value v) { return static_cast<int64_t>(v.bits) >> kFixnumShift; }
constexpr uint32_t char_value(Value v) { return static_cast<uint32_t>(v.bits >> 8); }

// Encodes `d` when it is self-taggable; returns false (and leaves *out alone) when it needs a box.
constexpr bool encode_float(double d, Value* out) {
  Value v{std::rotl(std::bit_cast<uint64_t>(d), 4) - 1};
  if (!is_flonum_immediate(v)) return false;
  *out = v;
  return true;
}
// The double of a self-tagged word. Precondition: is_flonum_immediate(v).
constexpr double decode_float(Value v) { return std::bit_cast<double>(std::rotr(v.bits + 1, 4)); }

}  // namespace terrace::value

namespace terrace {
using value::Value;
}
