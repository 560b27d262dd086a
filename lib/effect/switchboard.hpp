// effect/switchboard.hpp: computations and the switching between them and the host's stack.
//
// Answers for: giving every computation its own stack, setting it aside, and what crosses a switch. Not for: what is run
// (interp/, compiled code) and what the host does with a message (engine/).
//
//   host stack                          computation's stack
//   switch_in(c) ----------------------> job runs ...
//                                        perform, no handler: say(kRequest) ---+
//   message kRequest <--------------------------------------------------------+
//   switch_in(c) with an answer -------> ... goes on behind perform
//                                        host function called: say(kHostCall) -+
//   message kHostCall <-------------------------------------------------------+
//   the host function runs here; it may enter the vm again, on another computation
//   switch_in(c) with its result ------> ... job ends: say(kDone)
//
// Invariants: host functions run only on the host's stack; a computation that is not running holds no pointer to the host's stack;
// switches nest like calls on the host's side.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "effect/stack.hpp"
#include "frame/vm.hpp"

namespace terrace::effect {

// What a computation says to the host's side when it switches out.
struct Message {
  enum class Kind { kDone, kRequest, kHostCall, kInterrupted } kind;
  Value value{};                // result (kUnwind when it failed) or the request list
  void* record = nullptr;       // host call: Proto::native of the host function
  const Value* args = nullptr;  // host call: on the computation's stack
  uint64_t argc = 0;
};

enum class State : uint8_t { kIdle, kRunning, kWaiting, kSuspended, kInterrupted };

// Runs on the computation's stack. `data` is only valid until the first switch out: a job copies what it needs first.
using Job = Value (*)(VmState* vm, void* data);

// What a computation has used of what it may; engine/limits.hpp keeps it.
struct Account {
  uint64_t fuel_ns = 0;
  uint64_t output = 0;  // bytes
  bool warned = false;  // it was told that its fuel is used up
};

class Switchboard;

class Computation {
 public:
  State state() const { return state_; }
  Account account;
  bool can_suspend = false;

 private:
  friend class Switchboard;
  explicit Computation(frame::Vm& vm) : dynamic_(vm.heap) {}
  StackMemory memory_;
  void* context_ = nullptr;  // where it stands while it is not running
  State state_ = State::kIdle;
  Job job_ = nullptr;
  void* data_ = nullptr;
  Value answer_{};
  Message said_{};
  heap::RootedValues dynamic_;
  uint64_t dynamic_depth_ = 0;
  uint64_t guard_depth_ = 0;
  uint64_t cleared_at_ = 0;  // the number of collections when the dead part of the stack was cleared last
  Value* register_top_ = nullptr;
  frame::Link* link_top_ = nullptr;
  Computation* outer_ = nullptr;  // whose host call this one runs inside
  Switchboard* board_ = nullptr;
  void* fake_stack_ = nullptr;  // for AddressSanitizer
};

// A part of the host's stack that may hold Values; engine::Entry keeps one.
struct HostSegment {
  const void* high = nullptr;
  const void* low = nullptr;  // set while a computation runs
  uintptr_t limit = 0;        // the vm's limit for C++ code on this part
  HostSegment* outer = nullptr;
};

class Switchboard {
 public:
  Switchboard(frame::Vm& vm, size_t stack_bytes);
  ~Switchboard();  // no computation may be suspended any more
  Switchboard(const Switchboard&) = delete;

  // A computation ready to run `job`; null when there is no memory for a stack.
  Computation* start(Job job, void* data);
  // From the host's stack: runs `c` until it says something. `answer` is what perform or the host call answers; kUnwind with a
  // pending unwind makes them raise.
  // The message is valid until `c` runs again or is recycled.
  const Message& switch_in(Computation* c, Value answer);
  // A finished computation's stack goes back for reuse.
  void recycle(Computation* c);
  // From a computation's stack: says something and waits for the answer.
  Value say(const Message& message);
  Computation* current() const { return current_; }
  // What is suspended or interrupted now.
  std::vector<Computation*> set_aside() const;
  // Forgets all computations; before their vm goes.
  void clear();
  HostSegment* segment = nullptr;  // innermost

  // The hooks of frame::Vm that this room answers.
  static Value perform(VmState* vm, const Value* args, uint64_t argc);
  static Value host_call(VmState* vm, void* record, const Value* args, uint64_t argc);
  static Value safepoint(VmState* vm);

  // How many collections there have been.
  uint64_t collections() const { return collections_; }
  // How many computations are running or set aside; 0: no stack of ours holds anything.
  uint32_t busy() const { return busy_.load(std::memory_order_relaxed); }
  bool all_idle() const { return busy() == 0; }
  // Enumerates stacks for the collector.
  void roots(heap::Marker& marker);
  // Every word within a range of addresses that the computations' stacks hold, and how many bytes were looked at. The ends are given
  // inverted, so that they are not found in the caller's own frame.
  std::vector<uintptr_t> words_between(uintptr_t inverted_low, uintptr_t inverted_high, uint64_t* looked_at);
  // Gives back pages of idle stacks.
  void trim();

 private:
  struct Fiber;  // the code at the bottom of every computation's stack
  bool add_idle();
  void set_busy(uint32_t count) { busy_.store(count, std::memory_order_relaxed); }
  void clear_dead_part(Computation* c);
  void install(Computation* c);
  void remove(Computation* c);
  void leave(Computation* self);

  frame::Vm& vm_;
  size_t stack_bytes_;
  Computation* current_ = nullptr;
  uint64_t collections_ = 0;
  std::vector<std::unique_ptr<Computation>> all_;
  std::vector<Computation*> idle_;
  std::atomic<uint32_t> busy_{0};  // started and not recycled; written by the vm's thread, read by others
  void* host_fake_stack_ = nullptr;
};

// The switchboard of a vm; set once by its maker.
Switchboard& switchboard_of(VmState* vm);

}  // namespace terrace::effect
