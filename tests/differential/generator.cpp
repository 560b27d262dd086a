// differential/generator.cpp: what stands around an expression, and the choice of its kind.
#include "generator.hpp"

namespace terrace::differential {

Generator::Generator(uint64_t seed) : r_(seed), prefix_("p" + std::to_string(seed) + "-") {}

Program generate(uint64_t seed) {
  Program program = Generator(seed).program();
  program.seed = seed;
  return program;
}

std::string source_of(const Program& program) {
  std::string out;
  for (const Definition& definition : program.definitions) {
    out += "(define " + definition.name + " ";
    print(definition.value, out);
    out += ")\n";
  }
  for (const Call& call : program.calls) {
    out += "(" + call.function;
    for (const Node& argument : call.arguments) out += " '" + text_of(argument);
    out += ")\n";
  }
  return out;
}

std::string Generator::fresh(const char* stem) { return stem + std::to_string(names_++); }

// Now and then a name that is taken already, so that it is hidden.
std::string Generator::binding_name(const char* stem) {
  if (scope_.empty() || !r_.chance(15)) return fresh(stem);
  const Variable& taken = scope_[r_.below(scope_.size())];
  return taken.assignable && taken.name[0] != 'p' ? taken.name : fresh(stem);
}

bool Generator::visible(size_t index) const {
  for (size_t i = index + 1; i < scope_.size(); ++i)
    if (scope_[i].name == scope_[index].name) return false;
  return true;
}

const Variable* Generator::find(const std::function<bool(const Variable&)>& fits) {
  const Variable* found = nullptr;
  uint64_t seen = 0;
  for (size_t i = 0; i < scope_.size(); ++i)
    if (fits(scope_[i]) && visible(i) && r_.below(++seen) == 0) found = &scope_[i];
  return found;
}

const Variable* Generator::variable(Type type) {
  return find([type](const Variable& v) {
    return v.type == type || (type == Type::kNumber && (v.type == Type::kInt || v.type == Type::kFloat));
  });
}

const Variable* Generator::assignable() {
  return find([](const Variable& v) { return v.assignable && v.type != Type::kFunction; });
}

Type Generator::any_type() { return static_cast<Type>(r_.below(kTypes)); }

Type Generator::data_type() {
  if (r_.chance(60)) return r_.pick({Type::kInt, Type::kInt, Type::kFloat, Type::kNumber, Type::kBool});
  return static_cast<Type>(r_.below(kTypes - 1));
}

Node Generator::within(std::vector<Variable> more, const Make& make) {
  size_t before = scope_.size();
  for (Variable& v : more) scope_.push_back(std::move(v));
  Node made = make();
  scope_.resize(before);
  return made;
}

Node Generator::repeated(double times, const Make& make) {
  double before = work_;
  work_ *= times;
  Node made = make();
  work_ = before;
  return made;
}

Node Generator::expression(Type type, int depth) {
  spent_ += work_;
  if (--size_left_ <= 0 || depth <= 0 || r_.chance(12)) return leaf(type);
  if (r_.chance(1) && r_.chance(60)) type = any_type();
  return r_.chance(32) ? general(type, depth - 1) : specific(type, depth - 1);
}

Node Generator::leaf(Type type) {
  if (r_.chance(75))
    if (const Variable* v = variable(type)) return v->name;
  return literal(type);
}

Node Generator::literal(Type type) {
  switch (type) {
    case Type::kInt: return integer_text();
    case Type::kFloat: return float_text();
    case Type::kNumber: return r_.chance(20) ? std::to_string(r_.between(-9, 9)) + "/" + std::to_string(r_.between(2, 9))
                                             : r_.chance(50) ? integer_text() : float_text();
    case Type::kBool: return r_.pick({"true", "false"});
    case Type::kString: return r_.pick({"\"\"", "\"abc\"", "\"x,y,z\"", "\"h\xc3\xa9llo\"", "\"12\"", "\"-7.5\"", "\"aXbXc\""});
    case Type::kSymbol: return r_.pick({"'red", "'green", "'blue", "'sym"});
    case Type::kChar: return r_.pick({"#\\a", "#\\z", "#\\0", "#\\space", "#\\x3bb", "#\\A"});
    case Type::kList: return r_.pick({"nil", "'(1 2 3)", "'(5)", "'(3 1 2 3)", "'(1152921504606846975 -1 0)", "(list 4 5 6)", "(range 4)"});
    case Type::kVector: return r_.pick({"(vector 1 2 3)", "(vector 1.5 2.5)", "(make-vector 4 0)", "(vector)", "(vector 'a 1 2.0)", "(make-vector 3 1.0)", "(make-vector 3)", "(vector 1e300 +inf.0 -0.0)"});
    case Type::kF64: return r_.pick({"(f64-vector 1 2.5 -3)", "(make-f64-vector 4 0.5)", "(f64-vector)", "(f64-vector 1e300 +inf.0 -0.0)"});
    case Type::kBytes: return r_.pick({"(bytes 1 2 255)", "(make-bytes 5 7)", "(bytes)"});
    case Type::kDict: return r_.pick({"(dict)", "(dict 'a 1 'b 2)", "(dict 1 10 2 20 3 30)", "(dict \"k\" 5 1.5 6)"});
    case Type::kFunction: return r_.pick({"1+", "1-", "identity", "abs", "square", "(lambda (x) (* x 2))", "-"});
  }
  return "0";
}

Node Generator::specific(Type type, int depth) {
  switch (type) {
    case Type::kInt: return integer_expression(depth);
    case Type::kFloat: return float_expression(depth);
    case Type::kNumber: return number_expression(depth);
    case Type::kBool: return boolean_expression(depth);
    case Type::kString: return string_expression(depth);
    case Type::kSymbol: return symbol_expression(depth);
    case Type::kChar: return char_expression(depth);
    case Type::kList: return list_expression(depth);
    case Type::kVector: return vector_expression(depth);
    case Type::kF64: return f64_expression(depth);
    case Type::kBytes: return bytes_expression(depth);
    case Type::kDict: return dict_expression(depth);
    case Type::kFunction: return function_expression(depth);
  }
  return leaf(type);
}

Node Generator::bounded(Type type, Node value) {
  switch (type) {
    case Type::kInt:
      return r_.chance(50) ? list("remainder", std::move(value), r_.pick({"1000003", "1152921504606846976", "4611686018427387904"}))
                           : list(r_.pick({"->i64", "->u64", "->i32"}), std::move(value));
    case Type::kNumber: return list("clip-number", std::move(value));
    case Type::kString:
    case Type::kList:
    case Type::kVector:
    case Type::kBytes: return list("clip", std::move(value));
    default: return value;
  }
}

}  // namespace terrace::differential
