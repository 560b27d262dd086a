// syntax/expander.hpp: from forms to the tree: macros, scopes, special forms and primitives.
//
// Answers for: what every form means and whether it is well formed. Not for: where variables live (resolve.cpp) and
// which functions become loops (tails.cpp).
//
// A name in operator position means, in this order: a local variable or macro, a global macro, a special form, a
// primitive, a global function (denote.cpp). A primitive's name stays a primitive while its global holds it and the form
// being compiled does not define it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "prims/primitive.hpp"
#include "syntax/modules.hpp"
#include "syntax/scope.hpp"
#include "syntax/unit.hpp"

namespace terrace::syntax {

class Expander {
 public:
  // `module` is the one that the form stands in; null: none.
  explicit Expander(Unit& unit, Module* module = nullptr) : unit_(unit), module_(module) {}

  // The function of no parameters that the form is at top level.
  Lambda* toplevel(Value form);

 private:
  using Form = Node* (Expander::*)(Value form);
  struct FormEntry {
    Form method;
    std::string_view shape;
  };
  struct BodyItem {
    Variable* variable;  // null: an expression
    Value form;          // of an expression or a defined value
    Value parameters;    // of (define (name . parameters) ...), else kUnset; then `form` is the body
    Position at;
  };
  struct LetrecItem {
    Variable* variable;
    Node* init;
    std::vector<Variable*> mentions;
    bool placed = false;
  };
  // What a name means where it stands.
  struct Denotation {
    const Meaning* local = nullptr;  // a variable or a macro of a scope
    Value name = value::kNil;        // else the symbol of the global
    bool core = false;               // the special form or primitive, whatever the global of the name holds
    bool imported = false;
  };
  class Inside;
  class Mentions;
  class LetrecSteps;
  class RecordForm;
  class MatchForm;
  class CaseLambda;
  class ParameterList;
  class RulesMaker;
  class RulesUse;
  class ImportSet;
  class ModuleForm;
  static const std::unordered_map<std::string_view, FormEntry>& forms();

  // expander.cpp
  Node* toplevel_form(Value form);
  Node* toplevel_define(Value form);
  Value define_global(Value name);
  Node* toplevel_record(Value form);
  bool gives_way(Form method) const;
  Node* expand(Value form);
  Node* reference(Value symbol);
  Node* expand_pair(Value form);
  Node* expand_symbol_call(Value form);
  Node* call_of(Node* callee, Value form);
  Node* immediate_call(Value form);
  bool expand_macro_once(Value& form);
  Value expand_head(Value form);
  Value apply_macro(Value expander, Value form);
  Value plain(Value datum);
  void announce_definition(Value form);
  Variable* mention(Variable* variable);
  Node* misplaced_define(Value form);
  Node* misplaced_macro(Value form);
  Node* misplaced_record(Value form);

  // denote.cpp
  Denotation denote(Value symbol) { return denote_from(scope_, symbol); }
  Denotation denote_from(const Scope* scope, Value name);
  Denotation denote_global(Module* module, Value name);
  bool is_defined_alias(Value alias) const;
  bool is_core(const Denotation& d);
  static bool is_primitive(Value function, int id);
  bool is_replaced(Value symbol) const;
  bool has_value(Value symbol) const;
  bool is_interned(Value symbol);
  bool is_local(Value symbol) { return denote(symbol).local != nullptr; }
  Value macro_of(const Denotation& d) const;
  const FormEntry* form_of(const Denotation& d) const;
  const FormEntry* form_of(Value symbol) { return form_of(denote(symbol)); }
  Node* global(const Denotation& d);
  value::Cell* core_cell(Value name);
  Value symbol(std::string_view name);
  Value core(std::string_view name);
  Value template_env(Value symbol, Scope* scope);
  int64_t number_of(Scope* scope);

  // primitive_calls.cpp
  int primitive_of(const Denotation& d);
  Node* primitive_call(prims::Id id, Value form);
  Node* expand_primitive(prims::Id id, Nodes args, Value form);
  Node* fold_arithmetic(prims::Id id, Nodes args);
  Node* compare_chain(prims::Id id, Nodes args);
  std::vector<Binding> bound_in_order(Nodes args);
  Node* primitive(prims::Id id, std::initializer_list<Node*> args);
  Node* primitive(prims::Id id, Nodes args);
  Node* pair_path(std::string_view name, Node* arg);
  Node* long_call(Node* callee, Nodes args);
  Node* long_list(Nodes args);

  // lambda.cpp
  Node* lambda_form(Value form);
  Lambda* make_lambda(Value name, Value parameters, Value body, Value whole);
  Node* expand_body(Value forms, Value whole);
  void collect_body(Value forms, std::vector<BodyItem>& items);
  void collect_define(Value form, std::vector<BodyItem>& items);
  void collect_record(Value form, std::vector<BodyItem>& items);
  Node* named_value(Value name, Value form);

  // parameters.cpp
  void read_parameters(Lambda* lambda, Value parameters);
  Variable* bind_parameter(Value name);

