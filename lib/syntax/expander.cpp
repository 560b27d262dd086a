// syntax/expander.cpp: what a form is: constant, reference, macro use, special form, primitive or call.
#include "syntax/expander.hpp"

#include <algorithm>
#include <iterator>

#include "frame/alias.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;
using value::is_symbol;

const std::unordered_map<std::string_view, Expander::FormEntry>& Expander::forms() {
  static const std::unordered_map<std::string_view, FormEntry> table = {
#define T_FORM(method, name, shape, text) {name, {&Expander::method, shape}},
#include "syntax/forms.def"
#undef T_FORM
  };
  return table;
}

Lambda* Expander::toplevel(Value form) {
  Unit::At at(unit_, form);
  Lambda* top = unit_.make_lambda(value::kFalse, nullptr, unit_.here());
  Inside scope(*this, top);
  top->body = toplevel_form(form);
  return top;
}

Node* Expander::toplevel_form(Value form) {
  unit_.check_depth();
  Unit::At at(unit_, form);
  form = expand_head(form);
  if (!is_pair(form) || !is_symbol(car(form))) return expand(form);
  const FormEntry* entry = form_of(car(form));
  if (entry == nullptr) return expand(form);
  if (entry->method == &Expander::misplaced_define) return toplevel_define(form);
  if (entry->method == &Expander::misplaced_component) return toplevel_define(component_definition(form));
  if (entry->method == &Expander::misplaced_define_values) return toplevel_define_values(form);
  if (entry->method == &Expander::misplaced_macro) return toplevel_macro(form), unspecified();
  if (entry->method == &Expander::misplaced_syntax) return toplevel_syntax(form), unspecified();
  if (entry->method == &Expander::misplaced_module) return toplevel_module(form);
  if (entry->method == &Expander::misplaced_import) return toplevel_import(form), unspecified();
  if (entry->method == &Expander::misplaced_record) return toplevel_record(form);
  if (entry->method != &Expander::begin_form) return expand(form);
  std::vector<Node*> nodes;
  std::vector<Value> items = items_of(cdr(form), form);
  for (Value each : items) announce_definition(each);
  for (Value each : items) nodes.push_back(toplevel_form(each));
  return sequence(nodes);
}

// A template's name that one of the forms behind defines is a global of its own in those before, too.
void Expander::announce_definition(Value form) {
  if (!is_pair(form) || !is_symbol(car(form)) || !is_pair(cdr(form))) return;
  Value target = car(cdr(form));
  if (is_pair(target)) target = car(target);
  if (!value::is_alias(target)) return;
  const FormEntry* entry = form_of(car(form));
  if (entry != nullptr && entry->method == &Expander::misplaced_define) frame::vm_of(unit_.vm()).cell_of(target);
}

// (define name value) or (define (name . parameters) body ...)
Node* Expander::toplevel_define(Value form) {
  expect_items(form, 2, SIZE_MAX);
  Value target = car(cdr(form));
  Value name = defined_name(expect_symbol(is_pair(target) ? car(target) : target, form));
  Value cell = define_global(name);
  Node* value;
  if (is_pair(target)) {
    expect_items(form, 3, SIZE_MAX);
    value = node<LambdaNode>(NodeKind::kLambda, make_lambda(name, cdr(target), cdr(cdr(form)), form));
  } else {
    expect_items(form, 3, 3);
    value = named_value(name, car(cdr(cdr(form))));
  }
  if (value->kind == NodeKind::kLambda) static_cast<LambdaNode*>(value)->lambda->global = cell;
  return node<SetGlobalNode>(NodeKind::kDefineGlobal, cell, value);
}

// From here on the name, which defined_name gave, means a global of the program; answers its cell.
Value Expander::define_global(Value name) {
  defined_.insert(name.bits);
  forget_macro(name);
  return unit_.keep(value::from_object(frame::vm_of(unit_.vm()).cell_of(name)));
}

// Forms whose names a program may define: those that the prelude makes functions of as well, and conveniences whose
// names are words that programs use.
bool Expander::gives_way(Form method) const {
  static constexpr Form kGiving[] = {
      &Expander::escape_form,      &Expander::wind_form,  &Expander::call_with_values_form, &Expander::exception_handler_form,
      &Expander::return_from_form, &Expander::block_form, &Expander::return_form,           &Expander::match_form,
      &Expander::dotimes_form,     &Expander::dolist_form, &Expander::if_let_form,          &Expander::when_let_form,
      &Expander::assert_form,      &Expander::named_lambda_form,
  };
  return std::find(std::begin(kGiving), std::end(kGiving), method) != std::end(kGiving);
}

