// control.cpp: the NIFs that steer tiers and code cache. What may drop code or wait runs on a dirty scheduler.
#include "nif.hpp"
#include "to_sx.hpp"
#include "turn.hpp"

namespace terrace::erlang {

namespace {

Term done(jit_status status, jit_error* const& error) {
  check(status, error);
  return atoms.ok;
}

// set_threshold(Engine, Calls)
Term set_threshold(const Arguments& arguments) {
  jit_error* error = nullptr;
  return done(lib().set_threshold(arguments.object<Engine>(0)->handle.get(), arguments.integer(1), &error), error);
}

// set_budget(Engine, Entries)
Term set_budget(const Arguments& arguments) {
  jit_error* error = nullptr;
  return done(lib().set_budget(arguments.object<Engine>(0)->handle.get(), arguments.integer(1), &error), error);
}

// set_budget_bytes(Engine, Bytes)
Term set_budget_bytes(const Arguments& arguments) {
  jit_error* error = nullptr;
  return done(lib().set_budget_bytes(arguments.object<Engine>(0)->handle.get(), arguments.natural(1), &error), error);
}

using OnName = jit_status (*Library::*)(jit_engine*, const char*, size_t, jit_error**);

// pin, unpin, exclude, allow, set_preset (Engine, Name)
template <OnName function>
Term on_name(const Arguments& arguments) {
  const std::string_view name = arguments.text(1);
  jit_error* error = nullptr;
  return done((lib().*function)(arguments.object<Engine>(0)->handle.get(), name.data(), name.size(), &error), error);
}

// reset(Engine)
Term reset(const Arguments& arguments) {
  jit_error* error = nullptr;
  return done(lib().reset(arguments.object<Engine>(0)->handle.get(), &error), error);
}

// clear_cold(Engine, Generations): {ok, Dropped}
Term clear_cold(const Arguments& arguments) {
  uint64_t dropped = 0;
  jit_error* error = nullptr;
  const auto generations = static_cast<uint32_t>(arguments.natural(1));
  check(lib().clear_cold(arguments.object<Engine>(0)->handle.get(), generations, &dropped, &error), error);
  return enif_make_tuple2(arguments.env(), atoms.ok, enif_make_uint64(arguments.env(), dropped));
}

// wait(Engine, Milliseconds): {ok, IsIdle}
Term wait(const Arguments& arguments) {
  uint32_t idle = 0;
  jit_error* error = nullptr;
  const auto milliseconds = static_cast<uint32_t>(arguments.natural(1));
  check(lib().wait(arguments.object<Engine>(0)->handle.get(), milliseconds, &idle, &error), error);
  return enif_make_tuple2(arguments.env(), atoms.ok, idle ? atoms.true_ : atoms.false_);
}

// param_get(Engine, Name): {ok, Value}
Term param_get(const Arguments& arguments) {
  const std::string_view name = arguments.text(1);
  int64_t value = 0;
  jit_error* error = nullptr;
  check(lib().param_get(arguments.object<Engine>(0)->handle.get(), name.data(), name.size(), &value, &error), error);
  return enif_make_tuple2(arguments.env(), atoms.ok, enif_make_int64(arguments.env(), value));
}

// param_set(Engine, Name, Value)
Term param_set(const Arguments& arguments) {
  const std::string_view name = arguments.text(1);
  jit_error* error = nullptr;
  return done(lib().param_set(arguments.object<Engine>(0)->handle.get(), name.data(), name.size(), arguments.integer(2),
                              &error),
              error);
}

// memory_pressure(Engine, 1 | 2): {ok, Bytes}
Term memory_pressure(const Arguments& arguments) {
  uint64_t bytes = 0;
  jit_error* error = nullptr;
  const auto level = static_cast<uint32_t>(arguments.natural(1));
  check(lib().memory_pressure(arguments.object<Engine>(0)->handle.get(), level, &bytes, &error), error);
  return enif_make_tuple2(arguments.env(), atoms.ok, enif_make_uint64(arguments.env(), bytes));
}

// idle(Engine, Nanoseconds): {ok, HasMore}
Term idle(const Arguments& arguments) {
  uint32_t more = 0;
  jit_error* error = nullptr;
  check(lib().idle(arguments.object<Engine>(0)->handle.get(), arguments.natural(1), &more, &error), error);
  return enif_make_tuple2(arguments.env(), atoms.ok, more ? atoms.true_ : atoms.false_);
}

// A text of the library as a binary; takes it over.
Term owned_text(ErlNifEnv* env, char* text) {
  const Term binary = make_binary(env, text ? text : "null");
  lib().text_release(text);
  return enif_make_tuple2(env, atoms.ok, binary);
}

using OnEngine = jit_status (*Library::*)(jit_engine*, char**, jit_error**);

// stats, params, report, report_data (Engine): {ok, Text}
template <OnEngine function>
Term text_of_engine(const Arguments& arguments) {
  char* text = nullptr;
  jit_error* error = nullptr;
  check((lib().*function)(arguments.object<Engine>(0)->handle.get(), &text, &error), error);
  return owned_text(arguments.env(), text);
}

// A function of a vm, by reference or name, while the caller has the turn.
class Chosen {
 public:
  Chosen(const Arguments& arguments, const Held<Vm>& vm)
      : turn_(take_turn(arguments, vm)), converter_(arguments.env(), *vm, conversion_limit()) {
    std::string_view name;
    const bool named = get_text(arguments.env(), arguments[1], &name);
    function_.add(named ? text_value(JIT_SYMBOL, name) : converter_.convert(arguments[1]));
  }
  const jit_value* function() const { return function_.data(); }

