// ticker.cpp: the thread that ticks.
#include "ticker.hpp"

#include <chrono>
#include <thread>

#include "threads.hpp"

namespace terrace::erlang {

namespace {

// Slices are one to two ticks long: about the millisecond that the emulator allows native code.
constexpr auto kTick = std::chrono::microseconds(600);
constexpr int kTicksBeforeDozing = 50;

}  // namespace

bool Ticker::watch(Slice& slice, Interrupt interrupt) {
  std::lock_guard lock(mutex_);
  interrupt_ = interrupt;
  if (!started_) started_ = start_thread([this] { run(); });
  if (started_) slices_.push_back(&slice);
  return started_;
}

void Ticker::forget(Slice& slice) {
  std::lock_guard lock(mutex_);
  std::erase(slices_, &slice);
}

void Ticker::wake() {
  std::lock_guard lock(mutex_);
  dozing_ = false;
  changed_.notify_one();
}

void Ticker::run() {
  int quiet = 0;
  for (;;) {
    if (quiet > kTicksBeforeDozing) {
      doze();
      quiet = 0;
    }
    std::this_thread::sleep_for(kTick);
    now_.fetch_add(1);
    quiet = interrupt_old_slices() ? 0 : quiet + 1;
  }
}

// A slice that begins after dozing_ is set wakes us; one that began before is seen by any_slice().
void Ticker::doze() {
  std::unique_lock lock(mutex_);
  dozing_ = true;
  if (any_slice()) dozing_ = false;
  changed_.wait(lock, [this] { return !dozing_.load(); });
}

bool Ticker::any_slice() const {
  for (const Slice* slice : slices_)
    if (slice->since.load()) return true;
  return false;
}

bool Ticker::interrupt_old_slices() {
  std::lock_guard lock(mutex_);
  const uint64_t now = now_.load();
  bool any = false;
  for (Slice* slice : slices_) {
    const uint64_t since = slice->since.load();
    any |= since != 0;
    if (since && since + 1 < now) interrupt_(slice->vm);
  }
  return any;
}

}  // namespace terrace::erlang
