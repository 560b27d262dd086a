// engine/limits.hpp: what the code of one vm may use of time, memory and output, and how it ends when it has used that up.
//
// Answers for: fuel and output of computations, and that no limit can be passed for ever by code that catches its error. Not for: when the
// heap is full (heap/) and the stack used up (effect/), whose errors are raised there.
//
//   fuel    |-- fuel-limit raised, a tenth more --| spent
//   heap    |-- heap-limit raised, again and again, while it grows by half more --| spent
//   output  |-- output-limit raised by every further write
//   stack   |-- stack-overflow raised by every further call, and there is none without leaving frames
//
// 1. What belongs to the outermost computation is its own: an eval or call from outside begins with nothing used, a resumed computation goes
//    on with what it had used. What runs inside of a host call counts for the computation that waits for it.
// 2. Spent: every safepoint unwinds as a cancellation does, so neither guards nor dynamic-wind exits run code that calls or loops, until
//    the outermost computation has ended. The host gets the error of the limit.
// 3. After that the vm is as before.
#pragma once

#include <optional>

#include "effect/switchboard.hpp"
#include "engine/fuel.hpp"

namespace terrace::engine {

// Takes back what was asked of a vm for another computation than the one that begins.
inline void forget_requests(frame::Vm& vm, uint32_t reasons) {
  if (vm.requests.load(std::memory_order_relaxed) & reasons) vm.requests.fetch_and(~reasons);
}

class Limits {
 public:
  Limits(frame::Vm& vm, FuelWatch& watch) : vm_(vm), watch_(watch), gauge_(vm) {}
  Limits(const Limits&) = delete;
  // 0: no limit. heap_bytes is the limit that the heap itself reports.
  void set(uint64_t fuel_ns, uint64_t output_bytes, uint64_t heap_bytes);

  // Stands around everything that runs a computation; inside of another one it does nothing.
  class Period {
   public:
    Period(Limits& limits, effect::Computation& computation)
        : limits_(limits), outermost_(limits.account_ == nullptr) {
      if (outermost_) limits_.begin(computation.account);
    }
    ~Period() {
      if (outermost_) limits_.end();
    }
    Period(const Period&) = delete;

   private:
    Limits& limits_;
    bool outermost_;
  };

  // The part of a safepoint that is about limits: kUnspecified to go on, or kUnwind.
  Value safepoint();
  // Whether so many bytes may be written; false after raising.
  bool may_write(uint64_t bytes);
  // The limit by which the running computation is spent.
  std::optional<frame::ErrorKind> spent() const { return spent_; }
  // Raises the error of a limit.
  Value raise(frame::ErrorKind kind);

 private:
  // Requests that were meant for an earlier computation are forgotten.
  void begin(effect::Account& account) {
    account_ = &account;
    forget_requests(vm_, kOurRequests);
    if (fuel_ns_ != 0) watch(account);
  }
  void end() {
    if (fuel_ns_ != 0) account_->fuel_ns += watch_.stop(gauge_);
    account_ = nullptr;
    spent_.reset();
    forget_requests(vm_, kOurRequests);
  }
  void watch(effect::Account& account);
  Value fuel_is_used();
  Value spend(frame::ErrorKind kind);

  static constexpr uint32_t kOurRequests = frame::kRequestFuel | frame::kRequestSpent | frame::kRequestHeapLimit;
  frame::Vm& vm_;
  FuelWatch& watch_;
  FuelGauge gauge_;
  uint64_t fuel_ns_ = 0;
  uint64_t output_bytes_ = 0;
  uint64_t most_heap_ = UINT64_MAX;
  effect::Account* account_ = nullptr;  // of the outermost computation
  std::optional<frame::ErrorKind> spent_;
};

}  // namespace terrace::engine
