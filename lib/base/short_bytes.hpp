// base/short_bytes.hpp: copying and comparing a few bytes without a call.
//
// The texts that programs make and look up mostly have less than sixteen bytes; of these the call of memcpy or memcmp
// is the larger part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace terrace::base {

namespace detail {

template <class Word>
Word word_at(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// With n from sizeof(Word) to twice that: the first and the last word, which overlap.
template <class Word>
void copy_as(char* to, const char* from, size_t n) {
  const Word first = word_at<Word>(from), last = word_at<Word>(from + n - sizeof(Word));
  std::memcpy(to, &first, sizeof first);
  std::memcpy(to + n - sizeof last, &last, sizeof last);
}

template <class Word>
bool same_as(const char* a, const char* b, size_t n) {
  const size_t last = n - sizeof(Word);
  return ((word_at<Word>(a) ^ word_at<Word>(b)) | (word_at<Word>(a + last) ^ word_at<Word>(b + last))) == 0;
}

}  // namespace detail

// The two must not overlap.
inline void copy_bytes(char* to, const char* from, size_t n) {
  if (n > 2 * sizeof(uint64_t)) {
    std::memcpy(to, from, n);
  } else if (n >= sizeof(uint64_t)) {
    detail::copy_as<uint64_t>(to, from, n);
  } else if (n >= sizeof(uint32_t)) {
    detail::copy_as<uint32_t>(to, from, n);
  } else if (n >= sizeof(uint16_t)) {
    detail::copy_as<uint16_t>(to, from, n);
  } else if (n != 0) {
    *to = *from;
  }
}

inline bool same_bytes(const char* a, const char* b, size_t n) {
  if (n > 2 * sizeof(uint64_t)) return std::memcmp(a, b, n) == 0;
  if (n >= sizeof(uint64_t)) return detail::same_as<uint64_t>(a, b, n);
  if (n >= sizeof(uint32_t)) return detail::same_as<uint32_t>(a, b, n);
  if (n >= sizeof(uint16_t)) return detail::same_as<uint16_t>(a, b, n);
  return n == 0 || *a == *b;
}

}  // namespace terrace::base
