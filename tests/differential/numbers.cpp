// differential/numbers.cpp: expressions that give numbers and truth values, with a liking for the borders between kinds.
#include "generator.hpp"

namespace terrace::differential {

std::string Generator::integer_text() {
  static constexpr const char* kBorders[] = {
      "1152921504606846975",  "-1152921504606846976", "1152921504606846976",  "-1152921504606846977", "576460752303423488",
      "-576460752303423488",  "1073741824",           "-1073741825",          "2147483647",           "-2147483648",
      "2147483648",           "4294967295",           "4294967296",           "9223372036854775807",  "-9223372036854775808",
      "9223372036854775808",  "18446744073709551615", "18446744073709551616", "9007199254740993",     "9007199254740992",
      "100000000000000000000", "-123456789012345678901234567890", "33554432", "-536870912",           "1500000000"};
  if (r_.chance(70)) return std::to_string(r_.between(-4, 12));
  if (r_.chance(40)) return std::to_string(r_.between(-1000, 1000));
  return kBorders[r_.below(std::size(kBorders))];
}

std::string Generator::float_text() {
  static constexpr const char* kOdd[] = {"0.0",    "-0.0",   "+inf.0", "-inf.0", "+nan.0",  "1e308", "-1.7976931348623157e308", "5e-324", "1e-310",
                                         "2.2250738585072014e-308", "9007199254740993.0", "1e22", "1e77", "1e-77", "1.157920892373162e77", "0.1", "4611686018427387904.0",
                                         "1152921504606846976.0", "2147483648.0", "1e-230"};
  if (r_.chance(55)) return std::to_string(r_.between(-20, 20)) + "." + r_.pick({"0", "5", "25", "1"});
  return kOdd[r_.below(std::size(kOdd))];
}

Node Generator::integer_expression(int depth) {
  switch (r_.below(10)) {
    case 0: return fixed_width(depth);
    case 1:
    case 2: return integer_of_data(depth);
    default: return integer_operation(depth);
  }
}

Node Generator::integer_operation(int depth) {
  auto e = [&] { return expression(Type::kInt, depth); };
  switch (r_.below(22)) {
    case 0:
    case 1:
    case 2: return list("+", e(), e());
    case 3:
    case 4: return list("-", e(), e());
    case 5: return list("+", e(), std::to_string(r_.between(-40, 40)));
    case 6: return list("-", e(), std::to_string(r_.between(-40, 40)));
    case 7:
    case 8: return work_ > 12 ? bounded(Type::kInt, list("*", e(), e())) : list("*", e(), e());
    case 9: return list(r_.pick({"quotient", "remainder", "modulo"}), e(), e());
    case 10: return list(r_.pick({"quotient", "remainder", "modulo", "floor-quotient", "truncate-quotient"}), e(), integer_text());
    case 11: return list(r_.pick({"abs", "1+", "1-", "-", "bit-not", "integer-length", "bit-count"}), e());
    case 12: return list(r_.pick({"min", "max", "gcd", "bit-and", "bit-or", "bit-xor"}), e(), e());
    case 13: return list(r_.pick({"+", "-", "max", "min", "bit-xor", "gcd"}), e(), e(), e());
    case 14: return list("arithmetic-shift", e(), std::to_string(r_.between(-70, work_ > 12 ? 3 : 70)));
    case 15: return list("expt", bounded(Type::kInt, e()), std::to_string(r_.between(0, 4)));
    case 16: return list("floor->exact", list("*", "1.0", list("->i32", e())));
    case 17: return list("+", e(), list("*", e(), std::to_string(r_.between(-9, 9))));
    case 18: return list("if", comparison(depth), e(), e());
    case 19: return list("*", e(), std::to_string(r_.between(-5, 5)));
    case 20: return list("-", std::to_string(r_.between(-5, 5)), e());
    default: return list(r_.pick({"bit-and", "modulo"}), e(), r_.pick({"255", "7", "1023"}));
  }
}

Node Generator::fixed_width(int depth) {
  auto e = [&] { return expression(Type::kInt, depth); };
  std::string shift = std::to_string(r_.between(0, 31));
  switch (r_.below(8)) {
    case 0: return list(r_.pick({"u64+", "u64-", "u64*", "u64-and", "u64-or", "u64-xor"}), list("->u64", e()), list("->u64", e()));
    case 1: return list(r_.pick({"i64+", "i64-", "i64*"}), list("->i64", e()), list("->i64", e()));
    case 2: return list(r_.pick({"i32+", "i32-", "i32*", "i32-and", "i32-or", "i32-xor"}), list("->i32", e()), list("->i32", e()));
    case 3: return list(r_.pick({"u64-shl", "u64-shr", "u64-rotl"}), list("->u64", e()), std::to_string(r_.between(0, 66)));
    case 4: return list(r_.pick({"i32-shl", "i32-shr", "i32-ushr"}), list("->i32", e()), shift);
    case 5: return list(r_.pick({"i64-shl", "i64-shr"}), list("->i64", e()), std::to_string(r_.between(0, 66)));
    case 6: return list(r_.pick({"u64-quotient", "u64-remainder"}), list("->u64", e()), list("->u64", e()));
    default: return list(r_.pick({"->i32", "->u32", "->i64", "->u64", "i32-not", "u64-not"}), list("->i32", e()));
  }
}

Node Generator::integer_of_data(int depth) {
  auto of = [&](Type type) { return expression(type, depth); };
  switch (r_.below(16)) {
    case 0: return list("length", of(Type::kList));
    case 1: return list("vector-length", of(Type::kVector));
    case 2: return list("string-length", of(Type::kString));
    case 3: return list("char->integer", of(Type::kChar));
    case 4: return list("dict-get", of(Type::kDict), key(), of(Type::kInt));
    case 5: return list("bytes-ref", of(Type::kBytes), expression(Type::kInt, 1));
    case 6: return list("car", of(Type::kList));
    case 7: return list(r_.pick({"first", "last", "cadr"}), of(Type::kList));
    case 8: return list("nth", of(Type::kList), std::to_string(r_.between(0, 3)));
    case 9: return list("fold-left", r_.chance(50) ? Node(r_.pick({"+", "-", "max", "min"})) : lambda({Type::kInt, Type::kInt}, Type::kInt, 5),
                        of(Type::kInt), list("clip", of(Type::kList)));
    case 10: return list("apply", r_.pick({"+", "max", "-", "bit-xor"}), list("cons", of(Type::kInt), of(Type::kList)));
    case 11: return list("count", lambda({Type::kInt}, Type::kBool, 5), list("clip", of(Type::kList)));
    case 12: return list("dict-count", of(Type::kDict));
    case 13: return list("*pi*");
    case 14: return list("reduce", r_.chance(50) ? Node(r_.pick({"+", "-", "max"})) : lambda({Type::kInt, Type::kInt}, Type::kInt, 5),
                         of(Type::kInt), list("clip", of(Type::kList)));
    default:
      if (const Variable* v = variable(Type::kVector)) {
        std::string name = v->name;
        return list("vector-ref", name, index_into(name, "vector-length", depth));
      }
      return list("bytes-length", of(Type::kBytes));
  }
}

Node Generator::number_operation(Type type, int depth) {
  auto e = [&] { return expression(type, depth); };
  auto any = [&] { return expression(r_.chance(70) ? type : Type::kNumber, depth); };
  switch (r_.below(12)) {
    case 0:
    case 1: return list("+", e(), any());
    case 2:
    case 3: return list("-", any(), e());
    case 4:
    case 5: return list("*", e(), any());
    case 6:
    case 7: return list("/", e(), any());
    case 8: return list(r_.pick({"+", "*", "-"}), e(), e(), any());
    case 9: return list(r_.pick({"+", "-", "*", "/"}), e(), std::to_string(r_.between(-3, 9)));
    case 10: return list(r_.pick({"min", "max"}), e(), any());
    default: return list(r_.pick({"abs", "-", "1+", "1-", "square"}), e());
  }
}

Node Generator::float_expression(int depth) {
  if (r_.chance(15)) return float_of_data(depth);
  auto e = [&] { return expression(Type::kFloat, depth); };
  switch (r_.below(8)) {
    case 0: return list(r_.pick({"sqrt", "floor", "ceiling", "round", "truncate", "abs"}), list("abs", e()));
    case 1: return list(r_.pick({"sin", "cos", "atan", "exp"}), e());
    case 2: return list(r_.pick({"+", "-", "*", "/"}), e(), expression(Type::kInt, depth));
    case 3: return list("+", list("*", e(), e()), e());
    case 4: return list("inexact", expression(Type::kNumber, depth));
    default: return number_operation(Type::kFloat, depth);
  }
}

Node Generator::float_of_data(int depth) {
  if (const Variable* v = variable(Type::kF64)) {
    std::string name = v->name;
    return list("f64-vector-ref", name, index_into(name, "f64-vector-length", depth));
  }
  return list("f64-vector-ref", expression(Type::kF64, depth), std::to_string(r_.between(0, 3)));
}

Node Generator::number_expression(int depth) {
  switch (r_.below(8)) {
    case 0: return expression(Type::kInt, depth);
    case 1: return expression(Type::kFloat, depth);
    case 2: return list(r_.pick({"floor", "ceiling", "round", "truncate"}), expression(Type::kNumber, depth));
    case 3: return list("clip-number", list("/", expression(Type::kInt, depth), expression(Type::kInt, depth)));
    case 4: return list("vector-ref", expression(Type::kVector, depth), std::to_string(r_.between(0, 3)));
    default: {
      Node made = number_operation(Type::kNumber, depth);
      return work_ > 12 ? bounded(Type::kNumber, std::move(made)) : made;
    }
  }
}

Node Generator::comparison(int depth) {
  const char* op = r_.pick({"<", ">", "<=", ">=", "=", "<", "="});
  Type type = r_.pick({Type::kInt, Type::kInt, Type::kInt, Type::kFloat, Type::kNumber});
  switch (r_.below(6)) {
    case 0:
    case 1: return list(op, expression(type, depth), std::to_string(r_.between(-5, 40)));
    case 2: return list(op, std::to_string(r_.between(-5, 40)), expression(type, depth));
    case 3: return list(op, expression(type, depth), expression(Type::kNumber, depth));
    case 4:
      if (r_.chance(30)) return list(op, expression(type, depth), expression(type, depth), expression(type, depth));
      [[fallthrough]];
    default: return list(op, expression(type, depth), expression(type, depth));
  }
}

Node Generator::boolean_expression(int depth) {
  auto b = [&] { return expression(Type::kBool, depth); };
  switch (r_.below(16)) {
    case 0: return list("not", b());
    case 1: return list("and", b(), b());
    case 2: return list("or", b(), b());
    case 3: return list(r_.pick({"zero?", "positive?", "negative?"}), expression(Type::kNumber, depth));
    case 4: return list(r_.pick({"odd?", "even?"}), expression(Type::kInt, depth));
    case 5: return list(r_.pick({"pair?", "null?", "list?"}), expression(Type::kList, depth));
    case 6: return list(r_.pick({"eqv?", "equal?"}), expression(Type::kNumber, depth), expression(Type::kNumber, depth));
    case 7: return list("eq?", expression(Type::kSymbol, depth), expression(Type::kSymbol, depth));
    case 8: return list(r_.pick({"number?", "integer?", "float?", "fixnum?", "string?", "symbol?", "vector?", "procedure?", "boolean?", "char?", "exact-integer?"}),
                        expression(any_type(), depth));
    case 9: return list("equal?", expression(Type::kList, depth), expression(Type::kList, depth));
    case 10: return list("dict-has?", expression(Type::kDict, depth), key());
    case 11: return list(r_.pick({"string=?", "string<?"}), expression(Type::kString, depth), expression(Type::kString, depth));
    case 12: return list(r_.pick({"char=?", "char<?"}), expression(Type::kChar, depth), expression(Type::kChar, depth));
    case 13: return list(r_.pick({"nan?", "infinite?", "finite?"}), expression(Type::kNumber, depth));
    default: return comparison(depth);
  }
}

}  // namespace terrace::differential
