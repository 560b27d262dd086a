// bytecode/code.cpp: the life of FunctionCode and the questions asked about a pc.
#include "bytecode/code.hpp"

#include <algorithm>
#include <map>

namespace terrace::bytecode {
namespace {

constexpr std::string_view kRecordPrefix = "terrace_record_";
constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

uint64_t FunctionCode::expected_argc() const {
  if (takes_plain_arguments()) return required;
  return parameter_slots() | kNormalisedArgc;
}

const HandlerRegion* FunctionCode::handler_at(uint32_t pc) const {
  for (const HandlerRegion& region : handlers)
    if (pc >= region.start && pc < region.end) return &region;
  return nullptr;
}

// Jumps backwards are Loop instructions only, and a loop reaches from its head to the last jump back to it: two are nested
// when the later head lies within the reach of an earlier one.
bool FunctionCode::has_nested_loops() const {
  std::map<int64_t, int64_t> last_of_head;
  for (size_t pc = 0; pc < code.size(); pc++) {
    const auto here = static_cast<int64_t>(pc);
    if (static_cast<Op>(code[pc].op) == Op::kLoop) last_of_head[here + 1 + jump_distance(code[pc])] = here;
  }
  int64_t reach = -1;
  for (const auto& [head, last] : last_of_head) {
    if (head <= reach) return true;
    reach = last;
  }
  return false;
}

LineEntry FunctionCode::line_at(uint32_t pc) const {
  auto after = std::upper_bound(lines.begin(), lines.end(), pc,
                                [](uint32_t wanted, const LineEntry& entry) { return wanted < entry.pc; });
  return after == lines.begin() ? LineEntry{pc, 0, 0} : *std::prev(after);
}

bool LeftAt::has(uint32_t pc) const {
  const std::atomic<bool>* marks = marks_.load(std::memory_order_acquire);
  return marks != nullptr && marks[pc].load(std::memory_order_relaxed);
}

void LeftAt::add(uint32_t pc, size_t instructions) {
  std::atomic<bool>* marks = marks_.load(std::memory_order_acquire);
  if (marks == nullptr) {
    auto* fresh = new std::atomic<bool>[instructions]();
    if (marks_.compare_exchange_strong(marks, fresh))
      marks = fresh;
    else
      delete[] fresh;
  }
  marks[pc].store(true, std::memory_order_relaxed);
}

std::string record_symbol(const Hash& hash) {
  std::string name(kRecordPrefix);
  for (uint8_t byte : hash) {
    name += kDigits[byte >> 4];
    name += kDigits[byte & 15];
  }
  return name;
}

bool parse_record_symbol(std::string_view name, Hash* hash) {
  if (!name.starts_with(kRecordPrefix)) return false;
  name.remove_prefix(kRecordPrefix.size());
  if (name.size() != 2 * hash->size()) return false;
  for (size_t i = 0; i < hash->size(); i++) {
    size_t high = kDigits.find(name[2 * i]), low = kDigits.find(name[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    (*hash)[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

void retain(FunctionCode* f) { f->references.fetch_add(1, std::memory_order_relaxed); }

void release(FunctionCode* f) {
  if (f == nullptr || f->references.fetch_sub(1, std::memory_order_release) != 1) return;
  std::atomic_thread_fence(std::memory_order_acquire);
  delete f;
}

}  // namespace terrace::bytecode
