// syntax/resolve.cpp: homes, captures, direct escapes, and which expressions set local variables.
//
// The walk follows the places where code will stand: the body of an inlined function is visited at its only call or
// behind its Fix, in the bytecode function that contains that place, whatever function it was written in.
#include <algorithm>

#include "syntax/analyse.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {
namespace {

class Resolver {
 public:
  explicit Resolver(Unit& unit) : unit_(unit) {}

  void run(Lambda* top) {
    visit_function(top);
    settle_escapes();
  }

 private:
  // What a jump out of the innermost form would skip: a dynamic entry or an after thunk when `escape` is null, else
  // whatever that call/ec will need.
  struct Barrier {
    const Barrier* outer;
    EscapeNode* escape;
  };
  class Within {
   public:
    Within(Resolver& resolver, EscapeNode* escape) : resolver_(resolver), barrier_{resolver.barrier_, escape} {
      resolver_.barrier_ = &barrier_;
    }
    ~Within() { resolver_.barrier_ = barrier_.outer; }
    Within(const Within&) = delete;

   private:
    Resolver& resolver_;
    Barrier barrier_;
  };

  void visit_function(Lambda* f) {
    Lambda* around = home_;
    const Barrier* barrier = barrier_;
    f->enclosing = around;
    home_ = f;
    barrier_ = nullptr;
    bind_parameters(f);
    for (const Optional& optional : f->optional) visit(optional.initial);
    visit(f->body);
    home_ = around;
    barrier_ = barrier;
  }

  void bind_parameters(Lambda* f) {
    for (Variable* v : f->required) v->home = home_;
    for (const Optional& optional : f->optional) {
      optional.variable->home = home_;
      if (optional.supplied != nullptr) optional.supplied->home = home_;
    }
    if (f->rest != nullptr) f->rest->home = home_;
  }

  // Answers whether evaluating the node may set a local variable of the running function.
  bool visit(Node* node) {
    unit_.check_depth();
    node->assigns = visit_kind(node);
    return node->assigns;
  }

  bool visit_each(Nodes nodes) {
    bool assigns = false;
    for (Node* each : nodes) assigns |= visit(each);
    return assigns;
  }

  bool visit_kind(Node* node) {
    switch (node->kind) {
      case NodeKind::kConstant:
      case NodeKind::kGlobal:
      case NodeKind::kFail:
        return false;
      case NodeKind::kLocal:
        visit_local(static_cast<LocalNode*>(node));
        return false;
      case NodeKind::kSetLocal:
        visit(static_cast<SetLocalNode*>(node)->value);
        reach(static_cast<SetLocalNode*>(node)->variable);
        return true;
      case NodeKind::kSetGlobal:
      case NodeKind::kDefineGlobal:
        return visit(static_cast<SetGlobalNode*>(node)->value);
      case NodeKind::kIf: {
        auto* n = static_cast<IfNode*>(node);
        bool assigns = visit(n->test);
        assigns |= visit(n->then);
        return visit(n->otherwise) || assigns;
      }
      case NodeKind::kAnd:
      case NodeKind::kOr:
      case NodeKind::kSequence:
        return visit_each(static_cast<ListNode*>(node)->items);
      case NodeKind::kLet:
        return visit_let(static_cast<LetNode*>(node));
      case NodeKind::kFix:
        return visit_fix(static_cast<FixNode*>(node));
      case NodeKind::kLambda:
        visit_function(static_cast<LambdaNode*>(node)->lambda);
        return false;
      case NodeKind::kCall:
        return visit_call(static_cast<CallNode*>(node));
      case NodeKind::kPrimitive:
        return visit_each(static_cast<PrimitiveNode*>(node)->args);
      default:
        return visit_control(node);
    }
  }

  bool visit_let(LetNode* n) {
    bool assigns = false;
    for (const Binding& binding : n->bindings) {
      assigns |= visit(binding.init);
      Variable* v = binding.variable;
      v->home = home_;
      if (binding.init->kind == NodeKind::kConstant && !v->assigned && !v->checked)
        v->constant = static_cast<ConstantNode*>(binding.init)->value;
    }
    return visit(n->body) || assigns;
  }

  bool visit_fix(FixNode* n) {
    bool assigns = false;
    for (Lambda* f : n->functions) f->self->home = home_;
    for (Lambda* f : n->functions) {
      if (f->placement == Placement::kClosure) {
        visit_function(f);
      } else if (f->placement == Placement::kGroup) {
        bind_parameters(f);
        assigns |= visit(f->body);
      }
    }
    return visit(n->body) || assigns;
  }

