// syntax/scope.hpp: which names are visible where.
//
// Answers for: lexical lookup of variables and local macros. Not for: globals and forms (expander.hpp asks the vm for
// those).
#pragma once

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
  Scope(Scope* outer, Lambda* function) : outer_(outer), function_(function) {}

  void bind(Value name, Variable* variable) { names_.push_back({name, {variable, value::kNil}}); }
  void bind_macro(Value name, Value expander) { names_.push_back({name, {nullptr, expander}}); }
  // The meaning of the name here or in a scope around; null for a global.
  const Meaning* find(Value name) const;
  bool binds(Value name) const { return own(name) != nullptr; }
  Scope* outer() const { return outer_; }
  Lambda* function() const { return function_; }

 private:
  struct Name {
    Value name;
    Meaning meaning;
  };
  const Meaning* own(Value name) const;

  Scope* outer_;
  Lambda* function_;
  std::vector<Name> names_;
};

}  // namespace terrace::syntax
