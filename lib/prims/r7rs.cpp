// prims/r7rs.cpp: names of R7RS-small that programs and people expect.
//
// Answers for: second names, which do what the first one does and name the first one in their errors, and a few small
// procedures that have no family of their own here.
#include <algorithm>
#include <vector>

#include "prims/build.hpp"
#include "prims/unicode.hpp"
#include "text/syntax_chars.hpp"

namespace terrace::prims {

#define T_SAME(id, first) \
  Value prim_##id(VmState* vm, const Value* args, uint64_t argc) { return prim_##first(vm, args, argc); }
T_SAME(truncate_quotient, quotient)
T_SAME(truncate_remainder, remainder)
T_SAME(floor_remainder, modulo)
T_SAME(is_error_object, is_error)
T_SAME(error_object_message, error_message)
T_SAME(error_object_irritants, error_irritants)
T_SAME(is_bytevector, is_bytes)
T_SAME(bytevector, bytes)
T_SAME(make_bytevector, make_bytes)
T_SAME(bytevector_length, bytes_length)
T_SAME(bytevector_ref, bytes_ref)
T_SAME(bytevector_set, bytes_set)
T_SAME(bytevector_copy, bytes_copy)
T_SAME(bytevector_append, bytes_append)
T_SAME(bytevector_copy_to, bytes_copy_to)
#undef T_SAME

namespace {

// Whether all arguments are of a kind and the same word.
template <class Test>
Value all_same(VmState* vm, const char* who, const char* expected, const Value* args, uint64_t argc, Test test) {
  bool same = true;
  for (uint64_t i = 0; i < argc; i++) {
    if (!test(args[i])) return raise_type(vm, who, expected, args[i]);
    same &= args[i] == args[0];
  }
  return make_bool(same);
}

// Calls the function on the characters that stand at the same place of all strings; `use(answer)` answers false to end it.
// Neither the strings nor their text ever move or change.
template <class Use>
bool each_answer(VmState* vm, const char* who, Value function, const Value* strings, uint64_t count, Use use) {
  if (!function_argument(vm, who, function)) return false;
  uint64_t length = UINT64_MAX;
  for (uint64_t i = 0; i < count; i++) {
    if (!type_argument(vm, who, strings[i], Type::kString, "a string")) return false;
    length = std::min<uint64_t>(length, as<value::String>(strings[i])->length);
  }
  std::vector<size_t> at(count, 0);
  RootedValues row(heap_of(vm));
  row.resize(count, kNil);
  for (uint64_t n = 0; n < length; n++) {
    for (uint64_t i = 0; i < count; i++)
      row[i] = value::make_char(next_code_point(frame::string_view_of(strings[i]), &at[i]));
    Value answer = frame::call(vm, function, row.data(), count);
    if (answer == kUnwind || !use(answer)) return false;
  }
  return true;
}

}  // namespace

Value prim_list_set(VmState* vm, const Value* args, uint64_t) {
  uint64_t n;
  if (!size_argument(vm, "list-set!", args[1], &n)) return kUnwind;
  ListWalk walk(args[0]);
  while (walk.more() && walk.steps() < n) walk.step();
  if (!walk.more()) return raise_index(vm, "list-set!", args[1], walk.steps());
  walk.pair()->car = args[2];
  Heap::write_barrier(walk.pair());
  return kUnspecified;
}

Value prim_string_map(VmState* vm, const Value* args, uint64_t argc) {
  std::string result;
  bool done = each_answer(vm, "string-map", args[0], args + 1, argc - 1, [&](Value c) {
    if (!value::is_char(c)) return raise_type(vm, "string-map", "a character", c), false;
    text::append_utf8(result, value::char_value(c));
    return text_may_grow(vm, "string-map", result.size());
  });
  return done ? copy_string(vm, "string-map", result) : kUnwind;
}

Value prim_string_for_each(VmState* vm, const Value* args, uint64_t argc) {
  return each_answer(vm, "string-for-each", args[0], args + 1, argc - 1, [](Value) { return true; }) ? kUnspecified : kUnwind;
}

Value prim_string_count(VmState* vm, const Value* args, uint64_t) {
  int64_t n = 0;
  bool done =
      each_answer(vm, "string-count", args[1], args, 1, [&](Value v) { return n += value::is_truthy(v), true; });
  return done ? make_fixnum(n) : kUnwind;
}

Value prim_boolean_eq(VmState* vm, const Value* args, uint64_t argc) {
  return all_same(vm, "boolean=?", "a boolean", args, argc, [](Value v) { return value::is_bool(v); });
}
Value prim_symbol_eq(VmState* vm, const Value* args, uint64_t argc) {
  return all_same(vm, "symbol=?", "a symbol", args, argc, [](Value v) { return value::is_symbol(v); });
}

}  // namespace terrace::prims
