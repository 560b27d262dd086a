// shim/vm.hpp: what the handles of engines and vms stand for, and the finalizers of a vm's host.
//
// Answers for: ownership between handles (a vm keeps its engine, a reference or computation its vm) and for running
// finalizers on the host's stack. Not for: the checks of a call (call.hpp).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "engine/engine.hpp"
#include "terrace/jit.h"

namespace terrace::shim {

class Finalizers;

// A finalizer of the host and where it goes when its time comes. Made when the host registers it, so that nothing is
// allocated when the collector finds the thing dead.
struct Finalizer {
  jit_finalizer function;
  void* env;
  std::shared_ptr<Finalizers> home;
  Finalizer* next = nullptr;
};

// The finalizers whose time has come. The collector finds things dead while it is on a computation's stack, where code
// of the host must not run; so they wait here until the call that was in progress is back on the host's stack.
class Finalizers {
 public:
  Finalizers() = default;
  ~Finalizers() { run(); }
  Finalizers(const Finalizers&) = delete;
  Finalizers& operator=(const Finalizers&) = delete;
  // Takes the finalizer over and puts it in its home; null is accepted. Any thread.
  static void due(Finalizer* finalizer) noexcept;
  // Runs and frees what is due, in the order in which it became due. On a stack of the host, outside any Entry.
  void run() noexcept {
    if (head_.load(std::memory_order_relaxed)) run_due();
  }

 private:
  void run_due() noexcept;
  std::atomic<Finalizer*> head_{nullptr};
};

// Functions of SX that the interface itself calls, fetched before the program can define them anew.
enum class Tool : uint8_t { kWrite, kDisplay, kEqual, kDictGet, kDictSet, kStringToNumber, kCount };

// What a jit_vm handle stands for.
struct Vm : std::enable_shared_from_this<Vm> {
  // Before the instance, whose heap hands in the last finalizers when it goes.
  std::shared_ptr<Finalizers> finalizers = std::make_shared<Finalizers>();
  std::shared_ptr<engine::Instance> instance;
  // The handle that callbacks are given; 0 before jit_vm_new made it.
  std::atomic<jit_vm*> handle{nullptr};
  std::array<uint32_t, static_cast<size_t>(Tool::kCount)> tools{};

  Value tool(Tool which) const { return instance->reference(tools[static_cast<size_t>(which)]); }
};

// What a jit_engine handle stands for.
struct EngineHolder {
  std::shared_ptr<engine::Engine> engine;
};

// Gives a callback an owned handle of the vm: the host's own when it still has one, else a new one. Throws bad_alloc.
class LentVm {
 public:
  explicit LentVm(Vm& vm);
  ~LentVm();
  LentVm(const LentVm&) = delete;
  LentVm& operator=(const LentVm&) = delete;
  jit_vm* handle() const { return handle_; }

 private:
  jit_vm* handle_;
};

}  // namespace terrace::shim
