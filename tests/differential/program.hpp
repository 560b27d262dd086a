// differential/program.hpp: one generated program: functions that become globals, and calls of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tree.hpp"

namespace terrace::differential {

struct Definition {
  std::string name;
  Node value;  // a lambda, or the first value of a global variable
};

// The arguments are data: what `read-from-string` makes of them, with (%f64 ...) and the like made real by the prelude.
struct Call {
  std::string function;
  std::vector<Node> arguments;
};

struct Program {
  uint64_t seed = 0;
  std::vector<Definition> definitions;
  std::vector<Call> calls;
};

// The program with this seed; always the same one. Its globals begin with `prefix`, so that many live in one vm.
Program generate(uint64_t seed);

// The same program written so that the compiler to bytecode finds nothing to be clever about: primitives are called
// through variables, all local variables live in boxes, loops are functions that call each other.
Program plain(const Program& program);

// As people would write it: definitions, then calls.
std::string source_of(const Program& program);

}  // namespace terrace::differential
