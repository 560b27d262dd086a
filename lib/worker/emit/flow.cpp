// worker/emit/flow.cpp: leaders by one scan, liveness by iteration backwards until nothing grows.
#include "worker/emit/flow.hpp"

#include <algorithm>
#include <string_view>

namespace terrace::worker::emit {

namespace {

bool is_call(Op op) {
  return op == Op::kCall || op == Op::kTailCall || op == Op::kCallGlobal || op == Op::kTailCallGlobal;
}
// The register a of these names where the arguments are, and is not read itself.
bool callee_is_scratch(Op op) { return op == Op::kCallGlobal || op == Op::kTailCallGlobal; }

// Those that the instruction writes, and those of a call, which are dead after it.
template <class Use>
void each_written(Instr i, Use use) {
  std::string_view format = op_info(op_of(i)).format;
  for (size_t n = 0; n < format.size() && n < 3; n++)
    if (format[n] == 'w') use(field(i, n));
  if (is_call(op_of(i)))
    for (uint32_t k = 0; k <= i.x; k++) use(static_cast<uint16_t>(i.a + k));
}

}  // namespace

bool RegisterSet::join(const RegisterSet& other) {
  bool grew = false;
  for (size_t i = 0; i < words_.size(); i++) {
    grew |= (other.words_[i] & ~words_[i]) != 0;
    words_[i] |= other.words_[i];
  }
  return grew;
}

Flow::Flow(const bytecode::PortableFunction& function) : function_(function) {
  find_leaders();
  find_liveness();
}

void Flow::find_leaders() {
  const auto& code = function_.code.code;
  std::vector<bool> leader(code.size());
  leader[0] = true;
  for (uint32_t pc = 0; pc < code.size(); pc++) {
    if (!has_jump(op_of(code[pc]))) continue;
    leader[target_of(pc, code[pc])] = true;
    if (op_of(code[pc]) == Op::kLoop) loop_heads_.push_back(target_of(pc, code[pc]));
  }
  for (const auto& region : function_.code.handlers) leader[region.handler] = true;
  std::sort(loop_heads_.begin(), loop_heads_.end());
  loop_heads_.erase(std::unique(loop_heads_.begin(), loop_heads_.end()), loop_heads_.end());
  for (uint32_t head : loop_heads_) loops_.push_back(Loop{head, head});
  for (uint32_t pc = 0; pc < code.size(); pc++) {
    if (op_of(code[pc]) != Op::kLoop) continue;
    uint32_t head = target_of(pc, code[pc]);
    auto loop = std::find_if(loops_.begin(), loops_.end(), [head](const Loop& l) { return l.head == head; });
    loop->last = pc;
  }
  block_of_.assign(code.size(), kNoBlock);
  for (uint32_t pc = 0; pc < code.size(); pc++) {
    if (!leader[pc]) continue;
    block_of_[pc] = static_cast<uint32_t>(leaders_.size());
    leaders_.push_back(pc);
  }
}

bool Flow::has_single_file_entry(const Loop& loop) const {
  const auto& code = function_.code.code;
  for (uint32_t pc = 0; pc < loop.head; pc++) {
    if (!has_jump(op_of(code[pc])) || op_of(code[pc]) == Op::kJump) continue;
    if (pc + 1 == loop.head || target_of(pc, code[pc]) == loop.head) return false;
  }
  return true;
}

std::vector<uint32_t> Flow::always_run(const Loop& loop) const {
  constexpr size_t kManyBlocks = 200;  // the search takes the square of their number
  std::vector<uint32_t> found;
  auto first = std::lower_bound(leaders_.begin(), leaders_.end(), loop.head);
  auto end = std::upper_bound(leaders_.begin(), leaders_.end(), loop.last);
  if (static_cast<size_t>(end - first) > kManyBlocks) return {loop.head};
  for (; first != end; ++first)
    if (!comes_back_without(loop, *first)) found.push_back(*first);
  return found;
}

// Whether a turn can avoid a block of the loop.
bool Flow::comes_back_without(const Loop& loop, uint32_t avoided) const {
  const auto& code = function_.code.code;
  if (avoided == loop.head) return false;
  std::vector<bool> seen(leaders_.size());
  std::vector<uint32_t> open = {loop.head};
  auto reach = [&](uint32_t pc) {
    if (pc == avoided || pc < loop.head || pc > loop.last || seen[block_of_[pc]]) return;
    seen[block_of_[pc]] = true;
    open.push_back(pc);
  };
  while (!open.empty()) {
    uint32_t pc = open.back();
    open.pop_back();
    for (bool in_block = true; in_block; pc++) {
      Op op = op_of(code[pc]);
      if (op == Op::kLoop && target_of(pc, code[pc]) == loop.head) return true;
      if (has_jump(op)) reach(target_of(pc, code[pc]));
      in_block = op_info(op).ends != bytecode::Ends::kstop && pc + 1 < code.size();
      if (in_block && is_leader(pc + 1)) {
        reach(pc + 1);
        in_block = false;
      }
    }
  }
  return false;
}

RegisterSet Flow::unchanged_in(const Loop& loop) const {
  RegisterSet unchanged(function_.code.register_count);
  for (uint16_t r = 0; r < function_.code.register_count; r++) unchanged.add(r);
  for (uint32_t pc = loop.head; pc <= loop.last; pc++)
    each_written(function_.code.code[pc], [&](uint16_t r) { unchanged.remove(r); });
  return unchanged;
}

bool Flow::writes(uint32_t pc, uint16_t r) const {
  bool found = false;
  each_written(function_.code.code[pc], [&](uint16_t written) { found |= written == r; });
  return found;
}

uint32_t Flow::writer_before(uint32_t pc, uint16_t r) const {
  while (!is_leader(pc) && pc-- > 0) {
    if (writes(pc, r)) return pc;
  }
  return kNoWriter;
}

bool Flow::holds_self(uint32_t pc, uint16_t r) const {
  const uint32_t writer = writer_before(pc, r);
  return writer != kNoWriter && op_of(function_.code.code[writer]) == Op::kSelf;
}

int32_t Flow::known_integer(uint32_t pc, uint16_t r) const {
  const uint32_t writer = writer_before(pc, r);
  if (writer == kNoWriter) return -1;
  const Instr i = function_.code.code[writer];
  return op_of(i) == Op::kInt ? bytecode::int_operand(i) : -1;
}

bool Flow::makes_calls() const {
  const auto& code = function_.code.code;
  return std::any_of(code.begin(), code.end(), [](Instr i) { return is_call(op_of(i)); });
}

bool Flow::makes_tail_calls() const {
  const auto& code = function_.code.code;
  return std::any_of(code.begin(), code.end(),
                     [](Instr i) { return op_of(i) == Op::kTailCall || op_of(i) == Op::kTailCallGlobal; });
}

void Flow::find_liveness() {
  live_.assign(leaders_.size(), RegisterSet(function_.code.register_count));
  for (bool grew = true; grew;) {
    grew = false;
    for (size_t block = leaders_.size(); block-- > 0;) grew |= live_[block].join(live_before_block(block));
  }
}

RegisterSet Flow::live_before_block(size_t block) const { return live_before(leaders_[block]); }

RegisterSet Flow::live_before(uint32_t pc) const {
  RegisterSet live(function_.code.register_count);
  auto next = std::upper_bound(leaders_.begin(), leaders_.end(), pc);
  uint32_t end = next != leaders_.end() ? *next : static_cast<uint32_t>(function_.code.code.size());
  if (next != leaders_.end()) live.join(live_[block_of_[*next]]);
  for (uint32_t at = end; at-- > pc;) step_back(at, live);
  return live;
}

// From the registers live after the instruction to those live before it. An unwind may leave at any instruction, before
// it has written anything.
void Flow::step_back(uint32_t pc, RegisterSet& live) const {
  Instr i = function_.code.code[pc];
  const bytecode::OpInfo& info = op_info(op_of(i));
  if (info.ends == bytecode::Ends::kstop) live = RegisterSet(function_.code.register_count);
  if (has_jump(op_of(i))) live.join(live_[block_of_[target_of(pc, i)]]);
  for (size_t n = 0; n < info.format.size() && n < 3; n++)
    if (info.format[n] == 'w') live.remove(field(i, n));
  add_uses(pc, live);
  if (const bytecode::HandlerRegion* region = function_.code.handler_at(pc))
    live.join(live_[block_of_[region->handler]]);
}

void Flow::add_uses(uint32_t pc, RegisterSet& live) const {
  Instr i = function_.code.code[pc];
  Op op = op_of(i);
  std::string_view format = op_info(op).format;
  for (size_t n = callee_is_scratch(op) ? 1 : 0; n < format.size() && n < 3; n++)
    if (format[n] == 'r' && op != Op::kPrim) live.add(field(i, n));
  if (is_call(op))
    for (uint32_t k = 1; k <= i.x; k++) live.add(i.a + k);
  if (op == Op::kPrim)
    for (uint32_t k = 0; k < i.x; k++) live.add(i.b + k);
  if (op == Op::kClosure)
    for (const auto& source : function_.constants[i.b].function_captures)
      if (source.from_register) live.add(source.index);
}

}  // namespace terrace::worker::emit
