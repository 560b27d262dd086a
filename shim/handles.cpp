// shim/handles.cpp: the slots, and the lock-free list of those that are free.
#include "handles.hpp"

#include <atomic>
#include <bit>
#include <new>
#include <utility>

namespace terrace::shim {

constinit std::atomic<Slot*> slots::chunks[slots::kChunks]{};

namespace {

using namespace slots;

// A stack of slots linked through Slot::reference. The upper half of the head counts changes, so that a head which was
// popped and pushed again in between is not taken for the same one.
class SlotList {
 public:
  void push(uint64_t index) noexcept;
  bool pop(uint64_t* index) noexcept;
  bool empty() const { return static_cast<uint32_t>(head_.load(std::memory_order_relaxed)) == 0; }

 private:
  std::atomic<uint64_t> head_{0};
};

struct Table {
  std::atomic<uint64_t> taken{0};  // slots used at least once
  std::atomic<size_t> alive{0};
  SlotList free;
  SlotList ending;  // their last use was in a signal handler
};

constinit Table table;

Slot& slot_at(uint64_t index) {
  Place place = place_of(index);
  return chunks[place.chunk].load(std::memory_order_acquire)[place.offset];
}

void SlotList::push(uint64_t index) noexcept {
  uint64_t head = head_.load(std::memory_order_relaxed);
  uint64_t next;
  do {
    slot_at(index).reference.store(static_cast<uint32_t>(head), std::memory_order_relaxed);
    next = ((head >> 32) + 1) << 32 | (index + 1);
  } while (!head_.compare_exchange_weak(head, next, std::memory_order_release, std::memory_order_relaxed));
}

bool SlotList::pop(uint64_t* index) noexcept {
  uint64_t head = head_.load(std::memory_order_acquire);
  uint64_t next;
  do {
    if (static_cast<uint32_t>(head) == 0) return false;
    *index = static_cast<uint32_t>(head) - 1;
    next = ((head >> 32) + 1) << 32 | slot_at(*index).reference.load(std::memory_order_relaxed);
  } while (!head_.compare_exchange_weak(head, next, std::memory_order_acquire, std::memory_order_acquire));
  return true;
}

void ensure_chunk(int chunk) {
  if (chunks[chunk].load(std::memory_order_acquire)) return;
  auto* made = new Slot[kFirstChunk << chunk];
  Slot* expected = nullptr;
  if (!chunks[chunk].compare_exchange_strong(expected, made, std::memory_order_acq_rel)) delete[] made;
}

uint64_t take_index() {
  uint64_t index;
  if (table.free.pop(&index)) return index;
  // The chunk comes first: when it cannot be had, no index is lost.
  ensure_chunk(place_of(table.taken.load(std::memory_order_relaxed)).chunk);
  index = table.taken.fetch_add(1, std::memory_order_relaxed);
  if (index > kFieldMask) {
    table.taken.store(kFieldMask + 1, std::memory_order_relaxed);
    throw std::bad_alloc();
  }
  ensure_chunk(place_of(index).chunk);
  return index;
}

uint64_t index_of(const Slot* slot) {
  for (int chunk = 0; chunk < kChunks; chunk++) {
    const Slot* first = chunks[chunk].load(std::memory_order_acquire);
    const uint64_t size = kFirstChunk << chunk;
    if (first && slot >= first && slot < first + size) return size + static_cast<uint64_t>(slot - first) - kFirstChunk;
  }
  return 0;  // not reached: every slot is in a chunk
}

// Whether this thread is the one to end the slot. While a hazard names it nobody is: who clears the hazard asks again.
bool claim(Slot* slot) noexcept {
  uint64_t state = slot->state.load(std::memory_order_acquire);
  if (!unused(state)) return false;
  if (slot->kind.load(std::memory_order_relaxed) == Kind::kVm && hazards::may_name(slot)) return false;
  return slot->state.compare_exchange_strong(state, state | kEnded, std::memory_order_acq_rel);
}

// Precondition: this thread has claimed it. What the slot stood for is let go after the slot is free, for its destructor may run code of
// the host that makes handles.
void end_slot(Slot* slot) noexcept {
  const uint64_t index = index_of(slot);
  const uint64_t generation = generation_of(slot->state.load(std::memory_order_relaxed)) + 1;
  const bool is_reference = slot->kind.load(std::memory_order_relaxed) == Kind::kRef;
  const uint32_t reference = slot->reference.load(std::memory_order_relaxed);
  std::shared_ptr<void> object = std::move(slot->object);
  table.alive.fetch_sub(1, std::memory_order_relaxed);
  if (generation <= kFieldMask) {
    slot->state.store(generation << kStateGeneration | kEnded, std::memory_order_release);
    table.free.push(index);
  }
  if (is_reference) forget_reference(object.get(), reference);
}

void end_deferred() noexcept {
  uint64_t index;
  while (!table.ending.empty() && table.ending.pop(&index)) end_slot(&slot_at(index));
}

}  // namespace

void* make_handle(Kind kind, std::shared_ptr<void> object, uint32_t reference, uint16_t type) {
  end_deferred();
  const uint64_t index = take_index();
  Slot& slot = slot_at(index);
  const uint64_t generation = generation_of(slot.state.load(std::memory_order_relaxed));
  slot.address.store(object.get(), std::memory_order_relaxed);
  slot.object = std::move(object);
  slot.reference.store(reference, std::memory_order_relaxed);
  slot.type = type;
  slot.kind.store(kind, std::memory_order_relaxed);
  slot.state.store(generation << kStateGeneration | kOwner, std::memory_order_release);
  table.alive.fetch_add(1, std::memory_order_relaxed);
  return reinterpret_cast<void*>(kMark | generation << kGenerationShift | index << kIndexShift |
                                 static_cast<uint64_t>(kind));
}

bool retain_handle(Kind kind, const void* handle) noexcept { return add_use(kind, handle, kOwner) != nullptr; }

void release_handle(Kind kind, const void* handle) noexcept {
  end_deferred();
  auto bits = reinterpret_cast<uint64_t>(handle);
  Slot* slot = find(kind, bits);
  if (!slot) return;
  uint64_t state = slot->state.load(std::memory_order_acquire);
  do {
    if (!is_alive(*slot, kind, bits, state)) return;
  } while (!slot->state.compare_exchange_weak(state, state - kOwner, std::memory_order_acq_rel));
  if (unused(state - kOwner)) end_if_unused(slot);
}

void end_if_unused(Slot* slot) noexcept {
  if (claim(slot)) end_slot(slot);
}

void Pin::end() noexcept {
  if (!claim(slot_)) return;
  // A list would overwrite the number of a reference, so only other kinds may end later.
  if (deferred_)
    table.ending.push(index_of(slot_));
  else
    end_slot(slot_);
}

size_t live_handles() noexcept { return table.alive.load(std::memory_order_relaxed); }

}  // namespace terrace::shim
