// worker/emit/emit_typed.cpp: specialised code: numbers that stay unboxed, and the way out when other values come.
//
// Rules, besides those of emitter.hpp:
//  1. state_ says in which forms each register is held; an instruction that is treated as words finds words, for make_word was asked
//     before.
//  2. What an instruction assumes is tested before it changes anything; where a test fails the interpreter goes on (emit_leave.cpp).
#include <utility>

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
  if (state_[r] & kVirtual) return make_object(r, Speed::kFast);
  if (state_[r] & kU64) {
    make_word_of_u64(r);
  } else {
    Block next = fresh();
    set_float(r, double_reg(r), next);
    start(next);
  }
  state_[r] |= kWord;
}

// What a block expects and the way to it lacks are words and, on the way into a loop, what is tested once before it. Without objects a
// virtual record stays one.
void Emitter::make_forms_for(uint32_t leader, bool with_objects) {
  if (!types_.specialises()) return;
  const RegisterSet& live = flow_.live_at(leader);
  const State& wanted = types_.at(leader);
  for (uint16_t r = 0; r < code_.register_count; r++)
    if (live.has(r) && (wanted[r] & kWord) && (with_objects || !(state_[r] & kVirtual))) make_word(r);
  Block otherwise = nullptr, holes = nullptr, not_carried = nullptr;
  for (uint16_t r = 0; r < code_.register_count; r++) {
    Forms lacking = wanted[r] & ~state_[r];
    if (!live.has(r) || lacking == 0 || is_unmade(state_[r])) continue;
    if ((lacking & (kDouble | kU64)) && types_.is_carried(leader, r)) {
      if (not_carried == nullptr) not_carried = leave_at(leader, frame::LeaveCause::kNotCarried);
      establish(r, wanted[r], not_carried);
      continue;
    }
    if (otherwise == nullptr) otherwise = leave_at(leader, frame::LeaveCause::kBeforeLoop);
    if (lacking & kVirtual) {
      open_record(r, wanted[r], types_.link_of_opened(leader, r), otherwise);
      continue;
    }
    if ((lacking & kFullVector) && holes == nullptr) holes = leave_at(leader, frame::LeaveCause::kHoles);
    establish(r, wanted[r], otherwise, holes);
  }
}

// Tests that the word in a register has these forms; with kFullVector, `holes` is where a vector of doubles that has holes leads.
void Emitter::establish(uint16_t r, Forms forms, Block otherwise, Block holes) {
  if ((forms & kDouble) && !(state_[r] & kDouble)) unbox(r, otherwise);
  if ((forms & kU64) && !(state_[r] & kU64)) {
    if (forms & kWord)
      hold_u64(r, otherwise);
    else
      hold_only_u64(r, otherwise);
  }
  if ((forms & kFixnum) && !(state_[r] & kFixnum)) guard(m_.is_fixnum(reg(r)), otherwise);
  const Forms kind = forms & kFullVector ? kFullVector : forms & (kVector | kDoublesVector);
  if ((kind & ~state_[r]) != 0)
    require_vector(r, kind, otherwise, holes);
  else if ((forms & kAnyVector) && !(state_[r] & kAnyVector))
    require_object(reg(r), value::Type::kVector, offsets::kHeaderType, otherwise);
  if ((forms & kF64Vector) && !(state_[r] & kF64Vector))
    require_object(reg(r), value::Type::kF64Vector, offsets::kHeaderType, otherwise);
  if ((forms & kBytes) && !(state_[r] & kBytes))
    require_object(reg(r), value::Type::kBytes, offsets::kHeaderType, otherwise);
  Forms before = std::exchange(state_[r], state_[r] | with_type(forms));
  if ((state_[r] & kSized) && !(before & kSized)) hold_size(r);
}

// One of kVector, kDoublesVector and kFullVector. Of the first two a fresh vector becomes what is wanted here; whether there are holes is asked once
// of a vector that has none, and one of doubles that has some leads to `holes`.
void Emitter::require_vector(uint16_t r, Forms form, Block otherwise, Block holes) {
  Block next = fresh();
  Block other = cold([=, this] {
    if (form == kFullVector) {
      Val found = hold(0, runtime(Runtime::k_full, {reg(r)}));
      guard(m_.differ(found, m_.word(0)), otherwise);
      guard(m_.differ(found, m_.word(1)), holes);
    } else {
      const auto kind = form == kDoublesVector ? value::VectorKind::kDoubles : value::VectorKind::kGeneric;
      Val is_one = runtime(Runtime::k_settle, {reg(r), m_.word(static_cast<uint64_t>(kind))});
      guard(m_.differ(is_one, m_.word(0)), otherwise);
    }
    jump(next);
  });
  if (!(state_[r] & kAnyVector)) guard(m_.has_tag(reg(r), value::kTagObject), otherwise);
  guard(is_vector(reg(r), form), other);
  jump(next);
  start(next);
}

