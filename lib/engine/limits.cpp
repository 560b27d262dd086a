#include "engine/limits.hpp"

#include <algorithm>

namespace terrace::engine {

using frame::ErrorKind;
using value::kUnspecified;
using value::kUnwind;

namespace {

constexpr uint64_t kShortestGraceNs = 1'000'000;

uint64_t heap_bytes(const heap::HeapStats& stats) { return stats.live_bytes + stats.external_bytes; }
uint64_t grace(uint64_t fuel_ns) { return std::max(fuel_ns / 10, kShortestGraceNs); }

}  // namespace

void Limits::set(uint64_t fuel_ns, uint64_t output_bytes, uint64_t heap_bytes) {
  fuel_ns_ = fuel_ns;
  output_bytes_ = output_bytes;
  most_heap_ = heap_bytes + heap_bytes / 2;
}

void Limits::watch(effect::Account& account) {
  uint64_t allowed = fuel_ns_ + (account.warned ? grace(fuel_ns_) : 0);
  bool watched = watch_.start(gauge_, allowed - std::min(allowed, account.fuel_ns));
  if (!watched || gauge_.empty()) vm_.request(frame::kRequestFuel);
}

Value Limits::safepoint() {
  if (spent_) return spend(*spent_);
  uint32_t asked = vm_.requests.load();
  if ((asked & frame::kRequestHeapLimit) && heap_bytes(vm_.heap.stats()) > most_heap_)
    return spend(ErrorKind::kHeapLimit);
  return asked & frame::kRequestFuel ? fuel_is_used() : kUnspecified;
}

// The request may have come late, for a computation that has ended.
Value Limits::fuel_is_used() {
  vm_.requests.fetch_and(~uint32_t{frame::kRequestFuel});
  vm_.state.stack_limit.store(vm_.stack_base_limit);
  if (vm_.requests.load() != 0) vm_.state.stack_limit.store(UINTPTR_MAX);
  if (account_ == nullptr || !gauge_.empty()) return kUnspecified;
  if (account_->warned) return spend(ErrorKind::kFuelLimit);
  account_->warned = true;
  watch_.fill(gauge_, grace(fuel_ns_));
  return raise(ErrorKind::kFuelLimit);
}

// The request stays, so that the next safepoint comes at once.
Value Limits::spend(ErrorKind kind) {
  spent_ = kind;
  vm_.request(frame::kRequestSpent);
  vm_.state.unwind_kind = frame::UnwindKind::kCancel;
  vm_.state.unwind_token = 0;
  vm_.state.unwind_value = value::kNil;
  return kUnwind;
}

Value Limits::raise(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kFuelLimit:
      return frame::raise_error(&vm_.state, kind, "the computation has used up its fuel");
    case ErrorKind::kOutputLimit:
      return frame::raise_error(&vm_.state, kind, "the computation has written more than it may");
    default:
      return frame::raise_error(&vm_.state, kind, "the heap limit of this vm is reached");
  }
}

bool Limits::may_write(uint64_t bytes) {
  if (output_bytes_ == 0 || account_ == nullptr) return true;
  if (bytes <= output_bytes_ - account_->output) {
    account_->output += bytes;
    return true;
  }
  account_->output = output_bytes_;
  raise(ErrorKind::kOutputLimit);
  return false;
}

}  // namespace terrace::engine
