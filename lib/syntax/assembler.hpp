// syntax/assembler.hpp: instructions with labels, constants, handler regions and line numbers, until they become a
// FunctionCode.
//
// Answers for: jump distances, unreachable code (dropped), the constant pool, loads that are put in afterwards. Not
// for: which instructions (generate*.cpp).
//
// Preloads: a literal or captured value that a loop uses as an operand is loaded once, before the outermost loop, into
// a register that has no other use in the function. Such registers are numbered from kPreloadBase while code is made,
// and stand between the parameters and all other registers in the end.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "bytecode/code.hpp"
#include "syntax/unit.hpp"

namespace terrace::syntax {

using bytecode::Op;

class Assembler {
 public:
  using Label = int;
  using Marker = int;
  static constexpr uint16_t kPreloadBase = 0x8000;
  static constexpr size_t kMaxPreloads = 64;

  explicit Assembler(Unit& unit) : unit_(unit) {}

  void set_position(Position at) { at_ = at; }
  Position position() const { return at_; }
  // False after an instruction that never goes on, until a label that is used is bound. What is emitted then is
  // dropped.
  bool reachable() const { return reachable_; }

  void emit(Op op, uint16_t a, uint16_t b = 0, uint16_t c = 0, uint8_t x = 0);
  void emit_int(uint16_t a, int32_t n);
  void jump(Op op, uint16_t a, uint16_t b, Label to);
  void jump(Label to) { jump(Op::kJump, 0, 0, to); }
  Label label();
  void bind(Label label);
  bool is_bound(Label label) const { return labels_[static_cast<size_t>(label)] != SIZE_MAX; }

  // A place where preloads may be put in later; call it where control passes once before a loop.
  Marker marker();
  // Emits at `marker` instead of here: the load of a preload register.
  void insert(Marker marker, bytecode::Instr load) { insertions_[marker].push_back(load); }
  bool can_preload() const { return preloads_ < kMaxPreloads; }
  uint16_t new_preload() { return static_cast<uint16_t>(kPreloadBase + preloads_++); }

  size_t region_start() const { return drafts_.size(); }
  // Ends the region; answers false when it is empty, then there is nothing to handle and no code may be made for it.
  bool end_region(size_t start, Label handler);
  void bind_handler(Label label);

  uint16_t constant(bytecode::ConstantKind kind, Value v);
  uint16_t function_constant(Lambda* lambda);

  // Of the constants; functions have their Lambda here and no value yet.
  struct Constant {
    bytecode::ConstantKind kind;
    Value value;
    Lambda* lambda;
  };
  const std::vector<Constant>& constants() const { return constants_; }

  // The final number of a register, once all code is made.
  uint16_t final_register(uint16_t r, uint32_t parameters) const;
  uint32_t preloads() const { return static_cast<uint32_t>(preloads_); }
  // Moves everything into `code`.
  void finish(bytecode::FunctionCode& code, uint32_t parameters);

 private:
  struct Draft {
    bytecode::Instr instr;
    Label label;  // of its jump, or -1
    Position at;
    bool is_marker = false;
  };
  struct Region {
    size_t start;
    size_t end;
    Label handler;
  };

  void append(bytecode::Instr instr, Label label);
  size_t landing(Label label) const;
  std::vector<uint32_t> final_places() const;
  bool is_idle_jump(size_t i) const;
  void renumber(bytecode::Instr& instr, uint32_t parameters) const;
  void place(bytecode::FunctionCode& code, bytecode::Instr instr, Position at, uint32_t parameters) const;
  uint16_t add_constant(Constant constant);

  Unit& unit_;
  Position at_;
  bool reachable_ = true;
  std::vector<Draft> drafts_;
  std::vector<size_t> labels_;  // where each is bound, SIZE_MAX while unbound
  std::vector<bool> used_;
  std::vector<Region> regions_;
  std::unordered_map<Marker, std::vector<bytecode::Instr>> insertions_;
  std::vector<Constant> constants_;
  std::unordered_map<uint64_t, uint16_t> constant_index_;
  size_t preloads_ = 0;
};

}  // namespace terrace::syntax
