// syntax/generate_calls.cpp: calls, inlined functions and loops, closures.
//
// An inlined function's parameters are registers. Its code stands at its only call from outside, or behind the body of
// its Fix; every other call of it puts the new values into those registers and jumps. Its value goes where the value of
// all its calls goes, so it needs no return.
#include <algorithm>

#include "syntax/generate.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using bytecode::CaptureSource;
using bytecode::ConstantKind;

namespace {

Variable* called_variable(const CallNode* n) {
  return n->callee->kind == NodeKind::kLocal ? static_cast<LocalNode*>(n->callee)->variable : nullptr;
}

}  // namespace

void Generator::call(CallNode* n, Target t) {
  Variable* v = called_variable(n);
  if (v != nullptr && v->escape != nullptr && v->escape->direct) {
    jump_to_exit(v->escape, n);
  } else if (v != nullptr && v->function != nullptr && v->function->inlined()) {
    inline_call(n, v->function, t);
  } else if (v != nullptr && v->function == function_ && t.is_tail() && function_->plain() &&
             n->args.size() == function_->required.size()) {
    rebind(function_->required, n->args);
    asm_.jump(Op::kLoop, 0, 0, function_->head);
  } else {
    general_call(n, t);
  }
}

namespace {

// How many more nodes `node` has, down from `budget`; negative when they are too many or one must not be generated
// twice.
int spend(const Node* node, int budget) {
  auto each = [&](Nodes nodes) {
    for (const Node* item : nodes)
      if (budget >= 0) budget = spend(item, budget);
    return budget;
  };
  if (--budget < 0) return budget;
  switch (node->kind) {
    case NodeKind::kConstant:
    case NodeKind::kLocal:
    case NodeKind::kGlobal:
      return budget;
    case NodeKind::kPrimitive:
      return each(static_cast<const PrimitiveNode*>(node)->args);
    case NodeKind::kAnd:
    case NodeKind::kOr:
      return each(static_cast<const ListNode*>(node)->items);
    case NodeKind::kIf: {
      auto* n = static_cast<const IfNode*>(node);
      Node* parts[] = {n->test, n->then, n->otherwise};
      return each(parts);
    }
    case NodeKind::kCall: {
      auto* n = static_cast<const CallNode*>(node);
      const Variable* v = called_variable(n);
      if (v != nullptr && v->function != nullptr && v->function->inlined()) return -1;
      budget = spend(n->callee, budget);
      return each(n->args);
    }
    default:
      return -1;
  }
}

}  // namespace

// A tail call of the global function that this one is defined as, with arguments that may be generated twice.
bool Generator::calls_own_name(const CallNode* n, Target t) const {
  if (!t.is_tail() || n->callee->kind != NodeKind::kGlobal || !function_->plain()) return false;
  if (static_cast<GlobalNode*>(n->callee)->cell != function_->global || n->args.size() != function_->required.size())
    return false;
  int budget = 48;
  for (const Node* arg : n->args)
    if (budget >= 0) budget = spend(arg, budget);
  return budget >= 0;
}

// A loop as long as the global still holds the running closure; what follows is the call in case it does not.
void Generator::loop_by_name(CallNode* n) {
  Temporaries temporaries(*this);
  Label other = asm_.label();
  asm_.jump(Op::kJumpNotSelf, 0, asm_.constant(ConstantKind::kGlobal, function_->global), other);
  rebind(function_->required, n->args);
  asm_.jump(Op::kLoop, 0, 0, function_->head);
  asm_.bind(other);
}

void Generator::general_call(CallNode* n, Target t) {
  if (calls_own_name(n, t)) loop_by_name(n);
  uint16_t base = is_top(t) ? t.reg : allocate();
  bool global = n->callee->kind == NodeKind::kGlobal;
  if (!global) make(n->callee, Target::value(base));
  for (Node* arg : n->args) {
    uint16_t reg = allocate();
    make(arg, Target::value(reg));
  }
  auto count = static_cast<uint8_t>(n->args.size());
  uint16_t result = t.is_value() ? t.reg : base;
  if (!asm_.reachable()) return;
  if (global) {
    uint16_t cell = asm_.constant(ConstantKind::kGlobal, static_cast<GlobalNode*>(n->callee)->cell);
    asm_.emit(t.is_tail() ? Op::kTailCallGlobal : Op::kCallGlobal, base, cell, t.is_tail() ? uint16_t{0} : result,
              count);
  } else {
    asm_.emit(t.is_tail() ? Op::kTailCall : Op::kCall, base, 0, t.is_tail() ? uint16_t{0} : result, count);
  }
  if (t.is_values()) deliver(t, result);
}

// (k value) of a direct escape.
void Generator::jump_to_exit(EscapeNode* escape, CallNode* n) {
  const Exit& exit = *escape->exit;
  Target t = exit.target;
  if (t.is_tail() && region_depth_ != exit.region_depth) {
    // The value is still to be evaluated inside the handler regions that the jump leaves.
    uint16_t reg = allocate();
    n->args.empty() ? load(reg, value::kUnspecified) : make(n->args[0], Target::value(reg));
    leave_guards(exit);
    deliver(t, reg);
    return;
  }
  n->args.empty() ? deliver_unspecified(t) : make(n->args[0], t);
  leave_guards(exit);
  asm_.jump(exit.end);
}

