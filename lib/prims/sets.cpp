// prims/sets.cpp: dicts as sets: a set is a dict whose keys are its elements.
//
// Answers for: operations that look at keys only and keep the order and the values of the first dict. The union is
// dict-merge, membership dict-has?.
#include "prims/dict_table.hpp"
#include "prims/sequence.hpp"

namespace terrace::prims {

namespace {

bool all_dicts(VmState* vm, const char* who, const Value* args, uint64_t argc) {
  for (uint64_t i = 0; i < argc; i++) {
    if (!type_argument(vm, who, args[i], Type::kDict, "a dict")) return false;
  }
  return true;
}

// How many of the dicts have the key; negative when comparing raised.
int64_t holders(VmState* vm, const Value* dicts, uint64_t count, Value key) {
  int64_t n = 0;
  for (uint64_t i = 0; i < count; i++) {
    int64_t found = dict_find(vm, dicts[i], key);
    if (found == kDictFailed) return -1;
    n += found >= 0;
  }
  return n;
}

// The entries of the first dict whose key `keep` wants, given how many of the others have it.
template <class Keep>
Value filtered(VmState* vm, const char* who, const Value* args, uint64_t argc, Keep keep) {
  if (!all_dicts(vm, who, args, argc)) return kUnwind;
  Value result = make_dict(vm, 0, as<value::Dict>(args[0])->equality);
  if (result == kUnwind) return kUnwind;
  Value key, value;
  for (DictCursor at(args[0]); at.next(&key, &value);) {
    int64_t n = holders(vm, args + 1, argc - 1, key);
    if (n < 0 || (keep(n) && !dict_insert(vm, result, key, value))) return kUnwind;
  }
  return result;
}

}  // namespace

Value prim_list_to_set(VmState* vm, const Value* args, uint64_t argc) {
  value::DictEquality equality = value::DictEquality::kEqual;
  Sequence from;
  if (argc > 1 && !equality_argument(vm, "list->set", args[1], &equality)) return kUnwind;
  if (!from.open(vm, "list->set", args[0])) return kUnwind;
  Value set = make_dict(vm, from.length(), equality);
  if (set == kUnwind) return kUnwind;
  Value element;
  while (from.next(&element)) {
    if (!dict_insert(vm, set, element, kTrue)) return kUnwind;
  }
  return set;
}

Value prim_dict_intersection(VmState* vm, const Value* args, uint64_t argc) {
  auto others = static_cast<int64_t>(argc - 1);
  return filtered(vm, "dict-intersection", args, argc, [others](int64_t n) { return n == others; });
}

Value prim_dict_difference(VmState* vm, const Value* args, uint64_t argc) {
  return filtered(vm, "dict-difference", args, argc, [](int64_t n) { return n == 0; });
}

Value prim_is_dict_subset(VmState* vm, const Value* args, uint64_t) {
  if (!all_dicts(vm, "dict-subset?", args, 2)) return kUnwind;
  Value key, value;
  for (DictCursor at(args[0]); at.next(&key, &value);) {
    int64_t n = holders(vm, args + 1, 1, key);
    if (n < 1) return n < 0 ? kUnwind : kFalse;
  }
  return kTrue;
}

}  // namespace terrace::prims
