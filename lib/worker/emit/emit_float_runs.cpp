// worker/emit/emit_float_runs.cpp: floats in code that is not specialised, which is base code and opt code of functions with handlers.
//
// A run is a sequence of instructions of one block that have seen floats, with the arithmetic of fixnums between them. It is written twice: for what it
// has seen, with doubles in variables from one instruction to the next and nothing tested twice, and for anything, which is where a test that fails
// leads. So what was seen decides how fast it is, never what it means.
//
//   --> tests, arithmetic of doubles --> words for what is live ------------------------> what comes next
//         '-- a test fails: words for what is live --> the same instruction for anything --^
//
// Rules:
//  1. In a run state_ says how each register is held, as in specialised code; outside of runs all are words.
//  2. Nothing in the first version calls SX, raises or may collect: a vector of doubles stays one.
#include "worker/emit/emitter.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {
namespace {

enum class Part { kNone, kFixnums, kDivision, kFloats, kLoad, kStore, kMove, kInt, kConstant };

// What an instruction is in a run.
Part part_of(Instr i) {
  const uint8_t saw = i.x & (bytecode::kSawFloats | bytecode::kSawMixed | bytecode::kSawOther);
  switch (op_of(i)) {
    case Op::kAdd:
    case Op::kSub:
    case Op::kMul:
      return saw == 0 ? Part::kFixnums : saw < bytecode::kSawOther ? Part::kFloats : Part::kNone;
    case Op::kAddImm:  // of a float and the integer
      return saw == 0 ? Part::kFixnums : saw == bytecode::kSawMixed ? Part::kFloats : Part::kNone;
    case Op::kDiv:
      return saw != 0 && saw < bytecode::kSawOther ? Part::kFloats : Part::kNone;
    case Op::kQuotient:
    case Op::kRemainder:
    case Op::kModulo:
      return saw == 0 ? Part::kDivision : Part::kNone;
    case Op::kVectorRef:
      return saw == bytecode::kSawFloats ? Part::kLoad : Part::kNone;
    case Op::kVectorSet:
      return saw == bytecode::kSawFloats ? Part::kStore : Part::kNone;
    case Op::kMove:
      return Part::kMove;
    case Op::kInt:
      return Part::kInt;
    case Op::kConst:
      return Part::kConstant;
    default:
      return Part::kNone;
  }
}

// Every test may lead out of a run, and makes a word of every live double then. A run that has so many such words to make ends there.
constexpr size_t kMostWords = 200;

bool sees_floats(Part part) { return part == Part::kFloats || part == Part::kLoad || part == Part::kStore; }

}  // namespace

// The end of the run that begins at this instruction, with the last one that has seen floats; pc_ when there is none.
uint32_t Emitter::end_of_run(uint32_t block_end) const {
  uint32_t end = pc_;
  if (types_.specialises()) return end;
  for (uint32_t pc = pc_; pc < block_end; pc++) {
    const Part part = part_of(code_.code[pc]);
    if (part == Part::kNone) break;
    if (sees_floats(part)) end = pc + 1;
  }
  return end;
}

// Ends at the last instruction of the run.
void Emitter::emit_run(uint32_t end) {
  run_ = &runs_.emplace_back(Run{.end = end, .next = fresh()});
  for (; pc_ < run_->end && current_ != nullptr; pc_++) {
    run_->exit = nullptr;
    emit_in_run(code_.code[pc_]);
    if (run_->words > kMostWords) run_->end = pc_ + 1;
  }
  if (current_ != nullptr) {
    for (uint16_t r : live_doubles(run_->end)) make_word(r);
    jump(run_->next);
  }
  start(run_->next);
  state_.assign(code_.register_count, kWord);
  pc_ = run_->end - 1;
}

