// frame/number_arith.cpp: the four operations, sign, comparison, equality and hash of numbers of any kind.
#include <bit>
#include <cmath>

#include "frame/number_parts.hpp"

namespace terrace::frame::number {

namespace {

using RationalOperation = void (*)(mpq_ptr, mpq_srcptr, mpq_srcptr);

Value rational_operation(VmState* vm, const char* who, RationalOperation operation, Value a, Value b) {
  RationalView x(a);
  RationalView y(b);
  if (!room_for(vm, who, x.limbs() + y.limbs() + 1)) return value::kUnwind;
  Mpq result;
  operation(result, x, y);
  return from_mpq(vm, result);
}

Value divide_integers(VmState* vm, Value a, Value b) {
  Mpq result;
  mpz_set(result.num(), IntegerView(a));
  mpz_set(result.den(), IntegerView(b));
  if (!room_for(vm, "/", mpz_size(result.num()) + mpz_size(result.den()))) return value::kUnwind;
  mpq_canonicalize(result);
  return from_mpq(vm, result);
}

}  // namespace

Value add(VmState* vm, Value a, Value b) {
  switch (kind_of(a, b)) {
    case Kind::kFixnum:
      return integer_from(vm, value::fixnum_value(a) + value::fixnum_value(b));
    case Kind::kBignum:
      return add_integers(vm, "+", a, b, 1);
    case Kind::kRatio:
      return rational_operation(vm, "+", mpq_add, a, b);
    case Kind::kFloat:
      return make_float(vm, to_double(a) + to_double(b));
    default:
      return not_number(vm, "+", a, b);
  }
}

Value sub(VmState* vm, Value a, Value b) {
  switch (kind_of(a, b)) {
    case Kind::kFixnum:
      return integer_from(vm, value::fixnum_value(a) - value::fixnum_value(b));
    case Kind::kBignum:
      return add_integers(vm, "-", a, b, -1);
    case Kind::kRatio:
      return rational_operation(vm, "-", mpq_sub, a, b);
    case Kind::kFloat:
      return make_float(vm, to_double(a) - to_double(b));
    default:
      return not_number(vm, "-", a, b);
  }
}

Value mul(VmState* vm, Value a, Value b) {
  switch (kind_of(a, b)) {
    case Kind::kFixnum:
    case Kind::kBignum:
      return mul_integers(vm, "*", a, b);
    case Kind::kRatio:
      return rational_operation(vm, "*", mpq_mul, a, b);
    case Kind::kFloat:
      return make_float(vm, to_double(a) * to_double(b));
    default:
      return not_number(vm, "*", a, b);
  }
}

Value div(VmState* vm, Value a, Value b) {
  Kind kind = kind_of(a, b);
  if (kind == Kind::kNone) return not_number(vm, "/", a, b);
  if (b == value::make_fixnum(0)) return divided_by_zero(vm, "/", a);
  switch (kind) {
    case Kind::kFixnum:
      if (value::fixnum_value(a) % value::fixnum_value(b) == 0) {
        return integer_from(vm, value::fixnum_value(a) / value::fixnum_value(b));
      }
      return divide_integers(vm, a, b);
    case Kind::kBignum:
      return divide_integers(vm, a, b);
    case Kind::kRatio:
      return rational_operation(vm, "/", mpq_div, a, b);
    default:
      return make_float(vm, to_double(a) / to_double(b));
  }
}

Value neg(VmState* vm, Value a) {
  switch (kind_of(a)) {
    case Kind::kFixnum:
      return integer_from(vm, -value::fixnum_value(a));
    case Kind::kBignum:
      return from_limbs(vm, as_bignum(a)->limb, as_bignum(a)->limbs, as_bignum(a)->sign > 0);
    case Kind::kRatio: {
      Value numerator = neg(vm, as_ratio(a)->numerator);
      return numerator == value::kUnwind ? numerator : make_ratio(vm, numerator, as_ratio(a)->denominator);
    }
    case Kind::kFloat:
      return make_float(vm, -value::float_value(a));
    default:
      return not_number(vm, "-", a, a);
  }
}

Value abs(VmState* vm, Value a) {
  Kind kind = kind_of(a);
  if (kind == Kind::kNone) return not_number(vm, "abs", a, a);
  if (kind == Kind::kFloat) return make_float(vm, std::fabs(value::float_value(a)));
  return sign_of(a) < 0 ? neg(vm, a) : a;
}

// --- comparison

namespace {

int order(int c) { return (c > 0) - (c < 0); }
template <class T>
int order(T a, T b) {
  return (a > b) - (a < b);
}

int compare_fixnum_double(int64_t i, double d) {
  if (d >= 0x1p60) return -1;
  if (d < -0x1p60) return 1;
  auto whole =
      static_cast<int64_t>(d);  // exact: every double this large is an integer, every smaller one loses its fraction
  if (i != whole) return order(i, whole);
  return order(0.0, d - static_cast<double>(whole));
}

int compare_ratio_double(Value q, double d) {
  if (std::isinf(d)) return d > 0 ? -1 : 1;
  Mpq exact;
  mpq_set_d(exact, d);
  return order(mpq_cmp(RationalView(q), exact));
}

// `a` exact, `d` not NaN.
int compare_exact_double(Value a, double d) {
  switch (kind_of(a)) {
    case Kind::kFixnum:
      return compare_fixnum_double(value::fixnum_value(a), d);
    case Kind::kBignum:
      return order(mpz_cmp_d(IntegerView(a), d));
    default:
      return compare_ratio_double(a, d);
  }
}

int compare_doubles(double a, double b) { return std::isunordered(a, b) ? kUnordered : order(a, b); }

int compare_floats(Value a, Value b) {
  bool float_a = value::is_float(a);
  bool float_b = value::is_float(b);
  if (float_a && float_b) return compare_doubles(value::float_value(a), value::float_value(b));
  double d = value::float_value(float_a ? a : b);
  if (std::isnan(d)) return kUnordered;
  return float_a ? -compare_exact_double(b, d) : compare_exact_double(a, d);
}

}  // namespace

int compare(Value a, Value b) {
  switch (kind_of(a, b)) {
    case Kind::kFixnum:
      return order(value::fixnum_value(a), value::fixnum_value(b));
    case Kind::kBignum:
      return order(mpz_cmp(IntegerView(a), IntegerView(b)));
    case Kind::kRatio:
      return order(mpq_cmp(RationalView(a), RationalView(b)));
    default:
      return compare_floats(a, b);
  }
}

Value num_eq(VmState* vm, Value a, Value b) {
  if (kind_of(a, b) == Kind::kNone) return not_number(vm, "=", a, b);
  return value::make_bool(compare(a, b) == 0);
}

Value num_lt(VmState* vm, Value a, Value b) {
  if (kind_of(a, b) == Kind::kNone) return not_number(vm, "<", a, b);
  return value::make_bool(compare(a, b) == -1);
}

Value num_le(VmState* vm, Value a, Value b) {
  if (kind_of(a, b) == Kind::kNone) return not_number(vm, "<=", a, b);
  return value::make_bool(compare(a, b) <= 0);
}

// --- what a number is

bool is_number(Value v) { return kind_of(v) != Kind::kNone; }
bool is_exact(Value v) { return kind_of(v) != Kind::kFloat; }

bool is_rational(Value v) {
  Kind kind = kind_of(v);
  return kind < Kind::kFloat || (kind == Kind::kFloat && std::isfinite(value::float_value(v)));
}

bool is_integer_valued(Value v) {
  Kind kind = kind_of(v);
  if (kind != Kind::kFloat) return kind <= Kind::kBignum;
  double d = value::float_value(v);
  return std::isfinite(d) && d == std::trunc(d);
}

int sign_of(Value v) {
  switch (kind_of(v)) {
    case Kind::kFixnum:
      return order<int64_t>(value::fixnum_value(v), 0);
    case Kind::kBignum:
      return as_bignum(v)->sign;
    case Kind::kRatio:
      return sign_of(as_ratio(v)->numerator);
    default:
      return order(value::float_value(v), 0.0);
  }
}

namespace {

// All NaNs are one number here.
uint64_t float_identity(double d) { return std::isnan(d) ? 0x7FF8000000000000u : std::bit_cast<uint64_t>(d); }

uint64_t mix(uint64_t h) {
  h ^= h >> 32;
  h *= 0x9E3779B97F4A7C15u;
  return h ^ h >> 29;
}

}  // namespace

bool eqv(Value a, Value b) {
  if (a == b) return true;
  Kind kind = kind_of(a);
  if (kind == Kind::kNone || kind != kind_of(b)) return false;
  if (kind == Kind::kFloat) return float_identity(value::float_value(a)) == float_identity(value::float_value(b));
  return compare(a, b) == 0;
}

uint64_t hash(Value v) {
  switch (kind_of(v)) {
    case Kind::kBignum: {
      const value::Bignum* big = as_bignum(v);
      uint64_t h = static_cast<uint64_t>(big->sign);
      for (uint32_t i = 0; i < big->limbs; i++) h = mix(h ^ big->limb[i]);
      return h;
    }
    case Kind::kRatio:
      return mix(hash(as_ratio(v)->numerator) + 3 * hash(as_ratio(v)->denominator));
    case Kind::kFloat:
      return mix(float_identity(value::float_value(v)) + 1);
    default:
      return mix(v.bits);
  }
}

}  // namespace terrace::frame::number
