// syntax/primitive_calls.cpp: calls of primitives: which names are primitives, and the rewriting into two-operand
// steps.
#include <algorithm>

#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using prims::Id;
using value::car;
using value::cdr;
using value::is_pair;

// The number of the primitive that a global name means, or -1.
int Expander::primitive_of(const Denotation& d) {
  Value symbol = d.name;
  if (d.core) {
    int id = prims::find(frame::symbol_name(symbol));
    return id < 0 || prims::all()[static_cast<size_t>(id)].effect == prims::Effect::kTail ? -1 : id;
  }
  auto [place, fresh] = primitives_.emplace(symbol.bits, -1);
  if (defined_.contains(symbol.bits)) return -1;
  if (!fresh) return place->second;
  int id = prims::find(frame::symbol_name(symbol));
  if (id < 0 || prims::all()[static_cast<size_t>(id)].effect == prims::Effect::kTail) return -1;
  Value bound = frame::vm_of(unit_.vm()).cell_of(symbol)->value;
  if (is_primitive(bound, id)) place->second = id;
  return place->second;
}

Node* Expander::primitive_call(Id id, Value form) {
  std::vector<Node*> args = expand_each(cdr(form));
  return expand_primitive(id, unit_.arena().copy(args), form);
}

Node* Expander::primitive(Id id, std::initializer_list<Node*> args) {
  return node<PrimitiveNode>(NodeKind::kPrimitive, static_cast<uint16_t>(id),
                             unit_.arena().copy(std::vector<Node*>(args)));
}

Node* Expander::expand_primitive(Id id, Nodes args, Value form) {
  const prims::Primitive& p = prims::all()[static_cast<size_t>(id)];
  auto count = static_cast<int>(args.size());
  // A wrong number of arguments is an error of the call when it is evaluated, as for any other function.
  if (count < p.min_args || (p.max_args >= 0 && count > p.max_args))
    return call_node(global(denote(car(form))), {args.begin(), args.end()});
  switch (id) {
    case Id::k_add:
    case Id::k_mul:
    case Id::k_sub:
    case Id::k_div:
      return fold_arithmetic(id, args);
    case Id::k_num_eq:
    case Id::k_num_lt:
    case Id::k_num_gt:
    case Id::k_num_le:
    case Id::k_num_ge:
      return count > 2 ? compare_chain(id, args) : primitive(id, args);
    case Id::k_inc:
      return primitive(Id::k_add, {args[0], constant(value::make_fixnum(1))});
    case Id::k_dec:
      return primitive(Id::k_sub, {args[0], constant(value::make_fixnum(1))});
    case Id::k_is_zero:
      return primitive(Id::k_num_eq, {args[0], constant(value::make_fixnum(0))});
    case Id::k_is_positive:
      return primitive(Id::k_num_gt, {args[0], constant(value::make_fixnum(0))});
    case Id::k_is_negative:
      return primitive(Id::k_num_lt, {args[0], constant(value::make_fixnum(0))});
    case Id::k_is_nil:
      return primitive(Id::k_is_null, args);
    case Id::k_list:
      return count > static_cast<int>(bytecode::kMaxCallArguments) ? long_list(args) : primitive(id, args);
    default:
      break;
  }
  if (count == 1)
    if (Node* path = pair_path(p.name, args[0])) return path;
  if (count > static_cast<int>(bytecode::kMaxCallArguments)) return long_call(global(denote(car(form))), args);
  return primitive(id, args);
}

Node* Expander::primitive(Id id, Nodes args) {
  return node<PrimitiveNode>(NodeKind::kPrimitive, static_cast<uint16_t>(id), args);
}

