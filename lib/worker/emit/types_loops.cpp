// worker/emit/types_loops.cpp: what is tested and made once, on the ways into a loop, so that its turns find it.
#include <algorithm>
#include <numeric>

#include "worker/emit/types.hpp"

namespace terrace::worker::emit {

namespace {

bool is_fixnum(Forms held) { return (held & kFixnum) && !(held & kDouble); }

}  // namespace

// The forms of a register with those that are made of it on the way into a loop.
Forms Types::with_made(Forms held, Forms made) {
  made = with_type(made);
  const bool gets_kind = (made & (kVector | kDoublesVector)) != 0 && held == (kWord | kAnyVector);
  if ((made & kU64) && held == kWord) return kU64;
  if (is_opened(made | kWord) && is_unmade(held)) return kWord | made;
  const bool gets_full = (made & kFullVector) != 0 && held == (kWord | kAnyVector | kDoublesVector);
  return held == kWord || gets_kind || gets_full ? held | made : held;
}

void Types::find_before_loops() {
  for (const Loop& loop : flow_.loops())
    if (flow_.has_single_file_entry(loop)) before_loops_[index_[loop.head]] = needed_before(loop);
}

// Whether anything from the leader `first` to `last` runs other code.
bool Types::changes_kinds(uint32_t first, uint32_t last) const {
  const auto& leaders = flow_.leaders();
  for (size_t n = 0; n < leaders.size(); n++) {
    if (leaders[n] < first || leaders[n] > last) continue;
    State state = states_[n];
    for (uint32_t pc = leaders[n]; pc == leaders[n] || (pc <= last && !flow_.is_leader(pc)); pc++) {
      if (runs_other_code(pc, treatment(pc, state), state)) return true;
      if (op_info(op_of(function_.code.code[pc])).ends == bytecode::Ends::kstop) break;
      step(pc, state);
    }
  }
  return false;
}

// Where it is noted that the loop was left before its first turn (interp's note_deopt); loop.last, which takes no feedback: nowhere.
uint32_t Types::first_with_feedback(const Loop& loop) const {
  uint32_t first = loop.head;
  while (first < loop.last && !bytecode::takes_feedback(op_of(function_.code.code[first]))) first++;
  return first;
}

State Types::needed_before(const Loop& loop) {
  const auto& code = function_.code.code;
  State needed(function_.code.register_count, 0);
  const uint32_t noted_at = first_with_feedback(loop);
  if (noted_at != loop.last && (code[noted_at].x & bytecode::kLeftBeforeLoop)) return {};
  RegisterSet unchanged = flow_.unchanged_in(loop);
  for (uint32_t leader : flow_.always_run(loop)) {
    State state = at(leader);
    std::vector<uint16_t> origin(state.size());  // of what a register holds: the register that it was moved from in this block
    std::iota(origin.begin(), origin.end(), uint16_t{0});
    for (uint32_t pc = leader; pc == leader || (pc <= loop.last && !flow_.is_leader(pc)); pc++) {
      for (const Need& need : needs(pc, state)) {
        const uint16_t r = origin[need.r];
        if (unchanged.has(r) || (pc == loop.head && need.form == kFixnum)) needed[r] |= need.form;
      }
      step(pc, state);
      for (uint16_t r = 0; r < origin.size(); r++)
        if (flow_.writes(pc, r)) origin[r] = op_of(code[pc]) == Op::kMove ? origin[code[pc].b] : r;
      if (op_info(op_of(code[pc])).ends == bytecode::Ends::kstop) break;
    }
  }
  add_carried(loop, needed);
  // What is needed in two ways that exclude each other is tested where it is needed, and so is what a turn may change.
  bool may_change = changes_kinds(loop.head, loop.last);
  for (Forms& forms : needed) {
    if (forms & kFullVector) forms &= ~kDoublesVector;
    if (forms & (forms - 1)) forms = 0;
    if (may_change && (forms & kOfDoubles)) forms = kAnyVector;
  }
  add_opened(loop, needed);
  return needed;
}

// What all ways back bring as doubles, or as integers modulo 2^64 without words, is taken for one before the first turn as well, unless something
// else was seen in it: then no turn makes words of them. Where that was wrong once, the loop's registers are words at its head from then on.
void Types::add_carried(const Loop& loop, State& needed) const {
  const uint32_t noted_at = first_with_feedback(loop);
  if (noted_at == loop.last || (function_.code.code[noted_at].x & bytecode::kLeftNotCarried)) return;
  const RegisterSet& live = flow_.live_at(loop.head);
  const State& head = at(loop.head);
  State back(needed.size(), kAllForms);
  std::vector<bool> saw_others(needed.size());
  each_instruction([&](uint32_t pc, const State& state) {
    const Instr i = function_.code.code[pc];
    if (pc < loop.head || pc > loop.last) return;
    const bool is_mixed = bytecode::is_arithmetic(op_of(i)) && (i.x & (bytecode::kSawMixed | bytecode::kSawOther));
    if (is_mixed && op_of(i) != Op::kAddImm) {  // an operand beside one that is known to be a fixnum may have been a float each time
      if (!is_fixnum(state[i.c])) saw_others[i.b] = true;
      if (!is_fixnum(state[i.b])) saw_others[i.c] = true;
    }
    if (op_of(i) != Op::kLoop || target_of(pc, i) != loop.head) return;
    for (size_t r = 0; r < back.size(); r++) back[r] = meet(back[r], state[r]);
  });
  for (uint16_t r = 0; r < back.size(); r++) {
    if (!live.has(r) || head[r] != kWord || needed[r] != 0 || saw_others[r]) continue;
    if (back[r] & kDouble) needed[r] = kDouble;
    if ((back[r] & kU64) && !(back[r] & kWord)) needed[r] = kU64;
  }
}

bool Types::is_carried(uint32_t head, uint16_t r) const {
  const State& made = before_loops_[index_[head]];
  if (made.empty() || !(made[r] & (kDouble | kU64))) return false;
  const auto loop = std::find_if(flow_.loops().begin(), flow_.loops().end(), [head](const Loop& l) { return l.head == head; });
  return !flow_.unchanged_in(*loop).has(r);
}

}  // namespace terrace::worker::emit
