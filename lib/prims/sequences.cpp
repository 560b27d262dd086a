// prims/sequences.cpp: primitives that call a function on the elements of lists and vectors.
//
// Answers for: map, fold, sort and the rest. Functions are called through frame::call, which may suspend the
// computation or unwind it in the middle: what is kept meanwhile is in locals and rooted arrays only.
#include <algorithm>

#include "frame/number.hpp"
#include "prims/dict_table.hpp"
#include "prims/equality.hpp"
#include "prims/sequence.hpp"

namespace terrace::prims {

namespace {

// The two arguments (function sequence) that most of these primitives take, opened for reading.
struct Visit {
  VmState* vm;
  Value function;
  Sequence from;
  Value element = kNil;
  Value answer = kNil;

  bool open(const char* who, const Value* args) {
    function = args[0];
    return function_argument(vm, who, function) && from.open(vm, who, args[1]);
  }
  bool next() { return from.next(&element); }
  // Calls the function on the element; false after an unwind.
  bool ask() {
    answer = frame::call1(vm, function, element);
    return answer != kUnwind;
  }
};

Value call2(VmState* vm, Value function, Value a, Value b) {
  Value pair[] = {a, b};
  return frame::call(vm, function, pair, 2);
}

// Keeps the elements for which the truth of the answer is `wanted`.
Value keep(VmState* vm, const char* who, const Value* args, bool wanted) {
  Visit visit{vm, args[0], {}};
  if (!visit.open(who, args)) return kUnwind;
  RootedValues kept(heap_of(vm));
  while (visit.next()) {
    if (!visit.ask()) return kUnwind;
    if (value::is_truthy(visit.answer) == wanted) kept.push(visit.element);
  }
  return sequence_of(vm, who, kept, visit.from.is_vector());
}

enum class SumPlace { kFirst, kLast };

Value fold_elements(VmState* vm, const char* who, Value function, Value sum, Value sequence, SumPlace place) {
  Sequence from;
  if (!function_argument(vm, who, function) || !from.open(vm, who, sequence)) return kUnwind;
  Value element;
  while (sum != kUnwind && from.next(&element)) {
    sum = place == SumPlace::kFirst ? call2(vm, function, sum, element) : call2(vm, function, element, sum);
  }
  return sum;
}

// Applies the function to the rows of the sequences args[1..]; `use(answer)` says whether to go on.
template <class Use>
bool each_row(VmState* vm, const char* who, Lanes* lanes, const Value* args, uint64_t argc, Use use) {
  if (!function_argument(vm, who, args[0]) || !lanes->open(vm, who, args + 1, argc - 1)) return false;
  while (const Value* row = lanes->next()) {
    Value answer = frame::call(vm, args[0], row, lanes->count());
    if (answer == kUnwind) return false;
    if (!use(answer)) break;
  }
  return true;
}

}  // namespace

Value prim_map(VmState* vm, const Value* args, uint64_t argc) {
  if (argc == 2 && !value::is_vector(args[1])) {
    Visit visit{vm, args[0], {}};
    if (!visit.open("map", args)) return kUnwind;
    ListBuilder result(vm);
    while (visit.next()) {
      if (!visit.ask()) return kUnwind;
      result.push(visit.answer);
    }
    return result.list();
  }
  Lanes lanes(vm);
  RootedValues results(heap_of(vm));
  auto collect = [&](Value v) { return results.push(v), true; };
  if (!each_row(vm, "map", &lanes, args, argc, collect)) return kUnwind;
  return sequence_of(vm, "map", results, lanes.first_is_vector());
}

Value prim_for_each(VmState* vm, const Value* args, uint64_t argc) {
  if (argc == 2) {
    Visit visit{vm, args[0], {}};
    if (!visit.open("for-each", args)) return kUnwind;
    while (visit.next()) {
      if (!visit.ask()) return kUnwind;
    }
    return kUnspecified;
  }
  Lanes lanes(vm);
  return each_row(vm, "for-each", &lanes, args, argc, [](Value) { return true; }) ? kUnspecified : kUnwind;
}

Value prim_map_index(VmState* vm, const Value* args, uint64_t) {
  Visit visit{vm, args[0], {}};
  if (!visit.open("map-index", args)) return kUnwind;
  RootedValues results(heap_of(vm));
  while (visit.next()) {
    Value index = make_fixnum(static_cast<int64_t>(visit.from.index()) - 1);
    Value answer = call2(vm, visit.function, index, visit.element);
    if (answer == kUnwind) return kUnwind;
    results.push(answer);
  }
  return sequence_of(vm, "map-index", results, visit.from.is_vector());
}

Value prim_filter(VmState* vm, const Value* args, uint64_t) { return keep(vm, "filter", args, true); }
Value prim_remove(VmState* vm, const Value* args, uint64_t) { return keep(vm, "remove", args, false); }

Value prim_partition(VmState* vm, const Value* args, uint64_t) {
  Visit visit{vm, args[0], {}};
  if (!visit.open("partition", args)) return kUnwind;
  RootedValues in(heap_of(vm)), out(heap_of(vm));
  while (visit.next()) {
    if (!visit.ask()) return kUnwind;
    (value::is_truthy(visit.answer) ? in : out).push(visit.element);
  }
  Value parts[2];
  parts[0] = sequence_of(vm, "partition", in, visit.from.is_vector());
  if (parts[0] == kUnwind) return kUnwind;
  parts[1] = sequence_of(vm, "partition", out, visit.from.is_vector());
  return parts[1] == kUnwind ? kUnwind : frame::make_list(vm, parts, 2);
}

Value prim_reduce(VmState* vm, const Value* args, uint64_t argc) {
  if (argc == 3) return fold_elements(vm, "reduce", args[0], args[1], args[2], SumPlace::kFirst);
  Sequence from;
  if (!function_argument(vm, "reduce", args[0]) || !from.open(vm, "reduce", args[1])) return kUnwind;
  Value sum, element;
  if (!from.next(&sum)) return raise_type(vm, "reduce", "a sequence with an element, or a start value", args[1]);
  while (sum != kUnwind && from.next(&element)) sum = call2(vm, args[0], sum, element);
  return sum;
}

Value prim_fold(VmState* vm, const Value* args, uint64_t) {
  return fold_elements(vm, "fold", args[0], args[1], args[2], SumPlace::kLast);
}

Value prim_fold_left(VmState* vm, const Value* args, uint64_t) {
  return fold_elements(vm, "fold-left", args[0], args[1], args[2], SumPlace::kFirst);
}

Value prim_fold_right(VmState* vm, const Value* args, uint64_t) {
  RootedValues elements(heap_of(vm));
  if (!function_argument(vm, "fold-right", args[0]) || !gather(vm, "fold-right", args[2], &elements)) return kUnwind;
  Value sum = args[1];
  for (size_t i = elements.size(); i > 0 && sum != kUnwind; i--) sum = call2(vm, args[0], elements[i - 1], sum);
  return sum;
}

Value prim_append_map(VmState* vm, const Value* args, uint64_t argc) {
  Lanes lanes(vm);
  ListBuilder result(vm);
  bool proper = true;
  auto add = [&](Value list) {
    uint64_t n;
    proper = list_length(vm, "append-map", list, &n);
    for (Value at = list; proper && value::is_pair(at); at = value::cdr(at)) result.push(value::car(at));
    return proper;
  };
  return each_row(vm, "append-map", &lanes, args, argc, add) && proper ? result.list() : kUnwind;
}

Value prim_filter_map(VmState* vm, const Value* args, uint64_t) {
  Visit visit{vm, args[0], {}};
  if (!visit.open("filter-map", args)) return kUnwind;
  ListBuilder result(vm);
  while (visit.next()) {
    if (!visit.ask()) return kUnwind;
    if (value::is_truthy(visit.answer)) result.push(visit.answer);
  }
  return result.list();
}

Value prim_any(VmState* vm, const Value* args, uint64_t argc) {
  Lanes lanes(vm);
  Value last = kFalse;
  auto use = [&](Value v) { return last = value::is_truthy(v) ? v : kFalse, value::is_falsy(v); };
  return each_row(vm, "any", &lanes, args, argc, use) ? last : kUnwind;
}

Value prim_every(VmState* vm, const Value* args, uint64_t argc) {
  Lanes lanes(vm);
  Value last = kTrue;
  auto use = [&](Value v) { return last = value::is_truthy(v) ? v : kFalse, value::is_truthy(v); };
  return each_row(vm, "every", &lanes, args, argc, use) ? last : kUnwind;
}

namespace {

// Stops at the first element whose answer has the given truth; false after an unwind, `*found` says whether there is
// one.
bool seek(Visit* visit, bool wanted, bool* found) {
  *found = false;
  while (!*found && visit->next()) {
    if (!visit->ask()) return false;
    *found = value::is_truthy(visit->answer) == wanted;
  }
  return true;
}

}  // namespace

Value prim_find(VmState* vm, const Value* args, uint64_t) {
  Visit visit{vm, args[0], {}};
  bool found;
  if (!visit.open("find", args) || !seek(&visit, true, &found)) return kUnwind;
  return found ? visit.element : kFalse;
}

Value prim_find_index(VmState* vm, const Value* args, uint64_t) {
  Visit visit{vm, args[0], {}};
  bool found;
  if (!visit.open("find-index", args) || !seek(&visit, true, &found)) return kUnwind;
  return found ? make_fixnum(static_cast<int64_t>(visit.from.index()) - 1) : kFalse;
}

Value prim_find_tail(VmState* vm, const Value* args, uint64_t) {
  if (!function_argument(vm, "find-tail", args[0])) return kUnwind;
  ListWalk walk(args[1]);
  for (; walk.more(); walk.step()) {
    Value answer = frame::call1(vm, args[0], walk.pair()->car);
    if (answer == kUnwind) return kUnwind;
    if (value::is_truthy(answer)) return walk.here();
  }
  return walk.proper() ? kFalse : raise_type(vm, "find-tail", "a proper list", args[1]);
}

Value prim_index_of(VmState* vm, const Value* args, uint64_t) {
  Sequence from;
  if (!from.open(vm, "index-of", args[0])) return kUnwind;
  Value element;
  while (from.next(&element)) {
    Value same = equal(vm, element, args[1]);
    if (same == kUnwind) return kUnwind;
    if (same == kTrue) return make_fixnum(static_cast<int64_t>(from.index()) - 1);
  }
  return kFalse;
}

Value prim_count(VmState* vm, const Value* args, uint64_t) {
  Visit visit{vm, args[0], {}};
  if (!visit.open("count", args)) return kUnwind;
  int64_t n = 0;
  while (visit.next()) {
    if (!visit.ask()) return kUnwind;
    n += value::is_truthy(visit.answer);
  }
  return make_fixnum(n);
}

Value prim_take_while(VmState* vm, const Value* args, uint64_t) {
  Visit visit{vm, args[0], {}};
  if (!visit.open("take-while", args)) return kUnwind;
  ListBuilder result(vm);
  while (visit.next()) {
    if (!visit.ask()) return kUnwind;
    if (value::is_falsy(visit.answer)) break;
    result.push(visit.element);
  }
  return result.list();
}

Value prim_drop_while(VmState* vm, const Value* args, uint64_t) {
  Visit visit{vm, args[0], {}};
  bool found;
  if (!visit.open("drop-while", args) || !seek(&visit, false, &found)) return kUnwind;
  ListBuilder result(vm);
  if (!found) return kNil;
  do result.push(visit.element);
  while (visit.next());
  return result.list();
}

Value prim_group_by(VmState* vm, const Value* args, uint64_t) {
  Visit visit{vm, args[0], {}};
  if (!visit.open("group-by", args)) return kUnwind;
  Value groups = make_dict(vm);
  while (visit.next()) {
    if (!visit.ask()) return kUnwind;
    Value* group = dict_place(vm, groups, visit.answer, kNil);
    if (group == nullptr) return kUnwind;
    Value members = heap_of(vm).cons(visit.element, *group);
    if (!dict_insert(vm, groups, visit.answer, members)) return kUnwind;
  }
  // The groups were gathered backwards.
  Value key, members;
  for (DictCursor at(groups); at.next(&key, &members);) {
    if (!dict_insert(vm, groups, key, prim_reverse(vm, &members, 1))) return kUnwind;
  }
  return groups;
}

Value prim_zip(VmState* vm, const Value* args, uint64_t argc) {
  Lanes lanes(vm);
  if (!lanes.open(vm, "zip", args, argc)) return kUnwind;
  ListBuilder result(vm);
  while (const Value* row = lanes.next()) result.push(frame::make_list(vm, row, argc));
  return result.list();
}

namespace {

// start, start + step, ... as long as `more(value, index)` says so.
template <class More>
Value progression(VmState* vm, Value start, Value step, More more) {
  ListBuilder result(vm);
  Value at = start;
  for (uint64_t i = 0; more(at, i); i++) {
    if (i > kMaxListLength) return raise_too_large(vm, "range");
    if (i % kPollEvery == 0 && !poll(vm)) return kUnwind;
    result.push(at);
    at = frame::number::add(vm, at, step);
    if (at == kUnwind) return kUnwind;
  }
  return result.list();
}

bool number_arguments(VmState* vm, const char* who, const Value* args, uint64_t argc) {
  for (uint64_t i = 0; i < argc; i++) {
    if (!frame::number::is_number(args[i])) return raise_type(vm, who, "a number", args[i]), false;
  }
  return true;
}

}  // namespace

Value prim_range(VmState* vm, const Value* args, uint64_t argc) {
  if (!number_arguments(vm, "range", args, argc)) return kUnwind;
  Value start = argc > 1 ? args[0] : make_fixnum(0);
  Value end = argc > 1 ? args[1] : args[0];
  Value step = argc > 2 ? args[2] : make_fixnum(1);
  int direction = frame::number::sign_of(step);
  if (direction == 0) return raise_error(vm, ErrorKind::kRange, "range: the step is zero or not a number");
  return progression(vm, start, step,
                     [&](Value at, uint64_t) { return frame::number::compare(at, end) == -direction; });
}

Value prim_iota(VmState* vm, const Value* args, uint64_t argc) {
  uint64_t n;
  if (!size_argument(vm, "iota", args[0], &n) || !number_arguments(vm, "iota", args, argc)) return kUnwind;
  if (n > kMaxListLength) return raise_too_large(vm, "iota");
  Value start = argc > 1 ? args[1] : make_fixnum(0);
  Value step = argc > 2 ? args[2] : make_fixnum(1);
  return progression(vm, start, step, [n](Value, uint64_t i) { return i < n; });
}

}  // namespace terrace::prims
