// tests/abi/test_values.cpp: values go into a vm and come out the same.
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "session.hpp"

using namespace terrace::test;

namespace {

// What comes back when a value is defined and looked up.
jit_value through(Session& s, const jit_value& v) {
  jit_value back;
  jit_error* err = nullptr;
  if (jit_define(s.vm, "it", 2, &v, &err) != JIT_OK) give_up("%s", jit_error_message(err));
  assert_int_equal(jit_lookup(s.vm, "it", 2, &back, nullptr), JIT_OK);
  return back;
}

void integers(void**) {
  Session s;
  for (int64_t i : {int64_t{0}, int64_t{1}, int64_t{-1}, (int64_t{1} << 60) - 1, int64_t{1} << 60, -(int64_t{1} << 60),
                    -(int64_t{1} << 60) - 1, INT64_MAX, INT64_MIN}) {
    jit_value back = through(s, of_int(i));
    assert_int_equal(back.kind, JIT_INT);
    assert_true(back.as.integer == i);
    assert_int_equal(back.type, 0);
  }
}

void doubles(void**) {
  Session s;
  for (double d : {0.0, -0.0, 1.5, -1e-300, 1e300, std::numeric_limits<double>::infinity(), 5e-324, 0.1}) {
    jit_value back = through(s, of_double(d));
    assert_int_equal(back.kind, JIT_DOUBLE);
    assert_memory_equal(&back.as.number, &d, sizeof d);
  }
  assert_true(std::isnan(through(s, of_double(NAN)).as.number));
}

void constants(void**) {
  Session s;
  jit_value v{};
  assert_int_equal(through(s, v).kind, JIT_NIL);
  v.kind = JIT_UNSPECIFIED;
  assert_int_equal(through(s, v).kind, JIT_UNSPECIFIED);
  v.kind = JIT_BOOL;
  for (int b : {0, 1}) {
    v.as.integer = b;
    jit_value back = through(s, v);
    assert_int_equal(back.kind, JIT_BOOL);
    assert_int_equal(back.as.integer, b);
  }
  v.kind = JIT_CHAR;
  for (int64_t c : {0, 65, 0xE9, 0x10FFFF}) {
    v.as.integer = c;
    jit_value back = through(s, v);
    assert_int_equal(back.kind, JIT_CHAR);
    assert_int_equal(back.as.integer, c);
  }
}

void wrong_scalars(void**) {
  Session s;
  jit_error* err = nullptr;
  jit_value v{};
  v.kind = JIT_CHAR;
  v.as.integer = 0xD800;
  assert_failure(jit_define(s.vm, "x", 1, &v, &err), JIT_E_RANGE, err, "scalar");
  v.kind = 99;
  assert_failure(jit_define(s.vm, "x", 1, &v, &err), JIT_E_ARGUMENT, err, "kind 99");
  v = of_data(JIT_STRING, "x");
  v.as.data = nullptr;
  assert_failure(jit_define(s.vm, "x", 1, &v, &err), JIT_E_ARGUMENT, err, "NULL");
  v = of_string("x");
  v.size = uint64_t{1} << 40;
  assert_failure(jit_define(s.vm, "x", 1, &v, &err), JIT_E_RANGE, err, "bytes");
  assert_failure(jit_define(s.vm, "", 0, &v, &err), JIT_E_ARGUMENT, err, "name");
  assert_failure(jit_define(s.vm, "x", 1, nullptr, &err), JIT_E_ARGUMENT, err, "value");
}

void check_text(Session& s, uint32_t kind, uint32_t type, std::string_view text) {
  jit_value back = through(s, of_data(kind, text));
  assert_int_equal(back.kind, JIT_REF);
  assert_int_equal(back.type, type);
  assert_int_equal(jit_ref_type(back.as.ref), type);
  const char* data;
  size_t size;
  assert_int_equal(jit_string_data(back.as.ref, &data, &size, nullptr), JIT_OK);
  assert_int_equal(size, text.size());
  assert_memory_equal(data, text.data(), size);
  assert_int_equal(data[size], 0);
  jit_ref_release(back.as.ref);
}

void texts(void**) {
  Session s;
  using namespace std::string_view_literals;
  for (std::string_view text : {""sv, "plain"sv, "zwölf Boxkämpfer"sv, "日本語 🙂"sv, "with\0nul"sv}) {
    check_text(s, JIT_STRING, JIT_TYPE_STRING, text);
    if (text.empty()) continue;
    check_text(s, JIT_SYMBOL, JIT_TYPE_SYMBOL, text);
    check_text(s, JIT_KEYWORD, JIT_TYPE_KEYWORD, text);
  }
  check_text(s, JIT_STRING, JIT_TYPE_STRING, std::string(1 << 20, 'x'));
  jit_value broken = through(s, of_string("a\xFFz"));
  assert_string_equal(s.print(broken, false).c_str(), "a\xEF\xBF\xBDz");
  jit_ref_release(broken.as.ref);
}

void byte_vectors(void**) {
  Session s;
  jit_value back = through(s, of_data(JIT_BYTES, std::string_view("\0\1\xFF", 3)));
  assert_int_equal(back.type, JIT_TYPE_BYTES);
  uint8_t* data;
  size_t size;
  assert_int_equal(jit_bytes_data(back.as.ref, &data, &size, nullptr), JIT_OK);
  assert_int_equal(size, 3);
  assert_memory_equal(data, "\0\1\xFF", 3);
  jit_value v = of_int(7);
  assert_int_equal(jit_set(back.as.ref, 1, &v, nullptr), JIT_OK);
  assert_int_equal(data[1], 7);
  v = of_int(256);
  assert_int_equal(jit_set(back.as.ref, 1, &v, nullptr), JIT_E_RANGE);
  assert_int_equal(s.eval_int("(bytes-ref it 1)"), 7);
  jit_ref_release(back.as.ref);
}

void big_numbers(void**) {
  Session s;
  const std::string digits = "-123456789012345678901234567890";
  jit_value back = through(s, of_data(JIT_INTEGER_TEXT, digits));
  assert_int_equal(back.kind, JIT_REF);
  assert_int_equal(back.type, JIT_TYPE_BIG_INTEGER);
  assert_text(s.print(back), digits);
  jit_ref_release(back.as.ref);
  assert_int_equal(through(s, of_data(JIT_INTEGER_TEXT, "+12")).as.integer, 12);
  jit_value ratio = s.eval("(/ 22 7)");
  assert_int_equal(ratio.type, JIT_TYPE_RATIO);
  assert_text(s.print(ratio), "22/7");
  jit_ref_release(ratio.as.ref);
  for (const char* wrong : {"", "-", "12a", "1.5", "1/2", " 1"}) {
    jit_error* err = nullptr;
    jit_value v = of_data(JIT_INTEGER_TEXT, wrong);
    assert_failure(jit_define(s.vm, "x", 1, &v, &err), JIT_E_ARGUMENT, err, "decimal");
  }
}

// GMP wants more stack for these than a host may have left.
void very_big_numbers(void**) {
  Session s;
  for (size_t length : {299, 300, 301, 400, 500, 5000, 100000}) {
    const std::string digits = "-7" + std::string(length - 1, '3');
    jit_value back = through(s, of_data(JIT_INTEGER_TEXT, digits));
    assert_int_equal(back.type, JIT_TYPE_BIG_INTEGER);
    assert_text(s.print(back), digits);
    jit_ref_release(back.as.ref);
  }
}

void types_of_results(void**) {
  Session s;
  const struct {
    const char* source;
    uint32_t type;
  } cases[] = {{"\"s\"", JIT_TYPE_STRING},
               {"'s", JIT_TYPE_SYMBOL},
               {":k", JIT_TYPE_KEYWORD},
               {"'(1)", JIT_TYPE_PAIR},
               {"#(1)", JIT_TYPE_VECTOR},
               {"{:a 1}", JIT_TYPE_DICT},
               {"(lambda (x) x)", JIT_TYPE_FUNCTION},
               {"car", JIT_TYPE_FUNCTION},
               {"(make-f64-vector 2)", JIT_TYPE_F64_VECTOR},
               {"(make-error 'k \"m\")", JIT_TYPE_ERROR}};
  for (const auto& c : cases) {
    jit_value v = s.eval(c.source);
    if (v.kind != JIT_REF || v.type != c.type) give_up("%s: kind %u type %u", c.source, v.kind, v.type);
    jit_ref_release(v.as.ref);
  }
}

std::vector<jit_value> three() { return {of_int(1), of_string("zwei"), of_double(3.0)}; }

void sequences(void**) {
  Session s;
  jit_value v, items[4];
  size_t n;
  auto values = three();
  for (auto* make : {&jit_list_new, &jit_vector_new, &jit_tuple_new}) {
    jit_ref* ref;
    assert_int_equal(make(s.vm, values.data(), values.size(), &ref, nullptr), JIT_OK);
    assert_int_equal(jit_length(ref, &n, nullptr), JIT_OK);
    assert_int_equal(n, 3);
    assert_int_equal(jit_get(ref, 2, &v, nullptr), JIT_OK);
    assert_true(v.as.number == 3.0);
    assert_int_equal(jit_get(ref, 3, &v, nullptr), JIT_E_RANGE);
    assert_int_equal(jit_items(ref, 1, items, 4, &n, nullptr, nullptr), JIT_OK);
    assert_int_equal(n, 2);
    assert_text(s.print(items[0], false), "zwei");
    jit_ref_release(items[0].as.ref);
    assert_int_equal(jit_items(ref, 0, items, 1, &n, nullptr, nullptr), JIT_OK);
    assert_int_equal(n, 1);
    assert_int_equal(jit_items(ref, 9, items, 4, &n, nullptr, nullptr), JIT_OK);
    assert_int_equal(n, 0);
    jit_ref_release(ref);
  }
}

void many_items(void**) {
  Session s;
  std::vector<jit_value> values(100000, of_string("x"));
  jit_ref *list, *vector;
  assert_int_equal(jit_list_new(s.vm, values.data(), values.size(), &list, nullptr), JIT_OK);
  assert_int_equal(jit_vector_new(s.vm, values.data(), values.size(), &vector, nullptr), JIT_OK);
  size_t n;
  assert_int_equal(jit_length(list, &n, nullptr), JIT_OK);
  assert_int_equal(n, values.size());
  values[99999].kind = 99;
  jit_ref* none;
  jit_error* err = nullptr;
  assert_failure(jit_list_new(s.vm, values.data(), values.size(), &none, &err), JIT_E_ARGUMENT, err, "item 100000");
  assert_failure(jit_list_new(s.vm, values.data(), SIZE_MAX / 8, &none, &err), JIT_E_RANGE, err, "values");
  assert_failure(jit_dict_new(s.vm, values.data(), SIZE_MAX, &none, &err), JIT_E_RANGE, err, "values");
  jit_ref_release(list);
  jit_ref_release(vector);
}

void improper_and_circular_lists(void**) {
  Session s;
  jit_value items[4], tail;
  size_t n;
  jit_error* err = nullptr;
  jit_ref* dotted = s.eval("'(1 2 . 3)").as.ref;
  assert_failure(jit_length(dotted, &n, &err), JIT_E_TYPE, err, "improper");
  assert_int_equal(jit_items(dotted, 0, items, 4, &n, &tail, nullptr), JIT_OK);
  assert_int_equal(n, 2);
  assert_int_equal(tail.as.integer, 3);
  jit_ref_release(dotted);
  jit_ref* ring = s.eval("(let ((l (list 1 2 3))) (set-cdr! (cdr (cdr l)) l) l)").as.ref;
  assert_failure(jit_length(ring, &n, &err), JIT_E_TYPE, err, "circular");
  assert_int_equal(jit_items(ring, 0, items, 4, &n, &tail, nullptr), JIT_OK);
  assert_int_equal(n, 4);
  jit_ref_release(ring);
}

void pairs(void**) {
  Session s;
  jit_value a = of_string("a"), b = of_int(2), head, tail;
  jit_ref* pair;
  assert_int_equal(jit_pair_new(s.vm, &a, &b, &pair, nullptr), JIT_OK);
  assert_int_equal(jit_pair_get(pair, &head, &tail, nullptr), JIT_OK);
  assert_text(s.print(head), "\"a\"");
  assert_int_equal(tail.as.integer, 2);
  jit_error* err = nullptr;
  jit_ref* text = head.as.ref;
  assert_failure(jit_pair_get(text, &head, &tail, &err), JIT_E_TYPE, err, "pair");
  jit_ref_release(text);
  jit_ref_release(pair);
}

void dicts(void**) {
  Session s;
  const jit_value entries[] = {of_string("one"), of_int(1), of_symbol("two"), of_int(2)};
  jit_value v, items[8], key = of_string("one"), missing = of_string("none");
  jit_ref* dict;
  size_t n;
  assert_int_equal(jit_dict_new(s.vm, entries, 2, &dict, nullptr), JIT_OK);
  assert_int_equal(jit_length(dict, &n, nullptr), JIT_OK);
  assert_int_equal(n, 2);
  assert_int_equal(jit_dict_get(dict, &key, &v, nullptr), JIT_OK);
  assert_int_equal(v.as.integer, 1);
  jit_error* err = nullptr;
  assert_failure(jit_dict_get(dict, &missing, &v, &err), JIT_E_NOT_FOUND, err, "no such key");
  jit_value nil{};
  assert_int_equal(jit_dict_set(dict, &missing, &nil, nullptr), JIT_OK);
  assert_int_equal(jit_dict_get(dict, &missing, &v, nullptr), JIT_OK);
  assert_int_equal(v.kind, JIT_NIL);
  assert_int_equal(jit_items(dict, 1, items, 3, &n, nullptr, nullptr), JIT_OK);
  assert_int_equal(n, 2);  // whole pairs only
  assert_text(s.print(items[0]), "two");
  assert_int_equal(items[1].as.integer, 2);
  jit_ref_release(items[0].as.ref);
  jit_ref_release(dict);
}

void removed_keys_are_not_listed(void**) {
  Session s;
  jit_ref* dict = s.eval("(let ((d {:a 1 :b 2 :c 3})) (dict-delete! d :b) d)").as.ref;
  jit_value items[8];
  size_t n;
  assert_int_equal(jit_items(dict, 0, items, 8, &n, nullptr, nullptr), JIT_OK);
  assert_int_equal(n, 4);
  assert_int_equal(items[3].as.integer, 3);
  jit_ref_release(items[0].as.ref);
  jit_ref_release(items[2].as.ref);
  jit_ref_release(dict);
}

void packed_doubles(void**) {
  Session s;
  const double values[] = {1.5, 2.5, NAN};
  double* data;
  size_t n;
  jit_ref* ref;
  jit_value v = of_int(4);
  assert_int_equal(jit_f64_new(s.vm, values, 3, &ref, nullptr), JIT_OK);
  assert_int_equal(jit_f64_data(ref, &data, &n, nullptr), JIT_OK);
  assert_int_equal(n, 3);
  assert_memory_equal(data, values, sizeof values);
  assert_int_equal(jit_set(ref, 0, &v, nullptr), JIT_OK);
  assert_true(data[0] == 4.0);
  v = of_string("no");
  assert_int_equal(jit_set(ref, 0, &v, nullptr), JIT_E_TYPE);
  jit_value args[] = {of_ref(ref), of_int(0)}, name = of_symbol("f64-vector-ref");
  assert_int_equal(jit_call(s.vm, &name, args, 2, &v, nullptr, nullptr), JIT_OK);
  assert_true(v.as.number == 4.0);
  jit_ref_release(ref);
  assert_int_equal(jit_f64_new(s.vm, nullptr, 2, &ref, nullptr), JIT_OK);
  assert_int_equal(jit_get(ref, 1, &v, nullptr), JIT_OK);
  assert_true(v.as.number == 0.0);
  jit_ref_release(ref);
}

void borrowed_doubles(void**) {
  int finalized = 0;
  double mine[] = {1.0, 2.0};
  {
    Session s;
    jit_ref* ref;
    double* data;
    size_t n;
    assert_int_equal(jit_f64_borrow(s.vm, mine, 2, count_up, &finalized, &ref, nullptr), JIT_OK);
    assert_int_equal(jit_f64_data(ref, &data, &n, nullptr), JIT_OK);
    assert_ptr_equal(data, mine);
    jit_value v = of_ref(ref);
    assert_int_equal(jit_define(s.vm, "v", 1, &v, nullptr), JIT_OK);
    s.eval("(f64-vector-set! v 0 9.0)");
    assert_true(mine[0] == 9.0);
    jit_ref_release(ref);
    s.eval("(gc-collect!)");
    assert_int_equal(finalized, 0);
  }
  assert_int_equal(finalized, 1);
  Session s;
  jit_ref* ref;
  jit_error* err = nullptr;
  auto* crooked = reinterpret_cast<double*>(reinterpret_cast<char*>(mine) + 1);
  assert_failure(jit_f64_borrow(s.vm, crooked, 1, count_up, &finalized, &ref, &err), JIT_E_ARGUMENT, err, "aligned");
  assert_int_equal(finalized, 1);
}

// The bits that stand for an element never stored, and their negation, as they may come from outside.
double hole(bool negative) {
  uint64_t bits = 0x7FF4000000000000 | uint64_t{negative} << 63;
  double d;
  memcpy(&d, &bits, sizeof d);
  return d;
}

void vectors_of_doubles(void**) {
  Session s;
  jit_value items[] = {of_double(1.5), of_double(hole(false)), of_double(1e300), of_double(hole(true))}, v, got[4];
  jit_ref* ref;
  size_t n;
  assert_int_equal(jit_vector_new(s.vm, items, 4, &ref, nullptr), JIT_OK);
  assert_int_equal(jit_length(ref, &n, nullptr), JIT_OK);
  assert_int_equal(n, 4);
  assert_text(s.print(of_ref(ref)), "#(1.5 +nan.0 1e300 +nan.0)");
  assert_int_equal(jit_get(ref, 2, &v, nullptr), JIT_OK);
  assert_true(v.kind == JIT_DOUBLE && v.as.number == 1e300);
  v = of_double(-2.5);
  assert_int_equal(jit_set(ref, 0, &v, nullptr), JIT_OK);
  assert_text(s.print(of_ref(ref)), "#(-2.5 +nan.0 1e300 +nan.0)");
  v = of_int(7);
  assert_int_equal(jit_set(ref, 3, &v, nullptr), JIT_OK);
  assert_int_equal(jit_items(ref, 0, got, 4, &n, nullptr, nullptr), JIT_OK);
  assert_true(n == 4 && got[0].as.number == -2.5 && got[1].as.number != got[1].as.number && got[2].as.number == 1e300);
  assert_true(got[3].kind == JIT_INT && got[3].as.integer == 7);
  jit_ref_release(ref);
}

// What the host puts into its own memory is read by code of every tier.
void no_double_of_the_host_is_an_absent_element(void**) {
  double mine[] = {1.5, hole(false), hole(true)};
  for (const char* tier : {"nil", "(jit-optimize! take-from :base)", "(jit-optimize! take-from :opt)"}) {
    Session s;
    jit_ref* ref;
    assert_int_equal(jit_f64_borrow(s.vm, mine, 3, nullptr, nullptr, &ref, nullptr), JIT_OK);
    jit_value v = of_ref(ref);
    assert_int_equal(jit_define(s.vm, "mine", 4, &v, nullptr), JIT_OK);
    s.eval("(define (take-from f i) (let ((w (make-vector 2))) (vector-set! w 0 (f64-vector-ref f i)) w))");
    s.eval("(define (twice i) (list (take-from mine i) (+ 1.0 (vector-ref (take-from mine i) 0))))");
    s.eval("(let loop ((i 0)) (when (< i 100) (twice 0) (loop (+ i 1))))");
    s.eval(tier);
    s.eval("(jit-wait!)");
    for (int round = 0; round < 20; round++) {
      assert_text(s.shown("(twice 0)"), "(#(1.5 0) 2.5)");
      assert_text(s.shown("(twice 1)"), "(#(+nan.0 0) +nan.0)");
      assert_text(s.shown("(twice 2)"), "(#(+nan.0 0) +nan.0)");
    }
    jit_ref_release(ref);
  }
}

void wrong_kinds_of_reference(void**) {
  Session s, t;
  jit_ref* number_list = s.eval("(list 1)").as.ref;
  jit_ref* name = s.eval("'name").as.ref;
  jit_value v = of_ref(number_list);
  jit_ref* none;
  size_t n;
  double* d;
  const char* chars;
  jit_error* err = nullptr;
  assert_failure(jit_list_new(t.vm, &v, 1, &none, &err), JIT_E_HANDLE, err, "item 1 is a reference of another vm");
  assert_failure(jit_f64_data(number_list, &d, &n, &err), JIT_E_TYPE, err, "f64");
  assert_failure(jit_string_data(number_list, &chars, &n, &err), JIT_E_TYPE, err, "string");
  assert_failure(jit_length(name, &n, &err), JIT_E_TYPE, err, "list");
  jit_value found;
  assert_failure(jit_dict_get(name, &v, &found, &err), JIT_E_TYPE, err, "dict");
  v = of_ref(number_list);
  assert_failure(jit_dict_set(name, &v, &v, &err), JIT_E_TYPE, err, "dict");
  assert_failure(jit_set(number_list, 0, &v, &err), JIT_E_TYPE, err, "vector");
  jit_ref_release(number_list);
  v = of_ref(number_list);
  assert_failure(jit_define(s.vm, "x", 1, &v, &err), JIT_E_HANDLE, err, "released");
  jit_ref_release(name);
}

void equality_and_printing(void**) {
  Session s;
  uint32_t same;
  jit_value a = s.eval("(list 1 \"x\" 2.0)"), b = s.eval("'(1 \"x\" 2.0)"), c = of_int(1);
  assert_int_equal(jit_equal(s.vm, &a, &b, &same, nullptr), JIT_OK);
  assert_int_equal(same, 1);
  assert_int_equal(jit_equal(s.vm, &a, &c, &same, nullptr), JIT_OK);
  assert_int_equal(same, 0);
  assert_text(s.print(a, true), "(1 \"x\" 2.0)");
  assert_text(s.print(a, false), "(1 x 2.0)");
  jit_ref_release(a.as.ref);
  jit_ref_release(b.as.ref);
}

// References are roots, also while every allocation collects.
void references_survive_collections(void**) {
  jit_vm_options options{};
  options.size = sizeof options;
  options.gc_stress = 1;
  Session s(nullptr, &options);
  std::vector<jit_ref*> refs;
  for (int i = 0; i < 50; i++) {
    jit_value items[] = {of_int(i), of_string("text " + std::to_string(i))};
    const std::string text = "text " + std::to_string(i);
    items[1] = of_string(text);
    jit_ref* ref;
    assert_int_equal(jit_list_new(s.vm, items, 2, &ref, nullptr), JIT_OK);
    refs.push_back(ref);
  }
  s.eval("(gc-collect!)");
  for (int i = 0; i < 50; i++) {
    assert_text(s.print(of_ref(refs[static_cast<size_t>(i)]), false),
                "(" + std::to_string(i) + " text " + std::to_string(i) + ")");
    jit_ref_release(refs[static_cast<size_t>(i)]);
  }
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(integers),
      cmocka_unit_test(doubles),
      cmocka_unit_test(constants),
      cmocka_unit_test(wrong_scalars),
      cmocka_unit_test(texts),
      cmocka_unit_test(byte_vectors),
      cmocka_unit_test(big_numbers),
      cmocka_unit_test(very_big_numbers),
      cmocka_unit_test(types_of_results),
      cmocka_unit_test(sequences),
      cmocka_unit_test(many_items),
      cmocka_unit_test(improper_and_circular_lists),
      cmocka_unit_test(pairs),
      cmocka_unit_test(dicts),
      cmocka_unit_test(removed_keys_are_not_listed),
      cmocka_unit_test(packed_doubles),
      cmocka_unit_test(borrowed_doubles),
      cmocka_unit_test(vectors_of_doubles),
      cmocka_unit_test(no_double_of_the_host_is_an_absent_element),
      cmocka_unit_test(wrong_kinds_of_reference),
      cmocka_unit_test(equality_and_printing),
      cmocka_unit_test(references_survive_collections),
  };
  return cmocka_run_group_tests_name("values", tests, nullptr, nullptr);
}
