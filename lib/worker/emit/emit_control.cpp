// worker/emit/emit_control.cpp: moves, constants, plain jumps, loops, return, handlers.
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
void Emitter::emit_Return(Instr i) { leave(reg(i.a)); }

// The safepoint stands at the jump back, so that what it raises is raised at the Loop instruction.
void Emitter::emit_Loop(Instr i) {
  if (m_.plan().counts) count_down();
  Block go_on = target(i);
  Block check = cold([this, go_on] {
    must_not_unwind(runtime(Runtime::k_check, {}));
    jump(go_on);
  });
  branch(m_.expect(below_stack_limit(), false), check, go_on);
}

void Emitter::emit_Mark(Instr i) { set(i.a, m_.tag_fixnum(m_.load(vm(), offsets::kVmDynamicDepth))); }
void Emitter::emit_Catch(Instr i) { set(i.a, runtime(Runtime::k_caught, {reg(i.b)})); }
void Emitter::emit_Throw(Instr i) { raise(runtime(Runtime::k_rethrow, {reg(i.a)})); }

}  // namespace terrace::worker::emit
