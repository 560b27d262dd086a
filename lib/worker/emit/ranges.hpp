// worker/emit/ranges.hpp: what the condition of a counted loop implies for the arithmetic and the accesses in it.
//
// Answers for: which loops count, and which sums, products and indexes in them are bounded by their ends. Not for: writing the tests that make
// it so (emit_ranges.cpp).
//
// A counted loop begins with the comparison of a register, its counter, with a bound that the loop does not change, and adds a
// step above zero to the counter in one place that every turn passes, or in each block that goes back to the head:
//
//   head:  go out of the loop unless counter < bound
//          ... the counter is in [first, last], last = bound - 1 ...
//   step:  counter = counter + step
//          ...
//          Loop -> head
//
// An expression in the loop that is linear in the counter lies between its values for the first and the last counter, and so does
// every part of it. When neither of the two overflows, and both are indexes of a vector whose length the loop does not change, nothing in
// between can fail; so it is tested once, before the first turn, and the loop has neither overflow nor bounds checks there. The
// numbers that are tested may never come up (a loop may end early): the code is left at the head then, and written without
// this the next time (bytecode::kLeftBeforeCounting). The same holds of arguments of functions that are compiled along: where
// their first and last values are small, so are all between, and the function is called in a variant that need not test for overflow. Where they
// are not, only this is given up (bytecode::kLeftNotSmall).
#pragma once

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "worker/emit/types.hpp"

namespace terrace::worker::emit {

struct Expression {
  enum class Kind : uint8_t { kCounter, kRegister, kNumber, kAdd, kSub, kMul };
  Kind kind;
  uint16_t r = 0;      // kRegister: one that the loop does not write, a fixnum at its head
  int64_t number = 0;  // kNumber
  int left = -1;       // operands, as numbers of expressions of the same loop
  int right = -1;
};

// A number, or a register that the loop does not write and that holds a fixnum at its head.
struct Amount {
  bool is_number;
  int64_t number;
  uint16_t r;
  bool operator==(const Amount&) const = default;
};

// Where the counter is stepped.
struct Step {
  uint32_t at;        // where it is written: the addition, or a move of its result
  uint32_t added_at;  // the addition
  uint32_t last;      // the last instruction of the turn that may run behind it
};

struct CountedLoop {
  Loop loop;
  uint16_t counter;
  Amount bound;
  bool includes_bound;   // the counter may be equal to the bound
  bool must_meet_bound;  // the loop ends only where they are equal, so the step is one and the first counter not above the bound
  Amount step;
  std::vector<Step> steps;  // of which each turn runs one
  // The instruction at which is noted what the loop's code took for granted and did not hold.
  uint32_t noted_at() const { return steps.front().added_at; }
  bool steps_at(uint32_t pc) const {
    return std::any_of(steps.begin(), steps.end(), [pc](const Step& s) { return s.at == pc; });
  }
  bool adds_step(uint32_t pc) const {
    return std::any_of(steps.begin(), steps.end(), [pc](const Step& s) { return s.added_at == pc; });
  }
  // Whether the counter may have been stepped in the same turn.
  bool is_behind_step(uint32_t pc) const {
    return std::any_of(steps.begin(), steps.end(), [pc](const Step& s) { return s.at < pc && pc <= s.last; });
  }

  std::vector<Expression> expressions;  // operands before what uses them; none may overflow
  struct Access {
    int index;        // an expression
    uint16_t vector;  // whose length is held at the head
    uint32_t pc;
  };
  std::vector<Access> accesses;
  std::vector<int> small;  // expressions: arguments of calls in which they are taken to be small (intervals.hpp)
  std::vector<std::pair<uint16_t, int64_t>> tallies;  // registers to which a turn adds a number at most once
};

class Ranges {
 public:
  Ranges(const bytecode::PortableFunction& function, const Flow& flow, const Types& types);
  const std::vector<CountedLoop>& loops() const { return loops_; }  // by head, ascending
  const CountedLoop* at_head(uint32_t pc) const;
  const CountedLoop* stepped_at(uint32_t pc) const;
  // The loop whose counter the register is at this instruction, as it was at the head; null: none.
  const CountedLoop* counted_by(uint32_t pc, uint16_t r) const;
  // The loop that goes through the vector which the instruction accesses: the counter, as it was at the head, is the index, and every integer
  // between the present counter and the loop's end is an index, too; null: none.
  const CountedLoop* walked_by(uint32_t pc) const;
  // Whether the sum or product at this instruction cannot overflow, or the index of the access is one.
  bool is_bounded(uint32_t pc) const { return bounded_[pc]; }
  // The variant for small arguments that the known call at this instruction goes to; null: there is none.
  const Variant* called_with_small(uint32_t pc) const;

 private:
  void find_loop(const Loop& loop);
  bool is_entered_at_head(const Loop& loop) const;
  bool find_condition(CountedLoop& counted) const;
  bool find_steps(CountedLoop& counted) const;
  bool add_step(CountedLoop& counted, uint32_t at, uint32_t last) const;
  bool find_addition(const CountedLoop& counted, uint32_t pc, Amount* step) const;
  void add_access(CountedLoop& counted, uint32_t pc);
  void add_call(CountedLoop& counted, uint32_t pc);
  void find_tallies(CountedLoop& counted);
  int expression_of(CountedLoop& counted, uint32_t pc, uint16_t r, std::vector<uint32_t>& made_at, int depth) const;
  int expression_at(CountedLoop& counted, uint32_t pc, std::vector<uint32_t>& made_at, int depth) const;
  int degree(const CountedLoop& counted, int expression) const;
  uint32_t definition(const CountedLoop& counted, uint32_t pc, uint16_t r) const;
  bool is_fixnum_at_head(const CountedLoop& counted, uint16_t r) const;
  bool is_steady_fixnum(const CountedLoop& counted, uint16_t r) const;
  std::vector<uint32_t> writers(const Loop& loop, uint16_t r) const;
  bool is_in_inner_loop(const Loop& loop, uint32_t pc) const;
  bool runs_once(const Loop& loop, uint32_t pc) const;  // in every turn

  static constexpr uint32_t kNone = UINT32_MAX;
  const std::vector<bytecode::Instr>& code_;
  const Flow& flow_;
  const Types& types_;
  std::vector<Treatment> treatments_;  // by pc
  std::map<uint32_t, const Variant*> known_calls_;  // by pc: as Types has them
  std::map<uint32_t, const Variant*> small_calls_;  // by pc: those that go to a variant for small arguments instead
  // Of the loop that is looked at: the leaders that every turn passes, ascending, and the registers that it does not write.
  std::vector<uint32_t> always_run_;
  RegisterSet unchanged_;
  std::vector<CountedLoop> loops_;
  std::vector<bool> bounded_;  // by pc
};

}  // namespace terrace::worker::emit