  // syntax_rules.cpp
  Value make_rules(Value form, Scope* scope);
  Value expand_rules(Value rules, Value form);

  // modules.cpp
  ModuleTable& modules() { return ModuleTable::of(unit_.vm()); }
  Value defined_name(Value name);
  Value defined_macro_name(Value name);
  Node* toplevel_module(Value form);
  void toplevel_import(Value form);
  void import_names(const std::map<std::string, std::string>& names);
  bool is_taken_at_top(const std::string& name);
  Node* misplaced_module(Value form);
  Node* misplaced_import(Value form);

  // components.cpp
  Value component_definition(Value form);
  Node* misplaced_component(Value form);

  // letrec.cpp
  Node* letrec(std::vector<LetrecItem>& items, Node* body);
  LetrecItem letrec_item(const BodyItem& item);

  // binding_forms.cpp
  Node* let_form(Value form);
  Node* named_let(Value form);
  Node* let_star_form(Value form);
  Node* letrec_form(Value form);
  Node* do_form(Value form);
  Node* while_form(Value form);
  Node* do_loop(Value form);
  Node* while_loop(Value form);
  Node* set_form(Value form);
  Node* bind(std::vector<Binding>& bindings, Node* body);
  Node* loop(Lambda* lambda, Node* body);

  // conditional_forms.cpp
  Node* if_form(Value form);
  Node* cond_form(Value form);
  Node* case_form(Value form);
  Node* when_form(Value form);
  Node* unless_form(Value form);
  Node* and_form(Value form);
  Node* or_form(Value form);
  Node* begin_form(Value form);
  Node* cond_clauses(Value clauses, Node* otherwise);
  Node* cond_clause(Value clause, Value rest, Node* otherwise);
  Node* case_clauses(Variable* key, Value clauses);
  Node* case_test(Variable* key, Value data);
  Node* case_body(Variable* key, Value body, Value clause);

  // control_forms.cpp
  Node* guard_form(Value form);
  Node* handlers_form(Value form);
  Node* parameterize_form(Value form);
  Node* dynamic(prims::Id push, std::vector<DynamicEntry>& entries, Value body, Value form);
  Node* wind_form(Value form);
  Node* thunk_call(Value form, std::vector<Binding>& bindings);
  Node* escape_form(Value form);
  Node* let_escape_form(Value form);
  Node* escape(Value name, Value body, Value form);

  // condition_forms.cpp
  Node* exception_handler_form(Value form);
  Node* handler_bind_form(Value form);
  Node* asking_function(const std::vector<Binding>& pairs);
  Node* with_error_handler(bool declines, Node* handler, Node* body);

  // block_forms.cpp
  Node* block_form(Value form);
  Node* return_from_form(Value form);
  Node* return_form(Value form);
  Value block_name(Value name, Value form);
  Node* in_block(Value name, const std::function<Node*()>& make);
  Node* leave_block(Value name, Value rest, Value form);

  // loop_forms.cpp
  struct LoopParts {
    Value name;
    Node* value;
    Node* result;
    Value body;
    Variable* self;
    Lambda* lambda;
  };
  Node* dotimes_form(Value form);
  Node* dolist_form(Value form);
  LoopParts loop_parts(Value form);
  Node* loop_round(const LoopParts& parts, Node* value, Node* next);

  // case_lambda.cpp
  Node* case_lambda_form(Value form);
  Node* named_lambda_form(Value form);

  // let_tests.cpp
  Node* if_let_form(Value form);
  Node* when_let_form(Value form);
  Node* let_while_true(Value form, Node* otherwise, const std::function<Node*()>& make_body);
  Node* bind_while_true(const std::vector<Value>& pairs, size_t at, AttemptNode* attempt, Value form,
                        const std::function<Node*()>& make_body);
  Node* assert_form(Value form);

  // match.cpp
  Node* match_form(Value form);
  bool is_record_type(Value name);

  // values_forms.cpp
  struct Formals {
    std::vector<Value> names;
    Value rest = value::kNil;
  };
  Node* receive_form(Value form);
  Node* let_values_form(Value form);
  Node* let_star_values_form(Value form);
  Node* call_with_values_form(Value form);
  Node* misplaced_define_values(Value form);
  Node* toplevel_define_values(Value form);
  void collect_define_values(Value form, std::vector<BodyItem>& items);
  Formals read_formals(Value list);
  ReceiveNode* receive(const Formals& formals, Node* init);
  Node* nest(const std::vector<ReceiveNode*>& nodes, Node* body);
  bool takes_values(Value form);
  Value hidden_name(std::string_view text);

