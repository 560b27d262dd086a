// prims/chars.cpp: characters, which are Unicode scalar values.
#include "prims/arguments.hpp"
#include "prims/unicode.hpp"
#include "text/syntax_chars.hpp"

namespace terrace::prims {

namespace {

bool char_argument(VmState* vm, const char* who, Value v, uint32_t* out) {
  if (!value::is_char(v)) return raise_type(vm, who, "a character", v), false;
  *out = value::char_value(v);
  return true;
}

// Whether `holds` is true of every neighbouring pair; all arguments are checked.
template <class Holds>
Value compare_chars(VmState* vm, const char* who, const Value* args, uint64_t argc, Holds holds) {
  uint32_t last, next;
  if (!char_argument(vm, who, args[0], &last)) return kUnwind;
  bool all = true;
  for (uint64_t i = 1; i < argc; i++, last = next) {
    if (!char_argument(vm, who, args[i], &next)) return kUnwind;
    all &= holds(last, next);
  }
  return make_bool(all);
}

Value test_char(VmState* vm, const char* who, Value v, bool (*test)(uint32_t)) {
  uint32_t c;
  return char_argument(vm, who, v, &c) ? make_bool(test(c)) : kUnwind;
}

Value change_char(VmState* vm, const char* who, Value v, uint32_t (*change)(uint32_t)) {
  uint32_t c;
  return char_argument(vm, who, v, &c) ? value::make_char(change(c)) : kUnwind;
}

}  // namespace

Value prim_char_to_integer(VmState* vm, const Value* args, uint64_t) {
  uint32_t c;
  return char_argument(vm, "char->integer", args[0], &c) ? make_fixnum(c) : kUnwind;
}

Value prim_integer_to_char(VmState* vm, const Value* args, uint64_t) {
  uint64_t c;
  if (!size_argument(vm, "integer->char", args[0], &c)) return kUnwind;
  if (c <= UINT32_MAX && text::is_scalar(static_cast<uint32_t>(c))) return value::make_char(static_cast<uint32_t>(c));
  return frame::raise_error_with(vm, ErrorKind::kRange, "integer->char: the integer is no Unicode scalar value",
                                 frame::make_list(vm, args, 1));
}

#define T_COMPARE(id, name, op)                                                                \
  Value prim_##id(VmState* vm, const Value* args, uint64_t argc) {                             \
    return compare_chars(vm, name, args, argc, [](uint32_t a, uint32_t b) { return a op b; }); \
  }
T_COMPARE(char_eq, "char=?", ==)
T_COMPARE(char_lt, "char<?", <)
T_COMPARE(char_gt, "char>?", >)
T_COMPARE(char_le, "char<=?", <=)
T_COMPARE(char_ge, "char>=?", >=)
#undef T_COMPARE

#define T_COMPARE_FOLDED(id, name, op)                                                                     \
  Value prim_##id(VmState* vm, const Value* args, uint64_t argc) {                                         \
    return compare_chars(vm, name, args, argc,                                                             \
                         [](uint32_t a, uint32_t b) { return fold_simple(a) op fold_simple(b); });         \
  }
T_COMPARE_FOLDED(char_ci_eq, "char-ci=?", ==)
T_COMPARE_FOLDED(char_ci_lt, "char-ci<?", <)
T_COMPARE_FOLDED(char_ci_gt, "char-ci>?", >)
T_COMPARE_FOLDED(char_ci_le, "char-ci<=?", <=)
T_COMPARE_FOLDED(char_ci_ge, "char-ci>=?", >=)
#undef T_COMPARE_FOLDED

Value prim_char_upcase(VmState* vm, const Value* args, uint64_t) {
  return change_char(vm, "char-upcase", args[0], to_upper);
}
Value prim_char_downcase(VmState* vm, const Value* args, uint64_t) {
  return change_char(vm, "char-downcase", args[0], to_lower);
}
Value prim_char_foldcase(VmState* vm, const Value* args, uint64_t) {
  return change_char(vm, "char-foldcase", args[0], fold_simple);
}
Value prim_is_char_alphabetic(VmState* vm, const Value* args, uint64_t) {
  return test_char(vm, "char-alphabetic?", args[0], is_alphabetic);
}
Value prim_is_char_numeric(VmState* vm, const Value* args, uint64_t) {
  return test_char(vm, "char-numeric?", args[0], [](uint32_t c) { return decimal_digit(c) >= 0; });
}
Value prim_is_char_whitespace(VmState* vm, const Value* args, uint64_t) {
  return test_char(vm, "char-whitespace?", args[0], is_white_space);
}
Value prim_is_char_upper_case(VmState* vm, const Value* args, uint64_t) {
  return test_char(vm, "char-upper-case?", args[0], is_upper_case);
}
Value prim_is_char_lower_case(VmState* vm, const Value* args, uint64_t) {
  return test_char(vm, "char-lower-case?", args[0], is_lower_case);
}

Value prim_digit_value(VmState* vm, const Value* args, uint64_t) {
  uint32_t c;
  if (!char_argument(vm, "digit-value", args[0], &c)) return kUnwind;
  int digit = decimal_digit(c);
  return digit < 0 ? kFalse : make_fixnum(digit);
}

}  // namespace terrace::prims
