// prims/lists.cpp: pairs and lists.
//
// Answers for: primitives on lists that call no SX function, but for member and assoc. Not for: map, filter, sort and
// the like (sequences.cpp). Every walk ends, on improper and cyclic lists too.
#include <algorithm>

#include "prims/build.hpp"
#include "prims/dict_table.hpp"
#include "prims/equality.hpp"
#include "prims/sequence.hpp"

namespace terrace::prims {

using value::fixnum_value;
using value::is_fixnum;
using value::is_nil;
using value::is_pair;

namespace {

// Follows a name such as "caddr" from its last letter to its first.
[[gnu::always_inline]] inline Value follow(VmState* vm, std::string_view name, Value v) {
  Value at = v;
  for (size_t i = name.size() - 2; i > 0; i--) {
    if (!is_pair(at)) [[unlikely]]
      return raise_type(vm, name.data(), name.size() == 3 ? "a pair" : "a value of enough pairs", v);
    at = name[i] == 'a' ? value::car(at) : value::cdr(at);
  }
  return at;
}

// The tail of `list` whose element satisfies `same`, else false; the end of a list that is not proper is an error.
template <class Same>
Value tail_where(VmState* vm, const char* who, Value list, Same same) {
  ListWalk walk(list);
  for (; walk.more(); walk.step()) {
    if (same(walk.pair()->car)) return walk.here();
  }
  return walk.proper() ? kFalse : raise_type(vm, who, "a proper list", list);
}

// The first pair in `list` whose car satisfies `same`, else false.
template <class Same>
Value entry_where(VmState* vm, const char* who, Value list, Same same) {
  ListWalk walk(list);
  for (; walk.more(); walk.step()) {
    Value entry = walk.pair()->car;
    if (!is_pair(entry)) return raise_type(vm, who, "a list of pairs", list);
    if (same(value::car(entry))) return entry;
  }
  return walk.proper() ? kFalse : raise_type(vm, who, "a proper list", list);
}

// Compares by equal? or by a function of the program, and remembers a failure, which counts as a match to end the walk.
class Matcher {
 public:
  Matcher(VmState* vm, Value wanted, const Value* function) : vm_(vm), wanted_(wanted), function_(function) {}
  bool operator()(Value candidate) {
    Value pair[] = {wanted_, candidate};
    Value answer = function_ ? frame::call(vm_, *function_, pair, 2) : equal(vm_, wanted_, candidate);
    failed_ = answer == kUnwind;
    return failed_ || value::is_truthy(answer);
  }
  Value result(Value found) const { return failed_ ? kUnwind : found; }

