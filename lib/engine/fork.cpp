// engine/fork.cpp: a child made by fork goes on with the engines it inherited.
//
// The thread that installs code is not in the child, but may hold the engine's locks at the moment of the fork; so the forking thread takes
// them first. What the parent has asked the compiler for is answered in the parent only: the child forgets that it asked.
#include <pthread.h>

#include <new>

#include "engine/state.hpp"

namespace terrace::engine {
namespace {

// Never destroyed: a fork may come while the process ends.
struct Engines {
  std::mutex mutex;
  std::vector<Engine::State*> all;
};
Engines& engines() {
  static Engines& made = *new Engines;
  return made;
}

void before_fork() {
  engines().mutex.lock();
  for (Engine::State* state : engines().all) {
    state->parameters.lock();
    state->mutex.lock();
    state->cache.lock_for_fork();
  }
}

void after_fork() {
  for (Engine::State* state : engines().all) {
    state->cache.unlock_after_fork();
    state->mutex.unlock();
    state->parameters.unlock();
  }
  engines().mutex.unlock();
}

void in_child() {
  for (Engine::State* state : engines().all) {
    state->pending.clear();
    state->cache.forget_requests();
    new (&state->answered) std::condition_variable;  // those who waited are not here
  }
  after_fork();
}

}  // namespace

void watch_forks(Engine::State* state) {
  static const int registered = pthread_atfork(before_fork, after_fork, in_child);
  static_cast<void>(registered);
  std::lock_guard lock(engines().mutex);
  engines().all.push_back(state);
}

void forget_forks(Engine::State* state) {
  std::lock_guard lock(engines().mutex);
  std::erase(engines().all, state);
}

}  // namespace terrace::engine
