// syntax/compile.cpp: the entry points of the room.
#include "syntax/compile.hpp"

#include "syntax/compile_lambda.hpp"
#include "syntax/expander.hpp"
#include "text/reader.hpp"

namespace terrace::syntax {

Value compile_toplevel(VmState* vm, Value form, const text::SourceMap& map, std::string_view source_name) {
  Unit unit(vm, map, source_name);
  try {
    unit.keep(form);
    Expander expander(unit);
    return compile_lambda(unit, expander.toplevel(form));
  } catch (const Failure&) {
    return value::kUnwind;
  }
}

namespace {

// As functions they are their own forms: the body of each is the form, opened.
constexpr std::string_view kControl = R"(
(define (call/ec f) (let/ec k (f k)))
(define (call-with-escape-continuation f) (let/ec k (f k)))
(define %call-with-values
  (let ((call-with-values (fn (producer consumer) (call-with-values producer consumer)))) call-with-values))
(define call-with-values %call-with-values)
(define %with-exception-handler
  (let ((with-exception-handler (fn (handler thunk) (with-exception-handler handler thunk)))) with-exception-handler))
(define with-exception-handler %with-exception-handler)
(define %wind
  (let ((dynamic-wind (fn (before body after) (dynamic-wind before body after)))) dynamic-wind))
(define dynamic-wind %wind)
)";

// lib/jit.sx, as lib/syntax/meson.build wrote it.
constexpr std::string_view kJit =
#include "syntax/jit_sx.inc"
    ;

bool run(VmState* vm, std::string_view source, std::string_view name) {
  text::SourceMap map;
  text::Reader reader(vm, source, name);
  for (;;) {
    Value form = reader.next(map);
    if (form == value::kEof) return true;
    Value start = form == value::kUnwind ? form : compile_toplevel(vm, form, map, name);
    if (start == value::kUnwind || frame::call(vm, start, nullptr, 0) == value::kUnwind) return false;
  }
}

}  // namespace

bool install_control(VmState* vm) { return run(vm, kControl, "terrace:control"); }
bool install_jit_library(VmState* vm) { return run(vm, kJit, "terrace:jit"); }

}  // namespace terrace::syntax
