// worker/emit/emit_prims.cpp: primitives, by a call of the runtime or, where it pays, inline with that call behind.
//
// An inline case may leave anything unusual to the primitive itself, which then answers or raises as it always does.
#include <algorithm>
#include <string_view>

#include "prims/primitive.hpp"
#include "worker/emit/emitter.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

using ObjectType = value::Type;
using prims::Id;

namespace {

constexpr std::string_view kNames[] = {
#define T_PRIM(id, name, min, max, effect, signature, text) name,
#include "prims/prims.def"
#undef T_PRIM
};

// The letters between c and r of cadr and its family, or nothing.
std::string_view path_of(Id id) {
  std::string_view name = kNames[static_cast<size_t>(id)];
  if (name.size() < 4 || name.front() != 'c' || name.back() != 'r') return {};
  std::string_view path = name.substr(1, name.size() - 2);
  return path.find_first_not_of("ad") == std::string_view::npos ? path : std::string_view{};
}

}  // namespace

void Emitter::emit_Prim(Instr i) {
  if (m_.plan().inline_primitives && inline_primitive(i)) return;
  set_checked(i.a, primitive_call(i));
}

Val Emitter::primitive_call(Instr i) {
  return runtime(Runtime::k_prim, {primitive_arguments(i), m_.word(i.x), m_.word(i.c)});
}

// The address of a copy of the arguments.
Val Emitter::primitive_arguments(Instr i) {
  if (i.x == 0) return m_.word(0);
  if (argument_array_ == nullptr) {
    int most = 0;
    for (Instr other : code_.code)
      if (op_of(other) == Op::kPrim) most = std::max<int>(most, other.x);
    local(argument_array_, m_.word_array_type(most), "arguments");
  }
  for (uint16_t n = 0; n < i.x; n++) assign(element_of(argument_array_, n), reg(static_cast<uint16_t>(i.b + n)));
  return m_.address(element_of(argument_array_, 0));
}

// True when the primitive was written inline.
bool Emitter::inline_primitive(Instr i) {
  auto id = static_cast<Id>(i.c);
  if (inline_record(i, id)) return true;
  if (i.x == 1) return inline_unary(i, id);
  if (i.x == 2) return inline_binary(i, id);
  return false;
}

bool Emitter::inline_unary(Instr i, Id id) {
  switch (id) {
    case Id::k_sqrt:
      return inline_sqrt(i), true;
    case Id::k_inexact:
    case Id::k_exact_to_inexact:
      return inline_inexact(i), true;
    case Id::k_vector_length:
      return inline_length(i, ObjectType::kVector, offsets::kVectorLength, m_.word_type()), true;
    case Id::k_f64_length:
      return inline_length(i, ObjectType::kF64Vector, offsets::kPackedLength, m_.word_type()), true;
    case Id::k_i64_length:
      return inline_length(i, ObjectType::kI64Vector, offsets::kPackedLength, m_.word_type()), true;
    case Id::k_bytes_length:
      return inline_length(i, ObjectType::kBytes, offsets::kPackedLength, m_.word_type()), true;
    case Id::k_string_length:
      return inline_length(i, ObjectType::kString, offsets::kStringLength, m_.u32_type()), true;
    case Id::k_char_to_integer:
      return inline_char_to_integer(i), true;
    case Id::k_is_pair:
      return set(i.a, m_.make_bool(m_.has_tag(reg(i.b), value::kTagPair))), true;
    case Id::k_is_fixnum:
      return set(i.a, m_.make_bool(m_.is_fixnum(reg(i.b)))), true;
    case Id::k_is_symbol:
      return inline_type_test(i, ObjectType::kSymbol), true;
    case Id::k_is_string:
      return inline_type_test(i, ObjectType::kString), true;
    case Id::k_is_vector:
      return inline_type_test(i, ObjectType::kVector), true;
    case Id::k_is_dict:
      return inline_type_test(i, ObjectType::kDict), true;
    default:
      break;
  }
  std::string_view path = path_of(id);
  if (!path.empty()) inline_path(i, path);
  return !path.empty();
}

