// store/problems.hpp: the problems of store/problems.def as an enum with texts, and counters of them.
//
// Threads: everything here may be used from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace terrace::store {

enum class Problem : uint8_t {
  kNone,
#define T_PROBLEM(name, json, sentence) k##name,
#include "store/problems.def"
#undef T_PROBLEM
  kCount
};

inline constexpr size_t kProblemCount = static_cast<size_t>(Problem::kCount);

struct ProblemText {
  std::string_view json;      // key in statistics
  std::string_view sentence;  // for people
};

// What there is to say about a problem.
const ProblemText& problem_text(Problem problem);

// How often each problem was met.
class ProblemCounts {
 public:
  void add(Problem problem) { counts_[static_cast<size_t>(problem)].fetch_add(1, std::memory_order_relaxed); }
  uint64_t of(Problem problem) const { return counts_[static_cast<size_t>(problem)].load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<uint64_t>, kProblemCount> counts_{};
};

}  // namespace terrace::store
