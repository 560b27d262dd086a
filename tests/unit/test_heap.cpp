// tests/unit/test_heap.cpp: what lives stays, what is dead goes, and nothing else happens.
#include "check.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <set>
#include <vector>

#include "base/poison.hpp"
#include "heap/chunk.hpp"
#include "heap/record_types.hpp"
#include "heap_fixture.hpp"

using namespace terrace;
using namespace terrace::test;

namespace {

// --- bits

void bit_functions_agree_with_counting(void**) {
  Random random(1);
  uint64_t bits[8];
  bool model[512];
  for (int round = 0; round < 2000; round++) {
    std::memset(bits, round & 1 ? 0xFF : 0, sizeof bits);
    std::memset(model, round & 1, sizeof model);
    for (int i = 0; i < 4; i++) {
      size_t from = random.below(513);
      size_t to = from + random.below(513 - from);
      bool on = random.below(2) != 0;
      heap::fill_bits(bits, from, to, on);
      for (size_t j = from; j < to; j++) model[j] = on;
    }
    size_t from = random.below(512);
    size_t to = from + random.below(513 - from);
    size_t set = from;
    while (set < to && !model[set]) set++;
    size_t clear = from;
    while (clear < to && model[clear]) clear++;
    assert_int_equal(heap::next_set_bit(bits, from, to), set);
    assert_int_equal(heap::next_clear_bit(bits, from, to), clear);
    size_t at = from + random.below(512 - from);
    size_t back = at + 1;
    while (back > from && !model[back - 1]) back--;
    assert_true(heap::previous_set_bit(bits, from, at) == (back == from ? SIZE_MAX : back - 1));
  }
}

// --- survival and reclamation

void a_rooted_list_survives(void**) {
  Fixture f;
  f.roots.push(kNil);
  for (int i = 0; i < 200000; i++) f.roots[0] = f.heap.cons(make_fixnum(i), f.roots[0]);
  f.heap.collect();
  make_garbage(f.heap, 500000);
  f.heap.collect();
  int expected = 199999;
  for (Value p = f.roots[0]; is_pair(p); p = cdr(p)) assert_int_equal(fixnum_value(car(p)), expected--);
  assert_int_equal(expected, -1);
  assert_true(f.heap.stats().live_bytes >= 200000 * sizeof(Pair));
  assert_true(f.heap.stats().live_bytes < 200000 * sizeof(Pair) + 4096);
}

void a_long_list_needs_no_stack(void**) {
  Fixture f;
  f.roots.push(kNil);
  for (int i = 0; i < 2000000; i++) f.roots[0] = f.heap.cons(f.roots[0], kNil);  // nested in the car
  f.heap.collect();
  assert_true(f.heap.stats().live_bytes >= 2000000 * sizeof(Pair));
}

void steady_garbage_keeps_its_size(void**) {
  Fixture f;
  make_garbage(f.heap, 2000000);
  uint64_t committed = f.heap.stats().committed_bytes;
  for (int round = 0; round < 20; round++) {
    make_garbage(f.heap, 1000000);
    for (int i = 0; i < 20000; i++) make_text(f.heap, i % 700, 'x');
    for (int i = 0; i < 200; i++) make_text(f.heap, 9000 + i * 1000, 'x');
  }
  assert_true(f.heap.stats().collections > 10);
  assert_true(committed <= 12 * kMegabyte);
  // Pairs, objects and pages each keep chunks of their own kind.
  assert_true(f.heap.stats().committed_bytes <= 24 * kMegabyte);
  f.heap.collect();
  assert_int_equal(f.heap.stats().live_bytes, 0);
  f.heap.trim();
  assert_int_equal(f.heap.stats().committed_bytes, 0);
}

// Large vectors come and go in the same memory, of which nothing is left over from the one before; what is not used again goes.
void memory_of_large_objects_is_used_again(void**) {
  constexpr size_t kLength = 400000;
  Fixture f;
  f.roots.push(kNil);
  std::set<Object*> places;
  for (int round = 0; round < 30; round++) {
    f.roots[0] = make_vector(f.heap, kLength - static_cast<size_t>(round % 3) * 1000);
    auto* vector = as<Vector>(f.roots[0]);
    places.insert(vector);
    f.heap.collect();  // it is old, without a dirty card
    const size_t last = vector->length - 1;
    words_of(vector)[last] = f.heap.cons(make_fixnum(round), kNil);
    Heap::write_barrier(vector, last);
    make_garbage(f.heap, 500000);
    assert_int_equal(fixnum_value(car(words_of(vector)[last])), round);
    for (size_t i = 0; i < last; i++) assert_true(words_of(vector)[i] == kNil);
  }
  assert_true(places.size() <= 4);
  assert_true(f.heap.stats().committed_bytes <= 40 * kMegabyte);
  f.roots[0] = kNil;
  f.heap.collect();
  const uint64_t committed = f.heap.stats().committed_bytes;
  f.heap.collect();
  assert_true(f.heap.stats().committed_bytes + 3 * kMegabyte <= committed);
  f.heap.trim();
  assert_int_equal(f.heap.stats().committed_bytes, 0);
}

void holes_between_survivors_are_used_again(void**) {
  static constexpr size_t kSizes[] = {40, 200, 700, 1100, 5000, 12000};
  for (size_t size : kSizes) {
    Fixture f;
    size_t kept = 4 * kMegabyte / size;
    f.roots.push(make_vector(f.heap, kept));
    auto* table = as<Vector>(f.roots[0]);
    for (size_t i = 0; i < kept * 4; i++) {
      Value v = make_text(f.heap, size, 'a');
      if (i % 4 != 0) continue;
      words_of(table)[i / 4] = v;
      Heap::write_barrier(table, i / 4);
    }
    f.heap.collect();
    uint64_t committed = f.heap.stats().committed_bytes;
    for (size_t i = 0; i < kept * 40; i++) make_text(f.heap, size, 'b');
    assert_true(f.heap.stats().committed_bytes <= committed + 6 * kMegabyte);
    for (size_t i = 0; i < kept; i++) assert_true(is_filled(words_of(table)[i], size, 'a'));
  }
}

void objects_of_all_sizes_survive(void**) {
  Fixture f;
  Random random(3);
  std::vector<size_t> sizes;
  for (int i = 0; i < 400; i++) {
    static constexpr size_t kTops[] = {64, 600, 9000, 300000, 3000000};
    sizes.push_back(random.below(kTops[random.below(i % 20 == 0 ? 5 : 4)]));
    f.roots.push(make_text(f.heap, sizes.back(), static_cast<char>('a' + i % 26)));
  }
  f.heap.collect();
  for (int round = 0; round < 6; round++) {
    for (size_t i = 0; i < sizes.size(); i++) {
      assert_true(is_filled(f.roots[i], sizes[i], static_cast<char>('a' + i % 26)));
      if (random.below(3) != 0) continue;
      sizes[i] = random.below(300000);
      f.roots[i] = make_text(f.heap, sizes[i], static_cast<char>('a' + i % 26));
    }
    f.heap.collect();
  }
  f.roots.clear();
  f.heap.collect();
  assert_int_equal(f.heap.stats().live_bytes, 0);
}

// --- limits

void the_limit_is_reported_and_survived(void**) {
  HeapOptions options;
  options.limit_bytes = 4 * kMegabyte;
  Fixture f(options);
  int reports = 0;
  f.heap.set_limit_handler([&] { reports++; });
  make_garbage(f.heap, 2000000);
  assert_int_equal(reports, 0);
  f.roots.push(kNil);
  for (int i = 0; i < 400000; i++) f.roots[0] = f.heap.cons(make_fixnum(i), f.roots[0]);
  assert_true(reports >= 1);
  assert_true(reports < 20);
  int expected = 399999;
  for (Value p = f.roots[0]; is_pair(p); p = cdr(p)) assert_int_equal(fixnum_value(car(p)), expected--);
  f.roots[0] = kNil;
  make_garbage(f.heap, 200000);
  reports = 0;
  make_garbage(f.heap, 2000000);
  assert_int_equal(reports, 0);
}

void a_large_request_is_refused(void**) {
  HeapOptions options;
  options.limit_bytes = 16 * kMegabyte;
  Fixture f(options);
  assert_null(f.heap.try_alloc(Type::kString, 17 * kMegabyte));
  assert_null(f.heap.try_alloc(Type::kString, SIZE_MAX));
  assert_null(f.heap.try_alloc(Type::kString, size_t{1} << 45));
  auto* s = f.heap.try_make<String>(Type::kString, 10 * kMegabyte);
  assert_non_null(s);
  s = f.heap.try_make<String>(Type::kString, 10 * kMegabyte);  // the first one is garbage
  assert_non_null(s);
  f.roots.push(from_object(s));
  assert_null(f.heap.try_alloc(Type::kString, 10 * kMegabyte));
  f.heap.set_limit(0);
  assert_non_null(f.heap.try_alloc(Type::kString, 20 * kMegabyte));
}

#if !TERRACE_ASAN  // which itself maps terabytes

// In a process of its own: 0 when a heap on a machine without memory refuses, throws, and goes on when there is
// garbage.
int live_without_memory() {
  const rlimit limit{256 * kMegabyte, 256 * kMegabyte};
  if (setrlimit(RLIMIT_AS, &limit) != 0) return 1;
  Fixture f;
  if (f.heap.try_alloc(Type::kString, 1024 * kMegabyte) != nullptr) return 2;
  f.roots.push(kNil);
  bool thrown = false;
  try {
    for (int i = 0; i < 100000000; i++) f.roots[0] = f.heap.cons(make_fixnum(i), f.roots[0]);
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  if (!thrown) return 3;
  f.roots[0] = kNil;
  make_garbage(f.heap, 20000000);
  return f.heap.try_alloc(Type::kString, 50 * kMegabyte) != nullptr ? 0 : 4;
}

void a_machine_without_memory_is_survived(void**) {
  pid_t child = fork();
  if (child == 0) _exit(live_without_memory());
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

#endif

// --- weak things, finalizers, accounts

void finalizers_run_once(void**) {
  int deaths = 0;
  {
    Fixture f;
    for (int i = 0; i < 10; i++) {
      f.roots.push(make_text(f.heap, 10, 'f'));
      f.heap.add_finalizable(as<Object>(f.roots.back()), &count_death, &deaths);
    }
    f.heap.collect();
    assert_int_equal(deaths, 0);
    f.roots.resize(7, kNil);
    f.heap.collect();
    assert_int_equal(deaths, 3);
    f.heap.collect();
    assert_int_equal(deaths, 3);
  }
  assert_int_equal(deaths, 10);
}

void a_finalizer_cannot_start_a_collection(void**) {
  static Heap* heap_used;
  static int calls;
  calls = 0;
  Fixture f;
  heap_used = &f.heap;
  f.heap.add_finalizable(
      as<Object>(make_text(f.heap, 10, 'f')),
      [](void*, Object*) {
        calls++;
        heap_used->collect();
      },
      nullptr);
  f.heap.collect();
  assert_int_equal(calls, 1);
}

void weak_hooks_see_what_is_dead(void**) {
  Fixture f;
  std::vector<Value> table;
  f.heap.add_weak_hook([&](Heap& heap) { std::erase_if(table, [&](Value v) { return !heap.is_marked(v); }); });
  for (int i = 0; i < 100; i++) {
    table.push_back(i % 2 ? f.heap.cons(make_fixnum(i), kNil) : make_text(f.heap, 20, 'w'));
    if (i % 5 == 0) f.roots.push(table.back());
  }
  f.heap.collect();
  assert_int_equal(table.size(), 20);
}

void weak_references_let_go(void**) {
  Fixture f;
  for (int i = 0; i < 100; i++) {
    Value target = i % 2 ? f.heap.cons(make_fixnum(i), kNil) : make_text(f.heap, 20, 'w');
    f.roots.push(target);
    f.roots.push(from_object(f.heap.make_weak_ref(target)));
  }
  f.roots.push(from_object(f.heap.make_weak_ref(make_fixnum(7))));
  for (size_t i = 0; i < 20; i++) f.roots[2 * i] = kNil;
  f.heap.collect_young();
  for (size_t i = 20; i < 40; i++) f.roots[2 * i] = kNil;
  for (size_t i = 0; i < 100; i++) assert_true(is_heap(as<WeakRef>(f.roots[2 * i + 1])->target) == (i >= 20));
  f.heap.collect();
  for (size_t i = 0; i < 100; i++) assert_true(is_heap(as<WeakRef>(f.roots[2 * i + 1])->target) == (i >= 40));
  assert_true(as<WeakRef>(f.roots.back())->target == make_fixnum(7));
  f.roots.clear();
  f.heap.collect();
  assert_int_equal(f.heap.stats().live_bytes, 0);
}

// A type as the collector sees it, and a record of it with one field.
Value make_type(heap::Heap& heap) {
  auto* type = heap.make<RecordType>(Type::kRecordType);
  type->name = type->fields = type->parent = kNil;
  type->new_header = record_header(0, heap.record_types().add(from_object(type)));
  return from_object(type);
}
Value make_record(heap::Heap& heap, Value type) {
  auto* record = heap.make<Record>(Type::kRecord, record_words(1) * sizeof(Value));
  record->aux = as<RecordType>(type)->number();
  record->field[0] = kNil.bits;
  return from_object(record);
}
uint16_t number_of(Value type) { return as<RecordType>(type)->number(); }

void numbers_of_dead_record_types_are_used_again(void**) {
  Fixture f;
  heap::RecordTypes& types = f.heap.record_types();
  f.roots.push(make_type(f.heap));
  f.roots.push(make_record(f.heap, make_type(f.heap)));  // which alone keeps its type
  const Value kept = heap::type_of(as<Record>(f.roots[1]));
  const uint16_t young = number_of(make_type(f.heap));
  assert_int_equal(number_of(f.roots[0]), 1);
  assert_int_equal(number_of(kept), 2);
  assert_int_equal(young, 3);
  f.heap.collect_young();
  assert_true(types.at(1) == f.roots[0] && types.at(2) == kept && types.at(young) == kFalse);
  assert_int_equal(number_of(make_type(f.heap)), young);
  // What is old dies in a full collection.
  f.roots[1] = kNil;
  f.heap.collect_young();
  assert_true(types.at(2) == kept);
  f.heap.collect();
  assert_true(types.at(1) == f.roots[0] && types.at(2) == kFalse);

  while (!types.is_full()) f.roots.push(make_type(f.heap));
  std::set<uint16_t> numbers;
  for (size_t n = 0; n < f.roots.size(); n++)
    if (n != 1) numbers.insert(number_of(f.roots[n]));
  assert_int_equal(numbers.size(), heap::RecordTypes::kMost);
  assert_int_equal(*numbers.begin(), 1);
  f.heap.collect();
  assert_true(types.is_full());
  f.roots.clear();
  f.heap.collect();
  assert_false(types.is_full());
  assert_int_equal(f.heap.stats().live_bytes, 0);
}

void external_memory_brings_the_collection_nearer(void**) {
  Fixture f;
  struct Account {
    Heap& heap;
    int deaths;
  } account{f.heap, 0};
  auto release = [](void* env, Object*) {
    static_cast<Account*>(env)->deaths++;
    static_cast<Account*>(env)->heap.add_external(-static_cast<ptrdiff_t>(kMegabyte));
  };
  for (int i = 0; i < 100; i++) {
    f.heap.add_finalizable(as<Object>(make_text(f.heap, 4000, 'e')), release, &account);
    f.heap.add_external(static_cast<ptrdiff_t>(kMegabyte));
  }
  assert_true(account.deaths > 80);
  f.heap.add_external(-static_cast<ptrdiff_t>(200 * kMegabyte));  // more than there is: an account of zero, no harm
  f.heap.collect();
}

void roots_may_end_in_any_order(void**) {
  Fixture f;
  auto first = std::make_unique<RootedValues>(f.heap);
  auto second = std::make_unique<RootedValues>(f.heap);
  auto third = std::make_unique<RootedValues>(f.heap);
  first->push(f.heap.cons(kNil, kNil));
  third->push(f.heap.cons(kNil, kNil));
  second.reset();
  f.heap.collect();
  assert_int_equal(f.heap.stats().live_bytes, 32);
  first.reset();
  f.heap.collect();
  assert_int_equal(f.heap.stats().live_bytes, 16);
  third.reset();
  f.heap.collect();
  assert_int_equal(f.heap.stats().live_bytes, 0);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(bit_functions_agree_with_counting),
      cmocka_unit_test(a_rooted_list_survives),
      cmocka_unit_test(a_long_list_needs_no_stack),
      cmocka_unit_test(steady_garbage_keeps_its_size),
      cmocka_unit_test(memory_of_large_objects_is_used_again),
      cmocka_unit_test(holes_between_survivors_are_used_again),
      cmocka_unit_test(objects_of_all_sizes_survive),
      cmocka_unit_test(the_limit_is_reported_and_survived),
      cmocka_unit_test(a_large_request_is_refused),
#if !TERRACE_ASAN
      cmocka_unit_test(a_machine_without_memory_is_survived),
#endif
      cmocka_unit_test(finalizers_run_once),
      cmocka_unit_test(a_finalizer_cannot_start_a_collection),
      cmocka_unit_test(weak_hooks_see_what_is_dead),
      cmocka_unit_test(weak_references_let_go),
      cmocka_unit_test(numbers_of_dead_record_types_are_used_again),
      cmocka_unit_test(external_memory_brings_the_collection_nearer),
      cmocka_unit_test(roots_may_end_in_any_order),
  };
  return cmocka_run_group_tests_name("heap", tests, nullptr, nullptr);
}
