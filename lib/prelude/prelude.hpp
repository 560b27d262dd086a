// prelude/prelude.hpp: the globals that the language defines in SX: those of control.sx and jit.sx.
//
// Answers for: giving a vm each of them when it first meets its name. Not for: compiling them, which make.cpp does once
// while Terrace is built.
#pragma once

#include <string_view>

#include "frame/vm.hpp"

namespace terrace::prelude {

// Defines the global or macro of that name; false when the prelude has none. For Hooks::name_made.
bool provide(VmState* vm, std::string_view name);
// Makes the vm meet all of the names.
void install(VmState* vm);

}  // namespace terrace::prelude