  // macros.cpp
  void toplevel_macro(Value form);
  void toplevel_syntax(Value form);
  Value macro_expander(Value form, Value* name);
  Value make_expander(Value name, Value parameters, Value body, Value whole);
  Value in_global_scope(const std::function<Node*()>& make, Value name);
  Value syntax_transformer(Value form, Scope* scope);
  void forget_macro(Value name);
  void define_local_macro(Value form);
  void define_local_syntax(Value form);
  void bind_macro(Value name, Value expander);
  Node* let_syntax_form(Value form);
  Node* letrec_syntax_form(Value form);
  Node* local_syntax(Value form, bool recursive);
  Node* let_macro_form(Value form);
  Node* misplaced_syntax(Value form);
  Node* misplaced_rules(Value form);
  Node* syntax_error_form(Value form);

  // quasiquote.cpp
  Node* quote_form(Value form);
  Node* quasiquote_form(Value form);
  Node* syntax_quote_form(Value form);
  Node* quasi(Value form, int depth);
  Node* quasi_atom(Value form);
  Node* unquoted(Value form);
  Node* quasi_pair(Value form, int depth);
  Node* quasi_nested(Value form, int depth);
  Node* quasi_vector(Value vector, int depth);

  // records.cpp
  Value record_definitions(Value form);
  static Value record_name(Value form);

  // Small makers; the position is that of the form being expanded.
  template <class T, class... Args>
  T* node(NodeKind kind, Args&&... args) {
    return unit_.arena().make<T>(Node{kind, false, unit_.here()}, std::forward<Args>(args)...);
  }
  Node* constant(Value v) { return node<ConstantNode>(NodeKind::kConstant, unit_.keep(v)); }
  Node* unspecified() { return constant(value::kUnspecified); }
  Node* local(Variable* v) { return node<LocalNode>(NodeKind::kLocal, mention(v)); }
  Node* set_local(Variable* v, Node* value);
  Node* choose(Node* test, Node* then, Node* otherwise) { return node<IfNode>(NodeKind::kIf, test, then, otherwise); }
  Node* list_node(NodeKind kind, std::vector<Node*>& items, Node* when_empty);
  Node* sequence(std::vector<Node*>& items) { return list_node(NodeKind::kSequence, items, unspecified()); }
  Node* sequence_of(Value forms);
  Node* let_node(std::vector<Binding>& bindings, Node* body);
  Node* fix_node(std::vector<Lambda*>& functions, Node* body);
  Node* call_node(Node* callee, std::vector<Node*> args);
  std::vector<Node*> expand_each(Value forms);

  // Lists: each fails with the form's shape when the form is not one.
  std::vector<Value> items_of(Value list, Value whole);
  size_t length_of(Value list, Value whole);
  // How many pairs the list has, whatever ends it; fails when nothing does.
  size_t pairs_of(Value list);
  void expect_items(Value form, size_t min, size_t max);
  [[noreturn]] void bad_form(Value form);
  Value expect_symbol(Value v, Value whole);

  Unit& unit_;
  Module* module_;
  Scope* scope_ = nullptr;
  std::unordered_map<int64_t, Scope*> scopes_;  // by number, those that templates stand in
  std::unordered_map<uint64_t, Value> block_names_;  // of blocks that templates name, by that name
  Mentions* mentions_ = nullptr;
  // While a template is expanded: the variable with the box of names of one expansion; see quasiquote.cpp.
  struct TemplateNames {
    Variable* box = nullptr;
    bool used = false;
  };
  TemplateNames* names_ = nullptr;
  Scope* template_scope_ = nullptr;  // around the local macro whose expander is being expanded
  bool in_template_ = false;
  std::unordered_set<uint64_t> defined_;  // symbols that this form defines or sets at top level
  std::unordered_set<uint64_t> record_types_;  // symbols that this form defines as types of records at top level
  std::unordered_map<uint64_t, int> primitives_;
};

// A scope for as long as it stands.
class Expander::Inside {
 public:
  Inside(Expander& expander, Lambda* function) : expander_(expander), scope_(expander.scope_, function) {
    expander_.scope_ = &scope_;
  }
  explicit Inside(Expander& expander) : Inside(expander, expander.scope_->function()) {}
  ~Inside() {
    if (scope_.number() != 0) expander_.scopes_.erase(scope_.number());
    expander_.scope_ = scope_.outer();
  }
  Inside(const Inside&) = delete;

 private:
  Expander& expander_;
  Scope scope_;
};

// Notes which variables of letrec bodies are mentioned while it stands; they count for the one around it too.
class Expander::Mentions {
 public:
  explicit Mentions(Expander& expander) : expander_(expander), outer_(expander.mentions_) {
    expander_.mentions_ = this;
  }
  ~Mentions() {
    expander_.mentions_ = outer_;
    if (outer_ != nullptr)
      for (Variable* v : seen_) outer_->add(v);
  }
  Mentions(const Mentions&) = delete;
  void add(Variable* v) {
    if (set_.insert(v).second) seen_.push_back(v);
  }
  const std::vector<Variable*>& seen() const { return seen_; }

 private:
  Expander& expander_;
  Mentions* outer_;
  std::vector<Variable*> seen_;
  std::unordered_set<Variable*> set_;
};

}  // namespace terrace::syntax