Node* Expander::toplevel_record(Value form) {
  Value definitions = record_definitions(form);
  record_types_.insert(denote(record_name(form)).name.bits);
  return toplevel_form(definitions);
}

Node* Expander::expand(Value form) {
  unit_.check_depth();
  if (is_symbol(form)) return reference(form);
  if (!is_pair(form)) return constant(plain(form));
  Unit::At at(unit_, form);
  return expand_pair(form);
}

Variable* Expander::mention(Variable* variable) {
  if (variable->order != 0 && mentions_ != nullptr) mentions_->add(variable);
  return variable;
}

Node* Expander::reference(Value symbol) {
  Denotation d = denote(symbol);
  if (d.local != nullptr && d.local->variable != nullptr) return local(d.local->variable);
  if (d.local == nullptr && is_nil(macro_of(d))) return global(d);
  unit_.fail_here("the macro '" + text_of(symbol) + "' is used as a value", "call it, or write a function");
}

Node* Expander::expand_pair(Value form) {
  form = expand_head(form);
  if (!is_pair(form)) return expand(form);
  Value head = car(form);
  if (is_symbol(head)) return expand_symbol_call(form);
  if (is_pair(head) && is_symbol(car(head))) {
    const FormEntry* entry = form_of(car(head));
    if (entry != nullptr && entry->method == &Expander::lambda_form)
      if (Node* bound = immediate_call(form)) return bound;
  }
  return call_of(expand(head), form);
}

Node* Expander::expand_symbol_call(Value form) {
  Denotation d = denote(car(form));
  if (d.local != nullptr) return call_of(reference(car(form)), form);
  if (const FormEntry* entry = form_of(d)) return (this->*entry->method)(form);
  int id = primitive_of(d);
  if (id >= 0) return primitive_call(static_cast<prims::Id>(id), form);
  return call_of(global(d), form);
}

Node* Expander::call_of(Node* callee, Value form) { return call_node(callee, expand_each(cdr(form))); }

// ((fn (x ...) body ...) value ...) with plain parameters is a let; null when it is anything else.
Node* Expander::immediate_call(Value form) {
  Value function = car(form);
  expect_items(function, 3, SIZE_MAX);
  Value parameters = car(cdr(function));
  size_t count = pairs_of(parameters);
  for (; is_pair(parameters); parameters = cdr(parameters))
    if (!is_symbol(car(parameters)) || frame::symbol_name(car(parameters)).starts_with('&')) return nullptr;
  if (!is_nil(parameters) || count != length_of(cdr(form), form)) return nullptr;
  std::vector<Node*> inits = expand_each(cdr(form));
  std::vector<Binding> bindings;
  Inside scope(*this);
  parameters = car(cdr(function));
  for (Node* init : inits) {
    bindings.push_back({bind_parameter(car(parameters)), init});
    parameters = cdr(parameters);
  }
  return bind(bindings, expand_body(cdr(cdr(function)), function));
}

// --- macros and forms
// -------------------------------------------------------------------------------------------------

// True when `form` was the use of a macro and is now what the macro made of it.
bool Expander::expand_macro_once(Value& form) {
  Value head = car(form);
  if (!is_symbol(head)) return false;
  Denotation d = denote(head);
  if (d.local != nullptr && d.local->variable != nullptr) return false;
  Value expander = d.local != nullptr ? d.local->expander : macro_of(d);
  if (is_nil(expander)) return false;
  form = apply_macro(expander, form);
  return true;
}

Value Expander::expand_head(Value form) {
  constexpr int kMaxSteps = 20000;
  int steps = 0;
  for (Value before = form; is_pair(form) && expand_macro_once(form); before = form)
    if (++steps > kMaxSteps)
      unit_.fail_here("the macro '" + text_of(car(before)) + "' gives another macro call each of " +
                          std::to_string(kMaxSteps) + " times",
                      "let its expansion come to an end");
  return form;
}

Value Expander::apply_macro(Value expander, Value form) {
  if (value::is_vector(expander)) return expand_rules(expander, form);
  std::vector<Value> args = items_of(cdr(form), form);
  if (args.size() > bytecode::kMaxCallArguments)
    unit_.fail_here("a macro call with " + std::to_string(args.size()) + " arguments",
                    "use at most " + std::to_string(bytecode::kMaxCallArguments));
  Value made = frame::call(unit_.vm(), expander, args.data(), args.size());
  if (made == value::kUnwind) unit_.give_up_here();
  return unit_.keep(made);
}

