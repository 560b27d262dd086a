// syntax/scope.cpp: lookup, innermost scope first, the latest binding of a scope first.
#include "syntax/scope.hpp"

namespace terrace::syntax {

const Meaning* Scope::own(Value name) const {
  for (size_t i = names_.size(); i-- > 0;)
    if (names_[i].name == name) return &names_[i].meaning;
  return nullptr;
}

const Meaning* Scope::find(Value name) const {
  if (!bound_->contains(name.bits)) return nullptr;
  for (const Scope* scope = this; scope != nullptr; scope = scope->outer_)
    if (const Meaning* found = scope->own(name)) return found;
  return nullptr;
}

}  // namespace terrace::syntax
