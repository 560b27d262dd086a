// syntax/macros.cpp: define-macro. A macro's expander is an ordinary function, called with the unevaluated arguments.
#include "syntax/compile_lambda.hpp"
#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;

// At top level the macro is global from here on.
Node* Expander::toplevel_macro(Value form) {
  Value name;
  Value expander = macro_expander(form, &name);
  define_global_macro(name, expander);
  return unspecified();
}

// Evaluates the expander of (define-macro (name . parameters) body ...) or (define-macro name function) in the global
// scope.
Value Expander::macro_expander(Value form, Value* name) {
  expect_items(form, 3, SIZE_MAX);
  Value target = car(cdr(form));
  Lambda* top = unit_.make_lambda(value::kFalse, nullptr, unit_.here());
  Scope* around = scope_;
  scope_ = nullptr;
  {
    Inside scope(*this, top);
    if (is_pair(target)) {
      *name = expect_symbol(car(target), form);
      top->body = node<LambdaNode>(NodeKind::kLambda, make_lambda(*name, cdr(target), cdr(cdr(form)), form));
    } else {
      *name = expect_symbol(target, form);
      expect_items(form, 3, 3);
      top->body = named_value(*name, car(cdr(cdr(form))));
    }
  }
  scope_ = around;
  Value closure = compile_lambda(unit_, top);
  Value expander = frame::call(unit_.vm(), closure, nullptr, 0);
  if (expander == value::kUnwind) unit_.give_up();
  if (!value::is_function(expander))
    unit_.fail_here("the expander of the macro '" + text_of(*name) + "' is not a function",
                    "write (define-macro (name ...) body ...)");
  return unit_.keep(expander);
}

// Two entries of vm.macros a macro: the expander, and the symbol, which must stay alive as long as its address is a
// key.
void Expander::define_global_macro(Value name, Value expander) {
  frame::Vm& vm = frame::vm_of(unit_.vm());
  auto [place, fresh] = vm.macro_index.emplace(name.bits, vm.macros.size());
  if (fresh) {
    vm.macros.push(expander);
    vm.macros.push(name);
  } else {
    vm.macros[place->second] = expander;
  }
}

// The entry stays, as nil, which means no macro; the name may become one again.
void Expander::forget_macro(Value name) {
  frame::Vm& vm = frame::vm_of(unit_.vm());
  auto found = vm.macro_index.find(name.bits);
  if (found != vm.macro_index.end()) vm.macros[found->second] = value::kNil;
}

}  // namespace terrace::syntax
