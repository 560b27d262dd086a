// frame/number_parts.hpp: what the number_*.cpp files share: kinds, GMP views of heap numbers, results.
//
// Answers for: the bridge between heap numbers and GMP. Not for: any operation; nobody outside number_*.cpp includes
// this.
//
// Invariants: a view points into the heap object and lives on the C stack, so it keeps the object alive by itself; it
// is never written through. mpz_t and mpq_t temporaries live in Mpz and Mpq, which free them. Every operation whose
// size a program chooses goes through room_for first, since GMP knows no failure but abort.
#pragma once

#include <gmp.h>

#include <algorithm>

#include "frame/number.hpp"

namespace terrace::frame::number {

static_assert(sizeof(mp_limb_t) == 8 && GMP_NAIL_BITS == 0);

// In order of generality: an operation on two numbers is done in the larger kind.
enum class Kind : uint8_t { kFixnum, kBignum, kRatio, kFloat, kNone };

inline Kind kind_of(Value v) {
  if (value::is_fixnum(v)) return Kind::kFixnum;
  if (value::is_flonum_immediate(v)) return Kind::kFloat;
  if (!value::is_object(v)) return Kind::kNone;
  switch (value::as<value::Object>(v)->type) {
    case value::Type::kBignum:
      return Kind::kBignum;
    case value::Type::kRatio:
      return Kind::kRatio;
    case value::Type::kFlonum:
      return Kind::kFloat;
    default:
      return Kind::kNone;
  }
}
inline Kind kind_of(Value a, Value b) { return std::max(kind_of(a), kind_of(b)); }

inline value::Ratio* as_ratio(Value v) { return value::as<value::Ratio>(v); }
inline value::Bignum* as_bignum(Value v) { return value::as<value::Bignum>(v); }

class Mpz {
 public:
  Mpz() { mpz_init(z_); }
  ~Mpz() { mpz_clear(z_); }
  Mpz(const Mpz&) = delete;
  Mpz& operator=(const Mpz&) = delete;
  operator mpz_ptr() { return z_; }
  mpz_ptr operator->() { return z_; }  // for GMP's macros

 private:
  mpz_t z_;
};

class Mpq {
 public:
  Mpq() { mpq_init(q_); }
  ~Mpq() { mpq_clear(q_); }
  Mpq(const Mpq&) = delete;
  Mpq& operator=(const Mpq&) = delete;
  operator mpq_ptr() { return q_; }
  mpq_ptr operator->() { return q_; }
  mpz_ptr num() { return mpq_numref(q_); }
  mpz_ptr den() { return mpq_denref(q_); }

 private:
  mpq_t q_;
};

// Makes `z` a view of the exact integer `v`; `small` holds the digits of a fixnum and must live as long.
inline void view_integer(Value v, mpz_ptr z, mp_limb_t* small) {
  if (value::is_fixnum(v)) {
    int64_t i = value::fixnum_value(v);
    *small = i < 0 ? -static_cast<uint64_t>(i) : static_cast<uint64_t>(i);
    mpz_roinit_n(z, small, i < 0 ? -1 : i > 0);
  } else {
    const value::Bignum* big = as_bignum(v);
    mpz_roinit_n(z, big->limb, static_cast<mp_size_t>(big->limbs) * big->sign);
  }
}

// An exact integer as a read-only mpz.
class IntegerView {
 public:
  explicit IntegerView(Value v) { view_integer(v, z_, &small_); }
  IntegerView(const IntegerView&) = delete;
  IntegerView& operator=(const IntegerView&) = delete;
  operator mpz_srcptr() const { return z_; }
  mpz_srcptr operator->() const { return z_; }
  size_t limbs() const { return mpz_size(z_); }

 private:
  mpz_t z_;
  mp_limb_t small_;
};

// An exact integer or ratio as a read-only mpq.
class RationalView {
 public:
  explicit RationalView(Value v) {
    bool ratio = kind_of(v) == Kind::kRatio;
    view_integer(ratio ? as_ratio(v)->numerator : v, mpq_numref(q_), &small_[0]);
    view_integer(ratio ? as_ratio(v)->denominator : value::make_fixnum(1), mpq_denref(q_), &small_[1]);
  }
  RationalView(const RationalView&) = delete;
  RationalView& operator=(const RationalView&) = delete;
  operator mpq_srcptr() const { return q_; }
  mpq_srcptr operator->() const { return q_; }
  mpz_srcptr num() const { return mpq_numref(q_); }
  mpz_srcptr den() const { return mpq_denref(q_); }
  size_t limbs() const { return mpz_size(num()) + mpz_size(den()); }

 private:
  mpq_t q_;
  mp_limb_t small_[2];
};

// Whether an integer of `limbs` limbs may be computed now: raises heap-limit or stack-overflow and answers false if
// not.
bool room_for(VmState* vm, const char* who, uint64_t limbs);

Value integer_from(VmState* vm, int64_t i);
Value from_mpz(VmState* vm, mpz_srcptr z);
// The value of a canonical mpq.
Value from_mpq(VmState* vm, mpq_srcptr q);
// numerator/denominator as they are: lowest terms, denominator positive and not 1.
Value make_ratio(VmState* vm, Value numerator, Value denominator);
// Raises a type error for the first of the two that is no number.
Value not_number(VmState* vm, const char* who, Value a, Value b);
Value divided_by_zero(VmState* vm, const char* who, Value dividend);

// m * 2^exponent as the nearest double, ties to even, with `sticky` telling that the true value is slightly more.
double round_scaled(uint64_t m, bool sticky, int64_t exponent);
double mpz_to_double(mpz_srcptr z);
double ratio_to_double(mpz_srcptr num, mpz_srcptr den);

// Integer addition (sign = 1) or subtraction (sign = -1) of any two exact integers.
Value add_integers(VmState* vm, const char* who, Value a, Value b, int sign);
Value mul_integers(VmState* vm, const char* who, Value a, Value b);

}  // namespace terrace::frame::number
