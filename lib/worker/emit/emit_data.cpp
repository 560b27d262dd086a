// worker/emit/emit_data.cpp: pairs, boxes, globals, closures, vectors.
#include "worker/emit/emitter.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

using ObjectType = value::Type;
using enum value::Tag;

// --- pairs

void Emitter::emit_Cons(Instr i) {
  Block next = fresh();
  Block slow = cold([=, this] {
    set(i.a, runtime(Runtime::k_cons, {reg(i.b), reg(i.c)}));
    jump(next);
  });
  Val free = hold(1, m_.load(vm(), offsets::kVmPairNext));
  guard(m_.differ(free, m_.load(vm(), offsets::kVmPairLimit)), slow);
  assign(m_.at(vm(), offsets::kVmPairNext, m_.word_type()), m_.add(free, sizeof(value::Pair)));
  assign(m_.at(free, offsetof(value::Pair, car), m_.word_type()), reg(i.b));
  assign(m_.at(free, offsetof(value::Pair, cdr), m_.word_type()), reg(i.c));
  set(i.a, m_.add(free, kTagPair));
  jump(next);
  start(next);
}

void Emitter::emit_Car(Instr i) { pair_field(i, offsets::kPairCar, Runtime::k_bad_car); }
void Emitter::emit_Cdr(Instr i) { pair_field(i, offsets::kPairCdr, Runtime::k_bad_cdr); }

void Emitter::pair_field(Instr i, int64_t offset, Runtime bad) {
  guard(m_.has_tag(reg(i.b), kTagPair), cold([=, this] { raise(runtime(bad, {reg(i.b)})); }));
  set(i.a, m_.load(reg(i.b), offset));
}

// --- boxes: the compiler of SX makes sure that only boxes come here

void Emitter::emit_MakeBox(Instr i) {
  constexpr int64_t kBytes = sizeof(value::Box);
  static_assert(kBytes == 16, "a box is one granule, so the window has room unless it is empty");
  Block next = fresh();
  Block slow = cold([=, this] {
    set(i.a, runtime(Runtime::k_make_box, {reg(i.b)}));
    jump(next);
  });
  Val free = hold(1, m_.load(vm(), offsets::kVmObjectNext));
  guard(m_.differ(free, m_.load(vm(), offsets::kVmObjectLimit)), slow);
  assign(m_.at(vm(), offsets::kVmObjectNext, m_.word_type()), m_.add(free, kBytes));
  Val box = m_.add(free, kTagObject);
  assign(m_.at(free, 0, m_.word_type()), m_.word(offsets::fresh_header(ObjectType::kBox, kBytes)));
  assign(m_.at(box, offsets::kBoxValue, m_.word_type()), reg(i.b));
  set(i.a, box);
  jump(next);
  start(next);
}

void Emitter::emit_Unbox(Instr i) { set(i.a, m_.load(reg(i.b), offsets::kBoxValue)); }

void Emitter::emit_SetBox(Instr i) {
  assign(m_.at(reg(i.a), offsets::kBoxValue, m_.word_type()), reg(i.b));
  mark_card(reg(i.a));
}

// What heap::card_of computes. The address is one by 1 to 7 too large, as one with a tag is.
void Emitter::mark_card(Val object, Val address) {
  constexpr uint64_t kInChunk = heap::kChunkBytes - 1;
  Val chunk = m_.bit_and(object, ~kInChunk);
  Val below = m_.as_word(m_.signed_shift_right(m_.sub(chunk, address), heap::kCardShift));
  assign(m_.at(m_.add(chunk, below), heap::kCardTable, m_.u8_type()), m_.number(m_.u8_type(), 1));
}

void Emitter::mark_element(Val vector, Val index) {
  mark_card(vector, m_.add(m_.add(vector, index), offsets::kVectorData + 1));
}

// --- globals

void Emitter::emit_Global(Instr i) {
  if (program_.assumes(number_, pc_)) {
    settle_doubt();
    return set(i.a, linked());
  }
  Val cell = hold(1, constant(i.b));
  Val found = hold(2, m_.load(cell, offsets::kCellValue));
  guard(m_.differ(found, value::kUnbound), cold([=, this] { raise(runtime(Runtime::k_unbound, {cell})); }));
  set(i.a, found);
}

