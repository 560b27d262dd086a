// syntax/tails.cpp: contification: local functions whose calls all return to one place become code of the function
// around them.
//
// After Fluet and Weeks, "Contification Using Dominators" (2001), with the simple fixpoint. A continuation is a number:
// one for every place where a value is awaited, one for the return of every function. A call in tail position of f
// continues at the return of f; when f is itself placed inline that means: wherever the calls of f continue. Assuming
// that every candidate can be placed, the common continuation of each is computed; who has none, or can be put nowhere,
// is a closure, and it starts again.
//
// A function goes to its only call from outside (kSite), or, when there are several, behind the body of its Fix,
// provided that they continue where the Fix does (kGroup).
#include "syntax/analyse.hpp"

namespace terrace::syntax {
namespace {

class Placer {
 public:
  explicit Placer(Unit& unit) : unit_(unit) { owners_.push_back(nullptr); }

  void run(Lambda* top) {
    walk_lambda(top);
    do {
      compute_common();
    } while (!place_all());
  }

 private:
  Continuation fresh(Lambda* owner = nullptr) {
    owners_.push_back(owner);
    return static_cast<Continuation>(owners_.size() - 1);
  }

  // --- collecting the calls

  void walk_lambda(Lambda* f) {
    unit_.check_depth();
    Lambda* around = current_;
    current_ = f;
    if (f->returns == kNowhere) f->returns = fresh(f);
    for (const Optional& optional : f->optional) walk(optional.initial, fresh());
    walk(f->body, f->returns);
    current_ = around;
  }

  void walk_each(Nodes nodes) {
    for (Node* each : nodes) walk(each, fresh());
  }

  // All items but the last are waited for.
  void walk_list(Nodes items, Continuation k) {
    walk_each(items.first(items.size() - 1));
    walk(items.back(), k);
  }

  void walk(Node* node, Continuation k) {
    unit_.check_depth();
    switch (node->kind) {
      case NodeKind::kConstant:
      case NodeKind::kGlobal:
      case NodeKind::kFail:
        break;
      case NodeKind::kLocal:
        use(static_cast<LocalNode*>(node)->variable);
        break;
      case NodeKind::kSetLocal:
        walk(static_cast<SetLocalNode*>(node)->value, fresh());
        break;
      case NodeKind::kSetGlobal:
      case NodeKind::kDefineGlobal:
        walk(static_cast<SetGlobalNode*>(node)->value, fresh());
        break;
      case NodeKind::kIf: {
        auto* n = static_cast<IfNode*>(node);
        walk(n->test, fresh());
        walk(n->then, k);
        walk(n->otherwise, k);
        break;
      }
      case NodeKind::kAnd:
      case NodeKind::kOr:
      case NodeKind::kSequence:
        walk_list(static_cast<ListNode*>(node)->items, k);
        break;
      case NodeKind::kLet: {
        auto* n = static_cast<LetNode*>(node);
        for (const Binding& binding : n->bindings) walk(binding.init, fresh());
        walk(n->body, k);
        break;
      }
      case NodeKind::kFix:
        walk_fix(static_cast<FixNode*>(node), k);
        break;
      case NodeKind::kLambda:
        walk_lambda(static_cast<LambdaNode*>(node)->lambda);
        break;
      case NodeKind::kCall:
        walk_call(static_cast<CallNode*>(node), k);
        break;
      case NodeKind::kPrimitive:
        walk_each(static_cast<PrimitiveNode*>(node)->args);
        break;
      default:
        walk_control(node, k);
        break;
    }
  }

  void walk_control(Node* node, Continuation k) {
    if (node->kind == NodeKind::kGuard) {
      walk(static_cast<GuardNode*>(node)->body, fresh());
      walk(static_cast<GuardNode*>(node)->handler, k);
    } else if (node->kind == NodeKind::kEscape) {
      walk(static_cast<EscapeNode*>(node)->body, fresh());
    } else if (node->kind == NodeKind::kWind) {
      auto* n = static_cast<WindNode*>(node);
      walk(n->before, fresh());
      walk(n->body, fresh());
      walk(n->after, fresh());
    } else if (node->kind == NodeKind::kAttempt) {
      walk(static_cast<AttemptNode*>(node)->body, k);
      walk(static_cast<AttemptNode*>(node)->otherwise, k);
    } else if (node->kind == NodeKind::kReceive) {
      walk(static_cast<ReceiveNode*>(node)->init, fresh());
      walk(static_cast<ReceiveNode*>(node)->body, k);
    } else {
      auto* n = static_cast<DynamicNode*>(node);
      for (const DynamicEntry& entry : n->entries) {
        walk(entry.key, fresh());
        walk(entry.value, fresh());
      }
      walk(n->body, fresh());
    }
  }

