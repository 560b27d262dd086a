// syntax/components.cpp: defcomp: a component is a function whose call reads as markup.
//
//   (defcomp ~card (&key title (class "x") &rest children) body ...)
//   (~card :title "t" child ...)
//
// It is the definition of a function: all that is special about components is in their parameters (parameters.cpp).
#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;

// (defcomp (name . parameters) body ...), which is define in all but its head, so that errors name defcomp.
Value Expander::component_definition(Value form) {
  expect_items(form, 4, SIZE_MAX);
  Value name = expect_symbol(car(cdr(form)), form);
  Value rest = cdr(cdr(form));
  if (!is_pair(car(rest)) && !is_nil(car(rest))) bad_form(form);
  heap::Heap& heap = frame::heap_of(unit_.vm());
  Value target = unit_.keep(heap.cons(name, car(rest)));
  Value inner = unit_.keep(heap.cons(target, cdr(rest)));
  return unit_.keep(heap.cons(car(form), inner));
}

Node* Expander::misplaced_component(Value) {
  unit_.fail_here("a component definition stands where an expression is expected",
                  "move it to the top level or to the start of a body, or use fn");
}

}  // namespace terrace::syntax
