// effect/switchboard.cpp: the computations of a vm, the code at the bottom of their stacks, and looking through them. Switching is in
// effect/switching.hpp.
#include "effect/switching.hpp"

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

#if TERRACE_ASAN
HostStack& host_stack() {
  static thread_local HostStack of_this_thread;
  return of_this_thread;
}
#endif

struct Switchboard::Fiber {
  // Never returns: between jobs the fiber stays parked in `leave`, so that starting a job is one switch.
  static void main(Arrival in) {
    auto* self = static_cast<Computation*>(in.data);
    after_entering(nullptr);
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

void Switchboard::clear_dead_part(Computation* c) {
  clear_below(c->context_, c->memory_.stack_bottom());
  std::fill_n(c->register_top_, kPastFrame, value::kNil);
  c->cleared_at_ = collections_;
}

Value Switchboard::say(const Message& message) {
  Computation* self = current_;
  self->said_ = message;
  leave(self);
  return self->answer_;
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
  collections_++;
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
