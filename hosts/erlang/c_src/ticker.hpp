// ticker.hpp: time slices, so that a scheduler of the emulator never belongs to one computation for long.
//
//   scheduler      begin(slice) ---- jit_call runs ------------- JIT_INTERRUPTED -- end(slice), reschedule
//   ticker thread        tick           tick: jit_interrupt ----^
//
// A slice is interrupted at the second tick it sees, and at every one after that until it ends: an interrupt may be
// used up by something that runs before the computation does. The thread ticks only while there were slices lately;
// otherwise it dozes.
#pragma once

#include <terrace/jit.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

namespace terrace::erlang {

// Of one vm. Lives as long as it is watched.
struct Slice {
  std::atomic<uint64_t> since{0};  // tick at which it began; 0: none
  jit_vm* vm = nullptr;
};

class Ticker {
 public:
  using Interrupt = decltype(&::jit_interrupt);
  // A vm's slice is watched from its making to its end. False when there is no memory or no thread.
  bool watch(Slice& slice, Interrupt interrupt);
  void forget(Slice& slice);

  // `grace` ticks are not counted.
  void begin(Slice& slice, uint64_t grace = 0) {
    slice.since.store(now_.load() + grace);
    if (dozing_.load()) wake();
  }
  void end(Slice& slice) { slice.since.store(0); }

 private:
  void wake();
  void run();
  void doze();
  bool any_slice() const;
  bool interrupt_old_slices();

  std::atomic<uint64_t> now_{1};
  std::atomic<bool> dozing_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Slice*> slices_;
  Interrupt interrupt_ = nullptr;
  bool started_ = false;
};

}  // namespace terrace::erlang
