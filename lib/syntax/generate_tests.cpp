// syntax/generate_tests.cpp: conditions as jumps.
//
// test(node, when, to) goes to `to` when the truth of the node is `when`, else on. Comparisons, not, and, or, null?,
// pair? and eq? never make a boolean there.
#include <algorithm>

#include "syntax/generate.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using bytecode::ConstantKind;
using prims::Id;

namespace {

bool is_constant(const Node* node) { return node->kind == NodeKind::kConstant; }
Value constant_of(const Node* node) { return static_cast<const ConstantNode*>(node)->value; }

bool small_integer(const Node* node, int* out) {
  if (!is_constant(node) || !value::is_fixnum(constant_of(node))) return false;
  int64_t n = value::fixnum_value(constant_of(node));
  if (n < INT16_MIN || n > INT16_MAX) return false;
  *out = static_cast<int>(n);
  return true;
}

// Words that are eqv? and equal? exactly when they are the same.
bool is_identity_constant(const Node* node) {
  if (!is_constant(node)) return false;
  Value v = constant_of(node);
  if (value::is_flonum_immediate(v)) return false;
  return !value::is_heap(v) || value::is_symbol(v) || value::is_keyword(v);
}

// True when the value can only be true or false, so that a jump can stand for it.
bool is_test(const Node* node) {
  if (node->kind != NodeKind::kPrimitive) return false;
  auto* n = static_cast<const PrimitiveNode*>(node);
  switch (static_cast<Id>(n->id)) {
    case Id::k_not:
    case Id::k_is_null:
    case Id::k_is_pair:
    case Id::k_is_eq:
      return true;
    case Id::k_num_eq:
    case Id::k_num_lt:
    case Id::k_num_gt:
    case Id::k_num_le:
    case Id::k_num_ge:
      return n->args.size() == 2;
    case Id::k_is_eqv:
    case Id::k_is_equal:
      return is_identity_constant(n->args[0]) || is_identity_constant(n->args[1]);
    default:
      return false;
  }
}

struct Comparison {
  Op yes;
  Op no;
};

// a op b, with b in a register or immediate.
Comparison comparison(Id id, bool immediate) {
  switch (id) {
    case Id::k_num_lt:
      return immediate ? Comparison{Op::kJumpLtImm, Op::kJumpNotLtImm} : Comparison{Op::kJumpLt, Op::kJumpNotLt};
    case Id::k_num_le:
      return immediate ? Comparison{Op::kJumpLeImm, Op::kJumpNotLeImm} : Comparison{Op::kJumpLe, Op::kJumpNotLe};
    case Id::k_num_gt:
      return {Op::kJumpGtImm, Op::kJumpNotGtImm};
    case Id::k_num_ge:
      return {Op::kJumpGeImm, Op::kJumpNotGeImm};
    default:
      return immediate ? Comparison{Op::kJumpNumEqImm, Op::kJumpNotNumEqImm}
                       : Comparison{Op::kJumpNumEq, Op::kJumpNotNumEq};
  }
}

// b op a is a mirrored(op) b.
Id mirrored(Id id) {
  switch (id) {
    case Id::k_num_lt:
      return Id::k_num_gt;
    case Id::k_num_gt:
      return Id::k_num_lt;
    case Id::k_num_le:
      return Id::k_num_ge;
    case Id::k_num_ge:
      return Id::k_num_le;
    default:
      return id;
  }
}

}  // namespace

// True when making the node for the target would emit nothing.
bool Generator::is_idle(const Node* node, Target t) const {
  if (t.is_effect()) return is_constant(node) || is_in_place(node) || node->kind == NodeKind::kLambda;
  return t.is_value() && is_in_place(node) && static_cast<const LocalNode*>(node)->variable->reg == t.reg;
}

