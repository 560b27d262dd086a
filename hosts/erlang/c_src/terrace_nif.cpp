// terrace_nif.cpp: what the emulator finds when it loads the NIF: its functions, and what happens at load, upgrade and
// unload.
#include "nif.hpp"
#include "run.hpp"

using namespace terrace::erlang;

namespace {

Functions all_functions() {
  Functions functions;
  add_engine_functions(functions);
  add_running_functions(functions);
  add_value_functions(functions);
  add_control_functions(functions);
  return functions;
}

// Types are taken over from the version before: objects made by it end in this one.
bool open_types(ErlNifEnv* env) {
  return open_resource_type<Engine>(env, "terrace_engine") && open_resource_type<Vm>(env, "terrace_vm") &&
         open_resource_type<Ref>(env, "terrace_reference") &&
         open_resource_type<Computation>(env, "terrace_computation") && open_resource_type<Run>(env, "terrace_run");
}

int start(ErlNifEnv* env, void** data) {
  make_atoms(env);
  if (!open_types(env)) return 1;
  *data = &state();
  return 0;
}

int load(ErlNifEnv* env, void** data, ERL_NIF_TERM) { return start(env, data); }

// A version with other layouts cannot take over; the old code stays.
int upgrade(ErlNifEnv* env, void** data, void** old_data, ERL_NIF_TERM) {
  auto* shared = static_cast<State*>(*old_data);
  if (shared->layout != State::kLayout) return 1;
  adopt_state(shared);
  return start(env, data);
}

// The State and its threads stay: objects may still exist, and a later load goes on with them.
void unload(ErlNifEnv*, void*) {}

}  // namespace

// Written out, since ERL_NIF_INIT wants its functions in a constant array.
extern "C" __attribute__((visibility("default"))) ErlNifEntry* nif_init() {
  static Functions functions = all_functions();
  static ErlNifEntry entry = {ERL_NIF_MAJOR_VERSION,
                              ERL_NIF_MINOR_VERSION,
                              "terrace_nif",
                              static_cast<int>(functions.size()),
                              functions.data(),
                              load,
                              nullptr,
                              upgrade,
                              unload,
                              ERL_NIF_VM_VARIANT,
                              1,
                              sizeof(ErlNifResourceTypeInit),
                              ERL_NIF_MIN_ERTS_VERSION};
  return &entry;
}
