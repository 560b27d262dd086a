// syntax/lambda.cpp: functions: bodies and the definitions inside them.
#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;
using value::is_symbol;

Node* Expander::lambda_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  Lambda* made = make_lambda(value::kFalse, car(cdr(form)), cdr(cdr(form)), form);
  return node<LambdaNode>(NodeKind::kLambda, made);
}

Lambda* Expander::make_lambda(Value name, Value parameters, Value body, Value whole) {
  Lambda* made = unit_.make_lambda(unit_.keep(name), scope_->function(), unit_.here());
  Inside scope(*this, made);
  read_parameters(made, parameters);
  made->body = expand_body(body, whole);
  return made;
}

// A value that takes the name it is given when it is a function without one.
Node* Expander::named_value(Value name, Value form) {
  Node* made = expand(form);
  if (made->kind != NodeKind::kLambda) return made;
  Lambda* lambda = static_cast<LambdaNode*>(made)->lambda;
  if (lambda->name == value::kFalse) lambda->name = unit_.keep(name);
  return made;
}

// --- bodies
// -----------------------------------------------------------------------------------------------------------

// Definitions are found first, so that all names are known before any value is expanded. Then the items are a letrec*.
Node* Expander::expand_body(Value forms, Value whole) {
  if (is_nil(forms)) bad_form(whole);
  Inside scope(*this);
  std::vector<BodyItem> items;
  collect_body(forms, items);
  if (items.empty() || items.back().variable != nullptr)
    unit_.fail_here("a body ends without an expression", "add the value that it answers");
  bool defines = false;
  for (const BodyItem& item : items) defines |= item.variable != nullptr;
  BodyItem last = items.back();
  items.pop_back();
  if (!defines) {
    std::vector<Node*> nodes;
    for (const BodyItem& item : items) nodes.push_back(expand(item.form));
    nodes.push_back(expand(last.form));
    return sequence(nodes);
  }
  std::vector<LetrecItem> bound;
  for (const BodyItem& item : items) bound.push_back(letrec_item(item));
  Node* body = expand(last.form);
  return letrec(bound, body);
}

void Expander::collect_body(Value forms, std::vector<BodyItem>& items) {
  unit_.check_depth();
  for (Value each : items_of(forms, forms)) {
    Unit::At at(unit_, each);
    Value form = expand_head(each);
    const FormEntry* entry = is_pair(form) && is_symbol(car(form)) ? form_of(car(form)) : nullptr;
    Form method = entry == nullptr ? nullptr : entry->method;
    if (method == &Expander::misplaced_define) {
      collect_define(form, items);
    } else if (method == &Expander::misplaced_component) {
      collect_define(component_definition(form), items);
    } else if (method == &Expander::misplaced_define_values) {
      collect_define_values(form, items);
    } else if (method == &Expander::begin_form) {
      collect_body(cdr(form), items);
    } else if (method == &Expander::misplaced_record) {
      collect_record(form, items);
    } else if (method == &Expander::misplaced_macro) {
      define_local_macro(form);
    } else if (method == &Expander::misplaced_syntax) {
      define_local_syntax(form);
    } else {
      items.push_back({nullptr, form, value::kUnset, unit_.here()});
    }
  }
}

void Expander::collect_record(Value form, std::vector<BodyItem>& items) {
  collect_body(cdr(record_definitions(form)), items);
  scope_->find(record_name(form))->variable->record_type = true;
}

void Expander::collect_define(Value form, std::vector<BodyItem>& items) {
  expect_items(form, 3, SIZE_MAX);
  Value target = car(cdr(form));
  Value name = is_pair(target) ? car(target) : target;
  Variable* variable = bind_parameter(expect_symbol(name, form));
  variable->order = static_cast<uint32_t>(items.size() + 1);
  if (is_pair(target)) {
    items.push_back({variable, cdr(cdr(form)), cdr(target), unit_.here()});
  } else {
    expect_items(form, 3, 3);
    items.push_back({variable, car(cdr(cdr(form))), value::kUnset, unit_.here()});
  }
}

}  // namespace terrace::syntax
