// syntax/generate.hpp: from the tree of one function to its instructions.
//
// Answers for: registers, control flow, which instruction does what. Not for: the final form of code (assembler.hpp).
//
// Registers are a stack: a variable keeps its register for as long as it is in scope, temporaries lie above. A call's
// arguments are the registers above its base, and everything above the base is dead after it, so nothing that lives on
// may be there. An expression is made for a target: for its effect only, for a register, or in tail position. Operands
// that are variables are used where they are. A target register that is no variable's may serve as scratch space before
// the result is put there; a bound one is written once, last.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "prims/primitive.hpp"
#include "syntax/assembler.hpp"

namespace terrace::syntax {

// Where several values go: the registers of a receiver's variables, in order; the last one gets the rest as a list when
// `rest` is set.
struct Receiver {
  std::vector<uint16_t> registers;
  bool rest;
  size_t fixed() const { return registers.size() - rest; }
};

struct Target {
  enum class Kind : uint8_t { kEffect, kValue, kTail, kValues } kind;
  uint16_t reg = 0;
  const Receiver* receiver = nullptr;
  static Target effect() { return {Kind::kEffect}; }
  static Target value(uint16_t reg) { return {Kind::kValue, reg}; }
  static Target tail() { return {Kind::kTail}; }
  static Target values(const Receiver* receiver) { return {Kind::kValues, 0, receiver}; }
  bool is_effect() const { return kind == Kind::kEffect; }
  bool is_value() const { return kind == Kind::kValue; }
  bool is_tail() const { return kind == Kind::kTail; }
  bool is_values() const { return kind == Kind::kValues; }
};

// What another can see of evaluating an expression: nothing; that it raised; also what it read; anything.
enum class Conduct : uint8_t { kSilent, kPure, kReads, kEffects };

// Where a direct escape goes.
struct Exit {
  Target target;
  Assembler::Label end;
  int region_depth;
  size_t guards;  // running where it ends
};

class Generator {
 public:
  Generator(Unit& unit, Lambda* function) : unit_(unit), function_(function), asm_(unit) {}

  void run();
  Assembler& assembler() { return asm_; }
  uint32_t parameters() const { return parameters_; }
  uint32_t registers() const { return max_; }  // without preloads
  const std::vector<bytecode::KeyParameter>& keys() const { return keys_; }
  // Where a closure made here takes its captures from; registers are not final.
  const std::vector<bytecode::CaptureSource>& captures_of(Lambda* made) const { return closures_.at(made); }

 private:
  class Temporaries;
  class Loop;
  using Label = Assembler::Label;

  // generate.cpp: registers, variables, dispatch
  uint16_t allocate();
  // Whether registers in a row may begin with the target's. Not with a parameter's: preloads come in behind the parameters.
  bool is_top(Target t) const {
    return t.is_value() && t.reg + 1u == next_ && t.reg >= parameters_ && !bound_[t.reg];
  }
  bool is_free(Target t) const { return t.is_value() && !bound_[t.reg]; }
  int scratch_of(Target t) const { return is_free(t) ? t.reg : -1; }
  uint16_t take(int scratch) { return scratch >= 0 ? static_cast<uint16_t>(scratch) : allocate(); }
  uint16_t result_register(Target t) { return t.is_value() ? t.reg : allocate(); }
  uint16_t early_register(Target t) { return is_free(t) ? t.reg : allocate(); }
  void deliver(Target t, uint16_t reg);
  void deliver_unspecified(Target t);
  void enter_function();
  void settle_optional(const Optional& optional, uint16_t reg);
  void settle_parameter(Variable* v, uint16_t reg);
  void make(Node* node, Target t);
  void make_kind(Node* node, Target t);
  void constant(Value v, Target t);
  void load(uint16_t reg, Value v);
  void set_local(SetLocalNode* n, Target t);
  void set_global(SetGlobalNode* n, Target t);
  void sequence(Nodes items, Target t);
  void let(LetNode* n, Target t);
  void bind_all(std::span<Binding> bindings);
  void bind(Variable* v, Node* init, bool may_share);
  Variable* shareable(Node* init) const;
  bool is_in_place(const Node* node) const;
  uint16_t operand(Node* node, int scratch = -1);
  std::vector<uint16_t> operands(Nodes nodes, Target t);
  uint16_t word_of(Variable* v, int scratch);
  void read(Variable* v, uint16_t into);
  void check_set(Variable* v, uint16_t reg);
  uint16_t capture_index(const Variable* v) const;
  uint16_t preload_constant(Value v);
  uint16_t preload_capture(uint16_t index);
  uint16_t preload(std::unordered_map<uint64_t, uint16_t>& known, uint64_t key, bytecode::Instr load);
  bytecode::Instr load_instruction(uint16_t reg, Value v);