void Emitter::emit_SetGlobal(Instr i) { must_not_unwind(runtime(Runtime::k_global_set, {constant(i.b), reg(i.a)})); }
void Emitter::emit_DefineGlobal(Instr i) {
  must_not_unwind(runtime(Runtime::k_global_define, {constant(i.b), reg(i.a)}));
}

// --- closures

void Emitter::emit_Closure(Instr i) {
  Val made = hold(1, runtime(Runtime::k_make_closure, {callee(), m_.word(i.b)}));
  fill_captures(made, function_.constants[i.b].function_captures);
  set(i.a, made);
}

// The closure is fresh, so it needs no write barrier.
void Emitter::fill_captures(Val closure, const std::vector<bytecode::CaptureSource>& sources) {
  for (size_t n = 0; n < sources.size(); n++) {
    const bytecode::CaptureSource& source = sources[n];
    Val captured = source.from_register ? reg(source.index)
                                        : m_.load(callee(), offsets::kClosureCapture + 8 * int64_t{source.index});
    assign(m_.at(closure, offsets::kClosureCapture + 8 * static_cast<int64_t>(n), m_.word_type()), captured);
  }
}

void Emitter::emit_SetCapture(Instr i) {
  assign(m_.at(reg(i.a), offsets::kClosureCapture + 8 * int64_t{i.c}, m_.word_type()), reg(i.b));
  mark_card(reg(i.a));
}

// --- vectors of all kinds

// Type and kind, the flags aside.
void Emitter::require_object(Val object, ObjectType type, uint32_t header_mask, Block otherwise) {
  guard(m_.has_tag(object, kTagObject), otherwise);
  Val header = m_.cast(m_.load(object, offsets::kObjectHeader, m_.u32_type()), m_.word_type());
  guard(m_.equal(m_.bit_and(header, header_mask), m_.word(static_cast<uint64_t>(type))), otherwise);
}

// A negative index is a huge number here.
void Emitter::require_index(Val index, Val object, int64_t length, Block otherwise) {
  guard(m_.is_fixnum(index), otherwise);
  guard(m_.below(m_.shift_right(index, value::kFixnumShift), m_.load(object, length)), otherwise);
}

void Emitter::emit_VectorRef(Instr i) {
  Val vector = reg(i.b), index = reg(i.c);
  Block next = fresh();
  Block slow = cold([=, this] {
    set_checked(i.a, runtime(Runtime::k_vector_ref, {vector, index}));
    jump(next);
  });
  Block doubles = types_.specialises() ? cold([=, this] { vector_of_doubles_ref(i, slow, next); }) : slow;
  require_object(vector, ObjectType::kVector, offsets::kHeaderTypeAndAux, doubles);
  require_index(index, vector, offsets::kVectorLength, slow);
  set(i.a, m_.load(m_.add(vector, index), offsets::kVectorData));  // a fixnum index is the distance in bytes
  jump(next);
  start(next);
}

// An element of a vector of doubles as a word.
void Emitter::vector_of_doubles_ref(Instr i, Block slow, Block next) {
  Val vector = reg(i.b), index = reg(i.c);
  require_vector_of_doubles(vector, slow);
  require_index(index, vector, offsets::kVectorLength, slow);
  Val bits = hold(1, m_.load(m_.add(vector, index), offsets::kVectorData));
  guard(m_.differ(bits, value::Value{value::kHole}), slow);
  set_float(i.a, hold_double(0, m_.bits_as(bits, m_.double_type())), next);
}

void Emitter::require_vector_of_doubles(Val object, Block otherwise) {
  guard(m_.has_tag(object, kTagObject), otherwise);
  guard(is_vector(object, kDoublesVector), otherwise);
}

