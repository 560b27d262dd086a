// syntax/generate_primitives.cpp: primitives as instructions of their own, else through Prim.
#include <algorithm>
#include <optional>

#include "syntax/generate.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using prims::Id;

namespace {

struct BinaryOp {
  Op op;
  bool swapped;
};

// Instructions of the shape R[a] = R[b] op R[c].
std::optional<BinaryOp> binary_op(Id id) {
  switch (id) {
    case Id::k_add:
      return BinaryOp{Op::kAdd, false};
    case Id::k_sub:
      return BinaryOp{Op::kSub, false};
    case Id::k_mul:
      return BinaryOp{Op::kMul, false};
    case Id::k_div:
      return BinaryOp{Op::kDiv, false};
    case Id::k_quotient:
      return BinaryOp{Op::kQuotient, false};
    case Id::k_remainder:
      return BinaryOp{Op::kRemainder, false};
    case Id::k_modulo:
      return BinaryOp{Op::kModulo, false};
    case Id::k_num_eq:
      return BinaryOp{Op::kNumEq, false};
    case Id::k_num_lt:
      return BinaryOp{Op::kNumLt, false};
    case Id::k_num_le:
      return BinaryOp{Op::kNumLe, false};
    case Id::k_num_gt:
      return BinaryOp{Op::kNumLt, true};
    case Id::k_num_ge:
      return BinaryOp{Op::kNumLe, true};
    case Id::k_is_eq:
      return BinaryOp{Op::kEq, false};
    case Id::k_cons:
      return BinaryOp{Op::kCons, false};
    case Id::k_vector_ref:
      return BinaryOp{Op::kVectorRef, false};
    case Id::k_f64_ref:
      return BinaryOp{Op::kF64Ref, false};
    case Id::k_bytes_ref:
      return BinaryOp{Op::kBytesRef, false};
    default:
      return std::nullopt;
  }
}

std::optional<Op> unary_op(Id id) {
  switch (id) {
    case Id::k_not:
      return Op::kNot;
    case Id::k_car:
      return Op::kCar;
    case Id::k_cdr:
      return Op::kCdr;
    default:
      return std::nullopt;
  }
}

std::optional<Op> store_op(Id id) {
  switch (id) {
    case Id::k_vector_set:
      return Op::kVectorSet;
    case Id::k_f64_set:
      return Op::kF64Set;
    case Id::k_bytes_set:
      return Op::kBytesSet;
    default:
      return std::nullopt;
  }
}

bool fits_immediate(const Node* node, int64_t* out) {
  if (node->kind != NodeKind::kConstant) return false;
  Value v = static_cast<const ConstantNode*>(node)->value;
  if (!value::is_fixnum(v)) return false;
  *out = value::fixnum_value(v);
  return *out > INT16_MIN && *out <= INT16_MAX;
}

}  // namespace

void Generator::primitive(PrimitiveNode* n, Target t) {
  auto id = static_cast<Id>(n->id);
  if (id == Id::k_values && direct_values(n->args, t)) return;
  if (arithmetic_immediate(id, n->args, t) || as_instruction(id, n->args, t)) return;
  general_primitive(n->id, n->args, t);
}

// x + k and x - k. Not x - 0, which keeps the sign of a float zero where x + 0 would not.
bool Generator::arithmetic_immediate(Id id, Nodes args, Target t) {
  if ((id != Id::k_add && id != Id::k_sub) || args.size() != 2) return false;
  int64_t n = 0;
  Node* other = args[0];
  if (!fits_immediate(args[1], &n)) {
    if (id != Id::k_add || !fits_immediate(args[0], &n)) return false;
    other = args[1];
  }
  if (id == Id::k_sub && n == 0) return false;
  uint16_t reg = operand(other, scratch_of(t));
  uint16_t result = result_register(t);
  asm_.emit(Op::kAddImm, result, reg, static_cast<uint16_t>(id == Id::k_sub ? -n : n));
  deliver(t, result);
  return true;
}

bool Generator::as_instruction(Id id, Nodes args, Target t) {
  if (auto store = store_op(id)) {
    store_instruction(*store, args, t);
    return true;
  }
  if (id == Id::k_is_null) {
    null_test(args[0], t);
    return true;
  }
  if (auto unary = unary_op(id)) {
    uint16_t reg = operand(args[0], scratch_of(t));
    uint16_t result = result_register(t);
    asm_.emit(*unary, result, reg);
    deliver(t, result);
    return true;
  }
  auto binary = args.size() == 2 ? binary_op(id) : std::nullopt;
  if (!binary) return false;
  std::vector<uint16_t> r = operands(args, t);
  uint16_t result = result_register(t);
  asm_.emit(binary->op, result, r[binary->swapped ? 1 : 0], r[binary->swapped ? 0 : 1]);
  deliver(t, result);
  return true;
}

void Generator::store_instruction(Op op, Nodes args, Target t) {
  std::vector<uint16_t> r = operands(args, t);
  asm_.emit(op, r[0], r[1], r[2]);
  deliver_unspecified(t);
}

void Generator::null_test(Node* arg, Target t) {
  uint16_t reg = operand(arg, scratch_of(t));
  uint16_t nil = allocate();
  load(nil, value::kNil);
  uint16_t result = result_register(t);
  asm_.emit(Op::kEq, result, reg, nil);
  deliver(t, result);
}

void Generator::general_primitive(uint16_t id, Nodes args, Target t) {
  uint16_t first = consecutive(args, t);
  uint16_t result = result_register(t);
  asm_.emit(Op::kPrim, result, args.empty() ? result : first, id, static_cast<uint8_t>(args.size()));
  deliver(t, result);
}

void Generator::call_primitive(Id id, uint16_t into, uint16_t first, uint8_t count) {
  asm_.emit(Op::kPrim, into, first, static_cast<uint16_t>(id), count);
}

// True when all operands are variables whose registers follow each other already, and will when preloads have come in
// behind the parameters.
bool Generator::lie_in_a_row(Nodes args) const {
  if (!is_in_place(args[0])) return false;
  auto first = static_cast<uint32_t>(static_cast<LocalNode*>(args[0])->variable->reg);
  if (first < parameters_ && first + args.size() > parameters_) return false;
  for (size_t i = 1; i < args.size(); ++i) {
    if (!is_in_place(args[i])) return false;
    if (static_cast<uint32_t>(static_cast<LocalNode*>(args[i])->variable->reg) != first + i) return false;
  }
  return true;
}

// Evaluates the operands into registers in a row; answers the first.
uint16_t Generator::consecutive(Nodes args, Target t) {
  if (args.empty()) return 0;
  if (args.size() == 1) return operand(args[0], scratch_of(t));
  if (lie_in_a_row(args)) return static_cast<uint16_t>(static_cast<LocalNode*>(args[0])->variable->reg);
  uint16_t first = is_top(t) ? t.reg : allocate();
  make(args[0], Target::value(first));
  for (Node* arg : args.subspan(1)) {
    uint16_t reg = allocate();
    make(arg, Target::value(reg));
  }
  return first;
}

}  // namespace terrace::syntax
