// worker/emit/emit_control.cpp: moves, constants, plain jumps, loops, return, handlers.
#include <algorithm>

#include "worker/emit/emitter.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

void Emitter::emit_Move(Instr i) { set(i.a, reg(i.b)); }
void Emitter::emit_Const(Instr i) { set(i.a, constant(i.b)); }
void Emitter::emit_Int(Instr i) { set(i.a, m_.constant(value::make_fixnum(bytecode::int_operand(i)))); }
void Emitter::emit_Special(Instr i) { set(i.a, m_.constant(value::special(i.b))); }
void Emitter::emit_Self(Instr i) { set(i.a, callee()); }
void Emitter::emit_Capture(Instr i) { set(i.a, m_.load(callee(), offsets::kClosureCapture + 8 * int64_t{i.b})); }

void Emitter::emit_Jump(Instr i) { jump(target(i)); }

// No register holds an unwind, and none the double that stands for one. Told so, GCC drops the test of a caller that it puts a variant into; what
// always answers is not tested.
void Emitter::emit_Return(Instr i) {
  if (variant_ != nullptr && !variant_->returns_double()) never(m_.equal(reg(i.a), value::kUnwind));
  leave(reg(i.a));
}

void Emitter::return_double(Instr i) {
  never(m_.equal(m_.bits_as(double_reg(i.a), m_.word_type()), m_.word(kReturnedElsewhere)));
  leave_with_double(double_reg(i.a));
}

void Emitter::never(Val condition) {
  if (variant_->always_answers()) return;
  guard_not(condition, cold([this] {
              evaluate(m_.unreachable());
              leave(m_.constant(value::kUnwind));
            }));
}

// The safepoint stands at the jump back, so that what it raises is raised at the Loop instruction; where turns are counted, at the head.
void Emitter::emit_Loop(Instr i) {
  if (ranges_.at_head(target_of(pc_, i)) != nullptr) return jump(target(i));
  if (m_.plan().counts)
    count_down([this, i](Block go_on) {
      ask_policy();
      go_on_promoted(target_of(pc_, i), go_on);
    });
  safepoint(target_of(pc_, i), target(i));
}

// Ends the block: to `go_on`, unless something is asked for, which runs before the loop's next turn.
void Emitter::safepoint(uint32_t head, Block go_on) {
  Block after_check = back_after_other_code(head);
  Block otherwise = program_.assumptions().empty() ? nullptr : leave_at(head, frame::LeaveCause::kAlong);
  Block check = cold([this, after_check, otherwise] {
    Val epoch = otherwise != nullptr ? hold(1, m_.load(vm(), offsets::kVmWatchEpoch)) : nullptr;
    must_not_unwind(runtime(Runtime::k_check, {}));
    if (otherwise != nullptr) expect_epoch(epoch, otherwise);
    jump(after_check);
  });
  check_stack(check, go_on);
}

// When code of the next tier is there, the rest of this call happens in it: it enters at the loop's head with the
// registers in an array of this frame, which therefore stays. Another thread may be changing both fields, so the entry
// is also compared with the interpreter's, which has no entry at loops; any compiled code has.
void Emitter::go_on_promoted(uint32_t head, Block go_on) {
  Val tier = m_.load(proto(), offsets::kProtoTier, m_.u32_type());
  guard(m_.compare(GCC_JIT_COMPARISON_GE, tier, m_.number(m_.u32_type(), static_cast<int64_t>(m_.plan().next))), go_on);
  Val entry = hold(1, m_.load(proto(), offsets::kProtoEntry));
  guard(m_.differ(entry, m_.runtime_entry(vm(), Runtime::k_interp_entry)), go_on);
  const int count = std::max<int>(code_.register_count, 1);  // an endless loop may have none
  Place registers = local(loop_registers_, m_.word_array_type(count), "registers");
  const RegisterSet& live = flow_.live_at(head);
  for (uint16_t r = 0; r < code_.register_count; r++)
    if (live.has(r)) assign(element_of(registers, r), reg(r));
  Val arguments[6] = {vm(), callee(), m_.word(frame::kEnterLoop), m_.word(head), m_.address(element_of(registers, 0)), m_.word(0)};
  leave(m_.call_entry(entry, arguments));
}

// See frame::dynamic_mark.
void Emitter::emit_Mark(Instr i) {
  Val guard = m_.shift_left(m_.load(vm(), offsets::kVmGuardDepth), frame::kMarkBits);
  set(i.a, m_.tag_fixnum(m_.bit_or(m_.load(vm(), offsets::kVmDynamicDepth), guard)));
}
void Emitter::emit_Guard(Instr i) {
  emit_Mark(i);
  Val depth = m_.load(vm(), offsets::kVmDynamicDepth);
  assign(m_.at(vm(), offsets::kVmGuardDepth, m_.word_type()), depth);
}
void Emitter::emit_Unguard(Instr i) {
  Val guard = m_.shift_right(reg(i.a), value::kFixnumShift + frame::kMarkBits);
  assign(m_.at(vm(), offsets::kVmGuardDepth, m_.word_type()), guard);
}
void Emitter::emit_Catch(Instr i) { set(i.a, runtime(Runtime::k_caught, {reg(i.b)})); }
void Emitter::emit_Throw(Instr i) { raise(runtime(Runtime::k_rethrow, {reg(i.a)})); }

}  // namespace terrace::worker::emit