bool Emitter::inline_binary(Instr i, Id id) {
  switch (id) {
    case Id::k_bit_and:
      return inline_bits(i, GCC_JIT_BINARY_OP_BITWISE_AND), true;
    case Id::k_bit_or:
      return inline_bits(i, GCC_JIT_BINARY_OP_BITWISE_OR), true;
    case Id::k_bit_xor:
      return inline_bits(i, GCC_JIT_BINARY_OP_BITWISE_XOR), true;
    case Id::k_i32_add:
      return inline_i32(i, GCC_JIT_BINARY_OP_PLUS), true;
    case Id::k_i32_sub:
      return inline_i32(i, GCC_JIT_BINARY_OP_MINUS), true;
    case Id::k_i32_mul:
      return inline_i32(i, GCC_JIT_BINARY_OP_MULT), true;
    case Id::k_i32_and:
      return inline_i32(i, GCC_JIT_BINARY_OP_BITWISE_AND), true;
    case Id::k_i32_or:
      return inline_i32(i, GCC_JIT_BINARY_OP_BITWISE_OR), true;
    case Id::k_i32_xor:
      return inline_i32(i, GCC_JIT_BINARY_OP_BITWISE_XOR), true;
    case Id::k_bit_shift:
      return inline_shift(i), true;
    case Id::k_string_ref:
      return inline_string_ref(i), true;
    case Id::k_set_car:
      return inline_set_pair(i, offsets::kPairCar), true;
    case Id::k_set_cdr:
      return inline_set_pair(i, offsets::kPairCdr), true;
    default:
      return false;
  }
}

// Runs `fast`, which gets the block for everything unusual and ends with the current block open. The interpreter's way out keeps GCC's
// knowledge of memory whole, which a call that comes back would not.
void Emitter::inline_or_call(Instr i, const std::function<void(Block slow, Block next)>& fast) {
  Block next = fresh();
  Block slow = takes_for_granted() ? leave_here() : cold([=, this] {
    set_checked(i.a, primitive_call(i));
    jump(next);
  });
  fast(slow, next);
  if (current_ != nullptr) jump(next);
  start(next);
}

// --- numbers

void Emitter::inline_sqrt(Instr i) {
  inline_or_call(i, [=, this](Block slow, Block next) {
    guard(m_.is_float(reg(i.b)), slow);
    Val number = hold_double(0, m_.decode_float(reg(i.b)));
    guard(m_.compare(GCC_JIT_COMPARISON_GE, number, m_.real(0)), slow);
    set_float(i.a, m_.square_root(number), next);
  });
}

void Emitter::inline_inexact(Instr i) {
  inline_or_call(i, [=, this](Block slow, Block next) {
    Block other = cold([=, this] {
      guard(m_.is_float(reg(i.b)), slow);
      set(i.a, reg(i.b));
      jump(next);
    });
    guard(m_.is_fixnum(reg(i.b)), other);
    set_float(i.a, m_.cast(m_.untag_fixnum(reg(i.b)), m_.double_type()), next);
  });
}

// Tagged fixnums have zeros below, which these operations keep.
void Emitter::inline_bits(Instr i, gcc_jit_binary_op op) {
  inline_or_call(i, [=, this](Block slow, Block) {
    Val x = reg(i.b), y = reg(static_cast<uint16_t>(i.b + 1));
    guard(m_.both_fixnum(x, y), slow);
    set(i.a, m_.binary(op, m_.word_type(), x, y));
  });
}

// Wraps to 32 bits, with their sign.
void Emitter::inline_i32(Instr i, gcc_jit_binary_op op) {
  inline_or_call(i, [=, this](Block slow, Block) {
    Val x = reg(i.b), y = reg(static_cast<uint16_t>(i.b + 1));
    guard(m_.both_fixnum(x, y), slow);
    Val result = m_.binary(op, m_.signed_type(), m_.untag_fixnum(x), m_.untag_fixnum(y));
    set(i.a, m_.tag_fixnum(m_.cast(m_.cast(result, m_.i32_type()), m_.signed_type())));
  });
}

