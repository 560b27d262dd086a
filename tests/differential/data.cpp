// differential/data.cpp: expressions that give strings, symbols, lists, vectors, dicts and functions.
#include "generator.hpp"

namespace terrace::differential {

// Mostly inside, now and then beyond the end or negative.
Node Generator::index_into(const Node& object, const char* length, int depth) {
  if (r_.chance(40)) return std::to_string(r_.between(r_.chance(10) ? -1 : 0, 3));
  if (r_.chance(60)) return list("modulo", expression(Type::kInt, depth), list("max", "1", list(length, object)));
  return expression(Type::kInt, 1);
}

Node Generator::key() { return r_.pick({"'a", "'b", "1", "2", "\"k\"", "1.5", "'c", "3"}); }

Node Generator::sequence(int depth) {
  return list("clip", expression(r_.chance(75) ? Type::kList : Type::kVector, depth));
}

Node Generator::string_expression(int depth) {
  auto s = [&] { return expression(Type::kString, depth); };
  switch (r_.below(11)) {
    case 0:
    case 1: return bounded(Type::kString, list("string-append", s(), s()));
    case 2: return list("number->string", expression(Type::kNumber, depth));
    case 3: return list(r_.pick({"string-upcase", "string-downcase", "string-reverse", "string-trim"}), s());
    case 4: return list("substring", s(), std::to_string(r_.between(0, 2)), std::to_string(r_.between(1, 4)));
    case 5: return list("symbol->string", expression(Type::kSymbol, depth));
    case 6: return list("clip", list("str", expression(data_type(), depth), expression(data_type(), depth)));
    case 7: return list("string-join", list("string-split", s(), "\",\""), "\"-\"");
    case 8: return list("list->string", list("list", expression(Type::kChar, depth), expression(Type::kChar, depth)));
    case 9: return list("string-replace", s(), "\"X\"", "\"yy\"");
    default: return list("write-to-string", expression(data_type(), depth));
  }
}

Node Generator::symbol_expression(int depth) {
  switch (r_.below(4)) {
    case 0: return list("string->symbol", list("substring", expression(Type::kString, depth), "0", "1"));
    case 1: return list("type-of", expression(any_type(), depth));
    case 2: return list("if", comparison(depth), expression(Type::kSymbol, depth), expression(Type::kSymbol, depth));
    default: return literal(Type::kSymbol);
  }
}

Node Generator::char_expression(int depth) {
  switch (r_.below(4)) {
    case 0: return list("string-ref", expression(Type::kString, depth), std::to_string(r_.between(0, 3)));
    case 1: return list(r_.pick({"char-upcase", "char-downcase"}), expression(Type::kChar, depth));
    case 2: return list("integer->char", list("+", "65", list("modulo", expression(Type::kInt, depth), "26")));
    default: return list("if", comparison(depth), expression(Type::kChar, depth), expression(Type::kChar, depth));
  }
}

Node Generator::list_expression(int depth) {
  auto l = [&] { return expression(Type::kList, depth); };
  auto e = [&] { return expression(Type::kInt, depth); };
  switch (r_.below(17)) {
    case 0:
    case 1: return list("cons", e(), l());
    case 2: return list("list", e(), e());
    case 3: return list("list", e(), e(), e(), e());
    case 4: return list(r_.pick({"cdr", "rest", "reverse"}), l());
    case 5: return bounded(Type::kList, list("append", l(), l()));
    case 6: return list("map", lambda({Type::kInt}, Type::kInt, 5), list("clip", l()));
    case 7: return list("map", expression(Type::kFunction, depth), list("clip", l()));
    case 8: return list("map", lambda({Type::kInt, Type::kInt}, Type::kInt, 5), list("clip", l()), list("clip", l()));
    case 9: return list(r_.pick({"filter", "remove", "take-while", "drop-while"}), lambda({Type::kInt}, Type::kBool, 5), list("clip", l()));
    case 10: return list("sort", list("clip", l()), r_.chance(60) ? Node(r_.pick({"<", ">"})) : lambda({Type::kInt, Type::kInt}, Type::kBool, 12));
    case 11: return list(r_.pick({"take", "drop"}), l(), std::to_string(r_.between(0, 4)));
    case 12: return list("range", std::to_string(r_.between(0, 8)));
    case 13: return list("bytes->list", expression(Type::kBytes, depth));
    case 14: return list(r_.pick({"memv", "member"}), e(), list("append", l(), list("list", e())));
    case 15: return list("fold-right", list("lambda", list("x", "acc"), list("cons", within({{"x", Type::kInt, true}, {"acc", Type::kList, false}}, [&] { return repeated(5, e); }), "acc")),
                         "nil", list("clip", l()));
    default: return list("list*", e(), e(), l());
  }
}

Node Generator::vector_expression(int depth) {
  auto v = [&] { return expression(Type::kVector, depth); };
  auto e = [&] { return expression(r_.pick({Type::kInt, Type::kFloat, Type::kNumber}), depth); };
  switch (r_.below(9)) {
    case 0: return list("vector", e(), e());
    case 1: return list("vector", e(), e(), e(), e());
    case 2: return list("make-vector", std::to_string(r_.between(0, 6)), e());
    case 3: return list("vector-map", lambda({Type::kNumber}, Type::kNumber, 5), list("clip", v()));
    case 4: return list("list->vector", expression(Type::kList, depth));
    case 5: return bounded(Type::kVector, list("vector-append", v(), v()));
    case 6: return list("subvector", v(), std::to_string(r_.between(0, 1)), std::to_string(r_.between(1, 3)));
    case 7: return list("map", lambda({Type::kNumber}, Type::kNumber, 5), list("clip", v()));
    default: return list("vector-copy", v());
  }
}

Node Generator::f64_expression(int depth) {
  auto e = [&] { return expression(Type::kFloat, depth); };
  switch (r_.below(4)) {
    case 0: return list("f64-vector", e(), e(), expression(Type::kNumber, depth));
    case 1: return list("make-f64-vector", std::to_string(r_.between(0, 5)), e());
    case 2: return list("f64-vector-copy", expression(Type::kF64, depth));
    default: return list("list->f64-vector", expression(Type::kList, depth));
  }
}

Node Generator::bytes_expression(int depth) {
  auto byte = [&] { return list("bit-and", expression(Type::kInt, depth), "255"); };
  switch (r_.below(4)) {
    case 0: return list("bytes", byte(), byte(), byte());
    case 1: return list("make-bytes", std::to_string(r_.between(0, 6)), byte());
    case 2: return list("string->utf8", expression(Type::kString, depth));
    default: return bounded(Type::kBytes, list("bytes-append", expression(Type::kBytes, depth), expression(Type::kBytes, depth)));
  }
}

Node Generator::dict_expression(int depth) {
  auto e = [&] { return expression(Type::kInt, depth); };
  switch (r_.below(4)) {
    case 0: return list("dict", key(), e(), key(), e());
    case 1: return list("dict-copy", expression(Type::kDict, depth));
    case 2: return list("dict-merge", expression(Type::kDict, depth), expression(Type::kDict, depth));
    default: return list("dict", "'a", e(), "1", e(), "'a", e());
  }
}

// Functions of one integer that give one.
Node Generator::function_expression(int depth) {
  if (r_.chance(30)) {
    // A counter: a function with state of its own.
    std::string name = fresh("n");
    return list("let", list(list(name, expression(Type::kInt, depth))),
                list("lambda", list("k"), list("set!", name, within({{name, Type::kInt, true}, {"k", Type::kInt, true}},
                                                                    [&] { return repeated(20, [&] { return bounded(Type::kInt, list("+", name, expression(Type::kInt, depth))); }); })),
                     name));
  }
  return lambda({Type::kInt}, Type::kInt, 20);
}

}  // namespace terrace::differential
