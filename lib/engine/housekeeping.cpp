// engine/housekeeping.cpp: giving memory back, when the host is short of it and when it has nothing to do.
//
//   memory_pressure 1   code that is cold, garbage of vms that stand idle, idle workers, what malloc holds
//   memory_pressure 2   also all code that is not pinned, requests that wait, events that are kept
//   idle                cold code, code that waits for stacks to be looked at, garbage, as far as the time goes
//
// Nobody's call fails for it: a thread that comes to a vm while the housekeeper is inside waits until it is out, and a vm that is in use
// collects by itself when its thread leaves it.
#include <malloc.h>

#include "engine/state.hpp"

namespace terrace::engine {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kNotes = 64;
// A vm that has allocated less than this, and less than a quarter of what it holds, since it was last collected here is left alone.
constexpr uint64_t kWorthCollecting = uint64_t{1} << 20;
// How long a collection takes of what a vm has never collected, at least: measured, about 1 GB in a second.
constexpr uint64_t kBytesPerNs = 1;

uint64_t malloc_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.arena + info.hblkhd;
}

uint64_t longest_collection_ns(const heap::HeapStats& stats) {
  return std::max(stats.full_pauses.longest_ns(), stats.committed_bytes / kBytesPerNs);
}

// The vms of an engine, kept alive.
std::vector<std::shared_ptr<Instance>> all_vms(Engine::State& state) {
  std::vector<std::shared_ptr<Instance>> all;
  std::lock_guard lock(state.mutex);
  for (Instance::State* instance : state.instances)
    if (auto alive = instance->owner.weak_from_this().lock()) all.push_back(std::move(alive));
  return all;
}

}  // namespace

uint64_t UseClock::before(uint64_t epoch, std::chrono::milliseconds ago) {
  std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  if (noted_.empty() || now - noted_.back().first >= ago / kNotes) noted_.emplace_back(now, epoch);
  while (noted_.size() > 1 && noted_[1].first <= now - ago) noted_.pop_front();
  return noted_.front().first <= now - ago ? noted_.front().second : 0;
}

uint64_t Engine::State::drop_cold() {
  const uint64_t since = use_clock.before(cache.begin_epoch(), std::chrono::milliseconds(settings.cold_time));
  if (since == 0) return 0;
  const uint64_t dropped = cache.drop_unused_since(since);
  tell_dropped(dropped, "cold");
  return dropped;
}

uint64_t Instance::collect_if_idle(bool only_if_worth, uint64_t longest_ns, bool* left_to_do) {
  Entry visit(*this, Entry::Visit::kHousekeeping);
  if (!visit.ok()) return 0;
  heap::Heap& heap = vm_->heap;
  const heap::HeapStats before = heap.stats();
  const uint64_t allocated = before.allocated_bytes - state_->allocated_when_kept;
  const bool worth = allocated >= kWorthCollecting && allocated >= before.live_bytes / 4;
  if (only_if_worth && !worth) return 0;
  if (longest_collection_ns(before) > longest_ns) {
    *left_to_do = true;
    return 0;
  }
  heap.collect();
  heap.trim();
  state_->allocated_when_kept = heap.stats().allocated_bytes;
  const uint64_t after = heap.stats().committed_bytes;
  return before.committed_bytes > after ? before.committed_bytes - after : 0;
}

bool Instance::is_entered() const { return state_->entered_by.load() != 0; }

uint64_t Engine::memory_pressure(uint32_t level) {
  State& state = *state_;
  auto code_bytes = [&] {
    const cache::Counts counts = state.cache.counts();
    return counts.bytes + counts.retired_bytes;
  };
  const uint64_t code = code_bytes();
  const uint64_t outside = malloc_bytes();
  uint64_t given = 0;
  if (level >= 2) {
    state.pool->drop_waiting();
    reset();
    state.events.poll();
  } else {
    state.drop_cold();
  }
  state.pool->trim();
  for (const auto& vm : all_vms(state)) {
    bool left = false;
    if (vm->is_entered())
      vm->collect_when_left();
    else
      given += vm->collect_if_idle(false, UINT64_MAX, &left);
  }
  malloc_trim(0);
  const uint64_t code_after = code_bytes(), outside_after = malloc_bytes();
  if (code > code_after) given += code - code_after;
  if (outside > outside_after) given += outside - outside_after;
  if (given > 0)
    state.event(observe::EventKind::kGaveBack, "", "", observe::Reason::kNone, std::to_string(given) + " bytes");
  return given;
}

bool Engine::idle(uint64_t budget_ns) {
  const auto start = Clock::now();
  auto left_ns = [&] {
    const auto used = static_cast<uint64_t>(std::chrono::nanoseconds(Clock::now() - start).count());
    return budget_ns > used ? budget_ns - used : 0;
  };
  State& state = *state_;
  if (left_ns() == 0) return true;
  state.drop_cold();
  bool more = false;
  uint64_t given = 0;
  for (const auto& vm : all_vms(state)) {
    const uint64_t ns = left_ns();
    if (ns == 0) return true;
    if (!vm->is_entered()) given += vm->collect_if_idle(true, ns, &more);
  }
  if (given > 0)
    state.event(observe::EventKind::kGaveBack, "", "", observe::Reason::kNone, std::to_string(given) + " bytes");
  return more;
}

}  // namespace terrace::engine
