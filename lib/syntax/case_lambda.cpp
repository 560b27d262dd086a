// syntax/case_lambda.cpp: case-lambda and named-lambda.
//
// A case-lambda is one function that takes as many parameters as its longest clause; those that not every clause has are
// optional, and which is the first without a value tells how many were given. The clauses are local functions of it,
// which become code behind jumps (tails.cpp), so choosing one allocates nothing but the rest lists that clauses ask for.
#include <algorithm>

#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using prims::Id;
using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;

// (named-lambda (name parameter ...) body ...)
Node* Expander::named_lambda_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  Value target = car(cdr(form));
  if (!is_pair(target)) bad_form(form);
  Value name = expect_symbol(car(target), form);
  return node<LambdaNode>(NodeKind::kLambda, make_lambda(name, cdr(target), cdr(cdr(form)), form));
}

class Expander::CaseLambda {
 public:
  CaseLambda(Expander& expander, Value form) : expander_(expander), unit_(expander.unit_), form_(form) {}

  Node* make() {
    all_ = unit_.make_lambda(value::kFalse, expander_.scope_->function(), unit_.here());
    {
      Inside scope(expander_, all_);
      for (Value clause : expander_.items_of(cdr(form_), form_)) read_clause(clause);
      make_parameters();
      std::vector<Lambda*> functions;
      for (const Clause& clause : clauses_) functions.push_back(clause.function);
      all_->body = expander_.fix_node(functions, choose_from(least_));
    }
    return expander_.node<LambdaNode>(NodeKind::kLambda, all_);
  }

 private:
  struct Clause {
    Lambda* function;  // the rest, when there is one, is its last parameter
    size_t fixed;
    bool rest;
    bool takes(size_t count) const { return count == fixed || (rest && count > fixed); }
  };

  // (formals body ...)
  void read_clause(Value clause) {
    Unit::At at(unit_, clause);
    if (!is_pair(clause) || expander_.length_of(clause, form_) < 2)
      unit_.fail_here("a clause of case-lambda is not well formed", "write it as ((parameter ... [. rest]) body ...)");
    Formals formals = expander_.read_formals(car(clause));
    Lambda* function = unit_.make_lambda(value::kFalse, all_, unit_.here());
    Variable* self = unit_.make_variable(value::kNil);
    function->self = self;
    self->function = function;
    Inside scope(expander_, function);
    for (Value name : formals.names) function->required.push_back(expander_.bind_parameter(name));
    bool rest = !is_nil(formals.rest);
    if (rest) function->required.push_back(expander_.bind_parameter(formals.rest));
    function->body = expander_.expand_body(cdr(clause), clause);
    clauses_.push_back({function, formals.names.size(), rest});
  }

  void make_parameters() {
    auto fewer = [](const Clause& a, const Clause& b) { return a.fixed < b.fixed; };
    least_ = std::min_element(clauses_.begin(), clauses_.end(), fewer)->fixed;
    most_ = std::max_element(clauses_.begin(), clauses_.end(), fewer)->fixed;
    if (most_ >= bytecode::kMaxCallArguments)
      unit_.fail_here("a function with too many parameters", "take a list or a vector instead");
    for (size_t i = 0; i < most_; ++i) {
      parameters_.push_back(unit_.make_variable(value::kNil));
      if (i < least_)
        all_->required.push_back(parameters_[i]);
      else
        all_->optional.push_back({parameters_[i], expander_.constant(value::kUnset)});
    }
    bool open = std::any_of(clauses_.begin(), clauses_.end(), [](const Clause& clause) { return clause.rest; });
    if (open) all_->rest = unit_.make_variable(value::kNil);
  }

  // What a call with at least `count` arguments does.
  Node* choose_from(size_t count) {
    if (count == most_) return all_->rest == nullptr ? exactly(count) : with_rest();
    Node* absent = expander_.primitive(
        Id::k_is_eq, {expander_.local(parameters_[count]), expander_.constant(value::kUnset)});
    return expander_.choose(absent, exactly(count), choose_from(count + 1));
  }

  Node* with_rest() {
    Node* none = expander_.primitive(Id::k_is_null, {expander_.local(all_->rest)});
    auto open = std::find_if(clauses_.begin(), clauses_.end(), [](const Clause& clause) { return clause.rest; });
    return expander_.choose(none, exactly(most_), call(*open, most_, expander_.local(all_->rest)));
  }

  Node* exactly(size_t count) {
    auto found = std::find_if(clauses_.begin(), clauses_.end(), [&](const Clause& c) { return c.takes(count); });
    if (found != clauses_.end()) return call(*found, count, expander_.constant(value::kNil));
    return expander_.primitive(Id::k_no_clause, {expander_.constant(value::make_fixnum(static_cast<int64_t>(count)))});
  }

  // The clause with the first `count` parameters, and `tail` behind them.
  Node* call(const Clause& clause, size_t count, Node* tail) {
    std::vector<Node*> args;
    for (size_t i = 0; i < clause.fixed; ++i) args.push_back(expander_.local(parameters_[i]));
    if (clause.rest) {
      std::vector<Node*> left;
      for (size_t i = clause.fixed; i < count; ++i) left.push_back(expander_.local(parameters_[i]));
      left.push_back(tail);
      args.push_back(left.size() == 1 ? tail : expander_.primitive(Id::k_list_star, unit_.arena().copy(left)));
    }
    return expander_.call_node(expander_.local(clause.function->self), args);
  }

  Expander& expander_;
  Unit& unit_;
  Value form_;
  Lambda* all_ = nullptr;
  std::vector<Clause> clauses_;
  std::vector<Variable*> parameters_;
  size_t least_ = 0;
  size_t most_ = 0;
};

// (case-lambda (formals body ...) ...)
Node* Expander::case_lambda_form(Value form) {
  expect_items(form, 2, SIZE_MAX);
  return CaseLambda(*this, form).make();
}

}  // namespace terrace::syntax