// Of any object: type and kind, and whether there are holes when the forms have kFullVector; the other flags aside.
Val Emitter::is_vector(Val object, Forms forms) const {
  const auto kind = forms & (kDoublesVector | kFullVector) ? value::VectorKind::kDoubles : value::VectorKind::kGeneric;
  const uint32_t full = forms & kFullVector ? offsets::kHeaderFull : 0;
  Val header = m_.cast(m_.load(object, offsets::kObjectHeader, m_.u32_type()), m_.word_type());
  return m_.equal(m_.bit_and(header, offsets::kHeaderTypeAndAux | full), m_.word(offsets::vector_header(kind) | full));
}

// --- sizes, which never change

Place Emitter::length_place(uint16_t r) {
  if (lengths_.empty()) lengths_.resize(code_.register_count);
  return local(lengths_[r], m_.word_type(), ("length" + std::to_string(r)).c_str());
}

Place Emitter::data_place(uint16_t r) {
  if (data_.empty()) data_.resize(code_.register_count);
  return local(data_[r], m_.word_type(), ("data" + std::to_string(r)).c_str());
}

// The length as a fixnum, so that an index is compared as it is, and the address of packed data.
void Emitter::hold_size(uint16_t r) {
  bool packed = state_[r] & (kF64Vector | kBytes);
  Val length = m_.load(reg(r), packed ? offsets::kPackedLength : offsets::kVectorLength);
  assign(length_place(r), m_.shift_left(length, value::kFixnumShift));
  if (packed) assign(data_place(r), m_.load(reg(r), offsets::kPackedData));
}

void Emitter::move_size(uint16_t to, uint16_t from) {
  if (state_[from] & kSized) assign(length_place(to), gcc_jit_lvalue_as_rvalue(length_place(from)));
  if (state_[from] & (kF64Vector | kBytes)) assign(data_place(to), gcc_jit_lvalue_as_rvalue(data_place(from)));
}

// --- operands as doubles

// The double of a word that should be a float, boxed or not.
void Emitter::unbox(Val word, Place to, Block otherwise) {
  Block next = fresh();
  Block boxed = cold([=, this] {
    require_object(word, value::Type::kFlonum, offsets::kHeaderType, otherwise);
    assign(to, m_.load(word, offsets::kFlonumNumber, m_.double_type()));
    jump(next);
  });
  guard(m_.is_float(word), boxed);
  assign(to, m_.decode_float(word));
  jump(next);
  start(next);
}

void Emitter::unbox(uint16_t r, Block otherwise) {
  unbox(reg(r), double_place(r), otherwise);
  state_[r] |= kDouble;
}

Val Emitter::double_operand(uint16_t r, Forms other, int scratch) {
  if (!(state_[r] & (kDouble | kFixnum)) && types_.must_be_float(code_.code[pc_], state_[r], other)) unbox(r, leave_here());
  if (state_[r] & kDouble) return double_reg(r);
  if (state_[r] & kFixnum) return m_.cast(integer_in(r), m_.double_type());
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
      if (const CountedLoop* counted = ranges_.stepped_at(pc_)) return step_counter(*counted), true;
      return move_forms(i), true;
    case Treatment::kConstant:
      return number_constant(i), true;
    case Treatment::kDivide:
      return fixnum_division(i), true;
    case Treatment::kLoad:
      require_element(i.b, kVector, i.c);
      fetch_ahead(i);
      set(i.a, gcc_jit_lvalue_as_rvalue(element(i.b, i.c, m_.word_type())));
      return true;
    case Treatment::kStore:
      require_element(i.a, kVector, i.b);
      assign(element(i.a, i.b, m_.word_type()), reg(i.c));
      mark_element_for(i);
      return true;
    case Treatment::kLoadRaw:
      return load_raw(i), true;
    case Treatment::kStoreRaw:
      require_element(i.a, kDoublesVector, i.b);
      if (!(state_[i.c] & kDouble)) unbox(i.c, leave_here());
      assign(element(i.a, i.b, m_.double_type()), double_reg(i.c));
      return true;
    case Treatment::kLoadByte:
      require_element(i.b, kBytes, i.c);
      set(i.a, m_.tag_fixnum(gcc_jit_lvalue_as_rvalue(byte_element(i.b, i.c))));
      return true;
    case Treatment::kStoreByte:
      store_byte(i);
      return true;
    case Treatment::kLoadDouble:
      return load_packed_double(i), true;
    case Treatment::kStoreDouble:
      require_element(i.a, kF64Vector, i.b);
      assign(packed_element(data(i.a), reg(i.b), 3, m_.double_type()), double_reg(i.c));
      return true;
    case Treatment::kSquareRoot:
      assign(double_place(i.a), m_.square_root(double_reg(i.b)));
      return true;
    case Treatment::kToDouble:
      assign(double_place(i.a), double_operand(i.b, kDouble, 0));
      return true;
    case Treatment::kU64:
      return u64_primitive(i), true;
    case Treatment::kKnownCall:
      return known_call(i), true;
    case Treatment::kKnownTail:
      return known_tail(i), true;
    case Treatment::kReturnDouble:
      return return_double(i), true;
    case Treatment::kReturnVirtual:
      return return_virtual(i), true;
    case Treatment::kMakeVirtual:
      return make_virtual(i), true;
    case Treatment::kVirtualField:
      return virtual_field(i), true;
    case Treatment::kLoadField:
      return load_field(i), true;
    case Treatment::kStoreField:
      return store_field(i), true;
    case Treatment::kCompareFixnums:  // emit_with_forms has tested the operands
    case Treatment::kCompare:         // the instruction's own emitter looks at the treatment
    case Treatment::kWords:
      break;
  }
  return false;
}

