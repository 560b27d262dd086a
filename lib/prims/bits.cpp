// prims/bits.cpp: integers as bits, of any size and of 64 and 32 bits.
//
// Answers for: the wrapping operations that host languages need. Not for: bits of any size, which are
// frame/number.hpp's. An argument of a fixed-width operation is any exact integer, taken modulo 2^64 or 2^32.
#include <bit>

#include "frame/number.hpp"
#include "prims/arguments.hpp"

namespace terrace::prims {

namespace number = frame::number;

namespace {

// The lowest 64 bits of an exact integer in two's complement.
bool low_bits(VmState* vm, const char* who, Value v, uint64_t* out) {
  if (value::is_fixnum(v)) [[likely]] {
    *out = static_cast<uint64_t>(value::fixnum_value(v));
    return true;
  }
  if (!value::is_bignum(v)) return raise_type(vm, who, "an exact integer", v), false;
  auto* big = as<value::Bignum>(v);
  *out = big->sign < 0 ? -big->limb[0] : big->limb[0];
  return true;
}

Value from_u64(VmState* vm, uint64_t n) { return frame::make_natural(vm, n); }
Value from_i64(VmState* vm, uint64_t n) { return frame::make_integer(vm, static_cast<int64_t>(n)); }
Value from_i32(uint64_t n) { return make_fixnum(static_cast<int32_t>(n)); }
Value from_u32(uint64_t n) { return make_fixnum(static_cast<uint32_t>(n)); }

// Two arguments as 64 bits, through an operation.
template <class Operation>
Value u64(VmState* vm, const char* who, const Value* args, Operation operation) {
  uint64_t a, b;
  return low_bits(vm, who, args[0], &a) && low_bits(vm, who, args[1], &b) ? from_u64(vm, operation(a, b)) : kUnwind;
}
template <class Operation>
Value i64(VmState* vm, const char* who, const Value* args, Operation operation) {
  uint64_t a, b;
  return low_bits(vm, who, args[0], &a) && low_bits(vm, who, args[1], &b) ? from_i64(vm, operation(a, b)) : kUnwind;
}
template <class Operation>
Value i32(VmState* vm, const char* who, const Value* args, Operation operation) {
  uint64_t a, b;
  return low_bits(vm, who, args[0], &a) && low_bits(vm, who, args[1], &b) ? from_i32(operation(a, b)) : kUnwind;
}
template <class Operation>
Value u32(VmState* vm, const char* who, const Value* args, Operation operation) {
  uint64_t a, b;
  return low_bits(vm, who, args[0], &a) && low_bits(vm, who, args[1], &b) ? from_u32(operation(a, b)) : kUnwind;
}

// A count of places to shift: 64 stands for any greater one.
bool shift_argument(VmState* vm, const char* who, Value v, uint64_t* out) {
  if (!size_argument(vm, who, v, out)) return false;
  if (*out > 64) *out = 64;
  return true;
}

template <class Operation>
bool shifted(VmState* vm, const char* who, const Value* args, uint64_t* out, Operation operation) {
  uint64_t bits, count;
  if (!low_bits(vm, who, args[0], &bits) || !shift_argument(vm, who, args[1], &count)) return false;
  *out = operation(bits, count);
  return true;
}

uint64_t left(uint64_t bits, uint64_t count) { return count > 63 ? 0 : bits << count; }
uint64_t right(uint64_t bits, uint64_t count) { return count > 63 ? 0 : bits >> count; }
uint64_t right_of_32(uint64_t bits, uint64_t count) { return right(static_cast<uint32_t>(bits), count); }
uint64_t rotate_32(uint64_t bits, uint64_t count) {
  return std::rotl(static_cast<uint32_t>(bits), static_cast<int>(count & 31));
}
uint64_t right_signed(uint64_t bits, uint64_t count) {
  return static_cast<uint64_t>(static_cast<int64_t>(bits) >> (count > 63 ? 63 : count));
}

using Binary = Value (*)(VmState*, Value, Value);

template <Binary operation>
Value combine(VmState* vm, const Value* args, uint64_t argc, Value neutral) {
  if (argc == 2) [[likely]]
    return operation(vm, args[0], args[1]);
  Value sum = neutral;
  for (uint64_t i = 0; i < argc && sum != kUnwind; i++) sum = operation(vm, sum, args[i]);
  return sum;
}

Value raise_divide(VmState* vm, const char* who) {
  return raise_error(vm, ErrorKind::kDivideByZero, "%s: division by zero", who);
}

// Two arguments as integers with sign, neither the second one zero; false after raising.
template <class Integer>
bool signed_operands(VmState* vm, const char* who, const Value* args, Integer* a, Integer* b) {
  uint64_t x, y;
  if (!low_bits(vm, who, args[0], &x) || !low_bits(vm, who, args[1], &y)) return false;
  *a = static_cast<Integer>(x);
  *b = static_cast<Integer>(y);
  return *b != 0 || (raise_divide(vm, who), false);
}
// The least integer divided by -1 wraps to itself.
template <class Integer>
Value signed_quotient(VmState* vm, const char* who, const Value* args) {
  Integer a, b;
  if (!signed_operands(vm, who, args, &a, &b)) return kUnwind;
  return frame::make_integer(vm, static_cast<Integer>(b == -1 ? -static_cast<uint64_t>(a) : static_cast<uint64_t>(a / b)));
}
template <class Integer>
Value signed_remainder(VmState* vm, const char* who, const Value* args) {
  Integer a, b;
  if (!signed_operands(vm, who, args, &a, &b)) return kUnwind;
  return frame::make_integer(vm, b == -1 ? 0 : a % b);
}

}  // namespace

Value prim_bit_and(VmState* vm, const Value* args, uint64_t argc) {
  return combine<number::bit_and>(vm, args, argc, make_fixnum(-1));
}
Value prim_bit_or(VmState* vm, const Value* args, uint64_t argc) {
  return combine<number::bit_or>(vm, args, argc, make_fixnum(0));
}
Value prim_bit_xor(VmState* vm, const Value* args, uint64_t argc) {
  return combine<number::bit_xor>(vm, args, argc, make_fixnum(0));
}
Value prim_bit_not(VmState* vm, const Value* args, uint64_t) { return number::bit_not(vm, args[0]); }
Value prim_bit_shift(VmState* vm, const Value* args, uint64_t) { return number::shift(vm, args[0], args[1]); }
Value prim_bit_count(VmState* vm, const Value* args, uint64_t) { return number::bit_count(vm, args[0]); }
Value prim_bit_length(VmState* vm, const Value* args, uint64_t) { return number::integer_length(vm, args[0]); }

Value prim_is_bit_set(VmState* vm, const Value* args, uint64_t) {
  uint64_t index;
  if (!size_argument(vm, "bit-set?", args[0], &index)) return kUnwind;
  Value count = make_fixnum(-static_cast<int64_t>(index > 1u << 30 ? 1u << 30 : index));
  Value rest = number::shift(vm, args[1], count);
  Value lowest = rest == kUnwind ? kUnwind : number::bit_and(vm, rest, make_fixnum(1));
  return lowest == kUnwind ? kUnwind : make_bool(lowest == make_fixnum(1));
}

#define T_WRAPPING(width, id, name, expression)                                      \
  Value prim_##width##_##id(VmState* vm, const Value* args, uint64_t) {              \
    return width(vm, name, args, [](uint64_t a, uint64_t b) { return expression; }); \
  }
