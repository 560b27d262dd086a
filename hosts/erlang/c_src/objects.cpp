// objects.cpp: the end of objects.
#include "objects.hpp"

namespace terrace::erlang {

namespace {

void end_vm(jit_vm* vm, const Tools& tools) {
  for (jit_ref* tool : {tools.divide, tools.make_i64, tools.wrap_function}) lib().ref_release(tool);
  lib().vm_release(vm);
}

}  // namespace

void Engine::release() {
  if (jit_engine* engine = handle.give_up()) lib().engine_release(engine);
}

Engine::~Engine() {
  jit_engine* engine = handle.give_up();
  if (engine) state().housekeeper.post([engine] { lib().engine_release(engine); });
}

void Vm::release() {
  if (jit_vm* vm = handle.give_up()) end_vm(vm, tools);
}

Vm::~Vm() {
  state().ticker.forget(slice);
  for (const Waiter& waiter : waiters) enif_free_env(waiter.env);
  jit_vm* vm = handle.give_up();
  if (vm) state().housekeeper.post([vm, held = tools] { end_vm(vm, held); });
}

void Ref::release() {
  if (jit_ref* ref = handle.give_up()) lib().ref_release(ref);
}

void Computation::release() {
  if (jit_computation* computation = handle.give_up()) lib().computation_release(computation);
}

}  // namespace terrace::erlang
