// differential/control.cpp: expressions of any type: binding, choice, loops, ways out, effects; and statements.
#include "generator.hpp"

namespace terrace::differential {

Node Generator::general(Type type, int depth) {
  switch (r_.below(52)) {
    case 48:
    case 49:
    case 50: return matched(type, depth);
    case 51: return block(type, depth);
    case 44:
    case 45: return several_values(type, depth);
    case 46:
    case 47: return handled_error(type, depth);
    case 40:
    case 41: return r_.chance(15) ? hot_calls(type, depth) : r_.chance(20) ? hot_words(type, depth) : hot_loop(type, depth);
    case 42: return r_.chance(20) ? hot_records(type, depth) : r_.chance(20) ? hot_outer_records(type, depth) : r_.chance(30) ? hot_walk(type, depth) : r_.chance(30) ? hot_matrix(type, depth) : r_.chance(50) ? hot_vector(type, depth) : hot_doubles(type, depth);
    case 43: return deep_recursion(type, depth);
    case 0:
    case 1:
    case 2:
    case 3: return conditional(type, depth);
    case 4: return cases(type, depth);
    case 5:
    case 6:
    case 7:
    case 8: return let(type, depth);
    case 9: return letrec(type, depth);
    case 10:
    case 11:
    case 12:
    case 13: return sequence_of_statements(type, depth);
    case 14:
    case 15:
    case 16:
    case 17: return named_let(type, depth);
    case 18: return counted_recursion(type, depth);
    case 19:
    case 20: return do_loop(type, depth);
    case 21: return over_list(type, depth);
    case 22:
    case 23: return guarded(type, depth);
    case 24: return escape(type, depth);
    case 25: return leave(depth);
    case 26: return wind(type, depth);
    case 27: return handled(type, depth);
    case 28: return performed(type, depth);
    case 29: return parameterized(type, depth);
    case 30:
    case 31:
    case 32:
    case 33:
    case 34: return called(type, depth);
    case 35: return called_at_once(type, depth);
    case 36: return r_.chance(10) ? evaluated(type) : recursive_call(type);
    case 37: return assigned(type, depth);
    case 38: return r_.chance(30) ? failing(depth) : recursive_call(type);
    default: return list("begin", statement(depth), expression(type, depth));
  }
}

Node Generator::conditional(Type type, int depth) {
  auto e = [&] { return expression(type, depth); };
  auto test = [&] { return r_.chance(50) ? comparison(depth) : expression(Type::kBool, depth); };
  switch (r_.below(4)) {
    case 0: return list("cond", list(test(), e()), list(test(), statement(depth), e()), list("else", e()));
    case 1: return list("if", list("not", test()), e(), e());
    case 2: return list("if", list(r_.pick({"and", "or"}), test(), test()), e(), e());
    default: return list("if", test(), e(), e());
  }
}

Node Generator::cases(Type type, int depth) {
  auto e = [&] { return expression(type, depth); };
  switch (r_.below(3)) {
    case 0: return list("case", expression(Type::kSymbol, depth), list(list("red", "green"), e()), list(list("integer", "float"), e()), list("else", e()));
    case 1: return list("case", expression(Type::kChar, depth), list(list("#\\a", "#\\b"), e()), list("else", e()));
    default: return list("case", expression(Type::kInt, depth), list(list("0"), e()), list(list("1", "2", "1152921504606846976"), e()), list("else", e()));
  }
}

Node Generator::let(Type type, int depth) {
  bool star = r_.chance(40);
  Node bindings = list();
  std::vector<Variable> made;
  size_t before = scope_.size();
  for (uint64_t n = 1 + r_.below(3); n > 0; --n) {
    Type bound = r_.chance(10) ? Type::kFunction : data_type();
    std::string name = star ? binding_name("v") : fresh("v");
    bindings.kids.push_back(list(name, expression(bound, depth)));
    made.push_back({name, bound, bound != Type::kFunction});
    if (star) scope_.push_back(made.back());
  }
  scope_.resize(before);
  Node body = within(made, [&] { return r_.chance(40) ? sequence_of_statements(type, depth) : expression(type, depth); });
  return list(star ? "let*" : "let", std::move(bindings), std::move(body));
}

// Two functions that call each other until a count is used up; the functions are called with a small one.
Node Generator::letrec(Type type, int depth) {
  std::string first = fresh("even"), second = fresh("odd");
  auto function = [&](const std::string& other) {
    std::string n = fresh("n"), x = fresh("x");
    Node body = within({{n, Type::kInt, false}, {x, type, true}}, [&] {
      return repeated(8, [&] {
        Node base = expression(type, depth - 1);
        Node next = bounded(type, expression(type, depth - 1));
        return list("if", list("<=", n, "0"), std::move(base), list(other, list("-", n, "1"), std::move(next)));
      });
    });
    return list("lambda", list(n, x), std::move(body));
  };
  Node bindings = list(list(first, function(second)), list(second, function(first)));
  return list("letrec", std::move(bindings), list(first, std::to_string(r_.between(0, 8)), expression(type, depth)));
}

Node Generator::sequence_of_statements(Type type, int depth) {
  Node made = list("begin");
  for (uint64_t n = 1 + r_.below(3); n > 0; --n) made.kids.push_back(statement(depth));
  made.kids.push_back(expression(type, depth));
  return made;
}

// (let loop ((i 0) (acc ...) (other ...)) (if (>= i n) acc (begin ... (loop (+ i 1) ... ...))))
Node Generator::named_let(Type type, int depth) {
  std::string loop = fresh("loop"), i = fresh("i"), acc = fresh("acc"), other = fresh("o");
  Type other_type = data_type();
  int64_t turns = r_.between(1, 9);
  bool down = r_.chance(30);
  Node initial = expression(type, depth), other_initial = expression(other_type, depth);
  Node body = within({{i, Type::kInt, false}, {acc, type, type != Type::kFunction}, {other, other_type, other_type != Type::kFunction}}, [&] {
    return repeated(static_cast<double>(turns), [&] {
      Node next = list(loop, list(down ? "-" : "+", i, "1"), bounded(type, expression(type, depth)), bounded(other_type, expression(other_type, depth)));
      if (r_.chance(50)) next = list("begin", statement(depth), std::move(next));
      if (r_.chance(20)) next = list("if", comparison(depth), acc, std::move(next));
      return next;
    });
  });
  Node end = down ? list(r_.pick({"=", "<="}), i, "0") : list(r_.pick({"=", ">="}), i, std::to_string(turns));
  Node choice = r_.chance(50) ? list("if", std::move(end), acc, std::move(body)) : list("cond", list(std::move(end), acc), list("else", std::move(body)));
  return list("let", loop, list(list(i, down ? std::to_string(turns) : "0"), list(acc, std::move(initial)), list(other, std::move(other_initial))), std::move(choice));
}

// A loop that is not a tail call, so that it is a function.
Node Generator::counted_recursion(Type type, int depth) {
  std::string loop = fresh("rec"), i = fresh("i"), sub = fresh("sub");
  int64_t turns = r_.between(1, 7);
  Node base = expression(type, depth);
  Node step = within({{i, Type::kInt, false}, {sub, type, type != Type::kFunction}},
                     [&] { return repeated(static_cast<double>(turns), [&] { return bounded(type, expression(type, depth)); }); });
  Node inner = list("let", list(list(sub, list(loop, list("-", i, "1")))), std::move(step));
  return list("let", loop, list(list(i, std::to_string(turns))), list("if", list("=", i, "0"), std::move(base), std::move(inner)));
}

Node Generator::do_loop(Type type, int depth) {
  std::string i = fresh("i"), acc = fresh("acc");
  int64_t turns = r_.between(1, 9);
  Node initial = expression(type, depth);
  auto inside = [&](const Make& make) {
    return within({{i, Type::kInt, false}, {acc, type, type != Type::kFunction}}, [&] { return repeated(static_cast<double>(turns), make); });
  };
  Node next = inside([&] { return bounded(type, expression(type, depth)); });
  Node body = inside([&] { return statement(depth); });
  return list("do", list(list(i, "0", list("+", i, r_.pick({"1", "1", "2"}))), list(acc, std::move(initial), std::move(next))),
              list(list(">=", i, std::to_string(turns)), acc), std::move(body));
}

Node Generator::over_list(Type type, int depth) {
  std::string loop = fresh("loop"), rest = fresh("l"), acc = fresh("acc"), head = fresh("h");
  Node items = sequence(depth), initial = expression(type, depth);
  items = list("clip-list", std::move(items));
  Node next = within({{rest, Type::kList, false}, {acc, type, false}, {head, Type::kInt, true}},
                     [&] { return repeated(6, [&] { return bounded(type, expression(type, depth)); }); });
  return list("let", loop, list(list(rest, std::move(items)), list(acc, std::move(initial))),
              list("if", list(r_.chance(50) ? "null?" : "nil?", rest), acc,
                   list("let", list(list(head, list("car", rest))), list(loop, list("cdr", rest), std::move(next)))));
}

Node Generator::guarded(Type type, int depth) {
  std::string e = fresh("e");
  Node body = r_.chance(30) ? list("begin", statement(depth), failing(depth)) : expression(type, depth);
  Node handler = list("begin", list("note", list("describe", e)), expression(type, depth));
  Node clauses = list(e);
  if (r_.chance(30)) clauses.kids.push_back(list(list("symbol?", e), expression(type, depth)));
  if (r_.chance(20)) clauses.kids.push_back(list(list("and", list("error?", e), list("eq?", list("error-kind", e), r_.pick({"'type-error", "'range-error", "'error"}))), expression(type, depth)));
  if (!r_.chance(15)) clauses.kids.push_back(list("true", std::move(handler)));
  return list("guard", std::move(clauses), std::move(body));
}

Node Generator::escape(Type type, int depth) {
  std::string k = fresh("k");
  escapes_.push_back({k, type, type});
  Node body = r_.chance(50) ? sequence_of_statements(type, depth) : expression(type, depth);
  escapes_.pop_back();
  return r_.chance(50) ? list("let/ec", k, std::move(body)) : list("call/ec", list("lambda", list(k), std::move(body)));
}

// Never comes back: out through an escape when there is one.
Node Generator::leave(int depth) {
  if (escapes_.empty()) return failing(depth);
  Target target = escapes_[r_.below(escapes_.size())];
  if (target.block) return list("return-from", target.name, expression(target.argument, depth));
  return list(target.name, expression(target.argument, depth));
}

Node Generator::wind(Type type, int depth) {
  Node in = list("lambda", list(), r_.chance(70) ? list("note", "'in") : statement(depth - 1));
  Node body = list("lambda", list(), expression(type, depth));
  Node out = list("lambda", list(), r_.chance(70) ? list("note", "'out") : statement(depth - 1));
  return list("dynamic-wind", std::move(in), std::move(body), std::move(out));
}

Node Generator::handled(Type type, int depth) {
  Target effect{r_.pick({"ask", "tell", "get"}), Type::kInt, data_type()};
  Node handler = lambda({effect.argument}, effect.result, 5);
  effects_.push_back(effect);
  Node body = expression(type, depth);
  effects_.pop_back();
  return list("with-handlers", list(list(effect.name, std::move(handler))), std::move(body));
}

Node Generator::performed(Type type, int depth) {
  for (size_t i = effects_.size(); i > 0; --i) {
    const Target effect = effects_[i - 1];
    if (effect.result == type) return list("perform", "'" + effect.name, expression(effect.argument, depth));
  }
  if (r_.chance(5)) return list("perform", "'fail", "\"from the host\"");
  return list("perform", "'echo", expression(type, depth));
}

Node Generator::several_values(Type type, int depth) {
  std::vector<Variable> made;
  Node names = list(), values = list("values");
  for (uint64_t n = 1 + r_.below(3); n > 0; --n) {
    made.push_back({fresh("m"), data_type(), r_.chance(30)});
    names.kids.push_back(made.back().name);
    values.kids.push_back(expression(made.back().type, depth));
  }
  if (r_.chance(30)) values = list("if", comparison(depth), values, values);
  if (r_.chance(5)) values = list("values", expression(made[0].type, depth));  // too few, or just enough
  bool rest = r_.chance(20);
  if (rest) {
    made.push_back({fresh("more"), Type::kList, false});
    names.kids.push_back(".");
    names.kids.push_back(made.back().name);
  }
  Node body = within(std::move(made), [&] { return expression(type, depth); });
  switch (rest ? 0 : r_.below(3)) {
    case 0: return list("receive", std::move(names), std::move(values), std::move(body));
    case 1: return list("let-values", list(list(std::move(names), std::move(values))), std::move(body));
    default: return list("call-with-values", list("lambda", list(), std::move(values)), list("lambda", std::move(names), std::move(body)));
  }
}

// Handlers that run where the error is raised, and answer it when it was raised so that one can.
Node Generator::handled_error(Type type, int depth) {
  std::string c = fresh("c");
  Node body = r_.chance(40) ? list("begin", statement(depth), list("raise-continuable", expression(Type::kSymbol, depth))) : expression(type, depth);
  if (r_.chance(30)) {
    Node handler = list("lambda", list(c), list("note", list("describe", c)));
    return list("handler-bind", list(list(r_.pick({"symbol?", "error?", "number?"}), std::move(handler))), std::move(body));
  }
  Node handler = list("lambda", list(c), list("note", list("describe", c)), within({}, [&] { return repeated(3, [&] { return expression(type, depth - 1); }); }));
  return list("with-exception-handler", std::move(handler), list("lambda", list(), std::move(body)));
}

Node Generator::parameterized(Type type, int depth) {
  return list("parameterize", list(list("*pi*", expression(Type::kInt, depth))), expression(type, depth));
}

Node Generator::called(Type type, int depth) {
  std::vector<size_t> fitting;
  for (size_t i = 0; i < functions_.size(); ++i)
    if (functions_[i].result == type && affordable(functions_[i].cost)) fitting.push_back(i);
  if (!fitting.empty()) return call_of(functions_[fitting[r_.below(fitting.size())]]);
  const Variable* f = type == Type::kInt && affordable(200) ? variable(Type::kFunction) : nullptr;
  if (f == nullptr) return specific(type, depth);
  spent_ += work_ * 200;
  std::string name = f->name;
  return r_.chance(80) ? list(name, expression(Type::kInt, depth)) : list("apply", name, list("list", expression(Type::kInt, depth)));
}

Node Generator::called_at_once(Type type, int depth) {
  std::string x = fresh("x");
  Type bound = data_type();
  Node argument = expression(bound, depth);
  Node body = within({{x, bound, true}}, [&] { return expression(type, depth); });
  if (r_.chance(40)) return list(list("lambda", list(x, "&rest", "more"), std::move(body)), std::move(argument), expression(Type::kInt, depth));
  return list(list("lambda", list(x), std::move(body)), std::move(argument));
}

Node Generator::evaluated(Type type) {
  if (work_ > base_work_ || base_work_ > 1) return leaf(type);
  return list("eval", list("list", "'begin", list("list", "'quote", leaf(type))));
}

Node Generator::update(const Variable& v, int depth) {
  Node value = expression(v.type, depth);
  return list("set!", v.name, in_loop() || v.name[0] == 'p' ? bounded(v.type, std::move(value)) : std::move(value));
}

Node Generator::assigned(Type type, int depth) {
  const Variable* v = find([type](const Variable& x) { return x.assignable && x.type == type && type != Type::kFunction; });
  if (v == nullptr) return specific(type, depth);
  Variable chosen = *v;
  return list("begin", update(chosen, depth), chosen.name);
}

Node Generator::failing(int depth) {
  switch (r_.below(7)) {
    case 0: return list("raise", expression(r_.pick({Type::kSymbol, Type::kInt, Type::kString}), depth));
    case 1: return list("error", "\"made\"", expression(data_type(), depth));
    case 2: return list("car", expression(Type::kInt, depth));
    case 3: return list("vector-ref", "(vector 1 2)", list("+", "2", list("abs", expression(Type::kInt, 1))));
    case 4: return list(r_.pick({"+", "-", "*", "<", "quotient"}), expression(Type::kInt, depth), expression(Type::kString, depth));
    case 5: return list("quotient", expression(Type::kInt, depth), "0");
    default: return list(leaf(Type::kInt), expression(Type::kInt, depth));
  }
}

Node Generator::statement(int depth) {
  spent_ += work_;
  if (--size_left_ <= 0 || depth <= 0) return list("note", leaf(data_type()));
  depth -= 1;
  switch (r_.below(14)) {
    case 0:
    case 1:
    case 2:
    case 3:
      if (const Variable* v = assignable()) {
        Variable chosen = *v;
        return update(chosen, depth);
      }
      [[fallthrough]];
    case 4: return list("note", expression(data_type(), depth));
    case 5: return list("when", expression(Type::kBool, depth), statement(depth), statement(depth));
    case 6: return list("unless", expression(Type::kBool, depth), statement(depth));
    case 7:
    case 8:
    case 9: return store(depth);
    case 10: return list("for-each", lambda({Type::kInt}, Type::kInt, 5), list("clip", expression(Type::kList, depth)));
    case 11: return r_.chance(50) ? while_loop(depth) : list("display", expression(data_type(), depth));
    case 12: return r_.chance(15) ? redefinition() : store(depth);
    default: return expression(any_type(), depth);
  }
}

Node Generator::store(int depth) {
  switch (r_.below(5)) {
    case 0:
      if (const Variable* v = variable(Type::kVector)) {
        std::string name = v->name;
        return list("vector-set!", name, index_into(name, "vector-length", depth), bounded(Type::kNumber, expression(Type::kNumber, depth)));
      }
      break;
    case 1:
      if (const Variable* v = variable(Type::kF64)) {
        std::string name = v->name;
        return list("f64-vector-set!", name, index_into(name, "f64-vector-length", depth), expression(r_.chance(80) ? Type::kFloat : Type::kInt, depth));
      }
      break;
    case 2:
      if (const Variable* v = variable(Type::kBytes)) {
        std::string name = v->name;
        return list("bytes-set!", name, index_into(name, "bytes-length", depth), list("bit-and", expression(Type::kInt, depth), r_.pick({"255", "255", "511"})));
      }
      break;
    case 3:
      if (const Variable* v = variable(Type::kDict)) {
        std::string name = v->name;
        Node value = bounded(Type::kInt, expression(Type::kInt, depth));
        return r_.chance(70) ? list("dict-set!", name, key(), std::move(value)) : list("dict-delete!", name, key());
      }
      break;
    default: break;
  }
  return list("note", expression(data_type(), depth));
}

Node Generator::while_loop(int depth) {
  std::string i = fresh("w");
  int64_t turns = r_.between(1, 8);
  Node body = within({{i, Type::kInt, false}}, [&] { return repeated(static_cast<double>(turns), [&] { return statement(depth); }); });
  return list("let", list(list(i, "0")), list("while", list("<", i, std::to_string(turns)), list("set!", i, list("+", i, "1")), std::move(body)));
}

// Another meaning for a global function that was defined before this one; what calls it sees it from now on.
Node Generator::redefinition() {
  if (functions_.empty()) return list("note", "'none");
  Signature signature = functions_[r_.below(functions_.size())];
  Node parameters = list();
  std::vector<Variable> variables;
  for (size_t i = 0; i < signature.required.size(); ++i) {
    variables.push_back({fresh("r"), signature.required[i], false});
    parameters.kids.push_back(variables.back().name);
  }
  parameters.kids.push_back("&rest");
  parameters.kids.push_back(fresh("more"));
  std::vector<Variable> scope = std::move(scope_);
  std::vector<Signature> functions = std::move(functions_), recursive = std::move(recursive_);
  std::vector<Target> escapes = std::move(escapes_);
  scope_ = std::move(variables);
  functions_.clear();
  recursive_.clear();
  escapes_.clear();
  Node body = repeated(20, [&] { return expression(signature.result, 2); });
  scope_ = std::move(scope);
  functions_ = std::move(functions);
  recursive_ = std::move(recursive);
  escapes_ = std::move(escapes);
  return list("set!", signature.name, list("lambda", std::move(parameters), std::move(body)));
}

}  // namespace terrace::differential