// The innermost guard is again the one around the exit.
void Generator::leave_guards(const Exit& exit) {
  if (guards_.size() > exit.guards) asm_.emit(Op::kUnguard, guards_[exit.guards]);
}

// --- inlined functions
// ------------------------------------------------------------------------------------------------

void Generator::inline_call(CallNode* n, Lambda* f, Target t) {
  if (f->site == n) {
    open_at_site(n, f, t);
    return;
  }
  rebind(f->required, n->args);
  asm_.jump(asm_.is_bound(f->head) ? Op::kLoop : Op::kJump, 0, 0, f->head);
}

void Generator::open_at_site(CallNode* n, Lambda* f, Target t) {
  for (size_t i = 0; i < n->args.size(); ++i) bind(f->required[i], n->args[i], !f->recursive);
  if (!f->recursive) {
    make(f->body, t);
    return;
  }
  Loop loop(*this);
  f->head = asm_.label();
  asm_.bind(f->head);
  make(f->body, t);
}

namespace {

// One variable's new value that is not there yet.
struct Pending {
  Variable* variable;
  Node* node;  // null once the value is in `temporary`
  Conduct conduct;
  uint16_t temporary = 0;
  std::vector<uint16_t> touched;  // registers that evaluating it reads or sets
  bool touches(uint16_t reg) const { return std::find(touched.begin(), touched.end(), reg) != touched.end(); }
};

// Whether it may be evaluated before everything that stands before it. What may raise does not pass an effect, since anybody would see
// that; errors of pure operations pass each other and reads, since only which of two errors is met first depends on it.
bool may_be_next(const std::vector<Pending>& pending, size_t index) {
  Conduct conduct = pending[index].conduct;
  if (conduct == Conduct::kSilent) return true;
  for (size_t i = 0; i < index; ++i) {
    Conduct before = pending[i].conduct;
    if (before == Conduct::kEffects || (before == Conduct::kReads && conduct != Conduct::kPure)) return false;
    if (before == Conduct::kPure && conduct == Conduct::kEffects) return false;
  }
  return true;
}

// The next value that can go into its variable without harm to others; else pending.size().
size_t find_ready(const std::vector<Pending>& pending) {
  for (size_t i = 0; i < pending.size(); ++i) {
    if (!may_be_next(pending, i)) continue;
    auto reg = static_cast<uint16_t>(pending[i].variable->reg);
    bool harms = false;
    for (size_t j = 0; j < pending.size(); ++j) harms |= j != i && pending[j].touches(reg);
    if (!harms) return i;
  }
  return pending.size();
}

// What goes to a temporary when everything harms something: what others wait for, else the first.
size_t find_blocked(const std::vector<Pending>& pending) {
  size_t best = pending.size();
  for (size_t i = pending.size(); i-- > 0;)
    if (pending[i].node != nullptr && may_be_next(pending, i) && (best == pending.size() || pending[i].conduct >= pending[best].conduct))
      best = i;
  return best;
}

bool any_assigns(Nodes nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [](const Node* node) { return node->assigns; });
}

}  // namespace

// Gives all parameters their next values as if at once, evaluated from left to right as far as that can be seen, with a
// temporary only where a cycle needs one. A boxed parameter gets a fresh box, so that closures of earlier rounds keep
// theirs.
void Generator::rebind(const std::vector<Variable*>& parameters, Nodes args) {
  std::vector<Pending> pending;
  for (size_t i = 0; i < args.size(); ++i) {
    Variable* v = parameters[i];
    bool idle = !v->boxed() && is_idle(args[i], Target::value(static_cast<uint16_t>(v->reg)));
    if (idle && !(v->assigned && any_assigns(args.subspan(i + 1)))) continue;
    Pending next{v, args[i], conduct_of(args[i])};
    collect_touched(args[i], next.touched);
    pending.push_back(std::move(next));
  }
  while (!pending.empty()) {
    size_t i = find_ready(pending);
    if (i == pending.size()) {
      Pending& blocked = pending[find_blocked(pending)];
      blocked.temporary = allocate();
      make(blocked.node, Target::value(blocked.temporary));
      blocked.node = nullptr;
      blocked.touched.clear();
      blocked.conduct = Conduct::kSilent;
      continue;
    }
    Variable* v = pending[i].variable;
    auto reg = static_cast<uint16_t>(v->reg);
    if (v->boxed()) {
      Temporaries temporaries(*this);
      uint16_t value = pending[i].node == nullptr ? pending[i].temporary : operand(pending[i].node);
      asm_.emit(Op::kMakeBox, reg, value);
    } else if (pending[i].node == nullptr) {
      asm_.emit(Op::kMove, reg, pending[i].temporary);
    } else {
      make(pending[i].node, Target::value(reg));
    }
    pending.erase(pending.begin() + static_cast<ptrdiff_t>(i));
  }
}

