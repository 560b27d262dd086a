// base/name_index.hpp: numbers of names that are known while this is compiled.
//
// Answers for: a lookup in a table that lies ready in the library, so that nothing is built when a process starts. Not for:
// names that a program brings (base/hash.hpp).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

namespace terrace::base {

// Open addressing, at most half full. `Entries` is an array whose elements have a `name`, none twice.
template <const auto& Entries>
class NameIndex {
 public:
  // The number of the entry of that name, or -1.
  static int find(std::string_view name) {
    for (size_t i = hash(name) & kMask; kSlots[i] != 0; i = (i + 1) & kMask)
      if (Entries[kSlots[i] - 1].name == name) return kSlots[i] - 1;
    return -1;
  }

 private:
  static constexpr size_t kCount = std::size(Entries);
  static constexpr size_t kMask = std::bit_ceil(kCount * 2) - 1;
  static_assert(kCount < UINT16_MAX);

  // FNV-1a: names are short.
  static constexpr uint32_t hash(std::string_view name) {
    uint32_t h = 2166136261u;
    for (char c : name) h = (h ^ static_cast<uint8_t>(c)) * 16777619u;
    return h ^ h >> 15;
  }
  static constexpr std::array<uint16_t, kMask + 1> fill() {
    std::array<uint16_t, kMask + 1> slots{};
    for (size_t n = 0; n < kCount; n++) {
      size_t i = hash(Entries[n].name) & kMask;
      while (slots[i] != 0) i = (i + 1) & kMask;
      slots[i] = static_cast<uint16_t>(n + 1);
    }
    return slots;
  }
  static constexpr std::array<uint16_t, kMask + 1> kSlots = fill();
};

}  // namespace terrace::base
