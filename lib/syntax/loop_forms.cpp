// syntax/loop_forms.cpp: dotimes and dolist: loops over numbers and lists, as Fix nodes of one function like do and while.
#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using prims::Id;
using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;

// (form (variable value [result]) body ...): its parts, checked; the value is expanded outside of the loop.
Expander::LoopParts Expander::loop_parts(Value form) {
  expect_items(form, 2, SIZE_MAX);
  std::vector<Value> spec = is_pair(car(cdr(form))) ? items_of(car(cdr(form)), form) : std::vector<Value>{};
  if (spec.size() != 2 && spec.size() != 3) bad_form(form);
  LoopParts parts{expect_symbol(spec[0], form), expand(spec[1]), nullptr, cdr(cdr(form)), nullptr, nullptr};
  parts.result = spec.size() == 3 ? expand(spec[2]) : unspecified();
  parts.self = unit_.make_variable(unit_.keep(frame::vm_of(unit_.vm()).intern(text_of(car(form)))));
  parts.lambda = unit_.make_lambda(parts.self->name, scope_->function(), unit_.here());
  parts.lambda->self = parts.self;
  parts.self->function = parts.lambda;
  return parts;
}

// (dotimes (variable count [result]) body ...)
Node* Expander::dotimes_form(Value form) {
  return in_block(block_name(value::kNil, form), [&] {
    LoopParts parts = loop_parts(form);
    std::vector<Binding> limit{{unit_.make_variable(value::kNil), parts.value}};
    {
      Inside scope(*this, parts.lambda);
      Variable* i = unit_.make_variable(value::kNil);
      parts.lambda->required.push_back(i);
      Node* next = call_node(local(parts.self), {primitive(Id::k_add, {local(i), constant(value::make_fixnum(1))})});
      Node* round = loop_round(parts, local(i), next);
      parts.lambda->body =
          choose(primitive(Id::k_num_lt, {local(i), local(limit[0].variable)}), round, parts.result);
    }
    return let_node(limit, loop(parts.lambda, call_node(local(parts.self), {constant(value::make_fixnum(0))})));
  });
}

// (dolist (variable list [result]) body ...)
Node* Expander::dolist_form(Value form) {
  return in_block(block_name(value::kNil, form), [&] {
    LoopParts parts = loop_parts(form);
    {
      Inside scope(*this, parts.lambda);
      Variable* rest = unit_.make_variable(value::kNil);
      parts.lambda->required.push_back(rest);
      Node* next = call_node(local(parts.self), {primitive(Id::k_cdr, {local(rest)})});
      Node* round = loop_round(parts, primitive(Id::k_car, {local(rest)}), next);
      parts.lambda->body = choose(primitive(Id::k_is_null, {local(rest)}), parts.result, round);
    }
    return loop(parts.lambda, call_node(local(parts.self), {parts.value}));
  });
}

// The body with a fresh variable of this round, then the next round.
Node* Expander::loop_round(const LoopParts& parts, Node* value, Node* next) {
  Inside scope(*this);
  std::vector<Binding> bindings{{bind_parameter(parts.name), value}};
  std::vector<Node*> steps;
  if (!is_nil(parts.body)) {
    steps.push_back(let_node(bindings, sequence_of(parts.body)));
  } else {
    steps.push_back(value);
  }
  steps.push_back(next);
  return sequence(steps);
}

}  // namespace terrace::syntax