void Emitter::move_forms(Instr i) {
  if (state_[i.b] & kWord) set(i.a, reg(i.b));
  if (state_[i.b] & kDouble) assign(double_place(i.a), double_reg(i.b));
  if (state_[i.b] & kU64) assign(u64_place(i.a), u64_reg(i.b));
  move_size(i.a, i.b);
}

void Emitter::number_constant(Instr i) {
  if (op_of(i) == Op::kInt) return emit_Int(i);
  set(i.a, constant(i.b));
  if (const auto number = types_.float_constant(i.b)) assign(double_place(i.a), m_.real(*number));
}

const Emitter::Arithmetic& Emitter::arithmetic_of(Op op) {
  if (op == Op::kSub) return kSub;
  if (op == Op::kMul) return kMul;
  return op == Op::kDiv ? kDiv : kAdd;
}

void Emitter::fixnum_arithmetic(Instr i) {
  if (const CountedLoop* counted = ranges_.stepped_at(pc_)) return step_counter(*counted);
  if (is_bounded()) return bounded_arithmetic(i);
  const Arithmetic& op = arithmetic_of(op_of(i));
  bool has_immediate = op_of(i) == Op::kAddImm;
  Operand x = in_register(i.b);
  Operand y = has_immediate ? immediate(static_cast<int16_t>(i.c)) : in_register(i.c);
  fixnum_operation(i.a, x, y, op, leave_here(), leave_here());
}

void Emitter::double_arithmetic(Instr i) {
  const Arithmetic& op = arithmetic_of(op_of(i));
  bool has_immediate = op_of(i) == Op::kAddImm;
  // An exact zero as divisor raises.
  if (op_of(i) == Op::kDiv && !(state_[i.c] & kDouble) && !proven(&Intervals::divides)) guard(m_.differ(reg(i.c), value::make_fixnum(0)), leave_here());
  Forms b = state_[i.b], c = has_immediate ? kWord | kFixnum : state_[i.c];
  // Where both may be either, two fixnums leave: their result is no double.
  if (!((b | c) & (kDouble | kFixnum)) && (i.x & bytecode::kSawMixed))
    guard_not(m_.both_fixnum(reg(i.b), reg(i.c)), leave_here());
  Val x = double_operand(i.b, c, 0);
  Val y = has_immediate ? m_.real(static_cast<int16_t>(i.c)) : double_operand(i.c, b, 1);
  assign(double_place(i.a), m_.binary(op.float_op, m_.double_type(), x, y));
}

void Emitter::fixnum_division(Instr i) {
  for (uint16_t r : {i.b, i.c}) establish(r, kFixnum, leave_here());
  Val n = m_.as_signed(reg(i.b)), d = m_.as_signed(reg(i.c));
  guard(m_.compare(GCC_JIT_COMPARISON_GT, d, m_.number(m_.signed_type(), 0)), leave_here());
  if (proven(&Intervals::divides_natural)) return natural_division(i);
  set(i.a, divided(op_of(i), n, d));
}

// Of fixnums not below zero, whose remainder needs no correction and whose quotient by a power of two is a shift.
void Emitter::natural_division(Instr i) {
  const bool is_quotient = op_of(i) == Op::kQuotient;
  const gcc_jit_binary_op op = is_quotient ? GCC_JIT_BINARY_OP_DIVIDE : GCC_JIT_BINARY_OP_MODULO;
  Val result = m_.binary(op, m_.word_type(), reg(i.b), reg(i.c));
  set(i.a, is_quotient ? m_.shift_left(result, value::kFixnumShift) : result);
}

