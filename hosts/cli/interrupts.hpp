// cli/interrupts.hpp: Ctrl-C and time limits as interrupts of the running program.
//
// Answers for: the signal handlers of the process, which only this program, never the library, installs. Invariant: a handler is
// installed only while its object lives, and one object of each class at a time.
#pragma once

#include <terrace/jit.h>

#include <csignal>

#include "library.hpp"

namespace terrace::cli {

// While it lives, Ctrl-C interrupts the vm instead of ending the process.
class KeyboardInterrupt {
 public:
  KeyboardInterrupt(const Library& library, jit_vm* vm);
  ~KeyboardInterrupt();
  KeyboardInterrupt(const KeyboardInterrupt&) = delete;
  KeyboardInterrupt& operator=(const KeyboardInterrupt&) = delete;

 private:
  struct sigaction before_{};
};

// While it lives, the vm is interrupted once a second from `seconds` on.
class TimeLimit {
 public:
  TimeLimit(const Library& library, jit_vm* vm, unsigned seconds);
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;
  bool passed() const;

 private:
  struct sigaction before_{};
};

}  // namespace terrace::cli
