// frame/number.hpp: arithmetic on numbers of every kind, the one meaning that all tiers, primitives and hosts share.
//
// Answers for: what + and the rest do with fixnums, bignums, ratios and doubles, and numbers as text. Not for: the tag
// layout (value/value.hpp) and the inline fast paths of the tiers, which must agree with what is said here.
//
// 1. Exact arithmetic never wraps and never loses digits: integers grow to bignums, quotients to ratios in lowest
// terms, and
//    every result is in its smallest kind. Only the u64 and i32 functions wrap, because their names say so.
// 2. One double among the operands makes the operation a double operation: (* 0 1.5) is 0.0. Doubles follow IEEE 754
// and raise
//    nothing: (/ 1.0 0.0) is +inf.0, (sqrt -1.0) is +nan.0. Conversion of an exact number to a double rounds to nearest
//    even.
// 3. Exact arithmetic raises where it has no real answer: a division by exact 0 is division-by-zero, whatever is
// divided; (sqrt
//    -4) and (expt -8 1/3) are range-errors.
// 4. Comparison is exact between all kinds: nothing is rounded first, so it is transitive. NaN is equal to nothing.
// 5. A result of more than kMaxIntegerBits, or of a quarter of Vm::outside_limit, raises heap-limit before it is computed. GMP never aborts the process for a
// size.
// 6. A function that takes a VmState answers kUnwind after raising. Those without one neither allocate nor raise.
#pragma once

#include <string>
#include <string_view>

#include "frame/vm.hpp"

namespace terrace::frame::number {

inline constexpr uint64_t kMaxIntegerBits = uint64_t{64} << 23;  // 64 MB of digits

bool is_number(Value v);
bool is_exact(Value v);           // precondition: a number
bool is_rational(Value v);        // any number but infinities and NaN
bool is_integer_valued(Value v);  // 3 and 3.0, not 3.5
double to_double(Value v);        // nearest double; precondition: a number
int sign_of(Value v);             // -1, 0, 1; 0 for NaN; precondition: a number
bool eqv(Value a, Value b);       // same number, same exactness; 0.0 and -0.0 differ, NaN equals NaN
uint64_t hash(Value v);           // equal for numbers that are eqv
// -1, 0, 1, or kUnordered when one is NaN. Precondition: both are numbers.
inline constexpr int kUnordered = 2;
int compare(Value a, Value b);

// --- the four operations, sign
Value add(VmState* vm, Value a, Value b);
Value sub(VmState* vm, Value a, Value b);
Value mul(VmState* vm, Value a, Value b);
Value div(VmState* vm, Value a, Value b);
Value neg(VmState* vm, Value a);
Value abs(VmState* vm, Value a);

// --- comparison: kTrue or kFalse
Value num_eq(VmState* vm, Value a, Value b);
Value num_lt(VmState* vm, Value a, Value b);
Value num_le(VmState* vm, Value a, Value b);

// --- division with remainder, for any real operands; a double divisor of 0.0 gives infinities and NaN
Value quotient(VmState* vm, Value a, Value b);   // towards zero
Value remainder(VmState* vm, Value a, Value b);  // sign of a
Value floor_quotient(VmState* vm, Value a, Value b);
Value modulo(VmState* vm, Value a, Value b);  // sign of b, goes with floor_quotient
// How a quotient is rounded to a whole number; the remainder is what the rounded quotient leaves: a - b * quotient.
enum class Toward { kZero, kFloor, kCeiling, kNearest };  // kNearest: halves to the even quotient
// One division asked for by the primitive `who`; either result may be null. False after raising.
struct Division {
  VmState* vm;
  const char* who;
  Toward toward;
  Value* quotient;
  Value* remainder;
};
bool divide(const Division& d, Value a, Value b);
Value gcd(VmState* vm, Value a, Value b);  // never negative; integer-valued doubles are accepted
Value lcm(VmState* vm, Value a, Value b);

// --- powers and roots
// Exact for an exact base and an integer exponent, else the double power.
Value expt(VmState* vm, Value base, Value exponent);
// Exact when the argument is the exact square of an exact number, else the nearest double.
Value sqrt(VmState* vm, Value a);
// The largest s with s*s <= n, and n - s*s; false after raising.
bool exact_integer_sqrt(VmState* vm, Value n, Value* root, Value* rest);

// --- conversion and rounding
Value to_exact(VmState* vm, Value a);  // raises for infinities and NaN
Value to_inexact(VmState* vm, Value a);
Value floor(VmState* vm, Value a);  // exact for exact arguments, double for doubles
Value ceiling(VmState* vm, Value a);
Value truncate(VmState* vm, Value a);
Value round(VmState* vm, Value a);  // halves to even
Value numerator(VmState* vm, Value a);
Value denominator(VmState* vm, Value a);

// --- exact integers as infinite two's complement
Value bit_and(VmState* vm, Value a, Value b);
Value bit_or(VmState* vm, Value a, Value b);
Value bit_xor(VmState* vm, Value a, Value b);
Value bit_not(VmState* vm, Value a);
Value shift(VmState* vm, Value a, Value count);  // left for a positive count, else right with floor
Value bit_count(VmState* vm, Value a);           // ones of a, or zeros of a negative a
Value integer_length(VmState* vm, Value a);      // bits without the sign

// --- fixed width: exact integers of any size modulo 2^64, result in 0..2^64-1; or modulo 2^32, result signed
Value u64_add(VmState* vm, Value a, Value b);
Value u64_sub(VmState* vm, Value a, Value b);
Value u64_mul(VmState* vm, Value a, Value b);
Value u64_and(VmState* vm, Value a, Value b);
Value u64_or(VmState* vm, Value a, Value b);
Value u64_xor(VmState* vm, Value a, Value b);
Value u64_shl(VmState* vm, Value a, Value count);  // 0 for a count of 64 or more; a negative count is a range-error
Value u64_shr(VmState* vm, Value a, Value count);
Value i32_add(VmState* vm, Value a, Value b);
Value i32_sub(VmState* vm, Value a, Value b);
Value i32_mul(VmState* vm, Value a, Value b);

// --- conversion from and to machine integers
// False when `v` is no exact integer or does not fit.
bool to_int64(Value v, int64_t* out);
bool to_uint64(Value v, uint64_t* out);
// An exact integer from its magnitude, least significant limb first; leading zeros are allowed.
Value from_limbs(VmState* vm, const uint64_t* limbs, size_t count, bool negative);

// --- text
// A double is written with the fewest digits that read back as the same double, always with a point or an
// exponent: 1.0, 0.1, 1e21, 1.5e-7, -0.0, +inf.0, -inf.0, +nan.0. Positional from 1e-6 to below 1e21, else scientific.
// Precondition: 2 <= radix <= 36. Doubles are always decimal.
void append_text(std::string& out, Value v, int radix = 10);
// number->string: raises for a bad radix, and for a double in a radix other than 10.
Value to_string(VmState* vm, Value v, Value radix);
// Number literal syntax: [#x #b #o #d #e #i] [sign] then digits, digits/digits, decimals with optional exponent (radix
// 10), inf.0 or nan.0. Answers kFalse when the text is no number, a denominator of zero included.
Value from_text(VmState* vm, std::string_view text, int radix = 10);
bool is_number_text(std::string_view text, int radix = 10);  // whether from_text would answer a number

}  // namespace terrace::frame::number
