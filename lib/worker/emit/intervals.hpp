// worker/emit/intervals.hpp: between which numbers the fixnums of a variant lie when arguments of it are small.
//
// Answers for: which sums, differences and products in such a variant cannot overflow, which divisors are not zero, and whether it always answers.
// Not for: which arguments are small, which the loop that makes the call tests before its first turn (ranges.hpp).
//
// Only of functions without loops, so each block is looked at once, after all ways into it.
#pragma once

#include <optional>
#include <vector>

#include "worker/emit/types.hpp"

namespace terrace::worker::emit {

// A small argument is a fixnum from 0 to 2^kSmallBits - 1: large enough for what indexes and counts, and two of them have a product whose sum
// with a few others is a fixnum still.
inline constexpr int kSmallBits = 28;

struct Interval {
  int64_t low;
  int64_t high;
};

class Intervals {
 public:
  Intervals(const bytecode::PortableFunction& function, const Flow& flow, const Types& types);
  // Whether the operands and the result of this addition, subtraction or multiplication are known to be fixnums.
  bool is_bounded(uint32_t pc) const { return bounded_[pc]; }
  // Whether the divisor at this instruction is known to be another number than zero.
  bool divides(uint32_t pc) const { return divides_[pc]; }
  // Whether the dividend of this quotient, remainder or modulo is known to be a fixnum not below zero.
  bool divides_natural(uint32_t pc) const { return natural_[pc]; }
  // Whether the variant does nothing at which it might be left, raise or run other code.
  bool always_answers() const { return always_answers_; }
  bool prove_anything() const { return prove_anything_; }

 private:
  using Known = std::vector<std::optional<Interval>>;  // by register
  void look_at(uint32_t pc, Treatment treatment, const State& before, Known& known);
  bool cannot_fail(uint32_t pc, Treatment treatment, const State& before, const Known& known) const;
  std::optional<Interval> result_of(uint32_t pc, Treatment treatment, const Known& known);
  std::optional<Interval> combined(uint32_t pc, const Known& known);
  static std::optional<Interval> divided(Op op, const std::optional<Interval>& n, const std::optional<Interval>& d);
  std::optional<Interval> second_operand(Instr i, const Known& known) const;

  const bytecode::PortableFunction& function_;
  const Flow& flow_;
  const Types& types_;
  std::vector<bool> bounded_;  // by pc
  std::vector<bool> divides_;
  std::vector<bool> natural_;
  bool prove_anything_ = false;
  bool always_answers_ = false;
};

}  // namespace terrace::worker::emit
