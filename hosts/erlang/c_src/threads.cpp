// threads.cpp: starting them.
#include "threads.hpp"

#include <pthread.h>
#include <signal.h>

#include <cfenv>
#include <system_error>
#include <thread>
#include <utility>

namespace terrace::erlang {

bool start_thread(std::function<void()> body) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = true;
  try {
    std::thread([body = std::move(body)] {
      fesetenv(FE_DFL_ENV);
      body();
    }).detach();
  } catch (const std::system_error&) {
    started = false;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

}  // namespace terrace::erlang
