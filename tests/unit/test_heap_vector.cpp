// tests/unit/test_heap_vector.cpp: the kinds of vectors and what changes them.
#include "check.hpp"

#include <cmath>
#include <limits>

#include "heap/vector.hpp"
#include "heap_fixture.hpp"

using namespace terrace;
using namespace terrace::test;
using heap::VectorView;
using heap::vector_ref;
using heap::vector_set;

namespace {

Value real(double d) {
  Value v{};
  assert_true(encode_float(d, &v));
  return v;
}

// A fresh vector that is a root.
Vector* fresh(Fixture& f, uint64_t length) {
  Vector* v = heap::try_vector(f.heap, length, VectorKind::kFresh);
  std::fill_n(v->slot, length, make_fixnum(0).bits);
  f.roots.push(from_object(v));
  return v;
}

void the_first_store_decides(void**) {
  Fixture f;
  Vector* doubles = fresh(f, 3);
  assert_int_equal(doubles->kind(), VectorKind::kFresh);
  assert_true(vector_ref(f.heap, doubles, 2) == make_fixnum(0));
  assert_true(vector_set(f.heap, doubles, 1, real(2.5)));
  assert_int_equal(doubles->kind(), VectorKind::kDoubles);
  assert_true(doubles->slot[0] == kHole && doubles->slot[1] == std::bit_cast<uint64_t>(2.5));
  assert_true(vector_ref(f.heap, doubles, 0) == make_fixnum(0));
  assert_true(vector_ref(f.heap, doubles, 1) == real(2.5));
  for (Value x : {make_fixnum(0), kNil, from_object(doubles)}) {
    Vector* other = fresh(f, 2);
    assert_true(vector_set(f.heap, other, 0, x));
    assert_int_equal(other->kind(), VectorKind::kGeneric);
    assert_true(vector_ref(f.heap, other, 0) == x && vector_ref(f.heap, other, 1) == make_fixnum(0));
    assert_true(vector_set(f.heap, other, 1, real(0.5)));
    assert_int_equal(other->kind(), VectorKind::kGeneric);
  }
}

void elements_survive_a_change(void**) {
  const double kNumbers[] = {0.0, -0.0, 1.5, -3e-5, 1e300, 1e300, std::numeric_limits<double>::infinity(), 5e-324, std::nan("7")};
  for (bool stress : {false, true}) {
    HeapOptions options;
    options.stress = stress;
    Fixture f(options);
    Vector* v = fresh(f, 100);
    for (uint64_t i = 0; i < 99; i++)
      assert_true(vector_set(f.heap, v, i, heap::box_double(f.heap, std::bit_cast<uint64_t>(kNumbers[i % 9]))));
    f.heap.collect();
    assert_int_equal(v->kind(), VectorKind::kDoubles);
    f.roots.push(make_text(f.heap, 20, 't'));
    assert_true(vector_set(f.heap, v, 50, f.roots.back()));
    f.roots.pop();
    assert_int_equal(v->kind(), VectorKind::kGeneric);
    f.heap.collect_young();
    make_garbage(f.heap, 1000);
    f.heap.collect();
    for (uint64_t i = 0; i < 99; i++) {
      if (i == 50) continue;
      double d = float_value(vector_ref(f.heap, v, i));
      assert_true(std::bit_cast<uint64_t>(d) == std::bit_cast<uint64_t>(kNumbers[i % 9]));
    }
    assert_true(is_filled(vector_ref(f.heap, v, 50), 20, 't'));
    assert_true(vector_ref(f.heap, v, 99) == make_fixnum(0));
  }
}

void no_double_is_a_hole(void**) {
  Fixture f;
  for (uint64_t bits : {kHole, kHole | uint64_t{1} << 63, uint64_t{0x7FF0000000000001}}) {
    Value nan = heap::box_double(f.heap, bits);
    Vector* v = fresh(f, 1);
    assert_true(vector_set(f.heap, v, 0, nan));
    assert_true(v->slot[0] == (bits | kQuietBit));
    assert_true(std::isnan(float_value(vector_ref(f.heap, v, 0))));
  }
  assert_true(tamed(1e300) == 1e300 && std::isinf(tamed(std::numeric_limits<double>::infinity())));
  assert_true(std::bit_cast<uint64_t>(tamed(std::nan("5"))) == std::bit_cast<uint64_t>(std::nan("5")));
}

void a_view_needs_no_heap(void**) {
  Fixture f;
  const Value items[] = {real(1.5), heap::box_double(f.heap, std::bit_cast<uint64_t>(1e300)), real(-0.0)};
  Vector* v = heap::vector_of(f.heap, items, 3);
  assert_int_equal(v->kind(), VectorKind::kDoubles);
  VectorView view(v);
  uint64_t allocated = f.heap.stats().allocated_bytes;
  assert_true(view[0] == real(1.5) && float_value(view[1]) == 1e300 && view[2] == real(-0.0));
  assert_int_equal(f.heap.stats().allocated_bytes, allocated);
  const Value mixed[] = {real(1.5), make_fixnum(1)};
  assert_int_equal(heap::vector_of(f.heap, mixed, 2)->kind(), VectorKind::kGeneric);
  assert_int_equal(heap::vector_of(f.heap, mixed, 1)->kind(), VectorKind::kDoubles);
  assert_int_equal(heap::vector_of(f.heap, mixed, 0)->kind(), VectorKind::kGeneric);
}

// What has no hole is known to have none once it was asked, and what was made of floats from the start.
void holes_are_looked_for_once(void**) {
  Fixture f;
  Vector* v = fresh(f, 2);
  assert_false(heap::is_full(v));
  assert_int_equal(v->kind(), VectorKind::kFresh);
  assert_true(vector_set(f.heap, v, 0, real(1.5)));
  assert_false(heap::is_full(v));
  assert_true(vector_set(f.heap, v, 1, real(2.5)));
  assert_int_equal(v->flags, 0);
  assert_true(heap::is_full(v));
  assert_int_equal(v->flags, value::kFull);
  assert_true(vector_set(f.heap, v, 1, make_fixnum(1)));
  assert_false(heap::is_full(v));
  const Value items[] = {real(1.5), real(-0.0)};
  assert_int_equal(heap::vector_of(f.heap, items, 2)->flags, value::kFull);
}

// A change that needs more boxes than the limit leaves room for is refused, and the vector is as it was.
void a_change_may_need_too_much(void**) {
  HeapOptions options;
  options.limit_bytes = 8 * kMegabyte;
  Fixture f(options);
  constexpr uint64_t kLength = 300000;
  Vector* v = fresh(f, kLength);
  for (uint64_t i = 0; i < kLength; i++) {
    const double d = 1e300 + static_cast<double>(i) * 1e290;
    heap::settle(v, VectorKind::kDoubles);
    v->slot[i] = std::bit_cast<uint64_t>(d);
  }
  assert_false(vector_set(f.heap, v, 7, kNil));
  assert_int_equal(v->kind(), VectorKind::kDoubles);
  assert_true(v->slot[7] == std::bit_cast<uint64_t>(1e300 + 7e290));
  std::fill_n(v->slot, kLength, std::bit_cast<uint64_t>(1e300));  // these share one box
  assert_true(vector_set(f.heap, v, 7, kNil));
  assert_true(vector_ref(f.heap, v, 6) == vector_ref(f.heap, v, 5));
  assert_true(vector_ref(f.heap, v, 7) == kNil);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_first_store_decides),  cmocka_unit_test(elements_survive_a_change),
      cmocka_unit_test(no_double_is_a_hole),      cmocka_unit_test(a_view_needs_no_heap),
      cmocka_unit_test(holes_are_looked_for_once),
      cmocka_unit_test(a_change_may_need_too_much),
  };
  return cmocka_run_group_tests_name("heap_vector", tests, nullptr, nullptr);
}
