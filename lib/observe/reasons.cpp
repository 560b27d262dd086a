// observe/reasons.cpp: the texts of reasons.def.
#include "observe/reasons.hpp"

namespace terrace::observe {
namespace {

constexpr std::array<ReasonText, kReasonCount> kTexts = {{
    {"none", "Nothing went wrong.", Again::kLater},
#define T_REASON(name, json, again, sentence) {json, sentence, Again::again},
#include "observe/reasons.def"
#undef T_REASON
}};

}  // namespace

const ReasonText& reason_text(Reason reason) {
  const auto index = static_cast<size_t>(reason);
  return kTexts[index < kReasonCount ? index : 0];
}

uint64_t ReasonCounts::total() const {
  uint64_t sum = 0;
  for (size_t i = 1; i < kReasonCount; ++i) sum += counts_[i].load(std::memory_order_relaxed);
  return sum;
}

}  // namespace terrace::observe
