// running.cpp: the NIFs that run programs.
#include "nif.hpp"
#include "run.hpp"
#include "to_sx.hpp"

namespace terrace::erlang {

namespace {

// Reading and compiling text cannot be interrupted; more than this goes to a dirty scheduler.
constexpr size_t kMuchSource = 16 * 1024;

// Two arguments: microseconds or infinity, term or reference.
RunOptions options_at(const Arguments& arguments, size_t index) {
  RunOptions options{std::numeric_limits<ErlNifTime>::max(), arguments[index + 1] == atoms.reference};
  if (arguments[index] != atoms.infinity)
    options.deadline = enif_monotonic_time(ERL_NIF_USEC) + arguments.integer(index);
  return options;
}

// eval(Vm, Source, Name, Limit, Form)
Term eval(const Arguments& arguments) {
  const auto vm = arguments.vm(0);
  const std::string_view source = arguments.text(1);
  const std::string name(arguments.text(2));
  if (source.size() > kMuchSource && on_normal_scheduler()) throw TooLong{};
  Run run(take_turn(arguments, vm), options_at(arguments, 3));
  return run.begin(arguments.env(), [&](jit_value* result, jit_computation** next, jit_error** error) {
    return lib().eval(vm->handle.get(), source.data(), source.size(), name.c_str(), result, next, error);
  });
}

// call(Vm, Function, Arguments, Limit, Form): the function is a reference, or the name of a global as an atom or
// binary.
Term call(const Arguments& arguments) {
  const auto vm = arguments.vm(0);
  Turn turn = take_turn(arguments, vm);
  ToSx converter(arguments.env(), *vm, conversion_limit());
  Values function;
  std::string_view name;
  if (get_text(arguments.env(), arguments[1], &name)) {
    function.add(text_value(JIT_SYMBOL, name));
  } else {
    function.add(converter.convert(arguments[1]));
  }
  const Values values = converter.convert_list(arguments[2]);
  Run run(std::move(turn), options_at(arguments, 3));
  return run.begin(arguments.env(), [&](jit_value* result, jit_computation** next, jit_error** error) {
    return lib().call(vm->handle.get(), function.data(), values.data(), values.size(), result, next, error);
  });
}

// resume(Computation, Value, Limit, Form)
Term resume(const Arguments& arguments) {
  const auto computation = arguments.object<Computation>(0);
  const Held<Vm>& vm = computation->vm;
  if (vm->engine->waits_for_compiler && on_normal_scheduler()) throw TooLong{};
  Turn turn = take_turn(arguments, vm);
  ToSx converter(arguments.env(), *vm, conversion_limit());
  Values answer;
  try {
    answer.add(converter.convert(arguments[1]));
  } catch (const Failure& failure) {
    return failure.term(arguments.env(), atoms.refused);
  }
  RunOptions options = options_at(arguments, 2);
  options.is_answer = true;
  Run run(std::move(turn), options);
  return run.begin(arguments.env(), [&](jit_value* result, jit_computation** next, jit_error** error) {
    return lib().resume(computation->handle.get(), answer.data(), result, next, error);
  });
}

// resume_error(Computation, Message, Limit, Form)
Term resume_error(const Arguments& arguments) {
  const auto computation = arguments.object<Computation>(0);
  const std::string_view message = arguments.text(1);
  const Held<Vm>& vm = computation->vm;
  if (vm->engine->waits_for_compiler && on_normal_scheduler()) throw TooLong{};
  Run run(take_turn(arguments, vm), options_at(arguments, 2));
  return run.begin(arguments.env(), [&](jit_value* result, jit_computation** next, jit_error** error) {
    return lib().resume_error(computation->handle.get(), message.data(), message.size(), result, next, error);
  });
}

// cancel(Computation), on a dirty scheduler: its exits may do anything.
Term cancel(const Arguments& arguments) {
  const auto computation = arguments.object<Computation>(0);
  Run run(take_turn(arguments, computation->vm), {0, false});
  return run.begin_unbounded(arguments.env(), [&](jit_value*, jit_computation**, jit_error** error) {
    return lib().cancel(computation->handle.get(), error);
  });
}

// continue(Run), after what it printed was delivered
Term go_on(const Arguments& arguments) { return arguments.object<Run>(0)->go_on(arguments.env()); }

// interrupt(Vm, Process | any): the run that has the turn ends at its next safe point, if it belongs to this process.
Term interrupt(const Arguments& arguments) {
  const auto vm = arguments.object<Vm>(0);
  if (arguments[1] != atoms.any && arguments[1] != vm->owner) return atoms.ok;
  vm->stop = true;
  if (vm->taken) lib().interrupt(vm->handle.get());
  return atoms.ok;
}

// tell_when_free(Vm, Tag)
Term await_turn(const Arguments& arguments) {
  ErlNifPid self;
  enif_self(arguments.env(), &self);
  tell_when_free(*arguments.object<Vm>(0), self, arguments[1]);
  return atoms.ok;
}

}  // namespace

void add_running_functions(Functions& functions) {
  add<eval>(functions, "eval", 5);
  add<call>(functions, "call", 5);
  add<resume>(functions, "resume", 4);
  add<resume_error>(functions, "resume_error", 4);
  add<cancel>(functions, "cancel", 1, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<go_on>(functions, "continue", 1);
  add<interrupt>(functions, "interrupt", 2);
  add<await_turn>(functions, "tell_when_free", 2);
}

}  // namespace terrace::erlang
