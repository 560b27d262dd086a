// effect/switchboard.cpp: computations and switching between them. The switch itself is in effect/switch.cpp; here is which fields of the
// vm belong to the running computation. Most calls of a host are one computation that is started, runs to its end and is recycled, so
// these three do no more than they must.
#include "effect/switchboard.hpp"

#include "base/poison.hpp"
#include "effect/switch.hpp"

#if TERRACE_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace terrace::effect {

namespace {

// A frame's argument registers may be written a little past its end before the callee takes them.
constexpr size_t kPastFrame = 8;

// What calls that have returned left on the stacks would look alive once a later frame covers it without writing to it, so a collection
// clears some of what is not in use. The idea is Boehm's (GC_clear_stack).
constexpr size_t kClearedBytes = size_t{16} << 10;

__attribute__((no_sanitize("address"))) void clear_below(void* top, const void* bottom) {
  auto* end = static_cast<volatile uint64_t*>(top);
  size_t bytes = std::min(kClearedBytes, static_cast<size_t>(static_cast<char*>(top) - static_cast<const char*>(bottom)));
  for (size_t n = 1; n <= bytes / sizeof(uint64_t); n++) *(end - n) = 0;
}

__attribute__((noinline, no_sanitize("address"))) void clear_dead_stack(const VmState& vm) {
  if (frame::stack_left(&vm) < 4 * kClearedBytes) return;
  volatile uint64_t dead[kClearedBytes / sizeof(uint64_t)];
  for (volatile uint64_t& word : dead) word = 0;
}

void clear_dead_registers(const VmState& vm, Value* end_of_live) {
  if (end_of_live >= vm.register_limit) return;
  size_t left = static_cast<size_t>(vm.register_limit - end_of_live);
  std::fill_n(end_of_live, std::min(left, kClearedBytes / sizeof(Value)), value::kNil);
}

// The sanitizer must know where each stack lies; otherwise it takes a switch for a wild jump.
void before_switch([[maybe_unused]] void** save, [[maybe_unused]] const void* bottom, [[maybe_unused]] size_t size) {
#if TERRACE_ASAN
  __sanitizer_start_switch_fiber(save, bottom, size);
#endif
}
void before_switch([[maybe_unused]] void** save, [[maybe_unused]] const StackMemory& to) {
#if TERRACE_ASAN
  before_switch(save, to.stack_bottom(), to.stack_bytes());
#endif
}
void after_switch([[maybe_unused]] void* saved, [[maybe_unused]] const void** bottom, [[maybe_unused]] size_t* size) {
#if TERRACE_ASAN
  __sanitizer_finish_switch_fiber(saved, bottom, size);
#endif
}

// The registers that a function must leave as they were.
constexpr size_t kKeptRegisters = 6;
void save_kept_registers(uintptr_t* to) {
  asm volatile("movq %%rbx, (%0)\n\tmovq %%rbp, 8(%0)\n\tmovq %%r12, 16(%0)\n\t"
               "movq %%r13, 24(%0)\n\tmovq %%r14, 32(%0)\n\tmovq %%r15, 40(%0)"
               :
               : "r"(to)
               : "memory");
}

__attribute__((no_sanitize("address"))) void look(const void* from, const void* to, uintptr_t low, uintptr_t high,
                                          std::vector<uintptr_t>* found) {
  for (auto* word = static_cast<const uintptr_t*>(from); word < to; word++) {
    const uintptr_t seen = *word;  // a copy, since the vector's own code is checked
    if (seen >= low && seen < high) found->push_back(seen);
  }
}

}  // namespace

// Where the host's stack lies, as the sanitizer told when a fiber was entered.
struct HostStack {
  const void* bottom = nullptr;
  size_t size = 0;
};
static thread_local HostStack host_stack;

struct Switchboard::Fiber {
  // Never returns: between jobs the fiber stays parked in `leave`, so that starting a job is one switch.
  static void main(Arrival in) {
    auto* self = static_cast<Computation*>(in.data);
    after_switch(nullptr, &host_stack.bottom, &host_stack.size);
    self->context_ = in.from;
    for (;;) {
      self->said_.value = self->job_(&self->board_->vm_.state, self->data_);
      self->said_.kind = Message::Kind::kDone;
      self->board_->leave(self);
    }
  }
};

