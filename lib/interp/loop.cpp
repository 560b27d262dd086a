// interp/loop.cpp: the interpreter loop.
//
// Rules:
//  1. A frame is base[-1] = its closure, base[0..register_count) = its registers. A call's arguments are already where the
//     callee's registers begin, so nothing is copied: the callee's base is the caller's &R[a] + 1.
//  2. Calls from interpreted to interpreted code push a Link and stay in the loop; calls to anything else are C calls.
//     `enter` pushes a Link with a null pc; popping it leaves the loop.
//  3. vm->register_top is the end of the running frame whenever anything outside the loop can run.
//  4. pc points behind the instruction being executed; pc - 1 names it for handlers and traces.
//  5. Every result that may be kUnwind is compared before it is used; `unwind` finds the handler or leaves.
//  6. A tail call from a frame that native code entered leaves the loop first (kTailCallOut), so that tail calls
//     between tiers do not grow the C stack.
//  7. Inline cases are only those that cannot allocate or fail; everything else is a runtime function that compiled code calls too.
//
// A file of one long function is the reason for its length: the compiler must see all cases to keep pc and base in registers.
#include "interp/loop.hpp"

#include "bytecode/code.hpp"
#include "bytecode/op_info.hpp"
#include "frame/vm.hpp"
#include "prims/primitive.hpp"