void Generator::choose(IfNode* n, Target t) {
  if (is_constant(n->test)) {
    make(value::is_truthy(constant_of(n->test)) ? n->then : n->otherwise, t);
    return;
  }
  Label end = asm_.label();
  if (is_idle(n->otherwise, t) || is_idle(n->then, t)) {
    bool then_idle = is_idle(n->then, t);
    test(n->test, then_idle, end);
    make(then_idle ? n->otherwise : n->then, t);
    asm_.bind(end);
    return;
  }
  Label otherwise = asm_.label();
  test(n->test, false, otherwise);
  make(n->then, t);
  asm_.jump(end);
  asm_.bind(otherwise);
  make(n->otherwise, t);
  asm_.bind(end);
}

// (and ...) as a value: the first false value or the last one.
void Generator::both(ListNode* n, Target t) {
  Nodes first = n->items.first(n->items.size() - 1);
  Label end = asm_.label(), no = asm_.label();
  if (t.is_effect()) {
    for (Node* item : first) test(item, false, end);
    make(n->items.back(), t);
    asm_.bind(end);
    return;
  }
  uint16_t reg = early_register(t);
  bool jumps_to_no = false;
  for (Node* item : first) {
    if (is_test(item)) {
      test(item, false, no);
      jumps_to_no = true;
      continue;
    }
    make(item, Target::value(reg));
    asm_.jump(Op::kJumpUnless, reg, 0, end);
  }
  make(n->items.back(), t.is_tail() ? t : Target::value(reg));
  if (jumps_to_no) {
    if (!t.is_tail()) asm_.jump(end);
    asm_.bind(no);
    load(reg, value::kFalse);
  }
  asm_.bind(end);
  deliver(t, reg);
}

// (or ...) as a value: the first true value or the last one.
void Generator::either(ListNode* n, Target t) {
  Nodes first = n->items.first(n->items.size() - 1);
  Label end = asm_.label(), yes = asm_.label();
  if (t.is_effect()) {
    for (Node* item : first) test(item, true, end);
    make(n->items.back(), t);
    asm_.bind(end);
    return;
  }
  uint16_t reg = early_register(t);
  bool jumps_to_yes = false;
  for (Node* item : first) {
    if (is_test(item)) {
      test(item, true, yes);
      jumps_to_yes = true;
      continue;
    }
    make(item, Target::value(reg));
    asm_.jump(Op::kJumpIf, reg, 0, end);
  }
  make(n->items.back(), t.is_tail() ? t : Target::value(reg));
  if (jumps_to_yes) {
    if (!t.is_tail()) asm_.jump(end);
    asm_.bind(yes);
    load(reg, value::kTrue);
  }
  asm_.bind(end);
  deliver(t, reg);
}

// --- jumps
// ------------------------------------------------------------------------------------------------------------

void Generator::test(Node* node, bool when, Label to) {
  if (!asm_.reachable()) return;
  unit_.check_depth();
  Temporaries temporaries(*this);
  Position before = asm_.position();
  asm_.set_position(node->at);
  switch (node->kind) {
    case NodeKind::kConstant:
      if (value::is_truthy(constant_of(node)) == when) asm_.jump(to);
      break;
    case NodeKind::kAnd:
      test_items(static_cast<ListNode*>(node)->items, when, true, to);
      break;
    case NodeKind::kOr:
      test_items(static_cast<ListNode*>(node)->items, when, false, to);
      break;
    case NodeKind::kIf:
      test_if(static_cast<IfNode*>(node), when, to);
      break;
    case NodeKind::kSequence: {
      Nodes items = static_cast<ListNode*>(node)->items;
      for (Node* each : items.first(items.size() - 1)) make(each, Target::effect());
      test(items.back(), when, to);
      break;
    }
    case NodeKind::kAttempt:
      test_attempt(static_cast<AttemptNode*>(node), when, to);
      break;
    case NodeKind::kFail:
      asm_.jump(static_cast<FailNode*>(node)->attempt->label);
      break;
    case NodeKind::kLet:
      bind_all(static_cast<LetNode*>(node)->bindings);
      test(static_cast<LetNode*>(node)->body, when, to);
      break;
    default:
      if (node->kind == NodeKind::kPrimitive && test_primitive(static_cast<PrimitiveNode*>(node), when, to)) break;
      asm_.jump(when ? Op::kJumpIf : Op::kJumpUnless, operand(node), 0, to);
  }
  asm_.set_position(before);
}