// A negative index is a huge number here.
void Emitter::require_element(uint16_t object, Forms type, uint16_t index) {
  establish(object, type, leave_here(), type & kFullVector & ~state_[object] ? leave_here(frame::LeaveCause::kHoles) : nullptr);
  establish(index, kFixnum, leave_here());
  if (!ranges_.is_bounded(pc_)) guard(m_.below(reg(index), gcc_jit_lvalue_as_rvalue(length_place(object))), leave_here(frame::LeaveCause::kOutside));
}

// An element that was never stored leaves. It is a NaN, which is rare, so that only one comparison stands in the way.
void Emitter::load_raw(Instr i) {
  require_element(i.b, Types::loaded_from(i), i.c);
  Val element_value = gcc_jit_lvalue_as_rvalue(element(i.b, i.c, m_.double_type()));
  if (state_[i.b] & kFullVector) return assign(double_place(i.a), element_value);
  Val number = hold_double(0, element_value);
  Block next = fresh(), leave = leave_here();
  Block nan = cold([=, this] {
    guard(m_.differ(m_.bits_as(number, m_.word_type()), value::Value{value::kHole}), leave);
    assign(double_place(i.a), number);
    jump(next);
  });
  guard(m_.compare(GCC_JIT_COMPARISON_EQ, number, number), nan);
  assign(double_place(i.a), number);
  jump(next);
  start(next);
}

// A NaN from outside is made quiet, see value::kHole.
void Emitter::load_packed_double(Instr i) {
  require_element(i.b, kF64Vector, i.c);
  Val number = hold_double(0, gcc_jit_lvalue_as_rvalue(packed_element(data(i.b), reg(i.c), 3, m_.double_type())));
  Block next = fresh();
  Block nan = cold([=, this] {
    assign(double_place(i.a), m_.binary(GCC_JIT_BINARY_OP_PLUS, m_.double_type(), number, number));
    jump(next);
  });
  guard(m_.compare(GCC_JIT_COMPARISON_EQ, number, number), nan);
  assign(double_place(i.a), number);
  jump(next);
  start(next);
}

void Emitter::store_byte(Instr i) {
  require_element(i.a, kBytes, i.b);
  Val byte = reg(i.c);
  guard(m_.equal(m_.bit_and(byte, ~value::make_fixnum(255).bits), m_.word(0)), leave_here());
  assign(byte_element(i.a, i.b),
         m_.cast(m_.shift_right(byte, value::kFixnumShift), m_.u8_type()));
}

Place Emitter::byte_element(uint16_t bytes, uint16_t index) {
  return m_.at(m_.add(data(bytes), m_.as_word(integer_in(index))), 0, m_.u8_type());
}

// A fixnum index is the distance in bytes.
Place Emitter::element(uint16_t vector, uint16_t index, Type type) const {
  return m_.at(m_.add(reg(vector), reg(index)), offsets::kVectorData, type);
}

// After a store. What is no pointer needs no mark.
void Emitter::mark_element_for(Instr store) {
  if (state_[store.c] & kFixnum) return;
  if (!(state_[store.c] & kDouble)) return mark_element(reg(store.a), reg(store.b));
  Block next = fresh();
  guard(m_.is_float(reg(store.c)), cold([=, this] {
          mark_element(reg(store.a), reg(store.b));
          jump(next);
        }));
  jump(next);
  start(next);
}

// --- ways into loops

// Where the head of a loop goes on after other code has run at the jump back to it, which may have made vectors generic and changed records.
Block Emitter::back_after_other_code(uint32_t head) {
  if (!types_.specialises()) return at_pc(head);
  const RegisterSet& live = flow_.live_at(head);
  std::vector<uint16_t> doubted;
  for (uint16_t r = 0; r < code_.register_count; r++)
    if (live.has(r) && ((types_.at(head)[r] & kDoublesVector) || is_opened(types_.at(head)[r]))) doubted.push_back(r);
  if (doubted.empty()) return way_to(head);
  Block otherwise = leave_at(head, frame::LeaveCause::kBeforeLoop);
  return cold([=, this] {
    for (uint16_t r : doubted) {
      const Forms forms = types_.at(head)[r];
      if (is_opened(forms))
        open_record(r, forms, types_.link_of_opened(head, r), otherwise);
      else
        guard(is_vector(reg(r), forms), otherwise);
    }
    jump(way_to(head));
  });
}

// From the interpreter, where every register is a word, to the forms of the loop's head.
void Emitter::enter_loop(uint32_t head) {
  state_.assign(code_.register_count, kWord);
  make_forms_for(head, true);
  begin_counting_around(head);
  jump(way_to(head));
}

}  // namespace terrace::worker::emit
