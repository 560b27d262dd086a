// observe/reasons.hpp: the reasons of observe/reasons.def as an enum with texts, and counters of them.
//
// Answers for: naming and counting refusals. Not for: deciding what to do about them (tier/).
// Threads: everything here may be used from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace terrace::observe {

enum class Reason : uint8_t {
  kNone,  // nothing went wrong
#define T_REASON(name, json, again, sentence) k##name,
#include "observe/reasons.def"
#undef T_REASON
  kCount
};

inline constexpr size_t kReasonCount = static_cast<size_t>(Reason::kCount);

// Whether asking again later can help.
enum class Again : uint8_t { kLater, kNever };

struct ReasonText {
  std::string_view json;      // key in statistics
  std::string_view sentence;  // for people
  Again again;
};

// What there is to say about a reason; an unknown number gets the text of kNone.
const ReasonText& reason_text(Reason reason);

// How often each reason was given.
class ReasonCounts {
 public:
  void add(Reason reason) { counts_[static_cast<size_t>(reason)].fetch_add(1, std::memory_order_relaxed); }
  uint64_t of(Reason reason) const { return counts_[static_cast<size_t>(reason)].load(std::memory_order_relaxed); }
  // The sum over all reasons; kNone is not one.
  uint64_t total() const;

 private:
  std::array<std::atomic<uint64_t>, kReasonCount> counts_{};
};

}  // namespace terrace::observe
