// syntax/macros.cpp: the forms that make macros. The expander of a macro is an ordinary function, called with the
// unevaluated arguments, or a transformer of syntax_rules.cpp.
#include <utility>

#include "syntax/compile_lambda.hpp"
#include "syntax/expander.hpp"
#include "text/printer.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;
using value::is_symbol;

// At top level the macro is global from here on.
void Expander::toplevel_macro(Value form) {
  Value name;
  Scope* around = std::exchange(scope_, nullptr);
  Value expander = macro_expander(form, &name);
  scope_ = around;
  frame::vm_of(unit_.vm()).define_macro(defined_macro_name(name), expander);
}

// (define-syntax name transformer)
void Expander::toplevel_syntax(Value form) {
  expect_items(form, 3, 3);
  Value name = defined_macro_name(expect_symbol(car(cdr(form)), form));
  frame::vm_of(unit_.vm()).define_macro(name, syntax_transformer(car(cdr(cdr(form))), nullptr));
}

// Evaluates the expander of (define-macro (name . parameters) body ...) or (define-macro name function) in the global
// scope. Its templates stand in the scope around.
Value Expander::macro_expander(Value form, Value* name) {
  expect_items(form, 3, SIZE_MAX);
  Value target = car(cdr(form));
  *name = expect_symbol(is_pair(target) ? car(target) : target, form);
  if (is_pair(target)) return make_expander(*name, cdr(target), cdr(cdr(form)), form);
  expect_items(form, 3, 3);
  return in_global_scope([&] { return named_value(*name, car(cdr(cdr(form)))); }, *name);
}

Value Expander::make_expander(Value name, Value parameters, Value body, Value whole) {
  return in_global_scope(
      [&]() -> Node* {
        Lambda* made = unit_.make_lambda(unit_.keep(name), scope_->function(), unit_.here());
        Inside scope(*this, made);
        read_parameters(made, parameters);
        TemplateNames names{unit_.make_variable(value::kNil)};
        names_ = &names;
        made->body = expand_body(body, whole);
        names_ = nullptr;
        if (names.used) {
          std::vector<Binding> bindings{{names.box, primitive(prims::Id::k_box, {constant(value::kNil)})}};
          made->body = let_node(bindings, made->body);
        }
        return node<LambdaNode>(NodeKind::kLambda, made);
      },
      name);
}

// The function that the node made by `make` evaluates to now, outside of all local scopes.
Value Expander::in_global_scope(const std::function<Node*()>& make, Value name) {
  Scope* around = std::exchange(scope_, nullptr);
  Scope* template_scope = std::exchange(template_scope_, around);
  TemplateNames* names = std::exchange(names_, nullptr);
  bool in_template = std::exchange(in_template_, false);
  Mentions* mentions = std::exchange(mentions_, nullptr);
  Lambda* top = unit_.make_lambda(value::kFalse, nullptr, unit_.here());
  {
    Inside scope(*this, top);
    top->body = make();
  }
  mentions_ = mentions;
  in_template_ = in_template;
  names_ = names;
  template_scope_ = template_scope;
  scope_ = around;
  Value expander = frame::call(unit_.vm(), compile_lambda(unit_, top), nullptr, 0);
  if (expander == value::kUnwind) unit_.give_up();
  if (!value::is_function(expander))
    unit_.fail_here("the expander of the macro '" + text_of(name) + "' is not a function",
                    "write (define-macro (name ...) body ...)");
  return unit_.keep(expander);
}

// The transformer that (syntax-rules ...), or the name of a macro, stands for. `scope` is where its templates stand;
// null: at top level.
Value Expander::syntax_transformer(Value form, Scope* scope) {
  Unit::At at(unit_, form);
  form = expand_head(form);
  if (is_pair(form) && is_symbol(car(form))) {
    const FormEntry* entry = form_of(car(form));
    if (entry != nullptr && entry->method == &Expander::misplaced_rules) return make_rules(form, scope);
  }
  if (is_symbol(form)) {
    Denotation d = denote(form);
    Value expander = d.local == nullptr ? macro_of(d) : d.local->variable == nullptr ? d.local->expander : value::kNil;
    if (!is_nil(expander)) return expander;
  }
  unit_.fail_here("the value of a macro is neither syntax-rules nor another macro",
                  "write (syntax-rules (literal ...) ((_ pattern ...) template) ...), or use define-macro");
}