 private:
  VmState* vm_;
  Value wanted_;
  const Value* function_;
  bool failed_ = false;
};

}  // namespace

Value prim_cons(VmState* vm, const Value* args, uint64_t) { return heap_of(vm).cons(args[0], args[1]); }

#define T_PATH(name) \
  Value prim_##name(VmState* vm, const Value* args, uint64_t) { return follow(vm, #name, args[0]); }
T_PATH(car)
T_PATH(cdr)
T_PATH(caar)
T_PATH(cadr)
T_PATH(cdar)
T_PATH(cddr)
T_PATH(caaar)
T_PATH(caadr)
T_PATH(cadar)
T_PATH(caddr)
T_PATH(cdaar)
T_PATH(cdadr)
T_PATH(cddar)
T_PATH(cdddr)
T_PATH(caaaar)
T_PATH(caaadr)
T_PATH(caadar)
T_PATH(caaddr)
T_PATH(cadaar)
T_PATH(cadadr)
T_PATH(caddar)
T_PATH(cadddr)
T_PATH(cdaaar)
T_PATH(cdaadr)
T_PATH(cdadar)
T_PATH(cdaddr)
T_PATH(cddaar)
T_PATH(cddadr)
T_PATH(cdddar)
T_PATH(cddddr)
#undef T_PATH

Value prim_set_car(VmState* vm, const Value* args, uint64_t) {
  if (!is_pair(args[0])) return raise_type(vm, "set-car!", "a pair", args[0]);
  as_pair(args[0])->car = args[1];
  Heap::write_barrier(as_pair(args[0]));
  return kUnspecified;
}

Value prim_set_cdr(VmState* vm, const Value* args, uint64_t) {
  if (!is_pair(args[0])) return raise_type(vm, "set-cdr!", "a pair", args[0]);
  as_pair(args[0])->cdr = args[1];
  Heap::write_barrier(as_pair(args[0]));
  return kUnspecified;
}

Value prim_list(VmState* vm, const Value* args, uint64_t argc) { return frame::make_list(vm, args, argc); }

Value prim_list_star(VmState* vm, const Value* args, uint64_t argc) {
  return frame::make_list(vm, args, argc - 1, args[argc - 1]);
}

Value prim_make_list(VmState* vm, const Value* args, uint64_t argc) {
  uint64_t n;
  if (!size_argument(vm, "make-list", args[0], &n)) return kUnwind;
  if (n > kMaxListLength) return raise_too_large(vm, "make-list");
  Value list = kNil;
  for (uint64_t i = 0; i < n; i++) {
    if (i % kPollEvery == 0 && !poll(vm)) return kUnwind;
    list = heap_of(vm).cons(argc > 1 ? args[1] : kNil, list);
  }
  return list;
}

Value prim_length(VmState* vm, const Value* args, uint64_t) {
  uint64_t n;
  if (value::is_vector(args[0])) return make_fixnum(static_cast<int64_t>(as<value::Vector>(args[0])->length));
  return list_length(vm, "length", args[0], &n) ? make_fixnum(static_cast<int64_t>(n)) : kUnwind;
}

Value prim_append(VmState* vm, const Value* args, uint64_t argc) {
  if (argc == 0) return kNil;
  if (value::is_vector(args[0])) {
    RootedValues all(heap_of(vm));
    for (uint64_t i = 0; i < argc; i++) {
      if (!gather(vm, "append", args[i], &all)) return kUnwind;
    }
    return vector_of(vm, "append", all.data(), all.size());
  }
  ListBuilder result(vm);
  for (uint64_t i = 0; i + 1 < argc; i++) {
    Sequence from;
    if (!from.open(vm, "append", args[i])) return kUnwind;
    Value element;
    while (from.next(&element)) result.push(element);
  }
  result.end_in(args[argc - 1]);
  return result.list();
}

Value prim_append_reverse(VmState* vm, const Value* args, uint64_t) {
  uint64_t n;
  if (!list_length(vm, "append-reverse", args[0], &n)) return kUnwind;
  Value result = args[1];
  for (Value at = args[0]; is_pair(at); at = value::cdr(at)) result = heap_of(vm).cons(value::car(at), result);
  return result;
}

Value prim_reverse(VmState* vm, const Value* args, uint64_t) {
  if (value::is_vector(args[0])) {
    auto* from = as<value::Vector>(args[0]);
    auto* result = new_vector(vm, "reverse", from->length, from->kind());
    if (result == nullptr) return kUnwind;
    std::reverse_copy(from->slot, from->slot + from->length, result->slot);
    return from_object(result);
  }
  uint64_t n;
  if (!list_length(vm, "reverse", args[0], &n)) return kUnwind;
  Value result = kNil;
  for (Value at = args[0]; is_pair(at); at = value::cdr(at)) result = heap_of(vm).cons(value::car(at), result);
  return result;
}

Value prim_list_tail(VmState* vm, const Value* args, uint64_t) {
  uint64_t n;
  if (!size_argument(vm, "list-tail", args[1], &n)) return kUnwind;
  ListWalk walk(args[0]);
  while (walk.more() && walk.steps() < n) walk.step();
  if (walk.steps() == n) return walk.here();
  if (is_pair(walk.here())) return raise_type(vm, "list-tail", "a list that ends", args[0]);
  return raise_index(vm, "list-tail", args[1], walk.steps());
}

Value prim_list_ref(VmState* vm, const Value* args, uint64_t) {
  uint64_t n;
  if (!size_argument(vm, "list-ref", args[1], &n)) return kUnwind;
  if (!is_pair(args[0]) && !is_nil(args[0])) return raise_type(vm, "list-ref", "a list", args[0]);
  return element_of_list(vm, "list-ref", args[0], n);
}

Value prim_first(VmState* vm, const Value* args, uint64_t) {
  if (is_pair(args[0])) return value::car(args[0]);
  if (!value::is_vector(args[0])) return raise_type(vm, "first", "a list or vector with an element", args[0]);
  auto* v = as<value::Vector>(args[0]);
  return v->length > 0 ? heap::vector_ref(heap_of(vm), v, 0) : raise_index(vm, "first", make_fixnum(0), 0);
}

Value prim_rest(VmState* vm, const Value* args, uint64_t) {
  if (is_pair(args[0])) return value::cdr(args[0]);
  if (value::is_vector(args[0])) return copy_vector(vm, "rest", args[0], 1, UINT64_MAX);
  return is_nil(args[0]) ? kNil : raise_type(vm, "rest", "a list or vector", args[0]);
}

Value prim_last_pair(VmState* vm, const Value* args, uint64_t) {
  if (!is_pair(args[0])) return raise_type(vm, "last-pair", "a pair", args[0]);
  Value last = args[0];
  ListWalk walk(args[0]);
  for (; walk.more(); walk.step()) last = walk.here();
  return is_pair(walk.here()) ? raise_type(vm, "last-pair", "a list that ends", args[0]) : last;
}

Value prim_last(VmState* vm, const Value* args, uint64_t) {
  if (value::is_vector(args[0])) {
    auto* v = as<value::Vector>(args[0]);
    return v->length > 0 ? heap::vector_ref(heap_of(vm), v, v->length - 1) : raise_index(vm, "last", make_fixnum(-1), 0);
  }
  if (!is_pair(args[0])) return raise_type(vm, "last", "a list or vector with an element", args[0]);
  uint64_t n;
  if (!list_length(vm, "last", args[0], &n)) return kUnwind;
  Value at = args[0];
  while (is_pair(value::cdr(at))) at = value::cdr(at);
  return value::car(at);
}

Value prim_nth(VmState* vm, const Value* args, uint64_t) {
  uint64_t i;
  if (value::is_vector(args[0])) {
    auto* v = as<value::Vector>(args[0]);
    return index_argument(vm, "nth", args[1], v->length, &i) ? heap::vector_ref(heap_of(vm), v, i) : kUnwind;
  }
  if (!is_pair(args[0]) && !is_nil(args[0])) return raise_type(vm, "nth", "a list or vector", args[0]);
  return size_argument(vm, "nth", args[1], &i) ? element_of_list(vm, "nth", args[0], i) : kUnwind;
}

Value prim_take(VmState* vm, const Value* args, uint64_t) {
  uint64_t n;
  if (!size_argument(vm, "take", args[1], &n)) return kUnwind;
  if (value::is_vector(args[0])) return copy_vector(vm, "take", args[0], 0, n);
  ListBuilder result(vm);
  ListWalk walk(args[0]);
  for (; walk.more() && walk.steps() < n; walk.step()) result.push(walk.pair()->car);
  if (walk.steps() < n && !walk.proper()) return raise_type(vm, "take", "a proper list", args[0]);
  return result.list();
}

Value prim_drop(VmState* vm, const Value* args, uint64_t) {
  uint64_t n;
  if (!size_argument(vm, "drop", args[1], &n)) return kUnwind;
  if (value::is_vector(args[0])) return copy_vector(vm, "drop", args[0], n, UINT64_MAX);
  ListWalk walk(args[0]);
  while (walk.more() && walk.steps() < n) walk.step();
  if (walk.steps() < n && !walk.proper()) return raise_type(vm, "drop", "a proper list", args[0]);
  return walk.here();
}

Value prim_memq(VmState* vm, const Value* args, uint64_t) {
  return tail_where(vm, "memq", args[1], [&](Value v) { return v == args[0]; });
}

Value prim_memv(VmState* vm, const Value* args, uint64_t) {
  return tail_where(vm, "memv", args[1], [&](Value v) { return eqv(v, args[0]); });
}

Value prim_member(VmState* vm, const Value* args, uint64_t argc) {
  if (argc > 2 && !function_argument(vm, "member", args[2])) return kUnwind;
  Matcher matcher(vm, args[0], argc > 2 ? &args[2] : nullptr);
  if (value::is_vector(args[1])) {
    Sequence from;
    Value element;
    for (from.open(vm, "member", args[1]); from.next(&element);) {
      if (!matcher(element)) continue;
      return matcher.result(kNil) == kUnwind ? kUnwind : copy_vector(vm, "member", args[1], from.index() - 1, UINT64_MAX);
    }
    return kFalse;
  }
  Value found = tail_where(vm, "member", args[1], [&](Value v) { return matcher(v); });
  return matcher.result(found);
}

Value prim_assq(VmState* vm, const Value* args, uint64_t) {
  return entry_where(vm, "assq", args[1], [&](Value v) { return v == args[0]; });
}

Value prim_assv(VmState* vm, const Value* args, uint64_t) {
  return entry_where(vm, "assv", args[1], [&](Value v) { return eqv(v, args[0]); });
}

Value prim_assoc(VmState* vm, const Value* args, uint64_t argc) {
  if (argc > 2 && !function_argument(vm, "assoc", args[2])) return kUnwind;
  Matcher matcher(vm, args[0], argc > 2 ? &args[2] : nullptr);
  if (value::is_vector(args[1])) {
    Sequence from;
    Value element;
    for (from.open(vm, "assoc", args[1]); from.next(&element);) {
      if (!is_pair(element)) return raise_type(vm, "assoc", "a vector of pairs", args[1]);
      if (matcher(value::car(element))) return matcher.result(element);
    }
    return kFalse;
  }
  Value found = entry_where(vm, "assoc", args[1], [&](Value v) { return matcher(v); });
  return matcher.result(found);
}

Value prim_list_copy(VmState* vm, const Value* args, uint64_t) {
  ListBuilder result(vm);
  ListWalk walk(args[0]);
  for (; walk.more(); walk.step()) result.push(walk.pair()->car);
  if (is_pair(walk.here())) return raise_type(vm, "list-copy", "a list that ends", args[0]);
  if (walk.steps() == 0) return args[0];
  result.end_in(walk.here());
  return result.list();
}

Value prim_delete_duplicates(VmState* vm, const Value* args, uint64_t) {
  Sequence from;
  if (!from.open(vm, "delete-duplicates", args[0])) return kUnwind;
  Value seen = make_dict(vm);
  Value element;
  while (from.next(&element)) {
    if (!dict_insert(vm, seen, element, kTrue)) return kUnwind;
  }
  Value keys = dict_list(vm, seen, DictPart::kKeys);
  return from.is_vector() ? vector_of_list(vm, "delete-duplicates", keys) : keys;
}

namespace {

// Appends the leaves of `v` to `result`; false after raising.
bool flatten_into(VmState* vm, Value v, ListBuilder* result) {
  uint64_t n;
  if (!frame::ensure_stack(vm, "flatten") || !list_length(vm, "flatten", v, &n)) return false;
  for (Value at = v; is_pair(at); at = value::cdr(at)) {
    Value element = value::car(at);
    if (!is_pair(element) && !is_nil(element)) {
      result->push(element);
    } else if (!flatten_into(vm, element, result)) {
      return false;
    }
  }
  return true;
}

}  // namespace

Value prim_flatten(VmState* vm, const Value* args, uint64_t) {
  ListBuilder result(vm);
  return flatten_into(vm, args[0], &result) ? result.list() : kUnwind;
}

}  // namespace terrace::prims