namespace terrace::interp {
namespace {

using bytecode::Instr;
using frame::Link;
using namespace value;

constexpr prims::PrimitiveFunction kPrimitives[] = {
#define T_PRIM(id, name, min, max, effect, signature, text) prims::prim_##id,
#include "prims/prims.def"
#undef T_PRIM
};

bool both_floats(Value a, Value b) { return is_flonum_immediate(a) && is_flonum_immediate(b); }

// A native call with the arguments of a frame: at args[0..argc).
Value call_native(VmState* vm, Value callee, NativeEntry entry, uint64_t argc, const Value* args) {
  for (uint64_t i = frame::kRegisterArguments; i < argc; i++) vm->xargs[i - frame::kRegisterArguments] = args[i];
  // Reading args[1] and args[2] beyond argc is harmless: the registers exist and the callee ignores them.
  return entry(vm, callee, argc, args[0], args[1], args[2]);
}

[[gnu::noinline]] bool ask_policy(VmState* vm, Value closure) {
  vm->runtime->tick(vm, closure);
  return as_closure(closure)->proto->entry != &enter;
}

// What led away from the inline cases of arithmetic.
[[gnu::noinline]] void note_rare(const Instr* at, Value x, Value y) {
  bool float_x = is_float(x), float_y = is_float(y);
  uint8_t saw = bytecode::kSawOther;
  if (float_x && float_y) saw = bytecode::kSawFloats;
  if ((float_x && is_fixnum(y)) || (is_fixnum(x) && float_y)) saw = bytecode::kSawMixed;
  bytecode::note_feedback(at, saw);
}

// A store into a vector that is not generic: a float goes into one of doubles, anything else makes it generic.
void note_store(const Instr* at, VectorKind kind, Value x) {
  if (is_float(x))
    bytecode::note_feedback(at, bytecode::kSawFloats);
  else if (kind == VectorKind::kDoubles)
    bytecode::note_feedback(at, bytecode::kSawMixed);
}

[[gnu::noinline]] Value registers_exhausted(VmState* vm) {
  return frame::raise_error(vm, frame::ErrorKind::kStackOverflow,
                            "recursion is too deep: the stack limit of this computation is reached");
}

// Notes the pending unwind's way through the frame; answers the handler's pc, or null.
[[gnu::noinline]] const Instr* find_handler(VmState* vm, Value closure, const Instr* at) {
  Proto* proto = as_closure(closure)->proto;
  auto pc = static_cast<uint32_t>(at - proto->code);
  vm->runtime->trace(vm, closure, pc);
  const bytecode::HandlerRegion* region = proto->function->handler_at(pc);
  return region ? proto->code + region->handler : nullptr;
}

Value make_closure_with_captures(VmState* vm, Value maker, const Value* registers, uint32_t constant) {
  Value made = vm->runtime->make_closure(vm, maker, constant);
  Closure* closure = as_closure(made);
  const auto& sources = closure->proto->function->captures;
  for (size_t i = 0; i < sources.size(); i++)
    closure->capture[i] =
        sources[i].from_register ? registers[sources[i].index] : as_closure(maker)->capture[sources[i].index];
  return made;
}

constexpr Value kSpecials[] = {kFalse, kNil, kTrue, kFalse, kUnspecified, kUnbound, kUnset, kEof};

Value run(VmState* vm, Value* base, const Instr* pc) {
  static const void* const kLabels[] = {
#define T_OP(name, format, ends, effect, text) &&op_##name,
#include "bytecode/opcodes.def"
#undef T_OP
  };
  Instr i;
  Value result;
  Value* args;
  Value callee;
  uint64_t argc;

#define R base
#define K (as_closure(base[-1])->proto->constant)
#define NEXT           \
  do {                 \
    i = *pc++;         \
    goto* kLabels[i.op]; \
  } while (0)
#define BRANCH_IF(condition)                                \
  do {                                                      \
    if (condition) pc += bytecode::jump_distance(i);        \
    NEXT;                                                   \
  } while (0)
#define STORE(expression)                             \
  do {                                                \
    result = (expression);                            \
    if (result == kUnwind) [[unlikely]]               \
      goto unwind;                                    \
    R[i.a] = result;                                  \
    NEXT;                                             \
  } while (0)

  NEXT;

op_Move:
  R[i.a] = R[i.b];
  NEXT;
op_Const:
  R[i.a] = K[i.b];
  NEXT;
op_Int:
  R[i.a] = make_fixnum(bytecode::int_operand(i));
  NEXT;
op_Special:
  R[i.a] = kSpecials[i.b & 7];
  NEXT;
op_Global: {
  Cell* cell = as<Cell>(K[i.b]);
  if (cell->value == kUnbound) [[unlikely]] {
    vm->runtime->unbound(vm, K[i.b]);
    goto unwind;
  }
  R[i.a] = cell->value;
  NEXT;
}
op_SetGlobal:
  if (vm->runtime->global_set(vm, K[i.b], R[i.a]) == kUnwind) goto unwind;
  NEXT;
op_DefineGlobal:
  if (vm->runtime->global_define(vm, K[i.b], R[i.a]) == kUnwind) goto unwind;
  NEXT;
op_Capture:
  R[i.a] = as_closure(base[-1])->capture[i.b];
  NEXT;
op_MakeBox:
  R[i.a] = vm->runtime->make_box(vm, R[i.b]);
  NEXT;
op_Unbox:
  R[i.a] = as<Box>(R[i.b])->value;
  NEXT;
op_SetBox: {
  Box* box = as<Box>(R[i.a]);
  box->value = R[i.b];
  heap::Heap::write_barrier(box);
  NEXT;
}
op_SetCapture: {
  Closure* closure = as_closure(R[i.a]);
  closure->capture[i.c] = R[i.b];
  heap::Heap::write_barrier(closure);
  NEXT;
}
op_Self:
  R[i.a] = base[-1];
  NEXT;
op_Closure:
  R[i.a] = make_closure_with_captures(vm, base[-1], base, i.b);
  NEXT;

#define ARITHMETIC(overflow_builtin, float_operator, slow)                                                      \
  do {                                                                                                          \
    Value x = R[i.b], y = R[i.c];                                                                               \
    if (both_fixnum(x, y)) [[likely]] {                                                                         \
      int64_t out;                                                                                              \
      if (!overflow_builtin(static_cast<int64_t>(x.bits), static_cast<int64_t>(y.bits), &out)) [[likely]] {     \
        R[i.a] = Value{static_cast<uint64_t>(out)};                                                             \
        NEXT;                                                                                                   \
      }                                                                                                         \
    } else if (both_floats(x, y)) {                                                                             \
      bytecode::note_feedback(pc - 1, bytecode::kSawFloats);                                                    \
      Value out;                                                                                                \
      if (encode_float(decode_float(x) float_operator decode_float(y), &out)) [[likely]] {                      \
        R[i.a] = out;                                                                                           \
        NEXT;                                                                                                   \
      }                                                                                                         \
    }                                                                                                           \
    note_rare(pc - 1, x, y);                                                                                    \
    STORE(vm->runtime->slow(vm, x, y));                                                                         \
  } while (0)
#define MUL_SHIFTED(x, y, out) __builtin_mul_overflow((x) >> kFixnumShift, y, out)

op_Add:
  ARITHMETIC(__builtin_add_overflow, +, add);
op_Sub:
  ARITHMETIC(__builtin_sub_overflow, -, sub);
op_Mul:
  ARITHMETIC(MUL_SHIFTED, *, mul);
op_Div: {
  Value x = R[i.b], y = R[i.c], out;
  if (both_floats(x, y) && encode_float(decode_float(x) / decode_float(y), &out)) [[likely]] {
    bytecode::note_feedback(pc - 1, bytecode::kSawFloats);
    R[i.a] = out;
    NEXT;
  }
  note_rare(pc - 1, x, y);
  STORE(vm->runtime->div(vm, x, y));
}
op_AddImm: {
  Value x = R[i.b];
  Value y = make_fixnum(static_cast<int16_t>(i.c));
  int64_t out;
  if (is_fixnum(x) &&
      !__builtin_add_overflow(static_cast<int64_t>(x.bits), static_cast<int64_t>(y.bits), &out)) [[likely]] {
    R[i.a] = Value{static_cast<uint64_t>(out)};
    NEXT;
  }
  note_rare(pc - 1, x, y);
  STORE(vm->runtime->add(vm, x, y));
}

#define DIVIDE(expression, slow)                                                                \
  do {                                                                                          \
    Value x = R[i.b], y = R[i.c];                                                               \
    if (both_fixnum(x, y) && static_cast<int64_t>(y.bits) > 0) [[likely]] {                     \
      int64_t n = fixnum_value(x), d = fixnum_value(y);                                         \
      R[i.a] = make_fixnum(expression);                                                         \
      NEXT;                                                                                     \
    }                                                                                           \
    bytecode::note_feedback(pc - 1, bytecode::kSawOther);                                       \
    STORE(vm->runtime->slow(vm, x, y));                                                         \
  } while (0)
op_Quotient:
  DIVIDE(n / d, quotient);
op_Remainder:
  DIVIDE(n % d, remainder);
op_Modulo: {
  DIVIDE(n % d < 0 ? n % d + d : n % d, modulo);
}

#define COMPARE_VALUE(op, slow)                                                              \
  do {                                                                                       \
    Value x = R[i.b], y = R[i.c];                                                            \
    if (both_fixnum(x, y)) [[likely]] {                                                      \
      R[i.a] = make_bool(static_cast<int64_t>(x.bits) op static_cast<int64_t>(y.bits));      \
      NEXT;                                                                                  \
    }                                                                                        \
    if (both_floats(x, y)) {                                                                 \
      R[i.a] = make_bool(decode_float(x) op decode_float(y));                                \
      NEXT;                                                                                  \
    }                                                                                        \
    STORE(vm->runtime->slow(vm, x, y));                                                      \
  } while (0)
op_NumEq:
  COMPARE_VALUE(==, num_eq);
op_NumLt:
  COMPARE_VALUE(<, num_lt);
op_NumLe:
  COMPARE_VALUE(<=, num_le);
op_Eq:
  R[i.a] = make_bool(R[i.b] == R[i.c]);
  NEXT;
op_Not:
  R[i.a] = make_bool(is_falsy(R[i.b]));
  NEXT;

op_Jump:
  pc += bytecode::jump_distance(i);
  NEXT;
op_Loop: {
  pc += bytecode::jump_distance(i);
  if (vm->stack_limit.load(std::memory_order_relaxed) == UINTPTR_MAX) [[unlikely]] {
    if (vm->runtime->check(vm) == kUnwind) goto unwind_from_loop;
  }
  Proto* proto = as_closure(base[-1])->proto;
  if (--proto->countdown < 0 && ask_policy(vm, base[-1])) [[unlikely]] {
    Value at{static_cast<uint64_t>(pc - proto->code)};
    result = proto->entry(vm, base[-1], frame::kEnterLoop, at, Value{reinterpret_cast<uint64_t>(base)}, kNil);
    goto leave_frame;
  }
  NEXT;
}
op_JumpIf:
  BRANCH_IF(is_truthy(R[i.a]));
op_JumpUnless:
  BRANCH_IF(is_falsy(R[i.a]));

#define COMPARE_JUMP(x_expression, y_expression, op, slow, x_slow, y_slow, negate)            \
  do {                                                                                        \
    Value x = x_expression, y = y_expression;                                                 \
    if (both_fixnum(x, y)) [[likely]]                                                         \
      BRANCH_IF(negate(static_cast<int64_t>(x.bits) op static_cast<int64_t>(y.bits)));        \
    if (both_floats(x, y)) BRANCH_IF(negate(decode_float(x) op decode_float(y)));             \
    result = vm->runtime->slow(vm, x_slow, y_slow);                                           \
    if (result == kUnwind) [[unlikely]]                                                       \
      goto unwind;                                                                            \
    BRANCH_IF(negate(result == kTrue));                                                       \
  } while (0)
#define SAME(x) (x)
op_JumpLt:
  COMPARE_JUMP(R[i.a], R[i.b], <, num_lt, x, y, SAME);
op_JumpNotLt:
  COMPARE_JUMP(R[i.a], R[i.b], <, num_lt, x, y, !);
op_JumpLe:
  COMPARE_JUMP(R[i.a], R[i.b], <=, num_le, x, y, SAME);
op_JumpNotLe:
  COMPARE_JUMP(R[i.a], R[i.b], <=, num_le, x, y, !);
op_JumpNumEq:
  COMPARE_JUMP(R[i.a], R[i.b], ==, num_eq, x, y, SAME);
op_JumpNotNumEq:
  COMPARE_JUMP(R[i.a], R[i.b], ==, num_eq, x, y, !);

#define COMPARE_JUMP_IMM(op, slow, x_slow, y_slow, negate)                               \
  do {                                                                                   \
    Value x = R[i.a], y = make_fixnum(static_cast<int16_t>(i.b));                        \
    if (is_fixnum(x)) [[likely]]                                                         \
      BRANCH_IF(negate(static_cast<int64_t>(x.bits) op static_cast<int64_t>(y.bits)));   \
    if (is_flonum_immediate(x)) BRANCH_IF(negate(decode_float(x) op static_cast<int16_t>(i.b))); \
    result = vm->runtime->slow(vm, x_slow, y_slow);                                      \
    if (result == kUnwind) [[unlikely]]                                                  \
      goto unwind;                                                                       \
    BRANCH_IF(negate(result == kTrue));                                                  \
  } while (0)
op_JumpLtImm:
  COMPARE_JUMP_IMM(<, num_lt, x, y, SAME);
op_JumpNotLtImm:
  COMPARE_JUMP_IMM(<, num_lt, x, y, !);
op_JumpLeImm:
  COMPARE_JUMP_IMM(<=, num_le, x, y, SAME);
op_JumpNotLeImm:
  COMPARE_JUMP_IMM(<=, num_le, x, y, !);
op_JumpGtImm:
  COMPARE_JUMP_IMM(>, num_lt, y, x, SAME);
op_JumpNotGtImm:
  COMPARE_JUMP_IMM(>, num_lt, y, x, !);
op_JumpGeImm:
  COMPARE_JUMP_IMM(>=, num_le, y, x, SAME);
op_JumpNotGeImm:
  COMPARE_JUMP_IMM(>=, num_le, y, x, !);
op_JumpNumEqImm:
  COMPARE_JUMP_IMM(==, num_eq, x, y, SAME);
op_JumpNotNumEqImm:
  COMPARE_JUMP_IMM(==, num_eq, x, y, !);
op_JumpEq:
  BRANCH_IF(R[i.a] == R[i.b]);
op_JumpNotEq:
  BRANCH_IF(R[i.a] != R[i.b]);
op_JumpEqConst:
  BRANCH_IF(R[i.a] == K[i.b]);
op_JumpNotEqConst:
  BRANCH_IF(R[i.a] != K[i.b]);
op_JumpNil:
  BRANCH_IF(is_nil(R[i.a]));
op_JumpNotNil:
  BRANCH_IF(!is_nil(R[i.a]));
op_JumpPair:
  BRANCH_IF(is_pair(R[i.a]));
op_JumpNotPair:
  BRANCH_IF(!is_pair(R[i.a]));
op_JumpSet:
  BRANCH_IF(R[i.a] != kUnset);
op_JumpNotSelf:
  BRANCH_IF(as<Cell>(K[i.b])->value != base[-1]);

op_Cons: {
  char* p = vm->window.pair_next;
  if (p == vm->window.pair_limit) [[unlikely]] {
    R[i.a] = vm->runtime->cons(vm, R[i.b], R[i.c]);
    NEXT;
  }
  vm->window.pair_next = p + sizeof(Pair);
  auto* pair = reinterpret_cast<Pair*>(p);
  pair->car = R[i.b];
  pair->cdr = R[i.c];
  R[i.a] = from_pair(pair);
  NEXT;
}
op_Car:
  if (!is_pair(R[i.b])) [[unlikely]] {
    vm->runtime->bad_car(vm, R[i.b]);
    goto unwind;
  }
  R[i.a] = car(R[i.b]);
  NEXT;
op_Cdr:
  if (!is_pair(R[i.b])) [[unlikely]] {
    vm->runtime->bad_cdr(vm, R[i.b]);
    goto unwind;
  }
  R[i.a] = cdr(R[i.b]);
  NEXT;
op_VectorRef: {
  Value v = R[i.b], n = R[i.c];
  if (is_vector(v) && is_fixnum(n) && n.bits >> kFixnumShift < as<Vector>(v)->length) [[likely]] {
    uint64_t bits = as<Vector>(v)->slot[n.bits >> kFixnumShift];
    if (as<Vector>(v)->kind() != VectorKind::kDoubles) {
      R[i.a] = Value{bits};
      NEXT;
    }
    Value out;
    bytecode::note_feedback(pc - 1, bits == kHole ? bytecode::kSawMixed : bytecode::kSawFloats);
    if (encode_float(std::bit_cast<double>(bits), &out)) [[likely]] {
      R[i.a] = out;
      NEXT;
    }
  } else {
    bytecode::note_feedback(pc - 1, bytecode::kSawOther);
  }
  STORE(vm->runtime->vector_ref(vm, v, n));
}
op_VectorSet: {
  Value v = R[i.a], n = R[i.b];
  if (is_vector(v) && is_fixnum(n) && n.bits >> kFixnumShift < as<Vector>(v)->length) [[likely]] {
    Value x = R[i.c];
    if (as<Vector>(v)->kind() == VectorKind::kGeneric) {
      as<Vector>(v)->slot[n.bits >> kFixnumShift] = x.bits;
      heap::Heap::write_barrier(as<Vector>(v), n.bits >> kFixnumShift);
      NEXT;
    }
    note_store(pc - 1, as<Vector>(v)->kind(), x);
    if (as<Vector>(v)->kind() == VectorKind::kDoubles && is_flonum_immediate(x)) [[likely]] {
      as<Vector>(v)->slot[n.bits >> kFixnumShift] = std::bit_cast<uint64_t>(decode_float(x));
      NEXT;
    }
  } else {
    bytecode::note_feedback(pc - 1, bytecode::kSawOther);
  }
  if (vm->runtime->vector_set(vm, v, n, R[i.c]) == kUnwind) goto unwind;
  NEXT;
}
op_F64Ref: {
  Value v = R[i.b], n = R[i.c], out;
  if (is_type(v, Type::kF64Vector) && is_fixnum(n) && n.bits >> kFixnumShift < as<F64Vector>(v)->length &&
      encode_float(as<F64Vector>(v)->data[n.bits >> kFixnumShift], &out)) [[likely]] {
    R[i.a] = out;
    NEXT;
  }
  STORE(vm->runtime->f64_ref(vm, v, n));
}
op_F64Set: {
  Value v = R[i.a], n = R[i.b];
  if (is_type(v, Type::kF64Vector) && is_fixnum(n) && n.bits >> kFixnumShift < as<F64Vector>(v)->length &&
      is_flonum_immediate(R[i.c])) [[likely]] {
    as<F64Vector>(v)->data[n.bits >> kFixnumShift] = decode_float(R[i.c]);
    NEXT;
  }
  if (vm->runtime->f64_set(vm, v, n, R[i.c]) == kUnwind) goto unwind;
  NEXT;
}
op_BytesRef: {
  Value v = R[i.b], n = R[i.c];
  if (is_type(v, Type::kBytes) && is_fixnum(n) && n.bits >> kFixnumShift < as<Bytes>(v)->length) [[likely]] {
    R[i.a] = make_fixnum(as<Bytes>(v)->data[n.bits >> kFixnumShift]);
    NEXT;
  }
  bytecode::note_feedback(pc - 1, bytecode::kSawOther);
  STORE(vm->runtime->bytes_ref(vm, v, n));
}
op_BytesSet: {
  Value v = R[i.a], n = R[i.b], x = R[i.c];
  if (is_type(v, Type::kBytes) && both_fixnum(n, x) && n.bits >> kFixnumShift < as<Bytes>(v)->length &&
      x.bits < make_fixnum(256).bits) [[likely]] {
    as<Bytes>(v)->data[n.bits >> kFixnumShift] = static_cast<uint8_t>(fixnum_value(x));
    NEXT;
  }
  bytecode::note_feedback(pc - 1, bytecode::kSawOther);
  if (vm->runtime->bytes_set(vm, v, n, x) == kUnwind) goto unwind;
  NEXT;
}

op_Prim:
  STORE(kPrimitives[i.c](vm, R + i.b, i.x));

op_CallGlobal:
  args = R + i.a + 1;
  callee = as<Cell>(K[i.b])->value;
  argc = i.x;
  if (!is_function(callee)) [[unlikely]]
    goto not_callable_global;
  goto call;
op_Call:
  args = R + i.a + 1;
  callee = R[i.a];
  argc = i.x;
  if (!is_function(callee)) [[unlikely]]
    goto not_callable;
call: {
  Proto* proto = as_closure(callee)->proto;
  if (proto->entry != &enter || proto->expected != argc) [[unlikely]]
    goto call_out;
  if ((proto->countdown -= vm->call_weight) < 0 && ask_policy(vm, callee)) [[unlikely]]
    goto call_out;
  Value* top = args + proto->aux;
  if (top > vm->register_limit || vm->link_top == vm->link_limit) [[unlikely]] {
    registers_exhausted(vm);
    goto unwind;
  }
  if (vm->stack_limit.load(std::memory_order_relaxed) == UINTPTR_MAX) [[unlikely]] {
    if (vm->runtime->check(vm) == kUnwind) goto unwind;
  }
  *vm->link_top++ = Link{pc, base};
  args[-1] = callee;
  base = args;
  vm->register_top = top;
  proto->stamp = vm->epoch;
  pc = proto->code;
  NEXT;
}
call_out:
  result = call_native(vm, callee, as_closure(callee)->proto->entry, argc, args);
  if (result == kUnwind) [[unlikely]]
    goto unwind;
  R[i.c] = result;
  NEXT;
not_callable_global:
  if (callee == kUnbound) {
    vm->runtime->unbound(vm, K[i.b]);
    goto unwind;
  }
not_callable:
  vm->runtime->not_function(vm, callee);
  goto unwind;

op_TailCallGlobal:
  args = R + i.a + 1;
  callee = as<Cell>(K[i.b])->value;
  argc = i.x;
  if (!is_function(callee)) [[unlikely]]
    goto not_callable_global;
  goto tail_call;
op_TailCall:
  args = R + i.a + 1;
  callee = R[i.a];
  argc = i.x;
  if (!is_function(callee)) [[unlikely]]
    goto not_callable;
tail_call: {
  Proto* proto = as_closure(callee)->proto;
  if (proto->entry != &enter || proto->expected != argc) [[unlikely]]
    goto tail_call_out;
  if ((proto->countdown -= vm->call_weight) < 0 && ask_policy(vm, callee)) [[unlikely]]
    goto tail_call_out;
  Value* top = base + proto->aux;
  if (top > vm->register_limit) [[unlikely]] {
    registers_exhausted(vm);
    goto unwind;
  }
  if (vm->stack_limit.load(std::memory_order_relaxed) == UINTPTR_MAX) [[unlikely]] {
    if (vm->runtime->check(vm) == kUnwind) goto unwind;
  }
  base[-1] = callee;
  for (uint64_t n = 0; n < argc; n++) base[n] = args[n];
  vm->register_top = top;
  proto->stamp = vm->epoch;
  pc = proto->code;
  NEXT;
}
tail_call_out: {
  Link link = vm->link_top[-1];
  NativeEntry entry = as_closure(callee)->proto->entry;
  for (uint64_t n = frame::kRegisterArguments; n < argc; n++) vm->xargs[n - frame::kRegisterArguments] = args[n];
  if (link.pc == nullptr) {
    vm->link_top--;
    vm->tail_callee = callee;
    vm->tail_argc = argc;
    for (int n = 0; n < frame::kRegisterArguments; n++) vm->tail_args[n] = args[n];
    return kTailCallOut;
  }
  Value a0 = args[0], a1 = args[1], a2 = args[2];
  result = entry(vm, callee, argc, a0, a1, a2);
  goto leave_frame;
}

op_Return:
  result = R[i.a];
  {
    Link link = *--vm->link_top;
    if (link.pc == nullptr) return result;
    vm->register_top = link.base + as_closure(link.base[-1])->proto->aux;
    base = link.base;
    pc = link.pc;
    R[pc[-1].c] = result;
    NEXT;
  }

op_Mark:
  R[i.a] = frame::dynamic_mark(vm);
  NEXT;
op_Guard:
  R[i.a] = frame::dynamic_mark(vm);
  vm->guard_depth = vm->dynamic_depth;
  NEXT;
op_Unguard:
  vm->guard_depth = frame::guard_of_mark(R[i.a]);
  NEXT;
op_Catch:
  R[i.a] = vm->runtime->caught(vm, R[i.b]);
  NEXT;
op_Throw:
  vm->runtime->rethrow(vm, R[i.a]);
  goto unwind;

leave_frame : {  // with `result`, which may be kUnwind, out of the frame at base
  Link link = *--vm->link_top;
  if (link.pc == nullptr) return result;
  vm->register_top = link.base + as_closure(link.base[-1])->proto->aux;
  base = link.base;
  pc = link.pc;
  if (result == kUnwind) goto unwind;
  R[pc[-1].c] = result;
  NEXT;
}

unwind_from_loop:
  pc -= bytecode::jump_distance(i);
unwind:
  for (;;) {
    if (const Instr* handler = find_handler(vm, base[-1], pc - 1)) {
      pc = handler;
      NEXT;
    }
    Link link = *--vm->link_top;
    if (link.pc == nullptr) return kUnwind;
    vm->register_top = link.base + as_closure(link.base[-1])->proto->aux;
    base = link.base;
    pc = link.pc;
  }
#undef R
#undef K
}

// What holds for a loop as a whole is noted at its first instruction that takes feedback.
void note_at_loop(const Instr* head, const Proto* proto, uint8_t left) {
  const Instr* end = proto->code + proto->function->code.size();
  while (head != end && !bytecode::takes_feedback(bytecode::op_of(*head))) head++;
  if (head != end) bytecode::note_feedback(head, left);
}

// What has holes is often read in several places, and each would be left many times before it is known; so all expect them from now on.
void note_holes(const Proto* proto) {
  for (const Instr& i : proto->function->code)
    if (bytecode::op_of(i) == bytecode::Op::kVectorRef && (i.x & bytecode::kSawFloats)) bytecode::note_feedback(&i, bytecode::kLeftForHoles);
}

// Where the interpreter leaves no trace of what compiled code did not expect: fixnums for floats, and a generic vector for one of doubles.
void note_other_operand(const Instr* at) {
  const bytecode::Op op = bytecode::op_of(*at);
  if (bytecode::is_arithmetic(op) && (at->x & (bytecode::kSawFloats | bytecode::kSawMixed))) bytecode::note_feedback(at, bytecode::kSawOther);
  const bool is_access = op == bytecode::Op::kVectorRef || op == bytecode::Op::kVectorSet;
  if (is_access && (at->x & bytecode::kSawFloats)) bytecode::note_feedback(at, bytecode::kSawMixed);
}

// Other operands than packed vectors and what belongs there are an error in every tier.
bool fails_anyway(bytecode::Op op) {
  return op == bytecode::Op::kF64Ref || op == bytecode::Op::kF64Set || op == bytecode::Op::kBytesRef || op == bytecode::Op::kBytesSet;
}

// Inline, so that the tail call is a jump of its caller where the build makes such jumps, and costs no frame where not.
[[gnu::always_inline]] inline Value leave_loop(VmState* vm) {
  Value next = vm->tail_callee;
  return as_closure(next)->proto->entry(vm, next, vm->tail_argc, vm->tail_args[0], vm->tail_args[1],
                                        vm->tail_args[2]);
}

}  // namespace

void note_deopt(VmState* vm, Value callee, uint64_t pc, uint64_t record, uint64_t leave_word) {
  const Proto* proto = as_closure(callee)->proto;
  const frame::LeaveCause cause = frame::cause_in(leave_word);
  const uint64_t site = cause == frame::LeaveCause::kInstruction ? frame::subject_in(leave_word) : pc;
  const Instr* at = proto->code + site;
  switch (cause) {
    case frame::LeaveCause::kInstruction:
      if (fails_anyway(bytecode::op_of(*at))) return;
      note_other_operand(at);
      proto->function->left_at.add(static_cast<uint32_t>(site), proto->function->code.size());
      break;
    case frame::LeaveCause::kBeforeLoop:
      note_at_loop(at, proto, bytecode::kLeftBeforeLoop);
      break;
    case frame::LeaveCause::kNotCarried:
      note_at_loop(at, proto, bytecode::kLeftNotCarried);
      break;
    case frame::LeaveCause::kBeforeCounting:
      bytecode::note_feedback(proto->code + frame::subject_in(leave_word), bytecode::kLeftBeforeCounting);
      break;
    case frame::LeaveCause::kNotSmall:
      bytecode::note_feedback(proto->code + frame::subject_in(leave_word), bytecode::kLeftNotSmall);
      break;
    case frame::LeaveCause::kHoles:
      note_holes(proto);
      break;
    case frame::LeaveCause::kResult:
      break;
    case frame::LeaveCause::kOutside:
    case frame::LeaveCause::kAlong:
      return;
  }
  if (auto* deoptimised = frame::vm_of(vm).hooks.deoptimised) deoptimised(vm, callee, record, static_cast<uint32_t>(site));
}

// In a frame of its own, with copies of the registers, which the collector finds there while `before` runs.
template <class Before, class After>
Value go_on(VmState* vm, Value callee, uint64_t pc, const Value* registers, Before before, After after) {
  Proto* proto = as_closure(callee)->proto;
  Value* saved_top = vm->register_top;
  Value* base = saved_top + 1;
  if (base + proto->aux > vm->register_limit || vm->link_top == vm->link_limit) [[unlikely]]
    return registers_exhausted(vm);
  base[-1] = callee;
  for (uint64_t r = 0; r < proto->aux; r++) base[r] = registers[r];
  vm->register_top = base + proto->aux;
  before();
  *vm->link_top++ = Link{nullptr, nullptr};
  Value result = run(vm, base, proto->code + pc);
  vm->register_top = saved_top;
  after();
  return result == kTailCallOut ? leave_loop(vm) : result;
}

// By then the interpreter has noted what the code did not expect.
Value resume(VmState* vm, Value callee, uint64_t pc, Value record, Value leave_word, Value) {
  const auto before = [&] { note_deopt(vm, callee, pc, record.bits, leave_word.bits); };
  const auto after = [&] {
    if (auto* code_left = frame::vm_of(vm).hooks.code_left) code_left(vm, callee, record.bits);
  };
  return go_on(vm, callee, pc, vm->xargs, before, after);
}

Value go_on_in_loop(VmState* vm, Value callee, uint64_t pc, const Value* registers) {
  const auto before = [&] {
    if (auto* missing = frame::vm_of(vm).hooks.loop_entry_missing) missing(vm, callee);
  };
  return go_on(vm, callee, pc, registers, before, [] {});
}

Value enter(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2) {
  Proto* proto = as_closure(callee)->proto;
  if (argc != proto->expected) [[unlikely]]
    return normalise(vm, callee, argc, a0, a1, a2);
  if ((proto->countdown -= vm->call_weight) < 0 && ask_policy(vm, callee)) [[unlikely]]
    return proto->entry(vm, callee, argc, a0, a1, a2);
  Value* saved_top = vm->register_top;
  Value* base = saved_top + 1;
  if (base + proto->aux > vm->register_limit || vm->link_top == vm->link_limit) [[unlikely]]
    return registers_exhausted(vm);
  uint64_t n = argc & frame::kArgcMask;
  base[-1] = callee;
  base[0] = a0;
  base[1] = a1;
  base[2] = a2;
  for (uint64_t k = frame::kRegisterArguments; k < n; k++) base[k] = vm->xargs[k - frame::kRegisterArguments];
  vm->register_top = base + proto->aux;
  if (reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) < vm->stack_limit.load(std::memory_order_relaxed))
      [[unlikely]] {
    if (vm->runtime->check(vm) == kUnwind) {
      vm->register_top = saved_top;
      return kUnwind;
    }
  }
  proto->stamp = vm->epoch;
  *vm->link_top++ = Link{nullptr, nullptr};
  Value result = run(vm, base, proto->code);
  vm->register_top = saved_top;
  return result == kTailCallOut ? leave_loop(vm) : result;
}

}  // namespace terrace::interp