// To the right by at most 60, to the left as long as nothing is lost.
void Emitter::inline_shift(Instr i) {
  inline_or_call(i, [=, this](Block slow, Block next) {
    Val x = reg(i.b), y = reg(static_cast<uint16_t>(i.b + 1));
    Val limit = m_.number(m_.signed_type(), 60);
    Block right = cold([=, this] {
      Val distance = m_.as_signed(hold(1, m_.sub(m_.word(0), m_.as_word(m_.untag_fixnum(y)))));
      guard(m_.compare(GCC_JIT_COMPARISON_LE, distance, limit), slow);
      set(i.a, m_.tag_fixnum(m_.binary(GCC_JIT_BINARY_OP_RSHIFT, m_.signed_type(), m_.untag_fixnum(x), distance)));
      jump(next);
    });
    guard(m_.both_fixnum(x, y), slow);
    Val distance = m_.as_signed(hold(1, m_.as_word(m_.untag_fixnum(y))));
    guard(m_.compare(GCC_JIT_COMPARISON_GE, distance, m_.number(m_.signed_type(), 0)), right);
    guard(m_.compare(GCC_JIT_COMPARISON_LT, distance, limit), slow);
    Val shifted = hold(2, m_.binary(GCC_JIT_BINARY_OP_LSHIFT, m_.word_type(), x, m_.as_word(distance)));
    Val back = m_.binary(GCC_JIT_BINARY_OP_RSHIFT, m_.signed_type(), m_.as_signed(shifted), distance);
    guard(m_.equal(m_.as_word(back), x), slow);
    set(i.a, shifted);
  });
}

// --- data

void Emitter::inline_length(Instr i, ObjectType type, int64_t offset, Type field) {
  inline_or_call(i, [=, this](Block slow, Block) {
    require_object(reg(i.b), type, offsets::kHeaderType, slow);
    set(i.a, m_.tag_fixnum(m_.load(reg(i.b), offset, field)));
  });
}

void Emitter::inline_type_test(Instr i, ObjectType type) {
  Val x = hold(1, reg(i.b));
  set(i.a, m_.constant(value::kFalse));
  Block next = fresh();
  require_object(x, type, offsets::kHeaderType, next);
  set(i.a, m_.constant(value::kTrue));
  jump(next);
  start(next);
}

void Emitter::inline_path(Instr i, std::string_view path) {
  inline_or_call(i, [=, this](Block slow, Block) {
    Val x = hold(1, reg(i.b));
    for (size_t n = path.size(); n-- > 0;) {
      guard(m_.has_tag(x, value::kTagPair), slow);
      x = hold(1, m_.load(x, path[n] == 'a' ? offsets::kPairCar : offsets::kPairCdr));
    }
    set(i.a, x);
  });
}

void Emitter::inline_set_pair(Instr i, int64_t offset) {
  inline_or_call(i, [=, this](Block slow, Block) {
    Val pair = reg(i.b);
    guard(m_.has_tag(pair, value::kTagPair), slow);
    assign(m_.at(pair, offset, m_.word_type()), reg(static_cast<uint16_t>(i.b + 1)));
    mark_card(pair);
    set(i.a, m_.constant(value::kUnspecified));
  });
}

void Emitter::inline_char_to_integer(Instr i) {
  constexpr uint64_t kCharBits = value::make_char(0).bits;
  inline_or_call(i, [=, this](Block slow, Block) {
    guard(m_.equal(m_.bit_and(reg(i.b), 0xFF), m_.word(kCharBits)), slow);
    set(i.a, m_.shift_left(m_.shift_right(reg(i.b), 8), value::kFixnumShift));
  });
}

// ASCII text only: there the index counts bytes as well.
void Emitter::inline_string_ref(Instr i) {
  inline_or_call(i, [=, this](Block slow, Block) {
    Val text = reg(i.b), index = reg(static_cast<uint16_t>(i.b + 1));
    require_object(text, ObjectType::kString, offsets::kHeaderType, slow);
    Val length = m_.load(text, offsets::kStringLength, m_.u32_type());
    guard(m_.equal(length, m_.load(text, offsets::kStringBytes, m_.u32_type())), slow);
    guard(m_.is_fixnum(index), slow);
    Val at = m_.shift_right(index, value::kFixnumShift);
    guard(m_.below(at, m_.as_word(length)), slow);
    Val byte = m_.as_word(m_.load(m_.add(text, at), offsets::kStringData, m_.u8_type()));
    set(i.a, m_.bit_or(m_.shift_left(byte, 8), m_.constant(value::make_char(0))));
  });
}

}  // namespace terrace::worker::emit
