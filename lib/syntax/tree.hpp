// syntax/tree.hpp: what a form means once macros are expanded and names are resolved.
//
// Answers for: the shapes that expander, analyses and generator share. Not for: how they are made or compiled.
//
// Nodes live in the arena of a Unit and hold no memory of their own; every Value in them is kept alive by the Unit. A
// node stands in exactly one place of the tree.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "text/source_map.hpp"
#include "value/value.hpp"

namespace terrace::syntax {

using text::Position;

enum class NodeKind : uint8_t {
  kConstant,
  kLocal,
  kGlobal,
  kSetLocal,
  kSetGlobal,
  kDefineGlobal,
  kIf,
  kAnd,
  kOr,
  kSequence,
  kLet,
  kFix,
  kLambda,
  kCall,
  kPrimitive,
  kGuard,
  kEscape,
  kWind,
  kDynamic,
  kReceive,
  kAttempt,
  kFail,
};

struct Lambda;
struct EscapeNode;
struct CallNode;
struct FixNode;

struct Node {
  NodeKind kind;
  bool assigns = false;  // something inside, or inlined into it, sets a local variable
  Position at;
};
using Nodes = std::span<Node*>;

struct Variable {
  Value name;                       // symbol
  Value constant = value::kUnwind;  // its value when bound to a literal and never set; else kUnwind
  Lambda* home = nullptr;           // the function whose register or capture holds it
  Lambda* function = nullptr;       // what a Fix binds it to
  EscapeNode* escape = nullptr;     // it is the k of this call/ec
  int32_t reg = -1;
  uint32_t order = 0;  // among the variables of its letrec body, from 1
  uint32_t uses = 0;   // references that are left after literals were put in place
  bool assigned = false;
  bool captured = false;
  bool record_type = false;  // a definition of records in a body made it
  bool checked = false;  // may be read before its definition was evaluated
  bool boxed() const { return assigned && captured; }
};

struct ConstantNode : Node {
  Value value;
};
struct LocalNode : Node {
  Variable* variable;
};
struct GlobalNode : Node {
  Value cell;
};
struct SetLocalNode : Node {
  Variable* variable;
  Node* value;
};
struct SetGlobalNode : Node {  // kSetGlobal and kDefineGlobal
  Value cell;
  Node* value;
};
struct IfNode : Node {
  Node* test;
  Node* then;
  Node* otherwise;
};
struct ListNode : Node {  // kAnd, kOr (at least two items), kSequence (at least one)
  Nodes items;
};
struct Binding {
  Variable* variable;
  Node* init;
};
// Binds in order; an init never mentions variables of the same Let unless it stands later.
struct LetNode : Node {
  std::span<Binding> bindings;
  Node* body;
};
// Mutually recursive functions that are never set.
struct FixNode : Node {
  std::span<Lambda*> functions;
  Node* body;
};
struct LambdaNode : Node {
  Lambda* lambda;
};
struct CallNode : Node {
  Node* callee;
  Nodes args;
};
struct PrimitiveNode : Node {
  uint16_t id;
  Nodes args;
};
// `handler` is evaluated with `condition` bound to what was raised; `unwind` holds the unwind object, which `condition` may
// be set away from.
struct GuardNode : Node {
  Variable* unwind;
  Variable* condition;
  Node* body;
  Node* handler;
};
// call/ec: `variable` is the escape function. A direct escape is only ever called, in the same function, with nothing
// to undo between: it is a jump.
struct EscapeNode : Node {
  Variable* variable;
  Node* body;
  bool direct = true;
  bool used = false;  // of a block: something returns from it
  struct Exit* exit = nullptr;  // where a direct escape jumps, while its body is generated
};
// dynamic-wind. `after` is evaluated in two places, so it must be a call of a variable.
struct WindNode : Node {
  Node* before;
  Node* body;
  Node* after;
};
// let-values and its relatives: the values of `init` in order; `rest`, when there is one, gets the list of what is left.
struct ReceiveNode : Node {
  std::span<Variable*> variables;
  Variable* rest;
  Node* init;
  Node* body;
};
// `body`, in whose tail a Fail goes on with `otherwise` instead.
struct AttemptNode : Node {
  Node* body;
  Node* otherwise;
  int label = -1;  // of `otherwise`, while the body is generated
};
struct FailNode : Node {
  AttemptNode* attempt;
};
struct DynamicEntry {
  Node* key;
  Node* value;
};
// with-handlers and parameterize: `push` is the primitive that adds one entry.
struct DynamicNode : Node {
  uint16_t push;
  std::span<DynamicEntry> entries;
  Node* body;
};

// An optional or keyword parameter. `initial` sees the parameters before it.
struct Optional {
  Variable* variable;
  Node* initial;
  Variable* supplied = nullptr;  // whether the call gave it
  Value keyword = value::kNil;   // nil: by position
  bool required = false;         // of a keyword: every call gives it
};

// Where control goes on after a function returns; see tails.cpp.
using Continuation = uint32_t;
inline constexpr Continuation kNowhere = 0;

enum class Placement : uint8_t {
  kClosure,  // a function value
  kSite,     // its code stands at its only call from outside
  kGroup,    // its code stands behind the body of its Fix, calls are jumps
  kDead,     // never called
};

// A function of the source. It is a function of the bytecode when its placement is kClosure.
struct Lambda {
  Value name = value::kFalse;  // symbol
  Position at;
  Lambda* parent = nullptr;  // around it in the source
  std::vector<Variable*> required;
  std::vector<Optional> optional;  // those by position, then those by keyword
  Variable* rest = nullptr;
  bool rest_has_keys = false;  // see bytecode::FunctionCode
  bool other_keys = false;
  Node* body = nullptr;
  Variable* self = nullptr;    // bound to it by a Fix
  Value global = value::kNil;  // cell of the global that it is defined as

  bool plain() const { return optional.empty() && rest == nullptr && !other_keys; }
  size_t positional() const {
    size_t count = 0;
    while (count < optional.size() && value::is_nil(optional[count].keyword)) ++count;
    return count;
  }
  bool inlined() const { return placement != Placement::kClosure; }

  // tails.cpp
  struct Call {
    CallNode* node;
    Continuation continuation;
    Lambda* from;
  };
  std::vector<Call> calls;
  bool escapes = true;  // used as a value; false only while bound by Fix and nothing else was seen
  Continuation returns = kNowhere;
  Continuation fix_continuation = kNowhere;
  Continuation common = kNowhere;  // the one continuation of all its calls
  Placement placement = Placement::kClosure;
  CallNode* site = nullptr;
  bool recursive = false;  // called from inside itself or, in a group, from its siblings

  // resolve.cpp
  Lambda* enclosing = nullptr;  // the bytecode function that makes the closure
  std::vector<Variable*> captures;

  // generate: label of the loop head
  int head = -1;
};

}  // namespace terrace::syntax
