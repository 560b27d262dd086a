// syntax/compile_lambda.hpp: from the tree of a function to its closure; the second half of compile_toplevel, which
// macros need as well.
#pragma once

#include "syntax/unit.hpp"

namespace terrace::syntax {

// `top` has no parameters and captures nothing. Answers a closure of it; throws Failure.
Value compile_lambda(Unit& unit, Lambda* top);

}  // namespace terrace::syntax
