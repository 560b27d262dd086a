// differential/compare.hpp: programs in a mode against the interpreter, in a process that may die of it.
#pragma once

#include "machine.hpp"

namespace terrace::differential {

// Unloadable: the interpreter took it, the mode under test did not.
enum class Verdict { kSame, kDifferent, kUnloadable, kCrashed, kHung, kUseless };

// Of the machine for a mode, and of the interpreter that it is compared with.
MachineOptions machine_options(const std::string& mode);
MachineOptions interpreter_options(const std::string& mode);

// Where two traces part; "" when they do not.
std::string difference(const Trace& expected, const Trace& got);

// Runs every program by itself, in a child process, and judges each.
std::vector<Verdict> judge_each(std::span<const Program> programs, const std::string& mode);
// Runs the programs together and judges the last one of them.
Verdict judge_last(std::span<const Program> programs, const std::string& mode);

// The programs as that mode runs them.
std::vector<Program> written_for(std::span<const Program> programs, const std::string& mode);

// The smallest program found that is judged the same in this mode.
Program shrink(Program program, const std::string& mode, Verdict verdict);

// What a person needs: the program, its calls, and what both modes gave.
void report(std::span<const Program> programs, const std::string& mode);

}  // namespace terrace::differential