T_WRAPPING(u64, add, "u64+", a + b)
T_WRAPPING(u64, sub, "u64-", a - b)
T_WRAPPING(u64, mul, "u64*", a* b)
T_WRAPPING(u64, and, "u64-and", a& b)
T_WRAPPING(u64, or, "u64-or", a | b)
T_WRAPPING(u64, xor, "u64-xor", a ^ b)
T_WRAPPING(u64, rotl, "u64-rotl", std::rotl(a, static_cast<int>(b & 63)))
T_WRAPPING(u64, rotr, "u64-rotr", std::rotr(a, static_cast<int>(b & 63)))
T_WRAPPING(i64, add, "i64+", a + b)
T_WRAPPING(i64, sub, "i64-", a - b)
T_WRAPPING(i64, mul, "i64*", a* b)
T_WRAPPING(i64, and, "i64-and", a& b)
T_WRAPPING(i64, or, "i64-or", a | b)
T_WRAPPING(i64, xor, "i64-xor", a ^ b)
T_WRAPPING(i64, rotl, "i64-rotl", std::rotl(a, static_cast<int>(b & 63)))
T_WRAPPING(i64, rotr, "i64-rotr", std::rotr(a, static_cast<int>(b & 63)))
T_WRAPPING(i32, add, "i32+", a + b)
T_WRAPPING(i32, sub, "i32-", a - b)
T_WRAPPING(i32, mul, "i32*", a* b)
T_WRAPPING(i32, and, "i32-and", a& b)
T_WRAPPING(i32, or, "i32-or", a | b)
T_WRAPPING(i32, xor, "i32-xor", a ^ b)
T_WRAPPING(i32, shl, "i32-shl", a << (b & 31))
T_WRAPPING(i32, shr, "i32-shr", static_cast<uint64_t>(static_cast<int32_t>(a) >> (b & 31)))
T_WRAPPING(i32, ushr, "i32-ushr", static_cast<uint32_t>(a) >> (b & 31))
T_WRAPPING(i32, rotl, "i32-rotl", rotate_32(a, b))
T_WRAPPING(i32, rotr, "i32-rotr", rotate_32(a, 32 - (b & 31)))
T_WRAPPING(u32, add, "u32+", a + b)
T_WRAPPING(u32, sub, "u32-", a - b)
T_WRAPPING(u32, mul, "u32*", a* b)
T_WRAPPING(u32, and, "u32-and", a& b)
T_WRAPPING(u32, or, "u32-or", a | b)
T_WRAPPING(u32, xor, "u32-xor", a ^ b)
T_WRAPPING(u32, rotl, "u32-rotl", rotate_32(a, b))
T_WRAPPING(u32, rotr, "u32-rotr", rotate_32(a, 32 - (b & 31)))
#undef T_WRAPPING

