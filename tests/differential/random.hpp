// differential/random.hpp: random numbers that are the same on every machine for a seed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

namespace terrace::differential {

class Random {
 public:
  // Mixed twice, since the numbers of neighbouring seeds would otherwise be parts of one sequence.
  explicit Random(uint64_t seed) : state_(mixed(mixed(seed + 1) ^ seed)) {}

  uint64_t next() { return mixed(state_ += 0x9E3779B97F4A7C15u); }
  // 0 .. n-1
  uint64_t below(uint64_t n) { return next() % n; }
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(below(static_cast<uint64_t>(high - low) + 1));
  }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class T>
  T pick(std::initializer_list<T> choices) {
    return choices.begin()[below(choices.size())];
  }
  template <class T>
  const T& pick_from(std::span<const T> choices) {
    return choices[below(choices.size())];
  }

 private:
  static uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

}  // namespace terrace::differential
