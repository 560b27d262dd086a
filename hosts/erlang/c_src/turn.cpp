// turn.cpp: taking, giving back, waiting.
#include "turn.hpp"

namespace terrace::erlang {

namespace {

// All are told: whoever comes first has the turn, and one that died meanwhile costs nothing.
void tell_waiters(Vm& vm) {
  std::vector<Waiter> told;
  {
    std::lock_guard lock(vm.waiters_mutex);
    told.swap(vm.waiters);
  }
  for (const Waiter& waiter : told)
    state().housekeeper.send(waiter.pid, waiter.env, enif_make_tuple2(waiter.env, atoms.terrace_turn, waiter.tag));
}

}  // namespace

Turn Turn::take(ErlNifEnv* env, const Held<Vm>& vm) {
  if (vm->taken.exchange(true)) return Turn(Held<Vm>());
  ErlNifPid self;
  enif_self(env, &self);
  vm->owner = self.pid;
  vm->stop = false;
  return Turn(vm);
}

Turn::~Turn() {
  if (!vm_) return;
  vm_->owner = 0;
  vm_->taken = false;
  tell_waiters(*vm_);
}

void tell_when_free(Vm& vm, const ErlNifPid& pid, Term tag) {
  ErlNifEnv* env = enif_alloc_env();
  if (!env) throw std::bad_alloc();
  {
    std::lock_guard lock(vm.waiters_mutex);
    vm.waiters.push_back({pid, env, enif_make_copy(env, tag)});
  }
  if (!vm.taken) tell_waiters(vm);
}

}  // namespace terrace::erlang
