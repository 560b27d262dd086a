// bytecode/code.cpp: the life of FunctionCode and the questions asked about a pc.
#include "bytecode/code.hpp"

#include <algorithm>

namespace terrace::bytecode {

uint64_t FunctionCode::expected_argc() const {
  if (takes_plain_arguments()) return required;
  return parameter_slots() | kNormalisedArgc;
}

const HandlerRegion* FunctionCode::handler_at(uint32_t pc) const {
  for (const HandlerRegion& region : handlers)
    if (pc >= region.start && pc < region.end) return &region;
  return nullptr;
}

LineEntry FunctionCode::line_at(uint32_t pc) const {
  auto after = std::upper_bound(lines.begin(), lines.end(), pc,
                                [](uint32_t wanted, const LineEntry& entry) { return wanted < entry.pc; });
  return after == lines.begin() ? LineEntry{pc, 0, 0} : *std::prev(after);
}

void retain(FunctionCode* f) { f->references.fetch_add(1, std::memory_order_relaxed); }

void release(FunctionCode* f) {
  if (f == nullptr || f->references.fetch_sub(1, std::memory_order_release) != 1) return;
  std::atomic_thread_fence(std::memory_order_acquire);
  delete f;
}

}  // namespace terrace::bytecode
