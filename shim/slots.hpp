// shim/slots.hpp: the slots behind handles, for the calls that use one: everything that every call does is here, to be inlined. Making and
// ending slots is in handles.cpp.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace terrace::shim {

enum class Kind : uint8_t { kEngine = 1, kVm = 3, kRef = 5, kComputation = 7, kError = 9 };

namespace slots {

constexpr uint64_t kMark = uint64_t{4} << 60;
constexpr uint64_t kMarkMask = uint64_t{15} << 60;
constexpr uint64_t kKindMask = 15;
constexpr int kIndexShift = 4;
constexpr int kGenerationShift = 32;
constexpr uint64_t kFieldMask = (uint64_t{1} << 28) - 1;  // of index and generation

constexpr uint64_t kPin = 1;
constexpr uint64_t kPins = (uint64_t{1} << 17) - 1;
constexpr uint64_t kEnded = uint64_t{1} << 17;  // free, or somebody is about to make it so
constexpr uint64_t kOwner = uint64_t{1} << 18;
constexpr uint64_t kOwners = ((uint64_t{1} << 18) - 1) * kOwner;
constexpr int kStateGeneration = 36;

constexpr uint64_t generation_of(uint64_t state) { return state >> kStateGeneration; }
// Nothing holds it any more, and nobody has begun to end it.
constexpr bool unused(uint64_t state) { return (state & ((uint64_t{1} << kStateGeneration) - 1)) == 0; }
constexpr uint64_t generation_of_handle(uint64_t bits) { return bits >> kGenerationShift & kFieldMask; }

}  // namespace slots

struct Slot {
  std::atomic<uint64_t> state{slots::kEnded};
  std::shared_ptr<void> object;
  std::atomic<void*> address{nullptr};  // of the object; may be read by who does not keep it
  std::atomic<uint32_t> reference{0};   // while the slot is in a list: index + 1 of the next one there
  uint16_t type = 0;
  std::atomic<Kind> kind{};
};

namespace slots {

// Chunk k holds kFirstChunk << k slots, so 23 pointers reach all 2^28 and no chunk ever moves.
constexpr uint64_t kFirstChunk = 64;
constexpr int kChunks = 23;
extern constinit std::atomic<Slot*> chunks[kChunks];

struct Place {
  int chunk;
  uint64_t offset;
};

constexpr Place place_of(uint64_t index) {
  uint64_t position = index + kFirstChunk;
  int chunk = std::bit_width(position) - std::bit_width(kFirstChunk);
  return {chunk, position - (kFirstChunk << chunk)};
}

// The slot of a well-formed handle of that kind, alive or not; null otherwise.
inline Slot* find(Kind kind, uint64_t bits) noexcept {
  if ((bits & (kMarkMask | kKindMask)) != (kMark | static_cast<uint64_t>(kind))) return nullptr;
  Place place = place_of(bits >> kIndexShift & kFieldMask);
  Slot* chunk = chunks[place.chunk].load(std::memory_order_acquire);
  return chunk ? chunk + place.offset : nullptr;
}

inline bool is_alive(const Slot& slot, Kind kind, uint64_t bits, uint64_t state) noexcept {
  return generation_of(state) == generation_of_handle(bits) && (state & kOwners) != 0 &&
         slot.kind.load(std::memory_order_relaxed) == kind;
}

// Adds `amount` to the state of a live handle's slot; null when it is not alive or the count of `amount` is full.
inline Slot* add_use(Kind kind, const void* handle, uint64_t amount) noexcept {
  auto bits = reinterpret_cast<uint64_t>(handle);
  Slot* slot = find(kind, bits);
  if (!slot) return nullptr;
  const uint64_t full = amount == kPin ? kPins : kOwners;
  uint64_t state = slot->state.load(std::memory_order_acquire);
  do {
    if (!is_alive(*slot, kind, bits, state) || (state & full) == full) return nullptr;
  } while (!slot->state.compare_exchange_weak(state, state + amount, std::memory_order_acquire));
  return slot;
}

// Takes a pin away; whether nothing holds the slot any more.
inline bool remove_pin(Slot& slot) noexcept { return unused(slot.state.fetch_sub(kPin, std::memory_order_acq_rel) - kPin); }

}  // namespace slots
}  // namespace terrace::shim