void Emitter::emit_in_run(Instr i) {
  switch (part_of(i)) {
    case Part::kFixnums:
      return fixnums_in_run(i);
    case Part::kDivision:
      return division_in_run(i);
    case Part::kFloats:
      return floats_in_run(i);
    case Part::kLoad:
      return load_in_run(i);
    case Part::kStore:
      return store_in_run(i);
    case Part::kMove:
      move_forms(i);
      state_[i.a] = state_[i.b];
      return;
    case Part::kInt:
      emit_Int(i);
      state_[i.a] = kWord | kFixnum;
      return;
    case Part::kConstant:
      number_constant(i);
      state_[i.a] = types_.float_constant(i.b) ? kWord | kDouble : kWord;
      return;
    case Part::kNone:
      break;
  }
}

// Registers that are live before the instruction and have no word.
std::vector<uint16_t> Emitter::live_doubles(uint32_t pc) const {
  std::vector<uint16_t> found;
  const RegisterSet live = flow_.live_before(pc);
  for (uint16_t r = 0; r < code_.register_count; r++)
    if (live.has(r) && !(state_[r] & kWord)) found.push_back(r);
  return found;
}

// Where the present instruction goes with what it has not seen.
Block Emitter::run_exit() {
  if (run_->exit != nullptr) return run_->exit;
  const bool is_first = run_->general.empty();
  Block general = is_first ? cold([this, run = run_] { emit_general(*run); }) : fresh();
  run_->general[pc_] = general;
  const std::vector<uint16_t> doubles = live_doubles(pc_);
  run_->words += doubles.size();
  return run_->exit = cold([this, doubles, general] {
           for (uint16_t r : doubles) set(r, runtime(Runtime::k_box_float, {m_.bits_as(double_reg(r), m_.word_type())}));
           jump(general);
         });
}

// The run for anything, from the first instruction on that a test leads to.
void Emitter::emit_general(const Run& run) {
  for (const uint32_t first = pc_; pc_ < run.end; pc_++) {
    const auto label = run.general.find(pc_);
    if (pc_ != first && label != run.general.end()) {
      jump(label->second);
      start(label->second);
    }
    const Instr i = code_.code[pc_];
    if (part_of(i) != Part::kFloats || op_of(i) == Op::kDiv) {
      emit_instruction(i);
      continue;
    }
    const Operand y = op_of(i) == Op::kAddImm ? immediate(static_cast<int16_t>(i.c)) : in_register(i.c);
    set_checked(i.a, runtime(arithmetic_of(op_of(i)).slow, {reg(i.b), y.word}));
  }
  jump(run.next);
}

// --- the parts

// Ends the block when the register holds what this instruction has never seen; true then.
bool Emitter::contradicts(uint16_t r, Forms never) {
  if (!(state_[r] & never)) return false;
  jump(run_exit());
  return true;
}

void Emitter::fixnums_in_run(Instr i) {
  const bool has_immediate = op_of(i) == Op::kAddImm;
  if (contradicts(i.b, kDouble) || (!has_immediate && contradicts(i.c, kDouble))) return;
  const Operand x = in_register(i.b), y = has_immediate ? immediate(static_cast<int16_t>(i.c)) : in_register(i.c);
  fixnum_operation(i.a, x, y, arithmetic_of(op_of(i)), run_exit(), run_exit());
  for (uint16_t r : {i.b, has_immediate ? i.b : i.c}) state_[r] |= kFixnum;
  state_[i.a] = kWord | kFixnum;
}

// By a divisor above zero.
void Emitter::division_in_run(Instr i) {
  if (contradicts(i.b, kDouble) || contradicts(i.c, kDouble)) return;
  const Operand x = in_register(i.b), y = in_register(i.c);
  if (!x.is_fixnum || !y.is_fixnum) guard(both_fixnum(x, y), run_exit());
  const int32_t known = flow_.known_integer(pc_, i.c);
  Val n = m_.as_signed(x.word), d = m_.as_signed(known > 0 ? m_.constant(value::make_fixnum(known)) : y.word);
  if (known <= 0) guard(m_.compare(GCC_JIT_COMPARISON_GT, d, m_.number(m_.signed_type(), 0)), run_exit());
  set(i.a, divided(op_of(i), n, d));
  for (uint16_t r : {i.b, i.c}) state_[r] |= kFixnum;
  state_[i.a] = kWord | kFixnum;
}

