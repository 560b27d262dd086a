// syntax/control_forms.cpp: guard, effect handlers, parameters, dynamic-wind, escapes.
//
// What they become; the %names are primitives of prims.def (control.cpp), Mark, Catch and Throw are instructions:
//
//   guard         m = Guard; [region: body]; Unguard m; handler: u = Catch m; unless (%error-unwind? u) Throw u;
//                 e = (%unwind-value u); clauses; when none chooses (raise-continuable (%unwind-value u))
//   call/ec       m = Mark; k = (%push-escape); [region: body]; (%pop-dynamic m); handler: u = Catch m;
//                 unless (%escape-to? u k) Throw u; (%unwind-value u)
//   dynamic-wind  before; m = Mark; [region: body]; after; handler: u = Catch m; after; Throw u
//   parameterize  m = Mark; (%push-parameter p v) ...; body; (%pop-dynamic m)
//   with-handlers m = Mark; (%push-handler op f) ...; body; (%pop-dynamic m)
//
// The last two, and those of condition_forms.cpp, need no handler: whoever catches an unwind restores the dynamic depth that it marked. A call/ec whose
// escape is only called directly, in the same function and with nothing to undo between, is a jump and none of this
// (resolve.cpp decides).
#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using prims::Id;
using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;
using value::is_symbol;

// (guard (variable clause ...) body ...)
Node* Expander::guard_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  Value head = car(cdr(form));
  if (!is_pair(head)) bad_form(form);
  Value name = expect_symbol(car(head), form);
  Node* body = expand_body(cdr(cdr(form)), form);
  Variable* unwind = unit_.make_variable(value::kNil);
  Inside scope(*this);
  Variable* condition = bind_parameter(name);
  Node* rethrow = primitive(Id::k_raise_continuable, {primitive(Id::k_unwind_value, {local(unwind)})});
  Node* handler = cond_clauses(cdr(head), rethrow);
  return node<GuardNode>(NodeKind::kGuard, unwind, condition, body, handler);
}

// (with-handlers ((operation function) ...) body ...)
Node* Expander::handlers_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  std::vector<DynamicEntry> entries;
  for (Value pair : items_of(car(cdr(form)), form)) {
    if (!is_pair(pair) || length_of(pair, form) != 2) bad_form(form);
    Value operation = car(pair);
    if (is_pair(operation) && is_named(car(operation), "quote") && is_pair(cdr(operation)))
      operation = car(cdr(operation));
    operation = plain(operation);
    if (!is_symbol(operation) && !value::is_keyword(operation))
      unit_.fail_here("an operation is neither a symbol nor a keyword", "write its name as in ((ask (fn (x) ...)))");
    entries.push_back(
        {constant(operation), named_value(is_symbol(operation) ? operation : value::kFalse, car(cdr(pair)))});
  }
  return dynamic(Id::k_push_handler, entries, cdr(cdr(form)), form);
}

// (parameterize ((parameter value) ...) body ...)
Node* Expander::parameterize_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  std::vector<DynamicEntry> entries;
  for (Value pair : items_of(car(cdr(form)), form)) {
    if (!is_pair(pair) || length_of(pair, form) != 2) bad_form(form);
    Node* parameter = expand(car(pair));
    entries.push_back({parameter, expand(car(cdr(pair)))});
  }
  return dynamic(Id::k_push_parameter, entries, cdr(cdr(form)), form);
}

Node* Expander::dynamic(Id push, std::vector<DynamicEntry>& entries, Value body, Value form) {
  Node* inside = expand_body(body, form);
  if (entries.empty()) return inside;
  return node<DynamicNode>(NodeKind::kDynamic, static_cast<uint16_t>(push), unit_.arena().copy(entries), inside);
}

// (dynamic-wind before body after): the functions of before and body are opened when they are written out.
Node* Expander::wind_form(Value form) {
  expect_items(form, 4, 4);
  std::vector<Binding> bindings;
  Node* before = thunk_call(car(cdr(form)), bindings);
  Node* body = thunk_call(car(cdr(cdr(form))), bindings);
  bindings.push_back({unit_.make_variable(value::kNil), expand(car(cdr(cdr(cdr(form)))))});
  Node* after = call_node(local(bindings.back().variable), {});
  return let_node(bindings, node<WindNode>(NodeKind::kWind, before, body, after));
}

// The call of a thunk: its body when it is (fn () ...), else a call of what `form` evaluates to beforehand.
Node* Expander::thunk_call(Value form, std::vector<Binding>& bindings) {
  Value shape = expand_head(form);
  if (is_pair(shape) && is_symbol(car(shape))) {
    const FormEntry* entry = form_of(car(shape));
    if (entry != nullptr && entry->method == &Expander::lambda_form && is_pair(cdr(shape)) && is_nil(car(cdr(shape)))) {
      Unit::At at(unit_, shape);
      return expand_body(cdr(cdr(shape)), shape);
    }
  }
  bindings.push_back({unit_.make_variable(value::kNil), expand(shape)});
  return call_node(local(bindings.back().variable), {});
}

// (call/ec function); with (fn (k) body ...) written out the function is opened.
Node* Expander::escape_form(Value form) {
  expect_items(form, 2, 2);
  Value shape = expand_head(car(cdr(form)));
  if (is_pair(shape) && is_symbol(car(shape))) {
    const FormEntry* entry = form_of(car(shape));
    bool opens = entry != nullptr && entry->method == &Expander::lambda_form && is_pair(cdr(shape));
    Value parameters = opens ? car(cdr(shape)) : value::kNil;
    if (is_pair(parameters) && is_nil(cdr(parameters)) && is_symbol(car(parameters)))
      return escape(car(parameters), cdr(cdr(shape)), shape);
  }
  std::vector<Binding> bindings{{unit_.make_variable(value::kNil), expand(shape)}};
  Variable* k = unit_.make_variable(value::kNil);
  auto* made = node<EscapeNode>(NodeKind::kEscape, k, nullptr);
  k->escape = made;
  made->body = call_node(local(bindings[0].variable), {local(k)});
  return let_node(bindings, made);
}

// (let/ec name body ...)
Node* Expander::let_escape_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  return escape(expect_symbol(car(cdr(form)), form), cdr(cdr(form)), form);
}

Node* Expander::escape(Value name, Value body, Value form) {
  Inside scope(*this);
  Variable* k = bind_parameter(name);
  auto* made = node<EscapeNode>(NodeKind::kEscape, k, nullptr);
  k->escape = made;
  made->body = expand_body(body, form);
  return made;
}

}  // namespace terrace::syntax
