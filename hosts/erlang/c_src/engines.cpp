// engines.cpp: the NIFs that open the library and make engines and vms.
#include <array>
#include <cstring>

#include "nif.hpp"
#include "turn.hpp"

namespace terrace::erlang {

namespace {

// --- the library

Term opened(ErlNifEnv* env, const Library& library) {
  return enif_make_tuple3(env, atoms.ok, make_binary(env, library.path), make_binary(env, library.version_string()));
}

const Library& open_or_fail(std::string_view path) {
  std::string problem;
  if (const Library* library = state().open(std::string(path), &problem)) return *library;
  throw Failure::of("library", "libterrace cannot be used: " + problem);
}

// open_library(Path)
Term open_library(const Arguments& arguments) { return opened(arguments.env(), open_or_fail(arguments.text(0))); }

// --- engines

// A process that is told what the engine does.
struct Listener {
  ErlNifPid pid;
};

void tell_event(void* env, const char* name, const char* text) {
  ErlNifEnv* message = enif_alloc_env();
  if (!message) return;
  const Term term =
      enif_make_tuple3(message, atoms.terrace_event, make_binary(message, name), make_binary(message, text));
  state().housekeeper.send(static_cast<Listener*>(env)->pid, message, term);
}

bool mode_of(Term atom, uint32_t* mode) {
  const std::array<std::pair<Term, uint32_t>, 5> modes = {{{atoms.auto_, JIT_MODE_AUTO},
                                                           {atoms.interp, JIT_MODE_INTERP},
                                                           {atoms.base, JIT_MODE_BASE},
                                                           {atoms.opt, JIT_MODE_OPT},
                                                           {atoms.storm, JIT_MODE_STORM}}};
  for (const auto& [name, number] : modes)
    if (atom == name) return *mode = number, true;
  return false;
}

// engine_new(Mode, Workers, Threshold, Budget, BudgetBytes, WorkerPath, Listener, Preset, Settings, Store, StoreLimit); WorkerPath, Listener,
// Preset and Store may be undefined.
Term engine_new(const Arguments& arguments) {
  if (!state().library()) throw Failure::of("library", "libterrace is not open");
  jit_engine_options options{};
  options.size = sizeof options;
  if (!mode_of(arguments[0], &options.mode)) throw BadArgument{};
  options.workers = static_cast<uint32_t>(arguments.natural(1));
  options.threshold = arguments.integer(2);
  options.budget = arguments.integer(3);
  options.budget_bytes = arguments.natural(4);
  std::string worker;
  if (arguments[5] != atoms.undefined) options.worker_path = (worker = arguments.text(5)).c_str();
  std::string preset;
  if (arguments[7] != atoms.undefined) options.preset = (preset = arguments.text(7)).c_str();
  const std::string settings(arguments.text(8));
  options.settings = settings.c_str();
  std::string store;
  if (arguments[9] != atoms.undefined) options.store_path = (store = arguments.text(9)).c_str();
  options.store_limit = arguments.natural(10);
  std::unique_ptr<Listener> listener;
  if (arguments[6] != atoms.undefined) {
    listener = std::make_unique<Listener>();
    if (!enif_get_local_pid(arguments.env(), arguments[6], &listener->pid)) throw BadArgument{};
    options.on_event = tell_event;
    options.event_env = listener.get();
    options.event_finalizer = [](void* env) { delete static_cast<Listener*>(env); };
  }
  jit_engine* engine = nullptr;
  jit_error* error = nullptr;
  check(lib().engine_new(&options, &engine, &error), error);
  listener.release();
  const bool waits = options.mode != JIT_MODE_AUTO && options.mode != JIT_MODE_INTERP;
  return enif_make_tuple2(arguments.env(), atoms.ok, make_resource<Engine>(engine, waits).term(arguments.env()));
}

// --- vms

void write_output(void* env, const char* data, size_t size) {
  (*static_cast<std::shared_ptr<Output>*>(env))->text.append(data, size);
}

jit_vm* make_vm(const Engine& engine, jit_vm_options options, const std::shared_ptr<Output>& output) {
  auto writer = std::make_unique<std::shared_ptr<Output>>(output);
  options.size = sizeof options;
  options.write = write_output;
  options.write_env = writer.get();
  options.write_finalizer = [](void* env) { delete static_cast<std::shared_ptr<Output>*>(env); };
  jit_vm* vm = nullptr;
  jit_error* error = nullptr;
  check(lib().vm_new(engine.handle.get(), &options, &vm, &error), error);
  writer.release();
  return vm;
}

jit_ref* fetch_tool(jit_vm* vm, const char* name) {
  jit_value value{};
  jit_error* error = nullptr;
  check(lib().lookup(vm, name, std::strlen(name), &value, &error), error);
  return value.as.ref;
}

// vm_new(Engine, HeapLimit, StackLimit, GcStress, WritesTo), on a dirty scheduler
Term vm_new(const Arguments& arguments) {
  const auto engine = arguments.object<Engine>(0);
  jit_vm_options options{};
  options.heap_limit = arguments.natural(1);
  options.stack_limit = arguments.natural(2);
  options.gc_stress = static_cast<uint32_t>(arguments.natural(3));
  const auto output = std::make_shared<Output>();
  jit_vm* made = make_vm(*engine, options, output);
  const auto vm = make_resource<Vm>(engine, made, output, KeptTerm(arguments[4]),
                                    Tools{fetch_tool(made, "/"), fetch_tool(made, "make-i64-vector")});
  if (!state().ticker.watch(vm->slice, lib().interrupt)) throw Failure::of("no-memory", "the system gives no thread");
  return enif_make_tuple2(arguments.env(), atoms.ok, vm.term(arguments.env()));
}

// --- the end of things

// release(Object), on a dirty scheduler: does now what the emulator's collector does later.
Term release(const Arguments& arguments) {
  if (auto* engine = get_resource<Engine>(arguments.env(), arguments[0])) {
    engine->release();
  } else if (auto* ref = get_resource<Ref>(arguments.env(), arguments[0])) {
    ref->release();
  } else if (auto* computation = get_resource<Computation>(arguments.env(), arguments[0])) {
    computation->release();
  } else {
    const auto vm = arguments.object<Vm>(0);
    const Turn turn = take_turn(arguments, vm);
    vm->release();
  }
  return atoms.ok;
}

// vm_of(Object): the vm of a reference or computation
Term vm_of(const Arguments& arguments) {
  if (const auto* ref = get_resource<Ref>(arguments.env(), arguments[0])) return ref->vm.term(arguments.env());
  return arguments.object<Computation>(0)->vm.term(arguments.env());
}

}  // namespace

void add_engine_functions(Functions& functions) {
  add<open_library>(functions, "open_library", 1, ERL_NIF_DIRTY_JOB_IO_BOUND);
  add<engine_new>(functions, "engine_new", 11);
  add<vm_new>(functions, "vm_new", 5, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<release>(functions, "release", 1, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<vm_of>(functions, "vm_of", 1);
}

}  // namespace terrace::erlang