Val Emitter::double_in_run(uint16_t r) {
  if (!(state_[r] & kDouble)) {
    guard(m_.is_float(reg(r)), run_exit());
    assign(double_place(r), m_.decode_float(reg(r)));
    state_[r] |= kDouble;
  }
  return double_reg(r);
}

// The double of a float or fixnum. One that is not known to be either is no fixnum when the other operand is one: that would not be a float then.
Val Emitter::number_in_run(uint16_t r, Forms other, int scratch) {
  if (state_[r] & kDouble) return double_reg(r);
  if (state_[r] & kFixnum) return m_.cast(m_.untag_fixnum(reg(r)), m_.double_type());
  if (other & kFixnum) return double_in_run(r);
  guard(m_.is_plain_number(reg(r)), run_exit());
  return to_double(in_register(r), scratch);
}

// Two floats, or where that was seen a float and a fixnum. An exact zero as divisor raises.
void Emitter::floats_in_run(Instr i) {
  const bool has_immediate = op_of(i) == Op::kAddImm, mixed = !has_immediate && (i.x & bytecode::kSawMixed);
  if (!mixed && (contradicts(i.b, kFixnum) || (!has_immediate && contradicts(i.c, kFixnum)))) return;
  Val x, y;
  if (mixed) {
    const Forms b = state_[i.b], c = state_[i.c];
    if ((b & kFixnum) && contradicts(i.c, kFixnum)) return;
    if (!((b | c) & (kDouble | kFixnum))) guard_not(m_.both_fixnum(reg(i.b), reg(i.c)), run_exit());
    if (op_of(i) == Op::kDiv && !(c & kDouble)) guard(m_.differ(reg(i.c), value::make_fixnum(0)), run_exit());
    x = number_in_run(i.b, c, 0);
    y = number_in_run(i.c, b, 1);
  } else {
    x = double_in_run(i.b);
    y = has_immediate ? m_.real(static_cast<int16_t>(i.c)) : double_in_run(i.c);
  }
  assign(double_place(i.a), m_.binary(arithmetic_of(op_of(i)).float_op, m_.double_type(), x, y));
  state_[i.a] = kDouble;
}

// A vector of doubles and an index into it. A negative index is a huge number here.
void Emitter::element_in_run(uint16_t vector, uint16_t index) {
  if (!(state_[vector] & kDoublesVector)) require_vector_of_doubles(reg(vector), run_exit());
  if (!(state_[index] & kFixnum)) guard(m_.is_fixnum(reg(index)), run_exit());
  guard(m_.below(m_.shift_right(reg(index), value::kFixnumShift), m_.load(reg(vector), offsets::kVectorLength)), run_exit());
  state_[vector] |= kDoublesVector;
  state_[index] |= kFixnum;
}

void Emitter::load_in_run(Instr i) {
  if (contradicts(i.b, kDouble | kFixnum) || contradicts(i.c, kDouble)) return;
  element_in_run(i.b, i.c);
  Val bits = hold(1, m_.load(m_.add(reg(i.b), reg(i.c)), offsets::kVectorData));
  guard(m_.differ(bits, value::Value{value::kHole}), run_exit());
  assign(double_place(i.a), m_.bits_as(bits, m_.double_type()));
  state_[i.a] = kDouble;
}

void Emitter::store_in_run(Instr i) {
  if (contradicts(i.a, kDouble | kFixnum) || contradicts(i.b, kDouble) || contradicts(i.c, kFixnum)) return;
  element_in_run(i.a, i.b);
  Val number = double_in_run(i.c);
  assign(m_.at(m_.add(reg(i.a), reg(i.b)), offsets::kVectorData, m_.double_type()), number);
}

}  // namespace terrace::worker::emit
