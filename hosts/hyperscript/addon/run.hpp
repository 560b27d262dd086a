// addon/run.hpp: one stretch of running SX, from JavaScript's call to done, suspended, interrupted or failed.
//
//   Run run(vm, limit)          how long it may take; runs nest when a function of JavaScript calls SX again
//   run.finish(status, ...)     goes on after interruptions that were meant for somebody else, then answers JavaScript:
//                               the value, or a Step that says why the computation stands still
//
// Answers for: who an interruption is for. Not for: answering effects (lib/drive.js).
// Invariant: the alarm of a vm is set for the earliest moment that any run of its chain waits for, or not at all.
#pragma once

#include "handles.hpp"

namespace terrace::node {

// How long a run may take.
struct Limit {
  double milliseconds = 0;  // 0: no limit
  bool hard = false;        // the limit also ends runs that are nested in this one
};

// Why a Step stands still; numbers as in lib/drive.js.
enum class Why : int32_t {
  kGoesOn = 0,
  kPerform = 1,  // it performed an effect
  kLimit = 2,    // its own limit has passed
  kOuter = 3,    // a hard limit of a run around it has passed
  kStopped = 4,  // another thread asked it to stop
  kEnding = 5    // Node is stopping this thread
};

class Run {
 public:
  Run(VmHandle& vm, Limit limit);
  ~Run();
  Run(const Run&) = delete;
  // Outputs of the first call of the library.
  jit_value result{};
  jit_computation* computation = nullptr;
  jit_error* error = nullptr;
  // The answer for JavaScript; throws Pending for an error.
  napi_value finish(jit_status status);

 private:
  Why judge();
  napi_value step(Why why);
  napi_value perform_step();
  void drop();
  void rethrow_what_write_threw();
  // False when the system gives no thread.
  bool set_alarm();
  Clock::time_point earliest(Clock::time_point now) const;

  VmHandle& vm_;
  std::shared_ptr<Handle> keeps_;  // a function of JavaScript may let go of the vm meanwhile
  Run* outer_;
  Clock::time_point until_ = Clock::time_point::max();
  bool hard_;
};

}  // namespace terrace::node