Switchboard& switchboard_of(VmState* vm) { return *static_cast<Switchboard*>(frame::vm_of(vm).switchboard); }

Switchboard::Switchboard(frame::Vm& vm, size_t stack_bytes) : vm_(vm), stack_bytes_(stack_bytes) {
  vm_.switchboard = this;
}
Switchboard::~Switchboard() = default;

bool Switchboard::add_idle() {
  std::unique_ptr<Computation> fresh(new Computation(vm_));
  if (!fresh->memory_.allocate(stack_bytes_)) return false;
  fresh->board_ = this;
  fresh->context_ = prepare_stack(fresh->memory_.stack_top(), &Fiber::main);
  idle_.push_back(fresh.get());
  all_.push_back(std::move(fresh));
  return true;
}

[[gnu::noinline]] void Switchboard::clear_dead_part(Computation* c, uint64_t collections) {
  clear_below(c->context_, c->memory_.stack_bottom());
  std::fill_n(c->register_top_, kPastFrame, value::kNil);
  c->cleared_at_ = collections;
}

Computation* Switchboard::start(Job job, void* data) {
  if (idle_.empty() && !add_idle()) [[unlikely]]
    return nullptr;
  Computation* c = idle_.back();
  idle_.pop_back();
  set_busy(busy() + 1);
  c->job_ = job;
  c->data_ = data;
  c->account = {};
  c->register_top_ = c->memory_.registers();
  if (uint64_t now = vm_.heap.stats().collections; c->cleared_at_ != now) [[unlikely]]
    clear_dead_part(c, now);
  c->link_top_ = c->memory_.links();
  c->dynamic_.clear();
  c->dynamic_depth_ = 0;
  c->guard_depth_ = 0;
  c->state_ = State::kWaiting;
  return c;
}

// Makes `c` the running computation in the vm's fields.
void Switchboard::install(Computation* c) {
  if (c->outer_) {  // the outer one waits in a host call: put its fields aside
    c->outer_->register_top_ = vm_.state.register_top;
    c->outer_->link_top_ = vm_.state.link_top;
    c->outer_->dynamic_depth_ = vm_.state.dynamic_depth;
    c->outer_->guard_depth_ = vm_.state.guard_depth;
    c->outer_->dynamic_.swap(vm_.dynamic);
  }
  vm_.state.register_top = c->register_top_;
  vm_.state.link_top = c->link_top_;
  vm_.state.register_limit = c->memory_.register_limit();
  vm_.state.link_limit = c->memory_.link_limit();
  vm_.state.dynamic_depth = c->dynamic_depth_;
  vm_.state.guard_depth = c->guard_depth_;
  vm_.dynamic.swap(c->dynamic_);
  vm_.stack_base_limit = c->memory_.limit();
  // Mostly it is the computation that ran last. Then nothing is written, so that a request that comes meanwhile is not lost; else
  // whoever asks either sees the new limit or is seen here.
  if (vm_.state.stack_limit.load(std::memory_order_relaxed) == vm_.stack_base_limit) [[likely]]
    return;
  vm_.state.stack_limit.store(vm_.stack_base_limit);
  if (vm_.requests.load() != 0) vm_.state.stack_limit.store(UINTPTR_MAX);
}

void Switchboard::remove(Computation* c) {
  c->register_top_ = vm_.state.register_top;
  c->link_top_ = vm_.state.link_top;
  c->dynamic_depth_ = vm_.state.dynamic_depth;
  c->guard_depth_ = vm_.state.guard_depth;
  c->dynamic_.swap(vm_.dynamic);
  Computation* outer = c->outer_;
  if (outer) {
    vm_.state.register_top = outer->register_top_;
    vm_.state.link_top = outer->link_top_;
    vm_.state.register_limit = outer->memory_.register_limit();
    vm_.state.link_limit = outer->memory_.link_limit();
    vm_.state.dynamic_depth = outer->dynamic_depth_;
    vm_.state.guard_depth = outer->guard_depth_;
    vm_.dynamic.swap(outer->dynamic_);
  }
  vm_.stack_base_limit = segment ? segment->limit : 0;
}