void Emitter::emit_VectorSet(Instr i) {
  Val vector = reg(i.a), index = reg(i.b);
  Block next = fresh();
  Block slow = cold([=, this] {
    must_not_unwind(runtime(Runtime::k_vector_set, {vector, index, reg(i.c)}));
    jump(next);
  });
  Block doubles = types_.specialises() ? cold([=, this] { vector_of_doubles_set(i, slow, next); }) : slow;
  require_object(vector, ObjectType::kVector, offsets::kHeaderTypeAndAux, doubles);
  require_index(index, vector, offsets::kVectorLength, slow);
  assign(m_.at(m_.add(vector, index), offsets::kVectorData, m_.word_type()), reg(i.c));
  mark_element(vector, index);
  jump(next);
  start(next);
}

void Emitter::vector_of_doubles_set(Instr i, Block slow, Block next) {
  Val vector = reg(i.a), index = reg(i.b), number = reg(i.c);
  require_vector_of_doubles(vector, slow);
  require_index(index, vector, offsets::kVectorLength, slow);
  guard(m_.is_float(number), slow);
  assign(m_.at(m_.add(vector, index), offsets::kVectorData, m_.double_type()), m_.decode_float(number));
  jump(next);
}

// `data` is the address of the elements.
Place Emitter::packed_element(Val data, Val index, int size_shift, Type type) const {
  Val offset = size_shift == value::kFixnumShift ? index : m_.shift_right(index, value::kFixnumShift - size_shift);
  return m_.at(m_.add(data, offset), 0, type);
}

void Emitter::emit_F64Ref(Instr i) {
  Val vector = reg(i.b), index = reg(i.c);
  Block next = fresh();
  Block slow = cold([=, this] {
    set_checked(i.a, runtime(Runtime::k_f64_ref, {vector, index}));
    jump(next);
  });
  require_object(vector, ObjectType::kF64Vector, offsets::kHeaderType, slow);
  require_index(index, vector, offsets::kPackedLength, slow);
  set_float(i.a, gcc_jit_lvalue_as_rvalue(packed_element(m_.load(vector, offsets::kPackedData), index, 3, m_.double_type())), next);
  start(next);
}

void Emitter::emit_F64Set(Instr i) {
  Val vector = reg(i.a), index = reg(i.b);
  Block next = fresh();
  Block slow = cold([=, this] {
    must_not_unwind(runtime(Runtime::k_f64_set, {vector, index, reg(i.c)}));
    jump(next);
  });
  require_object(vector, ObjectType::kF64Vector, offsets::kHeaderType, slow);
  require_index(index, vector, offsets::kPackedLength, slow);
  guard(m_.is_float(reg(i.c)), slow);
  assign(packed_element(m_.load(vector, offsets::kPackedData), index, 3, m_.double_type()), m_.decode_float(reg(i.c)));
  jump(next);
  start(next);
}

void Emitter::emit_BytesRef(Instr i) {
  Val bytes = reg(i.b), index = reg(i.c);
  Block next = fresh();
  Block slow = cold([=, this] {
    set_checked(i.a, runtime(Runtime::k_bytes_ref, {bytes, index}));
    jump(next);
  });
  require_object(bytes, ObjectType::kBytes, offsets::kHeaderType, slow);
  require_index(index, bytes, offsets::kPackedLength, slow);
  set(i.a, m_.tag_fixnum(gcc_jit_lvalue_as_rvalue(packed_element(m_.load(bytes, offsets::kPackedData), index, 0, m_.u8_type()))));
  jump(next);
  start(next);
}

void Emitter::emit_BytesSet(Instr i) {
  Val bytes = reg(i.a), index = reg(i.b), byte = reg(i.c);
  Block next = fresh();
  Block slow = cold([=, this] {
    must_not_unwind(runtime(Runtime::k_bytes_set, {bytes, index, byte}));
    jump(next);
  });
  require_object(bytes, ObjectType::kBytes, offsets::kHeaderType, slow);
  require_index(index, bytes, offsets::kPackedLength, slow);
  guard(m_.equal(m_.bit_and(byte, ~value::make_fixnum(255).bits), m_.word(0)), slow);
  assign(packed_element(m_.load(bytes, offsets::kPackedData), index, 0, m_.u8_type()),
         m_.cast(m_.shift_right(byte, value::kFixnumShift), m_.u8_type()));
  jump(next);
  start(next);
}

}  // namespace terrace::worker::emit
