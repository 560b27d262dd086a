// base/cpu.hpp: what this processor can do, as far as generated code asks.
//
// Answers for: the one name that the compiler is told, and that code on disk is kept under.
#pragma once

namespace terrace::base {

// The instruction set as a level of the x86-64 ABI: "x86-64", "x86-64-v2", "x86-64-v3" or "x86-64-v4"; static storage.
const char* cpu_level();

}  // namespace terrace::base