#define T_SIGNED(width, type)                                                           \
  Value prim_##width##_quotient(VmState* vm, const Value* args, uint64_t) {             \
    return signed_quotient<type>(vm, #width "-quotient", args);                         \
  }                                                                                     \
  Value prim_##width##_remainder(VmState* vm, const Value* args, uint64_t) {            \
    return signed_remainder<type>(vm, #width "-remainder", args);                       \
  }
T_SIGNED(i64, int64_t)
T_SIGNED(i32, int32_t)
#undef T_SIGNED

Value prim_u64_not(VmState* vm, const Value* args, uint64_t) {
  uint64_t a;
  return low_bits(vm, "u64-not", args[0], &a) ? from_u64(vm, ~a) : kUnwind;
}
Value prim_u64_shl(VmState* vm, const Value* args, uint64_t) {
  uint64_t bits;
  return shifted(vm, "u64-shl", args, &bits, left) ? from_u64(vm, bits) : kUnwind;
}
Value prim_u64_shr(VmState* vm, const Value* args, uint64_t) {
  uint64_t bits;
  return shifted(vm, "u64-shr", args, &bits, right) ? from_u64(vm, bits) : kUnwind;
}
Value prim_i64_shl(VmState* vm, const Value* args, uint64_t) {
  uint64_t bits;
  return shifted(vm, "i64-shl", args, &bits, left) ? from_i64(vm, bits) : kUnwind;
}
Value prim_i64_shr(VmState* vm, const Value* args, uint64_t) {
  uint64_t bits;
  return shifted(vm, "i64-shr", args, &bits, right_signed) ? from_i64(vm, bits) : kUnwind;
}

