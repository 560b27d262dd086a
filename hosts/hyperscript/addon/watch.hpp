// addon/watch.hpp: the thread that interrupts computations when their time is over.
//
// Answers for: calling jit_interrupt at a moment. Not for: what the interruption means (run.cpp).
// Invariants: one thread for the process, started by the first alarm that is set, with all signals blocked; it calls
// nothing of Node. An alarm that was cleared is not rung any more when clear() returns. It rings again and again until
// then, because a computation that is just being started forgets an interruption.
#pragma once

#include <atomic>
#include <chrono>

#include "library.hpp"

namespace terrace::node {

using Clock = std::chrono::steady_clock;

class Watch {
 public:
  // One vm's place; outlives nothing: cleared before the vm goes.
  struct Alarm {
    decltype(&::jit_interrupt) interrupt = nullptr;
    jit_vm* vm = nullptr;
    Clock::time_point at;
    std::atomic<bool> set{false};  // written under the watch's lock
  };
  // Rings from that time on; an earlier setting is replaced. Any thread. False when the system gives no thread.
  static bool set(Alarm& alarm, Clock::time_point at);
  static void clear(Alarm& alarm);
};

}  // namespace terrace::node
