// differential/plain.cpp: a program in other words, to test the compiler to bytecode with the interpreter alone.
#include <set>

#include "program.hpp"

namespace terrace::differential {
namespace {

// Called by their own name only: they are no functions, or their answer depends on who calls them.
const std::set<std::string> kForms = {
    "lambda", "let", "let*", "letrec", "if", "cond", "case", "and", "or", "not", "begin", "set!", "do", "while", "when", "unless",
    "guard", "with-handlers", "dynamic-wind", "call/ec", "let/ec", "parameterize", "receive", "let-values",
    "call-with-values", "with-exception-handler", "handler-bind", "match", "block", "return-from", "quote", "else", "&optional", "&rest"};
const std::set<std::string> kOfPrelude = {"note", "clip", "clip-list", "clip-number", "length*", "describe", "*pi*", "raise", "raise-continuable", "error", "perform", "values", "eval", "apply"};

Node rewritten(const Node& node);

std::vector<Node> all(const std::vector<Node>& nodes, size_t from) {
  std::vector<Node> made;
  for (size_t i = from; i < nodes.size(); ++i) made.push_back(rewritten(nodes[i]));
  return made;
}

// A closure that might assign the variable, so that it has to live in a box.
Node boxing(const std::vector<std::string>& names) {
  Node made = list("keep-alive", list("lambda", list()));
  for (const std::string& name : names) made.kids[1].kids.push_back(list("set!", name, name));
  if (names.empty()) made.kids[1].kids.push_back("nil");
  return made;
}

std::vector<std::string> names_of(const Node& parameters) {
  std::vector<std::string> names;
  if (!parameters.is_list() && parameters.atom != "nil") names.push_back(parameters.atom);  // all arguments as a list
  for (const Node& parameter : parameters.kids) {
    const std::string& name = parameter.is_list() ? parameter.kids[0].atom : parameter.atom;
    if (name[0] != '&') names.push_back(name);
  }
  return names;
}

Node lambda(const Node& node) {
  Node parameters = node.kids[1];
  for (Node& parameter : parameters.kids)
    parameter = parameter.is_list() ? list(parameter.kids[0], rewritten(parameter.kids[1])) : parameter;
  return extend(list("lambda", std::move(parameters), boxing(names_of(node.kids[1]))), all(node.kids, 2));
}

Node let(const Node& node) {
  Node names = list();
  std::vector<Node> values;
  for (const Node& binding : node.kids[1].kids) {
    names.kids.push_back(binding.kids[0]);
    values.push_back(rewritten(binding.kids[1]));
  }
  Node function = extend(list("lambda", names, boxing(names_of(names))), all(node.kids, 2));
  return extend(list(std::move(function)), std::move(values));
}

Node let_star(const Node& node, size_t from) {
  if (from == node.kids[1].kids.size()) return extend(list("begin"), all(node.kids, 2));
  const Node& binding = node.kids[1].kids[from];
  std::string name = binding.kids[0].atom;
  return list(list("lambda", list(name), boxing({name}), let_star(node, from + 1)), rewritten(binding.kids[1]));
}

// The first values do not see the name of the loop.
Node named_let(const Node& node) {
  std::string loop = node.kids[1].atom;
  Node parameters = list();
  std::vector<Node> values;
  for (const Node& binding : node.kids[2].kids) {
    parameters.kids.push_back(binding.kids[0]);
    values.push_back(rewritten(binding.kids[1]));
  }
  Node function = extend(list("lambda", parameters, boxing(names_of(parameters))), all(node.kids, 3));
  Node knot = list(list("lambda", list(loop), boxing({loop}), list("set!", loop, std::move(function)), loop), "nil");
  return extend(list(std::move(knot)), std::move(values));
}

Node letrec(const Node& node) {
  Node bindings = list();
  std::vector<std::string> names;
  for (const Node& binding : node.kids[1].kids) {
    bindings.kids.push_back(list(binding.kids[0], rewritten(binding.kids[1])));
    names.push_back(binding.kids[0].atom);
  }
  return extend(list("letrec", std::move(bindings), boxing(names)), all(node.kids, 2));
}

// Clauses of cond, guard and case: lists of expressions, the first of case being data.
Node clauses(const Node& node, size_t from, bool heads_are_data) {
  Node made = list();
  for (size_t i = 0; i < node.kids.size(); ++i) {
    if (i < from) {
      made.kids.push_back(node.kids[i]);
      continue;
    }
    const Node& clause = node.kids[i];
    Node head = heads_are_data ? clause.kids[0] : rewritten(clause.kids[0]);
    made.kids.push_back(extend(list(std::move(head)), all(clause.kids, 1)));
  }
  return made;
}

Node do_loop(const Node& node) {
  Node bindings = list();
  for (const Node& b : node.kids[1].kids) bindings.kids.push_back(extend(list(b.kids[0]), all(b.kids, 1)));
  Node made = list("do", bindings, extend(list(), all(node.kids[2].kids, 0)));
  std::vector<std::string> names;
  for (const Node& b : bindings.kids) names.push_back(b.kids[0].atom);
  made.kids.push_back(boxing(names));
  return extend(std::move(made), all(node.kids, 3));
}

// Every clause by itself, so that no test or part is shared between them.
Node match(const Node& value, const Node& node, size_t clause) {
  if (clause == node.kids.size()) return list("match", value);
  Node given = list(node.kids[clause].kids[0]);
  size_t at = 1;
  if (node.kids[clause].kids.size() > 2 && node.kids[clause].kids[1].is_list() && node.kids[clause].kids[1].kids[0].atom == "when" &&
      node.kids[clause].kids[1].kids.size() == 2)
    given.kids.push_back(list("when", rewritten(node.kids[clause].kids[at++].kids[1])));
  Node made = list("match", value, extend(std::move(given), all(node.kids[clause].kids, at)));
  if (clause + 1 < node.kids.size()) made.kids.push_back(list("_", match(value, node, clause + 1)));
  return made;
}

Node form(const std::string& head, const Node& node) {
  if (head == "lambda") return lambda(node);
  if (head == "let") return node.kids[1].is_list() ? let(node) : named_let(node);
  if (head == "let*") return let_star(node, 0);
  if (head == "letrec") return letrec(node);
  if (head == "do") return do_loop(node);
  if (head == "cond") return clauses(node, 1, false);
  if (head == "guard") return extend(list("guard", clauses(node.kids[1], 1, false)), all(node.kids, 2));
  if (head == "let/ec") return list("call/ec", rewritten(extend(list("lambda", list(node.kids[1])), {node.kids.begin() + 2, node.kids.end()})));
  if (head == "receive") return extend(list(head, node.kids[1], rewritten(node.kids[2])), all(node.kids, 3));
  if (head == "let-values") {
    Node bindings = list();
    for (const Node& b : node.kids[1].kids) bindings.kids.push_back(list(b.kids[0], rewritten(b.kids[1])));
    return extend(list(head, std::move(bindings)), all(node.kids, 2));
  }
  if (head == "handler-bind") {
    Node bindings = list();
    for (const Node& b : node.kids[1].kids) bindings.kids.push_back(list(rewritten(b.kids[0]), rewritten(b.kids[1])));
    return extend(list(head, std::move(bindings)), all(node.kids, 2));
  }
  if (head == "match")
    return list("let", list(list("%matched", rewritten(node.kids[1]))), match("%matched", node, 2));
  if (head == "block" || head == "return-from") return extend(list(head, node.kids[1]), all(node.kids, 2));
  if (head == "set!") return list("set!", node.kids[1], rewritten(node.kids[2]));
  if (head == "case") {
    Node made = clauses(node, 2, true);
    made.kids[1] = rewritten(node.kids[1]);
    return made;
  }
  if (head == "with-handlers" || head == "parameterize") {
    Node bindings = list();
    for (const Node& b : node.kids[1].kids) bindings.kids.push_back(list(b.kids[0], rewritten(b.kids[1])));
    return extend(list(head, std::move(bindings)), all(node.kids, 2));
  }
  return extend(list(head), all(node.kids, 1));
}

bool is_primitive(const std::string& head) {
  // Its error is that of the pair that has no such half, when it is called by its name.
  if (head.empty() || head == "cadr" || kOfPrelude.contains(head)) return false;
  // The generator's own names end in a number; primitives that do are not called by it.
  if (head[0] == 'p' && head.size() > 1 && head[1] >= '0' && head[1] <= '9') return false;
  return head.find_first_of("0123456789") == std::string::npos || head.starts_with("u64") || head.starts_with("i64") ||
         head.starts_with("i32") || head.starts_with("f64") || head.find("64") != std::string::npos ||
         head.find("32") != std::string::npos || head.find("utf8") != std::string::npos;
}

Node rewritten(const Node& node) {
  if (!node.is_list() || node.kids.empty()) return node;
  const std::string& head = node.kids[0].atom;
  if (kForms.contains(head)) return form(head, node);
  Node made = extend(list(), all(node.kids, 0));
  if (is_primitive(head)) made.kids[0] = list("the-value", head);
  return made;
}

}  // namespace

Program plain(const Program& program) {
  Program made = program;
  for (Definition& d : made.definitions) d.value = rewritten(d.value);
  return made;
}

}  // namespace terrace::differential
