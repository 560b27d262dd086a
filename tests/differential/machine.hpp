// differential/machine.hpp: runs programs in one mode, through the C interface, and writes down what they did.
//
// Answers for: one engine; a vm for every batch; that all functions of a batch are asked for at once, so that they are
// compiled together. Not for: judging what was written down (compare.hpp).
#pragma once

#include <terrace/jit.h>

#include <span>
#include <string>
#include <vector>

#include "program.hpp"

namespace terrace::differential {

struct MachineOptions {
  std::string name;  // of the mode
  uint32_t mode = JIT_MODE_INTERP;
  int64_t threshold = 2;
  unsigned milliseconds = 2000;  // of processor time for one call
  bool stress = false;           // a collection at every chance
  bool plain = false;            // places and traces of errors are not written down
};

// Begins the only line of a program that the compiler to bytecode did not accept.
inline constexpr const char* kCannotLoad = "cannot be loaded:";

// One line per call and round. A call that ran out of time, memory or stack makes the program useless for comparing,
// since these limits are reached at different points in different tiers.
struct Trace {
  std::vector<std::string> lines;
  bool limited = false;
  bool plain = false;
  bool malformed() const { return !lines.empty() && lines[0].starts_with(kCannotLoad); }
};

class Machine {
 public:
  explicit Machine(MachineOptions options);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Every call of every program twice: first guarded, then again without a guard, for the error's place and trace.
  std::vector<Trace> run(std::span<const Program> programs);
  // Functions that the engine did not compile though it was asked to; "" when there are none.
  std::string refusals() const;
  uint64_t compiled() const;

 private:
  class Batch;

  MachineOptions options_;
  jit_engine* engine_ = nullptr;
};

}  // namespace terrace::differential
