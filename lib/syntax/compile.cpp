// syntax/compile.cpp: the entry point of the room.
#include "syntax/compile.hpp"

#include "syntax/compile_lambda.hpp"
#include "syntax/expander.hpp"

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

}  // namespace terrace::syntax
