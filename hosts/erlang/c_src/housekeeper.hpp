// housekeeper.hpp: what may take long and belongs to no process: releasing vms and engines, cancelling what a killed
// process left, messages from where no environment of the emulator is at hand. One thread, in the order of posting.
#pragma once

#include <erl_nif.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace terrace::erlang {

class Housekeeper {
 public:
  // Does it on the housekeeper's thread; here and now when there is no such thread or no memory. Any thread.
  void post(std::function<void()> work);
  // Sends the term, which lives in `env`, and frees `env`. Any thread.
  void send(const ErlNifPid& to, ErlNifEnv* env, ERL_NIF_TERM message);

 private:
  void run();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> work_;
  bool started_ = false;
};

}  // namespace terrace::erlang
