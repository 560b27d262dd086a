// engine/entry.cpp: a thread goes into a vm and out again.
#include <x86intrin.h>

#include <cstring>

#include "engine/state.hpp"

namespace terrace::engine {
namespace {

constexpr uint32_t kDefaultMxcsr = 0x1F80;
constexpr uint32_t kMxcsrControl = 0xFFC0;  // without the flags that operations leave
constexpr uint16_t kDefaultX87 = 0x037F;
// Values may be in the caller's frame, above the Entry itself.
constexpr size_t kFrameAbove = 1024;
// Stack that C++ code on the host's own stack may rely on; hosts have schedulers with little of it.
constexpr size_t kHostStack = 64 * 1024;

// No two threads that live at the same time have the same thread pointer.
uint64_t this_thread() { return reinterpret_cast<uint64_t>(__builtin_thread_pointer()); }

uint16_t x87_control() {
  uint16_t word;
  asm volatile("fnstcw %0" : "=m"(word));
  return word;
}
// The flags go first: with one of them left, unmasking its exception would trap in the next instruction of the host.
void set_x87_control(uint16_t word) { asm volatile("fnclex\n\tfldcw %0" : : "m"(word)); }

void take_default_floats(uint32_t mxcsr, uint16_t x87) {
  if ((mxcsr & kMxcsrControl) != kDefaultMxcsr) _mm_setcsr(kDefaultMxcsr);
  if (x87 != kDefaultX87) set_x87_control(kDefaultX87);
}

// Takes the vm when nobody is inside, waiting for the housekeeper; else false, with *who set to who is inside.
bool enter_or_see(std::atomic<uint64_t>& entered_by, uint64_t me, uint64_t* who) {
  for (;;) {
    *who = 0;
    if (entered_by.compare_exchange_strong(*who, me)) return true;
    if (*who != kHousekeeper || me == kHousekeeper) return false;
    entered_by.wait(kHousekeeper);
  }
}

}  // namespace

Entry::Entry(Instance& instance, Visit visit) : instance_(instance), visit_(visit), ok_(false) {
  Instance::State& state = *instance.state_;
  const uint64_t me = visit == Visit::kHousekeeping ? kHousekeeper : this_thread();
  uint64_t nobody = 0;
  outer_ = nullptr;
  if (enter_or_see(state.entered_by, me, &nobody)) {
    ok_ = true;
  } else if (nobody == me && visit != Visit::kHousekeeping) {
    ok_ = true;
    outer_ = state.innermost;
  }
  if (!ok_) return;
  mxcsr_ = _mm_getcsr();
  x87_ = x87_control();
  take_default_floats(mxcsr_, x87_);
  state.innermost = this;
  segment_.high = reinterpret_cast<const char*>(this) + kFrameAbove;
  segment_.limit = reinterpret_cast<uintptr_t>(this) - kHostStack;
  segment_.outer = state.board->segment;
  if (segment_.outer) segment_.outer->low = this;  // what lies between the two is the host's
  state.board->segment = &segment_;
  instance.vm_->stack_base_limit = segment_.limit;
  if (!outer_) {
    Engine::State& shared = instance.engine_->state();
    state.advance(static_cast<uint32_t>(shared.cache.next_epoch(state.epochs)));
    instance.vm_->state.call_weight = static_cast<int32_t>(shared.settings.loop_turns.load(std::memory_order_relaxed));
  }
  if (visit == Visit::kCall && state.has_left_work.load(std::memory_order_relaxed)) state.do_left_work();
}

void Instance::State::note_heap() {
  const heap::HeapStats& heap = owner.vm().heap.stats();
  heap_bytes.store(heap.live_bytes, std::memory_order_relaxed);
  heap_collections.store(heap.collections, std::memory_order_relaxed);
  collections_noted = board->collections();
}

Entry::~Entry() {
  if (!ok_) return;
  Instance::State& state = *instance_.state_;
  if (!outer_) {
    if (visit_ == Visit::kCall && state.has_left_work.load(std::memory_order_relaxed)) state.do_left_work();
    if (instance_.engine_->state().cache.wants_scan()) state.scan_sometimes();
    if (state.collections_noted != state.board->collections()) [[unlikely]]
      state.note_heap();
  }
  state.board->segment = segment_.outer;
  if (segment_.outer) segment_.outer->low = nullptr;
  instance_.vm_->stack_base_limit = segment_.outer ? segment_.outer->limit : 0;
  state.innermost = outer_;
  restore_floats();
  if (!outer_) state.entered_by.store(0, std::memory_order_release);
  if (visit_ == Visit::kHousekeeping) state.entered_by.notify_all();
}

void Entry::restore_floats() const {
  _mm_setcsr(mxcsr_);  // cheaper than to look whether it differs
  if (x87_ != kDefaultX87) set_x87_control(x87_);
}

HostFloats::HostFloats(Instance& instance) { instance.state_->innermost->restore_floats(); }
HostFloats::~HostFloats() { take_default_floats(_mm_getcsr(), x87_control()); }

}  // namespace terrace::engine
