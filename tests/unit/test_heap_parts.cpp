// tests/unit/test_heap_parts.cpp: full collections of a large heap, which are made in parts while the program goes on.
#include "check.hpp"

#include "heap_fixture.hpp"

using namespace terrace;
using namespace terrace::test;

namespace {

constexpr size_t kShelves = 200;
constexpr size_t kFewShelves = 16;
constexpr size_t kPlaces = 300;  // on a shelf
constexpr size_t kBytes = 400;

// About 28 MB with kShelves: shelves of texts, each text of its own letter in a pair with that letter. The program
// moves the pairs about, replaces some, hides some in new pairs and in words of a stack, and looks at what it finds.
class Library {
 public:
  explicit Library(size_t shelves = kShelves, size_t places = kPlaces, const HeapOptions& options = {})
      : shelves_(shelves), places_(places), fixture_(options) {
    fixture_.heap.set_root_provider(
        [this](heap::Marker& marker) { marker.conservative(hidden_, hidden_ + std::size(hidden_)); });
    fixture_.roots.push(make_vector(fixture_.heap, shelves_));
    for (size_t i = 0; i < shelves_; i++) {
      store(as<Vector>(fixture_.roots[0]), i, make_vector(fixture_.heap, places_));
      for (size_t j = 0; j < places_; j++) store(shelf(i), j, make_entry());
    }
  }

  void step() {
    Vector* a = any_shelf();
    Vector* b = any_shelf();
    const size_t i = random_.below(places_);
    const size_t j = random_.below(places_);
    check(at(a, i));
    switch (random_.below(6)) {
      case 0:
        return store(a, i, make_entry());
      case 1: {  // hidden where the collector does not look precisely, and put back later
        std::swap(hidden_[random_.below(std::size(hidden_))], words_of(a)[i].bits);
        return Heap::write_barrier(a, i);
      }
      case 2: {  // only a new pair knows it for a while
        fixture_.roots.push(fixture_.heap.cons(at(a, i), kNil));
        store(a, i, kNil);
        make_garbage(fixture_.heap, random_.below(100));
        store(b, j, car(fixture_.roots.back()));
        return fixture_.roots.pop();
      }
      default: {
        const Value moved = at(a, i);
        store(a, i, at(b, j));
        return store(b, j, moved);
      }
    }
  }

  void check_all() {
    for (size_t i = 0; i < shelves_; i++)
      for (size_t j = 0; j < places_; j++) check(at(shelf(i), j));
  }

  Heap& heap() { return fixture_.heap; }

 private:
  static Value at(Vector* shelf, size_t place) { return words_of(shelf)[place]; }
  static void store(Vector* shelf, size_t place, Value v) {
    words_of(shelf)[place] = v;
    Heap::write_barrier(shelf, place);
  }
  Vector* shelf(size_t i) { return as<Vector>(words_of(as<Vector>(fixture_.roots[0]))[i]); }
  Vector* any_shelf() { return shelf(random_.below(shelves_)); }
  Value make_entry() {
    const auto letter = static_cast<char>('a' + random_.below(26));
    fixture_.roots.push(make_text(fixture_.heap, kBytes, letter));
    const Value entry = fixture_.heap.cons(fixture_.roots.back(), make_fixnum(letter));
    fixture_.roots.pop();
    return entry;
  }
  static void check(Value entry) {
    if (is_pair(entry)) assert_true(is_filled(car(entry), kBytes, static_cast<char>(fixnum_value(cdr(entry)))));
  }

  size_t shelves_;
  size_t places_;
  Fixture fixture_;
  Random random_{5};
  uint64_t hidden_[8] = {kNil.bits, kNil.bits, kNil.bits, kNil.bits, kNil.bits, kNil.bits, kNil.bits, kNil.bits};
};

void use_until_collected(Library& library) {
  while (library.heap().stats().full_collections < 4) {
    for (int i = 0; i < 2000; i++) library.step();
  }
  library.check_all();
}

void nothing_is_lost_while_a_full_collection_goes_on(void**) {
  Library library;
  use_until_collected(library);
}

// The same number of things on one shelf, a vector of half a megabyte; and four times as many, a vector longer than a
// chunk.
void nothing_is_lost_out_of_a_long_vector(void**) {
  for (size_t factor : {1, 4}) {
    Library library(1, factor * kShelves * kPlaces);
    use_until_collected(library);
  }
}

// Each collection is checked, and each part is small.
void nothing_is_lost_under_stress(void**) {
  HeapOptions options;
  options.stress = true;
  for (size_t shelves : {kFewShelves, size_t{1}}) {
    Library library(shelves, kFewShelves / shelves * kPlaces, options);
    for (int i = 0; i < 1500; i++) library.step();
    library.check_all();
  }
}

// One that was asked for begins anew and ends at once, wherever the one in parts is.
void one_that_is_asked_for_is_whole(void**) {
  Library library;
  int deaths = 0;
  for (int round = 0; round < 60; round++) {
    for (int i = 0; i < 700; i++) library.step();
    library.heap().add_finalizable(as<Object>(make_text(library.heap(), 10, 'f')), &count_death, &deaths);
    library.heap().collect_young();
    if (round % 3 != 0) continue;
    library.heap().collect();
    assert_int_equal(deaths, round + 1);
  }
  library.check_all();
}

void garbage_is_found_in_time(void**) {
  Library library;
  const uint64_t live = library.heap().stats().live_bytes;
  for (int i = 0; i < 400000; i++) library.step();
  assert_true(library.heap().stats().full_collections > 1);
  assert_true(library.heap().stats().committed_bytes < 3 * live);
}

// A word that points to a pair found dead, whose memory is not free yet, does not bring it back: what it referred to is
// gone.
void the_dead_that_wait_are_not_found(void**) {
  Fixture f;
  uintptr_t word = 0;
  f.heap.set_root_provider([&](heap::Marker& marker) { marker.conservative(&word, &word + 1); });
  for (int i = 0; i < 120; i++) f.roots.push(make_text(f.heap, kMegabyte / 2, 't'));
  f.roots.push(kNil);
  f.roots.push(kNil);
  auto grow = [&](size_t root) { f.roots[root] = f.heap.cons(make_fixnum(1), f.roots[root]); };
  for (int i = 0; i < 8000000; i++) grow(f.roots.size() - 1 - static_cast<size_t>(i % 2));
  f.heap.collect();
  const uintptr_t dead = ~f.roots.back().bits;
  const Value content = car(f.roots.back());
  f.roots.pop();  // every second pair of the last chunks
  const uint64_t full = f.heap.stats().full_collections;
  while (f.heap.stats().full_collections == full) f.roots.push(make_text(f.heap, 4000, 'y'));
  word = ~dead;
  f.heap.collect_young();
  f.heap.collect();
  assert_true(car(Value{~dead}) != content);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_lost_while_a_full_collection_goes_on),
      cmocka_unit_test(nothing_is_lost_out_of_a_long_vector),
      cmocka_unit_test(nothing_is_lost_under_stress),
      cmocka_unit_test(one_that_is_asked_for_is_whole),
      cmocka_unit_test(garbage_is_found_in_time),
      cmocka_unit_test(the_dead_that_wait_are_not_found),
  };
  return cmocka_run_group_tests_name("heap parts", tests, nullptr, nullptr);
}
