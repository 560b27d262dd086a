// worker/emit/flow.hpp: the shape of one function: where blocks begin, where loops are, which registers are live there.
//
// Answers for: leaders, loop heads, liveness at leaders. Not for: checking (bytecode/verifier.hpp has accepted the
// code).
#pragma once

#include <cstdint>
#include <vector>

#include "bytecode/encoding.hpp"
#include "bytecode/op_info.hpp"

namespace terrace::worker::emit {

using bytecode::Instr;
using bytecode::Op;
using bytecode::op_of;

inline uint32_t target_of(uint32_t pc, Instr i) {
  return static_cast<uint32_t>(static_cast<int64_t>(pc) + 1 + bytecode::jump_distance(i));
}

// An operand by its place in the format.
constexpr uint16_t field(Instr i, size_t n) { return n == 0 ? i.a : n == 1 ? i.b : i.c; }

// A set of registers.
class RegisterSet {
 public:
  explicit RegisterSet(size_t count) : words_((count + 63) / 64) {}
  void add(size_t r) { words_[r >> 6] |= uint64_t{1} << (r & 63); }
  void remove(size_t r) { words_[r >> 6] &= ~(uint64_t{1} << (r & 63)); }
  bool has(size_t r) const { return words_[r >> 6] >> (r & 63) & 1; }
  // True when this set grew.
  bool join(const RegisterSet& other);

 private:
  std::vector<uint64_t> words_;
};

// The instructions from a loop's head to the last jump back to it. Jumps backwards are Loop instructions only, so whatever can
// come back to the head lies between.
struct Loop {
  uint32_t head;
  uint32_t last;
};

class Flow {
 public:
  explicit Flow(const bytecode::PortableFunction& function);

  bool is_leader(uint32_t pc) const { return block_of_[pc] != kNoBlock; }
  const std::vector<uint32_t>& leaders() const { return leaders_; }        // ascending; the first is 0
  const std::vector<uint32_t>& loop_heads() const { return loop_heads_; }  // targets of Loop, ascending
  const std::vector<Loop>& loops() const { return loops_; }                // by head, ascending
  // True when the loop is entered only by falling into its head or by a Jump, so that code can be put before it.
  bool has_single_file_entry(const Loop& loop) const;
  // The leaders in the loop that every turn passes.
  std::vector<uint32_t> always_run(const Loop& loop) const;
  // The registers that the loop does not write.
  RegisterSet unchanged_in(const Loop& loop) const;
  // Registers whose value at the leader may still be read.
  const RegisterSet& live_at(uint32_t leader) const { return live_[block_of_[leader]]; }
  // The same before any instruction.
  RegisterSet live_before(uint32_t pc) const;
  // Whether the instruction writes the register, or is a call that leaves it dead.
  bool writes(uint32_t pc, uint16_t r) const;
  // The instruction that last wrote the register before this one, as far as those just before it tell; kNoWriter: they do not.
  static constexpr uint32_t kNoWriter = UINT32_MAX;
  uint32_t writer_before(uint32_t pc, uint16_t r) const;
  // Whether that is Self.
  bool holds_self(uint32_t pc, uint16_t r) const;
  // The number that it puts there; below zero: not known.
  int32_t known_integer(uint32_t pc, uint16_t r) const;
  // Whether the function calls others, or may end with a call.
  bool makes_calls() const;
  bool makes_tail_calls() const;
  // Adds the registers that the instruction reads.
  void add_uses(uint32_t pc, RegisterSet& live) const;

 private:
  static constexpr uint32_t kNoBlock = UINT32_MAX;
  void find_leaders();
  void find_liveness();
  bool comes_back_without(const Loop& loop, uint32_t avoided) const;
  void step_back(uint32_t pc, RegisterSet& live) const;
  RegisterSet live_before_block(size_t block) const;

  const bytecode::PortableFunction& function_;
  std::vector<uint32_t> block_of_;  // by pc
  std::vector<uint32_t> leaders_;
  std::vector<uint32_t> loop_heads_;
  std::vector<Loop> loops_;
  std::vector<RegisterSet> live_;  // by block
};

}  // namespace terrace::worker::emit
