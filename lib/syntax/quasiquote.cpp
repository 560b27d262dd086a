// syntax/quasiquote.cpp: quote, quasiquote and syntax-quote, with levels, splicing and vectors.
//
// A template of syntax-quote is one of quasiquote in which (%rename box 'name env) stands for every symbol. The box has
// the names of one expansion: a macro's expander makes one each time it is called, for all the templates in it; a template
// elsewhere makes its own each time it is evaluated.
#include <utility>

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

bool is_template(Value form) { return is_tagged(form, "quasiquote") || is_tagged(form, "syntax-quote"); }

bool is_constant(const Node* node) { return node->kind == NodeKind::kConstant; }
Value constant_of(const Node* node) { return static_cast<const ConstantNode*>(node)->value; }

}  // namespace

Node* Expander::quote_form(Value form) {
  expect_items(form, 2, 2);
  return constant(plain(car(cdr(form))));
}

Node* Expander::quasiquote_form(Value form) {
  expect_items(form, 2, 2);
  bool before = std::exchange(in_template_, false);
  Node* made = quasi(car(cdr(form)), 1);
  in_template_ = before;
  return made;
}

Node* Expander::syntax_quote_form(Value form) {
  expect_items(form, 2, 2);
  TemplateNames own;
  TemplateNames* outer = names_;
  if (names_ == nullptr) {
    own.box = unit_.make_variable(value::kNil);
    names_ = &own;
  }
  bool before = std::exchange(in_template_, true);
  Node* made = quasi(car(cdr(form)), 1);
  in_template_ = before;
  names_ = outer;
  if (!own.used) return made;
  std::vector<Binding> bindings{{own.box, primitive(Id::k_box, {constant(value::kNil)})}};
  return let_node(bindings, made);
}

// An expression inside a template is no part of it.
Node* Expander::unquoted(Value form) {
  bool before = std::exchange(in_template_, false);
  Node* made = expand(form);
  in_template_ = before;
  return made;
}

Node* Expander::quasi_atom(Value form) {
  if (!in_template_) return constant(plain(form));
  if (!value::is_symbol(form)) return constant(form);
  names_->used = true;
  return primitive(Id::k_rename, {local(names_->box), constant(form), constant(template_env(form, template_scope_))});
}

Node* Expander::quasi(Value form, int depth) {
  unit_.check_depth();
  if (value::is_vector(form)) return quasi_vector(form, depth);
  if (!is_pair(form)) return quasi_atom(form);
  if (is_tagged(form, "unquote")) return depth == 1 ? unquoted(car(cdr(form))) : quasi_nested(form, depth - 1);
  if (is_template(form)) return quasi_nested(form, depth + 1);
  return quasi_pair(form, depth);
}

// The items from the last to the first, so that a long template does not recurse along its length.
Node* Expander::quasi_pair(Value form, int depth) {
  std::vector<Value> items;
  Value tail = form;
  for (Value slow = form; is_pair(tail); tail = cdr(tail)) {
    if (tail != form && (is_tagged(tail, "unquote") || is_template(tail))) break;
    items.push_back(car(tail));
    if (items.size() % 2 == 0) slow = cdr(slow);
    if (items.size() > 2 && tail == slow) unit_.fail_here("the form contains itself", "write a finite list");
  }
  Node* made = quasi(tail, depth);
  for (size_t i = items.size(); i-- > 0;) {
    if (is_tagged(items[i], "unquote-splicing") && depth == 1) {
      made = primitive(Id::k_append, {unquoted(car(cdr(items[i]))), made});
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
  return primitive(Id::k_list, {quasi_atom(car(form)), inside});
}

Node* Expander::quasi_vector(Value vector, int depth) {
  auto* v = value::as<value::Vector>(vector);
  Value list = unit_.keep(frame::list_of_vector(unit_.vm(), v, 0, v->length));
  Node* made = quasi(list, depth);
  // What was unquoted may have become a constant too, so the elements are always the new ones.
  return primitive(Id::k_list_to_vector, {made});
}

}  // namespace terrace::syntax
