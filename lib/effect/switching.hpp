// effect/switching.hpp: starting a computation, switching to it and back, and putting its stack away: what every call of a host goes
// through. Most of these calls are one computation that runs to its end, so all of it is here to be inlined, and does no more than it
// must. The switch itself is in effect/switch.hpp; here is which fields of the vm belong to the running computation.
#pragma once

#include "base/poison.hpp"
#include "effect/switch.hpp"
#include "effect/switchboard.hpp"

#if TERRACE_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace terrace::effect {

// The sanitizer must know where each stack lies; otherwise it takes a switch for a wild jump. The host's stack is where it said when a fiber
// was entered; a vm may go on in another thread.
#if TERRACE_ASAN
struct HostStack {
  const void* bottom = nullptr;
  size_t size = 0;
};
HostStack& host_stack();  // of this thread
inline void before_entering(void** save, const StackMemory& to) {
  __sanitizer_start_switch_fiber(save, to.stack_bottom(), to.stack_bytes());
}
inline void after_leaving(void* saved) { __sanitizer_finish_switch_fiber(saved, nullptr, nullptr); }
inline void before_leaving(void** save) {
  __sanitizer_start_switch_fiber(save, host_stack().bottom, host_stack().size);
}
inline void after_entering(void* saved) {
  __sanitizer_finish_switch_fiber(saved, &host_stack().bottom, &host_stack().size);
}
#else
inline void before_entering(void**, const StackMemory&) {}
inline void after_leaving(void*) {}
inline void before_leaving(void**) {}
inline void after_entering(void*) {}
#endif

// What a computation is after it said something, by the kind of message.
constexpr State kAfter[] = {State::kIdle, State::kSuspended, State::kWaiting, State::kInterrupted};
static_assert(kAfter[static_cast<size_t>(Message::Kind::kRequest)] == State::kSuspended &&
              kAfter[static_cast<size_t>(Message::Kind::kHostCall)] == State::kWaiting &&
              kAfter[static_cast<size_t>(Message::Kind::kInterrupted)] == State::kInterrupted);

// Mostly there is no dynamic state at all.
inline void exchange(heap::RootedValues& a, heap::RootedValues& b) {
  if ((a.size() | b.size()) != 0) [[unlikely]]
    a.swap(b);
}

inline Computation* Switchboard::start(Job job, void* data) {
  if (idle_.empty() && !add_idle()) [[unlikely]]
    return nullptr;
  Computation* c = idle_.back();
  idle_.pop_back();
  set_busy(busy() + 1);
  c->job_ = job;
  c->data_ = data;
  c->account = {};
  c->register_top_ = c->memory_.registers();
  if (c->cleared_at_ != collections_) [[unlikely]]
    clear_dead_part(c);
  c->link_top_ = c->memory_.links();
  c->dynamic_.clear();
  c->dynamic_depth_ = 0;
  c->guard_depth_ = 0;
  c->state_ = State::kWaiting;
  return c;
}

// Makes `c` the running computation in the vm's fields.
inline void Switchboard::install(Computation* c) {
  if (c->outer_) [[unlikely]] {  // the outer one waits in a host call: put its fields aside
    c->outer_->register_top_ = vm_.state.register_top;
    c->outer_->link_top_ = vm_.state.link_top;
    c->outer_->dynamic_depth_ = vm_.state.dynamic_depth;
    c->outer_->guard_depth_ = vm_.state.guard_depth;
    exchange(c->outer_->dynamic_, vm_.dynamic);
  }
  vm_.state.register_top = c->register_top_;
  vm_.state.link_top = c->link_top_;
  vm_.state.register_limit = c->memory_.register_limit();
  vm_.state.link_limit = c->memory_.link_limit();
  vm_.state.dynamic_depth = c->dynamic_depth_;
  vm_.state.guard_depth = c->guard_depth_;
  exchange(c->dynamic_, vm_.dynamic);
  vm_.stack_base_limit = c->memory_.limit();
  // Mostly it is the computation that ran last. Then nothing is written, so that a request that comes meanwhile is not lost; else
  // whoever asks either sees the new limit or is seen here.
  if (vm_.state.stack_limit.load(std::memory_order_relaxed) == vm_.stack_base_limit) [[likely]]
    return;
  vm_.state.stack_limit.store(vm_.stack_base_limit);
  if (vm_.requests.load() != 0) vm_.state.stack_limit.store(UINTPTR_MAX);
}

inline void Switchboard::remove(Computation* c) {
  c->register_top_ = vm_.state.register_top;
  c->link_top_ = vm_.state.link_top;
  c->dynamic_depth_ = vm_.state.dynamic_depth;
  c->guard_depth_ = vm_.state.guard_depth;
  exchange(c->dynamic_, vm_.dynamic);
  if (Computation* outer = c->outer_) [[unlikely]] {
    vm_.state.register_top = outer->register_top_;
    vm_.state.link_top = outer->link_top_;
    vm_.state.register_limit = outer->memory_.register_limit();
    vm_.state.link_limit = outer->memory_.link_limit();
    vm_.state.dynamic_depth = outer->dynamic_depth_;
    vm_.state.guard_depth = outer->guard_depth_;
    exchange(outer->dynamic_, vm_.dynamic);
  }
  vm_.stack_base_limit = segment ? segment->limit : 0;
}

inline void Switchboard::leave(Computation* self) {
  before_leaving(&self->fake_stack_);
  const Arrival in = switch_stack(self->context_, self);
  after_entering(self->fake_stack_);
  self->context_ = in.from;
}

inline const Message& Switchboard::switch_in(Computation* c, Value answer) {
  c->outer_ = current_;
  install(c);
  current_ = c;
  c->answer_ = answer;
  c->state_ = State::kRunning;
  if (segment) segment->low = below_this_frame();
  void* fake = nullptr;
  before_entering(&fake, c->memory_);
  const Arrival back = switch_stack(c->context_, c);
  after_leaving(fake);
  c->context_ = back.from;
  if (segment) segment->low = nullptr;
  current_ = c->outer_;
  remove(c);
  c->outer_ = nullptr;
  c->state_ = kAfter[static_cast<size_t>(c->said_.kind)];
  return c->said_;
}

inline void Switchboard::recycle(Computation* c) {
  c->dynamic_.clear();
  set_busy(busy() - 1);
  idle_.push_back(c);
}

}  // namespace terrace::effect
