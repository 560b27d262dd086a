// frame/number_bits.cpp: exact integers as bits: two's complement of any size, and the fixed-width families.
#include <bit>
#include <cstdlib>
#include <functional>

#include "frame/number_parts.hpp"

namespace terrace::frame::number {

namespace {

Value not_integer(VmState* vm, const char* who, Value a, Value b) {
  return raise_type(vm, who, "an exact integer", value::is_integer(a) ? b : a);
}

using BitOperation = void (*)(mpz_ptr, mpz_srcptr, mpz_srcptr);

Value bit_operation(VmState* vm, const char* who, BitOperation operation, Value a, Value b) {
  if (!value::is_integer(a) || !value::is_integer(b)) return not_integer(vm, who, a, b);
  IntegerView x(a);
  IntegerView y(b);
  if (!room_for(vm, who, std::max(x.limbs(), y.limbs()) + 1)) return value::kUnwind;
  Mpz result;
  operation(result, x, y);
  return from_mpz(vm, result);
}

}  // namespace

// The tag of a fixnum is zero, so these work on whole words.
Value bit_and(VmState* vm, Value a, Value b) {
  if (value::both_fixnum(a, b)) return Value{a.bits & b.bits};
  return bit_operation(vm, "bit-and", mpz_and, a, b);
}
Value bit_or(VmState* vm, Value a, Value b) {
  if (value::both_fixnum(a, b)) return Value{a.bits | b.bits};
  return bit_operation(vm, "bit-or", mpz_ior, a, b);
}
Value bit_xor(VmState* vm, Value a, Value b) {
  if (value::both_fixnum(a, b)) return Value{a.bits ^ b.bits};
  return bit_operation(vm, "bit-xor", mpz_xor, a, b);
}

Value bit_not(VmState* vm, Value a) {
  if (value::is_fixnum(a)) return value::make_fixnum(~value::fixnum_value(a));
  if (!value::is_bignum(a)) return not_integer(vm, "bit-not", a, a);
  Value negated = neg(vm, a);
  return negated == value::kUnwind ? negated : add_integers(vm, "bit-not", negated, value::make_fixnum(-1), 1);
}

// --- shifts

namespace {

Value shift_left(VmState* vm, Value a, uint64_t count) {
  if (value::is_fixnum(a) && count < 60) {
    int64_t i = value::fixnum_value(a);
    int64_t shifted = static_cast<int64_t>(static_cast<uint64_t>(i) << count);
    if (shifted >> count == i) return integer_from(vm, shifted);
  }
  IntegerView x(a);
  uint64_t limbs;
  if (__builtin_add_overflow(count / 64, x.limbs() + 1, &limbs)) limbs = UINT64_MAX;
  if (!room_for(vm, "shift", limbs)) return value::kUnwind;
  Mpz result;
  mpz_mul_2exp(result, x, count);
  return from_mpz(vm, result);
}

Value shift_right(VmState* vm, Value a, uint64_t count) {
  if (value::is_fixnum(a)) return value::make_fixnum(value::fixnum_value(a) >> std::min<uint64_t>(count, 63));
  Mpz result;
  mpz_fdiv_q_2exp(result, IntegerView(a), count);
  return from_mpz(vm, result);
}

}  // namespace

Value shift(VmState* vm, Value a, Value count) {
  if (!value::is_integer(a) || !value::is_integer(count)) return not_integer(vm, "shift", a, count);
  if (a == value::make_fixnum(0)) return a;
  bool left = sign_of(count) > 0;
  uint64_t distance = UINT64_MAX;  // what a bignum count amounts to
  if (value::is_fixnum(count)) distance = static_cast<uint64_t>(std::abs(value::fixnum_value(count)));
  return left ? shift_left(vm, a, distance) : shift_right(vm, a, distance);
}

Value bit_count(VmState* vm, Value a) {
  if (value::is_fixnum(a)) {
    int64_t i = value::fixnum_value(a);
    return value::make_fixnum(std::popcount(static_cast<uint64_t>(i < 0 ? ~i : i)));
  }
  if (!value::is_bignum(a)) return not_integer(vm, "bit-count", a, a);
  Value positive = as_bignum(a)->sign < 0 ? bit_not(vm, a) : a;
  if (positive == value::kUnwind) return positive;
  return value::make_fixnum(static_cast<int64_t>(mpz_popcount(IntegerView(positive))));
}

Value integer_length(VmState* vm, Value a) {
  if (value::is_fixnum(a)) {
    int64_t i = value::fixnum_value(a);
    return value::make_fixnum(64 - std::countl_zero(static_cast<uint64_t>(i < 0 ? ~i : i)));
  }
  if (!value::is_bignum(a)) return not_integer(vm, "integer-length", a, a);
  IntegerView x(a);
  size_t bits = mpz_sizeinbase(x, 2);
  // -2^n needs one bit less than 2^n.
  if (mpz_sgn(x) < 0 && mpz_scan1(x, 0) == bits - 1) bits--;
  return value::make_fixnum(static_cast<int64_t>(bits));
}

// --- fixed width

namespace {

// The integer modulo 2^64. Precondition: an exact integer.
uint64_t low_word(Value v) {
  if (value::is_fixnum(v)) return static_cast<uint64_t>(value::fixnum_value(v));
  uint64_t limb = as_bignum(v)->limb[0];
  return as_bignum(v)->sign < 0 ? -limb : limb;
}

template <class Operation>
Value u64_operation(VmState* vm, const char* who, Value a, Value b, Operation operation) {
  if (!value::is_integer(a) || !value::is_integer(b)) return not_integer(vm, who, a, b);
  return make_natural(vm, operation(low_word(a), low_word(b)));
}

template <class Operation>
Value i32_operation(VmState* vm, const char* who, Value a, Value b, Operation operation) {
  if (!value::is_integer(a) || !value::is_integer(b)) return not_integer(vm, who, a, b);
  auto low = static_cast<uint32_t>(operation(low_word(a), low_word(b)));
  return value::make_fixnum(static_cast<int32_t>(low));
}

// Answers the shift distance, 64 for all that are larger, or -1 after raising.
int shift_distance(VmState* vm, const char* who, Value a, Value count) {
  if (!value::is_integer(a) || !value::is_integer(count)) {
    not_integer(vm, who, a, count);
    return -1;
  }
  if (sign_of(count) < 0) {
    raise_error(vm, ErrorKind::kRange, "%s: the count is negative; shift the other way", who);
    return -1;
  }
  return value::is_fixnum(count) ? static_cast<int>(std::min<int64_t>(value::fixnum_value(count), 64)) : 64;
}

}  // namespace

Value u64_add(VmState* vm, Value a, Value b) { return u64_operation(vm, "u64+", a, b, std::plus<uint64_t>()); }
Value u64_sub(VmState* vm, Value a, Value b) { return u64_operation(vm, "u64-", a, b, std::minus<uint64_t>()); }
Value u64_mul(VmState* vm, Value a, Value b) { return u64_operation(vm, "u64*", a, b, std::multiplies<uint64_t>()); }
Value u64_and(VmState* vm, Value a, Value b) { return u64_operation(vm, "u64-and", a, b, std::bit_and<uint64_t>()); }
Value u64_or(VmState* vm, Value a, Value b) { return u64_operation(vm, "u64-or", a, b, std::bit_or<uint64_t>()); }
Value u64_xor(VmState* vm, Value a, Value b) { return u64_operation(vm, "u64-xor", a, b, std::bit_xor<uint64_t>()); }

Value u64_shl(VmState* vm, Value a, Value count) {
  int distance = shift_distance(vm, "u64-shl", a, count);
  if (distance < 0) return value::kUnwind;
  return make_natural(vm, distance == 64 ? 0 : low_word(a) << distance);
}
Value u64_shr(VmState* vm, Value a, Value count) {
  int distance = shift_distance(vm, "u64-shr", a, count);
  if (distance < 0) return value::kUnwind;
  return make_natural(vm, distance == 64 ? 0 : low_word(a) >> distance);
}

Value i32_add(VmState* vm, Value a, Value b) { return i32_operation(vm, "i32+", a, b, std::plus<uint64_t>()); }
Value i32_sub(VmState* vm, Value a, Value b) { return i32_operation(vm, "i32-", a, b, std::minus<uint64_t>()); }
Value i32_mul(VmState* vm, Value a, Value b) { return i32_operation(vm, "i32*", a, b, std::multiplies<uint64_t>()); }

}  // namespace terrace::frame::number
