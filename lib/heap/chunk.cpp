// heap/chunk.cpp: bit scanning.
#include "heap/chunk.hpp"

namespace terrace::heap {

namespace {

// Ones from bit `from` up to, not including, bit `to` of one word.
uint64_t mask_between(size_t from, size_t to) {
  uint64_t low = ~uint64_t{0} << from;
  return to == 64 ? low : low & ~(~uint64_t{0} << to);
}

template <bool kWanted>
size_t next_bit(const uint64_t* bits, size_t from, size_t to) {
  if (from >= to) return to;
  size_t word = from / 64;
  uint64_t current = (kWanted ? bits[word] : ~bits[word]) & (~uint64_t{0} << (from % 64));
  for (;;) {
    if (current != 0) {
      size_t found = word * 64 + static_cast<size_t>(std::countr_zero(current));
      return found < to ? found : to;
    }
    if (++word * 64 >= to) return to;
    current = kWanted ? bits[word] : ~bits[word];
  }
}

}  // namespace

void fill_bits(uint64_t* bits, size_t from, size_t to, bool value) {
  while (from < to) {
    size_t stop = (from / 64 + 1) * 64 < to ? (from / 64 + 1) * 64 : to;
    uint64_t mask = mask_between(from % 64, stop - from / 64 * 64);
    bits[from / 64] = value ? bits[from / 64] | mask : bits[from / 64] & ~mask;
    from = stop;
  }
}

size_t next_set_bit(const uint64_t* bits, size_t from, size_t to) { return next_bit<true>(bits, from, to); }
size_t next_clear_bit(const uint64_t* bits, size_t from, size_t to) { return next_bit<false>(bits, from, to); }

size_t previous_set_bit(const uint64_t* bits, size_t from, size_t at) {
  size_t word = at / 64;
  uint64_t current = bits[word] & mask_between(0, at % 64 + 1);
  for (;;) {
    if (current != 0) {
      size_t found = word * 64 + 63 - static_cast<size_t>(std::countl_zero(current));
      return found >= from ? found : SIZE_MAX;
    }
    if (word * 64 <= from) return SIZE_MAX;
    current = bits[--word];
  }
}

}  // namespace terrace::heap
