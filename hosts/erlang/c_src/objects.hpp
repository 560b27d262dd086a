// objects.hpp: what the terms of engines, vms, references and computations stand for.
//
// Answers for: ownership. A reference or a computation holds its vm, a vm its engine, so they may be collected in any
// order and on any scheduler. Engines and vms end on the housekeeper's thread, because their end may take long.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "resource.hpp"
#include "state.hpp"
#include "terms.hpp"

namespace terrace::erlang {

// A handle of the library that is given back once: when told to, else with the object. The number stays, so a later use
// is answered by the library: it knows that the handle is not alive.
template <class Handle>
class Owned {
 public:
  explicit Owned(Handle* handle) noexcept : handle_(handle) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Handle* get() const { return handle_; }
  // The handle, for the one caller who may release it; null afterwards.
  Handle* give_up() { return given_up_.exchange(true) ? nullptr : handle_; }

 private:
  Handle* handle_;
  std::atomic<bool> given_up_{false};
};

struct Engine {
  Engine(jit_engine* made, bool waits) noexcept : handle(made), waits_for_compiler(waits) {}
  ~Engine();
  // Gives the handle back here and now; nothing the second time. So do the others.
  void release();

  Owned<jit_engine> handle;
  const bool waits_for_compiler;  // its modes compile before they run: not on a normal scheduler
};

// What the program of a vm printed and nobody has taken yet. The vm's writer and its resource share it.
struct Output {
  std::string text;
};

// A process that wants to know when the vm is free.
struct Waiter {
  ErlNifPid pid;
  ErlNifEnv* env;
  Term tag;
};

// Functions of SX that conversions need, fetched before a program can define them anew.
struct Tools {
  jit_ref* divide = nullptr;
  jit_ref* make_i64 = nullptr;
  jit_ref* wrap_function = nullptr;
};

struct Vm {
  Vm(const Held<Engine>& of, jit_vm* made, const std::shared_ptr<Output>& written, KeptTerm to,
     const Tools& fetched) noexcept
      : engine(of), handle(made), output(written), writes_to(std::move(to)), tools(fetched) {
    slice.vm = made;
  }
  ~Vm();
  void release();  // by who has the turn

  Held<Engine> engine;
  Owned<jit_vm> handle;
  std::shared_ptr<Output> output;
  const KeptTerm writes_to;  // where the Erlang modules bring the output
  Tools tools;
  Slice slice;
  std::atomic<bool> stop{false};  // terrace:interrupt asked for the end of the run that has the turn
  // turn.hpp
  std::atomic<bool> taken{false};
  std::atomic<Term> owner{0};  // the process that has the turn
  std::mutex waiters_mutex;
  std::vector<Waiter> waiters;
};

struct Ref {
  Ref(const Held<Vm>& of, jit_ref* made) noexcept : vm(of), handle(made) {}
  ~Ref() { release(); }
  void release();

  Held<Vm> vm;
  Owned<jit_ref> handle;
};

// One that was set aside. Collected without an answer, it is cancelled by the next call into its vm.
struct Computation {
  Computation(const Held<Vm>& of, jit_computation* made) noexcept : vm(of), handle(made) {}
  ~Computation() { release(); }
  void release();

  Held<Vm> vm;
  Owned<jit_computation> handle;
};

}  // namespace terrace::erlang
