// frame/number_parts.cpp: results of arithmetic as heap numbers, and exact numbers as doubles.
#include "frame/number_parts.hpp"

#include <algorithm>
#include <bit>
#include <cinttypes>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace terrace::frame::number {
using value::Bignum;
using value::Type;

namespace {

constexpr uint64_t kMaxLimbs = kMaxIntegerBits / 64;
// From this size on GMP takes memory and stack worth asking for beforehand.
constexpr uint64_t kStackLimbs = 24;
constexpr uint64_t kProbeLimbs = uint64_t{1} << 17;
// GMP's own alloca use, measured at every size up to the limit (tests/unit/test_number.cpp), with a margin.
constexpr size_t kGmpStack = 256 << 10;

// GMP aborts when malloc fails, so large operations try whether that much memory can be had at all.
bool memory_for(uint64_t limbs) {
  void* probe = std::malloc(limbs * sizeof(mp_limb_t) * 6);
  std::free(probe);
  return probe != nullptr;
}

// Never more than a part of the heap, for what GMP needs besides is several times the result.
uint64_t most_limbs(VmState* vm) { return std::min(kMaxLimbs, vm_of(vm).outside_limit / 4 / sizeof(mp_limb_t)); }

Value too_large(VmState* vm, const char* who, uint64_t limbs) {
  return raise_error(vm, ErrorKind::kHeapLimit,
                     "%s: the result would have about %" PRIu64 " bits, more than there is room for", who,
                     limbs > UINT64_MAX / 64 ? UINT64_MAX : limbs * 64);
}

Bignum* alloc_bignum(VmState* vm, uint64_t limbs) {
  uint64_t bytes = limbs * sizeof(mp_limb_t);
  if (bytes <= 1024) return heap_of(vm).make<Bignum>(Type::kBignum, bytes);
  auto* big = heap_of(vm).try_make<Bignum>(Type::kBignum, bytes);
  if (big == nullptr) too_large(vm, "integer arithmetic", limbs);
  return big;
}

bool magnitude_fits_fixnum(uint64_t magnitude, bool negative) {
  return magnitude <= static_cast<uint64_t>(value::kFixnumMax) + (negative ? 1 : 0);
}

// Ends the making of a bignum: drops leading zeros, answers a fixnum when it fits.
Value finish(Bignum* big, uint64_t limbs, bool negative) {
  while (limbs > 0 && big->limb[limbs - 1] == 0) limbs--;
  big->sign = negative ? -1 : 1;
  big->limbs = static_cast<uint32_t>(limbs);
  if (limbs == 0) return value::make_fixnum(0);
  if (limbs == 1 && magnitude_fits_fixnum(big->limb[0], negative)) {
    return value::make_fixnum(static_cast<int64_t>(negative ? -big->limb[0] : big->limb[0]));
  }
  return value::from_object(big);
}

}  // namespace

bool room_for(VmState* vm, const char* who, uint64_t limbs) {
  if (limbs < kStackLimbs) return true;
  if (limbs > most_limbs(vm) || (limbs > kProbeLimbs && !memory_for(limbs))) {
    too_large(vm, who, limbs);
    return false;
  }
  return ensure_stack(vm, who, kGmpStack);
}

Value from_limbs(VmState* vm, const uint64_t* limbs, size_t count, bool negative) {
  while (count > 0 && limbs[count - 1] == 0) count--;
  if (count == 0) return value::make_fixnum(0);
  if (count == 1 && magnitude_fits_fixnum(limbs[0], negative)) {
    return value::make_fixnum(static_cast<int64_t>(negative ? -limbs[0] : limbs[0]));
  }
  if (count > most_limbs(vm)) return too_large(vm, "integer", count);
  Bignum* big = alloc_bignum(vm, count);
  if (big == nullptr) return value::kUnwind;
  std::memcpy(big->limb, limbs, count * sizeof(uint64_t));
  return finish(big, count, negative);
}

Value integer_from(VmState* vm, int64_t i) {
  if (value::fits_fixnum(i)) [[likely]]
    return value::make_fixnum(i);
  uint64_t magnitude = i < 0 ? -static_cast<uint64_t>(i) : static_cast<uint64_t>(i);
  return from_limbs(vm, &magnitude, 1, i < 0);
}

Value from_mpz(VmState* vm, mpz_srcptr z) { return from_limbs(vm, mpz_limbs_read(z), mpz_size(z), mpz_sgn(z) < 0); }

