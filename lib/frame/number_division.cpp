// frame/number_division.cpp: division with remainder, gcd and lcm.
//
// Both roundings are one family: `floor` tells which. Doubles are divided as doubles; the remainder is the exact one
// (fmod).
#include <cmath>
#include <numeric>

#include "frame/number_parts.hpp"

namespace terrace::frame::number {

namespace {

enum class Toward { kZero, kFloor };

// One division: what is asked for (either may be null), and by whom.
struct Division {
  VmState* vm;
  const char* who;
  Toward toward;
  Value* quotient;
  Value* remainder;

  bool give_quotient(Value v) const {
    if (quotient != nullptr) *quotient = v;
    return v != value::kUnwind;
  }
  bool give_remainder(Value v) const {
    if (remainder != nullptr) *remainder = v;
    return v != value::kUnwind;
  }
};

bool divide_fixnums(const Division& d, int64_t a, int64_t b) {
  int64_t q = a / b;
  int64_t r = a % b;
  if (d.toward == Toward::kFloor && r != 0 && (r < 0) != (b < 0)) {
    q--;
    r += b;
  }
  d.give_remainder(value::make_fixnum(r));
  return d.quotient == nullptr || d.give_quotient(integer_from(d.vm, q));
}

bool divide_integers(const Division& d, Value a, Value b) {
  IntegerView x(a);
  IntegerView y(b);
  if (!room_for(d.vm, d.who, x.limbs() + y.limbs())) return false;
  Mpz q;
  Mpz r;
  (d.toward == Toward::kFloor ? mpz_fdiv_qr : mpz_tdiv_qr)(q, r, x, y);
  if (d.quotient != nullptr && !d.give_quotient(from_mpz(d.vm, q))) return false;
  return d.remainder == nullptr || d.give_remainder(from_mpz(d.vm, r));
}

// a/b = (an bd) / (ad bn); the remainder over the common denominator ad bd is (an bd) mod (ad bn).
bool divide_rationals(const Division& d, Value a, Value b) {
  RationalView x(a);
  RationalView y(b);
  if (!room_for(d.vm, d.who, 2 * (x.limbs() + y.limbs()))) return false;
  Mpz dividend;
  Mpz divisor;
  mpz_mul(dividend, x.num(), y.den());
  mpz_mul(divisor, x.den(), y.num());
  Mpz q;
  Mpq r;
  (d.toward == Toward::kFloor ? mpz_fdiv_qr : mpz_tdiv_qr)(q, r.num(), dividend, divisor);
  mpz_mul(r.den(), x.den(), y.den());
  mpq_canonicalize(r);
  if (d.quotient != nullptr && !d.give_quotient(from_mpz(d.vm, q))) return false;
  return d.remainder == nullptr || d.give_remainder(from_mpq(d.vm, r));
}

bool divide_doubles(const Division& d, double a, double b) {
  double r = std::fmod(a, b);
  double q = std::isnan(r) ? std::trunc(a / b) : std::nearbyint((a - r) / b);
  if (d.toward == Toward::kFloor) {
    if (r != 0 && (r < 0) != (b < 0)) {
      // An infinite divisor leaves everything of the other sign to itself.
      r += b;
      q -= 1;
    } else if (r == 0) {
      r = std::copysign(0.0, b);
    }
  }
  d.give_remainder(make_float(d.vm, r));
  return d.give_quotient(make_float(d.vm, q));
}

bool divide(const Division& d, Value a, Value b) {
  Kind kind = kind_of(a, b);
  if (kind == Kind::kNone) {
    not_number(d.vm, d.who, a, b);
    return false;
  }
  if (b == value::make_fixnum(0)) {
    divided_by_zero(d.vm, d.who, a);
    return false;
  }
  switch (kind) {
    case Kind::kFixnum:
      return divide_fixnums(d, value::fixnum_value(a), value::fixnum_value(b));
    case Kind::kBignum:
      return divide_integers(d, a, b);
    case Kind::kRatio:
      return divide_rationals(d, a, b);
    default:
      return divide_doubles(d, to_double(a), to_double(b));
  }
}

Value only_quotient(VmState* vm, const char* who, Toward toward, Value a, Value b) {
  Value q;
  return divide({vm, who, toward, &q, nullptr}, a, b) ? q : value::kUnwind;
}

Value only_remainder(VmState* vm, const char* who, Toward toward, Value a, Value b) {
  Value r;
  return divide({vm, who, toward, nullptr, &r}, a, b) ? r : value::kUnwind;
}

}  // namespace

Value quotient(VmState* vm, Value a, Value b) { return only_quotient(vm, "quotient", Toward::kZero, a, b); }
Value remainder(VmState* vm, Value a, Value b) { return only_remainder(vm, "remainder", Toward::kZero, a, b); }
Value floor_quotient(VmState* vm, Value a, Value b) {
  return only_quotient(vm, "floor-quotient", Toward::kFloor, a, b);
}
Value modulo(VmState* vm, Value a, Value b) { return only_remainder(vm, "modulo", Toward::kFloor, a, b); }

bool floor_divide(VmState* vm, Value a, Value b, Value* q, Value* r) {
  return divide({vm, "floor/", Toward::kFloor, q, r}, a, b);
}
bool truncate_divide(VmState* vm, Value a, Value b, Value* q, Value* r) {
  return divide({vm, "truncate/", Toward::kZero, q, r}, a, b);
}

// --- gcd and lcm

namespace {

using IntegerOperation = void (*)(mpz_ptr, mpz_srcptr, mpz_srcptr);

Value common(VmState* vm, const char* who, IntegerOperation operation, Value a, Value b) {
  for (Value v : {a, b}) {
    if (!is_integer_valued(v)) return raise_type(vm, who, "an integer", v);
  }
  if (kind_of(a, b) == Kind::kFloat) {
    Value x = to_exact(vm, a);
    Value y = to_exact(vm, b);
    Value result = common(vm, who, operation, x, y);
    return result == value::kUnwind ? result : to_inexact(vm, result);
  }
  IntegerView x(a);
  IntegerView y(b);
  if (!room_for(vm, who, x.limbs() + y.limbs())) return value::kUnwind;
  Mpz result;
  operation(result, x, y);
  return from_mpz(vm, result);
}

}  // namespace

Value gcd(VmState* vm, Value a, Value b) {
  if (value::both_fixnum(a, b)) return integer_from(vm, std::gcd(value::fixnum_value(a), value::fixnum_value(b)));
  return common(vm, "gcd", mpz_gcd, a, b);
}

Value lcm(VmState* vm, Value a, Value b) { return common(vm, "lcm", mpz_lcm, a, b); }

}  // namespace terrace::frame::number
