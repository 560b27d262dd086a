// syntax/scope.hpp: which names are visible where.
//
// Answers for: lexical lookup of variables and local macros. Not for: globals and forms (expander.hpp asks the vm for
// those).
#pragma once

#include <unordered_map>
#include <vector>

#include "syntax/tree.hpp"

namespace terrace::syntax {

// What a name means in a scope: a variable, or a macro when `variable` is null.
struct Meaning {
  Variable* variable = nullptr;
  Value expander = value::kNil;
};

class Scope {
 public:
  Scope(Scope* outer, Lambda* function)
      : outer_(outer), function_(function), bound_(outer != nullptr ? outer->bound_ : &own_bound_) {}
  ~Scope() {
    for (const Name& n : names_)
      if (--(*bound_)[n.name.bits] == 0) bound_->erase(n.name.bits);
  }
  Scope(const Scope&) = delete;

  void bind(Value name, Variable* variable) { add(name, {variable, value::kNil}); }
  void bind_macro(Value name, Value expander) { add(name, {nullptr, expander}); }
  // The meaning of the name here or in a scope around; null for a global.
  const Meaning* find(Value name) const;
  bool binds(Value name) const { return own(name) != nullptr; }
  Scope* outer() const { return outer_; }
  Lambda* function() const { return function_; }
  // What templates that stand in this scope call it; 0 when there are none.
  int64_t number() const { return number_; }
  void set_number(int64_t number) { number_ = number; }

 private:
  struct Name {
    Value name;
    Meaning meaning;
  };
  using Counts = std::unordered_map<uint64_t, size_t>;

  const Meaning* own(Value name) const;
  void add(Value name, Meaning meaning) {
    names_.push_back({name, meaning});
    ++(*bound_)[name.bits];
  }

  Scope* outer_;
  Lambda* function_;
  std::vector<Name> names_;
  int64_t number_ = 0;
  Counts own_bound_;  // of the outermost scope
  Counts* bound_;     // how often each name is bound here and around: most names are not, which is then known at once
};

}  // namespace terrace::syntax
