// syntax/generate.cpp: registers, variables and the simple expressions.
#include "syntax/generate.hpp"

#include <algorithm>

#include "value/objects.hpp"

namespace terrace::syntax {

using bytecode::ConstantKind;
using bytecode::Instr;

uint16_t Generator::allocate() {
  if (next_ + Assembler::kMaxPreloads >= bytecode::kMaxRegisters)
    unit_.fail(asm_.position(),
               "a function that needs more than " + std::to_string(bytecode::kMaxRegisters) + " registers",
               "split it into several functions");
  bound_[next_] = false;
  max_ = std::max(max_, next_ + 1);
  return static_cast<uint16_t>(next_++);
}

void Generator::run() {
  asm_.set_position(function_->at);
  enter_function();
  function_->head = asm_.label();
  asm_.bind(function_->head);
  make(function_->body, Target::tail());
}

// Parameters arrive in the first registers, in order; absent optional ones as the unset marker.
void Generator::enter_function() {
  Lambda* f = function_;
  parameters_ = static_cast<uint32_t>(f->required.size() + f->optional.size() + (f->rest != nullptr));
  for (uint32_t i = 0; i < parameters_; ++i) allocate();
  uint16_t reg = 0;
  for (Variable* v : f->required) settle_parameter(v, reg++);
  // Before the defaults, which may mention it when it stands before the keyword parameters.
  if (f->rest != nullptr) settle_parameter(f->rest, static_cast<uint16_t>(parameters_ - 1));
  for (const Optional& optional : f->optional) settle_optional(optional, reg++);
}

void Generator::settle_optional(const Optional& optional, uint16_t reg) {
  if (!value::is_nil(optional.keyword))
    keys_.push_back({asm_.constant(ConstantKind::kData, optional.keyword), optional.required});
  Label given = asm_.label();
  uint16_t supplied = optional.supplied != nullptr ? allocate() : uint16_t{0};
  if (optional.supplied != nullptr) load(supplied, value::kTrue);
  asm_.jump(Op::kJumpSet, reg, 0, given);
  if (optional.supplied != nullptr) load(supplied, value::kFalse);
  make(optional.initial, Target::value(reg));
  asm_.bind(given);
  settle_parameter(optional.variable, reg);
  if (optional.supplied != nullptr) settle_parameter(optional.supplied, supplied);
}

void Generator::settle_parameter(Variable* v, uint16_t reg) {
  v->reg = reg;
  if (v->boxed()) asm_.emit(Op::kMakeBox, reg, reg);
  bound_[reg] = true;
}

// Hands on a result that is in `reg`.
void Generator::deliver(Target t, uint16_t reg) {
  if (t.is_tail()) asm_.emit(Op::kReturn, reg);
  if (t.is_value()) asm_.emit(Op::kMove, t.reg, reg);
  if (t.is_values()) spread(*t.receiver, reg);
}

void Generator::deliver_unspecified(Target t) {
  if (!t.is_effect()) constant(value::kUnspecified, t);
}

void Generator::make(Node* node, Target t) {
  if (!asm_.reachable()) return;
  unit_.check_depth();
  Position before = asm_.position();
  asm_.set_position(node->at);
  make_kind(node, t);
  asm_.set_position(before);
}

void Generator::make_kind(Node* node, Target t) {
  Temporaries temporaries(*this);
  switch (node->kind) {
    case NodeKind::kConstant:
      constant(static_cast<ConstantNode*>(node)->value, t);
      break;
    case NodeKind::kLocal: {
      Variable* v = static_cast<LocalNode*>(node)->variable;
      if (t.is_value())
        read(v, t.reg);
      else if (!t.is_effect() || v->checked)
        deliver(t, operand(node));
      break;
    }
    case NodeKind::kGlobal: {
      uint16_t reg = result_register(t);
      asm_.emit(Op::kGlobal, reg, asm_.constant(ConstantKind::kGlobal, static_cast<GlobalNode*>(node)->cell));
      deliver(t, reg);
      break;
    }
    case NodeKind::kSetLocal:
      set_local(static_cast<SetLocalNode*>(node), t);
      break;
    case NodeKind::kSetGlobal:
    case NodeKind::kDefineGlobal:
      set_global(static_cast<SetGlobalNode*>(node), t);
      break;
    case NodeKind::kIf:
      choose(static_cast<IfNode*>(node), t);
      break;
    case NodeKind::kAnd:
      both(static_cast<ListNode*>(node), t);
      break;
    case NodeKind::kOr:
      either(static_cast<ListNode*>(node), t);
      break;
    case NodeKind::kSequence:
      sequence(static_cast<ListNode*>(node)->items, t);
      break;
    case NodeKind::kLet:
      let(static_cast<LetNode*>(node), t);
      break;
    case NodeKind::kFix:
      fix(static_cast<FixNode*>(node), t);
      break;
    case NodeKind::kLambda: {
      if (t.is_effect()) break;
      uint16_t reg = result_register(t);
      closure(static_cast<LambdaNode*>(node)->lambda, reg);
      deliver(t, reg);
      break;
    }
    case NodeKind::kCall:
      call(static_cast<CallNode*>(node), t);
      break;
    case NodeKind::kPrimitive:
      primitive(static_cast<PrimitiveNode*>(node), t);
      break;
    case NodeKind::kGuard:
      guard(static_cast<GuardNode*>(node), t);
      break;
    case NodeKind::kEscape:
      escape(static_cast<EscapeNode*>(node), t);
      break;
    case NodeKind::kWind:
      wind(static_cast<WindNode*>(node), t);
      break;
    case NodeKind::kDynamic:
      dynamic(static_cast<DynamicNode*>(node), t);
      break;
    case NodeKind::kAttempt:
      attempt(static_cast<AttemptNode*>(node), t);
      break;
    case NodeKind::kFail:
      asm_.jump(static_cast<FailNode*>(node)->attempt->label);
      break;
    case NodeKind::kReceive:
      receive(static_cast<ReceiveNode*>(node), t);
      break;
  }
}

void Generator::sequence(Nodes items, Target t) {
  for (Node* each : items.first(items.size() - 1)) make(each, Target::effect());
  make(items.back(), t);
}

// --- literals
// ---------------------------------------------------------------------------------------------------------

void Generator::constant(Value v, Target t) {
  if (t.is_effect()) return;
  uint16_t reg = result_register(t);
  load(reg, v);
  deliver(t, reg);
}

Instr Generator::load_instruction(uint16_t reg, Value v) {
  auto op = [](Op o) { return static_cast<uint8_t>(o); };
  if (value::is_fixnum(v) && value::fixnum_value(v) >= INT32_MIN && value::fixnum_value(v) <= INT32_MAX) {
    auto bits = static_cast<uint32_t>(value::fixnum_value(v));
    return {op(Op::kInt), 0, reg, static_cast<uint16_t>(bits), static_cast<uint16_t>(bits >> 16)};
  }
  bool special = value::tag_of(v) == value::kTagSpecial && !value::is_char(v);
  if (special) return {op(Op::kSpecial), 0, reg, static_cast<uint16_t>(v.bits >> 8), 0};
  return {op(Op::kConst), 0, reg, asm_.constant(ConstantKind::kData, v), 0};
}

void Generator::load(uint16_t reg, Value v) {
  if (!asm_.reachable()) return;
  Instr i = load_instruction(reg, v);
  asm_.emit(static_cast<Op>(i.op), i.a, i.b, i.c, i.x);
}

// --- variables
// --------------------------------------------------------------------------------------------------------

uint16_t Generator::capture_index(const Variable* v) const {
  const std::vector<Variable*>& captures = function_->captures;
  return static_cast<uint16_t>(std::find(captures.begin(), captures.end(), v) - captures.begin());
}

uint16_t Generator::preload(std::unordered_map<uint64_t, uint16_t>& known, uint64_t key, Instr load) {
  auto [place, fresh] = known.emplace(key, 0);
  if (fresh) place->second = asm_.new_preload();
  load.a = place->second;
  if (loop_->add(place->second)) asm_.insert(loop_->marker(), load);
  return place->second;
}

uint16_t Generator::preload_constant(Value v) { return preload(preloaded_constants_, v.bits, load_instruction(0, v)); }

uint16_t Generator::preload_capture(uint16_t index) {
  return preload(preloaded_captures_, index, Instr{static_cast<uint8_t>(Op::kCapture), 0, 0, index, 0});
}

// The register with the variable's word: its value, or its box when it has one.
uint16_t Generator::word_of(Variable* v, int scratch) {
  if (v->home == function_) return static_cast<uint16_t>(v->reg);
  if (v->function == function_) {
    uint16_t reg = take(scratch);
    asm_.emit(Op::kSelf, reg);
    return reg;
  }
  uint16_t index = capture_index(v);
  if (loop_ != nullptr && asm_.can_preload() && asm_.reachable()) return preload_capture(index);
  uint16_t reg = take(scratch);
  asm_.emit(Op::kCapture, reg, index);
  return reg;
}

void Generator::read(Variable* v, uint16_t into) {
  bool captured = v->home != function_ && v->function != function_;
  if (captured && !v->boxed()) {
    asm_.emit(Op::kCapture, into, capture_index(v));  // as cheap as a move from a preload
  } else {
    uint16_t word = word_of(v, into);
    asm_.emit(v->boxed() ? Op::kUnbox : Op::kMove, into, word);
  }
  check_set(v, into);
}

// An error when the variable is read before its definition.
void Generator::check_set(Variable* v, uint16_t reg) {
  if (!v->checked) return;
  Temporaries temporaries(*this);
  Label good = asm_.label();
  asm_.jump(Op::kJumpSet, reg, 0, good);
  uint16_t name = allocate();
  load(name, v->name);
  call_primitive(prims::Id::k_uninitialised, name, name, 1);
  asm_.bind(good);
}

// True when the node is a variable whose register can be used as it is.
bool Generator::is_in_place(const Node* node) const {
  if (node->kind != NodeKind::kLocal) return false;
  const Variable* v = static_cast<const LocalNode*>(node)->variable;
  return v->home == function_ && !v->boxed() && !v->checked;
}

// A register that holds the node's value: the variable's own, a preload, or a fresh one.
uint16_t Generator::operand(Node* node, int scratch) {
  if (node->kind == NodeKind::kConstant && loop_ != nullptr && asm_.can_preload() && asm_.reachable())
    return preload_constant(static_cast<ConstantNode*>(node)->value);
  if (node->kind == NodeKind::kLocal) {
    Variable* v = static_cast<LocalNode*>(node)->variable;
    if (!v->boxed() && asm_.reachable()) {
      uint16_t reg = word_of(v, scratch);
      check_set(v, reg);
      return reg;
    }
  }
  uint16_t reg = take(scratch);
  make(node, Target::value(reg));
  return reg;
}

// All operands, evaluated in order. A variable that a later operand may set is copied first.
std::vector<uint16_t> Generator::operands(Nodes nodes, Target t) {
  std::vector<uint16_t> registers;
  int scratch = scratch_of(t);
  for (size_t i = 0; i < nodes.size(); ++i) {
    bool set_later =
        std::any_of(nodes.begin() + static_cast<ptrdiff_t>(i) + 1, nodes.end(), [](Node* n) { return n->assigns; });
    if (is_in_place(nodes[i]) && static_cast<LocalNode*>(nodes[i])->variable->assigned && set_later) {
      registers.push_back(allocate());
      make(nodes[i], Target::value(registers.back()));
      continue;
    }
    registers.push_back(operand(nodes[i], scratch));
    if (scratch >= 0 && registers.back() == scratch) scratch = -1;
  }
  return registers;
}

// --- binding
// ----------------------------------------------------------------------------------------------------------

void Generator::let(LetNode* n, Target t) {
  bind_all(n->bindings);
  make(n->body, t);
}

void Generator::bind_all(std::span<Binding> bindings) {
  for (const Binding& binding : bindings) bind(binding.variable, binding.init, true);
}

// The variable of an init that is only another name for it.
Variable* Generator::shareable(Node* init) const {
  if (!is_in_place(init)) return nullptr;
  Variable* v = static_cast<LocalNode*>(init)->variable;
  return v->assigned ? nullptr : v;
}

// Gives the variable a register and its first value.
void Generator::bind(Variable* v, Node* init, bool may_share) {
  if (v->uses == 0 && !v->assigned && may_share) {
    make(init, Target::effect());
    return;
  }
  Variable* other = may_share && !v->assigned && !v->checked ? shareable(init) : nullptr;
  if (other != nullptr) {
    v->reg = other->reg;
    return;
  }
  uint16_t reg = allocate();
  make(init, Target::value(reg));
  if (v->boxed()) asm_.emit(Op::kMakeBox, reg, reg);
  v->reg = reg;
  bound_[reg] = true;
}

void Generator::set_local(SetLocalNode* n, Target t) {
  Variable* v = n->variable;
  if (v->boxed()) {
    uint16_t value = operand(n->value);
    asm_.emit(Op::kSetBox, word_of(v, -1), value);
  } else {
    make(n->value, Target::value(static_cast<uint16_t>(v->reg)));
  }
  deliver_unspecified(t);
}

void Generator::set_global(SetGlobalNode* n, Target t) {
  uint16_t reg = operand(n->value, scratch_of(t));
  asm_.emit(n->kind == NodeKind::kSetGlobal ? Op::kSetGlobal : Op::kDefineGlobal, reg,
            asm_.constant(ConstantKind::kGlobal, n->cell));
  deliver_unspecified(t);
}

}  // namespace terrace::syntax
