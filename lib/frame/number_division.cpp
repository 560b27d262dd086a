// frame/number_division.cpp: division with remainder, gcd and lcm.
//
// All roundings begin with the quotient rounded down; `rounds_up` says when the one above it is meant. Doubles are divided
// as doubles; the remainder is the exact one (fmod).
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "frame/number_parts.hpp"

namespace terrace::frame::number {

namespace {

bool give(Value* place, Value v) {
  if (place != nullptr) *place = v;
  return v != value::kUnwind;
}

// Whether the quotient above the one rounded down, which leaves something, is meant. `twice` tells how twice what that one
// leaves compares with the divisor, both without their signs. Not for kZero.
bool rounds_up(Toward toward, int twice, bool odd_quotient) {
  if (toward == Toward::kNearest) return twice > 0 || (twice == 0 && odd_quotient);
  return toward == Toward::kCeiling;
}

bool divide_fixnums(const Division& d, int64_t a, int64_t b) {
  int64_t q = a / b;
  int64_t r = a % b;
  if (d.toward != Toward::kZero && r != 0) {
    if ((r < 0) != (b < 0)) {
      q--;
      r += b;
    }
    int64_t rest = std::abs(2 * r);  // fixnums leave three bits
    int64_t divisor = std::abs(b);
    if (rounds_up(d.toward, rest < divisor ? -1 : rest > divisor, (q & 1) != 0)) {
      q++;
      r -= b;
    }
  }
  give(d.remainder, value::make_fixnum(r));
  return d.quotient == nullptr || give(d.quotient, integer_from(d.vm, q));
}

// q and r of a whole division; both results may be wanted or only one.
void divide_whole(Toward toward, mpz_ptr q, mpz_ptr r, mpz_srcptr a, mpz_srcptr b) {
  if (toward == Toward::kZero) return mpz_tdiv_qr(q, r, a, b);
  mpz_fdiv_qr(q, r, a, b);
  if (mpz_sgn(r) == 0) return;
  Mpz twice;
  mpz_mul_2exp(twice, r, 1);
  if (!rounds_up(toward, mpz_cmpabs(twice, b), mpz_odd_p(q) != 0)) return;
  mpz_add_ui(q, q, 1);
  mpz_sub(r, r, b);
}

bool divide_integers(const Division& d, Value a, Value b) {
  IntegerView x(a);
  IntegerView y(b);
  if (!room_for(d.vm, d.who, x.limbs() + y.limbs())) return false;
  Mpz q;
  Mpz r;
  divide_whole(d.toward, q, r, x, y);
  if (d.quotient != nullptr && !give(d.quotient, from_mpz(d.vm, q))) return false;
  return d.remainder == nullptr || give(d.remainder, from_mpz(d.vm, r));
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
  divide_whole(d.toward, q, r.num(), dividend, divisor);
  mpz_mul(r.den(), x.den(), y.den());
  mpq_canonicalize(r);
  if (d.quotient != nullptr && !give(d.quotient, from_mpz(d.vm, q))) return false;
  return d.remainder == nullptr || give(d.remainder, from_mpq(d.vm, r));
}

bool divide_doubles(const Division& d, double a, double b) {
  double r = d.toward == Toward::kNearest ? std::remainder(a, b) : std::fmod(a, b);
  double q = std::isnan(r) ? std::trunc(a / b) : std::nearbyint((a - r) / b);
  bool below = r != 0 && (r < 0) != (b < 0);  // the quotient towards zero is above the exact one
  if (d.toward == Toward::kFloor && below) {
    // An infinite divisor leaves everything of the other sign to itself.
    r += b;
    q -= 1;
  } else if (d.toward == Toward::kCeiling && r != 0 && !below) {
    r -= b;
    q += 1;
  } else if (d.toward == Toward::kFloor && r == 0) {
    r = std::copysign(0.0, b);
  }
  give(d.remainder, make_float(d.vm, r));
  return give(d.quotient, make_float(d.vm, q));
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

Value quotient(VmState* vm, Value a, Value b) { return only_quotient(vm, "quotient", Toward::kZero, a, b); }
Value remainder(VmState* vm, Value a, Value b) { return only_remainder(vm, "remainder", Toward::kZero, a, b); }
Value floor_quotient(VmState* vm, Value a, Value b) {
  return only_quotient(vm, "floor-quotient", Toward::kFloor, a, b);
}
Value modulo(VmState* vm, Value a, Value b) { return only_remainder(vm, "modulo", Toward::kFloor, a, b); }

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
