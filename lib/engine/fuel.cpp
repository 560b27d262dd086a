#include "engine/fuel.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace terrace::engine {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kLongestSleepNs = 3'600'000'000'000;
constexpr uint64_t kFullestNs = uint64_t{1} << 60;  // decades
constexpr uint64_t kAskAgainNs = 5'000'000;
constexpr uint64_t kShortestSleepNs = 100'000;
constexpr size_t kThreadStackBytes = 64 * 1024;

uint64_t time_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

uint64_t FuelGauge::used() const { return time_of(clock_) - started_ns_; }
bool FuelGauge::empty() const { return used() >= allowed_ns_; }

// The thread and what it shares. No thread uses more processor time than passes outside, so the watcher may sleep for as long as the
// emptiest gauge still allows.
class FuelWatch::Watcher {
 public:
  Watcher() : owner_(getpid()) {}

  ~Watcher() {
    bool running;
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
      running = running_;
    }
    wake_.notify_one();
    if (running) pthread_join(thread_, nullptr);
  }

  pid_t owner() const { return owner_; }

  bool add(FuelGauge& gauge) {
    std::lock_guard lock(mutex_);
    if (!running_ && !start_thread()) return false;
    gauges_.push_back(&gauge);
    if (Clock::now() + std::chrono::nanoseconds(gauge.allowed_ns_) < wakes_at_) wake_.notify_one();
    return true;
  }

  void fill(FuelGauge& gauge, uint64_t more_ns) {
    std::lock_guard lock(mutex_);
    gauge.allowed_ns_ = std::min(gauge.allowed_ns_ + more_ns, kFullestNs);
  }

  void remove(FuelGauge& gauge) {
    std::lock_guard lock(mutex_);
    std::erase(gauges_, &gauge);
  }

 private:
  // The host's signal handlers must never run on our thread, so it is born with everything blocked.
  bool start_thread() {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kThreadStackBytes);
    running_ = pthread_create(&thread_, &attributes, thread_main, this) == 0;
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return running_;
  }

  static void* thread_main(void* self) {
    pthread_setname_np(pthread_self(), "terrace-fuel");
    static_cast<Watcher*>(self)->run();
    return nullptr;
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
      wakes_at_ = Clock::now() + std::chrono::nanoseconds(look());
      wake_.wait_until(lock, wakes_at_);
    }
  }

  // Asks the vms whose gauges are empty; answers how long nothing else can happen.
  uint64_t look() {
    uint64_t sleep = kLongestSleepNs;
    for (FuelGauge* gauge : gauges_) {
      uint64_t used = gauge->used();
      bool empty = used >= gauge->allowed_ns_;
      if (empty) gauge->vm_.request(frame::kRequestFuel);
      sleep = std::min(sleep, empty ? kAskAgainNs : std::max(gauge->allowed_ns_ - used, kShortestSleepNs));
    }
    return sleep;
  }

  const pid_t owner_;
  std::mutex mutex_;  // guards what follows, and the gauges that run
  std::condition_variable wake_;
  pthread_t thread_{};
  bool running_ = false;
  bool stop_ = false;
  Clock::time_point wakes_at_;
  std::vector<FuelGauge*> gauges_;
};

FuelWatch::FuelWatch() = default;

// A watcher inherited from the parent of a fork is left alone: its thread is not here and its mutex may be held for ever.
FuelWatch::~FuelWatch() {
  Watcher* watcher = watcher_.load();
  if (watcher && watcher->owner() == getpid()) delete watcher;
}

FuelWatch::Watcher& FuelWatch::watcher() {
  Watcher* current = watcher_.load();
  if (current && current->owner() == getpid()) return *current;
  auto* fresh = new Watcher;
  if (watcher_.compare_exchange_strong(current, fresh)) return *fresh;
  delete fresh;
  return *current;
}

bool FuelWatch::start(FuelGauge& gauge, uint64_t allowed_ns) {
  pthread_getcpuclockid(pthread_self(), &gauge.clock_);
  gauge.started_ns_ = time_of(gauge.clock_);
  gauge.allowed_ns_ = std::min(allowed_ns, kFullestNs);
  return watcher().add(gauge);
}

void FuelWatch::fill(FuelGauge& gauge, uint64_t more_ns) { watcher().fill(gauge, more_ns); }

uint64_t FuelWatch::stop(FuelGauge& gauge) {
  watcher().remove(gauge);
  return gauge.used();
}

}  // namespace terrace::engine
