// run.hpp: one computation, slice by slice, until it is done, asks for something, or is stopped.
//
//   eval/call/resume  -> slice -> done, suspended, failed -> convert (on a dirty scheduler when that is long) -> term
//                          |
//                          +---> interrupted: by terrace:interrupt or the time limit -> {interrupted, Why, Computation}
//                                             by the ticker -> scheduled again; its process may be preempted or killed
//
// Answers for: keeping the turn in the vm from the first slice to the last, and giving it back however the run ends. A
// run that was interrupted lives in a resource held by its process alone: when the process dies, the run is collected,
// and the housekeeper cancels the computation.
#pragma once

#include <functional>

#include "turn.hpp"
#include "values.hpp"

namespace terrace::erlang {

struct RunOptions {
  ErlNifTime deadline;     // of enif_monotonic_time, in microseconds
  bool as_reference;       // the result is not converted
  bool is_answer = false;  // an answer that SX cannot take is refused, and the computation waits for another
};

class Run {
 public:
  // What enters the library: jit_eval and the like with their last three parameters.
  using Stretch = std::function<jit_status(jit_value*, jit_computation**, jit_error**)>;

  Run(Turn turn, RunOptions options) noexcept : turn_(std::move(turn)), options_(options) {}
  // A run moves once: from the C stack of its first slice into its resource.
  Run(Run&& other) noexcept;
  Run& operator=(Run&&) = delete;
  ~Run();

  // Runs a slice; answers what the NIF answers.
  Term begin(ErlNifEnv* env, const Stretch& stretch);
  // The same without an end of the slice, for what cannot be set aside.
  Term begin_unbounded(ErlNifEnv* env, const Stretch& stretch);
  // The next slice of one that was interrupted.
  Term go_on(ErlNifEnv* env);
  // Converts the result.
  Term finish(ErlNifEnv* env);

 private:
  Term after_interrupt(ErlNifEnv* env);
  Term again_later(ErlNifEnv* env);
  Term ending(ErlNifEnv* env);
  Term failed(ErlNifEnv* env);
  Term end(ErlNifEnv* env, Term answer);
  Term with_output(ErlNifEnv* env, Term answer);
  Term computation_term(ErlNifEnv* env);
  Held<Run> in_resource();
  void leave_to_housekeeper();
  Vm& vm() const { return turn_.vm(); }

  Turn turn_;
  RunOptions options_;
  bool in_resource_ = false;
  jit_status status_ = JIT_OK;
  jit_value result_{};
  jit_computation* computation_ = nullptr;
  jit_error* error_ = nullptr;
};

}  // namespace terrace::erlang