Value prim_i64_ushr(VmState* vm, const Value* args, uint64_t) {
  uint64_t bits;
  return shifted(vm, "i64-ushr", args, &bits, right) ? from_i64(vm, bits) : kUnwind;
}
Value prim_u32_shl(VmState* vm, const Value* args, uint64_t) {
  uint64_t bits;
  return shifted(vm, "u32-shl", args, &bits, left) ? from_u32(bits) : kUnwind;
}
Value prim_u32_shr(VmState* vm, const Value* args, uint64_t) {
  uint64_t bits;
  return shifted(vm, "u32-shr", args, &bits, right_of_32) ? from_u32(bits) : kUnwind;
}
Value prim_i64_not(VmState* vm, const Value* args, uint64_t) {
  uint64_t a;
  return low_bits(vm, "i64-not", args[0], &a) ? from_i64(vm, ~a) : kUnwind;
}
Value prim_u32_not(VmState* vm, const Value* args, uint64_t) {
  uint64_t a;
  return low_bits(vm, "u32-not", args[0], &a) ? from_u32(~a) : kUnwind;
}

Value prim_u64_lt(VmState* vm, const Value* args, uint64_t) {
  uint64_t a, b;
  return low_bits(vm, "u64<", args[0], &a) && low_bits(vm, "u64<", args[1], &b) ? make_bool(a < b) : kUnwind;
}
Value prim_u64_quotient(VmState* vm, const Value* args, uint64_t) {
  uint64_t a, b;
  if (!low_bits(vm, "u64-quotient", args[0], &a) || !low_bits(vm, "u64-quotient", args[1], &b)) return kUnwind;
  return b == 0 ? raise_divide(vm, "u64-quotient") : from_u64(vm, a / b);
}
Value prim_u64_remainder(VmState* vm, const Value* args, uint64_t) {
  uint64_t a, b;
  if (!low_bits(vm, "u64-remainder", args[0], &a) || !low_bits(vm, "u64-remainder", args[1], &b)) return kUnwind;
  return b == 0 ? raise_divide(vm, "u64-remainder") : from_u64(vm, a % b);
}

Value prim_u64_from(VmState* vm, const Value* args, uint64_t) {
  uint64_t a;
  return low_bits(vm, "->u64", args[0], &a) ? from_u64(vm, a) : kUnwind;
}
Value prim_i64_from(VmState* vm, const Value* args, uint64_t) {
  uint64_t a;
  return low_bits(vm, "->i64", args[0], &a) ? from_i64(vm, a) : kUnwind;
}
Value prim_i32_from(VmState* vm, const Value* args, uint64_t) {
  uint64_t a;
  return low_bits(vm, "->i32", args[0], &a) ? from_i32(a) : kUnwind;
}
Value prim_u32_from(VmState* vm, const Value* args, uint64_t) {
  uint64_t a;
  return low_bits(vm, "->u32", args[0], &a) ? from_u32(a) : kUnwind;
}
Value prim_i32_not(VmState* vm, const Value* args, uint64_t) {
  uint64_t a;
  return low_bits(vm, "i32-not", args[0], &a) ? from_i32(~a) : kUnwind;
}

Value prim_f64_bits(VmState* vm, const Value* args, uint64_t) {
  double d;
  return double_argument(vm, "f64-bits", args[0], &d) ? from_u64(vm, std::bit_cast<uint64_t>(d)) : kUnwind;
}
Value prim_bits_f64(VmState* vm, const Value* args, uint64_t) {
  uint64_t a;
  return low_bits(vm, "bits->f64", args[0], &a) ? frame::make_float(vm, std::bit_cast<double>(a)) : kUnwind;
}

}  // namespace terrace::prims
