// frame/number_convert.cpp: exact and inexact, rounding to integers, numerator and denominator.
#include <cmath>

#include "frame/number_parts.hpp"

namespace terrace::frame::number {

namespace {

// The exact value of a finite double, which is always an integer over a power of two.
Value exact_double(VmState* vm, double d) {
  if (d == std::trunc(d) && std::fabs(d) < 0x1p62) return integer_from(vm, static_cast<int64_t>(d));
  Mpq q;
  mpq_set_d(q, d);
  return from_mpq(vm, q);
}

using IntegerDivision = void (*)(mpz_ptr, mpz_srcptr, mpz_srcptr);

// q = num/den to the nearest integer, halves to even: floor(num/den + 1/2), less one for a tie that landed on an odd
// number.
void round_division(mpz_ptr q, mpz_srcptr num, mpz_srcptr den) {
  Mpz twice;
  Mpz rest;
  mpz_mul_2exp(twice, num, 1);
  mpz_add(twice, twice, den);
  mpz_mul_2exp(rest, den, 1);
  mpz_fdiv_qr(q, rest, twice, rest);
  if (mpz_sgn(rest) == 0 && mpz_odd_p(q)) mpz_sub_ui(q, q, 1);
}

Value round_by(VmState* vm, const char* who, Value a, double (*on_double)(double), IntegerDivision on_ratio) {
  switch (kind_of(a)) {
    case Kind::kFixnum:
    case Kind::kBignum:
      return a;
    case Kind::kRatio: {
      RationalView x(a);
      if (!room_for(vm, who, x.limbs() + 2)) return value::kUnwind;
      Mpz q;
      on_ratio(q, x.num(), x.den());
      return from_mpz(vm, q);
    }
    case Kind::kFloat:
      return make_float(vm, on_double(value::float_value(a)));
    default:
      return not_number(vm, who, a, a);
  }
}

// numerator or denominator of a double: that of its exact value, as a double.
Value part_of_double(VmState* vm, Value a, Value (*part)(VmState*, Value)) {
  Value exact = to_exact(vm, a);
  if (exact == value::kUnwind) return exact;
  Value result = part(vm, exact);
  return result == value::kUnwind ? result : to_inexact(vm, result);
}

}  // namespace

Value to_exact(VmState* vm, Value a) {
  Kind kind = kind_of(a);
  if (kind == Kind::kNone) return not_number(vm, "exact", a, a);
  if (kind != Kind::kFloat) return a;
  double d = value::float_value(a);
  if (std::isfinite(d)) return exact_double(vm, d);
  std::string text;
  append_text(text, a);
  return raise_error(vm, ErrorKind::kRange, "exact: %s has no exact value", text.c_str());
}

Value to_inexact(VmState* vm, Value a) {
  Kind kind = kind_of(a);
  if (kind == Kind::kNone) return not_number(vm, "inexact", a, a);
  return kind == Kind::kFloat ? a : make_float(vm, to_double(a));
}

Value floor(VmState* vm, Value a) { return round_by(vm, "floor", a, std::floor, mpz_fdiv_q); }
Value ceiling(VmState* vm, Value a) { return round_by(vm, "ceiling", a, std::ceil, mpz_cdiv_q); }
Value truncate(VmState* vm, Value a) { return round_by(vm, "truncate", a, std::trunc, mpz_tdiv_q); }
Value round(VmState* vm, Value a) { return round_by(vm, "round", a, std::nearbyint, round_division); }

Value numerator(VmState* vm, Value a) {
  switch (kind_of(a)) {
    case Kind::kFixnum:
    case Kind::kBignum:
      return a;
    case Kind::kRatio:
      return as_ratio(a)->numerator;
    case Kind::kFloat:
      return part_of_double(vm, a, numerator);
    default:
      return not_number(vm, "numerator", a, a);
  }
}

Value denominator(VmState* vm, Value a) {
  switch (kind_of(a)) {
    case Kind::kFixnum:
    case Kind::kBignum:
      return value::make_fixnum(1);
    case Kind::kRatio:
      return as_ratio(a)->denominator;
    case Kind::kFloat:
      return part_of_double(vm, a, denominator);
    default:
      return not_number(vm, "denominator", a, a);
  }
}

}  // namespace terrace::frame::number