// Halves of a ratio are kept rooted here, since literals are read outside computations too, where no stack is scanned.
Value from_mpq(VmState* vm, mpq_srcptr q) {
  Value numerator = from_mpz(vm, mpq_numref(q));
  if (numerator == value::kUnwind || mpz_cmp_ui(mpq_denref(q), 1) == 0) return numerator;
  heap::RootedValues keep(heap_of(vm));
  keep.push(numerator);
  Value denominator = from_mpz(vm, mpq_denref(q));
  if (denominator == value::kUnwind) return denominator;
  return make_ratio(vm, numerator, denominator);
}

Value make_ratio(VmState* vm, Value numerator, Value denominator) {
  heap::RootedValues keep(heap_of(vm));
  keep.push(numerator);
  keep.push(denominator);
  auto* ratio = heap_of(vm).make<value::Ratio>(Type::kRatio);
  ratio->numerator = numerator;
  ratio->denominator = denominator;
  ratio->reserved = 0;
  return value::from_object(ratio);
}

Value not_number(VmState* vm, const char* who, Value a, Value b) {
  return raise_type(vm, who, "a number", kind_of(a) == Kind::kNone ? a : b);
}

Value divided_by_zero(VmState* vm, const char* who, Value dividend) {
  std::string text;
  append_text(text, dividend);
  if (text.size() > 40) text = text.substr(0, 40) + "...";
  return raise_error(vm, ErrorKind::kDivideByZero, "%s: %s divided by zero", who, text.c_str());
}

// --- integer sums and products straight into the heap

namespace {

// |a| + |b| or ||a| - |b|| with the sign that the operation has.
Value add_magnitudes(VmState* vm, mpz_srcptr a, mpz_srcptr b, bool negative) {
  if (mpz_size(a) < mpz_size(b)) std::swap(a, b);
  size_t n = mpz_size(a);
  Bignum* sum = alloc_bignum(vm, n + 1);
  if (sum == nullptr) return value::kUnwind;
  sum->limb[n] = mpn_add(sum->limb, mpz_limbs_read(a), static_cast<mp_size_t>(n), mpz_limbs_read(b),
                         static_cast<mp_size_t>(mpz_size(b)));
  return finish(sum, n + 1, negative);
}

Value sub_magnitudes(VmState* vm, mpz_srcptr a, mpz_srcptr b, bool negative) {
  if (mpz_cmpabs(a, b) < 0) {
    std::swap(a, b);
    negative = !negative;
  }
  size_t n = mpz_size(a);
  Bignum* difference = alloc_bignum(vm, n);
  if (difference == nullptr) return value::kUnwind;
  mpn_sub(difference->limb, mpz_limbs_read(a), static_cast<mp_size_t>(n), mpz_limbs_read(b),
          static_cast<mp_size_t>(mpz_size(b)));
  return finish(difference, n, negative);
}

}  // namespace

Value add_integers(VmState* vm, const char* who, Value a, Value b, int sign) {
  if (value::both_fixnum(a, b)) return integer_from(vm, value::fixnum_value(a) + sign * value::fixnum_value(b));
  if (a == value::make_fixnum(0) && sign > 0) return b;
  if (b == value::make_fixnum(0)) return a;
  IntegerView x(a);
  IntegerView y(b);
  if (!room_for(vm, who, std::max(x.limbs(), y.limbs()) + 1)) return value::kUnwind;
  int sign_a = mpz_sgn(x);
  int sign_b = mpz_sgn(y) * sign;
  if (sign_a == 0 || sign_a == sign_b) return add_magnitudes(vm, x, y, sign_b < 0);
  return sub_magnitudes(vm, x, y, sign_a < 0);
}

Value mul_integers(VmState* vm, const char* who, Value a, Value b) {
  int64_t product;
  if (value::both_fixnum(a, b) && !__builtin_mul_overflow(value::fixnum_value(a), value::fixnum_value(b), &product)) {
    return integer_from(vm, product);
  }
  IntegerView view_a(a);
  IntegerView view_b(b);
  mpz_srcptr x = view_a;
  mpz_srcptr y = view_b;
  if (mpz_size(x) < mpz_size(y)) std::swap(x, y);
  auto nx = static_cast<mp_size_t>(mpz_size(x));
  auto ny = static_cast<mp_size_t>(mpz_size(y));
  if (ny == 0) return value::make_fixnum(0);
  uint64_t limbs = static_cast<uint64_t>(nx + ny);
  if (!room_for(vm, who, limbs)) return value::kUnwind;
  Bignum* big = alloc_bignum(vm, limbs);
  if (big == nullptr) return value::kUnwind;
  if (mpz_limbs_read(x) == mpz_limbs_read(y)) {
    mpn_sqr(big->limb, mpz_limbs_read(x), nx);
  } else {
    mpn_mul(big->limb, mpz_limbs_read(x), nx, mpz_limbs_read(y), ny);
  }
  return finish(big, limbs, mpz_sgn(x) != mpz_sgn(y));
}

