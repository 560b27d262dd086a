// worker/emit/emit_u64.cpp: unsigned 64-bit integers that are no Values: what the primitives u64-... answer, until a word is needed.
//
// Most of them are no fixnums, and each would be a bignum of its own. An operand that is no exact integer leaves, and so does a negative bignum.
#include <cstdlib>

#include "worker/emit/emitter.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

namespace {

// Precondition: it is one of GCC's operators.
gcc_jit_binary_op operator_of(U64 operation) {
  switch (operation) {
#define T_U64_CASE(name, primitive, op) \
  case U64::k##name:                    \
    return GCC_JIT_BINARY_OP_##op;
    T_U64_OPERATORS(T_U64_CASE)
#undef T_U64_CASE
    default:
      std::abort();
  }
}

}  // namespace

Place Emitter::u64_place(uint16_t r) {
  if (u64_registers_.empty()) u64_registers_.resize(code_.register_count);
  return local(u64_registers_[r], m_.word_type(), ("u" + std::to_string(r)).c_str());
}

// The register is also held as the integer that its word stands for, modulo 2^64.
void Emitter::hold_u64(uint16_t r, Block otherwise) {
  if (state_[r] & kU64) return;
  make_word(r);
  state_[r] |= kU64;
  const Val integer = m_.as_word(m_.untag_fixnum(reg(r)));
  if (state_[r] & kFixnum) return assign(u64_place(r), integer);
  Block next = fresh();
  guard(m_.is_fixnum(reg(r)), cold([=, this] {
          take_limb(r, otherwise);
          jump(next);
        }));
  assign(u64_place(r), integer);
  jump(next);
  start(next);
}

// The register, of which a word is held, is held as the integer instead, which is not below zero and below 2^64.
void Emitter::hold_only_u64(uint16_t r, Block otherwise) {
  state_[r] = kU64;
  Block next = fresh();
  guard(m_.is_natural(reg(r)), cold([=, this] {
          take_limb(r, otherwise);
          guard(m_.equal(m_.load(reg(r), offsets::kBignumLimbs, m_.u32_type()), m_.number(m_.u32_type(), 1)), otherwise);
          jump(next);
        }));
  assign(u64_place(r), m_.shift_right(reg(r), value::kFixnumShift));
  jump(next);
  start(next);
}

// The lowest limb of a bignum that is not below zero.
void Emitter::take_limb(uint16_t r, Block otherwise) {
  require_object(reg(r), value::Type::kBignum, offsets::kHeaderType, otherwise);
  guard(m_.equal(m_.load(reg(r), offsets::kBignumSign, m_.i32_type()), m_.number(m_.i32_type(), 1)), otherwise);
  assign(u64_place(r), m_.load(reg(r), offsets::kBignumLimb));
}

// The word of an integer that is held without one.
void Emitter::make_word_of_u64(uint16_t r) {
  Block next = fresh();
  guard(m_.compare(GCC_JIT_COMPARISON_LE, u64_reg(r), m_.word(static_cast<uint64_t>(value::kFixnumMax))), cold([=, this] {
          set(r, runtime(Runtime::k_box_u64, {u64_reg(r)}));
          jump(next);
        }));
  set(r, m_.shift_left(u64_reg(r), value::kFixnumShift));
  jump(next);
  start(next);
}

Val Emitter::moved_bits(U64 operation, Val a, int places) const {
  switch (operation) {
    case U64::kShl:
      return m_.shift_left(a, places);
    case U64::kShr:
      return m_.shift_right(a, places);
    default:
      return places == 0 ? a : m_.rotate_left(a, operation == U64::kRotl ? places : 64 - places);
  }
}

// The bits of the integer that the mask has, in the place where a fixnum has them.
void Emitter::mask_u64(Instr i) {
  const bool is_first = !(state_[i.b] & kU64);
  const auto mask = static_cast<uint16_t>(is_first ? i.b : i.b + 1), integer = static_cast<uint16_t>(is_first ? i.b + 1 : i.b);
  make_word(mask);
  if (flow_.known_integer(pc_, mask) < 0) guard(m_.is_natural(reg(mask)), leave_here());
  set(i.a, m_.binary(GCC_JIT_BINARY_OP_BITWISE_AND, m_.word_type(), m_.shift_left(u64_reg(integer), value::kFixnumShift), reg(mask)));
}

void Emitter::u64_primitive(Instr i) {
  const U64 operation = types_.u64_treated(pc_, state_);
  if (operation == U64::kMask) return mask_u64(i);
  const auto second = static_cast<uint16_t>(i.b + 1);
  hold_u64(i.b, leave_here());
  const Val a = u64_reg(i.b);
  if (operation == U64::kSame) return assign(u64_place(i.a), a);
  if (operation == U64::kNot) return assign(u64_place(i.a), m_.binary(GCC_JIT_BINARY_OP_BITWISE_XOR, m_.word_type(), a, m_.word(~uint64_t{0})));
  if (moves_bits(operation)) return assign(u64_place(i.a), moved_bits(operation, a, flow_.known_integer(pc_, second)));
  hold_u64(second, leave_here());
  const Val b = u64_reg(second);
  if (operation == U64::kLess) return set(i.a, m_.make_bool(m_.below(a, b)));
  if (operation == U64::kQuotient || operation == U64::kRemainder) guard(m_.differ(b, m_.word(0)), leave_here());
  assign(u64_place(i.a), m_.binary(operator_of(operation), m_.word_type(), a, b));
}

}  // namespace terrace::worker::emit