// What a computation is after it said something, by the kind of message.
constexpr State kAfter[] = {State::kIdle, State::kSuspended, State::kWaiting, State::kInterrupted};
static_assert(kAfter[static_cast<size_t>(Message::Kind::kRequest)] == State::kSuspended &&
              kAfter[static_cast<size_t>(Message::Kind::kHostCall)] == State::kWaiting &&
              kAfter[static_cast<size_t>(Message::Kind::kInterrupted)] == State::kInterrupted);

[[gnu::noinline]] const Message& Switchboard::switch_in(Computation* c, Value answer) {
  c->outer_ = current_;
  install(c);
  current_ = c;
  c->answer_ = answer;
  c->state_ = State::kRunning;
  if (segment) segment->low = __builtin_frame_address(0);
  void* fake = nullptr;
  before_switch(&fake, c->memory_);
  const Arrival back = terrace_switch_stack(c->context_, c);
  after_switch(fake, nullptr, nullptr);
  c->context_ = back.from;
  if (segment) segment->low = nullptr;
  current_ = c->outer_;
  c->outer_ = current_;
  remove(c);
  c->outer_ = nullptr;
  c->state_ = kAfter[static_cast<size_t>(c->said_.kind)];
  return c->said_;
}

Value Switchboard::say(const Message& message) {
  Computation* self = current_;
  self->said_ = message;
  leave(self);
  return self->answer_;
}

[[gnu::noinline]] void Switchboard::leave(Computation* self) {
  before_switch(&self->fake_stack_, host_stack.bottom, host_stack.size);
  const Arrival in = terrace_switch_stack(self->context_, self);
  after_switch(self->fake_stack_, &host_stack.bottom, &host_stack.size);
  self->context_ = in.from;
}

void Switchboard::recycle(Computation* c) {
  c->dynamic_.clear();
  set_busy(busy() - 1);
  idle_.push_back(c);
}

std::vector<Computation*> Switchboard::set_aside() const {
  std::vector<Computation*> found;
  for (auto& c : all_)
    if (c->state_ == State::kSuspended || c->state_ == State::kInterrupted) found.push_back(c.get());
  return found;
}

void Switchboard::clear() {
  idle_.clear();
  all_.clear();
}

void Switchboard::trim() {
  for (Computation* c : idle_) c->memory_.shrink();
}

// Compiled code runs on computations' stacks only; an address may also be in a register that a caller keeps. The frame of this
// function itself, and what it calls, is not looked at.
__attribute__((noinline, no_sanitize("address"))) std::vector<uintptr_t> Switchboard::words_between(
    uintptr_t inverted_low, uintptr_t inverted_high, uint64_t* looked_at) {
  uintptr_t kept[kKeptRegisters];
  save_kept_registers(kept);
  const uintptr_t low = ~inverted_low, high = ~inverted_high;
  std::vector<uintptr_t> found;
  look(kept, kept + kKeptRegisters, low, high, &found);
  for (auto& c : all_) {
    if (c->state_ == State::kIdle) continue;
    const void* edge = c.get() == current_ ? __builtin_frame_address(0) : c->context_;
    look(edge, c->memory_.stack_top(), low, high, &found);
    *looked_at += static_cast<uint64_t>(static_cast<const char*>(c->memory_.stack_top()) - static_cast<const char*>(edge));
  }
  return found;
}

__attribute__((no_sanitize("address"))) void Switchboard::roots(heap::Marker& marker) {
  clear_dead_stack(vm_.state);
  const void* here = vm_.heap.stack_edge();
  VmState& s = vm_.state;
  for (auto& c : all_) {
    if (c->state_ == State::kIdle) continue;
    bool running = c.get() == current_;
    Value* top = running ? s.register_top : c->register_top_;
    marker.conservative(c->memory_.registers(), top + kPastFrame);
    if (running) clear_dead_registers(s, top + kPastFrame);
    marker.conservative(running && segment && segment->low ? here : c->context_, c->memory_.stack_top());
    marker.conservative(&c->answer_, &c->answer_ + 1);
    marker.conservative(&c->said_.value, &c->said_.value + 1);
  }
  for (HostSegment* h = segment; h; h = h->outer) marker.conservative(h->low ? h->low : here, h->high);
}

}  // namespace terrace::effect
