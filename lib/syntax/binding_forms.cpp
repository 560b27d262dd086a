// syntax/binding_forms.cpp: let and its relatives, loops, set!.
#include <memory>

#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;
using value::is_symbol;

// Binds variables whose scope is over. Functions that are never set become a Fix, so that calls of them are known.
Node* Expander::bind(std::vector<Binding>& bindings, Node* body) {
  std::vector<Binding> values;
  std::vector<Lambda*> functions;
  for (const Binding& binding : bindings) {
    if (binding.init->kind != NodeKind::kLambda || binding.variable->assigned ||
        binding.variable->function != nullptr) {
      values.push_back(binding);
      continue;
    }
    Lambda* lambda = static_cast<LambdaNode*>(binding.init)->lambda;
    lambda->self = binding.variable;
    binding.variable->function = lambda;
    functions.push_back(lambda);
  }
  return let_node(values, fix_node(functions, body));
}

// (let ((x value) ...) body ...) and (let name ((x value) ...) body ...)
Node* Expander::let_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  if (is_symbol(car(cdr(form)))) return named_let(form);
  std::vector<Binding> bindings;
  std::vector<Node*> inits;
  std::vector<Value> pairs = items_of(car(cdr(form)), form);
  for (Value pair : pairs) {
    if (!is_pair(pair) || length_of(pair, form) != 2) bad_form(form);
    inits.push_back(named_value(expect_symbol(car(pair), form), car(cdr(pair))));
  }
  Inside scope(*this);
  for (size_t i = 0; i < pairs.size(); ++i) bindings.push_back({bind_parameter(car(pairs[i])), inits[i]});
  Node* body = expand_body(cdr(cdr(form)), form);
  return bind(bindings, body);
}

Node* Expander::named_let(Value form) {
  expect_items(form, 4, SIZE_MAX);
  Value name = car(cdr(form));
  std::vector<Node*> inits;
  std::vector<Value> pairs = items_of(car(cdr(cdr(form))), form);
  for (Value pair : pairs) {
    if (!is_pair(pair) || length_of(pair, form) != 2) bad_form(form);
    inits.push_back(expand(car(cdr(pair))));
  }
  Inside scope(*this);
  Variable* self = bind_parameter(name);
  Lambda* lambda = unit_.make_lambda(unit_.keep(name), scope_->function(), unit_.here());
  {
    Inside parameters(*this, lambda);
    for (Value pair : pairs) lambda->required.push_back(bind_parameter(car(pair)));
    lambda->body = expand_body(cdr(cdr(cdr(form))), form);
  }
  std::vector<Binding> bindings{{self, node<LambdaNode>(NodeKind::kLambda, lambda)}};
  Node* call = call_node(local(self), inits);
  if (!self->assigned) return bind(bindings, call);
  std::vector<Node*> both{set_local(self, bindings[0].init), call};
  std::vector<Binding> unset{{self, unspecified()}};
  return let_node(unset, sequence(both));
}

Node* Expander::let_star_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  std::vector<Value> pairs = items_of(car(cdr(form)), form);
  std::vector<std::vector<Binding>> bound;
  Scope* before = scope_;
  std::vector<std::unique_ptr<Inside>> scopes;
  for (Value pair : pairs) {
    if (!is_pair(pair) || length_of(pair, form) != 2) bad_form(form);
    Node* init = named_value(expect_symbol(car(pair), form), car(cdr(pair)));
    scopes.push_back(std::make_unique<Inside>(*this));
    bound.push_back({{bind_parameter(car(pair)), init}});
  }
  Node* body = expand_body(cdr(cdr(form)), form);
  while (!scopes.empty()) scopes.pop_back();
  scope_ = before;
  for (size_t i = bound.size(); i-- > 0;) body = bind(bound[i], body);
  return body;
}

Node* Expander::letrec_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  Inside scope(*this);
  std::vector<BodyItem> items;
  for (Value pair : items_of(car(cdr(form)), form)) {
    if (!is_pair(pair) || length_of(pair, form) != 2) bad_form(form);
    Variable* variable = bind_parameter(expect_symbol(car(pair), form));
    variable->order = static_cast<uint32_t>(items.size() + 1);
    items.push_back({variable, car(cdr(pair)), value::kUnset, unit_.here()});
  }
  std::vector<LetrecItem> bound;
  for (const BodyItem& item : items) bound.push_back(letrec_item(item));
  Node* body = expand_body(cdr(cdr(form)), form);
  return letrec(bound, body);
}

