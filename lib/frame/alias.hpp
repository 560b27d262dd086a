// frame/alias.hpp: the names of macro templates.
//
// Answers for: making aliases, and plain data out of forms that hold some. Not for: what an alias means, which the
// compiler finds out (syntax/denote.cpp).
//
// Alias::env says where the template stands: nil at the top level; a symbol: in the module of that name; a fixnum: in that
// scope of the function being compiled; true: nowhere special, the base names a special form or primitive whatever became
// of the global of that name.
#pragma once

#include "frame/vm.hpp"

namespace terrace::frame {

Value make_alias(VmState* vm, Value base, Value env);
// The symbol that was written: no alias.
Value written_symbol(Value symbol);
// The datum with the written symbols in place of aliases; the datum itself when there is none, else a copy of the parts
// that hold some. kUnwind with the error pending when it is nested too deeply.
Value strip_aliases(VmState* vm, Value datum);

}  // namespace terrace::frame
