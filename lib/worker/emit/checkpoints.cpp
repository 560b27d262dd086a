// worker/emit/checkpoints.cpp: found in one pass, since all jumps but those to the heads of loops go forward.
#include "worker/emit/checkpoints.hpp"

#include <algorithm>

namespace terrace::worker::emit {

Checkpoints::Checkpoints(const bytecode::PortableFunction& function, const Flow& flow, const Types& types) {
  constexpr uint32_t kNotReached = UINT32_MAX;
  const auto& code = function.code.code;
  const auto& heads = flow.loop_heads();
  const auto size = static_cast<uint32_t>(code.size());
  of_.assign(size, kNotReached);
  const auto reach = [&](uint32_t leader, uint32_t checkpoint) {
    const bool agrees = of_[leader] == kNotReached || of_[leader] == checkpoint;
    of_[leader] = agrees && !std::binary_search(heads.begin(), heads.end(), leader) ? checkpoint : leader;
  };
  uint32_t current = 0;
  bool goes_on = true;
  State state;
  for (uint32_t pc = 0; pc < size; pc++) {
    if (flow.is_leader(pc)) {
      if (goes_on) reach(pc, current);
      if (of_[pc] == kNotReached) of_[pc] = pc;
      current = of_[pc];
      state = types.at(pc);
      goes_on = true;
    }
    of_[pc] = current;
    if (!goes_on) continue;  // never reached
    const Op op = op_of(code[pc]);
    const Treatment treatment = types.treatment(pc, state);
    const bool has_effect = types.has_effect(pc, treatment, state);
    types.step(pc, treatment, state);
    if (has_jump(op)) reach(target_of(pc, code[pc]), current);
    if (has_effect) current = pc + 1;
    goes_on = op_info(op).ends != bytecode::Ends::kstop;
  }
  find_kept(function, flow);
}

void Checkpoints::find_kept(const bytecode::PortableFunction& function, const Flow& flow) {
  const auto size = static_cast<uint32_t>(of_.size());
  std::map<uint32_t, RegisterSet> live;
  for (uint32_t pc = 0; pc < size; pc++) {
    const uint32_t checkpoint = of_[pc];
    if (!kept_.contains(checkpoint)) live.emplace(checkpoint, flow.live_before(checkpoint));
    RegisterSet& kept = kept_.try_emplace(checkpoint, RegisterSet(function.code.register_count)).first->second;
    for (uint16_t r = 0; r < function.code.register_count; r++)
      if (live.at(checkpoint).has(r) && flow.writes(pc, r)) kept.add(r);
  }
}

}  // namespace terrace::worker::emit
