// tests/system/test_evict.cpp: code that is dropped while frames of it are on stacks, running and suspended: nothing
// breaks, and its memory comes back.
#include <algorithm>
#include <atomic>

#include "machine.hpp"

using namespace terrace::test;

namespace {

constexpr uint32_t kTiers[] = {JIT_MODE_BASE, JIT_MODE_OPT};

// Everything that was dropped is given back once no stack needs it; the next entry into the vm looks.
void assert_all_is_given_back(Session& s) {
  assert_true(becomes_true([&] {
    s.eval("nil");
    return stats_of(s.engine).retired_bytes == 0;
  }));
}

void compile(Session& s, const char* name, uint32_t tier) {
  jit_value function = of_symbol(name);
  jit_error* err = nullptr;
  if (jit_optimize(s.vm, &function, tier, &err) != JIT_OK) give_up("%s: %s", name, jit_error_message(err));
}

std::string tier_of(Session& s, const char* name) { return s.shown("(jit-tier " + std::string(name) + ")"); }

// ------------------------------------------------------------------ from a host function, under compiled frames

struct Dropper {
  jit_engine* engine;
  bool by_budget;
  uint64_t retired = 0;  // bytes that were out of use but on the stack, as seen from the inside
  int calls = 0;
};

jit_status drop_all(void* env, jit_vm*, const jit_value*, size_t, jit_value* result, jit_error**) {
  auto* dropper = static_cast<Dropper*>(env);
  dropper->calls++;
  if (dropper->by_budget) {
    jit_set_budget(dropper->engine, 0, nullptr);
    jit_set_budget(dropper->engine, 5000, nullptr);
  } else {
    jit_reset(dropper->engine, nullptr);
  }
  jit_stats_data stats{};
  stats.size = sizeof stats;
  jit_stats(dropper->engine, &stats, nullptr);
  dropper->retired = std::max(dropper->retired, stats.retired_bytes);
  result->kind = JIT_INT;
  return JIT_OK;
}

void check_host_function(uint32_t tier, bool by_budget) {
  jit_engine_options options = engine_options(JIT_MODE_AUTO, -1);  // compiled only by hand
  Session s(&options);
  Dropper dropper{s.engine, by_budget};
  assert_int_equal(jit_define_function(s.vm, "drop-all", 8, 0, 0, drop_all, &dropper, nullptr, nullptr), JIT_OK);
  s.eval(
      "(define (down n) (if (= n 0) (drop-all) (+ 1 (down (- n 1)))))"
      "(define (even n acc) (if (= n 0) (+ acc (drop-all)) (+ 1 (odd (- n 1) acc))))"
      "(define (odd n acc) (if (= n 0) (+ acc (drop-all)) (+ 1 (even (- n 1) acc))))"
      "(define (often n) (if (= n 0) 0 (+ (drop-all) (* 2 1.5) (often (- n 1)))))"
      "(define (floats n x) (if (= n 0) (begin (drop-all) x) (+ 0.5 (floats (- n 1) (* x 1.0)))))");
  for (int round = 0; round < 3; round++) {
    for (const char* name : {"down", "even", "odd", "often", "floats"}) compile(s, name, tier);
    assert_text(tier_of(s, "down"), tier == JIT_MODE_BASE ? "base" : "opt");
    assert_int_equal(s.eval_int("(down 100000)"), 100000);
    assert_text(tier_of(s, "down"), "interp");
    assert_text(tier_of(s, "floats"), "interp");
    for (const char* name : {"even", "odd"}) compile(s, name, tier);
    assert_int_equal(s.eval_int("(even 100001 7)"), 100008);
    compile(s, "often", tier);
    assert_text(s.shown("(often 100)"), "300.0");
    compile(s, "floats", tier);
    assert_text(s.shown("(floats 10000 0.25)"), "5000.25");
  }
  assert_true(dropper.retired > 0);  // its frames were on the stack at that moment, so it could not go at once
  assert_true(dropper.calls >= 3 * 103);
  assert_all_is_given_back(s);
  assert_int_equal(stats_of(s.engine).entries, 0);
}

void reset_below_a_deep_recursion(void**) {
  for (uint32_t tier : kTiers) check_host_function(tier, false);
}
void no_budget_below_a_deep_recursion(void**) {
  for (uint32_t tier : kTiers) check_host_function(tier, true);
}

// Errors and escapes leave through frames whose code was dropped.
void unwinding_through_dropped_frames(void**) {
  for (uint32_t tier : kTiers) {
    jit_engine_options options = engine_options(JIT_MODE_AUTO, -1);
    Session s(&options);
    Dropper dropper{s.engine, false};
    assert_int_equal(jit_define_function(s.vm, "drop-all", 8, 0, 0, drop_all, &dropper, nullptr, nullptr), JIT_OK);
    s.eval(
        "(define wound 0)"
        "(define (deep n k) (if (= n 0) (begin (drop-all) (k n))"
        "  (dynamic-wind (lambda () nil) (lambda () (+ 1 (deep (- n 1) k))) (lambda () (set! wound (+ wound 1))))))"
        "(define (caught n) (guard (e (true (+ 1 e))) (deep n (lambda (x) (raise 41)))))"
        "(define (escaped n) (call/ec (lambda (leave) (deep n leave))))");
    for (const char* name : {"deep", "caught", "escaped"}) compile(s, name, tier);
    assert_int_equal(s.eval_int("(caught 1000)"), 42);
    for (const char* name : {"deep", "caught", "escaped"}) compile(s, name, tier);
    assert_int_equal(s.eval_int("(escaped 1000)"), 0);
    compile(s, "deep", tier);
    jit_error_release(s.eval_error("(deep 1000 (lambda (x) (car x)))"));
    assert_int_equal(s.eval_int("wound"), 3000);
    assert_all_is_given_back(s);
  }
}

// ------------------------------------------------------------------ a budget of one

void a_budget_of_one(void**) {
  for (uint32_t mode : {JIT_MODE_AUTO, JIT_MODE_BASE, JIT_MODE_OPT}) {
    jit_engine_options options = engine_options(mode, 1);
    options.budget = 1;
    Session s(&options);
    std::string source;
    for (int i = 0; i < 5; i++) {
      const std::string self = "c" + std::to_string(i), next = "c" + std::to_string((i + 1) % 5);
      source += "(define (" + self + " n) (if (= n 0) " + std::to_string(i) + " (+ 1 (" + next + " (- n 1)))))";
    }
    s.eval(source);
    for (int round = 0; round < 3; round++) {
      assert_int_equal(s.eval_int("(c0 2001)"), 2002);
      wait_idle(s.engine);
      assert_true(stats_of(s.engine).entries <= 1);
    }
    assert_true(stats_of(s.engine).evictions > 0);
    assert_all_is_given_back(s);
  }
}

// ------------------------------------------------------------------ another thread drops

// All that can be dropped is dropped again and again while the program recurses, loops and is compiled anew.
void dropped_by_another_thread(void**) {
  for (uint32_t mode : {JIT_MODE_AUTO, JIT_MODE_STORM}) {
    jit_engine_options options = engine_options(mode, 1);
    Session s(&options);
    s.eval(
        "(define (down n) (if (= n 0) 0 (+ 1 (down (- n 1)))))"
        "(define (loop n s) (if (= n 0) s (loop (- n 1) (+ s n))))"
        "(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))"
        "(define (all) (list (down 20000) (loop 20000 0) (fib 18)))");
    std::atomic<bool> done{false};
    std::thread dropper([&] {
      for (int i = 0; !done; i++) {
        if (i % 3 == 0) {
          jit_set_budget(s.engine, 0, nullptr);
          jit_set_budget(s.engine, 5000, nullptr);
        } else {
          jit_reset(s.engine, nullptr);
        }
        std::this_thread::sleep_for(std::chrono::microseconds(i % 7 * 700));
      }
    });
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2500);
    uint64_t rounds = 0;
    for (; std::chrono::steady_clock::now() < end || rounds < 20; rounds++)
      assert_text(s.shown("(all)"), "(20000 200010000 2584)");
    done = true;
    dropper.join();
    assert_true(stats_of(s.engine).resets + stats_of(s.engine).evictions > 0);
    wait_idle(s.engine);
    jit_reset(s.engine, nullptr);
    assert_all_is_given_back(s);
  }
}

