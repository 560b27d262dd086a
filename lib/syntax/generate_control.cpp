// syntax/generate_control.cpp: handler regions and the forms that need them; control_forms.cpp says what each becomes.
#include "syntax/generate.hpp"

namespace terrace::syntax {

using prims::Id;

// A body whose value is wanted afterwards: never in tail position.
Target Generator::body_target(Target t) { return t.is_effect() ? t : Target::value(early_register(t)); }

// Makes the body inside a handler region. False when nothing in it can unwind.
bool Generator::region(Node* body, Target t, Label handler) {
  size_t start = asm_.region_start();
  ++region_depth_;
  make(body, t);
  --region_depth_;
  return asm_.end_region(start, handler);
}

void Generator::guard(GuardNode* n, Target t) {
  uint16_t mark = allocate();
  asm_.emit(Op::kGuard, mark);
  bound_[mark] = true;
  Target inner = body_target(t);
  Label handler = asm_.label(), end = asm_.label(), is_error = asm_.label();
  guards_.push_back(mark);
  bool handled = region(n->body, inner, handler);
  guards_.pop_back();
  asm_.emit(Op::kUnguard, mark);
  deliver(t, inner.reg);
  if (!handled) return;
  asm_.jump(end);
  asm_.bind_handler(handler);
  uint16_t unwind = allocate();
  asm_.emit(Op::kCatch, unwind, mark);
  n->unwind->reg = unwind;
  bound_[unwind] = true;
  uint16_t value = allocate();
  call_primitive(Id::k_is_error_unwind, value, unwind, 1);
  asm_.jump(Op::kJumpIf, value, 0, is_error);
  asm_.emit(Op::kThrow, unwind);
  asm_.bind(is_error);
  if (n->condition->uses > 0 || n->condition->assigned) call_primitive(Id::k_unwind_value, value, unwind, 1);
  settle_parameter(n->condition, value);
  make(n->handler, t);
  asm_.bind(end);
}

void Generator::escape(EscapeNode* n, Target t) {
  if (!n->direct) {
    indirect_escape(n, t);
    return;
  }
  Exit exit{t, asm_.label(), region_depth_, guards_.size()};
  n->exit = &exit;
  make(n->body, t);
  n->exit = nullptr;
  asm_.bind(exit.end);
}

void Generator::indirect_escape(EscapeNode* n, Target t) {
  uint16_t mark = allocate(), k = allocate();
  asm_.emit(Op::kMark, mark);
  call_primitive(Id::k_push_escape, k, k, 0);
  bound_[mark] = bound_[k] = true;
  n->variable->reg = k;
  if (n->variable->assigned) {
    uint16_t own = allocate();
    asm_.emit(Op::kMove, own, k);
    settle_parameter(n->variable, own);
  }
  Target inner = body_target(t);
  Label handler = asm_.label(), end = asm_.label(), ours = asm_.label();
  bool handled = region(n->body, inner, handler);
  uint16_t ignored = allocate();
  call_primitive(Id::k_pop_dynamic, ignored, mark, 1);
  deliver(t, inner.reg);
  if (!handled) return;
  asm_.jump(end);
  asm_.bind_handler(handler);
  uint16_t unwind = allocate(), pair = allocate(), value = allocate();
  asm_.emit(Op::kCatch, unwind, mark);
  asm_.emit(Op::kMove, pair, unwind);
  asm_.emit(Op::kMove, value, k);
  call_primitive(Id::k_is_escape_to, value, pair, 2);
  asm_.jump(Op::kJumpIf, value, 0, ours);
  asm_.emit(Op::kThrow, unwind);
  asm_.bind(ours);
  call_primitive(Id::k_unwind_value, value, unwind, 1);
  deliver(t, value);
  asm_.bind(end);
}

void Generator::wind(WindNode* n, Target t) {
  make(n->before, Target::effect());
  uint16_t mark = allocate();
  asm_.emit(Op::kMark, mark);
  bound_[mark] = true;
  Target inner = body_target(t);
  Label handler = asm_.label(), end = asm_.label();
  bool handled = region(n->body, inner, handler);
  make(n->after, Target::effect());
  deliver(t, inner.reg);
  if (!handled) return;
  asm_.jump(end);
  asm_.bind_handler(handler);
  uint16_t unwind = allocate();
  asm_.emit(Op::kCatch, unwind, mark);
  bound_[unwind] = true;
  make(n->after, Target::effect());
  asm_.emit(Op::kThrow, unwind);
  asm_.bind(end);
}

void Generator::dynamic(DynamicNode* n, Target t) {
  std::vector<uint16_t> pairs;
  for (const DynamicEntry& entry : n->entries) {
    uint16_t key = allocate(), value = allocate();
    make(entry.key, Target::value(key));
    make(entry.value, Target::value(value));
    pairs.push_back(key);
  }
  uint16_t mark = allocate(), ignored = allocate();
  asm_.emit(Op::kMark, mark);
  bound_[mark] = true;
  for (uint16_t pair : pairs) call_primitive(static_cast<Id>(n->push), ignored, pair, 2);
  Target inner = body_target(t);
  make(n->body, inner);
  call_primitive(Id::k_pop_dynamic, ignored, mark, 1);
  deliver(t, inner.reg);
}

}  // namespace terrace::syntax
