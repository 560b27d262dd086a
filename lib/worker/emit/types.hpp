// worker/emit/types.hpp: which form each register has where, and so what each instruction becomes in specialised code.
//
// Answers for: the forms of registers at the beginning of every block, the treatment of every instruction given the forms before it.
// Not for: writing code (emit_typed.cpp). Both walk the instructions with the same `step`, so they agree.
//
// A register may be held as a word, as a double, or both; a word may be known to be a fixnum. Forms at a block are those that all ways into it
// have; where they have none in common the register is a word there, and the ways that lack it make one. The start is optimistic (all
// forms) and forms are only taken away, so loops keep what holds all the way round.
#pragma once

#include <vector>

#include "worker/emit/flow.hpp"

namespace terrace::worker::emit {

using Forms = uint8_t;
inline constexpr Forms kWord = 1;
inline constexpr Forms kDouble = 2;
inline constexpr Forms kFixnum = 4;  // only with kWord
inline constexpr Forms kAllForms = kWord | kDouble | kFixnum;
using State = std::vector<Forms>;  // by register

enum class Treatment : uint8_t {
  kWords,          // as in code that is not specialised
  kFixnums,        // both operands are fixnums, or leave
  kDoubles,        // both operands become doubles, or leave
  kCompare,        // of two doubles
  kMove,           // all forms
  kConstant,       // a number
  kLoadDouble,     // from an f64 vector
  kStoreDouble,    // into an f64 vector
  kSquareRoot,     // of a double
  kToDouble,       // exact->inexact of what is a fixnum or double
};

class Types {
 public:
  // `specialise` false: everything is a word.
  Types(const bytecode::PortableFunction& function, const Flow& flow, bool specialise);
  bool specialises() const { return specialises_; }
  const State& at(uint32_t leader) const { return states_.at(index_[leader]); }
  Treatment treatment(uint32_t pc, const State& before) const;
  static bool must_be_float(Instr i, Forms mine, Forms other);
  // From the forms before the instruction to those after it.
  void step(uint32_t pc, State& state) const;
  // The registers that the instruction needs as words when it is treated as kWords.
  std::vector<uint16_t> word_operands(uint32_t pc) const;
  bool is_float_constant(uint16_t k) const;
  bool is_fixnum_constant(uint16_t k) const;

 private:
  void solve();
  bool join(uint32_t leader, const State& from);
  Treatment arithmetic(Instr i, const State& before) const;

  const bytecode::PortableFunction& function_;
  const Flow& flow_;
  bool specialises_;
  std::vector<uint32_t> index_;  // by pc, of leaders
  std::vector<State> states_;    // by leader
  std::vector<std::vector<bool>> conflicts_;
};

}  // namespace terrace::worker::emit