// ------------------------------------------------------------------ suspended computations

constexpr int kSuspended = 1000;

struct Waiting {
  int number;
  jit_computation* computation;
};

// Each waits in the middle of compiled frames, at a depth of its own.
std::vector<Waiting> suspend_many(Session& s, const char* function, int depth_step) {
  std::vector<Waiting> waiting;
  jit_value name = of_symbol(function);
  for (int i = 0; i < kSuspended; i++) {
    jit_value request, args[] = {of_int(i % 10 * depth_step), of_int(i)};
    jit_computation* computation = nullptr;
    assert_int_equal(jit_call(s.vm, &name, args, 2, &request, &computation, nullptr), JIT_SUSPENDED);
    jit_ref_release(request.as.ref);
    waiting.push_back({i, computation});
  }
  return waiting;
}

// The answer of computation i is its depth plus 10 * answer plus i.
void resume_in_random_order(Session& s, std::vector<Waiting> waiting, int depth_step, auto between) {
  Random random(11);
  for (size_t i = waiting.size() - 1; i > 0; i--) std::swap(waiting[i], waiting[random.below(i + 1)]);
  int resumed = 0;
  for (const Waiting& w : waiting) {
    jit_value v, answer = of_int(w.number * 3);
    jit_computation* next = nullptr;
    assert_int_equal(jit_resume(w.computation, &answer, &v, &next, nullptr),
                     JIT_SUSPENDED);  // the second of two questions
    jit_ref_release(v.as.ref);
    jit_computation_release(w.computation);
    between(resumed++);
    answer = of_int(7);
    jit_error* err = nullptr;
    if (jit_resume(next, &answer, &v, nullptr, &err) != JIT_OK) give_up("%s", jit_error_message(err));
    assert_int_equal(v.as.integer, w.number % 10 * depth_step + w.number * 3 + 7 + w.number);
    jit_computation_release(next);
  }
  s.eval("(gc-collect!)");
}

