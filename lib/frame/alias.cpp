// frame/alias.cpp: aliases, and data without them.
#include "frame/alias.hpp"

#include <algorithm>
#include <unordered_set>

namespace terrace::frame {

using namespace value;

Value make_alias(VmState* vm, Value base, Value env) {
  heap::RootedValues keep(heap_of(vm));
  keep.push(base);
  keep.push(env);
  auto* alias = heap_of(vm).make<Alias>(Type::kSymbol);
  alias->flags = kAlias;
  alias->name = as<Symbol>(base)->name;
  alias->cell = kNil;
  alias->hash = vm_of(vm).next_token++ * 0x9E3779B97F4A7C15;
  alias->base = base;
  alias->env = env;
  vm_of(vm).has_aliases = true;
  return from_object(alias);
}

Value written_symbol(Value symbol) {
  while (is_alias(symbol)) symbol = as<Alias>(symbol)->base;
  return symbol;
}

namespace {

// Whether an alias can be reached through pairs and vectors, which may contain themselves.
bool holds_alias(Value datum) {
  std::vector<Value> pending{datum};
  std::unordered_set<uint64_t> seen;
  while (!pending.empty()) {
    Value v = pending.back();
    pending.pop_back();
    if (is_alias(v)) return true;
    if (!is_pair(v) && !is_vector(v)) continue;
    if (!seen.insert(v.bits).second) continue;
    if (is_pair(v)) {
      pending.push_back(cdr(v));
      pending.push_back(car(v));
    } else {
      if (as<Vector>(v)->kind() == VectorKind::kGeneric)
        pending.insert(pending.end(), words_of(as<Vector>(v)), words_of(as<Vector>(v)) + as<Vector>(v)->length);
    }
  }
  return false;
}

// A copy without aliases; shared and circular parts stay shared and circular.
class Stripper {
 public:
  explicit Stripper(VmState* vm) : vm_(vm), copies_(heap_of(vm)) {}

  // False with the error pending when there is not enough stack.
  bool strip(Value v, Value* out) {
    if (!ensure_stack(vm_, "syntax->datum")) return false;
    if (is_symbol(v)) {
      *out = written_symbol(v);
      return true;
    }
    if (is_pair(v)) return strip_list(v, out);
    if (is_vector(v)) return strip_vector(v, out);
    *out = v;
    return true;
  }

 private:
  // Along the list, so that length costs no stack.
  bool strip_list(Value list, Value* out) {
    Value last = kNil;
    for (;;) {
      Value copy;
      bool goes_on = is_pair(list) && !known(list, &copy);
      if (!is_pair(list) && !strip(list, &copy)) return false;
      if (goes_on) {
        copy = heap_of(vm_).cons(kNil, kNil);
        note(list, copy);
        Value first;
        if (!strip(car(list), &first)) return false;
        as_pair(copy)->car = first;
        heap::Heap::write_barrier(as_pair(copy));
      }
      if (is_nil(last)) {
        *out = copy;
      } else {
        as_pair(last)->cdr = copy;
        heap::Heap::write_barrier(as_pair(last));
      }
      if (!goes_on) return true;
      last = copy;
      list = cdr(list);
    }
  }

  bool strip_vector(Value vector, Value* out) {
    if (known(vector, out)) return true;
    auto* from = as<Vector>(vector);
    auto* to = heap_of(vm_).make<Vector>(Type::kVector, from->length * sizeof(Value));
    to->become(from->kind());
    to->length = from->length;
    std::copy(from->slot, from->slot + from->length, to->slot);
    *out = from_object(to);
    note(vector, *out);
    if (from->kind() != VectorKind::kGeneric) return true;
    for (uint64_t i = 0; i < from->length; i++) {
      Value item;
      if (!strip(words_of(from)[i], &item)) return false;
      words_of(to)[i] = item;
      heap::Heap::write_barrier(to, i);
    }
    return true;
  }

  bool known(Value v, Value* out) const {
    auto found = index_.find(v.bits);
    if (found == index_.end()) return false;
    *out = found->second;
    return true;
  }
  void note(Value v, Value copy) {
    copies_.push(copy);
    index_.emplace(v.bits, copy);
  }

  VmState* vm_;
  heap::RootedValues copies_;
  std::unordered_map<uint64_t, Value> index_;
};

}  // namespace

Value strip_aliases(VmState* vm, Value datum) {
  if (!vm_of(vm).has_aliases || !holds_alias(datum)) return datum;
  heap::RootedValues keep(heap_of(vm));
  keep.push(datum);
  Value out;
  return Stripper(vm).strip(datum, &out) ? out : kUnwind;
}

}  // namespace terrace::frame
