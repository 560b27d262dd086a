// prims/weak.cpp: references that do not keep their value, and what is to be done when values are gone.
//
// Answers for: weak references and dicts that have them as keys. A dict from weak references to whatever should outlive
// the values, with dict-take-dead! asked now and then, is what hosts make finalizers and weak tables of: nothing runs by
// itself in the middle of a program. Not for: when the collector lets go (heap/heap.cpp).
#include "prims/build.hpp"
#include "prims/dict_table.hpp"

namespace terrace::prims {

namespace {

bool weak_argument(VmState* vm, const char* who, Value v) {
  return type_argument(vm, who, v, Type::kWeakRef, "a weak reference");
}

bool is_dead(Value v) { return value::is_type(v, Type::kWeakRef) && as<value::WeakRef>(v)->target == value::kUnbound; }

}  // namespace

Value prim_make_weak_ref(VmState* vm, const Value* args, uint64_t) {
  return from_object(heap_of(vm).make_weak_ref(args[0]));
}

Value prim_is_weak_ref(VmState*, const Value* args, uint64_t) {
  return make_bool(value::is_type(args[0], Type::kWeakRef));
}

Value prim_weak_ref_value(VmState* vm, const Value* args, uint64_t argc) {
  if (!weak_argument(vm, "weak-ref-value", args[0])) return kUnwind;
  if (is_dead(args[0])) return argc > 1 ? args[1] : kFalse;
  return as<value::WeakRef>(args[0])->target;
}

Value prim_dict_take_dead(VmState* vm, const Value* args, uint64_t) {
  if (!type_argument(vm, "dict-take-dead!", args[0], Type::kDict, "a dict")) return kUnwind;
  ListBuilder taken(vm);
  Value key, value;
  for (DictCursor at(args[0]); at.next(&key, &value);) {
    if (!is_dead(key)) continue;
    taken.push(value);
    if (dict_erase(vm, args[0], key) == kUnwind) return kUnwind;
  }
  return taken.list();
}

}  // namespace terrace::prims