namespace {

bool is_fixnum_constant(const Node* node) {
  return node->kind == NodeKind::kConstant && value::is_fixnum(static_cast<const ConstantNode*>(node)->value);
}

// The exact result of an operation on two literals; false when it does not fit a fixnum or is no integer operation.
bool fold_literals(Id id, const Node* a, const Node* b, int64_t* out) {
  if (!is_fixnum_constant(a) || !is_fixnum_constant(b)) return false;
  int64_t x = value::fixnum_value(static_cast<const ConstantNode*>(a)->value);
  int64_t y = value::fixnum_value(static_cast<const ConstantNode*>(b)->value);
  bool overflow = id == Id::k_add   ? __builtin_add_overflow(x, y, out)
                  : id == Id::k_sub ? __builtin_sub_overflow(x, y, out)
                  : id == Id::k_mul ? __builtin_mul_overflow(x, y, out)
                                    : true;
  return !overflow && value::fits_fixnum(*out);
}

// Evaluating it does nothing, so nobody can tell when it is done.
bool is_atom(const Node* node) { return node->kind == NodeKind::kConstant || node->kind == NodeKind::kLocal; }

}  // namespace

// From the left, two at a time. One operand alone keeps the general primitive, which checks that it is a number. Operands that do
// something are evaluated before the first step, which may raise.
Node* Expander::fold_arithmetic(Id id, Nodes args) {
  if (args.empty()) return constant(value::make_fixnum(id == Id::k_mul ? 1 : 0));
  if (args.size() == 1) return primitive(id, args);
  if (args.size() > 2 && !std::all_of(args.begin() + 2, args.end(), is_atom)) {
    std::vector<Binding> bindings = bound_in_order(args);
    return let_node(bindings, fold_arithmetic(id, args));
  }
  Node* sum = args[0];
  for (Node* next : args.subspan(1)) {
    int64_t folded;
    sum = fold_literals(id, sum, next, &folded) ? constant(value::make_fixnum(folded)) : primitive(id, {sum, next});
  }
  return sum;
}

// Puts variables in the place of the operands; constants stay.
std::vector<Binding> Expander::bound_in_order(Nodes args) {
  std::vector<Binding> bindings;
  for (Node*& arg : args) {
    if (arg->kind == NodeKind::kConstant) continue;
    bindings.push_back({unit_.make_variable(value::kNil), arg});
    arg = local(bindings.back().variable);
  }
  return bindings;
}

// (< a b c): every operand is evaluated once, in order; then the pairs are compared until one fails.
Node* Expander::compare_chain(Id id, Nodes args) {
  std::vector<Binding> bindings;
  for (Node* arg : args) bindings.push_back({unit_.make_variable(value::kNil), arg});
  std::vector<Node*> tests;
  for (size_t i = 0; i + 1 < args.size(); ++i)
    tests.push_back(primitive(id, {local(bindings[i].variable), local(bindings[i + 1].variable)}));
  return let_node(bindings, list_node(NodeKind::kAnd, tests, nullptr));
}

// cadr and its like are steps of car and cdr; null for other names.
Node* Expander::pair_path(std::string_view name, Node* arg) {
  if (name.size() < 4 || name.front() != 'c' || name.back() != 'r') return nullptr;
  std::string_view steps = name.substr(1, name.size() - 2);
  if (steps.find_first_not_of("ad") != std::string_view::npos) return nullptr;
  for (size_t i = steps.size(); i-- > 0;) arg = primitive(steps[i] == 'a' ? Id::k_car : Id::k_cdr, {arg});
  return arg;
}

// A list literal of any length: pieces of the size of one call, from the end.
Node* Expander::long_list(Nodes args) {
  constexpr size_t kPiece = 200;
  Node* list = constant(value::kNil);
  for (size_t end = args.size(); end > 0;) {
    size_t start = end > kPiece ? end - kPiece : 0;
    std::vector<Node*> piece(args.begin() + static_cast<ptrdiff_t>(start), args.begin() + static_cast<ptrdiff_t>(end));
    piece.push_back(list);
    list = primitive(Id::k_list_star, unit_.arena().copy(piece));
    end = start;
  }
  return list;
}

// More arguments than a call instruction holds: (apply f (list ...)).
Node* Expander::long_call(Node* callee, Nodes args) {
  return call_node(global(Denotation{nullptr, symbol("apply"), true}), {callee, long_list(args)});
}

}  // namespace terrace::syntax