// The entry stays, as nil, which means no macro; the name may become one again.
void Expander::forget_macro(Value name) {
  frame::Vm& vm = frame::vm_of(unit_.vm());
  auto found = vm.macro_index.find(name.bits);
  if (found != vm.macro_index.end()) vm.macros[found->second] = value::kNil;
}

// --- macros of a body
// -----------------------------------------------------------------------------------------------------

void Expander::define_local_macro(Value form) {
  Value name;
  Value expander = macro_expander(form, &name);
  bind_macro(name, expander);
}

void Expander::define_local_syntax(Value form) {
  expect_items(form, 3, 3);
  Value name = expect_symbol(car(cdr(form)), form);
  bind_macro(name, syntax_transformer(car(cdr(cdr(form))), scope_));
}

void Expander::bind_macro(Value name, Value expander) {
  if (scope_->binds(name)) unit_.fail_here("the name '" + text_of(name) + "' is bound twice", "choose different names");
  scope_->bind_macro(unit_.keep(name), expander);
}

Node* Expander::let_syntax_form(Value form) { return local_syntax(form, false); }
Node* Expander::letrec_syntax_form(Value form) { return local_syntax(form, true); }

// (let-syntax ((name transformer) ...) body ...)
Node* Expander::local_syntax(Value form, bool recursive) {
  expect_items(form, 3, SIZE_MAX);
  Scope* around = scope_;
  std::vector<Value> clauses = items_of(car(cdr(form)), form);
  std::vector<Value> expanders;
  for (Value clause : clauses) {
    if (!is_pair(clause) || length_of(clause, form) != 2) bad_form(form);
    expect_symbol(car(clause), form);
    if (!recursive) expanders.push_back(syntax_transformer(car(cdr(clause)), around));
  }
  Inside scope(*this);
  for (size_t i = 0; i < clauses.size(); ++i) {
    Value expander = recursive ? syntax_transformer(car(cdr(clauses[i])), scope_) : expanders[i];
    bind_macro(car(clauses[i]), expander);
  }
  return expand_body(cdr(cdr(form)), form);
}

// (let-macro ((name (parameter ...) expression ...) ...) body ...)
Node* Expander::let_macro_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  std::vector<Value> clauses = items_of(car(cdr(form)), form);
  Inside scope(*this);
  for (Value clause : clauses) {
    if (!is_pair(clause) || length_of(clause, form) < 3) bad_form(form);
    Unit::At at(unit_, clause);
    Value name = expect_symbol(car(clause), form);
    bind_macro(name, make_expander(name, car(cdr(clause)), cdr(cdr(clause)), form));
  }
  return expand_body(cdr(cdr(form)), form);
}

Node* Expander::misplaced_syntax(Value) {
  unit_.fail_here("a macro definition stands where an expression is expected",
                  "move it to the top level or to the start of a body, or use let-syntax");
}

// (syntax-error message form ...): what a rule or expander says about a use.
Node* Expander::syntax_error_form(Value form) {
  expect_items(form, 2, SIZE_MAX);
  if (!value::is_string(car(cdr(form)))) bad_form(form);
  std::string message(frame::string_view_of(car(cdr(form))));
  constexpr size_t kLong = 200;
  for (Value each : items_of(cdr(cdr(form)), form)) {
    message += ' ';
    text::print(message, plain(each), text::Style::kWrite, message.size() + kLong);
  }
  unit_.fail_here(message, "change this use of the macro");
}

Node* Expander::misplaced_rules(Value) {
  unit_.fail_here("syntax-rules stands where an expression is expected",
                  "write it as the value in define-syntax, let-syntax or letrec-syntax");
}

}  // namespace terrace::syntax
