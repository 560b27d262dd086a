// shim/handles.hpp: the process-wide table behind every opaque pointer of the C interface.
//
// Answers for: telling a live handle from NULL, garbage, a handle of another kind and one that was released; owners;
// keeping what a handle stands for alive while a call uses it. Not for: what the things are (vm.hpp, errors.hpp,
// run.cpp).
//
// Invariants:
//  1. A handle is a number, never an address: nothing that a host passes is dereferenced. Its bits are
//        63..60 = 0100   59..32 generation   31..4 index of a slot   3..0 kind
//     Kinds are odd, so no aligned pointer looks like a handle, and the top bits are set, so no address
//     of user space does.
//  2. A slot's generation grows when its handle ends, and a slot whose generations are used up is not used again: a
//     handle that ended is never taken for a later one.
//  3. All state of a slot is one atomic word: generation (28 bits), owners (18), whether it has ended (1), pins (17). Owners are
//     what the host holds, pins are calls in progress. Owners never rise again from 0; who brings both to 0 ends the slot,
//     or, when the hazard of a thread names it, who clears that: the first that sets the bit.
//  4. No locks, so a signal handler may pin, and a child after fork finds nothing held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "hazards.hpp"
#include "slots.hpp"

namespace terrace::shim {

// A new handle with one owner. `reference` and `type` are for references: the slot in the vm, and its JIT_TYPE_.
// Throws bad_alloc when there is no memory or more than 2^28 handles are alive.
void* make_handle(Kind kind, std::shared_ptr<void> object, uint32_t reference = 0, uint16_t type = 0);

// Adds an owner; false when the handle is not alive, or has 2^18 owners already. Any thread.
bool retain_handle(Kind kind, const void* handle) noexcept;
// Takes an owner away; nothing happens for a handle that is not alive. Any thread; what the handle stood for ends
// here when this was the last use.
void release_handle(Kind kind, const void* handle) noexcept;

// The slot that a call uses; empty when the handle is not alive or of another kind.
class Used {
 public:
  Used(const Used&) = delete;
  Used& operator=(const Used&) = delete;

  explicit operator bool() const { return slot_ != nullptr; }
  // Precondition of the rest: not empty.
  void* object() const { return slot_->object.get(); }
  uint32_t reference() const { return slot_->reference.load(std::memory_order_relaxed); }
  uint16_t type() const { return slot_->type; }
  template <class T>
  T& as() const {
    return *static_cast<T*>(object());
  }
  template <class T>
  std::shared_ptr<T> share() const {
    return std::static_pointer_cast<T>(shared());
  }

 protected:
  explicit Used(Slot* slot) : slot_(slot) {}
  ~Used() = default;
  Slot* slot_;

 private:
  std::shared_ptr<void> shared() const { return slot_->object; }
};

// Keeps what a handle stands for alive by counting.
class Pin : public Used {
 public:
  Pin(Kind kind, const void* handle) noexcept : Used(slots::add_use(kind, handle, slots::kPin)) {}
  ~Pin() {
    if (slot_ && slots::remove_pin(*slot_)) [[unlikely]]
      end();
  }
  // For signal handlers: if this turns out to be the last use, the end is left to the next call that makes or
  // releases a handle.
  void let_others_end() { deferred_ = true; }

 private:
  void end() noexcept;
  bool deferred_ = false;
};

// Keeps the vm of a handle alive by naming it in this thread's hazard; by counting in a call inside of another. Not for signal handlers.
class VmUse : public Used {
 public:
  VmUse(Kind kind, const void* handle) noexcept;
  ~VmUse();

 private:
  void clear_hazard(Slot* slot) noexcept;
  hazards::Hazard* hazard_ = nullptr;
};

// Ends the slot of a vm that may be one that nothing holds any more.
void end_if_unused(Slot* slot) noexcept;

[[gnu::always_inline]] inline VmUse::VmUse(Kind kind, const void* handle) noexcept : Used(nullptr) {
  const auto bits = reinterpret_cast<uint64_t>(handle);
  Slot* slot = slots::find(kind, bits);
  if (!slot) return;
  hazard_ = hazards::of_this_thread;
  if (hazard_->slot.load(std::memory_order_relaxed)) [[unlikely]]
    hazard_ = hazards::take();
  if (!hazard_) {
    slot_ = slots::add_use(kind, handle, slots::kPin);
    return;
  }
  hazard_->slot.store(slot, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (slots::is_alive(*slot, kind, bits, slot->state.load(std::memory_order_acquire))) [[likely]]
    slot_ = slot;
  else
    clear_hazard(slot);
}

inline VmUse::~VmUse() {
  if (!slot_) return;
  if (hazard_) [[likely]]
    clear_hazard(slot_);
  else if (slots::remove_pin(*slot_))
    end_if_unused(slot_);
}

inline void VmUse::clear_hazard(Slot* slot) noexcept {
  hazard_->slot.store(nullptr, std::memory_order_release);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (slots::unused(slot->state.load(std::memory_order_acquire))) [[unlikely]]
    end_if_unused(slot);
}

// Whether the handle is a live reference of that vm, and its place there. Keeps nothing: the place is good until the calling thread, which
// must be inside of the vm, does the work that others left to it.
inline bool is_reference_of(const void* vm, const void* handle, uint32_t* reference) noexcept {
  const auto bits = reinterpret_cast<uint64_t>(handle);
  const Slot* slot = slots::find(Kind::kRef, bits);
  if (!slot || !slots::is_alive(*slot, Kind::kRef, bits, slot->state.load(std::memory_order_acquire))) return false;
  const void* owner = slot->address.load(std::memory_order_relaxed);
  *reference = slot->reference.load(std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_acquire);
  // When it ended meanwhile, what was read may be of another handle.
  return owner == vm && slots::is_alive(*slot, Kind::kRef, bits, slot->state.load(std::memory_order_relaxed));
}

// Handles alive in the process, for tests and for finding leaks.
size_t live_handles() noexcept;

// Defined in vm.cpp: the reference that a JIT_REF handle stood for is no longer needed.
void forget_reference(void* vm, uint32_t reference) noexcept;

}  // namespace terrace::shim
