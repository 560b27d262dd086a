// prims/dicts.cpp: dicts as programs see them. The table is in dict_table.cpp.
#include "frame/number.hpp"
#include "prims/build.hpp"
#include "prims/dict_table.hpp"

namespace terrace::prims {

namespace {

bool dict_argument(VmState* vm, const char* who, Value v) {
  if (value::is_dict(v)) [[likely]]
    return true;
  raise_type(vm, who, "a dict", v);
  return false;
}

Value raise_no_key(VmState* vm, Value key) {
  return frame::raise_error_with(vm, ErrorKind::kRange, "dict-ref: there is no such key: " + frame::describe(key),
                                 frame::make_list(vm, &key, 1));
}

// The value of the key, or `otherwise`; kUnwind when comparing keys raised.
Value value_or(VmState* vm, Value dict, Value key, Value otherwise) {
  int64_t found = dict_find(vm, dict, key);
  if (found >= 0) [[likely]]
    return dict_entry(dict, found)->value;
  return found == kDictAbsent ? otherwise : kUnwind;
}

Value list_part(VmState* vm, const char* who, Value dict, DictPart part) {
  return dict_argument(vm, who, dict) ? dict_list(vm, dict, part) : kUnwind;
}

}  // namespace

Value prim_dict(VmState* vm, const Value* args, uint64_t argc) {
  if (argc % 2 != 0) return raise_error(vm, ErrorKind::kArity, "dict: the last key has no value");
  Value dict = make_dict(vm, argc / 2);
  for (uint64_t i = 0; i < argc && dict != kUnwind; i += 2) {
    if (!dict_insert(vm, dict, args[i], args[i + 1])) return kUnwind;
  }
  return dict;
}

Value prim_make_dict(VmState* vm, const Value* args, uint64_t argc) {
  value::DictEquality equality = value::DictEquality::kEqual;
  if (argc > 0 && !equality_argument(vm, "make-dict", args[0], &equality)) return kUnwind;
  return make_dict(vm, 0, equality);
}

Value prim_dict_equality(VmState* vm, const Value* args, uint64_t) {
  if (!dict_argument(vm, "dict-equality", args[0])) return kUnwind;
  return vm_of(vm).keyword(equality_name(as<value::Dict>(args[0])->equality));
}

Value prim_dict_ref(VmState* vm, const Value* args, uint64_t argc) {
  if (!dict_argument(vm, "dict-ref", args[0])) return kUnwind;
  Value found = value_or(vm, args[0], args[1], argc > 2 ? args[2] : value::kUnbound);
  return found == value::kUnbound ? raise_no_key(vm, args[1]) : found;
}

Value prim_dict_get(VmState* vm, const Value* args, uint64_t argc) {
  if (!dict_argument(vm, "dict-get", args[0])) return kUnwind;
  return value_or(vm, args[0], args[1], argc > 2 ? args[2] : kNil);
}

Value prim_dict_set(VmState* vm, const Value* args, uint64_t) {
  if (!dict_argument(vm, "dict-set!", args[0])) return kUnwind;
  return dict_insert(vm, args[0], args[1], args[2]) ? kUnspecified : kUnwind;
}

Value prim_dict_has(VmState* vm, const Value* args, uint64_t) {
  if (!dict_argument(vm, "dict-has?", args[0])) return kUnwind;
  int64_t found = dict_find(vm, args[0], args[1]);
  return found == kDictFailed ? kUnwind : make_bool(found >= 0);
}

Value prim_dict_delete(VmState* vm, const Value* args, uint64_t) {
  return dict_argument(vm, "dict-delete!", args[0]) ? dict_erase(vm, args[0], args[1]) : kUnwind;
}

Value prim_dict_clear(VmState* vm, const Value* args, uint64_t) {
  return dict_argument(vm, "dict-clear!", args[0]) && dict_clear(vm, args[0]) ? kUnspecified : kUnwind;
}

Value prim_dict_count(VmState* vm, const Value* args, uint64_t) {
  if (!dict_argument(vm, "dict-count", args[0])) return kUnwind;
  return make_fixnum(static_cast<int64_t>(dict_count(args[0])));
}

Value prim_dict_keys(VmState* vm, const Value* args, uint64_t) {
  return list_part(vm, "dict-keys", args[0], DictPart::kKeys);
}
Value prim_dict_values(VmState* vm, const Value* args, uint64_t) {
  return list_part(vm, "dict-values", args[0], DictPart::kValues);
}
Value prim_dict_entries(VmState* vm, const Value* args, uint64_t) {
  return list_part(vm, "dict-entries", args[0], DictPart::kEntries);
}

Value prim_dict_update(VmState* vm, const Value* args, uint64_t argc) {
  if (!dict_argument(vm, "dict-update!", args[0]) || !function_argument(vm, "dict-update!", args[2])) return kUnwind;
  Value old = value_or(vm, args[0], args[1], argc > 3 ? args[3] : value::kUnbound);
  if (old == value::kUnbound) return raise_no_key(vm, args[1]);
  Value fresh = old == kUnwind ? kUnwind : frame::call1(vm, args[2], old);
  return fresh != kUnwind && dict_insert(vm, args[0], args[1], fresh) ? fresh : kUnwind;
}

Value prim_dict_increment(VmState* vm, const Value* args, uint64_t argc) {
  if (!dict_argument(vm, "dict-increment!", args[0])) return kUnwind;
  Value step = argc > 2 ? args[2] : make_fixnum(1);
  if (!frame::number::is_number(step)) return raise_type(vm, "dict-increment!", "a number", step);
  Value old = value_or(vm, args[0], args[1], make_fixnum(0));
  Value sum = old == kUnwind ? kUnwind : frame::number::add(vm, old, step);
  return sum != kUnwind && dict_insert(vm, args[0], args[1], sum) ? sum : kUnwind;
}

Value prim_dict_for_each(VmState* vm, const Value* args, uint64_t) {
  if (!function_argument(vm, "dict-for-each", args[0]) || !dict_argument(vm, "dict-for-each", args[1])) return kUnwind;
  Value entry[2];
  for (DictCursor at(args[1]); at.next(&entry[0], &entry[1]);) {
    if (frame::call(vm, args[0], entry, 2) == kUnwind) return kUnwind;
  }
  return kUnspecified;
}

Value prim_dict_map(VmState* vm, const Value* args, uint64_t) {
  if (!function_argument(vm, "dict-map", args[0]) || !dict_argument(vm, "dict-map", args[1])) return kUnwind;
  ListBuilder result(vm);
  Value entry[2];
  for (DictCursor at(args[1]); at.next(&entry[0], &entry[1]);) {
    Value answer = frame::call(vm, args[0], entry, 2);
    if (answer == kUnwind) return kUnwind;
    result.push(answer);
  }
  return result.list();
}

Value prim_dict_copy(VmState* vm, const Value* args, uint64_t) {
  return dict_argument(vm, "dict-copy", args[0]) ? dict_copy(vm, args[0]) : kUnwind;
}

Value prim_dict_merge(VmState* vm, const Value* args, uint64_t argc) {
  for (uint64_t i = 0; i < argc; i++) {
    if (!dict_argument(vm, "dict-merge", args[i])) return kUnwind;
  }
  Value all = dict_copy(vm, args[0]);
  if (all == kUnwind) return kUnwind;
  Value key, value;
  for (uint64_t i = 1; i < argc; i++) {
    for (DictCursor at(args[i]); at.next(&key, &value);) {
      if (!dict_insert(vm, all, key, value)) return kUnwind;
    }
  }
  return all;
}

Value prim_entries_to_dict(VmState* vm, const Value* args, uint64_t) {
  uint64_t n;
  if (!list_length(vm, "entries->dict", args[0], &n)) return kUnwind;
  Value dict = make_dict(vm, n);
  if (dict == kUnwind) return kUnwind;
  for (Value at = args[0]; value::is_pair(at); at = value::cdr(at)) {
    Value entry = value::car(at);
    if (!value::is_pair(entry)) return raise_type(vm, "entries->dict", "a list of pairs", args[0]);
    if (!dict_insert(vm, dict, value::car(entry), value::cdr(entry))) return kUnwind;
  }
  return dict;
}

}  // namespace terrace::prims
