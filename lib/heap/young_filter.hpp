// heap/young_filter.hpp: which blocks of the address space may hold what is young, small enough to stay in the nearest
// cache.
//
// Answers for: saying of most old things that they are old without reading their mark bits, which lie all over the
// memory. Not for: what is young among the rest. Blocks two gigabytes apart share a bit.
#pragma once

#include <array>
#include <cstdint>

#include "heap/chunk.hpp"

namespace terrace::heap {

class YoungFilter {
 public:
  // The objects that start in the block of this address may be young from now on.
  void add(const void* address) {
    size_t at = place_of(address);
    bits_[at / 64] |= uint64_t{1} << (at % 64);
  }
  void add_all() { bits_.fill(~uint64_t{0}); }
  void clear() { bits_.fill(0); }
  // False: whatever starts there has its mark bit.
  bool may_be_young(const void* address) const {
    size_t at = place_of(address);
    return (bits_[at / 64] >> (at % 64)) & 1;
  }

 private:
  static constexpr size_t kPlaces = 1 << 16;
  static size_t place_of(const void* address) { return reinterpret_cast<uintptr_t>(address) / kBlockBytes % kPlaces; }

  std::array<uint64_t, kPlaces / 64> bits_{};
};

}  // namespace terrace::heap
