// heap/pauses.hpp: how long the mutator was stopped, as counts by length.
//
// Answers for: a histogram small enough to be copied, and what may be read off it. Not for: measuring.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace terrace::heap {

class PauseCounts {
 public:
  void add(uint64_t ns) {
    counts_[bucket_of(ns)]++;
    total_++;
    longest_ = std::max(longest_, ns);
  }
  uint64_t count() const { return total_; }
  uint64_t longest_ns() const { return longest_; }
  // A length that `percent` of the pauses do not pass, at most an eighth too long; 0 when there were none.
  uint64_t percentile_ns(uint64_t percent) const {
    uint64_t wanted = (total_ * percent + 99) / 100;
    uint64_t seen = 0;
    for (size_t i = 0; i < kBuckets; i++) {
      seen += counts_[i];
      if (seen >= wanted && seen != 0) return std::min(longest_, end_of(i));
    }
    return longest_;
  }

 private:
  // Eight buckets for each power of two of 128 ns and more, up to half a minute.
  static constexpr int kSteps = 8;
  static constexpr int kShift = 4;
  static constexpr size_t kBuckets = 224;
  static size_t bucket_of(uint64_t ns) {
    uint64_t units = ns >> kShift;
    if (units < kSteps) return static_cast<size_t>(units);
    int power = std::bit_width(units) - 4;  // units >> power is in [8, 16)
    return std::min(kBuckets - 1, static_cast<size_t>(power) * kSteps + static_cast<size_t>(units >> power));
  }
  static uint64_t end_of(size_t bucket) {
    if (bucket < 2 * kSteps) return (bucket + 1) << kShift;
    size_t power = bucket / kSteps - 1;
    return (((bucket % kSteps + kSteps + 1) << power) << kShift);
  }

  std::array<uint32_t, kBuckets> counts_{};
  uint64_t total_ = 0;
  uint64_t longest_ = 0;
};

}  // namespace terrace::heap
