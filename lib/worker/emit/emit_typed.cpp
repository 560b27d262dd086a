// worker/emit/emit_typed.cpp: specialised code: numbers that stay unboxed, and the way out when other values come.
//
// Rules, besides those of emitter.hpp:
//  1. state_ says in which forms each register is held; an instruction that is treated as words finds words, for make_word was asked
//     before.
//  2. What an instruction assumes is tested before it changes anything. When a test fails the live registers, as words, go to vm->xargs
//     and a tail call of runtime->resume goes on with this very instruction in the interpreter: nothing is done twice.
//  3. Boxing may collect, and other calls use xargs; so everything is boxed before the first word is stored there.
#include "worker/emit/emitter.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

// --- forms of registers

Place Emitter::double_place(uint16_t r) {
  if (double_registers_.empty()) double_registers_.resize(code_.register_count);
  return local(double_registers_[r], m_.double_type(), ("d" + std::to_string(r)).c_str());
}

void Emitter::make_word(uint16_t r) {
  if (state_[r] & kWord) return;
  Block next = fresh();
  set_float(r, double_reg(r), next);
  start(next);
  state_[r] |= kWord;
}

// What a block expects and the way to it lacks can only be words.
void Emitter::make_forms_for(uint32_t leader) {
  if (!types_.specialises()) return;
  const RegisterSet& live = flow_.live_at(leader);
  for (uint16_t r = 0; r < code_.register_count; r++)
    if (live.has(r) && (types_.at(leader)[r] & kWord)) make_word(r);
}

// --- the way out

// The block that goes on in the interpreter at `pc`, with registers in the forms of state_ as it is now.
Block Emitter::leave_at(uint32_t pc) {
  State forms = state_;
  return cold([this, pc, forms] {
    RegisterSet live = flow_.live_before(pc);
    for (uint16_t r = 0; r < code_.register_count; r++)
      if (live.has(r) && !(forms[r] & kWord))
        set(r, runtime(Runtime::k_box_float, {m_.bits_as(double_reg(r), m_.word_type())}));
    for (uint16_t r = 0; r < code_.register_count; r++)
      if (live.has(r)) assign(m_.at(vm(), offsets::kVmXargs + 8 * int64_t{r}, m_.word_type()), reg(r));
    Val arguments[6] = {vm(), callee(), m_.word(pc), m_.word(0), m_.word(0), m_.word(0)};
    Val call = m_.call_entry(m_.runtime_entry(vm(), Runtime::k_resume), arguments);
    gcc_jit_rvalue_set_bool_require_tail_call(call, 1);
    leave(call);
  });
}

Block Emitter::leave_here() {
  auto [found, added] = leaves_.try_emplace(pc_, nullptr);
  if (added) found->second = leave_at(pc_);
  return found->second;
}

// --- operands as doubles

// The double of a word that should be a float, boxed or not.
void Emitter::unbox(uint16_t r, Block otherwise) {
  Block next = fresh();
  Block boxed = cold([=, this] {
    require_object(reg(r), value::Type::kFlonum, offsets::kHeaderType, otherwise);
    assign(double_place(r), m_.load(reg(r), offsets::kFlonumNumber, m_.double_type()));
    jump(next);
  });
  guard(m_.is_float(reg(r)), boxed);
  assign(double_place(r), m_.decode_float(reg(r)));
  jump(next);
  start(next);
  state_[r] |= kDouble;
}

Val Emitter::double_operand(uint16_t r, Forms other, int scratch) {
  if (!(state_[r] & (kDouble | kFixnum)) && types_.must_be_float(code_.code[pc_], state_[r], other)) unbox(r, leave_here());
  if (state_[r] & kDouble) return double_reg(r);
  if (state_[r] & kFixnum) return m_.cast(m_.untag_fixnum(reg(r)), m_.double_type());
  guard(m_.is_plain_number(reg(r)), leave_here());
  return to_double(in_register(r), scratch);
}

// --- instructions

