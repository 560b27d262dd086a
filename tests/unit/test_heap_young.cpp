// tests/unit/test_heap_young.cpp: minor collections, which look only at what is younger than the last collection.
#include "check.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "heap_fixture.hpp"

using namespace terrace;
using namespace terrace::test;

namespace {

void the_young_die_and_the_old_stay(void**) {
  Fixture f;
  int deaths = 0;
  for (int i = 0; i < 2; i++) {
    f.heap.add_finalizable(as<Object>(make_text(f.heap, 10, 'f')), &count_death, &deaths);
    f.roots.push(make_text(f.heap, 10, 'r'));
    f.heap.add_finalizable(as<Object>(f.roots.back()), &count_death, &deaths);
  }
  f.heap.collect_young();
  assert_int_equal(deaths, 2);
  f.roots.clear();
  f.heap.collect_young();
  assert_int_equal(deaths, 2);  // old by now, so only a full collection finds them dead
  f.heap.collect();
  assert_int_equal(deaths, 4);
  assert_int_equal(f.heap.stats().live_bytes, 0);
}

// One old object of each size, whose only reference is stored into it after it has grown old.
void what_is_stored_into_the_old_is_found(void**) {
  static constexpr size_t kLengths[] = {1, 30, 500, 3000, 500000};
  Fixture f;
  for (size_t length : kLengths) f.roots.push(make_vector(f.heap, length));
  f.roots.push(f.heap.cons(kNil, kNil));
  for (int round = 0; round < 3; round++) {
    f.heap.collect_young();
    for (size_t i = 0; i < std::size(kLengths); i++) {
      auto* vector = as<Vector>(f.roots[i]);
      words_of(vector)[vector->length - 1] = make_text(f.heap, 100 + i, static_cast<char>('a' + round));
      Heap::write_barrier(vector, vector->length - 1);
    }
    auto* pair = as_pair(f.roots.back());
    pair->cdr = f.heap.cons(make_text(f.heap, 7, 'p'), pair->cdr);
    Heap::write_barrier(pair);
    f.heap.collect_young();
    make_garbage(f.heap, 100000);
    for (int i = 0; i < 2000; i++) make_text(f.heap, 100, 'x');
    for (size_t i = 0; i < std::size(kLengths); i++) {
      auto* vector = as<Vector>(f.roots[i]);
      assert_true(is_filled(words_of(vector)[vector->length - 1], 100 + i, static_cast<char>('a' + round)));
    }
  }
  int found = 0;
  for (Value at = cdr(f.roots.back()); is_pair(at); at = cdr(at), found++) assert_true(is_filled(car(at), 7, 'p'));
  assert_int_equal(found, 3);
}

void most_collections_are_minor(void**) {
  Fixture f;
  f.roots.push(kNil);
  for (int i = 0; i < 1000000; i++) f.roots[0] = f.heap.cons(make_fixnum(i), f.roots[0]);
  uint64_t full = f.heap.stats().full_collections;
  uint64_t committed = f.heap.stats().committed_bytes;
  make_garbage(f.heap, 20000000);
  assert_int_equal(f.heap.stats().full_collections, full);
  assert_true(f.heap.stats().minor_pauses.count() > 50);
  assert_true(f.heap.stats().committed_bytes <= committed + 8 * kMegabyte);
  int expected = 999999;
  for (Value p = f.roots[0]; is_pair(p); p = cdr(p)) assert_int_equal(fixnum_value(car(p)), expected--);
}

void what_dies_old_is_found_in_time(void**) {
  Fixture f;
  f.roots.resize(1000, kNil);
  for (size_t i = 0; i < 1000000; i++)
    f.roots[i % 1000] = make_text(f.heap, 1000, 'o');  // a gigabyte, a thousandth alive
  assert_true(f.heap.stats().committed_bytes <= 40 * kMegabyte);
}

#ifndef NDEBUG

// In a process of its own, which ends at the assertion that finds the store.
[[noreturn]] void forget_a_barrier() {
  std::fclose(stderr);
  HeapOptions options;
  options.stress = true;
  Fixture f(options);
  f.roots.push(make_vector(f.heap, 10));
  f.heap.collect();
  words_of(as<Vector>(f.roots[0]))[3] = make_text(f.heap, 10, 'y');
  f.heap.collect_young();
  _exit(0);
}

void stress_notices_a_forgotten_barrier(void**) {
  pid_t child = fork();
  if (child == 0) forget_a_barrier();
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status));
  assert_int_equal(WTERMSIG(status), SIGABRT);
}

#endif

// Words on a stack may point anywhere: to lists in the first half here, near texts in the second.
void stale_words_keep_whole_things(void**) {
  Fixture f;
  uintptr_t words[16] = {};
  f.heap.set_root_provider([&](heap::Marker& marker) { marker.conservative(words, words + 16); });
  f.roots.push(kNil);
  Random random(11);
  for (int i = 0; i < 1500; i++) {
    f.roots[0] = kNil;
    for (int j = 0; j < 50; j++) {
      size_t size = random.below(random.below(20) == 0 ? 9000 : 60);
      f.roots.push(make_text(f.heap, size, 's'));
      f.roots[0] = f.heap.cons(f.roots[1], f.roots[0]);
      if (random.below(20) == 0) words[random.below(8)] = f.roots[0].bits;
      if (random.below(20) == 0) words[8 + random.below(8)] = f.roots[1].bits + random.below(40);
      f.roots.pop();
    }
    random.below(8) == 0 ? f.heap.collect() : f.heap.collect_young();
    for (int n = 0; n < 8; n++)
      for (Value at{words[n]}; is_pair(at); at = cdr(at))
        assert_true(is_filled(car(at), as<String>(car(at))->bytes, 's'));
  }
}

void pauses_are_counted_by_length(void**) {
  heap::PauseCounts pauses;
  assert_int_equal(pauses.percentile_ns(99), 0);
  for (uint64_t i = 1; i <= 1000; i++) pauses.add(i * 1000);
  assert_int_equal(pauses.count(), 1000);
  assert_int_equal(pauses.longest_ns(), 1000000);
  assert_in_range(pauses.percentile_ns(99), 990000, 1000000);
  assert_in_range(pauses.percentile_ns(50), 500000, 570000);
  assert_in_range(pauses.percentile_ns(1), 10000, 11500);
  pauses.add(UINT64_MAX);
  assert_int_equal(pauses.longest_ns(), UINT64_MAX);
  for (uint64_t ns : {0u, 5u, 100u, 130u, 257u}) {
    heap::PauseCounts one;
    one.add(ns);
    assert_int_equal(one.percentile_ns(99), ns);
  }
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_young_die_and_the_old_stay),     cmocka_unit_test(what_is_stored_into_the_old_is_found),
      cmocka_unit_test(most_collections_are_minor),         cmocka_unit_test(what_dies_old_is_found_in_time),
      cmocka_unit_test(stale_words_keep_whole_things),
#ifndef NDEBUG
      cmocka_unit_test(stress_notices_a_forgotten_barrier),
#endif
      cmocka_unit_test(pauses_are_counted_by_length),
  };
  return cmocka_run_group_tests_name("young heap", tests, nullptr, nullptr);
}
