// tests/system/test_housekeeping.cpp: giving memory back under pressure and when idle, the events that an engine tells, and reports.
#include <pthread.h>

#include <atomic>
#include <mutex>

#include "machine.hpp"

using namespace terrace::test;

namespace {

constexpr uint64_t kMegabyte = 1 << 20;
constexpr uint64_t kSecond = 1'000'000'000;

const std::string kAddOne = "(define (f x) (+ x 1)) (define (h x) (* x 3)) (define (both) (f 1) (h 1))"
                            "(both) (both) (both) (both) (both)";

jit_engine_options with_settings(const char* settings) {
  jit_engine_options options = engine_options();
  options.settings = settings;
  options.worker_path = REAL_WORKER;
  return options;
}

uint64_t press(jit_engine* engine, uint32_t level) {
  uint64_t bytes = 0;
  assert_int_equal(jit_memory_pressure(engine, level, &bytes, nullptr), JIT_OK);
  return bytes;
}

bool idle_has_more(jit_engine* engine, uint64_t ns) {
  uint32_t more = 9;
  assert_int_equal(jit_idle(engine, ns, &more, nullptr), JIT_OK);
  return more != 0;
}

void garbage_goes_back_to_the_system(void**) {
  Session s;
  s.eval("(define big (map (fn (i) (make-vector 1000 i)) (range 10000)))");
  const size_t full = resident_bytes();
  s.eval("(define big nil)");
  const uint64_t given = press(s.engine, JIT_PRESSURE_MODERATE);
  assert_true(given > 60 * kMegabyte);
  assert_true(resident_bytes() + 60 * kMegabyte < full);
  assert_int_equal(s.eval_int("(+ 1 2)"), 3);
  jit_error* err = nullptr;
  assert_failure(jit_memory_pressure(s.engine, 0, nullptr, &err), JIT_E_ARGUMENT, err, "level 0");
}

void critical_drops_code_and_workers(void**) {
  const jit_engine_options options = with_settings("background=0");
  Session s(&options);
  s.eval(kAddOne);
  jit_value h = of_symbol("h");
  assert_int_equal(jit_pin_function(s.vm, &h, nullptr), JIT_OK);
  assert_string_equal(s.shown("(jit-tier f)").c_str(), "base");
  const uint64_t bytes = stats_of(s.engine).bytes;
  press(s.engine, JIT_PRESSURE_MODERATE);
  assert_string_equal(s.shown("(jit-tier f)").c_str(), "base");
  const uint64_t given = press(s.engine, JIT_PRESSURE_CRITICAL);
  assert_true(given > 0 && stats_of(s.engine).bytes < bytes);
  assert_string_equal(s.shown("(jit-tier f)").c_str(), "interp");
  assert_string_equal(s.shown("(jit-tier h)").c_str(), "base");
  assert_true(becomes_true([&] { return stats_of(s.engine).workers == 0; }));
  s.eval(kAddOne + "(both) (both) (both) (both)");
  assert_string_equal(s.shown("(jit-tier f)").c_str(), "base");
  assert_int_equal(jit_unpin_function(s.vm, &h, nullptr), JIT_OK);
  press(s.engine, JIT_PRESSURE_CRITICAL);
  assert_int_equal(stats_of(s.engine).entries, 0);
}

// A vm that is in use collects when its thread leaves it.
void inside_of_a_host_function(void**) {
  Session s;
  auto presses = [](void* engine, jit_vm*, const jit_value*, size_t, jit_value*, jit_error**) -> jit_status {
    return jit_memory_pressure(static_cast<jit_engine*>(engine), JIT_PRESSURE_CRITICAL, nullptr, nullptr);
  };
  assert_int_equal(jit_define_function(s.vm, "press", 5, 0, 0, presses, s.engine, nullptr, nullptr), JIT_OK);
  s.eval("(define big (map (fn (i) (make-vector 1000 i)) (range 10000)))");
  const size_t full = resident_bytes();
  assert_int_equal(s.eval_int("(define big nil) (press) 7"), 7);
  assert_true(resident_bytes() + 60 * kMegabyte < full);
}

// Whoever calls while the housekeeper is inside waits, and is not told that the vm is busy.
void calls_do_not_fail_for_it(void**) {
  Session s;
  s.eval("(define kept (map (fn (i) (make-vector 100 i)) (range 10000)))");
  std::atomic<bool> done{false};
  std::thread presser([&] {
    while (!done) press(s.engine, JIT_PRESSURE_MODERATE);
  });
  for (int i = 0; i < 300; i++) assert_int_equal(s.eval_int("(length kept)"), 10000);
  done = true;
  presser.join();
}

void finalizers_wait_for_a_call(void**) {
  Session s;
  int finalized = 0;
  jit_ref* object = nullptr;
  assert_int_equal(jit_host_object_new(s.vm, &finalized, 1, count_up, &object, nullptr), JIT_OK);
  jit_ref_release(object);
  s.eval("1");
  press(s.engine, JIT_PRESSURE_CRITICAL);
  assert_int_equal(finalized, 0);
  s.eval("1");
  assert_int_equal(finalized, 1);
}

void idle_keeps_to_its_time(void**) {
  Session s;
  s.eval("(define big (map (fn (i) (make-vector 1000 i)) (range 10000))) (define big nil)");
  const size_t full = resident_bytes();
  assert_true(idle_has_more(s.engine, 0));
  assert_true(idle_has_more(s.engine, 100'000));
  assert_true(resident_bytes() + 60 * kMegabyte > full);
  assert_false(idle_has_more(s.engine, 60 * kSecond));
  assert_true(resident_bytes() + 60 * kMegabyte < full);
  assert_false(idle_has_more(s.engine, 100'000));
}

// --- events

struct Heard {
  std::mutex mutex;
  std::vector<std::string> events;
  pthread_t thread{};
  bool signals_blocked = false;
  static void hear(void* env, const char* name, const char* text) {
    auto* self = static_cast<Heard*>(env);
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    std::lock_guard lock(self->mutex);
    self->thread = pthread_self();
    self->signals_blocked = sigismember(&blocked, SIGINT) == 1 && sigismember(&blocked, SIGCHLD) == 1;
    self->events.push_back(std::string(name) + " " + text);
  }
  size_t where(const char* event) {
    std::lock_guard lock(mutex);
    for (size_t i = 0; i < events.size(); i++)
      if (events[i].find(event) == 0) return i;
    give_up("%s was not heard", event);
  }
};

void listener_hears_on_a_thread_of_its_own(void**) {
  Heard heard;
  jit_engine_options options = with_settings("opt_threshold=50");
  options.on_event = Heard::hear;
  options.event_env = &heard;
  {
    Session s(&options);
    s.eval(kAddOne);
    wait_idle(s.engine);
    assert_true(heard.where("promoted f base") < heard.where("installed f base"));
    assert_true(heard.where("worker_started") < heard.where("installed f base"));
    assert_true(heard.signals_blocked);
    assert_false(pthread_equal(heard.thread, pthread_self()));
    s.eval("(do ((i 0 (+ i 1))) ((= i 500)) (f i))");
    wait_idle(s.engine);
    heard.where("installed f opt");
    s.eval("(do ((i 0 (+ i 1))) ((= i 10)) (f (expt 2 70)))");
    wait_idle(s.engine);
    assert_true(heard.where("deoptimised f opt: at AddImm in test:1:15") < heard.where("invalidated f opt"));
    jit_exclude(s.engine, "h", 1, nullptr);
    heard.where("promoted h base");
    jit_param_set(s.engine, "budget", 6, 1, nullptr);
    jit_reset(s.engine, nullptr);
    s.eval("(define (h x) (* x 11)) (h 1) (h 1) (h 1) (h 1)");
    wait_idle(s.engine);
    heard.where("changed budget = 1");
    heard.where("dropped");
    heard.where("refused h base: The function's name is excluded");
  }
}

// --- reports

void reports(void**) {
  const jit_engine_options options = with_settings("background=0");
  Session s(&options);
  s.eval(kAddOne);
  char* text = nullptr;
  assert_int_equal(jit_report(s.engine, &text, nullptr), JIT_OK);
  for (const char* part : {"functions", "code cache", "compiled      base", "workers", "heap", "base", " f\n"})
    if (!strstr(text, part)) give_up("no '%s' in %s", part, text);
  jit_text_release(text);
  assert_int_equal(jit_report_json(s.engine, &text, nullptr), JIT_OK);
  for (const char* part : {"\"statistics\":{\"entries\":", "\"tiers\":{\"interp\":", "\"functions\":[{\"name\":", "\"compile_ns\":"})
    if (!strstr(text, part)) give_up("no '%s' in %s", part, text);
  jit_text_release(text);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(garbage_goes_back_to_the_system),
      cmocka_unit_test(critical_drops_code_and_workers),
      cmocka_unit_test(inside_of_a_host_function),
      cmocka_unit_test(calls_do_not_fail_for_it),
      cmocka_unit_test(finalizers_wait_for_a_call),
      cmocka_unit_test(idle_keeps_to_its_time),
      cmocka_unit_test(listener_hears_on_a_thread_of_its_own),
      cmocka_unit_test(reports),
  };
  return cmocka_run_group_tests_name("housekeeping", tests, nullptr, nullptr);
}