// The datum without the names of templates.
Value Expander::plain(Value datum) {
  Value stripped = frame::strip_aliases(unit_.vm(), datum);
  if (stripped == value::kUnwind) unit_.give_up();
  return unit_.keep(stripped);
}

Node* Expander::misplaced_define(Value) {
  unit_.fail_here("a definition stands where an expression is expected",
                  "move it to the top level or to the start of a body, or use let or set!");
}

Node* Expander::misplaced_macro(Value) {
  unit_.fail_here("a macro definition stands where an expression is expected",
                  "move it to the top level or to the start of a body");
}

Node* Expander::misplaced_record(Value) {
  unit_.fail_here("a record definition stands where an expression is expected",
                  "move it to the top level or to the start of a body");
}

// --- makers
// -----------------------------------------------------------------------------------------------------------

Node* Expander::set_local(Variable* v, Node* value) {
  v->assigned = true;
  return node<SetLocalNode>(NodeKind::kSetLocal, mention(v), value);
}

Node* Expander::list_node(NodeKind kind, std::vector<Node*>& items, Node* when_empty) {
  if (items.empty()) return when_empty;
  if (items.size() == 1) return items[0];
  return node<ListNode>(kind, unit_.arena().copy(items));
}

Node* Expander::sequence_of(Value forms) {
  std::vector<Node*> items = expand_each(forms);
  return sequence(items);
}

Node* Expander::let_node(std::vector<Binding>& bindings, Node* body) {
  if (bindings.empty()) return body;
  return node<LetNode>(NodeKind::kLet, unit_.arena().copy(bindings), body);
}

Node* Expander::fix_node(std::vector<Lambda*>& functions, Node* body) {
  if (functions.empty()) return body;
  return node<FixNode>(NodeKind::kFix, unit_.arena().copy(functions), body);
}

Node* Expander::call_node(Node* callee, std::vector<Node*> args) {
  if (args.size() > bytecode::kMaxCallArguments) return long_call(callee, args);
  return node<CallNode>(NodeKind::kCall, callee, unit_.arena().copy(args));
}

std::vector<Node*> Expander::expand_each(Value forms) {
  length_of(forms, forms);
  std::vector<Node*> nodes;
  for (; is_pair(forms); forms = cdr(forms)) {
    if (is_symbol(car(forms))) {
      Unit::At at(unit_, forms);
      nodes.push_back(expand(car(forms)));
    } else {
      nodes.push_back(expand(car(forms)));
    }
  }
  return nodes;
}

// --- lists
// ------------------------------------------------------------------------------------------------------------

size_t Expander::length_of(Value list, Value whole) {
  size_t count = 0;
  Value slow = list;
  for (; is_pair(list); list = cdr(list)) {
    if (++count % 2 == 0) slow = cdr(slow);
    if (count > 2 && list == slow)
      unit_.fail(unit_.position_of(whole), "the form contains itself", "write a finite list");
  }
  if (!is_nil(list))
    unit_.fail(unit_.position_of(whole), "a form ends in a dot and a value", "write a proper list of forms");
  return count;
}

size_t Expander::pairs_of(Value list) {
  size_t count = 0;
  Value slow = list;
  for (; is_pair(list); list = cdr(list)) {
    if (++count % 2 == 0) slow = cdr(slow);
    if (count > 2 && list == slow) unit_.fail_here("the form contains itself", "write a finite list");
  }
  return count;
}

std::vector<Value> Expander::items_of(Value list, Value whole) {
  std::vector<Value> items;
  items.reserve(length_of(list, whole));
  for (; is_pair(list); list = cdr(list)) items.push_back(car(list));
  return items;
}

// Between min and max items, the head included.
void Expander::expect_items(Value form, size_t min, size_t max) {
  size_t count = length_of(form, form);
  if (count < min || count > max) bad_form(form);
}

void Expander::bad_form(Value form) {
  Value head = is_pair(form) ? car(form) : value::kNil;
  if (is_symbol(head)) {
    auto found = forms().find(frame::symbol_name(head));
    if (found != forms().end())
      unit_.fail_here("'" + text_of(head) + "' is not well formed", "write it as " + std::string(found->second.shape));
  }
  unit_.fail_here("a form is not well formed", "check its parentheses and parts");
}

Value Expander::expect_symbol(Value v, Value whole) {
  if (!is_symbol(v)) bad_form(whole);
  return v;
}

}  // namespace terrace::syntax
