// syntax/touched.cpp: which registers evaluating an expression may read or set.
#include "syntax/generate.hpp"

namespace terrace::syntax {

// Registers of variables that have one; a variable inside the expression, not bound yet, has none.
void Generator::collect_touched(Node* node, std::vector<uint16_t>& registers) const {
  unit_.check_depth();
  auto touch = [&](const Variable* v) {
    if (v->home == function_ && v->reg >= 0) registers.push_back(static_cast<uint16_t>(v->reg));
  };
  auto touch_captures = [&](const Lambda* f) {
    for (const Variable* v : f->captures) touch(v);
  };
  auto each = [&](Nodes nodes) {
    for (Node* item : nodes) collect_touched(item, registers);
  };
  switch (node->kind) {
    case NodeKind::kConstant:
    case NodeKind::kGlobal:
    case NodeKind::kFail:
      break;
    case NodeKind::kLocal:
      touch(static_cast<LocalNode*>(node)->variable);
      break;
    case NodeKind::kSetLocal:
      touch(static_cast<SetLocalNode*>(node)->variable);
      collect_touched(static_cast<SetLocalNode*>(node)->value, registers);
      break;
    case NodeKind::kSetGlobal:
    case NodeKind::kDefineGlobal:
      collect_touched(static_cast<SetGlobalNode*>(node)->value, registers);
      break;
    case NodeKind::kIf: {
      Node* parts[] = {static_cast<IfNode*>(node)->test, static_cast<IfNode*>(node)->then,
                       static_cast<IfNode*>(node)->otherwise};
      each(parts);
      break;
    }
    case NodeKind::kAnd:
    case NodeKind::kOr:
    case NodeKind::kSequence:
      each(static_cast<ListNode*>(node)->items);
      break;
    case NodeKind::kLet:
      for (const Binding& binding : static_cast<LetNode*>(node)->bindings) collect_touched(binding.init, registers);
      collect_touched(static_cast<LetNode*>(node)->body, registers);
      break;
    case NodeKind::kFix:
      for (Lambda* f : static_cast<FixNode*>(node)->functions) {
        if (f->placement == Placement::kClosure) touch_captures(f);
        if (f->placement == Placement::kGroup) collect_touched(f->body, registers);
      }
      collect_touched(static_cast<FixNode*>(node)->body, registers);
      break;
    case NodeKind::kLambda:
      touch_captures(static_cast<LambdaNode*>(node)->lambda);
      break;
    case NodeKind::kCall: {
      auto* n = static_cast<CallNode*>(node);
      each(n->args);
      collect_touched(n->callee, registers);
      Lambda* f =
          n->callee->kind == NodeKind::kLocal ? static_cast<LocalNode*>(n->callee)->variable->function : nullptr;
      if (f != nullptr && f->inlined() && f->site == n) collect_touched(f->body, registers);
      break;
    }
    case NodeKind::kPrimitive:
      each(static_cast<PrimitiveNode*>(node)->args);
      break;
    case NodeKind::kGuard:
      collect_touched(static_cast<GuardNode*>(node)->body, registers);
      collect_touched(static_cast<GuardNode*>(node)->handler, registers);
      break;
    case NodeKind::kEscape:
      collect_touched(static_cast<EscapeNode*>(node)->body, registers);
      break;
    case NodeKind::kWind: {
      Node* parts[] = {static_cast<WindNode*>(node)->before, static_cast<WindNode*>(node)->body,
                       static_cast<WindNode*>(node)->after};
      each(parts);
      break;
    }
    case NodeKind::kAttempt:
      collect_touched(static_cast<AttemptNode*>(node)->body, registers);
      collect_touched(static_cast<AttemptNode*>(node)->otherwise, registers);
      break;
    case NodeKind::kReceive:
      collect_touched(static_cast<ReceiveNode*>(node)->init, registers);
      collect_touched(static_cast<ReceiveNode*>(node)->body, registers);
      break;
    case NodeKind::kDynamic:
      for (const DynamicEntry& entry : static_cast<DynamicNode*>(node)->entries) {
        collect_touched(entry.key, registers);
        collect_touched(entry.value, registers);
      }
      collect_touched(static_cast<DynamicNode*>(node)->body, registers);
      break;
  }
}

}  // namespace terrace::syntax
