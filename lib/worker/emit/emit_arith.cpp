// worker/emit/emit_arith.cpp: arithmetic and comparison as values.
//
// Every operation has up to three parts: fixnums inline, in specialised code floats inline but out of the way, the runtime for the rest.
#include "worker/emit/emitter.hpp"

namespace terrace::worker::emit {

constinit const Emitter::Arithmetic Emitter::kAdd{"__builtin_saddl_overflow", GCC_JIT_BINARY_OP_PLUS, Runtime::k_add};
constinit const Emitter::Arithmetic Emitter::kSub{"__builtin_ssubl_overflow", GCC_JIT_BINARY_OP_MINUS, Runtime::k_sub};
constinit const Emitter::Arithmetic Emitter::kMul{"__builtin_smull_overflow", GCC_JIT_BINARY_OP_MULT, Runtime::k_mul};
constinit const Emitter::Arithmetic Emitter::kDiv{nullptr, GCC_JIT_BINARY_OP_DIVIDE, Runtime::k_div};

constinit const Emitter::Comparison Emitter::kLess{GCC_JIT_COMPARISON_LT, Runtime::k_num_lt, false};
constinit const Emitter::Comparison Emitter::kLessEqual{GCC_JIT_COMPARISON_LE, Runtime::k_num_le, false};
constinit const Emitter::Comparison Emitter::kGreater{GCC_JIT_COMPARISON_GT, Runtime::k_num_lt, true};
constinit const Emitter::Comparison Emitter::kGreaterEqual{GCC_JIT_COMPARISON_GE, Runtime::k_num_le, true};
constinit const Emitter::Comparison Emitter::kEqual{GCC_JIT_COMPARISON_EQ, Runtime::k_num_eq, false};

void Emitter::emit_Add(Instr i) { arithmetic(i.a, in_register(i.b), in_register(i.c), kAdd); }
void Emitter::emit_Sub(Instr i) { arithmetic(i.a, in_register(i.b), in_register(i.c), kSub); }
void Emitter::emit_Mul(Instr i) { arithmetic(i.a, in_register(i.b), in_register(i.c), kMul); }
void Emitter::emit_AddImm(Instr i) { arithmetic(i.a, in_register(i.b), immediate(static_cast<int16_t>(i.c)), kAdd); }

void Emitter::emit_NumEq(Instr i) { compare_value(i, kEqual); }
void Emitter::emit_NumLt(Instr i) { compare_value(i, kLess); }
void Emitter::emit_NumLe(Instr i) { compare_value(i, kLessEqual); }
void Emitter::emit_Eq(Instr i) { set(i.a, m_.make_bool(m_.equal(reg(i.b), reg(i.c)))); }
void Emitter::emit_Not(Instr i) { set(i.a, m_.make_bool(m_.is_falsy(reg(i.b)))); }

// --- operands

// What is left to test; at least one is not known to be a fixnum.
Val Emitter::both_fixnum(Operand x, Operand y) const {
  if (y.is_fixnum) return m_.is_fixnum(x.word);
  if (x.is_fixnum) return m_.is_fixnum(y.word);
  return m_.both_fixnum(x.word, y.word);
}

Val Emitter::both_float(Operand x, Operand y) const {
  if (y.is_immediate) return m_.is_float(x.word);
  return m_.both_float(x.word, y.word);
}

Val Emitter::both_plain_numbers(Operand x, Operand y) const {
  if (y.is_immediate) return m_.is_plain_number(x.word);
  return m_.both_plain_numbers(x.word, y.word);
}

Val Emitter::as_double(Operand x) const { return x.is_immediate ? m_.real(x.immediate) : m_.decode_float(x.word); }

// The double of a fixnum or float, which both_plain_numbers has shown it to be.
Val Emitter::to_double(Operand x, int scratch) {
  if (x.is_immediate) return m_.real(x.immediate);
  Block fixnum = fresh(), number = fresh(), next = fresh();
  branch(m_.is_fixnum(x.word), fixnum, number);
  start(fixnum);
  hold_double(scratch, m_.cast(m_.untag_fixnum(x.word), m_.double_type()));
  jump(next);
  start(number);
  Val result = hold_double(scratch, m_.decode_float(x.word));
  jump(next);
  start(next);
  return result;
}

// --- the four operations

// Puts the result of two fixnums, a fixnum too, into a place of signed_type; true when it is none.
Val Emitter::overflows(const Arithmetic& op, Val x, Val y, Place result) const {
  return m_.overflows(op.overflow_builtin, op.slow == Runtime::k_mul ? m_.untag_fixnum(x) : x, y, result);
}

void Emitter::fixnum_operation(uint16_t r, Operand x, Operand y, const Arithmetic& op, Block otherwise, Block too_large) {
  if (!x.is_fixnum || !y.is_fixnum) guard(both_fixnum(x, y), otherwise);
  Place sum = local(sum_, m_.signed_type(), "sum");
  guard_not(overflows(op, x.word, y.word, sum), too_large);
  set(r, m_.as_word(gcc_jit_lvalue_as_rvalue(sum)));
}

void Emitter::arithmetic(uint16_t r, Operand x, Operand y, const Arithmetic& op) {
  Block next = fresh();
  Block slow = cold([=, this] {
    set_checked(r, runtime(op.slow, {x.word, y.word}));
    jump(next);
  });
  bool floats = types_.specialises();
  fixnum_operation(r, x, y, op, floats ? cold([=, this, &op] { float_arithmetic(r, x, y, op, slow, next); }) : slow, slow);
  jump(next);
  start(next);
}

// Ends the current block. A fixnum with a float is rarer than two floats and gets the tests of its own.
void Emitter::float_arithmetic(uint16_t r, Operand x, Operand y, const Arithmetic& op, Block slow, Block next) {
  Block other = cold([=, this, &op] {
    guard(both_plain_numbers(x, y), slow);
    Val a = to_double(x, 0), b = to_double(y, 1);
    set_float(r, m_.binary(op.float_op, m_.double_type(), a, b), next);
  });
  guard(both_float(x, y), other);
  set_float(r, m_.binary(op.float_op, m_.double_type(), as_double(x), as_double(y)), next);
}

// Ends the current block.
void Emitter::box(Place to, Val number, Block next) {
  Val bits = hold(1, m_.bits_as(number, m_.word_type()));
  Val word = hold(2, m_.encode_float(bits));
  Block boxed = cold([=, this] {
    assign(to, runtime(Runtime::k_box_float, {bits}));
    jump(next);
  });
  guard(m_.is_float(word), boxed);
  assign(to, word);
  jump(next);
}

// An exact zero as divisor raises, whatever is divided.
void Emitter::emit_Div(Instr i) {
  Operand x = in_register(i.b), y = in_register(i.c);
  if (!types_.specialises()) return set_checked(i.a, runtime(Runtime::k_div, {x.word, y.word}));
  Block next = fresh();
  Block slow = cold([=, this] {
    set_checked(i.a, runtime(Runtime::k_div, {x.word, y.word}));
    jump(next);
  });
  guard(m_.differ(y.word, value::make_fixnum(0)), slow);
  guard_not(both_fixnum(x, y), slow);
  float_arithmetic(i.a, x, y, kDiv, slow, next);
  start(next);
}

// --- division with remainder: inline for a divisor above zero, so that nothing can overflow

void Emitter::emit_Quotient(Instr i) { division(i, Runtime::k_quotient); }
void Emitter::emit_Remainder(Instr i) { division(i, Runtime::k_remainder); }
void Emitter::emit_Modulo(Instr i) { division(i, Runtime::k_modulo); }

// These three get the tagged words as signed numbers: eight times the integers, which leaves quotients as they are and makes remainders
// tagged.
Val Emitter::quotient(Val n, Val d) { return m_.tag_fixnum(m_.binary(GCC_JIT_BINARY_OP_DIVIDE, m_.signed_type(), n, d)); }

Val Emitter::remainder(Val n, Val d) { return m_.as_word(m_.binary(GCC_JIT_BINARY_OP_MODULO, m_.signed_type(), n, d)); }

// A negative remainder is brought up by the divisor: the sign, shifted through the word, selects it without a branch.
Val Emitter::modulo(Val n, Val d) {
  Val rest = hold(1, remainder(n, d));
  Val sign = m_.binary(GCC_JIT_BINARY_OP_RSHIFT, m_.signed_type(), m_.as_signed(rest), m_.number(m_.signed_type(), 63));
  return m_.add(rest, m_.binary(GCC_JIT_BINARY_OP_BITWISE_AND, m_.word_type(), m_.as_word(sign), m_.as_word(d)));
}

Val Emitter::divided(Op op, Val n, Val d) { return op == Op::kQuotient ? quotient(n, d) : op == Op::kModulo ? modulo(n, d) : remainder(n, d); }

void Emitter::division(Instr i, Runtime slow_function) {
  Val x = reg(i.b), y = reg(i.c);
  Block next = fresh();
  Block slow = cold([=, this] {
    set_checked(i.a, runtime(slow_function, {x, y}));
    jump(next);
  });
  guard(m_.both_fixnum(x, y), slow);
  guard(m_.compare(GCC_JIT_COMPARISON_GT, m_.as_signed(y), m_.number(m_.signed_type(), 0)), slow);
  set(i.a, divided(op_of(i), m_.as_signed(x), m_.as_signed(y)));
  jump(next);
  start(next);
}

// --- comparison

// `use` is called for each of the ways to the answer and must end the current block.
void Emitter::compare(Operand x, Operand y, const Comparison& op, const std::function<void(Val)>& use) {
  Val in_order = m_.compare(op.op, m_.as_signed(x.word), m_.as_signed(y.word));
  if (x.is_fixnum && y.is_fixnum) return use(in_order);
  Block slow = cold([=, this, &op] {
    Val answer = checked(op.swapped ? runtime(op.slow, {y.word, x.word}) : runtime(op.slow, {x.word, y.word}));
    use(m_.equal(answer, value::kTrue));
  });
  bool floats = m_.plan().optimises && !(x.is_fixnum && !x.is_immediate);
  auto compare_floats = [=, this, &op] {
    guard(both_float(x, y), slow);
    use(m_.compare(op.op, as_double(x), as_double(y)));
  };
  guard(both_fixnum(x, y), floats ? cold(compare_floats) : slow);
  use(in_order);
}

void Emitter::compare_value(Instr i, const Comparison& op) {
  if (treatment_ == Treatment::kCompare)
    return set(i.a, m_.make_bool(m_.compare(op.op, double_reg(i.b), double_reg(i.c))));
  Block next = fresh();
  compare(in_register(i.b), in_register(i.c), op, [=, this](Val condition) {
    set(i.a, m_.make_bool(condition));
    jump(next);
  });
  start(next);
}

}  // namespace terrace::worker::emit
