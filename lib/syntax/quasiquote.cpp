// syntax/quasiquote.cpp: quote and quasiquote, with levels, splicing and vectors.
#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using prims::Id;
using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;

namespace {

// (name x)
bool is_tagged(Value form, std::string_view name) {
  return is_pair(form) && is_named(car(form), name) && is_pair(cdr(form)) && is_nil(cdr(cdr(form)));
}

bool is_constant(const Node* node) { return node->kind == NodeKind::kConstant; }
Value constant_of(const Node* node) { return static_cast<const ConstantNode*>(node)->value; }

}  // namespace

Node* Expander::quote_form(Value form) {
  expect_items(form, 2, 2);
  return constant(car(cdr(form)));
}

Node* Expander::quasiquote_form(Value form) {
  expect_items(form, 2, 2);
  return quasi(car(cdr(form)), 1);
}

Node* Expander::quasi(Value form, int depth) {
  unit_.check_depth();
  if (value::is_vector(form)) return quasi_vector(form, depth);
  if (!is_pair(form)) return constant(form);
  if (is_tagged(form, "unquote")) return depth == 1 ? expand(car(cdr(form))) : quasi_nested(form, depth - 1);
  if (is_tagged(form, "quasiquote")) return quasi_nested(form, depth + 1);
  return quasi_pair(form, depth);
}

// The items from the last to the first, so that a long template does not recurse along its length.
Node* Expander::quasi_pair(Value form, int depth) {
  std::vector<Value> items;
  Value tail = form;
  for (Value slow = form; is_pair(tail); tail = cdr(tail)) {
    if (tail != form && (is_tagged(tail, "unquote") || is_tagged(tail, "quasiquote"))) break;
    items.push_back(car(tail));
    if (items.size() % 2 == 0) slow = cdr(slow);
    if (items.size() > 2 && tail == slow) unit_.fail_here("the form contains itself", "write a finite list");
  }
  Node* made = quasi(tail, depth);
  for (size_t i = items.size(); i-- > 0;) {
    if (is_tagged(items[i], "unquote-splicing") && depth == 1) {
      made = primitive(Id::k_append, {expand(car(cdr(items[i]))), made});
      continue;
    }
    Node* item = is_tagged(items[i], "unquote-splicing") ? quasi_nested(items[i], depth - 1) : quasi(items[i], depth);
    if (is_constant(item) && is_constant(made)) {
      made = constant(frame::heap_of(unit_.vm()).cons(constant_of(item), constant_of(made)));
    } else {
      made = primitive(Id::k_cons, {item, made});
    }
  }
  return made;
}

// (unquote x) or (quasiquote x) that stays in the result, its inside at another depth.
Node* Expander::quasi_nested(Value form, int depth) {
  Node* inside = quasi(car(cdr(form)), depth);
  return primitive(Id::k_list, {constant(car(form)), inside});
}

Node* Expander::quasi_vector(Value vector, int depth) {
  auto* v = value::as<value::Vector>(vector);
  Value list = unit_.keep(frame::make_list(unit_.vm(), v->data, v->length));
  Node* made = quasi(list, depth);
  // What was unquoted may have become a constant too, so the elements are always the new ones.
  return primitive(Id::k_list_to_vector, {made});
}

}  // namespace terrace::syntax
