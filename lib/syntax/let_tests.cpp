// syntax/let_tests.cpp: if-let, when-let and assert: tests whose value is used.
#include "syntax/expander.hpp"
#include "text/printer.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using prims::Id;
using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;

// (if-let (name value) then [else]), (if-let ((name value) ...) then [else])
Node* Expander::if_let_form(Value form) {
  expect_items(form, 3, 4);
  Value rest = cdr(cdr(form));
  Node* otherwise = is_nil(cdr(rest)) ? unspecified() : expand(car(cdr(rest)));
  return let_while_true(form, otherwise, [&] { return expand(car(rest)); });
}

// (when-let (name value) body ...), (when-let ((name value) ...) body ...)
Node* Expander::when_let_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  return let_while_true(form, unspecified(), [&] { return sequence_of(cdr(cdr(form))); });
}

// Each value in the scope of the names before it; the first false one leads to `otherwise`.
Node* Expander::let_while_true(Value form, Node* otherwise, const std::function<Node*()>& make_body) {
  Value spec = car(cdr(form));
  if (!is_pair(spec)) bad_form(form);
  std::vector<Value> pairs = is_pair(car(spec)) ? items_of(spec, form) : std::vector<Value>{spec};
  auto* attempt = node<AttemptNode>(NodeKind::kAttempt, nullptr, otherwise);
  attempt->body = bind_while_true(pairs, 0, attempt, form, make_body);
  return attempt;
}

Node* Expander::bind_while_true(const std::vector<Value>& pairs, size_t at, AttemptNode* attempt, Value form,
                                const std::function<Node*()>& make_body) {
  if (at == pairs.size()) return make_body();
  unit_.check_depth();
  if (!is_pair(pairs[at]) || length_of(pairs[at], form) != 2) bad_form(form);
  Node* init = named_value(expect_symbol(car(pairs[at]), form), car(cdr(pairs[at])));
  Inside scope(*this);
  std::vector<Binding> bindings{{bind_parameter(car(pairs[at])), init}};
  Node* test = local(bindings[0].variable);
  Node* then = bind_while_true(pairs, at + 1, attempt, form, make_body);
  return let_node(bindings, choose(test, then, node<FailNode>(NodeKind::kFail, attempt)));
}

// (assert test [message irritant ...])
Node* Expander::assert_form(Value form) {
  expect_items(form, 2, SIZE_MAX);
  std::vector<Binding> bindings{{unit_.make_variable(value::kNil), expand(car(cdr(form)))}};
  std::vector<Node*> parts = expand_each(cdr(cdr(form)));
  if (parts.empty()) {
    constexpr size_t kShown = 200;
    std::string text = "assertion failed: ";
    text::print(text, plain(car(cdr(form))), text::Style::kWrite, kShown);
    parts.push_back(constant(frame::make_string(unit_.vm(), text)));
  }
  Node* failed = primitive(Id::k_assertion_failed, unit_.arena().copy(parts));
  return let_node(bindings, choose(local(bindings[0].variable), local(bindings[0].variable), failed));
}

}  // namespace terrace::syntax