// What another can see of evaluating it.
Conduct Generator::conduct_of(const Node* node) const {
  auto most = [this](Conduct conduct, auto... parts) { return std::max({conduct, conduct_of(parts)...}); };
  switch (node->kind) {
    case NodeKind::kConstant:
    case NodeKind::kLambda:
      return Conduct::kSilent;
    case NodeKind::kGlobal:
      return Conduct::kReads;
    case NodeKind::kLocal: {
      const Variable* v = static_cast<const LocalNode*>(node)->variable;
      return v->assigned || v->checked ? Conduct::kReads : Conduct::kSilent;
    }
    case NodeKind::kIf: {
      auto* n = static_cast<const IfNode*>(node);
      return most(Conduct::kSilent, n->test, n->then, n->otherwise);
    }
    case NodeKind::kAnd:
    case NodeKind::kOr:
      return conduct_of_all(static_cast<const ListNode*>(node)->items, Conduct::kSilent);
    case NodeKind::kPrimitive: {
      auto* n = static_cast<const PrimitiveNode*>(node);
      prims::Effect effect = prims::all()[n->id].effect;
      if (effect == prims::Effect::kPure) return conduct_of_all(n->args, Conduct::kPure);
      if (effect == prims::Effect::kRead || effect == prims::Effect::kAlloc) return conduct_of_all(n->args, Conduct::kReads);
      return Conduct::kEffects;
    }
    default:
      return Conduct::kEffects;
  }
}

Conduct Generator::conduct_of_all(Nodes nodes, Conduct least) const {
  for (const Node* node : nodes) least = std::max(least, conduct_of(node));
  return least;
}

// --- local functions
// --------------------------------------------------------------------------------------------------

void Generator::fix(FixNode* n, Target t) {
  make_closures(n->functions);
  bool group = std::any_of(n->functions.begin(), n->functions.end(),
                           [](Lambda* f) { return f->placement == Placement::kGroup; });
  if (group)
    make_group(n, t);
  else
    make(n->body, t);
}

// The bodies of functions that are called from several places stand one after the other behind the body of the Fix.
void Generator::make_group(FixNode* n, Target t) {
  std::vector<Lambda*> group;
  for (Lambda* f : n->functions)
    if (f->placement == Placement::kGroup) group.push_back(f);
  for (Lambda* f : group) {
    f->head = asm_.label();
    for (Variable* v : f->required) {
      v->reg = allocate();
      bound_[static_cast<size_t>(v->reg)] = true;
    }
  }
  Loop loop(*this);
  Label end = asm_.label();
  make(n->body, t);
  for (Lambda* f : group) {
    asm_.jump(end);
    asm_.bind(f->head);
    make(f->body, t);
  }
  asm_.bind(end);
}

// Closures that capture each other are made one after the other and then completed.
void Generator::make_closures(std::span<Lambda*> functions) {
  std::vector<Lambda*> made;
  for (Lambda* f : functions) {
    if (f->placement != Placement::kClosure) continue;
    f->self->reg = allocate();
    bound_[static_cast<size_t>(f->self->reg)] = true;
    made.push_back(f);
  }
  auto mentions = [](const Lambda* f, const Variable* v) {
    return std::find(f->captures.begin(), f->captures.end(), v) != f->captures.end();
  };
  for (size_t i = 0; i < made.size(); ++i) {
    auto reg = static_cast<uint16_t>(made[i]->self->reg);
    bool wanted_before = std::any_of(made.begin(), made.begin() + static_cast<ptrdiff_t>(i),
                                     [&](const Lambda* f) { return mentions(f, made[i]->self); });
    if (wanted_before) load(reg, value::kNil);
  }
  for (Lambda* f : made) closure(f, static_cast<uint16_t>(f->self->reg));
  for (size_t i = 0; i < made.size(); ++i)
    for (size_t j = i + 1; j < made.size(); ++j) {
      const std::vector<Variable*>& captures = made[i]->captures;
      auto found = std::find(captures.begin(), captures.end(), made[j]->self);
      if (found == captures.end()) continue;
      asm_.emit(Op::kSetCapture, static_cast<uint16_t>(made[i]->self->reg), static_cast<uint16_t>(made[j]->self->reg),
                static_cast<uint16_t>(found - captures.begin()));
    }
}

void Generator::closure(Lambda* f, uint16_t into) {
  if (!asm_.reachable()) return;
  Temporaries temporaries(*this);
  std::vector<CaptureSource> sources;
  for (Variable* v : f->captures) {
    if (v->home == function_) {
      sources.push_back({true, static_cast<uint16_t>(v->reg)});
    } else if (v->function == function_) {
      uint16_t self = allocate();
      asm_.emit(Op::kSelf, self);
      sources.push_back({true, self});
    } else {
      sources.push_back({false, capture_index(v)});
    }
  }
  closures_[f] = std::move(sources);
  asm_.emit(Op::kClosure, into, asm_.function_constant(f));
}

}  // namespace terrace::syntax
