// tests/unit/test_heap_cards.cpp: stores into old vectors, which are looked at by cards.
#include "check.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <vector>

#include "heap/chunk.hpp"
#include "heap/vector.hpp"
#include "heap_fixture.hpp"

using namespace terrace;
using namespace terrace::test;

namespace {

constexpr size_t kPerCard = heap::kCardBytes / sizeof(Value);
// In blocks, in pages, in a chunk of its own, in several.
constexpr size_t kLengths[] = {1, 40, kPerCard, 500, 1000, 1100, 30000, 40000, 127000, 131072, 600000};
constexpr size_t kLongest = 600000;

Vector* rooted_vector(Fixture& f, size_t length) {
  f.roots.push(make_vector(f.heap, length));
  return as<Vector>(f.roots.back());
}

void store(Fixture& f, Vector* v, size_t i, char letter) {
  words_of(v)[i] = make_text(f.heap, 20, letter);
  Heap::write_barrier(v, i);
}

// The ends, and both sides of card borders at the beginning, in the middle and at the end.
std::vector<size_t> places_in(const Vector* v) {
  std::vector<size_t> places;
  for (size_t i = 0; i < v->length; i++) {
    const bool border = heap::card_of(v, v->slot + i) != heap::card_of(v, v->slot + i + 1);
    const bool near_end = std::min(i, v->length - 1 - i) < 3 * kPerCard;
    if (i == 0 || (border && (near_end || i / kPerCard % 500 == 0))) places.push_back(i);
    if (border && near_end && i + 1 < v->length) places.push_back(i + 1);
  }
  places.push_back(v->length - 1);
  return places;
}

void whatever_element_is_stored_is_found(void**) {
  Fixture f;
  for (size_t length : kLengths) {
    for (int i = 0; i < 3; i++) make_text(f.heap, 100 + 16 * length % 300, 'x');  // so that vectors start anywhere
    rooted_vector(f, length);
  }
  f.heap.collect();
  for (size_t root = 0; root < std::size(kLengths); root++) {
    auto* v = as<Vector>(f.roots[root]);
    for (size_t place : places_in(v)) {
      store(f, v, place, 'a');
      f.heap.collect_young();
      for (int i = 0; i < 200; i++) make_text(f.heap, 20, 'x');
      assert_true(is_filled(words_of(v)[place], 20, 'a'));
    }
  }
}

void ranges_are_found(void**) {
  Fixture f;
  Random random(3);
  for (size_t length : kLengths) rooted_vector(f, length);
  f.heap.collect();
  for (int round = 0; round < 300; round++) {
    auto* v = as<Vector>(f.roots[random.below(std::size(kLengths))]);
    const size_t from = random.below(v->length);
    const size_t count = random.below(std::min<size_t>(v->length - from, 300) + 1);
    for (size_t i = 0; i < count; i++) words_of(v)[from + i] = make_text(f.heap, 20, 'r');
    Heap::write_barrier(v, from, count);
    f.heap.collect_young();
    for (int i = 0; i < 500; i++) make_text(f.heap, 20, 'x');
    for (size_t i = 0; i < count; i++) assert_true(is_filled(words_of(v)[from + i], 20, 'r'));
  }
}

// What is stored without a barrier is lost, and so shows what was looked at.
void only_the_card_is_looked_at(void**) {
  for (size_t length : kLengths) {
    if (length < 3 * kPerCard) continue;
    Fixture f;
    auto* v = rooted_vector(f, length);
    f.heap.collect();
    int deaths = 0;
    const size_t stored = length / 2;
    for (size_t place : {size_t{0}, stored - kPerCard, stored + kPerCard, length - 1}) {
      words_of(v)[place] = make_text(f.heap, 20, 'l');
      f.heap.add_finalizable(as<Object>(words_of(v)[place]), &count_death, &deaths);
    }
    store(f, v, stored, 'a');
    f.heap.collect_young();
    assert_int_equal(deaths, 4);
    assert_true(is_filled(words_of(v)[stored], 20, 'a'));
    for (size_t i = 0; i < length; i++) words_of(v)[i] = kNil;
  }
}

// In holes and free blocks, in pages, in chunks of their own.
void the_young_are_found_wherever_they_are(void**) {
  static constexpr size_t kSizes[] = {20, 1000, 12000, 300000, 2000000};
  Fixture f;
  auto* v = rooted_vector(f, 1000);
  f.roots.push(f.heap.cons(kNil, kNil));
  for (int i = 0; i < 4000; i++) {  // every second one stays, and leaves a hole beside it
    Value text = make_text(f.heap, 1000, 'h');
    if (i % 2 == 0) f.roots.push(text);
  }
  f.heap.collect();
  for (int round = 0; round < 5; round++) {
    for (size_t i = 0; i < std::size(kSizes); i++) {
      words_of(v)[200 * i] = make_text(f.heap, kSizes[i], 'y');
      Heap::write_barrier(v, 200 * i);
      Value pair = f.heap.cons(make_fixnum(round), kNil);
      words_of(v)[200 * i + 1] = pair;
      Heap::write_barrier(v, 200 * i + 1);
    }
    f.heap.collect_young();
    for (size_t size : kSizes)
      for (size_t i = 0; i < 2000000 / size; i++) make_text(f.heap, size, 'x');
    make_garbage(f.heap, 1000);
    for (size_t i = 0; i < std::size(kSizes); i++) {
      assert_true(is_filled(words_of(v)[200 * i], kSizes[i], 'y'));
      assert_true(car(words_of(v)[200 * i + 1]) == make_fixnum(round));
    }
    if (round % 2 == 0) f.heap.collect();
  }
}

// Nothing but cards is written, and each is clean after the next collection, whatever has become of the vector.
void cards_of_a_vector_are_its_own(void**) {
  Fixture f;
  for (size_t length : kLengths) {
    auto* before = rooted_vector(f, length);
    auto* v = rooted_vector(f, length);
    auto* behind = rooted_vector(f, length);
    auto* chunk = heap::chunk_of(v);
    const heap::ChunkKind kind = chunk->kind;
    const size_t bytes = chunk->bytes;
    for (size_t i = 0; i < length; i++) Heap::write_barrier(v, i);
    for (size_t i = 0; i < length; i++) assert_int_equal(*heap::card_of(v, v->slot + i), 1);
    for (auto* vector : {before, v, behind})
      assert_true(std::all_of(vector->slot, vector->slot + length, [](uint64_t word) { return word == kNil.bits; }));
    assert_true(chunk->kind == kind && chunk->bytes == bytes);
    f.heap.collect_young();
    for (size_t i = 0; i < length; i++) assert_int_equal(*heap::card_of(v, v->slot + i), 0);
  }
}

double boxed_number(size_t i) { return 1e300 + static_cast<double>(i) * 1e290; }

// One that is never stored into by its elements still has cards, which a change of its kind makes dirty.
void a_change_of_kind_makes_all_cards_dirty(void**) {
  for (size_t length : kLengths) {
    Fixture f;
    f.roots.push(from_object(heap::try_vector(f.heap, length, VectorKind::kDoubles)));
    auto* v = as<Vector>(f.roots[0]);
    for (size_t i = 0; i < length; i++) v->slot[i] = std::bit_cast<uint64_t>(boxed_number(i));
    f.heap.collect();
    assert_true(heap::make_generic(f.heap, v));
    f.heap.collect_young();
    for (int i = 0; i < 1000; i++) make_text(f.heap, 20, 'x');
    for (size_t i = 0; i < length; i++) assert_true(float_value(Value{v->slot[i]}) == boxed_number(i));
  }
}

// Other objects of any length are looked at whole.
void a_long_tuple_is_looked_at_whole(void**) {
  Fixture f;
  for (size_t length : kLengths) {
    auto* tuple = f.heap.make<Tuple>(Type::kTuple, length * sizeof(Value));
    tuple->length = length;
    std::fill_n(tuple->data, length, kNil);
    f.roots.push(from_object(tuple));
  }
  f.heap.collect();
  for (size_t root = 0; root < std::size(kLengths); root++) {
    auto* tuple = as<Tuple>(f.roots[root]);
    tuple->data[tuple->length - 1] = make_text(f.heap, 20, 't');
    Heap::write_barrier(tuple);
  }
  f.heap.collect_young();
  for (int i = 0; i < 1000; i++) make_text(f.heap, 20, 'x');
  for (size_t root = 0; root < std::size(kLengths); root++) {
    auto* tuple = as<Tuple>(f.roots[root]);
    assert_true(is_filled(tuple->data[tuple->length - 1], 20, 't'));
  }
}

#ifndef NDEBUG

// In a process of its own, which ends at the assertion that finds the store.
[[noreturn]] void dirty_another_card(size_t length) {
  std::fclose(stderr);
  HeapOptions options;
  options.stress = true;
  Fixture f(options);
  auto* v = rooted_vector(f, length);
  f.heap.collect();
  words_of(v)[length - 1] = make_text(f.heap, 10, 'y');
  Heap::write_barrier(v, length - 1 - kPerCard);
  f.heap.collect_young();
  _exit(0);
}

void stress_notices_that_another_card_is_dirty(void**) {
  for (size_t length : {size_t{500}, size_t{30000}, kLongest}) {
    pid_t child = fork();
    if (child == 0) dirty_another_card(length);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
  }
}

#endif

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(whatever_element_is_stored_is_found),
      cmocka_unit_test(ranges_are_found),
      cmocka_unit_test(only_the_card_is_looked_at),
      cmocka_unit_test(the_young_are_found_wherever_they_are),
      cmocka_unit_test(cards_of_a_vector_are_its_own),
      cmocka_unit_test(a_change_of_kind_makes_all_cards_dirty),
      cmocka_unit_test(a_long_tuple_is_looked_at_whole),
#ifndef NDEBUG
      cmocka_unit_test(stress_notices_that_another_card_is_dirty),
#endif
  };
  return cmocka_run_group_tests_name("heap cards", tests, nullptr, nullptr);
}