  void walk_fix(FixNode* n, Continuation k) {
    for (Lambda* f : n->functions) {
      candidates_.push_back(f);
      f->escapes = !f->plain();
      f->fix_continuation = k;
      f->placement = Placement::kSite;
    }
    for (Lambda* f : n->functions) walk_lambda(f);
    walk(n->body, k);
  }

  void walk_call(CallNode* n, Continuation k) {
    walk_each(n->args);
    Lambda* f = n->callee->kind == NodeKind::kLocal ? static_cast<LocalNode*>(n->callee)->variable->function : nullptr;
    if (f == nullptr) {
      walk(n->callee, fresh());
      return;
    }
    f->calls.push_back({n, k, current_});
    if (n->args.size() != f->required.size()) f->escapes = true;
  }

  void use(Variable* v) {
    if (v->function != nullptr) v->function->escapes = true;
  }

  // --- solving

  // Where control goes on after `k`, seen through functions that are placed inline; kNowhere while not known.
  Continuation through(Continuation k) const {
    Lambda* owner = owners_[k];
    return owner != nullptr && owner->inlined() ? owner->common : k;
  }

  void compute_common() {
    for (Lambda* f : candidates_) {
      if (f->escapes) f->placement = Placement::kClosure;
      f->common = kNowhere;
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (Lambda* f : candidates_)
        if (f->inlined()) changed |= update_common(f);
    }
  }

  bool update_common(Lambda* f) {
    Continuation before = f->common;
    for (const Lambda::Call& call : f->calls) {
      Continuation k = through(call.continuation);
      if (k == kNowhere || k == f->common) continue;
      if (f->common != kNowhere) {
        f->placement = Placement::kClosure;  // two different ones
        return true;
      }
      f->common = k;
    }
    return f->common != before;
  }

  static bool is_inside(const Lambda* inner, const Lambda* outer) {
    for (; inner != nullptr; inner = inner->parent)
      if (inner == outer) return true;
    return false;
  }

  // True when every placement held.
  bool place_all() {
    bool good = true;
    for (Lambda* f : candidates_)
      if (f->inlined()) good &= place(f);
    return good && !changed_since_common();
  }

  bool place(Lambda* f) {
    f->site = nullptr;
    size_t outside = 0;
    for (const Lambda::Call& call : f->calls) {
      if (is_inside(call.from, f)) continue;
      ++outside;
      f->site = call.node;
    }
    f->recursive = outside != f->calls.size();
    if (f->common == kNowhere || outside == 0) {
      f->placement = Placement::kDead;
    } else if (outside == 1) {
      f->placement = Placement::kSite;
    } else if (f->common == through(f->fix_continuation)) {
      f->placement = Placement::kGroup;
      f->recursive = true;
      f->site = nullptr;
    } else {
      f->placement = Placement::kClosure;
      return false;
    }
    return true;
  }

  // A function that update_common gave up after others had used its continuation makes the result stale.
  bool changed_since_common() const {
    for (Lambda* f : candidates_) {
      if (!f->inlined() || f->placement == Placement::kDead) continue;
      for (const Lambda::Call& call : f->calls) {
        Continuation k = through(call.continuation);
        if (k != kNowhere && k != f->common) return true;
      }
    }
    return false;
  }

  Unit& unit_;
  Lambda* current_ = nullptr;
  std::vector<Lambda*> candidates_;
  std::vector<Lambda*> owners_;  // of each continuation that is a function's return
};

}  // namespace

void find_placements(Unit& unit, Lambda* top) { Placer(unit).run(top); }

}  // namespace terrace::syntax
