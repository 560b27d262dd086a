// prims/numbers.cpp: arithmetic, comparison, rounding and numbers as text.
//
// Answers for: any number of arguments, and optional ones. Not for: what the operations mean (frame/number.hpp).
// Elementary functions are those of the C library on doubles, the same in every tier.
#include <cmath>
#include <limits>

#include "frame/number.hpp"
#include "prims/build.hpp"

namespace terrace::prims {

namespace number = frame::number;

namespace {

using Binary = Value (*)(VmState*, Value, Value);
using Unary = Value (*)(VmState*, Value);

bool number_argument(VmState* vm, const char* who, Value v) {
  if (number::is_number(v)) [[likely]]
    return true;
  raise_type(vm, who, "a number", v);
  return false;
}

// Combines all arguments from the left; one argument is combined with the neutral element, which checks it.
template <Binary operation>
Value combine_all(VmState* vm, const Value* args, uint64_t argc, Value neutral) {
  if (argc == 2) [[likely]]
    return operation(vm, args[0], args[1]);
  if (argc < 2) return argc == 0 ? neutral : operation(vm, args[0], neutral);
  Value sum = args[0];
  for (uint64_t i = 1; i < argc && sum != kUnwind; i++) sum = operation(vm, sum, args[i]);
  return sum;
}

// Whether every neighbouring pair satisfies the comparison, as far as the first that does not: what the compiler makes of a call.
template <Binary comparison, bool swapped>
Value compare_all(VmState* vm, const Value* args, uint64_t argc) {
  if (argc == 1) return comparison(vm, args[0], args[0]) == kUnwind ? kUnwind : kTrue;
  Value one = kTrue;
  for (uint64_t i = 0; i + 1 < argc && one == kTrue; i++)
    one = swapped ? comparison(vm, args[i + 1], args[i]) : comparison(vm, args[i], args[i + 1]);
  return one;
}

using number::Toward;

Value quotient_and_remainder(VmState* vm, const char* who, Toward toward, const Value* args) {
  Value two[2] = {kNil, kNil};
  bool done = number::divide({vm, who, toward, &two[0], &two[1]}, args[0], args[1]);
  return done ? several_values(vm, who, two, 2) : kUnwind;
}
Value only_quotient(VmState* vm, const char* who, Toward toward, const Value* args) {
  Value q;
  return number::divide({vm, who, toward, &q, nullptr}, args[0], args[1]) ? q : kUnwind;
}
Value only_remainder(VmState* vm, const char* who, Toward toward, const Value* args) {
  Value r;
  return number::divide({vm, who, toward, nullptr, &r}, args[0], args[1]) ? r : kUnwind;
}

// The least (sign -1) or greatest (sign 1) argument; one double makes the answer a double, one NaN makes it NaN.
Value extreme(VmState* vm, const char* who, const Value* args, uint64_t argc, int sign) {
  Value best = args[0];
  bool inexact = false;
  for (uint64_t i = 0; i < argc; i++) {
    if (!number_argument(vm, who, args[i])) return kUnwind;
    inexact |= !number::is_exact(args[i]);
    int order = number::compare(args[i], best);
    if (order == number::kUnordered) return frame::make_float(vm, std::numeric_limits<double>::quiet_NaN());
    if (order == sign) best = args[i];
  }
  return inexact ? number::to_inexact(vm, best) : best;
}

template <class Function>
Value on_double(VmState* vm, const char* who, Value v, Function function) {
  double d;
  return double_argument(vm, who, v, &d) ? frame::make_float(vm, function(d)) : kUnwind;
}

Value exact_of(VmState* vm, Value rounded) { return rounded == kUnwind ? kUnwind : number::to_exact(vm, rounded); }

Value sign_test(VmState* vm, const char* who, Value v, int sign) {
  return number_argument(vm, who, v) ? make_bool(number::sign_of(v) == sign) : kUnwind;
}

Value parity(VmState* vm, const char* who, Value v, bool odd) {
  if (value::is_fixnum(v)) return make_bool(((value::fixnum_value(v) & 1) != 0) == odd);
  if (!number::is_number(v) || !number::is_integer_valued(v)) return raise_type(vm, who, "an integer", v);
  Value rest = number::remainder(vm, v, make_fixnum(2));
  return rest == kUnwind ? kUnwind : make_bool((number::sign_of(rest) != 0) == odd);
}

// Zero has a sign of its own, so "neither positive nor negative" would call NaN zero.
bool is_zero_number(Value v) { return number::compare(v, make_fixnum(0)) == 0; }

}  // namespace

bool int64_argument(VmState* vm, const char* who, Value v, int64_t* out) {
  if (number::to_int64(v, out)) return true;
  if (value::is_integer(v)) {
    raise_error(vm, ErrorKind::kRange, "%s: the integer does not fit 64 bits with sign", who);
  } else {
    raise_type(vm, who, "an exact integer", v);
  }
  return false;
}

bool double_argument(VmState* vm, const char* who, Value v, double* out) {
  if (value::is_flonum_immediate(v)) {
    *out = value::decode_float(v);
    return true;
  }
  if (!number_argument(vm, who, v)) return false;
  *out = number::to_double(v);
  return true;
}

Value prim_add(VmState* vm, const Value* args, uint64_t argc) {
  return combine_all<number::add>(vm, args, argc, make_fixnum(0));
}
Value prim_mul(VmState* vm, const Value* args, uint64_t argc) {
  return combine_all<number::mul>(vm, args, argc, make_fixnum(1));
}
Value prim_sub(VmState* vm, const Value* args, uint64_t argc) {
  return argc == 1 ? number::neg(vm, args[0]) : combine_all<number::sub>(vm, args, argc, kNil);
}
Value prim_div(VmState* vm, const Value* args, uint64_t argc) {
  return argc == 1 ? number::div(vm, make_fixnum(1), args[0]) : combine_all<number::div>(vm, args, argc, kNil);
}

Value prim_num_eq(VmState* vm, const Value* args, uint64_t argc) {
  return compare_all<number::num_eq, false>(vm, args, argc);
}
Value prim_num_lt(VmState* vm, const Value* args, uint64_t argc) {
  return compare_all<number::num_lt, false>(vm, args, argc);
}
Value prim_num_gt(VmState* vm, const Value* args, uint64_t argc) {
  return compare_all<number::num_lt, true>(vm, args, argc);
}
Value prim_num_le(VmState* vm, const Value* args, uint64_t argc) {
  return compare_all<number::num_le, false>(vm, args, argc);
}
Value prim_num_ge(VmState* vm, const Value* args, uint64_t argc) {
  return compare_all<number::num_le, true>(vm, args, argc);
}

Value prim_quotient(VmState* vm, const Value* args, uint64_t) { return number::quotient(vm, args[0], args[1]); }
Value prim_remainder(VmState* vm, const Value* args, uint64_t) { return number::remainder(vm, args[0], args[1]); }
Value prim_modulo(VmState* vm, const Value* args, uint64_t) { return number::modulo(vm, args[0], args[1]); }
Value prim_floor_quotient(VmState* vm, const Value* args, uint64_t) {
  return number::floor_quotient(vm, args[0], args[1]);
}

#define T_DIVISION(id, name, what, toward) \
  Value prim_##id(VmState* vm, const Value* args, uint64_t) { return what(vm, name, Toward::toward, args); }
T_DIVISION(floor_div, "floor/", quotient_and_remainder, kFloor)
T_DIVISION(truncate_div, "truncate/", quotient_and_remainder, kZero)
T_DIVISION(ceiling_div, "ceiling/", quotient_and_remainder, kCeiling)
T_DIVISION(round_div, "round/", quotient_and_remainder, kNearest)
T_DIVISION(ceiling_quotient, "ceiling-quotient", only_quotient, kCeiling)
T_DIVISION(ceiling_remainder, "ceiling-remainder", only_remainder, kCeiling)
T_DIVISION(round_quotient, "round-quotient", only_quotient, kNearest)
T_DIVISION(round_remainder, "round-remainder", only_remainder, kNearest)
#undef T_DIVISION

Value prim_abs(VmState* vm, const Value* args, uint64_t) { return number::abs(vm, args[0]); }
Value prim_min(VmState* vm, const Value* args, uint64_t argc) { return extreme(vm, "min", args, argc, -1); }
Value prim_max(VmState* vm, const Value* args, uint64_t argc) { return extreme(vm, "max", args, argc, 1); }
Value prim_gcd(VmState* vm, const Value* args, uint64_t argc) {
  return combine_all<number::gcd>(vm, args, argc, make_fixnum(0));
}
Value prim_lcm(VmState* vm, const Value* args, uint64_t argc) {
  return combine_all<number::lcm>(vm, args, argc, make_fixnum(1));
}
Value prim_inc(VmState* vm, const Value* args, uint64_t) { return number::add(vm, args[0], make_fixnum(1)); }
Value prim_dec(VmState* vm, const Value* args, uint64_t) { return number::sub(vm, args[0], make_fixnum(1)); }
Value prim_square(VmState* vm, const Value* args, uint64_t) { return number::mul(vm, args[0], args[0]); }

Value prim_floor(VmState* vm, const Value* args, uint64_t) { return number::floor(vm, args[0]); }
Value prim_ceiling(VmState* vm, const Value* args, uint64_t) { return number::ceiling(vm, args[0]); }
Value prim_truncate(VmState* vm, const Value* args, uint64_t) { return number::truncate(vm, args[0]); }
Value prim_round(VmState* vm, const Value* args, uint64_t) { return number::round(vm, args[0]); }
Value prim_floor_exact(VmState* vm, const Value* args, uint64_t) { return exact_of(vm, number::floor(vm, args[0])); }
Value prim_truncate_exact(VmState* vm, const Value* args, uint64_t) {
  return exact_of(vm, number::truncate(vm, args[0]));
}
Value prim_round_exact(VmState* vm, const Value* args, uint64_t) { return exact_of(vm, number::round(vm, args[0])); }

Value prim_exact(VmState* vm, const Value* args, uint64_t) { return number::to_exact(vm, args[0]); }
Value prim_inexact(VmState* vm, const Value* args, uint64_t) { return number::to_inexact(vm, args[0]); }
Value prim_exact_to_inexact(VmState* vm, const Value* args, uint64_t) { return number::to_inexact(vm, args[0]); }
Value prim_inexact_to_exact(VmState* vm, const Value* args, uint64_t) { return number::to_exact(vm, args[0]); }
Value prim_numerator(VmState* vm, const Value* args, uint64_t) { return number::numerator(vm, args[0]); }
Value prim_denominator(VmState* vm, const Value* args, uint64_t) { return number::denominator(vm, args[0]); }

Value prim_sqrt(VmState* vm, const Value* args, uint64_t) { return number::sqrt(vm, args[0]); }
Value prim_expt(VmState* vm, const Value* args, uint64_t) { return number::expt(vm, args[0], args[1]); }
Value prim_exact_integer_sqrt(VmState* vm, const Value* args, uint64_t) {
  Value two[2] = {kNil, kNil};
  return number::exact_integer_sqrt(vm, args[0], &two[0], &two[1]) ? several_values(vm, "exact-integer-sqrt", two, 2)
                                                                   : kUnwind;
}

#define T_ELEMENTARY(name)                                                       \
  Value prim_##name(VmState* vm, const Value* args, uint64_t) {                  \
    return on_double(vm, #name, args[0], [](double d) { return std::name(d); }); \
  }
T_ELEMENTARY(exp)
T_ELEMENTARY(sin)
T_ELEMENTARY(cos)
T_ELEMENTARY(tan)
T_ELEMENTARY(asin)
T_ELEMENTARY(acos)
#undef T_ELEMENTARY

Value prim_log(VmState* vm, const Value* args, uint64_t argc) {
  double x, base;
  if (!double_argument(vm, "log", args[0], &x)) return kUnwind;
  if (argc == 1) return frame::make_float(vm, std::log(x));
  if (!double_argument(vm, "log", args[1], &base)) return kUnwind;
  if (base == 2) return frame::make_float(vm, std::log2(x));
  if (base == 10) return frame::make_float(vm, std::log10(x));
  return frame::make_float(vm, std::log(x) / std::log(base));
}

Value prim_atan(VmState* vm, const Value* args, uint64_t argc) {
  double y, x;
  if (!double_argument(vm, "atan", args[0], &y)) return kUnwind;
  if (argc == 1) return frame::make_float(vm, std::atan(y));
  return double_argument(vm, "atan", args[1], &x) ? frame::make_float(vm, std::atan2(y, x)) : kUnwind;
}

Value prim_number_to_string(VmState* vm, const Value* args, uint64_t argc) {
  return number::to_string(vm, args[0], argc > 1 ? args[1] : make_fixnum(10));
}

Value prim_string_to_number(VmState* vm, const Value* args, uint64_t argc) {
  std::string_view text;
  uint64_t radix = 10;
  if (!string_argument(vm, "string->number", args[0], &text)) return kUnwind;
  if (argc > 1 && !size_argument(vm, "string->number", args[1], &radix)) return kUnwind;
  if (radix < 2 || radix > 36) {
    return raise_error(vm, ErrorKind::kRange, "string->number: the radix must be an integer from 2 to 36");
  }
  return number::from_text(vm, text, static_cast<int>(radix));
}

Value prim_is_zero(VmState* vm, const Value* args, uint64_t) {
  return number_argument(vm, "zero?", args[0]) ? make_bool(is_zero_number(args[0])) : kUnwind;
}
Value prim_is_positive(VmState* vm, const Value* args, uint64_t) { return sign_test(vm, "positive?", args[0], 1); }
Value prim_is_negative(VmState* vm, const Value* args, uint64_t) { return sign_test(vm, "negative?", args[0], -1); }
Value prim_is_odd(VmState* vm, const Value* args, uint64_t) { return parity(vm, "odd?", args[0], true); }
Value prim_is_even(VmState* vm, const Value* args, uint64_t) { return parity(vm, "even?", args[0], false); }

Value prim_is_nan(VmState* vm, const Value* args, uint64_t) {
  if (!number_argument(vm, "nan?", args[0])) return kUnwind;
  return make_bool(value::is_float(args[0]) && std::isnan(value::float_value(args[0])));
}
Value prim_is_infinite(VmState* vm, const Value* args, uint64_t) {
  if (!number_argument(vm, "infinite?", args[0])) return kUnwind;
  return make_bool(value::is_float(args[0]) && std::isinf(value::float_value(args[0])));
}
Value prim_is_finite(VmState* vm, const Value* args, uint64_t) {
  return number_argument(vm, "finite?", args[0]) ? make_bool(number::is_rational(args[0])) : kUnwind;
}

}  // namespace terrace::prims
