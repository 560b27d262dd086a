// syntax/condition_forms.cpp: handlers of errors that run where the error is raised: with-exception-handler, handler-bind.
//
//   m = Mark; (%push-error-handler declines? f); body; (%pop-dynamic m)
//
// The rest is frame/signal.cpp's. As with with-handlers no handler region is needed: whoever catches an unwind restores
// the dynamic state that it marked.
#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using prims::Id;
using value::car;
using value::cdr;
using value::is_pair;

// (with-exception-handler handler thunk); the body of a thunk that is written out is opened.
Node* Expander::exception_handler_form(Value form) {
  expect_items(form, 3, 3);
  Variable* handler = unit_.make_variable(value::kNil);
  std::vector<Binding> bindings{{handler, expand(car(cdr(form)))}};
  Node* body = thunk_call(car(cdr(cdr(form))), bindings);
  return let_node(bindings, with_error_handler(false, local(handler), body));
}

Node* Expander::with_error_handler(bool declines, Node* handler, Node* body) {
  std::vector<DynamicEntry> entries{{constant(value::make_bool(declines)), handler}};
  return node<DynamicNode>(NodeKind::kDynamic, static_cast<uint16_t>(Id::k_push_error_handler),
                           unit_.arena().copy(entries), body);
}

// (handler-bind ((test handler) ...) body ...)
Node* Expander::handler_bind_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  std::vector<Binding> pairs;
  for (Value pair : items_of(car(cdr(form)), form)) {
    if (!is_pair(pair) || length_of(pair, form) != 2) bad_form(form);
    Node* test = expand(car(pair));
    pairs.push_back({unit_.make_variable(value::kNil), test});
    pairs.push_back({unit_.make_variable(value::kNil), expand(car(cdr(pair)))});
  }
  Node* body = expand_body(cdr(cdr(form)), form);
  if (pairs.empty()) return body;
  return let_node(pairs, with_error_handler(true, asking_function(pairs), body));
}

// One function for all the clauses, so that none of them is asked about what another one raises.
Node* Expander::asking_function(const std::vector<Binding>& pairs) {
  Value name = unit_.keep(frame::vm_of(unit_.vm()).intern("handler-bind"));
  Lambda* asks = unit_.make_lambda(name, scope_->function(), unit_.here());
  Inside scope(*this, asks);
  Variable* condition = unit_.make_variable(value::kNil);
  asks->required.push_back(condition);
  std::vector<Node*> steps;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    Node* test = call_node(local(pairs[i].variable), {local(condition)});
    Node* call = call_node(local(pairs[i + 1].variable), {local(condition)});
    steps.push_back(choose(test, call, unspecified()));
  }
  asks->body = sequence(steps);
  return node<LambdaNode>(NodeKind::kLambda, asks);
}

}  // namespace terrace::syntax
