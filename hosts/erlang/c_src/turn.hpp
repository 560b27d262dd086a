// turn.hpp: whose turn it is in a vm.
//
// A vm is used by one process at a time. A process has the turn from the first slice of a run to its last, also while
// it waits for the scheduler between two of them; not while a computation is suspended. Who comes in between is told
// busy, and may ask to be told when the vm is free.
#pragma once

#include "objects.hpp"

namespace terrace::erlang {

class Turn {
 public:
  // For the process of the environment. Empty when another one has the turn.
  static Turn take(ErlNifEnv* env, const Held<Vm>& vm);
  Turn(Turn&&) noexcept = default;
  Turn& operator=(Turn&& other) noexcept {
    std::swap(vm_, other.vm_);
    return *this;
  }
  ~Turn();
  explicit operator bool() const { return static_cast<bool>(vm_); }
  Vm& vm() const { return *vm_; }
  const Held<Vm>& held() const { return vm_; }

 private:
  explicit Turn(Held<Vm> vm) : vm_(std::move(vm)) {}
  Held<Vm> vm_;
};

// Sends {terrace_turn, tag} to the process when the vm is free; at once when it is.
void tell_when_free(Vm& vm, const ErlNifPid& pid, Term tag);

}  // namespace terrace::erlang
