// bytecode/verifier.hpp: decides whether code can be run without leaving its registers, constants and instructions.
#pragma once

#include <string>

#include "bytecode/code.hpp"

namespace terrace::bytecode {

// Whether a primitive has that number and a Prim instruction may give it so many arguments; what the prims room knows and this one asks.
using AcceptsPrimitive = bool (*)(uint32_t number, uint32_t argc);

// True when every register, constant (and its kind), capture, primitive number, jump target, handler region and
// argument count is in range, Catch stands only at handler entries, Loop jumps backwards and nothing else does, and control cannot fall
// off the end. Otherwise false, *reason says what and at which pc.
bool verify(const FunctionCode& function, AcceptsPrimitive accepts, std::string* reason);

// One line per instruction: pc, line:column, name, operands with constants' kinds.
std::string disassemble(const FunctionCode& function);

}  // namespace terrace::bytecode