const char kAsking[] =
    "(define (ask n i) (if (= n 0) (+ (perform 'first i) (perform 'second i) i) (+ 1 (ask (- n 1) i))))"
    "(define (ask-loop n i) (let loop ((k n) (s 0)) (if (= k 0) (+ s (perform 'first i) (perform 'second i) i)"
    "  (loop (- k 1) (+ s 1)))))";

void check_suspended(uint32_t tier, const char* function, auto drop, auto between) {
  constexpr int kStep = 20;
  jit_engine_options options = engine_options(JIT_MODE_AUTO, -1);
  Session s(&options);
  s.eval(kAsking);
  compile(s, function, tier);
  std::vector<Waiting> waiting = suspend_many(s, function, kStep);
  drop(s);
  assert_text(tier_of(s, function), "interp");
  assert_true(stats_of(s.engine).retired_bytes > 0);  // needed still
  // What is compiled now is another piece of memory than the one the waiting frames are in.
  compile(s, function, tier);
  drop(s);
  s.eval("(gc-collect!)");
  assert_true(stats_of(s.engine).retired_bytes > 0);
  resume_in_random_order(s, std::move(waiting), kStep, [&](int n) { between(s, n); });
  assert_all_is_given_back(s);
}

void nothing(Session&, int) {}

void reset_under_a_thousand(void**) {
  for (uint32_t tier : kTiers)
    for (const char* function : {"ask", "ask-loop"})
      check_suspended(
          tier, function, [](Session& s) { assert_int_equal(jit_reset(s.engine, nullptr), JIT_OK); }, nothing);
}

void no_budget_under_a_thousand(void**) {
  for (uint32_t tier : kTiers) {
    check_suspended(
        tier, "ask",
        [](Session& s) {
          assert_int_equal(jit_set_budget(s.engine, 0, nullptr), JIT_OK);
          assert_int_equal(stats_of(s.engine).entries, 0);
          assert_int_equal(jit_set_budget(s.engine, 5000, nullptr), JIT_OK);
        },
        nothing);
  }
}

void dropped_by_another_thread_under_a_thousand(void**) {
  for (uint32_t tier : kTiers)
    check_suspended(
        tier, "ask", [](Session& s) { std::thread([&] { jit_reset(s.engine, nullptr); }).join(); },
        [](Session& s, int n) {
          if (n % 100 == 0) compile(s, "ask", n % 200 == 0 ? JIT_MODE_BASE : JIT_MODE_OPT);
          if (n % 100 == 50) std::thread([&] { jit_reset(s.engine, nullptr); }).join();
        });
}

// What is never resumed is cancelled, through frames whose code was dropped, and gives its memory back too.
void cancelled_after_a_reset(void**) {
  for (uint32_t tier : kTiers) {
    jit_engine_options options = engine_options(JIT_MODE_AUTO, -1);
    Session s(&options);
    s.eval(
        "(define exits 0)"
        "(define (ask n i) (dynamic-wind (lambda () nil) (lambda () (perform 'first n i))"
        "  (lambda () (set! exits (+ exits 1)))))");
    compile(s, "ask", tier);
    std::vector<Waiting> waiting = suspend_many(s, "ask", 1);
    jit_reset(s.engine, nullptr);
    for (const Waiting& w : waiting) {
      if (w.number % 2) assert_int_equal(jit_cancel(w.computation, nullptr), JIT_OK);
      jit_computation_release(w.computation);
    }
    assert_int_equal(s.eval_int("exits"), kSuspended);
    assert_all_is_given_back(s);
  }
}