// True when the instruction was written here.
bool Emitter::emit_typed(Instr i) {
  switch (treatment_) {
    case Treatment::kFixnums:
      return fixnum_arithmetic(i), true;
    case Treatment::kDoubles:
      return double_arithmetic(i), true;
    case Treatment::kMove:
      if (state_[i.b] & kWord) set(i.a, reg(i.b));
      if (state_[i.b] & kDouble) assign(double_place(i.a), double_reg(i.b));
      return true;
    case Treatment::kConstant:
      return number_constant(i), true;
    case Treatment::kLoadDouble:
      require_f64_element(i.b, i.c);
      assign(double_place(i.a), gcc_jit_lvalue_as_rvalue(packed_element(reg(i.b), reg(i.c), 3, m_.double_type())));
      return true;
    case Treatment::kStoreDouble:
      require_f64_element(i.a, i.b);
      assign(packed_element(reg(i.a), reg(i.b), 3, m_.double_type()), double_reg(i.c));
      return true;
    case Treatment::kSquareRoot:
      assign(double_place(i.a), m_.square_root(double_reg(i.b)));
      return true;
    case Treatment::kToDouble:
      assign(double_place(i.a), double_operand(i.b, kDouble, 0));
      return true;
    case Treatment::kCompare:  // the instruction's own emitter looks at the treatment
    case Treatment::kWords:
      break;
  }
  return false;
}

void Emitter::number_constant(Instr i) {
  if (op_of(i) == Op::kInt) return emit_Int(i);
  set(i.a, constant(i.b));
  if (types_.is_float_constant(i.b))
    assign(double_place(i.a), m_.real(value::decode_float(function_.constants[i.b].immediate)));
}

const Emitter::Arithmetic& Emitter::arithmetic_of(Op op) {
  if (op == Op::kSub) return kSub;
  if (op == Op::kMul) return kMul;
  return op == Op::kDiv ? kDiv : kAdd;
}

void Emitter::fixnum_arithmetic(Instr i) {
  const Arithmetic& op = arithmetic_of(op_of(i));
  bool has_immediate = op_of(i) == Op::kAddImm;
  Operand x = in_register(i.b);
  Operand y = has_immediate ? immediate(static_cast<int16_t>(i.c)) : in_register(i.c);
  bool know_x = state_[i.b] & kFixnum, know_y = has_immediate || (state_[i.c] & kFixnum);
  if (!know_x && !know_y) guard(m_.both_fixnum(x.word, y.word), leave_here());
  if (know_x != know_y) guard(m_.is_fixnum(know_x ? y.word : x.word), leave_here());
  Place sum = local(sum_, m_.signed_type(), "sum");
  Val first = op.slow == Runtime::k_mul ? m_.untag_fixnum(x.word) : x.word;
  guard_not(m_.overflows(op.overflow_builtin, first, y.word, sum), leave_here());
  set(i.a, m_.as_word(gcc_jit_lvalue_as_rvalue(sum)));
}

void Emitter::double_arithmetic(Instr i) {
  const Arithmetic& op = arithmetic_of(op_of(i));
  bool has_immediate = op_of(i) == Op::kAddImm;
  // An exact zero as divisor raises.
  if (op_of(i) == Op::kDiv && !(state_[i.c] & kDouble)) guard(m_.differ(reg(i.c), value::make_fixnum(0)), leave_here());
  Forms b = state_[i.b], c = has_immediate ? kWord | kFixnum : state_[i.c];
  // Where both may be either, two fixnums leave: their result is no double.
  if (!((b | c) & (kDouble | kFixnum)) && (i.x & bytecode::kSawMixed))
    guard_not(m_.both_fixnum(reg(i.b), reg(i.c)), leave_here());
  Val x = double_operand(i.b, c, 0);
  Val y = has_immediate ? m_.real(static_cast<int16_t>(i.c)) : double_operand(i.c, b, 1);
  assign(double_place(i.a), m_.binary(op.float_op, m_.double_type(), x, y));
}

void Emitter::require_f64_element(uint16_t vector, uint16_t index) {
  require_object(reg(vector), value::Type::kF64Vector, offsets::kHeaderType, leave_here());
  require_index(reg(index), reg(vector), offsets::kPackedLength, leave_here());
}

// --- ways into loops

// From the interpreter, where every register is a word, to the forms of the loop's head.
void Emitter::enter_loop(uint32_t head) {
  state_.assign(code_.register_count, kWord);
  Block otherwise = leave_at(head);
  const RegisterSet& live = flow_.live_at(head);
  for (uint16_t r = 0; r < code_.register_count; r++) {
    if (!live.has(r)) continue;
    Forms wanted = types_.at(head)[r];
    if (wanted & kDouble) unbox(r, otherwise);
    if (wanted & kFixnum) guard(m_.is_fixnum(reg(r)), otherwise);
  }
  jump(at_pc(head));
}

}  // namespace terrace::worker::emit
