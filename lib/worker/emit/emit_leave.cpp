// worker/emit/emit_leave.cpp: the ways out of specialised code, into the interpreter.
//
//   a test fails -> why = the instruction and the cause -> the checkpoint's way out: registers as words to vm->xargs, runtime->resume
//   a variant that starts again has no way out of its own: it notes why, answers kLeft, and its caller takes the way out of its checkpoint
//
// Rules:
//  1. Boxing may collect, and other calls use xargs; so everything is boxed before the first word is stored there.
//  2. A checkpoint's way out finds all registers that are live there as they were: in the variables of the register when nothing behind the
//     checkpoint writes it, else in a copy. The parts of a virtual record are nobody else's variables.
#include "worker/emit/emitter.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

using frame::LeaveCause;

// Before the instruction at a checkpoint. At the head of a counted loop the counter's word is that of the turn before: set_counter keeps it.
void Emitter::begin_checkpoint() {
  Checkpoint& taken = checkpoints_taken_[pc_];
  taken.forms = state_;
  const RegisterSet& kept = checkpoints_->kept(pc_);
  const CountedLoop* counted = ranges_.at_head(pc_);
  for (uint16_t r = 0; r < code_.register_count; r++) {
    if (!kept.has(r) || is_unmade(state_[r])) continue;
    const Place held = main_place(r);
    const std::string name = "kept" + std::to_string(pc_) + "_" + std::to_string(r);
    const bool is_double = !(state_[r] & (kWord | kU64));
    Place copy = gcc_jit_function_new_local(bodies_.body, nullptr, is_double ? m_.double_type() : m_.word_type(), name.c_str());
    if (counted == nullptr || counted->counter != r) assign(copy, gcc_jit_lvalue_as_rvalue(held));
    taken.kept.emplace(r, copy);
  }
}

Block Emitter::leave_here(LeaveCause cause) {
  auto [found, added] = leaves_.try_emplace({pc_, cause}, nullptr);
  if (!added) return found->second;
  return found->second = cold([this, cause] {
           assign(local(why_, m_.word_type(), "why"), m_.word(frame::leave_word(cause, pc_)));
           jump(way_out(checkpoints_->of(pc_)));
         });
}

Block Emitter::way_out(uint32_t checkpoint) {
  auto [found, added] = ways_out_.try_emplace(checkpoint, nullptr);
  if (!added) return found->second;
  return found->second = cold([this, checkpoint] {
           const Val why = gcc_jit_lvalue_as_rvalue(why_);
           if (starts_again()) return leave_at_once(why);
           restore(checkpoints_taken_.at(checkpoint));
           resume(checkpoint, why);
         });
}

void Emitter::restore(const Checkpoint& checkpoint) {
  state_ = checkpoint.forms;
  for (const auto& [r, copy] : checkpoint.kept) assign(main_place(r), gcc_jit_lvalue_as_rvalue(copy));
}

// Where a register is held from which all its other forms can be made.
Place Emitter::main_place(uint16_t r) {
  if (state_[r] & kWord) return place(r);
  return state_[r] & kU64 ? u64_place(r) : double_place(r);
}

void Emitter::leave_at_once(Val why) {
  evaluate(runtime(Runtime::k_left, {callee(), why, m_.record_of(program_.hash(0))}));
  leave_with_elsewhere(m_.constant(value::kLeft));
}

// The block that goes on in the interpreter at `pc`, with registers in the forms of state_ as it is now.
Block Emitter::leave_at(uint32_t pc, LeaveCause cause, uint32_t subject) {
  return cold([this, pc, forms = state_, why = frame::leave_word(cause, subject)] {
    state_ = forms;
    resume(pc, m_.word(why));
  });
}

void Emitter::resume(uint32_t pc, Val why) {
  const RegisterSet live = flow_.live_before(pc);
  for (uint16_t r = 0; r < code_.register_count; r++) {
    if (!live.has(r) || (state_[r] & kWord)) continue;
    if (state_[r] & kVirtual)
      make_object(r, Speed::kSmall);
    else if (state_[r] & kU64)
      set(r, runtime(Runtime::k_box_u64, {u64_reg(r)}));
    else
      set(r, runtime(Runtime::k_box_float, {m_.bits_as(double_reg(r), m_.word_type())}));
  }
  for (uint16_t r = 0; r < code_.register_count; r++)
    if (live.has(r)) assign(m_.at(vm(), offsets::kVmXargs + 8 * int64_t{r}, m_.word_type()), reg(r));
  Val arguments[6] = {vm(), callee(), m_.word(pc), m_.record_of(program_.hash(0)), why, m_.word(0)};
  Val call = m_.call_entry(m_.runtime_entry(vm(), Runtime::k_resume), arguments);
  // Not marked as a tail call: where GCC has put this body into itself, a marked call would leave the outer copies, too.
  if (hands_back_objects()) {
    call = hold(0, call);
    hand_back_objects();
  }
  leave_with_elsewhere(call);
}

}  // namespace terrace::worker::emit
