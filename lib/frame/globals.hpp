// frame/globals.hpp: stores into globals, and which of them compiled code takes for granted.
//
// Opt code takes for granted which functions the globals hold that it calls, where it has these functions along (worker/emit/program.hpp).
// Before it relies on that, it has each such cell watched. A watched cell that gets another value is no longer watched, and
// VmState::watch_epoch grows. Code compares that number where it is entered, and where other code has run; when it is another one, nothing
// is taken for granted before all of it has been looked at again. So a call itself tests nothing.
//
// Not for: what a cell must hold (interp/runtime.cpp, `watch`).
#pragma once

#include "frame/vm_state.hpp"

namespace terrace::frame {

// All stores into cells, whoever makes them.
void store_global(VmState* vm, value::Cell* cell, Value v);
// From now on other values in the cell are noticed. False for one that has changed too often while it was watched.
bool watch(value::Cell* cell);

}  // namespace terrace::frame
