// syntax/conditional_forms.cpp: choices and sequences.
#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;

Node* Expander::begin_form(Value form) { return sequence_of(cdr(form)); }

Node* Expander::if_form(Value form) {
  expect_items(form, 3, 4);
  Value rest = cdr(cdr(form));
  Node* test = expand(car(cdr(form)));
  Node* then = expand(car(rest));
  return choose(test, then, is_nil(cdr(rest)) ? unspecified() : expand(car(cdr(rest))));
}

Node* Expander::when_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  Node* test = expand(car(cdr(form)));
  Node* body = sequence_of(cdr(cdr(form)));
  return choose(test, body, unspecified());
}

Node* Expander::unless_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  Node* test = expand(car(cdr(form)));
  Node* body = sequence_of(cdr(cdr(form)));
  return choose(test, unspecified(), body);
}

Node* Expander::and_form(Value form) {
  std::vector<Node*> items = expand_each(cdr(form));
  return list_node(NodeKind::kAnd, items, constant(value::kTrue));
}

Node* Expander::or_form(Value form) {
  std::vector<Node*> items = expand_each(cdr(form));
  return list_node(NodeKind::kOr, items, constant(value::kFalse));
}

// --- cond
// -------------------------------------------------------------------------------------------------------------

Node* Expander::cond_form(Value form) {
  expect_items(form, 2, SIZE_MAX);
  return cond_clauses(cdr(form), unspecified());
}

// `otherwise` is what no clause choosing means.
Node* Expander::cond_clauses(Value clauses, Node* otherwise) {
  unit_.check_depth();
  if (is_nil(clauses)) return otherwise;
  length_of(clauses, clauses);
  Value clause = car(clauses);
  Unit::At at(unit_, clause);
  if (!is_pair(clause) || length_of(clause, clause) == 0)
    unit_.fail_here("a clause is not a list", "write it as (test expression ...)");
  return cond_clause(clause, cdr(clauses), otherwise);
}

Node* Expander::cond_clause(Value clause, Value rest, Node* otherwise) {
  Value body = cdr(clause);
  if (is_named(car(clause), "else") && !is_local(car(clause))) {
    if (!is_nil(rest)) unit_.fail_here("a clause stands behind else", "move else to the end");
    return sequence_of(body);
  }
  Node* test = expand(car(clause));
  if (is_nil(body)) {
    std::vector<Node*> both{test, cond_clauses(rest, otherwise)};
    return list_node(NodeKind::kOr, both, nullptr);
  }
  if (!is_named(car(body), "=>") || is_local(car(body))) {
    Node* then = sequence_of(body);
    return choose(test, then, cond_clauses(rest, otherwise));
  }
  if (length_of(body, clause) != 2)
    unit_.fail_here("a clause with => is not well formed", "write it as (test => function)");
  std::vector<Binding> bindings{{unit_.make_variable(value::kNil), test}};
  Node* function = expand(car(cdr(body)));
  Node* then = call_node(function, {local(bindings[0].variable)});
  return let_node(bindings, choose(local(bindings[0].variable), then, cond_clauses(rest, otherwise)));
}

// --- case
// -------------------------------------------------------------------------------------------------------------

Node* Expander::case_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  std::vector<Binding> bindings{{unit_.make_variable(value::kNil), expand(car(cdr(form)))}};
  return let_node(bindings, case_clauses(bindings[0].variable, cdr(cdr(form))));
}

Node* Expander::case_clauses(Variable* key, Value clauses) {
  unit_.check_depth();
  if (is_nil(clauses)) return unspecified();
  Value clause = car(clauses);
  Unit::At at(unit_, clause);
  if (!is_pair(clause) || length_of(clause, clause) < 2)
    unit_.fail_here("a case clause is not well formed", "write it as ((datum ...) expression ...)");
  if (is_named(car(clause), "else")) {
    if (!is_nil(cdr(clauses))) unit_.fail_here("a clause stands behind else", "move else to the end");
    return case_body(key, cdr(clause), clause);
  }
  Node* test = case_test(key, car(clause));
  Node* then = case_body(key, cdr(clause), clause);
  return choose(test, then, case_clauses(key, cdr(clauses)));
}

Node* Expander::case_body(Variable* key, Value body, Value clause) {
  if (!is_named(car(body), "=>")) return sequence_of(body);
  if (length_of(body, clause) != 2)
    unit_.fail_here("a clause with => is not well formed", "write it as ((datum ...) => function)");
  return call_node(expand(car(cdr(body))), {local(key)});
}

// Words that are the same exactly when they are eqv? compare as words.
Node* Expander::case_test(Variable* key, Value data) {
  std::vector<Node*> tests;
  for (Value datum : items_of(plain(data), data)) {
    bool by_word = !value::is_heap(datum) || value::is_symbol(datum) || value::is_keyword(datum);
    tests.push_back(primitive(by_word ? prims::Id::k_is_eq : prims::Id::k_is_eqv, {local(key), constant(datum)}));
  }
  return list_node(NodeKind::kOr, tests, constant(value::kFalse));
}

}  // namespace terrace::syntax