// `all`: the items of an and, else of an or.
void Generator::test_items(Nodes items, bool when, bool all, Label to) {
  if (when != all) {
    for (Node* item : items) test(item, when, to);
    return;
  }
  Label skip = asm_.label();
  for (Node* item : items.first(items.size() - 1)) test(item, !when, skip);
  test(items.back(), when, to);
  asm_.bind(skip);
}

void Generator::test_if(IfNode* n, bool when, Label to) {
  Label otherwise = asm_.label(), end = asm_.label();
  test(n->test, false, otherwise);
  test(n->then, when, to);
  asm_.jump(end);
  asm_.bind(otherwise);
  test(n->otherwise, when, to);
  asm_.bind(end);
}

void Generator::attempt(AttemptNode* n, Target t) {
  Label end = asm_.label();
  n->label = asm_.label();
  make(n->body, t);
  asm_.jump(end);
  asm_.bind(n->label);
  make(n->otherwise, t);
  asm_.bind(end);
}

void Generator::test_attempt(AttemptNode* n, bool when, Label to) {
  Label end = asm_.label();
  n->label = asm_.label();
  test(n->body, when, to);
  asm_.jump(end);
  asm_.bind(n->label);
  test(n->otherwise, when, to);
  asm_.bind(end);
}

// False when the primitive has no jump of its own.
bool Generator::test_primitive(PrimitiveNode* n, bool when, Label to) {
  if (!is_test(n)) return false;
  auto id = static_cast<Id>(n->id);
  switch (id) {
    case Id::k_not:
      test(n->args[0], !when, to);
      return true;
    case Id::k_is_null:
      asm_.jump(when ? Op::kJumpNil : Op::kJumpNotNil, operand(n->args[0]), 0, to);
      return true;
    case Id::k_is_pair:
      asm_.jump(when ? Op::kJumpPair : Op::kJumpNotPair, operand(n->args[0]), 0, to);
      return true;
    case Id::k_is_eq:
    case Id::k_is_eqv:
    case Id::k_is_equal:
      test_sameness(n->args[0], n->args[1], when, to);
      return true;
    default:
      return test_comparison(id, n->args, when, to);
  }
}

bool Generator::test_comparison(Id id, Nodes args, bool when, Label to) {
  int imm;
  if (small_integer(args[1], &imm) || small_integer(args[0], &imm)) {
    bool second = small_integer(args[1], &imm);
    Comparison jump = comparison(second ? id : mirrored(id), true);
    asm_.jump(when ? jump.yes : jump.no, operand(args[second ? 0 : 1]), static_cast<uint16_t>(imm), to);
    return true;
  }
  std::vector<uint16_t> r = operands(args, Target::effect());
  bool swap = id == Id::k_num_gt || id == Id::k_num_ge;
  Comparison jump = comparison(swap ? mirrored(id) : id, false);
  asm_.jump(when ? jump.yes : jump.no, r[swap ? 1 : 0], r[swap ? 0 : 1], to);
  return true;
}

void Generator::test_sameness(Node* a, Node* b, bool when, Label to) {
  if (is_constant(a)) std::swap(a, b);
  if (is_constant(b) && value::is_nil(constant_of(b))) {
    asm_.jump(when ? Op::kJumpNil : Op::kJumpNotNil, operand(a), 0, to);
  } else if (is_constant(b)) {
    uint16_t reg = operand(a);
    asm_.jump(when ? Op::kJumpEqConst : Op::kJumpNotEqConst, reg, asm_.constant(ConstantKind::kData, constant_of(b)),
              to);
  } else {
    Node* both[] = {a, b};
    std::vector<uint16_t> r = operands(both, Target::effect());
    asm_.jump(when ? Op::kJumpEq : Op::kJumpNotEq, r[0], r[1], to);
  }
}

}  // namespace terrace::syntax