// The vm goes while its computations are suspended in code that was dropped; another vm of the engine goes on.
void a_vm_goes_with_dropped_code(void**) {
  jit_engine_options options = engine_options(JIT_MODE_AUTO, -1);
  Session other(&options);
  jit_vm* vm = nullptr;
  assert_int_equal(jit_vm_new(other.engine, nullptr, &vm, nullptr), JIT_OK);
  std::swap(vm, other.vm);
  other.eval(kAsking);
  compile(other, "ask", JIT_MODE_OPT);
  std::vector<Waiting> waiting = suspend_many(other, "ask", 3);
  jit_reset(other.engine, nullptr);
  for (const Waiting& w : waiting) jit_computation_release(w.computation);
  jit_vm_release(other.vm);
  other.vm = vm;
  assert_all_is_given_back(other);
  assert_int_equal(other.eval_int("(+ 1 2)"), 3);
}

// ------------------------------------------------------------------ memory

// Fifty functions compiled together and dropped, forty times: two thousand pieces of code come and go. `program` makes
// the source of a round.
void check_flat(auto program) {
  jit_engine_options options = engine_options(JIT_MODE_AUTO, 1);
  Session s(&options);
  size_t after_warm_up = 0;
  constexpr int kRounds = 48, kWarmUp = 8;
  for (int round = 0; round < kRounds; round++) {
    if (round == kWarmUp) after_warm_up = resident_bytes();
    s.eval(program(round));
    s.eval("(let loop ((i 0)) (if (< i 5) (begin (call-all i) (loop (+ i 1)))))");
    wait_idle(s.engine);
    assert_int_equal(s.eval_int("(call-all 1)"), 50 * 1 + 49 * 50 / 2);
    jit_reset(s.engine, nullptr);
    s.eval("(gc-collect!)");
  }
  const jit_stats_data stats = stats_of(s.engine);
  assert_true(stats.base_compiles + stats.opt_compiles >= 40 * 50);
  assert_all_is_given_back(s);
  assert_int_equal(stats_of(s.engine).entries, 0);
  const size_t now = resident_bytes();
  constexpr size_t kTolerated = size_t{3} << 20;  // 2,000 pieces of code of a page each would be 8 MB
  if (now > after_warm_up + kTolerated) give_up("grew from %zu to %zu bytes", after_warm_up, now);
}

// Code that comes and goes inside of one call, which never leaves the vm: it is asked to look whether the code is still on its stack.
void while_one_call_goes_on(void**) {
  jit_engine_options options = engine_options(JIT_MODE_AUTO, -1);
  options.budget = 1;
  Session s(&options);
  s.eval(
      "(define (f x) (if (< x 1) 0 (+ x 1)))"
      "(define (g x) (if (< x 1) 0 (* x 3)))"
      "(define most 0)"
      "(define (turns n) (if (> n 0) (begin"
      "  (jit-optimize! f :base) (f 2) (jit-optimize! g :base) (g 2)"
      "  (set! most (max most (dict-ref (jit-stats) 'retired-bytes)))"
      "  (turns (- n 1)))))"
      "(turns 150)");
  assert_int_equal(stats_of(s.engine).evictions, 299);
  const int64_t most = s.eval_int("most");
  if (most > 512 * 1024) give_up("%lld bytes of dropped code waited", static_cast<long long>(most));
  assert_all_is_given_back(s);
}

std::string fifty_functions(const std::string& salt) {
  std::string source = "(define (call-all x) (+", calls;
  for (int i = 0; i < 50; i++) source += " (m" + std::to_string(i) + " x)";
  source += "))";
  for (int i = 0; i < 50; i++) {
    const std::string n = std::to_string(i);
    source += "(define (m" + n + " x) (if (eq? x '" + salt + ") 0 (+ x " + n + ")))";
  }
  return source;
}

void the_same_functions_again_and_again(void**) {
  check_flat([](int) { return fifty_functions("s"); });
}

void new_functions_every_time(void**) {
  check_flat([](int round) { return fifty_functions("s" + std::to_string(round)); });
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(reset_below_a_deep_recursion),
      cmocka_unit_test(no_budget_below_a_deep_recursion),
      cmocka_unit_test(unwinding_through_dropped_frames),
      cmocka_unit_test(a_budget_of_one),
      cmocka_unit_test(dropped_by_another_thread),
      cmocka_unit_test(reset_under_a_thousand),
      cmocka_unit_test(no_budget_under_a_thousand),
      cmocka_unit_test(dropped_by_another_thread_under_a_thousand),
      cmocka_unit_test(cancelled_after_a_reset),
      cmocka_unit_test(a_vm_goes_with_dropped_code),
      cmocka_unit_test(while_one_call_goes_on),
      cmocka_unit_test(the_same_functions_again_and_again),
      cmocka_unit_test(new_functions_every_time),
  };
  return cmocka_run_group_tests_name("evict", tests, nullptr, nullptr);
}
