// tests/unit/check.hpp: cmocka as C++ sees it, and random numbers that are the same in every run.
#pragma once

// clang-format off
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <csetjmp>
extern "C" {
#include <cmocka.h>
}
// clang-format on
#undef fail  // macros of these names break other headers
#undef skip

#include <cstdlib>
#include <string>
#include <string_view>

namespace terrace::test {

// xorshift64*: small and good enough; TERRACE_SEED chooses another run.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {
    if (const char* text = std::getenv("TERRACE_SEED")) state_ += std::strtoull(text, nullptr, 10) * 2;
  }
  uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1Du;
  }
  uint64_t below(uint64_t n) { return next() % n; }

 private:
  uint64_t state_;
};

inline void assert_text(std::string_view got, std::string_view expected) {
  assert_string_equal(std::string(got).c_str(), std::string(expected).c_str());
}

}  // namespace terrace::test
