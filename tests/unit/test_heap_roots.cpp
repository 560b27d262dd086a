// tests/unit/test_heap_roots.cpp: words that may or may not be references, and registers.
#include "check.hpp"

#include "heap/chunk.hpp"
#include "heap_fixture.hpp"

using namespace terrace;
using namespace terrace::test;

namespace {

using terrace::heap::Marker;

// Words given to the collector as if they had been found on a stack.
struct Words {
  explicit Words(Fixture& f) {
    f.heap.set_root_provider([this](Marker& marker) { marker.conservative(words, words + 8); });
  }
  uintptr_t words[8] = {};
};

void any_word_into_an_object_keeps_it(void**) {
  Fixture f;
  Words words(f);
  static constexpr size_t kSizes[] = {8, 100, 5000, 20000, 300000, 5000000};
  for (size_t size : kSizes) {
    Value text = make_text(f.heap, size, 'q');
    uintptr_t base = text.bits - kTagObject;
    int deaths = 0;
    f.heap.add_finalizable(as<Object>(text), &count_death, &deaths);
    const uintptr_t holders[] = {text.bits, base, base + 7, base + sizeof(String) + size / 2,
                                 base + sizeof(String) + size};
    text = kNil;
    for (uintptr_t word : holders) {
      words.words[3] = word;
      make_garbage(f.heap, 1000);
      f.heap.collect();
      assert_int_equal(deaths, 0);
      assert_true(is_filled(Value{base + kTagObject}, size, 'q'));
    }
    words.words[3] = base - 1;
    f.heap.collect();
    assert_int_equal(deaths, 1);
    words.words[3] = holders[0];
    f.heap.collect();
    assert_int_equal(deaths, 1);
  }
}

void any_word_into_a_pair_keeps_it(void**) {
  Fixture f;
  Words words(f);
  for (uintptr_t offset = 0; offset < 16; offset++) {
    Value list = f.heap.cons(make_fixnum(1), f.heap.cons(make_fixnum(2), kNil));
    words.words[0] = list.bits - kTagPair + offset;
    make_garbage(f.heap, 10000);
    f.heap.collect();
    assert_int_equal(f.heap.stats().live_bytes, 32);
    make_garbage(f.heap, 10000);
    Value kept{(words.words[0] & ~uintptr_t{15}) + kTagPair};
    assert_int_equal(fixnum_value(car(cdr(kept))), 2);
  }
  words.words[0] = 0;
  f.heap.collect();
  assert_int_equal(f.heap.stats().live_bytes, 0);
}

void words_that_mean_nothing_are_harmless(void**) {
  Fixture f;
  Words words(f);
  Random random(5);
  f.roots.push(kNil);
  for (int i = 0; i < 3000; i++) {
    f.roots[0] = f.heap.cons(make_text(f.heap, random.below(300), 'z'), f.roots[0]);
    if (i % 100 == 0) f.roots[0] = f.heap.cons(make_text(f.heap, random.below(400000), 'z'), f.roots[0]);
    make_garbage(f.heap, 5);
  }
  uintptr_t near = f.roots[0].bits;
  for (int i = 0; i < 300; i++) {
    for (uintptr_t& word : words.words)
      word = random.below(3) == 0 ? random.next() : near - 8 * kMegabyte + random.below(16 * kMegabyte);
    f.heap.collect();
    make_text(f.heap, random.below(4000), 'y');
    make_garbage(f.heap, 100);
  }
  for (Value p = f.roots[0]; is_pair(p); p = cdr(p)) assert_true(is_filled(car(p), as<String>(car(p))->bytes, 'z'));
}

uintptr_t stack_base;

__attribute__((no_sanitize("address"), noinline)) void scan_own_stack(Marker& marker) {
  marker.conservative(__builtin_frame_address(0), reinterpret_cast<void*>(stack_base));
}

// The only references are locals, in registers wherever the compiler put them.
__attribute__((noinline)) int64_t sum_of_locals(Heap& heap) {
  Value a = heap.cons(make_fixnum(1), kNil);
  Value b = heap.cons(make_fixnum(20), kNil);
  Value c = heap.cons(make_fixnum(300), kNil);
  Value text = make_text(heap, 100, 'k');
  heap.collect();
  make_garbage(heap, 1000);
  assert_true(is_filled(text, 100, 'k'));
  return fixnum_value(car(a)) + fixnum_value(car(b)) + fixnum_value(car(c));
}

void locals_survive(void**) {
  stack_base = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) + 256;
  Fixture f;
  f.heap.set_root_provider(scan_own_stack);
  for (int i = 0; i < 20; i++) assert_int_equal(sum_of_locals(f.heap), 321);
}

void cons_keeps_its_arguments(void**) {
  HeapOptions options;
  options.stress = true;
  Fixture f(options);
  for (int i = 0; i < 5000; i++) {
    Value v = f.heap.cons(make_fixnum(i), f.heap.cons(make_fixnum(i + 1), kNil));
    assert_int_equal(fixnum_value(car(cdr(v))), i + 1);
  }
}

void heaps_do_not_see_each_other(void**) {
  Fixture a;
  Fixture b;
  Words words(b);
  words.words[0] = a.heap.cons(kNil, kNil).bits;
  words.words[1] = make_text(a.heap, 50, 'o').bits;
  b.heap.collect();
  assert_int_equal(b.heap.stats().live_bytes, 0);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(any_word_into_an_object_keeps_it),
      cmocka_unit_test(any_word_into_a_pair_keeps_it),
      cmocka_unit_test(words_that_mean_nothing_are_harmless),
      cmocka_unit_test(locals_survive),
      cmocka_unit_test(cons_keeps_its_arguments),
      cmocka_unit_test(heaps_do_not_see_each_other),
  };
  return cmocka_run_group_tests_name("heap roots", tests, nullptr, nullptr);
}
