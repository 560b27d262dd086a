// tests/system/test_promotion.cpp: what becomes warm is compiled by itself, calls and loops alike, and a compiler that is
// not there is not asked at every turn.
#include "machine.hpp"

using namespace terrace::test;

namespace {

// A loop long enough for two compilations even on a slow machine, and its result.
constexpr char kTurns[] = "400000000";
constexpr int64_t kSum = 79999999800000000;

const std::string kLoop = std::string("(let loop ((i 0) (s 0)) (if (< i ") + kTurns + ") (loop (+ i 1) (+ s i)) s))";

void assert_reached_opt(const std::string& source) {
  const jit_engine_options options = engine_options();
  Session s(&options);
  assert_int_equal(s.eval_int(source), kSum);
  const jit_stats_data stats = stats_of(s.engine);
  assert_true(stats.base_compiles >= 1);
  assert_true(stats.opt_compiles >= 1);
}

void a_loop_in_one_call(void**) { assert_reached_opt("(define (f) " + kLoop + ") (f)"); }

void a_loop_of_the_top_level(void**) { assert_reached_opt(kLoop); }

void a_loop_in_a_function_called_now_and_then(void**) {
  const jit_engine_options options = engine_options();
  Session s(&options);
  s.eval("(define (f) (let loop ((i 0)) (if (< i 50) (loop (+ i 1)) i)))");
  for (int i = 0; i < 20; i++) assert_int_equal(s.eval_int("(f)"), 50);
  wait_idle(s.engine);
  assert_true(stats_of(s.engine).base_compiles >= 1);
}

void calls_reach_base_and_then_opt(void**) {
  const jit_engine_options options = engine_options();
  Session s(&options);
  s.eval("(define (f x) (+ x 1)) (f 1) (f 2)");
  assert_string_equal(s.shown("(jit-tier f)").c_str(), "interp");
  s.eval("(f 3) (f 4) (f 5)");
  wait_idle(s.engine);
  assert_string_equal(s.shown("(jit-tier f)").c_str(), "base");
  s.eval("(do ((i 0 (+ i 1))) ((= i 3000)) (f i))");
  wait_idle(s.engine);
  assert_string_equal(s.shown("(jit-tier f)").c_str(), "opt");
}

// Opt code of integers meets floats, and works until there is code for both.
void code_that_is_left_serves_until_other_is_there(void**) {
  const jit_engine_options options = engine_options();
  Session s(&options);
  s.eval("(define (f x) (+ x 1)) (do ((i 0 (+ i 1))) ((= i 100)) (f i))");
  wait_idle(s.engine);
  s.eval("(do ((i 0 (+ i 1))) ((= i 3000)) (f i))");
  wait_idle(s.engine);
  assert_string_equal(s.shown("(jit-tier f)").c_str(), "opt");
  s.eval("(do ((i 0 (+ i 1))) ((= i 10)) (f 1.5))");
  assert_string_equal(s.shown("(jit-tier f)").c_str(), "opt");
  const jit_stats_data left = stats_of(s.engine);
  assert_true(left.deopts >= 8);
  assert_int_equal(left.invalidations, 1);
  wait_idle(s.engine);
  assert_string_equal(s.shown("(jit-tier f)").c_str(), "opt");
  assert_int_equal(stats_of(s.engine).opt_compiles, left.opt_compiles + 1);
  const uint64_t before = stats_of(s.engine).deopts;
  s.eval("(do ((i 0 (+ i 1))) ((= i 1000)) (f 1.5) (f i))");
  assert_int_equal(stats_of(s.engine).deopts, before);
}

// Code of what is called often has no entries at its nested loops. A call that is interpreted when the code comes does not count against that, loops
// that go on for long do.
void loops_without_entries_get_them_when_they_go_on(void**) {
  const jit_engine_options options = engine_options();
  Session s(&options);
  s.eval(
      "(define (weigh n v) (let outer ((i 0) (s 0.0)) (if (= i n) s"
      "  (let inner ((j 0) (t s)) (if (< j 4) (inner (+ j 1) (+ t (* 0.5 (vector-ref v j)))) (outer (+ i 1) t))))))"
      "(define floats (vector 1.0 2.0 3.0 4.0))"
      "(define mixed (vector 1.0 2 3.0 4.0))");
  auto reach_opt = [&] {
    for (int i = 0; i < 5 && s.shown("(jit-tier weigh)") != "opt"; i++) {
      s.eval("(do ((i 0 (+ i 1))) ((= i 5000)) (weigh 3 floats))");
      wait_idle(s.engine);
    }
    assert_string_equal(s.shown("(jit-tier weigh)").c_str(), "opt");
  };
  reach_opt();
  s.eval("(weigh 700 mixed)");  // left in the first turn, and interpreted from there on
  assert_string_equal(s.shown("(jit-tier weigh)").c_str(), "opt");
  assert_int_equal(stats_of(s.engine).invalidations, 0);
  s.eval("(weigh 50000 mixed)");
  assert_int_equal(stats_of(s.engine).invalidations, 1);
  reach_opt();
}

// 3,000,000 calls and one look at the worker every 20,000 of them.
void a_missing_worker_is_asked_for_seldom(void**) {
  jit_engine_options options = engine_options();
  options.worker_path = "/nonexistent/terrace-worker";
  Session s(&options);
  s.eval("(define (f x) (+ x 1)) (do ((i 0 (+ i 1))) ((= i 3000000)) (f i))");
  const uint64_t refused = stats_of(s.engine).refused;
  assert_true(refused >= 1);
  assert_true(refused <= 400);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_loop_in_one_call),
      cmocka_unit_test(a_loop_of_the_top_level),
      cmocka_unit_test(a_loop_in_a_function_called_now_and_then),
      cmocka_unit_test(calls_reach_base_and_then_opt),
      cmocka_unit_test(code_that_is_left_serves_until_other_is_there),
      cmocka_unit_test(loops_without_entries_get_them_when_they_go_on),
      cmocka_unit_test(a_missing_worker_is_asked_for_seldom),
  };
  return cmocka_run_group_tests_name("promotion", tests, nullptr, nullptr);
}
