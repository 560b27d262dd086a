// worker/emit/emit_jumps.cpp: jumps that decide by a value, with the comparison in them.
#include "worker/emit/emitter.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

void Emitter::emit_JumpIf(Instr i) { jump_when(i, m_.is_falsy(reg(i.a)), false); }
void Emitter::emit_JumpUnless(Instr i) { jump_when(i, m_.is_falsy(reg(i.a)), true); }

void Emitter::emit_JumpLt(Instr i) { jump_compare(i, in_register(i.b), kLess, true); }
void Emitter::emit_JumpNotLt(Instr i) { jump_compare(i, in_register(i.b), kLess, false); }
void Emitter::emit_JumpLe(Instr i) { jump_compare(i, in_register(i.b), kLessEqual, true); }
void Emitter::emit_JumpNotLe(Instr i) { jump_compare(i, in_register(i.b), kLessEqual, false); }
void Emitter::emit_JumpNumEq(Instr i) { jump_compare(i, in_register(i.b), kEqual, true); }
void Emitter::emit_JumpNotNumEq(Instr i) { jump_compare(i, in_register(i.b), kEqual, false); }

void Emitter::emit_JumpLtImm(Instr i) { jump_compare(i, immediate(static_cast<int16_t>(i.b)), kLess, true); }
void Emitter::emit_JumpNotLtImm(Instr i) { jump_compare(i, immediate(static_cast<int16_t>(i.b)), kLess, false); }
void Emitter::emit_JumpLeImm(Instr i) { jump_compare(i, immediate(static_cast<int16_t>(i.b)), kLessEqual, true); }
void Emitter::emit_JumpNotLeImm(Instr i) { jump_compare(i, immediate(static_cast<int16_t>(i.b)), kLessEqual, false); }
void Emitter::emit_JumpGtImm(Instr i) { jump_compare(i, immediate(static_cast<int16_t>(i.b)), kGreater, true); }
void Emitter::emit_JumpNotGtImm(Instr i) { jump_compare(i, immediate(static_cast<int16_t>(i.b)), kGreater, false); }
void Emitter::emit_JumpGeImm(Instr i) { jump_compare(i, immediate(static_cast<int16_t>(i.b)), kGreaterEqual, true); }
void Emitter::emit_JumpNotGeImm(Instr i) {
  jump_compare(i, immediate(static_cast<int16_t>(i.b)), kGreaterEqual, false);
}
void Emitter::emit_JumpNumEqImm(Instr i) { jump_compare(i, immediate(static_cast<int16_t>(i.b)), kEqual, true); }
void Emitter::emit_JumpNotNumEqImm(Instr i) { jump_compare(i, immediate(static_cast<int16_t>(i.b)), kEqual, false); }

void Emitter::emit_JumpEq(Instr i) { jump_when(i, m_.equal(reg(i.a), reg(i.b)), true); }
void Emitter::emit_JumpNotEq(Instr i) { jump_when(i, m_.equal(reg(i.a), reg(i.b)), false); }
void Emitter::emit_JumpEqConst(Instr i) { jump_when(i, m_.equal(reg(i.a), constant(i.b)), true); }
void Emitter::emit_JumpNotEqConst(Instr i) { jump_when(i, m_.equal(reg(i.a), constant(i.b)), false); }
void Emitter::emit_JumpNil(Instr i) { jump_when(i, m_.equal(reg(i.a), value::kNil), true); }
void Emitter::emit_JumpNotNil(Instr i) { jump_when(i, m_.equal(reg(i.a), value::kNil), false); }
void Emitter::emit_JumpPair(Instr i) { jump_when(i, m_.has_tag(reg(i.a), value::kTagPair), true); }
void Emitter::emit_JumpNotPair(Instr i) { jump_when(i, m_.has_tag(reg(i.a), value::kTagPair), false); }
void Emitter::emit_JumpSet(Instr i) { jump_when(i, m_.equal(reg(i.a), value::kUnset), false); }
void Emitter::emit_JumpNotSelf(Instr i) {
  settle_doubt();
  if (program_.stays(number_, pc_)) return;
  jump_when(i, m_.equal(m_.load(constant(i.b), offsets::kCellValue), callee()), false);
}

// Goes to the target when the condition is as wanted, else on.
void Emitter::jump_when(Instr i, Val condition, bool wanted) {
  Block on = after();
  branch(condition, wanted ? target(i) : on, wanted ? on : target(i));
  if (!flow_.is_leader(pc_ + 1)) start(on);
}

void Emitter::jump_compare(Instr i, Operand y, const Comparison& op, bool wanted) {
  Block on = after();
  Block yes = wanted ? target(i) : on;
  Block no = wanted ? on : target(i);
  if (const CountedLoop* counted = ranges_.at_head(pc_)) {
    count_turn(*counted, on, target(i));
    if (!flow_.is_leader(pc_ + 1)) start(on);
    return;
  }
  if (treatment_ == Treatment::kCompare) {
    Val second = y.is_immediate ? m_.real(y.immediate) : double_reg(i.b);
    branch(m_.compare(op.op, double_reg(i.a), second), yes, no);
  } else {
    compare(in_register(i.a), y, op, [=, this](Val condition) { branch(condition, yes, no); });
  }
  if (!flow_.is_leader(pc_ + 1)) start(on);
}

}  // namespace terrace::worker::emit
