// tests/abi/test_control.cpp: the control functions, statistics and JSON texts.
#include <cstddef>

#include "session.hpp"

using namespace terrace::test;

namespace {

void control_is_read_back(void**) {
  Session s;
  jit_stats_data stats{};
  stats.size = sizeof stats;
  assert_int_equal(jit_stats(s.engine, &stats, nullptr), JIT_OK);
  assert_int_equal(stats.threshold, 4);
  assert_int_equal(stats.budget, 5000);
  assert_int_equal(jit_set_threshold(s.engine, -1, nullptr), JIT_OK);
  assert_int_equal(jit_set_budget(s.engine, 10, nullptr), JIT_OK);
  assert_int_equal(jit_set_budget(s.engine, -1, nullptr), JIT_E_RANGE);
  assert_int_equal(jit_set_budget_bytes(s.engine, 1 << 20, nullptr), JIT_OK);
  assert_int_equal(jit_stats(s.engine, &stats, nullptr), JIT_OK);
  assert_int_equal(stats.threshold, 0);
  assert_int_equal(stats.budget, 10);
  assert_int_equal(stats.budget_bytes, 1 << 20);
  assert_int_equal(jit_unpin(s.engine, "f", 1, nullptr), JIT_E_NOT_FOUND);
  assert_int_equal(jit_pin(s.engine, "f", 1, nullptr), JIT_OK);
  assert_int_equal(jit_unpin(s.engine, "f", 1, nullptr), JIT_OK);
  assert_int_equal(jit_allow(s.engine, "f*", 2, nullptr), JIT_E_NOT_FOUND);
  assert_int_equal(jit_exclude(s.engine, "f*", 2, nullptr), JIT_OK);
  assert_int_equal(jit_allow(s.engine, "f*", 2, nullptr), JIT_OK);
  assert_int_equal(jit_reset(s.engine, nullptr), JIT_OK);
  assert_int_equal(jit_clear_cold(s.engine, 1, nullptr, nullptr), JIT_OK);
}

// What was refused for an exclusion is not refused any more when that is taken back.
void allowed_again(void**) {
  Session s;
  assert_int_equal(jit_exclude(s.engine, "dou*", 4, nullptr), JIT_OK);
  assert_int_equal(
      s.eval_int(
          "(define (double x) (* 2 x)) (let loop ((i 0)) (if (= i 100) (double i) (begin (double i) (loop (+ i 1)))))"),
      200);
  auto told = [&](const char* what) {
    jit_value name = of_data(JIT_SYMBOL, "double");
    char* text = nullptr;
    assert_int_equal(jit_explain(s.vm, &name, &text, nullptr), JIT_OK);
    const bool found = strstr(text, what) != nullptr;
    jit_text_release(text);
    return found;
  };
  assert_true(told("is excluded"));
  assert_int_equal(jit_allow(s.engine, "dou*", 4, nullptr), JIT_OK);
  assert_false(told("is excluded"));
}

void stats_of_an_older_caller(void**) {
  Session s;
  jit_stats_data stats;
  memset(&stats, 0xAA, sizeof stats);
  stats.size = offsetof(jit_stats_data, hits);
  assert_int_equal(jit_stats(s.engine, &stats, nullptr), JIT_OK);
  assert_int_equal(stats.budget, 5000);
  assert_int_equal(stats.hits, 0xAAAAAAAAAAAAAAAAull);
}

void json_texts(void**) {
  Session s;
  s.eval("(define (f x) x)");
  char* text = nullptr;
  assert_int_equal(jit_stats_json(s.engine, &text, nullptr), JIT_OK);
  assert_non_null(strstr(text, "\"budget\":5000"));
  assert_non_null(strstr(text, "\"refusals\":{"));
  jit_text_release(text);
  jit_value f = of_symbol("f");
  assert_int_equal(jit_explain(s.vm, &f, &text, nullptr), JIT_OK);
  assert_non_null(strstr(text, "\"name\""));
  assert_non_null(strstr(text, "\"tier\""));
  jit_text_release(text);
  jit_error* err = nullptr;
  assert_failure(jit_optimize(s.vm, &f, 9, &err), JIT_E_ARGUMENT, err, "tier 9");
  assert_int_equal(jit_demote(s.vm, &f, nullptr), JIT_OK);
  uint32_t idle;
  assert_int_equal(jit_wait(s.engine, 10000, &idle, nullptr), JIT_OK);
  assert_int_equal(idle, 1);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(control_is_read_back),
      cmocka_unit_test(allowed_again),
      cmocka_unit_test(stats_of_an_older_caller),
      cmocka_unit_test(json_texts),
  };
  return cmocka_run_group_tests_name("control", tests, nullptr, nullptr);
}