  bool visit_call(CallNode* n) {
    bool assigns = visit_each(n->args);
    Variable* v = n->callee->kind == NodeKind::kLocal ? static_cast<LocalNode*>(n->callee)->variable : nullptr;
    if (v != nullptr && v->function != nullptr && v->function->inlined()) {
      if (v->function->site != n) return assigns;
      bind_parameters(v->function);
      return visit(v->function->body) || assigns;
    }
    if (v != nullptr && v->escape != nullptr && is_jump(v->escape, n)) return assigns;
    return visit(n->callee) || assigns;
  }

  bool visit_control(Node* node) {
    if (node->kind == NodeKind::kGuard) {
      auto* n = static_cast<GuardNode*>(node);
      bool assigns = visit(n->body);
      n->unwind->home = n->condition->home = home_;
      return visit(n->handler) || assigns;
    }
    if (node->kind == NodeKind::kEscape) {
      auto* n = static_cast<EscapeNode*>(node);
      n->variable->home = home_;
      n->direct = !n->variable->assigned;
      Within within(*this, n);
      return visit(n->body);
    }
    if (node->kind == NodeKind::kWind) return visit_wind(static_cast<WindNode*>(node));
    if (node->kind == NodeKind::kAttempt) {
      bool assigns = visit(static_cast<AttemptNode*>(node)->body);
      return visit(static_cast<AttemptNode*>(node)->otherwise) || assigns;
    }
    if (node->kind == NodeKind::kReceive) return visit_receive(static_cast<ReceiveNode*>(node));
    auto* n = static_cast<DynamicNode*>(node);
    bool assigns = false;
    for (const DynamicEntry& entry : n->entries) {
      assigns |= visit(entry.key);
      assigns |= visit(entry.value);
    }
    Within within(*this, nullptr);
    return visit(n->body) || assigns;
  }

  bool visit_receive(ReceiveNode* n) {
    bool assigns = visit(n->init);
    for (Variable* v : n->variables) v->home = home_;
    if (n->rest != nullptr) n->rest->home = home_;
    return visit(n->body) || assigns;
  }

  bool visit_wind(WindNode* n) {
    bool assigns = visit(n->before);
    {
      Within within(*this, nullptr);
      assigns |= visit(n->body);
    }
    return visit(n->after) || assigns;
  }

  // --- variables

  void visit_local(LocalNode* n) {
    Variable* v = n->variable;
    if (v->constant != value::kUnwind && (v->home != home_ || is_small(v->constant))) {
      Value constant = v->constant;
      n->kind = NodeKind::kConstant;
      reinterpret_cast<ConstantNode*>(n)->value = constant;
      return;
    }
    if (v->escape != nullptr) v->escape->direct = false;
    ++v->uses;
    reach(v);
  }
  static_assert(sizeof(ConstantNode) == sizeof(LocalNode));

  // Literals that instructions hold themselves.
  static bool is_small(Value v) {
    if (!value::is_heap(v) && !value::is_fixnum(v)) return tag_of(v) == value::kTagSpecial;
    return value::is_fixnum(v) && value::fixnum_value(v) >= INT16_MIN && value::fixnum_value(v) <= INT16_MAX;
  }

  // Makes the variable available in the running function: every function between it and the variable's home captures
  // it. A function knows itself without capturing itself.
  void reach(Variable* v) {
    for (Lambda* f = home_; f != v->home && f != v->function; f = f->enclosing) {
      v->captured = true;
      if (std::find(f->captures.begin(), f->captures.end(), v) == f->captures.end()) f->captures.push_back(v);
    }
  }

  // --- escapes

  // Whether the call of an escape may be a jump, as far as is known here.
  bool is_jump(EscapeNode* target, CallNode* n) {
    if (target->variable->home != home_ || n->args.size() > 1) {
      target->direct = false;
      return false;
    }
    for (const Barrier* b = barrier_; b != nullptr && b->escape != target; b = b->outer) {
      if (b->escape == nullptr)
        target->direct = false;
      else
        skips_.push_back({target, b->escape});
    }
    return true;
  }

  // An escape that jumps over one that is no jump is none either.
  void settle_escapes() {
    for (bool changed = true; changed;) {
      changed = false;
      for (auto [target, skipped] : skips_)
        if (target->direct && !skipped->direct) {
          target->direct = false;
          changed = true;
        }
    }
  }

  Unit& unit_;
  Lambda* home_ = nullptr;
  const Barrier* barrier_ = nullptr;
  std::vector<std::pair<EscapeNode*, EscapeNode*>> skips_;
};

}  // namespace

void resolve(Unit& unit, Lambda* top) { Resolver(unit).run(top); }

}  // namespace terrace::syntax
