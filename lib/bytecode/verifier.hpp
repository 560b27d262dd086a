// bytecode/verifier.hpp: decides whether code can be run without leaving its registers, constants and instructions.
#pragma once

#include <string>

#include "bytecode/code.hpp"

namespace terrace::bytecode {

// True when every register, constant (and its kind), capture, primitive number, jump target, handler region and
// argument count is in range, Catch stands only at handler entries, Loop only jumps backwards, and control cannot fall
// off the end. Otherwise false, *reason says what and at which pc.
bool verify(const FunctionCode& function, size_t primitive_count, std::string* reason);

// One line per instruction: pc, line:column, name, operands with constants' kinds.
std::string disassemble(const FunctionCode& function);

}  // namespace terrace::bytecode
