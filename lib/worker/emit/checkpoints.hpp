// worker/emit/checkpoints.hpp: where the interpreter goes on when specialised code is left.
//
//    0 Global, Move, Global, VectorRef, Add     what fails here, or in a callee that has no effect, goes back to 0
//    5 VectorSet                                likewise, as long as nothing is stored yet
//    6 Add, JumpLt ...                          a checkpoint again
//
// A checkpoint is the beginning, the head of a loop, where ways with different ones meet, or behind an instruction with an effect. From there to
// where code is left nobody can tell that anything was done, so the interpreter does it once more. All tests behind one checkpoint share one way
// out, and what calls are given and answer in between is not needed for it: code is small, and GCC inlines more of it. Registers that are live at
// a checkpoint and written behind it are kept for the way out; GCC drops the copies where there is none.
// The same as the checkpoints of V8's optimising compilers and the snapshots of LuaJIT's traces.
#pragma once

#include <map>
#include <vector>

#include "worker/emit/flow.hpp"
#include "worker/emit/types.hpp"

namespace terrace::worker::emit {

class Checkpoints {
 public:
  Checkpoints(const bytecode::PortableFunction& function, const Flow& flow, const Types& types);
  // The checkpoint before the instruction: the same on all ways to it.
  uint32_t of(uint32_t pc) const { return of_[pc]; }
  bool is_at(uint32_t pc) const { return of_[pc] == pc; }
  // The registers that are live at the checkpoint and written behind it.
  const RegisterSet& kept(uint32_t checkpoint) const { return kept_.at(checkpoint); }

 private:
  void find_kept(const bytecode::PortableFunction& function, const Flow& flow);
  std::vector<uint32_t> of_;              // by pc
  std::map<uint32_t, RegisterSet> kept_;  // by checkpoint
};

}  // namespace terrace::worker::emit
