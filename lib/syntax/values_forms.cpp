// syntax/values_forms.cpp: forms that take several values: call-with-values, receive, let-values, let*-values,
// define-values.
//
// All but define-values inside of a body become Receive nodes, whose generator makes no object of values that it sees
// being made (generate_values.cpp). A body's define-values is a definition of a hidden variable for all of them, and
// one for each name; the hidden variable is a symbol that no source can write.
#include <memory>

#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using prims::Id;
using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;
using value::is_symbol;

// (a b . rest), (a b) or rest
Expander::Formals Expander::read_formals(Value list) {
  Formals formals;
  pairs_of(list);
  for (; is_pair(list); list = cdr(list)) formals.names.push_back(car(list));
  formals.rest = list;
  for (Value name : formals.names)
    if (!is_symbol(name) || frame::symbol_name(name).starts_with('&'))
      unit_.fail_here("the list of names for several values is not well formed",
                      "write it as (name ...), (name ... . rest) or rest");
  if (!is_nil(list) && !is_symbol(list))
    unit_.fail_here("what stands behind the dot is not a name", "write it as (name ... . rest)");
  return formals;
}

// Binds the names in the scope that stands; the body of the node is set by who calls.
ReceiveNode* Expander::receive(const Formals& formals, Node* init) {
  std::vector<Variable*> variables;
  for (Value name : formals.names) variables.push_back(bind_parameter(name));
  Variable* rest = is_nil(formals.rest) ? nullptr : bind_parameter(formals.rest);
  return node<ReceiveNode>(NodeKind::kReceive, unit_.arena().copy(variables), rest, init, nullptr);
}

// (receive formals expression body ...)
Node* Expander::receive_form(Value form) {
  expect_items(form, 4, SIZE_MAX);
  Formals formals = read_formals(car(cdr(form)));
  Node* init = expand(car(cdr(cdr(form))));
  Inside scope(*this);
  ReceiveNode* made = receive(formals, init);
  made->body = expand_body(cdr(cdr(cdr(form))), form);
  return made;
}

// (let-values ((formals expression) ...) body ...)
Node* Expander::let_values_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  std::vector<std::pair<Formals, Node*>> clauses;
  for (Value clause : items_of(car(cdr(form)), form)) {
    if (!is_pair(clause) || length_of(clause, form) != 2) bad_form(form);
    Unit::At at(unit_, clause);
    Formals formals = read_formals(car(clause));
    clauses.emplace_back(std::move(formals), expand(car(cdr(clause))));
  }
  Inside scope(*this);
  std::vector<ReceiveNode*> nodes;
  for (const auto& [formals, init] : clauses) nodes.push_back(receive(formals, init));
  Node* body = expand_body(cdr(cdr(form)), form);
  return nest(nodes, body);
}

// The same with each expression in the scope of the clauses before it.
Node* Expander::let_star_values_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  std::vector<ReceiveNode*> nodes;
  std::vector<std::unique_ptr<Inside>> scopes;
  for (Value clause : items_of(car(cdr(form)), form)) {
    if (!is_pair(clause) || length_of(clause, form) != 2) bad_form(form);
    Unit::At at(unit_, clause);
    Formals formals = read_formals(car(clause));
    Node* init = expand(car(cdr(clause)));
    scopes.push_back(std::make_unique<Inside>(*this));
    nodes.push_back(receive(formals, init));
  }
  Node* body = expand_body(cdr(cdr(form)), form);
  while (!scopes.empty()) scopes.pop_back();
  return nest(nodes, body);
}

// Each node the body of the one before it, `body` that of the last.
Node* Expander::nest(const std::vector<ReceiveNode*>& nodes, Node* body) {
  for (size_t i = nodes.size(); i-- > 0;) {
    nodes[i]->body = body;
    body = nodes[i];
  }
  return body;
}