 private:
  Turn turn_;
  ToSx converter_;
  Values function_;
};

// optimize(Vm, Function, base | opt)
Term optimize(const Arguments& arguments) {
  const auto vm = arguments.object<Vm>(0);
  const Chosen chosen(arguments, vm);
  const uint32_t tier = arguments[2] == atoms.base ? JIT_MODE_BASE : JIT_MODE_OPT;
  jit_error* error = nullptr;
  return done(lib().optimize(vm->handle.get(), chosen.function(), tier, &error), error);
}

using OnFunction = jit_status (*Library::*)(jit_vm*, const jit_value*, jit_error**);

// demote, pin_function, unpin_function (Vm, Function)
template <OnFunction function>
Term on_function(const Arguments& arguments) {
  const auto vm = arguments.object<Vm>(0);
  const Chosen chosen(arguments, vm);
  jit_error* error = nullptr;
  return done((lib().*function)(vm->handle.get(), chosen.function(), &error), error);
}

// explain(Vm, Function): {ok, Json}
Term explain(const Arguments& arguments) {
  const auto vm = arguments.object<Vm>(0);
  const Chosen chosen(arguments, vm);
  char* text = nullptr;
  jit_error* error = nullptr;
  check(lib().explain(vm->handle.get(), chosen.function(), &text, &error), error);
  return owned_text(arguments.env(), text);
}

}  // namespace

void add_control_functions(Functions& functions) {
  add<set_threshold>(functions, "set_threshold", 2);
  add<set_budget>(functions, "set_budget", 2, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<set_budget_bytes>(functions, "set_budget_bytes", 2, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<on_name<&Library::pin>>(functions, "pin", 2);
  add<on_name<&Library::unpin>>(functions, "unpin", 2);
  add<on_name<&Library::exclude>>(functions, "exclude", 2, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<on_name<&Library::allow>>(functions, "allow", 2);
  add<reset>(functions, "reset", 1, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<clear_cold>(functions, "clear_cold", 2, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<wait>(functions, "wait", 2, ERL_NIF_DIRTY_JOB_IO_BOUND);
  add<param_get>(functions, "param_get", 2);
  add<param_set>(functions, "param_set", 3, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<on_name<&Library::set_preset>>(functions, "set_preset", 2, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<memory_pressure>(functions, "memory_pressure", 2, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<idle>(functions, "idle", 2, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<text_of_engine<&Library::params_json>>(functions, "params", 1);
  add<text_of_engine<&Library::report>>(functions, "report", 1, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<text_of_engine<&Library::report_json>>(functions, "report_data", 1, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<text_of_engine<&Library::stats_json>>(functions, "stats", 1);
  add<optimize>(functions, "optimize", 3, ERL_NIF_DIRTY_JOB_IO_BOUND);
  add<on_function<&Library::demote>>(functions, "demote", 2, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<on_function<&Library::pin_function>>(functions, "pin_function", 2, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<on_function<&Library::unpin_function>>(functions, "unpin_function", 2, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<explain>(functions, "explain", 2);
}

}  // namespace terrace::erlang
