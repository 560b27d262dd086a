// tests/unit/test_number.cpp: arithmetic against GMP's own, conversions against their definitions, text both ways.
#include "check.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <cctype>
#include <charconv>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "frame/number_parts.hpp"
#include "vm_fixture.hpp"

namespace number = terrace::frame::number;
using namespace terrace;
using namespace terrace::value;
using number::IntegerView;
using number::Kind;
using number::kind_of;
using number::Mpq;
using number::Mpz;
using number::RationalView;
using number::Toward;
using terrace::test::assert_text;
using terrace::test::Random;
using terrace::test::VmFixture;

namespace {

// --- making numbers

std::string text_of(Value v, int radix = 10) {
  std::string text;
  number::append_text(text, v, radix);
  return text;
}

Value number_of(VmFixture& f, const char* text) {
  Value v = number::from_text(f.state(), text);
  assert_true(v != kUnwind && v != kFalse);
  return v;
}

// Integers of all sizes, dense around the borders between the kinds.
void random_integer(Random& random, mpz_ptr z) {
  switch (random.below(6)) {
    case 0:
      mpz_set_si(z, static_cast<long>(random.below(21)) - 10);
      return;
    case 1:
      mpz_set_si(z, static_cast<long>(random.next()));
      return;
    case 2:
    case 3: {
      static const unsigned kBorders[] = {53, 59, 60, 61, 62, 63, 64, 65, 127, 128, 192, 1023};
      mpz_set_ui(z, 1);
      mpz_mul_2exp(z, z, kBorders[random.below(std::size(kBorders))]);
      if (random.below(2)) mpz_neg(z, z);
      long delta = static_cast<long>(random.below(5)) - 2;
      delta < 0 ? mpz_sub_ui(z, z, static_cast<unsigned long>(-delta))
                : mpz_add_ui(z, z, static_cast<unsigned long>(delta));
      return;
    }
    default:
      mpz_set_ui(z, 0);
      for (uint64_t limbs = 1 + random.below(random.below(20) == 0 ? 60 : 6); limbs > 0; limbs--) {
        mpz_mul_2exp(z, z, 64);
        mpz_add_ui(z, z, random.below(4) == 0 ? 0 : random.next());
      }
      if (random.below(2)) mpz_neg(z, z);
  }
}

void random_rational(Random& random, mpq_ptr q) {
  random_integer(random, mpq_numref(q));
  mpz_set_ui(mpq_denref(q), 1);
  if (random.below(2)) {
    random_integer(random, mpq_denref(q));
    if (mpz_sgn(mpq_denref(q)) == 0) mpz_set_ui(mpq_denref(q), 1);
    mpq_canonicalize(q);
  }
}

double random_double(Random& random) {
  switch (random.below(4)) {
    case 0:
      return static_cast<double>(static_cast<int64_t>(random.next())) / 1024.0;
    case 1:
      return static_cast<double>(static_cast<int64_t>(random.below(2001)) - 1000) / 4;
    default: {
      uint64_t bits = random.next();
      double d;
      std::memcpy(&d, &bits, 8);
      return std::isfinite(d) ? d : 0x1p1023;
    }
  }
}

// The value is in its smallest kind and equals q.
void assert_rational(Value v, mpq_srcptr q) {
  assert_true(v != kUnwind);
  assert_true(kind_of(v) <= Kind::kRatio);
  assert_int_equal(mpq_cmp(RationalView(v), q), 0);
  bool whole = mpz_cmp_ui(mpq_denref(q), 1) == 0;
  bool small = mpz_cmp_si(mpq_numref(q), kFixnumMin) >= 0 && mpz_cmp_si(mpq_numref(q), kFixnumMax) <= 0;
  assert_true(kind_of(v) == (!whole ? Kind::kRatio : small ? Kind::kFixnum : Kind::kBignum));
}

void assert_integer(Value v, mpz_srcptr z) {
  Mpq q;
  mpq_set_z(q, z);
  assert_rational(v, q);
}

void assert_is(Value v, const char* text) { assert_text(text_of(v), text); }

using Operation = Value (*)(VmState*, Value, Value);

void assert_result(VmFixture& f, Operation operation, const char* a, const char* b, const char* expected) {
  Value v = operation(f.state(), number_of(f, a), number_of(f, b));
  assert_true(v != kUnwind);
  assert_is(v, expected);
}

void assert_raises(VmFixture& f, Value v, const char* kind) {
  assert_true(v == kUnwind);
  assert_text(f.error_kind(), kind);
}

// --- the four operations

void exact_arithmetic_is_that_of_gmp(void**) {
  VmFixture f(__builtin_frame_address(0));
  Random random(11);
  for (int round = 0; round < 40000; round++) {
    Mpq a, b, expected;
    random_rational(random, a);
    random_rational(random, b);
    Value x = number::from_mpq(f.state(), a);
    Value y = number::from_mpq(f.state(), b);
    assert_rational(x, a);
    mpq_add(expected, a, b);
    assert_rational(number::add(f.state(), x, y), expected);
    mpq_sub(expected, a, b);
    assert_rational(number::sub(f.state(), x, y), expected);
    mpq_mul(expected, a, b);
    assert_rational(number::mul(f.state(), x, y), expected);
    mpq_neg(expected, a);
    assert_rational(number::neg(f.state(), x), expected);
    mpq_abs(expected, a);
    assert_rational(number::abs(f.state(), x), expected);
    if (mpq_sgn(b) != 0) {
      mpq_div(expected, a, b);
      assert_rational(number::div(f.state(), x, y), expected);
    }
    int order = mpq_cmp(a, b);
    assert_int_equal(number::compare(x, y), (order > 0) - (order < 0));
    assert_int_equal(number::eqv(x, y), order == 0);
    if (order == 0) assert_true(number::hash(x) == number::hash(y));
  }
}

void arithmetic_survives_collection_at_every_allocation(void**) {
  VmFixture f(__builtin_frame_address(0), {.limit_bytes = 0, .stress = true});
  Random random(12);
  for (int round = 0; round < 300; round++) {
    Mpq a, b, expected;
    random_rational(random, a);
    random_rational(random, b);
    Value x = number::from_mpq(f.state(), a);
    Value y = number::from_mpq(f.state(), b);
    mpq_mul(expected, a, b);
    assert_rational(number::mul(f.state(), x, y), expected);
    mpq_add(expected, a, b);
    assert_rational(number::add(f.state(), x, y), expected);
    Value back = number::from_text(f.state(), text_of(x));
    assert_true(number::eqv(back, x));
  }
}

void one_double_makes_a_double(void**) {
  VmFixture f(__builtin_frame_address(0));
  assert_result(f, number::mul, "0", "1.5", "0.0");
  assert_result(f, number::add, "1/2", "0.25", "0.75");
  assert_result(f, number::add, "0.1", "0.2", "0.30000000000000004");
  assert_result(f, number::sub, "1", "1.0", "0.0");
  assert_result(f, number::div, "1", "4", "1/4");
  assert_result(f, number::div, "6", "-4", "-3/2");
  assert_result(f, number::div, "6", "3", "2");
  assert_result(f, number::div, "1.0", "0.0", "+inf.0");
  assert_result(f, number::div, "-1", "0.0", "-inf.0");
  assert_result(f, number::div, "0.0", "0.0", "+nan.0");
  assert_result(f, number::mul, "-1152921504606846976", "-1", "1152921504606846976");
  assert_result(f, number::div, "-1152921504606846976", "-1", "1152921504606846976");
  assert_result(f, number::quotient, "-1152921504606846976", "-1", "1152921504606846976");
  assert_result(f, number::gcd, "-1152921504606846976", "-1152921504606846976", "1152921504606846976");
  assert_result(f, number::add, "1152921504606846975", "1", "1152921504606846976");
}

void an_exact_zero_divisor_raises(void**) {
  VmFixture f(__builtin_frame_address(0));
  const Operation divisions[] = {number::div, number::quotient, number::remainder, number::floor_quotient,
                                 number::modulo};
  for (Operation division : divisions) {
    for (const char* dividend : {"1", "0", "1.5", "1/2", "100000000000000000000"}) {
      assert_raises(f, division(f.state(), number_of(f, dividend), make_fixnum(0)), "division-by-zero");
    }
  }
  assert_raises(f, number::expt(f.state(), make_fixnum(0), make_fixnum(-1)), "division-by-zero");
}

void other_values_are_type_errors(void**) {
  VmFixture f(__builtin_frame_address(0));
  Value text = frame::make_string(f.state(), "1");
  const Operation all[] = {number::add,     number::sub,     number::mul,    number::div,    number::num_eq,
                           number::num_lt,  number::num_le,  number::modulo, number::gcd,    number::expt,
                           number::bit_and, number::shift,   number::lcm,    number::bit_or, number::bit_xor,
                           number::u64_add, number::i32_mul, number::u64_shl};
  for (Operation operation : all) {
    assert_raises(f, operation(f.state(), text, make_fixnum(1)), "type-error");
    assert_raises(f, operation(f.state(), make_fixnum(1), kTrue), "type-error");
  }
}

// --- division with remainder

// The one q that is whole and rounded as wanted, and r = a - b q.
void assert_division(mpq_srcptr a, mpq_srcptr b, Value q, Value r, Toward toward) {
  assert_true(q != kUnwind);
  assert_true(r != kUnwind);
  assert_true(kind_of(q) <= Kind::kBignum);
  Mpq sum;
  mpq_set_z(sum, IntegerView(q));
  mpq_mul(sum, sum, b);
  mpq_add(sum, sum, RationalView(r));
  assert_int_equal(mpq_cmp(sum, a), 0);
  Mpq size_r, size_b;
  mpq_abs(size_r, RationalView(r));
  mpq_abs(size_b, b);
  assert_true(mpq_cmp(size_r, size_b) < 0);
  int sign = number::sign_of(r);
  if (toward == Toward::kNearest) {
    mpq_mul_2exp(size_r, size_r, 1);
    int twice = mpq_cmp(size_r, size_b);
    assert_true(twice < 0 || (twice == 0 && mpz_even_p(static_cast<mpz_srcptr>(IntegerView(q)))));
    return;
  }
  int wanted = toward == Toward::kFloor ? mpq_sgn(b) : toward == Toward::kCeiling ? -mpq_sgn(b) : mpq_sgn(a);
  assert_true(sign == 0 || sign == wanted);
}

void quotient_and_remainder_belong_together(void**) {
  VmFixture f(__builtin_frame_address(0));
  Random random(13);
  for (int round = 0; round < 20000; round++) {
    Mpq a, b;
    random_rational(random, a);
    random_rational(random, b);
    if (mpq_sgn(b) == 0) continue;
    Value x = number::from_mpq(f.state(), a);
    Value y = number::from_mpq(f.state(), b);
    Value q, r;
    assert_true(number::divide({f.state(), "floor/", Toward::kFloor, &q, &r}, x, y));
    assert_division(a, b, q, r, Toward::kFloor);
    assert_true(number::eqv(number::modulo(f.state(), x, y), r));
    assert_true(number::eqv(number::floor_quotient(f.state(), x, y), q));
    assert_true(number::divide({f.state(), "truncate/", Toward::kZero, &q, &r}, x, y));
    assert_division(a, b, q, r, Toward::kZero);
    assert_true(number::eqv(number::remainder(f.state(), x, y), r));
    assert_true(number::eqv(number::quotient(f.state(), x, y), q));
    for (Toward toward : {Toward::kCeiling, Toward::kNearest}) {
      assert_true(number::divide({f.state(), "division", toward, &q, &r}, x, y));
      assert_division(a, b, q, r, toward);
    }
  }
}

void doubles_divide_with_remainder(void**) {
  VmFixture f(__builtin_frame_address(0));
  assert_result(f, number::remainder, "-7.5", "2", "-1.5");
  assert_result(f, number::modulo, "-7.5", "2", "0.5");
  assert_result(f, number::modulo, "7.5", "-2", "-0.5");
  assert_result(f, number::quotient, "-7.5", "2", "-3.0");
  assert_result(f, number::floor_quotient, "-7.5", "2", "-4.0");
  assert_result(f, number::modulo, "-4.0", "2", "0.0");
  assert_result(f, number::modulo, "1.0", "0.0", "+nan.0");
  assert_result(f, number::quotient, "1.0", "0.0", "+inf.0");
  assert_result(f, number::remainder, "5.0", "+inf.0", "5.0");
}

void gcd_and_lcm(void**) {
  VmFixture f(__builtin_frame_address(0));
  Random random(14);
  for (int round = 0; round < 3000; round++) {
    Mpz a, b, expected;
    random_integer(random, a);
    random_integer(random, b);
    Value x = number::from_mpz(f.state(), a);
    Value y = number::from_mpz(f.state(), b);
    mpz_gcd(expected, a, b);
    assert_integer(number::gcd(f.state(), x, y), expected);
    mpz_lcm(expected, a, b);
    assert_integer(number::lcm(f.state(), x, y), expected);
  }
  assert_result(f, number::gcd, "12.0", "18", "6.0");
  assert_raises(f, number::gcd(f.state(), number_of(f, "1.5"), make_fixnum(2)), "type-error");
}

// --- comparison and conversion

void comparison_with_doubles_is_exact(void**) {
  VmFixture f(__builtin_frame_address(0));
  Random random(15);
  for (int round = 0; round < 40000; round++) {
    Mpq a, b;
    random_rational(random, a);
    Value x = number::from_mpq(f.state(), a);
    // Often the double next to the exact number, where rounding first would give the wrong answer.
    double d = random_double(random);
    if (random.below(2) && std::isfinite(number::to_double(x))) d = std::nextafter(number::to_double(x), d);
    if (std::isinf(d)) continue;
    mpq_set_d(b, d);
    int order = mpq_cmp(a, b);
    Value y = frame::make_float(f.state(), d);
    assert_int_equal(number::compare(x, y), (order > 0) - (order < 0));
    assert_int_equal(number::compare(y, x), (order < 0) - (order > 0));
    assert_int_equal(number::num_lt(f.state(), x, y) == kTrue, order < 0);
    assert_int_equal(number::num_le(f.state(), x, y) == kTrue, order <= 0);
    assert_int_equal(number::num_eq(f.state(), x, y) == kTrue, order == 0);
  }
}

void nan_is_unordered_and_infinities_are_ends(void**) {
  VmFixture f(__builtin_frame_address(0));
  Value nan = number_of(f, "+nan.0");
  for (const char* text : {"0", "1.0", "100000000000000000000", "1/3", "+nan.0", "+inf.0"}) {
    Value v = number_of(f, text);
    for (Operation operation : {number::num_eq, number::num_lt, number::num_le}) {
      assert_true(operation(f.state(), v, nan) == kFalse);
      assert_true(operation(f.state(), nan, v) == kFalse);
    }
    if (v != nan && kind_of(v) != Kind::kFloat) {
      assert_int_equal(number::compare(v, number_of(f, "+inf.0")), -1);
      assert_int_equal(number::compare(v, number_of(f, "-inf.0")), 1);
    }
  }
  assert_true(number::eqv(nan, frame::make_float(f.state(), -std::nan("7"))));
  assert_true(number::hash(nan) == number::hash(frame::make_float(f.state(), -std::nan("7"))));
  assert_false(number::eqv(number_of(f, "0.0"), number_of(f, "-0.0")));
  assert_false(number::eqv(number_of(f, "1.0"), number_of(f, "1")));
  assert_true(number::num_eq(f.state(), number_of(f, "0.0"), number_of(f, "-0.0")) == kTrue);
}

// |q - d| is not more than the distance to the neighbours of d, and a tie went to the even one.
void assert_nearest(mpq_srcptr q, double d) {
  Mpq exact, error, other;
  if (std::isinf(d)) {
    mpq_set_d(exact, 0x1p1023);  // the border to infinity is 2^1024 - 2^970
    mpq_set_d(other, 0x1p970);
    mpq_mul_2exp(exact, exact, 1);
    mpq_sub(exact, exact, other);
    mpq_abs(error, q);
    assert_true(mpq_cmp(error, exact) >= 0);
    return;
  }
  mpq_set_d(exact, d);
  mpq_sub(error, q, exact);
  mpq_abs(error, error);
  uint64_t bits;
  std::memcpy(&bits, &d, 8);
  for (double neighbour : {std::nextafter(d, HUGE_VAL), std::nextafter(d, -HUGE_VAL)}) {
    if (std::isinf(neighbour)) continue;
    mpq_set_d(exact, neighbour);
    mpq_sub(other, q, exact);
    mpq_abs(other, other);
    int order = mpq_cmp(error, other);
    assert_true(order < 0 || (order == 0 && (bits & 1) == 0));
  }
}

void exact_to_double_rounds_to_nearest_even(void**) {
  VmFixture f(__builtin_frame_address(0));
  Random random(16);
  for (int round = 0; round < 20000; round++) {
    Mpq q;
    random_rational(random, q);
    if (random.below(3) == 0) {  // around a tie between two doubles
      mpq_set_d(
          q, std::ldexp(static_cast<double>((random.next() >> 11) | 1), static_cast<int>(random.below(2040)) - 1080));
      Mpq half;
      mpq_set_d(half, std::ldexp(1.0, -1074));
      mpq_div_2exp(half, half, 1 + random.below(80));
      if (random.below(2)) mpq_add(q, q, half);
    }
    assert_nearest(q, number::to_double(number::from_mpq(f.state(), q)));
  }
  Mpq tiny;
  mpq_set_d(tiny, 0x1p-1074);
  mpq_div_2exp(tiny, tiny, 1);
  assert_true(number::to_double(number::from_mpq(f.state(), tiny)) == 0.0);
}

void doubles_become_exact_and_back(void**) {
  VmFixture f(__builtin_frame_address(0));
  Random random(17);
  for (int round = 0; round < 20000; round++) {
    double d = random_double(random);
    Value exact = number::to_exact(f.state(), frame::make_float(f.state(), d));
    Mpq q;
    mpq_set_d(q, d);
    assert_rational(exact, q);
    assert_true(number::to_double(exact) == d);
  }
  assert_raises(f, number::to_exact(f.state(), number_of(f, "+inf.0")), "range-error");
  assert_raises(f, number::to_exact(f.state(), number_of(f, "+nan.0")), "range-error");
}

void rounding_to_integers(void**) {
  VmFixture f(__builtin_frame_address(0));
  struct Row {
    const char *number, *floor, *ceiling, *truncate, *round;
  };
  const Row rows[] = {{"5/2", "2", "3", "2", "2"},
                      {"7/2", "3", "4", "3", "4"},
                      {"-5/2", "-3", "-2", "-2", "-2"},
                      {"-7/2", "-4", "-3", "-3", "-4"},
                      {"7/3", "2", "3", "2", "2"},
                      {"-8/3", "-3", "-2", "-2", "-3"},
                      {"1/2", "0", "1", "0", "0"},
                      {"2.5", "2.0", "3.0", "2.0", "2.0"},
                      {"-3.5", "-4.0", "-3.0", "-3.0", "-4.0"},
                      {"7", "7", "7", "7", "7"},
                      {"100000000000000000001/2", "50000000000000000000", "50000000000000000001",
                       "50000000000000000000", "50000000000000000000"}};
  for (const Row& row : rows) {
    Value v = number_of(f, row.number);
    assert_is(number::floor(f.state(), v), row.floor);
    assert_is(number::ceiling(f.state(), v), row.ceiling);
    assert_is(number::truncate(f.state(), v), row.truncate);
    assert_is(number::round(f.state(), v), row.round);
  }
  assert_is(number::numerator(f.state(), number_of(f, "-6/4")), "-3");
  assert_is(number::denominator(f.state(), number_of(f, "0.75")), "4.0");
  assert_is(number::denominator(f.state(), number_of(f, "5")), "1");
}

// --- powers and roots

void powers(void**) {
  VmFixture f(__builtin_frame_address(0));
  assert_result(f, number::expt, "2", "100", "1267650600228229401496703205376");
  assert_result(f, number::expt, "-2", "3", "-8");
  assert_result(f, number::expt, "2", "-2", "1/4");
  assert_result(f, number::expt, "-2/3", "-3", "-27/8");
  assert_result(f, number::expt, "0", "0", "1");
  assert_result(f, number::expt, "0", "5", "0");
  assert_result(f, number::expt, "0.0", "0", "1.0");
  assert_result(f, number::expt, "2.0", "10", "1024.0");
  assert_result(f, number::expt, "4", "1/2", "2.0");
  assert_result(f, number::expt, "2", "0.5", "1.4142135623730951");
  assert_result(f, number::expt, "-1", "100000000000000000000001", "-1");
  assert_result(f, number::expt, "1", "-100000000000000000000000", "1");
  assert_result(f, number::expt, "-8.0", "1/3", "+nan.0");
  assert_raises(f, number::expt(f.state(), make_fixnum(-8), number_of(f, "1/3")), "range-error");
  Random random(18);
  for (int round = 0; round < 300; round++) {
    Mpq q, expected;
    random_rational(random, q);
    Value x = number::from_mpq(f.state(), q);
    uint64_t n = random.below(12);
    mpq_set_ui(expected, 1, 1);
    for (uint64_t i = 0; i < n; i++) mpq_mul(expected, expected, q);
    assert_rational(number::expt(f.state(), x, make_fixnum(static_cast<int64_t>(n))), expected);
  }
}

void square_roots(void**) {
  VmFixture f(__builtin_frame_address(0));
  Random random(19);
  for (int round = 0; round < 4000; round++) {
    Mpq q, square;
    random_rational(random, q);
    mpq_abs(q, q);
    mpq_mul(square, q, q);
    Value x = number::from_mpq(f.state(), square);
    assert_rational(number::sqrt(f.state(), x), q);
    // A root that is not exact is the nearest double: the square of neither half-way point is on the wrong side.
    Value root = number::sqrt(f.state(), number::from_mpq(f.state(), q));
    if (kind_of(root) != Kind::kFloat || std::isinf(float_value(root))) continue;
    double d = float_value(root);
    Mpq low, high, half;
    mpq_set_d(low, std::nextafter(d, 0.0));
    mpq_set_d(high, std::nextafter(d, HUGE_VAL));
    mpq_set_d(half, d);
    for (mpq_ptr border : {static_cast<mpq_ptr>(low), static_cast<mpq_ptr>(high)}) {
      mpq_add(border, border, half);
      mpq_div_2exp(border, border, 1);
      mpq_mul(border, border, border);
    }
    assert_true(mpq_cmp(low, q) <= 0 && mpq_cmp(q, high) <= 0);
  }
  assert_is(number::sqrt(f.state(), number_of(f, "1/4")), "1/2");
  assert_is(number::sqrt(f.state(), make_fixnum(2)), "1.4142135623730951");
  assert_is(number::sqrt(f.state(), number_of(f, "4.0")), "2.0");
  assert_is(number::sqrt(f.state(), number_of(f, "-4.0")), "+nan.0");
  assert_raises(f, number::sqrt(f.state(), make_fixnum(-4)), "range-error");
  Value s, rest;
  assert_true(number::exact_integer_sqrt(f.state(), make_fixnum(17), &s, &rest));
  assert_true(s == make_fixnum(4) && rest == make_fixnum(1));
  assert_false(number::exact_integer_sqrt(f.state(), make_fixnum(-1), &s, &rest));
  assert_text(f.error_kind(), "range-error");
}

// --- bits

void bits_of_integers(void**) {
  VmFixture f(__builtin_frame_address(0));
  Random random(20);
  for (int round = 0; round < 20000; round++) {
    Mpz a, b, expected;
    random_integer(random, a);
    random_integer(random, b);
    Value x = number::from_mpz(f.state(), a);
    Value y = number::from_mpz(f.state(), b);
    mpz_and(expected, a, b);
    assert_integer(number::bit_and(f.state(), x, y), expected);
    mpz_ior(expected, a, b);
    assert_integer(number::bit_or(f.state(), x, y), expected);
    mpz_xor(expected, a, b);
    assert_integer(number::bit_xor(f.state(), x, y), expected);
    mpz_com(expected, a);
    assert_integer(number::bit_not(f.state(), x), expected);
    uint64_t n = random.below(200);
    mpz_mul_2exp(expected, a, n);
    assert_integer(number::shift(f.state(), x, make_fixnum(static_cast<int64_t>(n))), expected);
    mpz_fdiv_q_2exp(expected, a, n);
    assert_integer(number::shift(f.state(), x, make_fixnum(-static_cast<int64_t>(n))), expected);
    mpz_set(expected, a);
    if (mpz_sgn(a) < 0) mpz_com(expected, a);
    assert_true(number::bit_count(f.state(), x) == make_fixnum(static_cast<int64_t>(mpz_popcount(expected))));
    int64_t length = mpz_sgn(expected) == 0 ? 0 : static_cast<int64_t>(mpz_sizeinbase(expected, 2));
    assert_true(number::integer_length(f.state(), x) == make_fixnum(length));
  }
  assert_result(f, number::shift, "-5", "-100000000000000000000", "-1");
  assert_result(f, number::shift, "0", "100000000000000000000", "0");
  assert_result(f, number::shift, "100000000000000000000", "-1152921504606846976", "0");
  assert_raises(f, number::bit_and(f.state(), number_of(f, "1.0"), make_fixnum(1)), "type-error");
}

uint64_t low_word(mpz_srcptr z) {
  Mpz low;
  mpz_fdiv_r_2exp(low, z, 64);
  return mpz_getlimbn(low, 0);
}

void assert_word(Value v, uint64_t expected) {
  uint64_t n = 0;
  assert_true(number::to_uint64(v, &n));
  assert_true(n == expected);
}

void fixed_width_wraps(void**) {
  VmFixture f(__builtin_frame_address(0));
  Random random(21);
  for (int round = 0; round < 20000; round++) {
    Mpz a, b;
    random_integer(random, a);
    random_integer(random, b);
    Value x = number::from_mpz(f.state(), a);
    Value y = number::from_mpz(f.state(), b);
    uint64_t m = low_word(a);
    uint64_t n = low_word(b);
    assert_word(number::u64_add(f.state(), x, y), m + n);
    assert_word(number::u64_sub(f.state(), x, y), m - n);
    assert_word(number::u64_mul(f.state(), x, y), m * n);
    assert_word(number::u64_and(f.state(), x, y), m & n);
    assert_word(number::u64_or(f.state(), x, y), m | n);
    assert_word(number::u64_xor(f.state(), x, y), m ^ n);
    uint64_t count = random.below(70);
    assert_word(number::u64_shl(f.state(), x, make_fixnum(static_cast<int64_t>(count))), count > 63 ? 0 : m << count);
    assert_word(number::u64_shr(f.state(), x, make_fixnum(static_cast<int64_t>(count))), count > 63 ? 0 : m >> count);
    assert_true(number::i32_add(f.state(), x, y) == make_fixnum(static_cast<int32_t>(m + n)));
    assert_true(number::i32_sub(f.state(), x, y) == make_fixnum(static_cast<int32_t>(m - n)));
    assert_true(number::i32_mul(f.state(), x, y) == make_fixnum(static_cast<int32_t>(m * n)));
  }
  assert_raises(f, number::u64_shl(f.state(), make_fixnum(1), make_fixnum(-1)), "range-error");
}

void machine_integers(void**) {
  VmFixture f(__builtin_frame_address(0));
  for (int64_t i :
       {INT64_MIN, INT64_MIN + 1, int64_t{-1}, int64_t{0}, int64_t{1}, INT64_MAX, kFixnumMax + 1, kFixnumMin - 1}) {
    int64_t back = 7;
    assert_true(number::to_int64(number::integer_from(f.state(), i), &back) && back == i);
    assert_true(number::eqv(number::integer_from(f.state(), i), frame::make_integer(f.state(), i)));
  }
  uint64_t word;
  int64_t signed_word;
  assert_true(number::to_uint64(frame::make_natural(f.state(), UINT64_MAX), &word) && word == UINT64_MAX);
  assert_false(number::to_int64(frame::make_natural(f.state(), UINT64_MAX), &signed_word));
  assert_false(number::to_uint64(make_fixnum(-1), &word));
  assert_false(number::to_int64(number_of(f, "1.0"), &signed_word));
}

// --- text

void integers_as_text_in_every_radix(void**) {
  VmFixture f(__builtin_frame_address(0));
  Random random(22);
  for (int round = 0; round < 5000; round++) {
    Mpq q;
    random_rational(random, q);
    Value x = number::from_mpq(f.state(), q);
    int radix = 2 + static_cast<int>(random.below(35));
    char* expected = mpq_get_str(nullptr, radix, q);
    assert_text(text_of(x, radix), expected);
    assert_rational(number::from_text(f.state(), expected, radix), q);
    void (*release)(void*, size_t);
    mp_get_memory_functions(nullptr, nullptr, &release);
    release(expected, std::strlen(expected) + 1);
  }
}

void doubles_read_back_as_they_were(void**) {
  VmFixture f(__builtin_frame_address(0));
  Random random(23);
  for (int round = 0; round < 100000; round++) {
    double d = random_double(random);
    std::string text = text_of(frame::make_float(f.state(), d));
    assert_true(text.find_first_of(".e") != text.npos);
    assert_true(std::strtod(text.c_str(), nullptr) == d);
    Value back = number::from_text(f.state(), text);
    assert_true(kind_of(back) == Kind::kFloat);
    double read = float_value(back);
    assert_memory_equal(&read, &d, 8);
  }
}

// Digits of a number's text, without zeros at its ends.
std::string significant_digits(std::string_view text) {
  std::string digits;
  for (char c : text.substr(0, text.find('e'))) {
    if (std::isdigit(static_cast<unsigned char>(c))) digits += c;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  digits.erase(digits.find_last_not_of('0') + 1);
  return digits;
}

// The C++ library's shortest form is computed by another algorithm (Ryu).
void no_shorter_text_is_the_same_double(void**) {
  VmFixture f(__builtin_frame_address(0));
  Random random(24);
  for (int round = 0; round < 50000; round++) {
    double d = random_double(random);
    char shortest[64];
    char* end = std::to_chars(shortest, shortest + sizeof shortest, d, std::chars_format::scientific).ptr;
    std::string text = text_of(frame::make_float(f.state(), d));
    assert_text(significant_digits(text), significant_digits({shortest, end}).c_str());
  }
}

// Decimals of any length, most of which are no double's own text, among them such as lie next to the middle of two.
void decimals_are_read_as_the_nearest_double(void**) {
  VmFixture f(__builtin_frame_address(0));
  Random random(25);
  for (int round = 0; round < 50000; round++) {
    std::string text(1, static_cast<char>('1' + random.below(9)));
    text += '.';
    for (uint64_t digits = 1 + random.below(30); digits > 0; digits--) text += static_cast<char>('0' + random.below(10));
    text += 'e' + std::to_string(static_cast<int>(random.below(660)) - 340);
    if (random.below(4) == 0) {
      double d = std::fabs(random_double(random));
      long double middle = (static_cast<long double>(d) + std::nextafter(d, HUGE_VAL)) / 2;  // exact in 64 bits
      char digits[1200];
      std::snprintf(digits, sizeof digits, "%.1000Le", middle);
      text = std::string(digits).insert(std::string_view(digits).find('e'), random.below(2) ? "1" : "0");
    }
    double expected = std::strtod(text.c_str(), nullptr);
    double read = float_value(number::from_text(f.state(), text));
    assert_memory_equal(&read, &expected, 8);
  }
}

void doubles_have_one_readable_form(void**) {
  struct Row {
    double d;
    const char* text;
  };
  const Row rows[] = {{0.0, "0.0"},
                      {-0.0, "-0.0"},
                      {1, "1.0"},
                      {100, "100.0"},
                      {1e20, "100000000000000000000.0"},
                      {1e21, "1e21"},
                      {1.5e300, "1.5e300"},
                      {0.1, "0.1"},
                      {1e-6, "0.000001"},
                      {1e-7, "1e-7"},
                      {1.25e-9, "1.25e-9"},
                      {5e-324, "5e-324"},
                      {123456.789, "123456.789"},
                      {HUGE_VAL, "+inf.0"},
                      {-HUGE_VAL, "-inf.0"},
                      {std::nan(""), "+nan.0"},
                      {-1.5, "-1.5"},
                      {1.7976931348623157e308, "1.7976931348623157e308"}};
  VmFixture f(__builtin_frame_address(0));
  for (const Row& row : rows) assert_is(frame::make_float(f.state(), row.d), row.text);
}

void literals(void**) {
  struct Row {
    const char *text, *number;  // null: no number
  };
  const Row rows[] = {{"1", "1"},
                      {"+1", "1"},
                      {"-0", "0"},
                      {"007", "7"},
                      {"1.", "1.0"},
                      {".5", "0.5"},
                      {"-.5e1", "-5.0"},
                      {"1e3", "1000.0"},
                      {"1E+3", "1000.0"},
                      {"1e400", "+inf.0"},
                      {"-1e400", "-inf.0"},
                      {"1e-400", "0.0"},
                      {"0e99999999999999999999", "0.0"},
                      {"4.9406564584124654e-324", "5e-324"},
                      {"0.000000000000000000000000000000000001e400", "+inf.0"},
                      {"2.2250738585072011e-308", "2.225073858507201e-308"},
                      {"6/4", "3/2"},
                      {"-6/3", "-2"},
                      {"1/0", nullptr},
                      {"1/", nullptr},
                      {"/2", nullptr},
                      {"1/-2", nullptr},
                      {"#xff", "255"},
                      {"#xFF/2", "255/2"},
                      {"#b-101", "-5"},
                      {"#o17", "15"},
                      {"#d10", "10"},
                      {"#e1.5", "3/2"},
                      {"#e1e3", "1000"},
                      {"#e-1.25e-2", "-1/80"},
                      {"#i1/3", "0.3333333333333333"},
                      {"#i#x10", "16.0"},
                      {"#x#i10", "16.0"},
                      {"#x#b1", nullptr},
                      {"#e#i1", nullptr},
                      {"#e+inf.0", nullptr},
                      {"+inf.0", "+inf.0"},
                      {"-nan.0", "+nan.0"},
                      {"inf.0", nullptr},
                      {"inf", nullptr},
                      {"nan", nullptr},
                      {"", nullptr},
                      {"+", nullptr},
                      {"-", nullptr},
                      {".", nullptr},
                      {"...", nullptr},
                      {"1+", nullptr},
                      {"1e", nullptr},
                      {"1e+", nullptr},
                      {"1.2.3", nullptr},
                      {"--1", nullptr},
                      {"+-1", nullptr},
                      {"1 ", nullptr},
                      {" 1", nullptr},
                      {"0x10", nullptr},
                      {"#x", nullptr},
                      {"#q1", nullptr},
                      {"#b12", nullptr},
                      {"e5", nullptr},
                      {"123456789012345678901234567890", "123456789012345678901234567890"},
                      {"#x-ffffffffffffffffffff", "-1208925819614629174706175"}};
  VmFixture f(__builtin_frame_address(0));
  for (const Row& row : rows) {
    Value v = number::from_text(f.state(), row.text);
    assert_int_equal(number::is_number_text(row.text), row.number != nullptr);
    if (row.number == nullptr) {
      assert_true(v == kFalse);
    } else {
      assert_is(v, row.number);
    }
  }
}

void number_to_string_checks_its_radix(void**) {
  VmFixture f(__builtin_frame_address(0));
  Value text = number::to_string(f.state(), make_fixnum(-255), make_fixnum(16));
  assert_text(frame::string_view_of(text), "-ff");
  assert_raises(f, number::to_string(f.state(), make_fixnum(1), make_fixnum(37)), "range-error");
  assert_raises(f, number::to_string(f.state(), make_fixnum(1), make_fixnum(1)), "range-error");
  assert_raises(f, number::to_string(f.state(), number_of(f, "1.5"), make_fixnum(2)), "range-error");
  assert_raises(f, number::to_string(f.state(), kNil, make_fixnum(10)), "type-error");
}

// --- sizes

void results_that_are_too_large_are_refused(void**) {
  VmFixture f(__builtin_frame_address(0));
  Value huge = number_of(f, "1000000000000");
  Value bignum = number_of(f, "100000000000000000000");
  for (Value exponent : {huge, bignum}) {
    assert_raises(f, number::expt(f.state(), make_fixnum(2), exponent), "heap-limit");
    assert_raises(f, number::expt(f.state(), number_of(f, "2/3"), exponent), "heap-limit");
    assert_raises(f, number::expt(f.state(), number_of(f, "1/3"), exponent), "heap-limit");
    assert_raises(f, number::shift(f.state(), make_fixnum(1), exponent), "heap-limit");
    assert_raises(f, number::shift(f.state(), bignum, exponent), "heap-limit");
  }
  assert_raises(f, number::expt(f.state(), make_fixnum(2), make_fixnum(-1000000000000)), "heap-limit");
  assert_raises(f, number::from_text(f.state(), "#e1e1000000000000"), "heap-limit");
  assert_raises(f, number::from_text(f.state(), "#e1e-99999999999999999999999999"), "heap-limit");
  Value large = number::shift(f.state(), make_fixnum(1), make_fixnum(int64_t{1} << 28));
  assert_true(large != kUnwind);
  assert_raises(f, number::mul(f.state(), large, large), "heap-limit");
  assert_raises(f, number::mul(f.state(), large, number::mul(f.state(), large, make_fixnum(3))), "heap-limit");
}

// What the largest operations leave untouched of a painted stack shows how much GMP took of it.
struct StackUse {
  std::function<void()> work;
};
void* run_work(void* argument) {
  static_cast<StackUse*>(argument)->work();
  return nullptr;
}

size_t stack_used_by(std::function<void()> work) {
  constexpr size_t kBytes = 4 << 20;
  auto* memory =
      static_cast<unsigned char*>(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  assert_true(memory != MAP_FAILED);
  std::memset(memory, 0xA5, kBytes);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, memory, kBytes);
  pthread_t thread;
  StackUse use{std::move(work)};
  assert_int_equal(pthread_create(&thread, &attributes, run_work, &use), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  size_t untouched = 0;
  while (memory[untouched] == 0xA5) untouched++;
  munmap(memory, kBytes);
  return kBytes - untouched;
}

// The vm has no stack to look at here, since the work runs on one of its own; what must live is rooted.
void gmp_keeps_within_the_stack_it_is_given(void**) {
  frame::Vm vm({}, {});
  frame::VmState* state = &vm.state;
  size_t largest_shift = std::getenv("TERRACE_LARGE") != nullptr ? 27 : 21;
  size_t idle = stack_used_by([] {});
  size_t most = 0;
  for (size_t shift = 10; shift <= largest_shift; shift++) {
    heap::RootedValues keep(vm.heap);
    keep.push(number::expt(state, make_fixnum(3), make_fixnum(int64_t{1} << (shift - 1))));
    keep.push(number::expt(state, make_fixnum(5), make_fixnum(int64_t{1} << (shift - 2))));
    Value big = keep[0];
    Value half = keep[1];
    most = std::max(most, stack_used_by([=] {
                      number::mul(state, half, half);
                      number::mul(state, big, half);
                      number::quotient(state, big, half);
                      number::gcd(state, big, half);
                      Value s, r;
                      number::exact_integer_sqrt(state, big, &s, &r);
                      number::from_text(state, text_of(half));
                    }));
  }
  print_message("# GMP took %zu KB of stack\n", (most - idle) >> 10);
  assert_true(most - idle < (224 << 10));
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(exact_arithmetic_is_that_of_gmp),
      cmocka_unit_test(arithmetic_survives_collection_at_every_allocation),
      cmocka_unit_test(one_double_makes_a_double),
      cmocka_unit_test(an_exact_zero_divisor_raises),
      cmocka_unit_test(other_values_are_type_errors),
      cmocka_unit_test(quotient_and_remainder_belong_together),
      cmocka_unit_test(doubles_divide_with_remainder),
      cmocka_unit_test(gcd_and_lcm),
      cmocka_unit_test(comparison_with_doubles_is_exact),
      cmocka_unit_test(nan_is_unordered_and_infinities_are_ends),
      cmocka_unit_test(exact_to_double_rounds_to_nearest_even),
      cmocka_unit_test(doubles_become_exact_and_back),
      cmocka_unit_test(rounding_to_integers),
      cmocka_unit_test(powers),
      cmocka_unit_test(square_roots),
      cmocka_unit_test(bits_of_integers),
      cmocka_unit_test(fixed_width_wraps),
      cmocka_unit_test(machine_integers),
      cmocka_unit_test(integers_as_text_in_every_radix),
      cmocka_unit_test(doubles_read_back_as_they_were),
      cmocka_unit_test(no_shorter_text_is_the_same_double),
      cmocka_unit_test(decimals_are_read_as_the_nearest_double),
      cmocka_unit_test(doubles_have_one_readable_form),
      cmocka_unit_test(literals),
      cmocka_unit_test(number_to_string_checks_its_radix),
      cmocka_unit_test(results_that_are_too_large_are_refused),
      cmocka_unit_test(gmp_keeps_within_the_stack_it_is_given),
  };
  return cmocka_run_group_tests_name("number", tests, nullptr, nullptr);
}
