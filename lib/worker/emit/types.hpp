// worker/emit/types.hpp: which form each register has where, and so what each instruction becomes in specialised code.
//
// Answers for: the forms of registers at the beginning of every block, the treatment of every instruction given the forms before it.
// Not for: writing code (emit_typed.cpp). Both walk the instructions with the same `step`, so they agree.
//
// A register may be held as a word, as a double, or both; a word may be known to be a fixnum. Forms at a block are those that all ways into it
// have; where they have none in common the register is a word there, and the ways that lack it make one. The start is optimistic (all
// forms) and forms are only taken away, so loops keep what holds all the way round. What every turn of a loop needs of a register that
// the loop does not write is tested on the way into the loop (`before_loop`), once.
#pragma once

#include <vector>

#include "worker/emit/flow.hpp"

namespace terrace::worker::emit {

using Forms = uint8_t;
inline constexpr Forms kWord = 1;
inline constexpr Forms kDouble = 2;
inline constexpr Forms kFixnum = 4;  // this and the following: only with kWord
inline constexpr Forms kVector = 8;  // a generic vector; this and the next two: an object of that type, which it stays
inline constexpr Forms kF64Vector = 16;
inline constexpr Forms kBytes = 32;
inline constexpr Forms kAnyVector = 64;       // a vector of any kind; only such are of the next and of kVector
inline constexpr Forms kDoublesVector = 128;  // a vector of doubles: any other code that runs may make it generic
inline constexpr Forms kSized = kAnyVector | kF64Vector | kBytes;  // the length is held, and where packed data lies
inline constexpr Forms kOfWord = kFixnum | kVector | kF64Vector | kBytes | kAnyVector | kDoublesVector;
inline constexpr Forms kAllForms = kWord | kDouble | kOfWord;
using State = std::vector<Forms>;  // by register

enum class Treatment : uint8_t {
  kWords,          // as in code that is not specialised
  kFixnums,        // both operands are fixnums, or leave
  kDivide,         // both operands are fixnums and the second is above zero, or leave
  kDoubles,        // both operands become doubles, or leave
  kCompare,        // of two doubles
  kCompareFixnums, // of two fixnums, or leave
  kMove,           // all forms
  kConstant,       // a number
  kLoad,           // an element of a vector, or leave
  kStore,          // likewise
  kLoadRaw,        // a double out of a vector of doubles, or leave
  kStoreRaw,       // a double into one, or leave
  kLoadByte,
  kStoreByte,
  kLoadDouble,     // from an f64 vector
  kStoreDouble,    // into an f64 vector
  kSquareRoot,     // of a double
  kToDouble,       // exact->inexact of what is a fixnum or double
  kKnownCall,      // of a function that is compiled along
  kKnownTail,      // likewise, and its answer is the function's
  kReturnDouble,   // out of a variant that answers doubles
};

struct Variant;

// Who knows what calls go to.
class Callees {
 public:
  // The variant that a call instruction of this function goes to when registers have these forms before it; null: not known.
  virtual const Variant* called(size_t function, uint32_t pc, const State& before) = 0;

 protected:
  ~Callees() = default;
};

// What a body of a function is for: calls by the convention of all, or calls of one variant.
struct Role {
  Callees* callees = nullptr;
  size_t function = 0;                // its number there
  const State* parameters = nullptr;  // the forms of a variant's arguments; null: all are words
};

class Types {
 public:
  // `specialise` false: everything is a word.
  Types(const bytecode::PortableFunction& function, const Flow& flow, bool specialise, const Role& role = {});
  bool specialises() const { return specialises_; }
  // Whether all that the function itself answers are doubles; false when it is no variant.
  bool returns_double() const { return returns_double_; }
  void return_words() { returns_double_ = false; }
  const Variant* called(uint32_t pc, const State& before) const {
    return role_.callees ? role_.callees->called(role_.function, pc, before) : nullptr;
  }
  // The forms in which arguments come, and words.
  State at_entry() const;
  const State& at(uint32_t leader) const { return states_.at(index_[leader]); }
  Treatment treatment(uint32_t pc, const State& before) const;
  static bool must_be_float(Instr i, Forms mine, Forms other);
  // What the instruction takes for granted of a register and tests where it is not known.
  struct Need {
    uint16_t r;
    Forms form;
  };
  std::vector<Need> needs(uint32_t pc, const State& before) const;
  // From the forms before the instruction to those after it.
  void step(uint32_t pc, State& state) const;
  // Whether code may run at the instruction that stores into any vector. A Loop's safepoint is not meant, nor what runs when a variant was
  // left that runs none itself.
  bool runs_other_code(uint32_t pc, Treatment treatment, const State& before) const;
  // Whether nothing in the function does; only ever asked of a variant.
  bool runs_alone() const { return runs_alone_; }
  // Whether the instruction finds all its operands as words.
  static bool takes_words(Treatment treatment);
  // The registers that an instruction needs as words when its treatment takes words.
  std::vector<uint16_t> word_operands(uint32_t pc) const;
  bool is_float_constant(uint16_t k) const;
  bool is_fixnum_constant(uint16_t k) const;

 private:
  void solve();
  bool all_return_doubles() const;
  void find_before_loops();
  State needed_before(const Loop& loop) const;
  bool changes_kinds(uint32_t first, uint32_t last) const;
  bool join(uint32_t leader, const State& from, bool comes_back);
  Treatment arithmetic(Instr i, const State& before) const;
  Treatment comparison(uint32_t pc, Forms x, Forms y) const;
  Treatment vector_store(Instr i, const State& before) const;
  void step_treated(uint32_t pc, Treatment treatment, State& state) const;

  const bytecode::PortableFunction& function_;
  const Flow& flow_;
  bool specialises_;
  Role role_;
  bool returns_double_ = false;
  bool runs_alone_ = false;
  std::vector<uint32_t> index_;  // by pc, of leaders
  std::vector<bool> reached_;    // by leader
  std::vector<State> states_;    // by leader
  std::vector<std::vector<bool>> conflicts_;
  std::vector<State> before_loops_;  // by leader: forms that ways into a loop make; empty where there are none
};

}  // namespace terrace::worker::emit
