// syntax/compile.hpp: from a form to a function that can be run; all that other rooms need of this one.
//
// Answers for: macro expansion, scopes, register bytecode, prototypes. Not for: reading text (text/), running
// (interp/).
#pragma once

#include <string_view>

#include "frame/vm.hpp"
#include "text/source_map.hpp"

namespace terrace::syntax {

// A closure of no arguments that evaluates the form at top level; kUnwind with a syntax-error, or with what a macro
// raised. Runs on a computation's stack, since macros are SX functions. `map` may be empty, as it is for data given to
// eval.
Value compile_toplevel(VmState* vm, Value form, const text::SourceMap& map, std::string_view source_name);

}  // namespace terrace::syntax
