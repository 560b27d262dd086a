// run.cpp: slices.
#include "run.hpp"

#include <algorithm>
#include <memory>

#include "nif.hpp"
#include "to_erlang.hpp"

namespace terrace::erlang {

namespace {

// How long the exits of a computation may run whose process was killed, in ticks: about 100 ms.
constexpr uint64_t kExitGrace = 160;

Term continue_run(const Arguments& arguments) { return arguments.object<Run>(0)->go_on(arguments.env()); }
Term finish_run(const Arguments& arguments) { return arguments.object<Run>(0)->finish(arguments.env()); }

// Tells the emulator how much of a process's turn went by: it lasts about a millisecond.
void consume(ErlNifEnv* env, ErlNifTime began) {
  const ErlNifTime spent = enif_monotonic_time(ERL_NIF_USEC) - began;
  enif_consume_timeslice(env, static_cast<int>(std::clamp<ErlNifTime>(spent / 10, 1, 100)));
}

}  // namespace

Run::Run(Run&& other) noexcept
    : turn_(std::move(other.turn_)),
      options_(other.options_),
      in_resource_(true),
      status_(other.status_),
      result_(std::exchange(other.result_, jit_value{})),
      computation_(std::exchange(other.computation_, nullptr)),
      error_(std::exchange(other.error_, nullptr)) {}

Run::~Run() {
  if (computation_) leave_to_housekeeper();
  forget(result_);
  if (error_) lib().error_release(error_);
}

// The turn goes along: until the computation is gone the vm is busy.
void Run::leave_to_housekeeper() {
  auto turn = std::make_shared<Turn>(std::move(turn_));
  state().housekeeper.post([turn, computation = computation_] {
    Slice& slice = turn->vm().slice;
    state().ticker.begin(slice, kExitGrace);
    lib().cancel(computation, nullptr);
    state().ticker.end(slice);
    lib().computation_release(computation);
  });
}

Term Run::begin(ErlNifEnv* env, const Stretch& stretch) {
  const ErlNifTime began = enif_monotonic_time(ERL_NIF_USEC);
  state().ticker.begin(vm().slice);
  status_ = stretch(&result_, &computation_, &error_);
  state().ticker.end(vm().slice);
  consume(env, began);
  return status_ == JIT_INTERRUPTED ? after_interrupt(env) : finish(env);
}

Term Run::begin_unbounded(ErlNifEnv* env, const Stretch& stretch) {
  status_ = stretch(&result_, &computation_, &error_);
  return finish(env);
}

Term Run::go_on(ErlNifEnv* env) {
  if (!computation_) throw BadArgument{};
  return begin(env, [interrupted = std::exchange(computation_, nullptr)](auto* result, auto** next, auto** error) {
    const jit_status status = lib().resume(interrupted, nullptr, result, next, error);
    lib().computation_release(interrupted);
    return status;
  });
}

Term Run::after_interrupt(ErlNifEnv* env) {
  const bool late = enif_monotonic_time(ERL_NIF_USEC) >= options_.deadline;
  if (vm().stop || late) {
    const Term why = vm().stop ? atoms.stopped : atoms.timeout;
    return end(env, enif_make_tuple3(env, atoms.interrupted, why, computation_term(env)));
  }
  // A process may be killed while a dirty scheduler works for it. Then nobody waits for an answer, and the run is
  // collected.
  if (!enif_is_current_process_alive(env)) return atoms.undefined;
  return again_later(env);
}

// What was printed goes through the process, which then asks for the next slice itself.
Term Run::again_later(ErlNifEnv* env) {
  const Held<Run> run = in_resource();
  if (!run->vm().output->text.empty()) return run->with_output(env, enif_make_tuple2(env, atoms.more, run.term(env)));
  const int where = run->vm().engine->waits_for_compiler ? ERL_NIF_DIRTY_JOB_CPU_BOUND : 0;
  const Term argument = run.term(env);
  return enif_schedule_nif(env, "continue", where, nif<continue_run>, 1, &argument);
}

Term Run::finish(ErlNifEnv* env) {
  try {
    return end(env, ending(env));
  } catch (const Failure& failure) {
    return end(env, failure.term(env));
  } catch (const TooLong&) {
    const Held<Run> run = in_resource();
    const Term argument = run.term(env);
    return enif_schedule_nif(env, "finish", ERL_NIF_DIRTY_JOB_CPU_BOUND, nif<finish_run>, 1, &argument);
  }
}

Term Run::ending(ErlNifEnv* env) {
  if (status_ < 0) return failed(env);
  ToErlang converter(env, turn_.held(), conversion_limit());
  jit_value value = result_;
  if (value.kind == JIT_REF)
    value.as.ref = lib().ref_retain(value.as.ref);  // kept for another try when this is too long
  if (status_ == JIT_SUSPENDED) {
    const Term request = converter.convert(value);
    return enif_make_tuple3(env, atoms.suspended, request, computation_term(env));
  }
  const Term term = options_.as_reference ? converter.as_reference(value) : converter.convert(value);
  return enif_make_tuple2(env, atoms.ok, term);
}

// A raised value that is no error object is told too, unless it is too big.
Term Run::failed(ErlNifEnv* env) {
  jit_value raised{};
  const bool has_value = error_ && *lib().error_kind(error_) && lib().error_value(error_, &raised) == JIT_OK;
  Failure failure = Failure::of(status_, std::exchange(error_, nullptr));
  const bool refused = options_.is_answer && (status_ == JIT_E_ARGUMENT || status_ == JIT_E_HANDLE);
  if (!has_value) return failure.term(env, refused ? atoms.refused : atoms.error);
  if (raised.kind == JIT_REF && raised.type == JIT_TYPE_ERROR) {
    forget(raised);
    return failure.term(env);
  }
  try {
    failure.value = ToErlang(env, turn_.held(), conversion_limit()).convert(raised);
  } catch (const Failure&) {
  } catch (const TooLong&) {
  }
  return failure.term(env);
}

// The run is over: what it printed goes along with its answer, and others may have the vm.
Term Run::end(ErlNifEnv* env, Term answer) {
  if (!vm().output->text.empty()) answer = with_output(env, answer);
  if (computation_) lib().computation_release(std::exchange(computation_, nullptr));
  Turn over = std::move(turn_);
  return answer;
}

Term Run::with_output(ErlNifEnv* env, Term answer) {
  std::string& text = vm().output->text;
  const Term to = enif_make_copy(env, vm().writes_to.term);
  const Term printed = make_binary(env, text);
  text.clear();
  return enif_make_tuple4(env, atoms.printed, to, printed, answer);
}

Term Run::computation_term(ErlNifEnv* env) {
  return make_resource<Computation>(turn_.held(), std::exchange(computation_, nullptr)).term(env);
}

Held<Run> Run::in_resource() { return in_resource_ ? Held<Run>::of(this) : make_resource<Run>(std::move(*this)); }

}  // namespace terrace::erlang
