// addon/watch.cpp: alarms and their thread.
#include "watch.hpp"

#include <cfenv>
#include <csignal>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace terrace::node {

namespace {

constexpr auto kAgain = std::chrono::milliseconds(10);

class Keeper {
 public:
  bool set(Watch::Alarm& alarm, Clock::time_point at) {
    std::lock_guard lock(mutex_);
    if (!started_ && !start()) return false;
    alarm.at = at;
    if (!alarm.set) alarms_.push_back(&alarm);
    alarm.set = true;
    if (at < sleeps_until_) changed_.notify_one();
    return true;
  }

  void clear(Watch::Alarm& alarm) {
    if (!alarm.set.load(std::memory_order_acquire)) return;
    std::lock_guard lock(mutex_);
    alarm.set = false;
    std::erase(alarms_, &alarm);
  }

 private:
  // Signals are the host's: the thread is born with all of them blocked.
  bool start() {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      std::thread([this] { keep(); }).detach();
      started_ = true;
    } catch (const std::system_error&) {
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return started_;
  }

  [[noreturn]] void keep() {
    fesetenv(FE_DFL_ENV);
    std::unique_lock lock(mutex_);
    for (;;) {
      ring();
      sleeps_until_ = next();
      if (sleeps_until_ == Clock::time_point::max()) {
        changed_.wait(lock);
      } else {
        changed_.wait_until(lock, sleeps_until_);
      }
    }
  }

  void ring() {
    const auto now = Clock::now();
    for (Watch::Alarm* alarm : alarms_) {
      if (alarm->at > now) continue;
      alarm->interrupt(alarm->vm);
      alarm->at = now + kAgain;
    }
  }

  Clock::time_point next() const {
    auto earliest = Clock::time_point::max();
    for (const Watch::Alarm* alarm : alarms_) earliest = std::min(earliest, alarm->at);
    return earliest;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Watch::Alarm*> alarms_;
  Clock::time_point sleeps_until_ = Clock::time_point::max();
  bool started_ = false;
};

// Never destroyed: its thread runs until the process is gone.
Keeper& keeper() {
  static auto* const the_keeper = new Keeper;
  return *the_keeper;
}

}  // namespace

bool Watch::set(Alarm& alarm, Clock::time_point at) { return keeper().set(alarm, at); }
void Watch::clear(Alarm& alarm) { keeper().clear(alarm); }

}  // namespace terrace::node
