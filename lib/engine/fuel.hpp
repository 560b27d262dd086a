// engine/fuel.hpp: the processor time that running computations may use.
//
// Answers for: measuring the time of the thread that is inside a vm, and asking the vm for a safepoint when it is over. Not for: what
// happens then (engine/limits.hpp). Compiled code pays nothing: it looks at the stack limit in any case, which is what a request changes.
//
// A FuelGauge belongs to one vm and is used by the thread inside it. A FuelWatch belongs to the engine; its thread is started with the
// first gauge that runs, sleeps until the earliest moment at which a gauge can be empty, and asks again while one stays empty. In a
// child made by fork a new watch begins with the first gauge that runs there.
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <ctime>

#include "frame/vm.hpp"

namespace terrace::engine {

class FuelGauge {
 public:
  explicit FuelGauge(frame::Vm& vm) : vm_(vm) {}
  // Whether the time that start() allowed is over. On the thread that started.
  bool empty() const;
  // Time used since start(), in nanoseconds.
  uint64_t used() const;

 private:
  friend class FuelWatch;
  frame::Vm& vm_;
  clockid_t clock_ = 0;      // of the thread that is inside
  uint64_t started_ns_ = 0;  // on that clock
  uint64_t allowed_ns_ = 0;
};

class FuelWatch {
 public:
  FuelWatch();
  ~FuelWatch();  // no gauge runs any more
  FuelWatch(const FuelWatch&) = delete;

  // The calling thread may use so much time from now on. False when the system gives no thread to watch it.
  bool start(FuelGauge& gauge, uint64_t allowed_ns);
  // So much more.
  void fill(FuelGauge& gauge, uint64_t more_ns);
  // Until now; answers the time used.
  uint64_t stop(FuelGauge& gauge);

 private:
  class Watcher;
  Watcher& watcher();
  std::atomic<Watcher*> watcher_{nullptr};
};

}  // namespace terrace::engine