// (call-with-values producer consumer): what is written out as (fn ...) is opened on both sides.
Node* Expander::call_with_values_form(Value form) {
  expect_items(form, 3, 3);
  std::vector<Binding> bindings;
  Node* init = thunk_call(car(cdr(form)), bindings);
  Value consumer = expand_head(car(cdr(cdr(form))));
  if (takes_values(consumer)) {
    Unit::At at(unit_, consumer);
    Formals formals = read_formals(car(cdr(consumer)));
    Inside scope(*this);
    ReceiveNode* made = receive(formals, init);
    made->body = expand_body(cdr(cdr(consumer)), consumer);
    return let_node(bindings, made);
  }
  Variable* function = unit_.make_variable(value::kNil);
  Variable* all = unit_.make_variable(value::kNil);
  bindings.push_back({function, expand(consumer)});
  Node* apply = global(Denotation{nullptr, symbol("apply"), true});
  Node* call = call_node(apply, {local(function), local(all)});
  return let_node(bindings, node<ReceiveNode>(NodeKind::kReceive, std::span<Variable*>(), all, init, call));
}

// Whether the form is (fn formals body ...) with names alone.
bool Expander::takes_values(Value form) {
  if (!is_pair(form) || !is_symbol(car(form)) || !is_pair(cdr(form)) || !is_pair(cdr(cdr(form)))) return false;
  const FormEntry* entry = form_of(car(form));
  if (entry == nullptr || entry->method != &Expander::lambda_form) return false;
  Value list = car(cdr(form));
  pairs_of(list);
  for (; is_pair(list); list = cdr(list))
    if (!is_symbol(car(list)) || frame::symbol_name(car(list)).starts_with('&')) return false;
  return is_nil(list) || is_symbol(list);
}

// --- define-values
// ----------------------------------------------------------------------------------------------------

Node* Expander::misplaced_define_values(Value form) { return misplaced_define(form); }

// (define-values formals expression) at top level
Node* Expander::toplevel_define_values(Value form) {
  expect_items(form, 3, 3);
  Formals formals = read_formals(car(cdr(form)));
  std::vector<Value> names = formals.names, cells;
  if (!is_nil(formals.rest)) names.push_back(formals.rest);
  for (Value name : names) cells.push_back(define_global(defined_name(name)));
  Node* init = expand(car(cdr(cdr(form))));
  Inside scope(*this);
  ReceiveNode* made = receive(formals, init);
  std::vector<Variable*> variables(made->variables.begin(), made->variables.end());
  if (made->rest != nullptr) variables.push_back(made->rest);
  std::vector<Node*> definitions;
  for (size_t i = 0; i < cells.size(); ++i)
    definitions.push_back(node<SetGlobalNode>(NodeKind::kDefineGlobal, cells[i], local(variables[i])));
  definitions.push_back(unspecified());
  made->body = sequence(definitions);
  return made;
}

void Expander::collect_define_values(Value form, std::vector<BodyItem>& items) {
  expect_items(form, 3, 3);
  Formals formals = read_formals(car(cdr(form)));
  VmState* vm = unit_.vm();
  auto list = [&](std::initializer_list<Value> parts) {
    return unit_.keep(frame::make_list(vm, parts.begin(), parts.size()));
  };
  auto call = [&](std::string_view name, Value a, Value b) { return list({core(name), a, b}); };
  auto define = [&](Value name, Value init) {
    Variable* variable = bind_parameter(name);
    variable->order = static_cast<uint32_t>(items.size() + 1);
    items.push_back({variable, init, value::kUnset, unit_.here()});
  };
  Value all = hidden_name("values");
  Value count = value::make_fixnum(static_cast<int64_t>(formals.names.size()));
  Value open = value::make_bool(!is_nil(formals.rest));
  define(all, list({core("%take-values"), car(cdr(cdr(form))), count, open}));
  for (size_t i = 0; i < formals.names.size(); ++i)
    define(formals.names[i], call("%values-ref", all, value::make_fixnum(static_cast<int64_t>(i))));
  if (!is_nil(formals.rest)) define(formals.rest, call("%values-rest", all, count));
}

// A symbol that is no other one.
Value Expander::hidden_name(std::string_view text) {
  Value prefix = frame::vm_of(unit_.vm()).intern(text);
  return unit_.keep(prims::prim_gensym(unit_.vm(), &prefix, 1));
}

}  // namespace terrace::syntax
