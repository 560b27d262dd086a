// frame/number_power.cpp: powers and square roots.
#include <bit>
#include <cmath>

#include "frame/number_parts.hpp"

namespace terrace::frame::number {

namespace {

// Upper bound of the limbs of z^n; UINT64_MAX when that is beyond counting.
uint64_t power_limbs(mpz_srcptr z, uint64_t n) {
  uint64_t bits = mpz_sizeinbase(z, 2);
  uint64_t product;
  if (__builtin_mul_overflow(bits, n, &product)) return UINT64_MAX;
  return product / 64 + 1;
}

bool is_unit(mpz_srcptr z) { return mpz_cmpabs_ui(z, 1) <= 0; }

// base^n for an exact base other than 0 and n >= 0; `inverted` turns the result over.
Value exact_power(VmState* vm, Value base, uint64_t n, bool inverted) {
  RationalView x(base);
  if (!room_for(
          vm, "expt",
          std::max(is_unit(x.num()) ? 1 : power_limbs(x.num(), n), is_unit(x.den()) ? 1 : power_limbs(x.den(), n)))) {
    return value::kUnwind;
  }
  Mpq result;
  mpz_pow_ui(result.num(), x.num(), n);
  mpz_pow_ui(result.den(), x.den(), n);
  if (inverted) mpq_inv(result, result);
  return from_mpq(vm, result);
}

// 0, 1 and -1 have powers to exponents of any size.
bool unit_power(Value base, bool odd_exponent, Value* result) {
  if (base == value::make_fixnum(1) || (base == value::make_fixnum(-1) && odd_exponent)) {
    *result = base;
  } else if (base == value::make_fixnum(-1)) {
    *result = value::make_fixnum(1);
  } else {
    return false;
  }
  return true;
}

// Exact base, exact integer exponent.
Value integer_power(VmState* vm, Value base, Value exponent) {
  int sign = sign_of(exponent);
  if (sign == 0) return value::make_fixnum(1);
  if (base == value::make_fixnum(0)) return sign > 0 ? base : divided_by_zero(vm, "expt", value::make_fixnum(1));
  IntegerView n(exponent);
  Value result;
  if (unit_power(base, mpz_odd_p(n) != 0, &result)) return result;
  if (n.limbs() > 1) {
    room_for(vm, "expt", UINT64_MAX);
    return value::kUnwind;
  }
  return exact_power(vm, base, mpz_getlimbn(n, 0), sign < 0);
}

}  // namespace

Value expt(VmState* vm, Value base, Value exponent) {
  Kind kind = kind_of(base, exponent);
  if (kind == Kind::kNone) return not_number(vm, "expt", base, exponent);
  if (kind_of(exponent) <= Kind::kBignum && kind_of(base) != Kind::kFloat) return integer_power(vm, base, exponent);
  if (kind != Kind::kFloat && sign_of(base) < 0) {
    return raise_error(vm, ErrorKind::kRange,
                       "expt: a negative number has no real power to an exponent that is not an integer");
  }
  if (base == value::make_fixnum(0) && sign_of(exponent) > 0) {
    return kind == Kind::kFloat ? make_float(vm, 0.0) : base;
  }
  return make_float(vm, std::pow(to_double(base), to_double(exponent)));
}

// --- square roots

namespace {

// The root of num/den as the nearest double, also where num/den itself is beyond the doubles.
double root_to_double(mpz_srcptr num, mpz_srcptr den) {
  int64_t width = static_cast<int64_t>(mpz_sizeinbase(num, 2)) - static_cast<int64_t>(mpz_sizeinbase(den, 2));
  // The scaled quotient gets 126 to 128 bits, so that its root has 63 or 64; the scale is even, so that its root is a
  // power of 2.
  int64_t shift = (126 - width) & ~int64_t{1};
  Mpz scaled;
  Mpz rest;
  Mpz divisor;
  mpz_set(scaled, num);
  mpz_set(divisor, den);
  if (shift >= 0) {
    mpz_mul_2exp(scaled, scaled, static_cast<mp_bitcnt_t>(shift));
  } else {
    mpz_mul_2exp(divisor, divisor, static_cast<mp_bitcnt_t>(-shift));
  }
  mpz_tdiv_qr(scaled, rest, scaled, divisor);
  bool sticky = mpz_sgn(rest) != 0;
  mpz_sqrtrem(scaled, rest, scaled);
  sticky = sticky || mpz_sgn(rest) != 0;
  return round_scaled(mpz_getlimbn(scaled, 0), sticky, -shift / 2);
}

Value exact_sqrt(VmState* vm, Value a) {
  RationalView x(a);
  if (!room_for(vm, "sqrt", x.limbs() + 3)) return value::kUnwind;
  if (mpz_perfect_square_p(x.num()) == 0 || mpz_perfect_square_p(x.den()) == 0) {
    return make_float(vm, root_to_double(x.num(), x.den()));
  }
  Mpq root;
  mpz_sqrt(root.num(), x.num());
  mpz_sqrt(root.den(), x.den());
  return from_mpq(vm, root);
}

}  // namespace

Value sqrt(VmState* vm, Value a) {
  Kind kind = kind_of(a);
  if (kind == Kind::kNone) return not_number(vm, "sqrt", a, a);
  if (kind == Kind::kFloat) return make_float(vm, std::sqrt(value::float_value(a)));
  if (sign_of(a) < 0) return raise_error(vm, ErrorKind::kRange, "sqrt: a negative number has no real square root");
  return exact_sqrt(vm, a);
}

bool exact_integer_sqrt(VmState* vm, Value n, Value* root, Value* rest) {
  if (!value::is_integer(n)) {
    raise_type(vm, "exact-integer-sqrt", "an exact integer", n);
    return false;
  }
  if (sign_of(n) < 0) {
    raise_error(vm, ErrorKind::kRange, "exact-integer-sqrt: a negative number has no square root");
    return false;
  }
  IntegerView x(n);
  if (!room_for(vm, "exact-integer-sqrt", x.limbs())) return false;
  Mpz s;
  Mpz r;
  mpz_sqrtrem(s, r, x);
  *root = from_mpz(vm, s);
  if (*root == value::kUnwind) return false;
  *rest = from_mpz(vm, r);
  return *rest != value::kUnwind;
}

}  // namespace terrace::frame::number
