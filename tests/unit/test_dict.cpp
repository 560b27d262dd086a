// tests/unit/test_dict.cpp: the dict table against the C++ library's map and a list of the order.
#include <list>
#include <unordered_map>

#include "check.hpp"
#include "prims/dict_table.hpp"
#include "prims/equality.hpp"
#include "vm_fixture.hpp"

namespace terrace::test {
namespace {

using namespace prims;
using value::make_fixnum;

// What a dict must be: keys in the order of insertion with their values.
class Model {
 public:
  void insert(int64_t key, int64_t v) {
    auto found = places_.find(key);
    if (found != places_.end()) {
      found->second->second = v;
      return;
    }
    order_.emplace_back(key, v);
    places_[key] = std::prev(order_.end());
  }
  bool erase(int64_t key) {
    auto found = places_.find(key);
    if (found == places_.end()) return false;
    order_.erase(found->second);
    places_.erase(found);
    return true;
  }
  const int64_t* find(int64_t key) const {
    auto found = places_.find(key);
    return found == places_.end() ? nullptr : &found->second->second;
  }
  void clear() {
    order_.clear();
    places_.clear();
  }
  size_t size() const { return order_.size(); }
  const std::list<std::pair<int64_t, int64_t>>& order() const { return order_; }

 private:
  std::list<std::pair<int64_t, int64_t>> order_;
  std::unordered_map<int64_t, std::list<std::pair<int64_t, int64_t>>::iterator> places_;
};

// Makes the key of a number: each kind of key must behave alike.
using MakeKey = Value (*)(VmState*, int64_t);
Value fixnum_key(VmState*, int64_t i) { return make_fixnum(i); }
Value spread_key(VmState*, int64_t i) { return make_fixnum(i << 20); }
Value string_key(VmState* vm, int64_t i) { return frame::make_string(vm, "w" + std::to_string(i)); }
Value symbol_key(VmState* vm, int64_t i) { return frame::vm_of(vm).intern("s" + std::to_string(i)); }
Value list_key(VmState* vm, int64_t i) {
  Value items[] = {make_fixnum(i), string_key(vm, i), make_fixnum(7)};
  return frame::make_list(vm, items, 3);
}
Value float_key(VmState* vm, int64_t i) { return frame::make_float(vm, static_cast<double>(i + 1) * 1e250); }

void check_same(VmState* vm, Value dict, const Model& model, MakeKey make_key) {
  assert_int_equal(dict_count(dict), model.size());
  auto expected = model.order().begin();
  Value key, v;
  for (DictCursor at(dict); at.next(&key, &v); ++expected) {
    assert_true(expected != model.order().end());
    assert_true(prims::equal(vm, key, make_key(vm, expected->first)) == value::kTrue);
    assert_true(v == make_fixnum(expected->second));
  }
  assert_true(expected == model.order().end());
}

void run_differential(VmFixture& f, MakeKey make_key, int operations, uint64_t range) {
  VmState* vm = f.state();
  Random random(range);
  heap::RootedValues keep(frame::heap_of(vm));
  keep.push(make_dict(vm));
  Value dict = keep[0];
  Model model;
  for (int i = 0; i < operations; i++) {
    auto number = static_cast<int64_t>(random.below(range));
    Value key = make_key(vm, number);
    uint64_t what = random.below(100);
    // Phases of growth and of shrinking follow each other.
    uint64_t inserts = (i / 20000) % 2 == 0 ? 60 : 25;
    if (what < inserts) {
      assert_true(dict_insert(vm, dict, key, make_fixnum(i)));
      model.insert(number, i);
    } else if (what < 85) {
      assert_true(dict_erase(vm, dict, key) == value::make_bool(model.erase(number)));
    } else {
      int64_t found = dict_find(vm, dict, key);
      const int64_t* expected = model.find(number);
      assert_int_equal(found >= 0, expected != nullptr);
      if (expected) assert_true(dict_entry(dict, found)->value == make_fixnum(*expected));
    }
    if (i % 50000 == 49999) check_same(vm, dict, model, make_key);
    if (what == 99 && random.below(20000) == 0) {
      assert_true(dict_clear(vm, dict));
      model.clear();
    }
  }
  check_same(vm, dict, model, make_key);
  keep.push(dict_copy(vm, dict));
  check_same(vm, keep[1], model, make_key);
}

void test_fixnums(void**) {
  VmFixture f(__builtin_frame_address(0));
  run_differential(f, fixnum_key, 1000000, 30000);
  run_differential(f, fixnum_key, 100000, 9);
}

void test_spread_fixnums(void**) {
  VmFixture f(__builtin_frame_address(0));
  run_differential(f, spread_key, 300000, 20000);
}

void test_strings(void**) {
  VmFixture f(__builtin_frame_address(0));
  run_differential(f, string_key, 200000, 5000);
}

void test_symbols(void**) {
  VmFixture f(__builtin_frame_address(0));
  run_differential(f, symbol_key, 200000, 5000);
}

void test_lists_and_floats(void**) {
  VmFixture f(__builtin_frame_address(0));
  run_differential(f, list_key, 100000, 2000);
  run_differential(f, float_key, 100000, 2000);
}

void test_collected_at_every_chance(void**) {
  heap::HeapOptions options;
  options.stress = true;
  VmFixture f(__builtin_frame_address(0), options);
  run_differential(f, string_key, 3000, 200);
}

// Removing from the front and adding at the end keeps the table small, and the first entry quickly found.
void test_queue(void**) {
  VmFixture f(__builtin_frame_address(0));
  VmState* vm = f.state();
  heap::RootedValues keep(frame::heap_of(vm));
  keep.push(make_dict(vm));
  Value dict = keep[0];
  for (int64_t i = 0; i < 200000; i++) {
    assert_true(dict_insert(vm, dict, make_fixnum(i), value::kNil));
    if (i < 10) continue;
    Value key, v;
    DictCursor at(dict);
    assert_true(at.next(&key, &v));
    assert_true(key == make_fixnum(i - 10));
    assert_true(dict_erase(vm, dict, key) == value::kTrue);
    assert_true(value::as<value::Dict>(dict)->used <= 64);
  }
}

// Each of the entries that stay is met once although everything else changes under the cursor.
void test_changes_while_visiting(void**) {
  VmFixture f(__builtin_frame_address(0));
  VmState* vm = f.state();
  heap::RootedValues keep(frame::heap_of(vm));
  keep.push(make_dict(vm));
  Value dict = keep[0];
  constexpr int64_t kStay = 1000;
  for (int64_t i = 0; i < kStay; i++) {
    dict_insert(vm, dict, make_fixnum(i), make_fixnum(0));
    dict_insert(vm, dict, make_fixnum(-i - 1), make_fixnum(0));
  }
  int64_t met = 0, added_met = 0, added = 0;
  Value key, v;
  for (DictCursor at(dict); at.next(&key, &v);) {
    int64_t k = value::fixnum_value(key);
    if (k >= 0 && k < kStay) {
      assert_int_equal(k, met);
      met++;
      assert_true(dict_erase(vm, dict, make_fixnum(-k - 1)) != value::kUnwind);
      for (int j = 0; j < 3; j++) dict_insert(vm, dict, make_fixnum(1000000 + added++), make_fixnum(1));
    } else if (k >= 1000000) {
      assert_int_equal(k - 1000000, added_met);
      added_met++;
    }
  }
  assert_int_equal(met, kStay);
  assert_int_equal(added_met, added);
}

void test_clear_while_visiting(void**) {
  VmFixture f(__builtin_frame_address(0));
  VmState* vm = f.state();
  heap::RootedValues keep(frame::heap_of(vm));
  keep.push(make_dict(vm));
  Value dict = keep[0];
  for (int64_t i = 0; i < 100; i++) dict_insert(vm, dict, make_fixnum(i), value::kNil);
  int met = 0;
  Value key, v;
  for (DictCursor at(dict); at.next(&key, &v);) {
    if (++met != 10) continue;
    assert_true(dict_clear(vm, dict));
    dict_insert(vm, dict, make_fixnum(5000), value::kNil);
  }
  assert_int_equal(met, 11);
}

void test_too_large(void**) {
  VmFixture f(__builtin_frame_address(0));
  assert_true(make_dict(f.state(), uint64_t{1} << 40) == value::kUnwind);
  assert_text(f.error_kind(), "heap-limit");
}

}  // namespace
}  // namespace terrace::test

int main() {
  using namespace terrace::test;
  const CMUnitTest tests[] = {
      cmocka_unit_test(test_fixnums),
      cmocka_unit_test(test_spread_fixnums),
      cmocka_unit_test(test_strings),
      cmocka_unit_test(test_symbols),
      cmocka_unit_test(test_lists_and_floats),
      cmocka_unit_test(test_collected_at_every_chance),
      cmocka_unit_test(test_queue),
      cmocka_unit_test(test_changes_while_visiting),
      cmocka_unit_test(test_clear_while_visiting),
      cmocka_unit_test(test_too_large),
  };
  return cmocka_run_group_tests_name("dict", tests, nullptr, nullptr);
}