  // generate_tests.cpp: choices
  void choose(IfNode* n, Target t);
  void both(ListNode* n, Target t);
  void either(ListNode* n, Target t);
  void test(Node* node, bool when, Label to);
  void test_items(Nodes items, bool when, bool all, Label to);
  void test_if(IfNode* n, bool when, Label to);
  void attempt(AttemptNode* n, Target t);
  void test_attempt(AttemptNode* n, bool when, Label to);
  bool test_primitive(PrimitiveNode* n, bool when, Label to);
  bool test_comparison(prims::Id id, Nodes args, bool when, Label to);
  void test_sameness(Node* a, Node* b, bool when, Label to);
  bool is_idle(const Node* node, Target t) const;

  // generate_primitives.cpp
  void primitive(PrimitiveNode* n, Target t);
  bool arithmetic_immediate(prims::Id id, Nodes args, Target t);
  bool as_instruction(prims::Id id, Nodes args, Target t);
  void store_instruction(Op op, Nodes args, Target t);
  void null_test(Node* arg, Target t);
  void general_primitive(uint16_t id, Nodes args, Target t);
  uint16_t consecutive(Nodes args, Target t);
  bool lie_in_a_row(Nodes args) const;
  void call_primitive(prims::Id id, uint16_t into, uint16_t first, uint8_t count);

  // generate_calls.cpp
  void call(CallNode* n, Target t);
  void general_call(CallNode* n, Target t);
  bool calls_own_name(const CallNode* n, Target t) const;
  void loop_by_name(CallNode* n);
  void jump_to_exit(EscapeNode* escape, CallNode* n);
  void leave_guards(const Exit& exit);
  void inline_call(CallNode* n, Lambda* f, Target t);
  void open_at_site(CallNode* n, Lambda* f, Target t);
  void rebind(const std::vector<Variable*>& parameters, Nodes args);
  void fix(FixNode* n, Target t);
  void make_group(FixNode* n, Target t);
  void make_closures(std::span<Lambda*> functions);
  void closure(Lambda* f, uint16_t into);
  void collect_touched(Node* node, std::vector<uint16_t>& registers) const;
  Conduct conduct_of(const Node* node) const;
  Conduct conduct_of_all(Nodes nodes, Conduct least) const;

  // generate_values.cpp
  void receive(ReceiveNode* n, Target t);
  bool direct_values(Nodes args, Target t);
  void spread(const Receiver& receiver, uint16_t values);

  // generate_control.cpp
  void guard(GuardNode* n, Target t);
  void escape(EscapeNode* n, Target t);
  void indirect_escape(EscapeNode* n, Target t);
  void wind(WindNode* n, Target t);
  void dynamic(DynamicNode* n, Target t);
  bool region(Node* body, Target t, Label handler);
  Target body_target(Target t);

  Unit& unit_;
  Lambda* function_;
  Assembler asm_;
  std::vector<bytecode::KeyParameter> keys_;
  uint32_t parameters_ = 0;
  uint32_t next_ = 0;
  uint32_t max_ = 0;
  std::vector<bool> bound_ = std::vector<bool>(bytecode::kMaxRegisters, false);
  std::unordered_map<Lambda*, std::vector<bytecode::CaptureSource>> closures_;
  Loop* loop_ = nullptr;  // the outermost loop around
  std::unordered_map<uint64_t, uint16_t> preloaded_constants_;
  std::unordered_map<uint64_t, uint16_t> preloaded_captures_;
  int region_depth_ = 0;
  std::vector<uint16_t> guards_;  // marks of the guards whose bodies are being made
};

// Gives back the registers that are taken while it stands.
class Generator::Temporaries {
 public:
  explicit Temporaries(Generator& generator) : generator_(generator), before_(generator.next_) {}
  ~Temporaries() { generator_.next_ = before_; }
  Temporaries(const Temporaries&) = delete;

 private:
  Generator& generator_;
  uint32_t before_;
};

// A loop for as long as its code is made. Preloads go before the outermost one.
class Generator::Loop {
 public:
  explicit Loop(Generator& generator) : generator_(generator), outermost_(generator.loop_ == nullptr) {
    if (!outermost_) return;
    marker_ = generator_.asm_.marker();
    generator_.loop_ = this;
  }
  ~Loop() {
    if (outermost_) generator_.loop_ = nullptr;
  }
  Loop(const Loop&) = delete;
  Assembler::Marker marker() const { return marker_; }
  // True the first time the register is asked for in this loop.
  bool add(uint16_t preload) { return loaded_.emplace(preload, true).second; }

 private:
  Generator& generator_;
  bool outermost_;
  Assembler::Marker marker_ = -1;
  std::unordered_map<uint16_t, bool> loaded_;
};

}  // namespace terrace::syntax
