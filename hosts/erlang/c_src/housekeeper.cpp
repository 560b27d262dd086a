// housekeeper.cpp: the thread that tidies up.
#include "housekeeper.hpp"

#include <new>
#include <utility>

#include "threads.hpp"

namespace terrace::erlang {

void Housekeeper::post(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (!started_) started_ = start_thread([this] { run(); });
    try {
      if (started_) {
        work_.push_back(work);
        changed_.notify_one();
        return;
      }
    } catch (const std::bad_alloc&) {
    }
  }
  work();
}

// The emulator lets threads of its own send only with the environment of what they run.
void Housekeeper::send(const ErlNifPid& to, ErlNifEnv* env, ERL_NIF_TERM message) {
  auto deliver = [to, env, message] {
    if (enif_thread_type() == ERL_NIF_THR_UNDEFINED) enif_send(nullptr, &to, env, message);
    enif_free_env(env);
  };
  if (enif_thread_type() == ERL_NIF_THR_UNDEFINED) {
    deliver();
  } else {
    post(deliver);
  }
}

void Housekeeper::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !work_.empty(); });
    std::function<void()> work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace terrace::erlang
