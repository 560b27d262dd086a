// tests/abi/test_threads.cpp: one vm on one thread at a time; what other threads may do.
#include <atomic>
#include <thread>
#include <vector>

#include "session.hpp"

using namespace terrace::test;

namespace {

const char kWork[] =
    "(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))"
    "(define (churn n acc) (if (= n 0) (length acc) (churn (- n 1) (cons (list n) (if (> (length acc) 50) nil acc)))))"
    "(list (fib 18) (churn 2000 nil))";

// cmocka's assertions belong to the main thread; the others count what went wrong.
void work(jit_vm* vm, std::atomic<int>& wrong) {
  jit_value v;
  for (int i = 0; i < 20; i++) {
    if (jit_eval(vm, kWork, sizeof kWork - 1, nullptr, &v, nullptr, nullptr) != JIT_OK) {
      wrong++;
      continue;
    }
    jit_value first;
    if (jit_get(v.as.ref, 0, &first, nullptr) != JIT_OK || first.as.integer != 2584) wrong++;
    jit_ref_release(v.as.ref);
  }
}

void vms_run_side_by_side(void**) {
  jit_engine* engine;
  assert_int_equal(jit_engine_new(nullptr, &engine, nullptr), JIT_OK);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++)
    threads.emplace_back([&] {
      jit_vm* vm;
      if (jit_vm_new(engine, nullptr, &vm, nullptr) != JIT_OK) return void(wrong++);
      work(vm, wrong);
      jit_vm_release(vm);
    });
  for (std::thread& t : threads) t.join();
  jit_engine_release(engine);
  assert_int_equal(wrong, 0);
}

void a_vm_moves_between_threads(void**) {
  Session s;
  s.eval("(define x (list 1 2 3))");
  std::atomic<int> wrong{0};
  for (int i = 0; i < 3; i++) std::thread([&] { work(s.vm, wrong); }).join();
  assert_int_equal(wrong, 0);
  assert_text(s.shown("x"), "(1 2 3)");
}

struct Meeting {
  std::atomic<bool> inside{false}, leave{false};
};

jit_status wait_inside(void* env, jit_vm*, const jit_value*, size_t, jit_value*, jit_error**) {
  auto* meeting = static_cast<Meeting*>(env);
  meeting->inside = true;
  while (!meeting->leave) std::this_thread::yield();
  return JIT_OK;
}

void a_busy_vm_says_so(void**) {
  Session s;
  Meeting meeting;
  jit_value list = s.eval("(list 1 2)"), v;
  assert_int_equal(jit_define_function(s.vm, "wait", 4, 0, 0, wait_inside, &meeting, nullptr, nullptr), JIT_OK);
  std::thread other([&] {
    jit_value ignored;
    jit_eval(s.vm, "(wait)", 6, nullptr, &ignored, nullptr, nullptr);
  });
  while (!meeting.inside) std::this_thread::yield();
  jit_error* err = nullptr;
  size_t n;
  assert_failure(jit_eval(s.vm, "1", 1, nullptr, &v, nullptr, &err), JIT_E_BUSY, err, "another thread");
  assert_failure(jit_length(list.as.ref, &n, &err), JIT_E_BUSY, err, "another thread");
  assert_int_equal(jit_ref_type(list.as.ref), JIT_TYPE_PAIR);
  jit_ref_release(list.as.ref);  // any thread, also while the vm is busy
  meeting.leave = true;
  other.join();
  assert_int_equal(s.eval_int("(+ 1 2)"), 3);
}

// Finalizer threads release references and computations while the vm runs.
void releases_from_other_threads(void**) {
  Session s;
  std::atomic<bool> done{false};
  std::atomic<jit_ref*> box{nullptr};
  std::thread releaser([&] {
    while (!done) jit_ref_release(box.exchange(nullptr));
    jit_ref_release(box.exchange(nullptr));
  });
  for (int i = 0; i < 20000; i++) {
    jit_value item = of_int(i);
    jit_ref* ref;
    assert_int_equal(jit_list_new(s.vm, &item, 1, &ref, nullptr), JIT_OK);
    jit_ref_release(box.exchange(ref));
  }
  done = true;
  releaser.join();
  jit_value request;
  jit_computation* c;
  assert_int_equal(jit_eval(s.vm, "(perform 'ask 1)", 16, nullptr, &request, &c, nullptr), JIT_SUSPENDED);
  jit_ref_release(request.as.ref);
  std::thread([&] { jit_computation_release(c); }).join();
  assert_int_equal(s.eval_int("(+ 1 2)"), 3);
}

void control_from_other_threads(void**) {
  Session s;
  std::atomic<bool> done{false};
  std::thread controller([&] {
    for (int i = 0; !done; i++) {
      jit_set_threshold(s.engine, i % 5, nullptr);
      jit_reset(s.engine, nullptr);
      jit_clear_cold(s.engine, 1, nullptr, nullptr);
      jit_stats_data stats{};
      stats.size = sizeof stats;
      jit_stats(s.engine, &stats, nullptr);
      std::this_thread::yield();
    }
  });
  std::atomic<int> wrong{0};
  work(s.vm, wrong);
  done = true;
  controller.join();
  assert_int_equal(wrong, 0);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(vms_run_side_by_side),       cmocka_unit_test(a_vm_moves_between_threads),
      cmocka_unit_test(a_busy_vm_says_so),          cmocka_unit_test(releases_from_other_threads),
      cmocka_unit_test(control_from_other_threads),
  };
  return cmocka_run_group_tests_name("threads", tests, nullptr, nullptr);
}