// A Fix of one function, for forms that loop: `body` calls it.
Node* Expander::loop(Lambda* lambda, Node* body) {
  std::vector<Lambda*> functions{lambda};
  return fix_node(functions, body);
}

// (do ((variable first [next]) ...) (test result ...) command ...)
Node* Expander::do_form(Value form) {
  return in_block(block_name(value::kNil, form), [&] { return do_loop(form); });
}

Node* Expander::do_loop(Value form) {
  expect_items(form, 2, SIZE_MAX);
  Value specs = car(cdr(form));
  auto is_binding = [](Value v) { return is_pair(v) && is_symbol(car(v)) && is_pair(cdr(v)); };
  bool loops = is_nil(specs) || (is_pair(specs) && is_binding(car(specs)));
  if (!loops || is_nil(cdr(cdr(form))) || !is_pair(car(cdr(cdr(form)))))
    unit_.fail_here("'do' is the loop (do ((variable first next) ...) (test result ...) command ...)",
                    "use begin to evaluate expressions in order");
  std::vector<Value> items = items_of(specs, form);
  std::vector<Node*> inits;
  for (Value item : items) {
    size_t count = is_binding(item) ? length_of(item, form) : 0;
    if (count != 2 && count != 3) bad_form(form);
    inits.push_back(expand(car(cdr(item))));
  }
  Variable* self = unit_.make_variable(frame::vm_of(unit_.vm()).intern("do"));
  Lambda* lambda = unit_.make_lambda(self->name, scope_->function(), unit_.here());
  lambda->self = self;
  self->function = lambda;
  {
    Inside parameters(*this, lambda);
    for (Value item : items) lambda->required.push_back(bind_parameter(car(item)));
    Value exit = car(cdr(cdr(form)));
    Node* test = expand(car(exit));
    Node* result = sequence_of(cdr(exit));
    std::vector<Node*> commands = expand_each(cdr(cdr(cdr(form))));
    std::vector<Node*> steps;
    for (size_t i = 0; i < items.size(); ++i) {
      Value next = cdr(cdr(items[i]));
      steps.push_back(is_nil(next) ? local(lambda->required[i]) : expand(car(next)));
    }
    commands.push_back(call_node(local(self), steps));
    lambda->body = choose(test, result, sequence(commands));
  }
  return loop(lambda, call_node(local(self), inits));
}

Node* Expander::while_form(Value form) {
  return in_block(block_name(value::kNil, form), [&] { return while_loop(form); });
}

Node* Expander::while_loop(Value form) {
  expect_items(form, 2, SIZE_MAX);
  Variable* self = unit_.make_variable(frame::vm_of(unit_.vm()).intern("while"));
  Lambda* lambda = unit_.make_lambda(self->name, scope_->function(), unit_.here());
  lambda->self = self;
  self->function = lambda;
  {
    Inside scope(*this, lambda);
    Node* test = expand(car(cdr(form)));
    std::vector<Node*> body = expand_each(cdr(cdr(form)));
    body.push_back(call_node(local(self), {}));
    lambda->body = choose(test, sequence(body), unspecified());
  }
  return loop(lambda, call_node(local(self), {}));
}

Node* Expander::set_form(Value form) {
  expect_items(form, 3, 3);
  Value name = expect_symbol(car(cdr(form)), form);
  Node* value = named_value(name, car(cdr(cdr(form))));
  Denotation d = denote(name);
  if (d.local != nullptr && d.local->variable != nullptr) return set_local(d.local->variable, value);
  if (d.local != nullptr || !is_nil(macro_of(d)))
    unit_.fail_here("set! of the macro '" + text_of(name) + "'", "set a variable");
  if (d.core) unit_.fail_here("set! of '" + text_of(name) + "', which the language defines", "define a name of your own");
  if (d.imported)
    unit_.fail_here("set! of '" + text_of(name) + "', which is imported", "let its module export a function that sets it");
  Node* target = global(d);
  defined_.insert(d.name.bits);
  return node<SetGlobalNode>(NodeKind::kSetGlobal, static_cast<GlobalNode*>(target)->cell, value);
}

}  // namespace terrace::syntax
