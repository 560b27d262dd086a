// differential/functions.cpp: lambdas, the global functions of a program, and the calls that test them.
#include "generator.hpp"

namespace terrace::differential {

namespace {

constexpr int kBodySize = 70;
constexpr int kBodyDepth = 6;

}  // namespace

Node Generator::lambda(std::vector<Type> types, Type result, double times) {
  Node parameters = list();
  std::vector<Variable> variables;
  for (Type type : types) {
    variables.push_back({fresh("x"), type, true});
    parameters.kids.push_back(variables.back().name);
  }
  Node body = within(std::move(variables), [&] { return repeated(times, [&] { return bounded(result, expression(result, 3)); }); });
  return list("lambda", std::move(parameters), std::move(body));
}

Signature Generator::random_signature() {
  Signature s;
  s.name = prefix_ + fresh("f");
  s.result = r_.chance(8) ? Type::kFunction : data_type();
  for (uint64_t n = r_.below(12) == 0 ? 0 : 1 + r_.below(3); n > 0; --n) s.required.push_back(r_.chance(8) ? Type::kFunction : data_type());
  if (r_.chance(15)) s.optional.push_back(data_type());
  s.rest = r_.chance(10);
  return s;
}

Node Generator::parameters(const Signature& s, std::vector<Variable>& variables) {
  Node made = list();
  auto add = [&](Type type, bool assignable) {
    variables.push_back({fresh("a"), type, assignable && type != Type::kFunction});
    return variables.back().name;
  };
  for (size_t i = 0; i < s.required.size(); ++i) made.kids.push_back(add(s.required[i], !(s.fuelled && i == 0)));
  if (!s.optional.empty()) made.kids.push_back("&optional");
  for (Type type : s.optional) {
    Node value = within(variables, [&] { return expression(type, 2); });
    made.kids.push_back(list(add(type, true), std::move(value)));
  }
  if (s.rest) {
    made.kids.push_back("&rest");
    made.kids.push_back(add(Type::kList, true));
  }
  return made;
}

// `tied`: it may call itself and its partner, which stand in recursive_, with less fuel.
Node Generator::function(Signature& s, bool tied) {
  size_left_ = static_cast<int>(r_.between(kBodySize / 4, kBodySize));
  work_ = base_work_ = tied ? 60 : 1;
  spent_ = 0;
  std::vector<Variable> variables;
  Node formals = parameters(s, variables);
  fuel_ = tied ? variables[0].name : "";
  recursive_calls_left_ = 2;
  Node body = within(variables, [&] {
    if (!tied) return r_.chance(40) ? sequence_of_statements(s.result, kBodyDepth) : expression(s.result, kBodyDepth);
    Node base = expression(s.result, 2);
    Node step = bounded(s.result, expression(s.result, kBodyDepth));
    if (recursive_calls_left_ == 2) step = list("let", list(list(fresh("u"), std::move(step))), recursive_call(s.result));
    return list("if", list(r_.pick({"<=", "="}), fuel_, "0"), std::move(base), std::move(step));
  });
  fuel_.clear();
  s.cost = spent_ + 1;
  return list("lambda", std::move(formals), std::move(body));
}

Node Generator::call_of(const Signature& s) {
  Signature signature = s;  // the vector may grow or be set aside meanwhile
  spent_ += work_ * signature.cost;
  Node call = list(signature.name);
  for (size_t i = 0; i < signature.required.size(); ++i) {
    bool fuel = signature.fuelled && i == 0;
    call.kids.push_back(fuel ? Node(std::to_string(r_.between(0, 4))) : expression(signature.required[i], 2));
  }
  if (r_.chance(50))
    for (Type type : signature.optional) call.kids.push_back(expression(type, 2));
  if (signature.rest && call.kids.size() == 1 + signature.required.size() + signature.optional.size())
    for (uint64_t n = r_.below(3); n > 0; --n) call.kids.push_back(expression(Type::kInt, 2));
  if (r_.chance(1)) call.kids.push_back("1");
  return call;
}

// Only where the body of the function runs once, so that the work at most doubles with every step.
Node Generator::recursive_call(Type type) {
  if (recursive_.empty() || fuel_.empty() || recursive_calls_left_ == 0 || work_ > base_work_ || size_left_ < -20) return leaf(type);
  const Signature callee = recursive_[r_.below(recursive_.size())];
  if (callee.result != type) return leaf(type);
  --recursive_calls_left_;
  Node call = list(callee.name, list("-", fuel_, "1"));
  for (size_t i = 1; i < callee.required.size(); ++i) call.kids.push_back(bounded(callee.required[i], expression(callee.required[i], 2)));
  return call;
}

Definition Generator::global_variable() {
  Type type = data_type();
  std::string name = prefix_ + fresh("g");
  Node value = literal(type);
  scope_.push_back({name, type, true});
  return {name, value};
}

void Generator::recursive_pair(Program& program) {
  std::vector<Signature> pair(r_.chance(50) ? 2 : 1, Signature{});
  Type result = data_type();
  for (Signature& s : pair) {
    s.name = prefix_ + fresh("f");
    s.result = result;
    s.required = {Type::kInt};
    s.fuelled = true;
    for (uint64_t n = r_.below(3); n > 0; --n) s.required.push_back(data_type());
  }
  recursive_ = pair;
  for (Signature& s : pair) {
    Node value = function(s, true);
    program.definitions.push_back({s.name, std::move(value)});
  }
  recursive_.clear();
  for (Signature& s : pair) functions_.push_back(std::move(s));
}

void Generator::definitions(Program& program) {
  for (uint64_t n = r_.below(3); n > 0; --n) program.definitions.push_back(global_variable());
  for (uint64_t n = 1 + r_.below(3); n > 0; --n) {
    if (r_.chance(30)) {
      recursive_pair(program);
      continue;
    }
    Signature s = random_signature();
    Node value = function(s, false);
    program.definitions.push_back({s.name, std::move(value)});
    functions_.push_back(std::move(s));
  }
}

// What `read` makes of the text: no expression.
Node Generator::datum(Type type, bool odd) {
  if (odd) type = any_type();
  switch (type) {
    case Type::kSymbol: return r_.pick({"red", "green", "blue"});
    case Type::kList: return r_.pick({"()", "(1 2 3)", "(5)", "(3 1 2 3 9 -4)", "(1152921504606846975 -1 0)"});
    case Type::kVector: return r_.pick({"#(1 2 3)", "#(1.5 2.5 0.5)", "#()", "#(1 2.5 1/2 7)", "#(0 0 0 0 0 0)"});
    case Type::kF64: return r_.pick({"(%f64 1 2.5 -3)", "(%f64)", "(%f64 0.5 0.5 0.5 0.5)"});
    case Type::kBytes: return r_.pick({"(%bytes 1 2 255)", "(%bytes)"});
    case Type::kDict: return r_.pick({"(%dict)", "(%dict a 1 b 2)", "(%dict 1 10 2 20 \"k\" 3)"});
    case Type::kFunction: return r_.pick({"(%function 1+)", "(%function identity)", "(%function twice)", "(%function counter)"});
    default: return literal(type);
  }
}

void Generator::calls(Program& program) {
  for (const Signature& s : functions_) {
    for (int n = 0; n < 6; ++n) {
      Call call{s.name, {}};
      for (size_t i = 0; i < s.required.size(); ++i) {
        bool fuel = s.fuelled && i == 0;
        call.arguments.push_back(fuel ? Node(std::to_string(r_.between(0, 5))) : datum(s.required[i], n > 3 && r_.chance(30)));
      }
      if (n % 2 == 1)
        for (Type type : s.optional) call.arguments.push_back(datum(type, false));
      if (s.rest && n % 2 == 1) call.arguments.push_back(datum(Type::kInt, false));
      if (s.cost < 2 * kMostWork) program.calls.push_back(std::move(call));
    }
  }
}

Program Generator::program() {
  Program program;
  definitions(program);
  calls(program);
  return program;
}

}  // namespace terrace::differential
