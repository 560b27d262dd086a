// differential/patterns.cpp: match, with patterns of every kind over data that sometimes fits, and blocks that are left by name.
#include "generator.hpp"

namespace terrace::differential {

// Something with parts. Built from expressions, so that the compiler does not know its shape.
Node Generator::matchable(int depth) {
  auto e = [&] { return expression(r_.pick({Type::kInt, Type::kInt, Type::kNumber, Type::kSymbol, Type::kString, Type::kList}), depth); };
  switch (r_.below(10)) {
    case 0: return list("list", e(), e());
    case 1: return list("list", literal(Type::kSymbol), e(), e());
    case 2: return list("list", e(), list("list", e(), e()), e());
    case 3: return list("cons", e(), e());
    case 4: return list("vector", e(), e());
    case 5: return list("dict", key(), e(), "'a", e());
    case 6: return list("list", literal(Type::kSymbol), list("vector", e(), e()));
    case 7: return list("cons", literal(Type::kSymbol), expression(Type::kList, depth));
    default: return expression(any_type(), depth);
  }
}

Node Generator::pattern_name(Type type, std::vector<Variable>& names) {
  names.push_back({fresh("q"), type, r_.chance(15)});
  return names.back().name;
}

Node Generator::pattern(int depth, std::vector<Variable>& names) {
  auto p = [&] { return pattern(depth - 1, names); };
  auto constant = [&]() -> Node { return r_.pick({"0", "1", "2", "'red", "'green", "'blue", "\"abc\"", "()", "true", "1.5", "#\\a", "1152921504606846976"}); };
  if (depth <= 0) return r_.chance(60) ? pattern_name(r_.pick({Type::kInt, Type::kNumber}), names) : r_.chance(50) ? constant() : Node("_");
  switch (r_.below(17)) {
    case 0: return "_";
    case 1: return pattern_name(Type::kNumber, names);
    case 2: return constant();
    case 3: return list(p());
    case 4:
    case 5: return list(p(), p());
    case 6: return list(constant(), p(), p());
    case 7: return list(p(), ".", pattern_name(Type::kList, names));
    case 8: return list(p(), pattern_name(Type::kList, names), "...");
    case 9: return list("cons", p(), p());
    case 10: return list("?", r_.pick({"number?", "symbol?", "pair?", "string?", "integer?", "vector?"}), p());
    case 11: return list("and", p(), pattern_name(Type::kInt, names));
    case 12: return list("or", constant(), constant(), list("?", r_.pick({"float?", "dict?", "symbol?"})));
    case 13: return list("and", list("not", constant()), p());
    case 14: return list("vector-pattern", p(), p());
    case 15: return list("dict-pattern", key(), p());
    default: return list("as", pattern_name(Type::kInt, names), p());
  }
}

// The brackets of vectors and dicts are no lists, so they are written once the pattern is whole.
Node Generator::bracketed(const Node& pattern) {
  if (!pattern.is_list()) return pattern;
  Node made = list();
  for (const Node& kid : pattern.kids) made.kids.push_back(bracketed(kid));
  if (pattern.kids.empty() || pattern.kids[0].is_list()) return made;
  bool dict = pattern.kids[0].atom == "dict-pattern";
  if (!dict && pattern.kids[0].atom != "vector-pattern") return made;
  made.kids.erase(made.kids.begin());
  std::string text = text_of(made);
  return (dict ? "{" : "[") + text.substr(1, text.size() - 2) + (dict ? "}" : "]");
}

Node Generator::matched(Type type, int depth) {
  Node made = list("match", matchable(depth));
  for (uint64_t n = 1 + r_.below(4); n > 0; --n) {
    std::vector<Variable> names;
    Node clause = list(bracketed(pattern(2, names)));
    within(std::move(names), [&] {
      if (r_.chance(20)) clause.kids.push_back(list("when", comparison(depth - 1)));
      if (r_.chance(20)) clause.kids.push_back(statement(depth - 1));
      clause.kids.push_back(expression(type, depth - 1));
      return Node("0");
    });
    made.kids.push_back(std::move(clause));
  }
  if (r_.chance(75)) made.kids.push_back(list(r_.pick({"else", "_"}), expression(type, depth - 1)));
  return made;
}

Node Generator::block(Type type, int depth) {
  std::string name = fresh("block");
  escapes_.push_back({name, type, type, true});
  Node body = r_.chance(60) ? sequence_of_statements(type, depth) : expression(type, depth);
  escapes_.pop_back();
  return list("block", name, std::move(body));
}

}  // namespace terrace::differential
