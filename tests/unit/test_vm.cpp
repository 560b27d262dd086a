// tests/unit/test_vm.cpp: names, values, errors and calls of a vm without any tier.
#include "check.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "frame/number.hpp"
#include "frame/records.hpp"
#include "frame/vm.hpp"

using namespace terrace;
using namespace terrace::value;
using namespace terrace::frame;
using terrace::test::assert_text;

namespace {

struct Fixture {
  explicit Fixture(const heap::HeapOptions& options = {}) : vm(options, Hooks{}), roots(vm.heap) {}
  VmState* state() { return &vm.state; }
  Vm vm;
  heap::RootedValues roots;
};

heap::HeapOptions stressed() {
  heap::HeapOptions options;
  options.stress = true;
  return options;
}

// --- names

void a_name_is_one_symbol(void**) {
  Fixture f;
  Value a = f.vm.intern("alpha");
  assert_true(a == f.vm.intern(std::string("alp") + "ha"));
  assert_true(a != f.vm.intern("beta"));
  assert_true(is_symbol(a));
  assert_text(symbol_name(a), "alpha");
  Value k = f.vm.keyword("alpha");
  assert_true(is_keyword(k));
  assert_true(k == f.vm.keyword("alpha"));
  assert_true(as<Keyword>(k)->hash != as<Symbol>(a)->hash);
  assert_text(symbol_name(k), "alpha");
  assert_text(symbol_name(f.vm.intern("")), "");
  assert_true(f.vm.intern("a\xFF") == f.vm.intern("a\xEF\xBF\xBD"));
  assert_true(f.vm.keyword("a\xFF") == f.vm.keyword("a\xFE"));
}

void many_names_keep_their_identity(void**) {
  Fixture f;
  for (int i = 0; i < 20000; i++) f.roots.push(f.vm.intern("name-" + std::to_string(i)));
  f.vm.heap.collect();
  for (int i = 0; i < 20000; i++)
    assert_true(f.roots[static_cast<size_t>(i)] == f.vm.intern("name-" + std::to_string(i)));
}

void names_that_nobody_holds_go_away(void**) {
  Fixture f;
  f.vm.heap.collect();
  uint64_t before = f.vm.heap.stats().live_bytes;
  for (int i = 0; i < 50000; i++) {
    f.vm.intern("passing-" + std::to_string(i));
    f.vm.keyword("passing-" + std::to_string(i));
    if (i % 2) f.vm.cell_of(f.vm.intern("passing-" + std::to_string(i)));  // an unbound cell holds nothing
  }
  f.vm.heap.collect();
  assert_int_equal(f.vm.heap.stats().live_bytes, before);
}

void globals_keep_their_names_and_values(void**) {
  Fixture f(stressed());
  for (int i = 0; i < 200; i++) f.vm.define("global-" + std::to_string(i), make_string(f.state(), std::to_string(i)));
  f.vm.heap.collect();
  for (int i = 0; i < 200; i++) {
    Cell* cell = f.vm.cell_of(f.vm.intern("global-" + std::to_string(i)));
    assert_text(string_view_of(cell->value), std::to_string(i));
    assert_text(symbol_name(cell->name), "global-" + std::to_string(i));
    assert_int_equal(cell->version, 1);
  }
  f.vm.define("global-7", make_fixnum(7));
  assert_int_equal(f.vm.cell_of(f.vm.intern("global-7"))->version, 2);
}

void a_held_cell_keeps_its_symbol(void**) {
  Fixture f;
  Value symbol = f.vm.intern("late");
  f.roots.push(from_object(f.vm.cell_of(symbol)));
  assert_true(as<Cell>(f.roots[0])->value == kUnbound);
  f.vm.heap.collect();
  f.vm.define("late", make_fixnum(5));
  assert_int_equal(fixnum_value(as<Cell>(f.roots[0])->value), 5);
}

void a_macro_keeps_its_name_until_it_is_defined(void**) {
  Fixture f;
  Value symbol = f.vm.intern("my-macro");
  f.vm.macros.push(make_fixnum(1));
  f.vm.macro_index[symbol.bits] = 0;
  f.vm.heap.collect();
  assert_true(f.vm.macro_index.contains(f.vm.intern("my-macro").bits));
  f.vm.define("my-macro", kTrue);
  assert_true(f.vm.macro_index.empty());
}

// --- values

void strings_are_valid_utf8(void**) {
  Fixture f;
  struct Case {
    const char* text;
    const char* expected;
    uint32_t length;
  };
  const Case cases[] = {
      {"", "", 0},
      {"plain ascii text", "plain ascii text", 16},
      {"h\xC3\xA9", "h\xC3\xA9", 2},
      {"\xF0\x9F\x8C\xB3", "\xF0\x9F\x8C\xB3", 1},
      {"a\x80z", "a\xEF\xBF\xBDz", 3},
      {"\xC3", "\xEF\xBF\xBD", 1},
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 3},
      {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD", 2},
      {"12345678\xFF", "12345678\xEF\xBF\xBD", 9},
  };
  for (const Case& c : cases) {
    Value v = make_string(f.state(), c.text);
    assert_true(is_string(v));
    assert_text(string_view_of(v), c.expected);
    assert_int_equal(as<String>(v)->length, c.length);
    assert_int_equal(as<String>(v)->data[as<String>(v)->bytes], 0);
  }
  Value with_nul = make_string(f.state(), std::string_view("a\0b", 3));
  assert_int_equal(as<String>(with_nul)->bytes, 3);
}

void floats_and_integers_of_any_size(void**) {
  Fixture f;
  const double doubles[] = {0.0, -0.0, 1.5, 1e300, 1e-300, INFINITY, 5e-324, std::numeric_limits<double>::max()};
  for (double d : doubles) {
    Value v = make_float(f.state(), d);
    assert_true(is_float(v));
    assert_true(float_value(v) == d && std::signbit(float_value(v)) == std::signbit(d));
  }
  assert_true(std::isnan(float_value(make_float(f.state(), NAN))));
  const int64_t integers[] = {0, -1, kFixnumMax, kFixnumMin, kFixnumMax + 1, kFixnumMin - 1, INT64_MAX, INT64_MIN};
  for (int64_t i : integers) {
    Value v = make_integer(f.state(), i);
    assert_int_equal(is_fixnum(v), fits_fixnum(i));
    int64_t back = 0;
    assert_true(number::to_int64(v, &back));
    assert_true(back == i);
  }
}

void lists_keep_order_and_tail(void**) {
  Fixture f(stressed());
  std::vector<Value> items;
  for (int i = 0; i < 100; i++) items.push_back(make_fixnum(i));
  Value list = make_list(f.state(), items.data(), items.size(), kTrue);
  f.roots.push(list);
  for (int i = 0; i < 100; i++, list = cdr(list)) assert_int_equal(fixnum_value(car(list)), i);
  assert_true(list == kTrue);
  assert_true(make_list(f.state(), nullptr, 0) == kNil);
}

// --- errors

void assert_error(VmState* vm, ErrorKind kind, std::string_view message) {
  assert_true(unwinding(vm));
  assert_true(vm->unwind_kind == UnwindKind::kError);
  Value error = take_error(vm);
  assert_false(unwinding(vm));
  assert_true(is_error(error));
  assert_true(as<Error>(error)->kind == vm_of(vm).well_known(kind));
  assert_text(string_view_of(as<Error>(error)->message), message);
}

void errors_carry_kind_message_and_irritants(void**) {
  Fixture f(stressed());
  VmState* vm = f.state();
  assert_true(raise_error(vm, ErrorKind::kRange, "index %d of %s", 12, "something") == kUnwind);
  assert_error(vm, ErrorKind::kRange, "index 12 of something");
  Value items[] = {make_fixnum(1), make_fixnum(2)};
  assert_true(raise_error_with(vm, ErrorKind::kUser, "100% as it is", make_list(vm, items, 2)) == kUnwind);
  f.roots.push(vm->unwind_value);
  assert_error(vm, ErrorKind::kUser, "100% as it is");
  auto* error = as<Error>(f.roots[0]);
  assert_int_equal(fixnum_value(car(cdr(error->irritants))), 2);
  assert_true(is_nil(error->trace));
  assert_text(symbol_name(error->kind), "error");
  raise(vm, make_fixnum(42));
  vm_of(vm).heap.collect();
  assert_int_equal(fixnum_value(take_error(vm)), 42);
}

void a_pending_error_survives_collections(void**) {
  Fixture f;
  raise_error(f.state(), ErrorKind::kHost, "kept by the state alone");
  f.vm.heap.collect();
  for (int i = 0; i < 1000; i++) make_string(f.state(), "something else");
  assert_error(f.state(), ErrorKind::kHost, "kept by the state alone");
}

void a_long_message_is_cut_between_characters(void**) {
  Fixture f;
  std::string text;
  for (int i = 0; i < 2000; i++) text += "\xC3\xA9";
  raise_error(f.state(), ErrorKind::kHost, "x%s", text.c_str());
  Value error = take_error(f.state());
  std::string_view message = string_view_of(as<Error>(error)->message);
  assert_true(message.size() < 1024 && message.size() > 1000);
  assert_true(message.find("\xEF\xBF\xBD") == std::string_view::npos);
}

void type_errors_describe_the_value(void**) {
  Fixture f;
  VmState* vm = f.state();
  raise_type(vm, "car", "a pair", make_fixnum(3));
  assert_error(vm, ErrorKind::kType, "car: expected a pair, got 3");
  Value items[] = {make_fixnum(1), kTrue, kNil, make_char('x'), make_fixnum(5), make_fixnum(6)};
  f.roots.push(make_list(vm, items, 6));
  assert_text(describe(f.roots[0]), "(1 true nil #\\x ...)");
  assert_text(describe(vm_of(vm).heap.cons(make_fixnum(1), make_fixnum(2))), "(1 . 2)");
  Value nested = f.roots[0];
  for (int i = 0; i < 100000; i++) nested = vm_of(vm).heap.cons(nested, kNil);
  assert_text(describe(nested), "(((...)))");
  assert_text(describe(make_string(vm, "text")), "\"text\"");
  assert_text(describe(vm_of(vm).keyword("key")), ":key");
  assert_text(describe(vm_of(vm).intern("sym")), "sym");
  assert_text(describe(make_float(vm, 1.5)), "1.5");
  assert_text(describe(kUnspecified), "#<unspecified>");
  assert_true(describe(make_string(vm, std::string(5000, 'a'))).size() < 60);
}

// --- functions and calls

// Answers the list of its arguments, which shows how each one arrived.
Value list_arguments(VmState* vm, Value, uint64_t argc, Value a0, Value a1, Value a2) {
  if (argc & kSpread) {
    Value front[] = {a0, a1};
    return make_list(vm, front, 2, a2);
  }
  std::vector<Value> all{a0, a1, a2};
  all.resize(argc < 3 ? argc : 3);
  for (uint64_t i = 3; i < argc; i++) all.push_back(vm->xargs[i - 3]);
  return make_list(vm, all.data(), all.size());
}

Value add_capture(VmState* vm, Value callee, uint64_t argc, Value a0, Value, Value) {
  if (argc != 1) return raise_arity(vm, callee, argc);
  return make_fixnum(fixnum_value(a0) + fixnum_value(as_closure(callee)->capture[0]));
}

void calls_pass_any_number_of_arguments(void**) {
  Fixture f;
  f.roots.push(make_native_function(f.state(), "list-arguments", &list_arguments, kNormalised, nullptr, 0));
  const uint64_t counts[] = {0, 1, 2, 3, 4, 5, 100, kRegisterArguments + kMaxXargs, 300, 5000};
  for (uint64_t count : counts) {
    std::vector<Value> args;
    for (uint64_t i = 0; i < count; i++) args.push_back(make_fixnum(static_cast<int64_t>(i)));
    Value list = call(f.state(), f.roots[0], args.data(), count);
    for (uint64_t i = 0; i < count; i++, list = cdr(list)) assert_int_equal(fixnum_value(car(list)), i);
    assert_true(is_nil(list));
  }
}

void native_functions_have_captures_and_names(void**) {
  Fixture f(stressed());
  int record = 0;
  Value function = make_native_function(f.state(), "add-capture", &add_capture, 1, &record, 1);
  f.roots.push(function);
  as_closure(function)->capture[0] = make_fixnum(40);
  assert_ptr_equal(as_closure(function)->proto->native, &record);
  assert_text(symbol_name(as_closure(function)->proto->name), "add-capture");
  f.vm.heap.collect();
  assert_int_equal(fixnum_value(call1(f.state(), function, make_fixnum(2))), 42);
  assert_true(call(f.state(), function, nullptr, 0) == kUnwind);
  assert_error(f.state(), ErrorKind::kArity, "add-capture: expected 1 argument, got 0");
  raise_arity_of(f.state(), "f", 2, -1, 1);
  assert_error(f.state(), ErrorKind::kArity, "f: expected at least 2 arguments, got 1");
  raise_arity_of(f.state(), "f", 0, 2, 3);
  assert_error(f.state(), ErrorKind::kArity, "f: expected 0 to 2 arguments, got 3");
  Value unnamed = make_native_function(f.state(), "", &add_capture, 1, nullptr, 0);
  assert_true(as_closure(unnamed)->proto->name == kFalse);
}

void calling_something_else_is_an_error(void**) {
  Fixture f;
  assert_true(call1(f.state(), make_fixnum(3), kNil) == kUnwind);
  assert_error(f.state(), ErrorKind::kNotFunction, "3 was called but is not a function");
}

void the_stack_is_checked(void**) {
  Fixture f;
  auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  assert_true(ensure_stack(f.state(), "test"));
  f.vm.stack_base_limit = here - 64 * 1024;
  assert_true(stack_left(f.state()) > 60 * 1024);
  assert_true(stack_left(f.state()) <= 64 * 1024);
  assert_true(ensure_stack(f.state(), "test"));
  assert_false(ensure_stack(f.state(), "deep", 100 * 1024));
  assert_error(f.state(), ErrorKind::kStackOverflow, "deep: nested too deeply");
  f.roots.push(make_native_function(f.state(), "add-capture", &add_capture, 1, nullptr, 1));
  f.vm.stack_base_limit = here - 1024;
  assert_true(call1(f.state(), f.roots[0], make_fixnum(1)) == kUnwind);
  assert_error(f.state(), ErrorKind::kStackOverflow, "call: nested too deeply");
  f.vm.stack_base_limit = here + 4096;
  assert_int_equal(stack_left(f.state()), 0);
}

// A record with these two fields.
Record* record_of(Fixture& f, RecordType* type, Value x, Value y) {
  auto* record = f.vm.heap.make<Record>(Type::kRecord, record_words(2) * sizeof(Value));
  const Value fields[] = {x, y};
  fill_record(f.state(), record, from_object(type), fields, 2);
  return record;
}

void fields_that_are_floats_are_raw(void**) {
  Fixture f;
  auto* names = f.vm.heap.make<Vector>(Type::kVector, 2 * sizeof(Value));
  names->length = 2;
  std::fill_n(words_of(names), 2, f.vm.intern("x"));
  auto* type = f.vm.heap.make<RecordType>(Type::kRecordType);
  fill_record_type(f.state(), type, f.vm.intern("pair"), from_object(names), kFalse);
  assert_int_equal(type->raw_fields(), 3);
  Record* first = record_of(f, type, make_float(f.state(), 1.5), make_float(f.state(), 1e300));
  assert_true(first->is_raw(0) && first->is_raw(1) && !first->is_raw(2));
  assert_true(std::bit_cast<double>(first->field[1]) == 1e300);
  assert_true(float_value(record_ref(f.state(), first, 1)) == 1e300);

  // Nobody relies on the type, so nobody has to look again.
  const uint64_t epoch = f.vm.state.watch_epoch;
  Record* second = record_of(f, type, make_fixnum(1), make_float(f.state(), 2.0));
  assert_true(!second->is_raw(0) && second->is_raw(1) && first->is_raw(0));
  assert_int_equal(f.vm.state.watch_epoch, epoch);

  // Now somebody does.
  type->flags |= kWatched;
  record_set(f.state(), first, 0, make_float(f.state(), -2.5));
  assert_true(first->is_raw(0));
  record_set(f.state(), first, 1, kTrue);
  assert_true(!first->is_raw(1) && record_ref(f.state(), first, 1) == kTrue && first->is_raw(0));
  assert_int_equal(f.vm.state.watch_epoch, epoch + 1);
  record_set(f.state(), second, 1, kFalse);
  assert_int_equal(f.vm.state.watch_epoch, epoch + 1);
  assert_int_equal(type->raw_fields(), 0);
  assert_true(record_of(f, type, make_float(f.state(), 1.0), kNil)->flags == 0);
}

void the_heap_limit_asks_for_a_safepoint(void**) {
  heap::HeapOptions options;
  options.limit_bytes = 2 << 20;
  Fixture f(options);
  f.roots.push(kNil);
  for (int i = 0; i < 300000 && f.vm.requests.load() == 0; i++) f.roots[0] = f.vm.heap.cons(kNil, f.roots[0]);
  assert_int_equal(f.vm.requests.load(), kRequestHeapLimit);
  assert_true(f.vm.state.stack_limit.load() == UINTPTR_MAX);
  std::string big(3 << 20, 'a');
  assert_true(make_string(f.state(), big) == kUnwind);
  assert_error(f.state(), ErrorKind::kHeapLimit, "no memory for a string of 3145728 bytes");
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_name_is_one_symbol),
      cmocka_unit_test(many_names_keep_their_identity),
      cmocka_unit_test(names_that_nobody_holds_go_away),
      cmocka_unit_test(globals_keep_their_names_and_values),
      cmocka_unit_test(a_held_cell_keeps_its_symbol),
      cmocka_unit_test(a_macro_keeps_its_name_until_it_is_defined),
      cmocka_unit_test(strings_are_valid_utf8),
      cmocka_unit_test(floats_and_integers_of_any_size),
      cmocka_unit_test(lists_keep_order_and_tail),
      cmocka_unit_test(errors_carry_kind_message_and_irritants),
      cmocka_unit_test(a_pending_error_survives_collections),
      cmocka_unit_test(a_long_message_is_cut_between_characters),
      cmocka_unit_test(type_errors_describe_the_value),
      cmocka_unit_test(calls_pass_any_number_of_arguments),
      cmocka_unit_test(native_functions_have_captures_and_names),
      cmocka_unit_test(calling_something_else_is_an_error),
      cmocka_unit_test(the_stack_is_checked),
      cmocka_unit_test(fields_that_are_floats_are_raw),
      cmocka_unit_test(the_heap_limit_asks_for_a_safepoint),
  };
  return cmocka_run_group_tests_name("vm", tests, nullptr, nullptr);
}