// --- exact to double

double round_scaled(uint64_t m, bool sticky, int64_t exponent) {
  if (m == 0) return 0.0;
  int64_t width = 64 - std::countl_zero(m);
  if (exponent + width > 1100) return HUGE_VAL;
  int64_t drop = std::max<int64_t>(width - 53, -1074 - exponent);
  if (drop > 64) return 0.0;
  if (drop <= 0) return std::ldexp(static_cast<double>(m), static_cast<int>(exponent));
  uint64_t kept = drop == 64 ? 0 : m >> drop;
  uint64_t rest = drop == 64 ? m : m & ((uint64_t{1} << drop) - 1);
  uint64_t half = uint64_t{1} << (drop - 1);
  if (rest > half || (rest == half && (sticky || (kept & 1) != 0))) kept++;
  return std::ldexp(static_cast<double>(kept), static_cast<int>(exponent + drop));
}

double mpz_to_double(mpz_srcptr z) {
  size_t bits = mpz_sgn(z) == 0 ? 0 : mpz_sizeinbase(z, 2);
  if (bits > 1024) return mpz_sgn(z) < 0 ? -HUGE_VAL : HUGE_VAL;
  const mp_limb_t* limb = mpz_limbs_read(z);
  size_t shift = bits > 64 ? bits - 64 : 0;
  uint64_t top = 0;
  bool sticky = false;
  for (size_t i = 0; i < mpz_size(z); i++) {
    auto position = static_cast<int64_t>(i * 64) - static_cast<int64_t>(shift);  // of the limb's lowest bit in `top`
    if (position >= 0) {
      top |= limb[i] << position;
    } else if (position > -64) {
      top |= limb[i] >> -position;
      sticky = sticky || (limb[i] << (64 + position)) != 0;
    } else {
      sticky = sticky || limb[i] != 0;
    }
  }
  double d = round_scaled(top, sticky, static_cast<int64_t>(shift));
  return mpz_sgn(z) < 0 ? -d : d;
}

double ratio_to_double(mpz_srcptr num, mpz_srcptr den) {
  auto bits = [](mpz_srcptr z) { return static_cast<int64_t>(mpz_sizeinbase(z, 2)); };
  // Chosen so that the quotient has 63 or 64 bits: enough to round from, and it fits a word.
  int64_t shift = 63 - (bits(num) - bits(den));
  Mpz scaled;
  Mpz rest;
  if (shift >= 0) {
    mpz_mul_2exp(scaled, num, static_cast<mp_bitcnt_t>(shift));
    mpz_tdiv_qr(scaled, rest, scaled, den);
  } else {
    mpz_mul_2exp(rest, den, static_cast<mp_bitcnt_t>(-shift));
    mpz_tdiv_qr(scaled, rest, num, rest);
  }
  double d = round_scaled(mpz_getlimbn(scaled, 0), mpz_sgn(rest) != 0, -shift);
  return mpz_sgn(num) < 0 ? -d : d;
}

double to_double(Value v) {
  switch (kind_of(v)) {
    case Kind::kFixnum:
      return static_cast<double>(value::fixnum_value(v));
    case Kind::kBignum:
      return mpz_to_double(IntegerView(v));
    case Kind::kRatio: {
      RationalView q(v);
      return ratio_to_double(q.num(), q.den());
    }
    default:
      return value::float_value(v);
  }
}

bool to_int64(Value v, int64_t* out) {
  if (value::is_fixnum(v)) {
    *out = value::fixnum_value(v);
    return true;
  }
  if (!value::is_bignum(v) || as_bignum(v)->limbs != 1) return false;
  bool negative = as_bignum(v)->sign < 0;
  uint64_t magnitude = as_bignum(v)->limb[0];
  if (magnitude > static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0)) return false;
  *out = static_cast<int64_t>(negative ? -magnitude : magnitude);
  return true;
}

bool to_uint64(Value v, uint64_t* out) {
  if (value::is_fixnum(v)) {
    *out = static_cast<uint64_t>(value::fixnum_value(v));
    return value::fixnum_value(v) >= 0;
  }
  if (!value::is_bignum(v) || as_bignum(v)->limbs != 1 || as_bignum(v)->sign < 0) return false;
  *out = as_bignum(v)->limb[0];
  return true;
}

}  // namespace terrace::frame::number
