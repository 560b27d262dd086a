// tests/system/test_parameters.cpp: every parameter of lib/tier/params.def has the effect that it says, presets set what they say, and
// what is out of bounds, unknown or too late is refused.
//
// With background=0 a call that asks for code waits for it, so tiers follow calls exactly.
#include <optional>

#include "machine.hpp"

using namespace terrace::test;

namespace {

// An engine made with these settings, and a vm.
class Set {
 public:
  explicit Set(const char* settings, const char* worker = REAL_WORKER) {
    jit_engine_options options = engine_options();
    options.settings = settings;
    options.worker_path = worker;
    session_.emplace(&options);
  }
  jit_engine* engine() { return session_->engine; }
  jit_vm* vm() { return session_->vm; }
  void eval(const std::string& source) {
    const jit_value v = session_->eval(source);
    if (v.kind == JIT_REF) jit_ref_release(v.as.ref);
  }
  // Calls (f argument) so many times.
  void call_f(int times, const char* argument = "1") {
    for (int i = 0; i < times; i++) eval(std::string("(f ") + argument + ")");
  }
  std::string tier(const std::string& name = "f") { return session_->shown("(jit-tier " + name + ")"); }
  std::string explained() {
    const jit_value name = of_symbol("f");
    char* text = nullptr;
    assert_int_equal(jit_explain(session_->vm, &name, &text, nullptr), JIT_OK);
    return owned(text);
  }
  void set(const char* name, int64_t value) {
    jit_error* err = nullptr;
    if (jit_param_set(engine(), name, strlen(name), value, &err) != JIT_OK) give_up("%s", jit_error_message(err));
  }
  int64_t get(const char* name) {
    int64_t value = 0;
    assert_int_equal(jit_param_get(engine(), name, strlen(name), &value, nullptr), JIT_OK);
    return value;
  }
  jit_stats_data stats() { return stats_of(engine()); }
  std::string stats_json() { return stats_json_of(engine()); }
  std::string events() {
    char* text = nullptr;
    assert_int_equal(jit_events_poll(engine(), &text, nullptr), JIT_OK);
    return text ? owned(text) : "";
  }
  static std::string owned(char* text) {
    std::string copy(text);
    jit_text_release(text);
    return copy;
  }

 private:
  std::optional<Session> session_;
};

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }
size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) n++;
  return n;
}

constexpr char kAddOne[] = "(define (f x) (+ x 1))";
constexpr char kLoop[] = "(define (f n) (let loop ((i 0)) (if (< i n) (loop (+ i 1)) i)))";

// Functions g0, g1, ... that all differ, each called so often.
std::string many_functions(int functions, int calls) {
  std::string text;
  for (int i = 0; i < functions; i++) {
    const std::string name = "g" + std::to_string(i);
    text += "(define (" + name + " x) (+ (* x " + std::to_string(i + 2) + ") 1))";
  }
  text += "(define (call-all)";
  for (int i = 0; i < functions; i++) text += "(g" + std::to_string(i) + " 1)";
  return text + ")" + "(do ((i 0 (+ i 1))) ((= i " + std::to_string(calls) + ")) (call-all))";
}

// --- when something is compiled

void mode(void**) {
  Set s("mode=2");
  s.eval(kAddOne);
  s.call_f(1);
  assert_string_equal(s.tier().c_str(), "base");
  assert_int_equal(jit_param_set(s.engine(), "mode", 4, 1, nullptr), JIT_E_STATE);
  jit_engine* fresh = nullptr;
  assert_int_equal(jit_engine_new(nullptr, &fresh, nullptr), JIT_OK);
  assert_int_equal(jit_param_set(fresh, "mode", 4, 1, nullptr), JIT_OK);
  jit_engine_release(fresh);
}

void threshold(void**) {
  Set s("background=0 threshold=10 check_interval=1");
  s.eval(kAddOne);
  s.call_f(9);
  assert_string_equal(s.tier().c_str(), "interp");
  assert_true(has(s.explained(), "9 of 10 calls"));
  s.call_f(1);
  assert_string_equal(s.tier().c_str(), "base");
  s.set("threshold", 0);
  s.eval("(define (f x) (- x 1))");
  s.call_f(100);
  assert_string_equal(s.tier().c_str(), "interp");
  assert_true(has(s.explained(), "turned off"));
}

void loop_turns(void**) {
  Set often("background=0 loop_turns=10");
  often.eval(kLoop);
  often.call_f(1, "50");
  assert_string_equal(often.tier().c_str(), "base");
  Set seldom("background=0 loop_turns=10000");
  seldom.eval(kLoop);
  seldom.call_f(1, "1000");
  assert_string_equal(seldom.tier().c_str(), "interp");
}

void opt_threshold(void**) {
  Set s("background=0 opt_threshold=100");
  s.eval(kAddOne);
  s.call_f(80);
  assert_string_equal(s.tier().c_str(), "base");
  s.call_f(100);
  assert_string_equal(s.tier().c_str(), "opt");
  Set never("background=0 opt_threshold=0");
  never.eval(kAddOne);
  never.eval("(do ((i 0 (+ i 1))) ((= i 300000)) (f i))");
  assert_string_equal(never.tier().c_str(), "base");
}

void check_interval(void**) {
  Set seldom("background=0 threshold=0 check_interval=1000");
  Set often("background=0 threshold=0 check_interval=1");
  for (Set* s : {&seldom, &often}) {
    s->eval(kAddOne);
    s->call_f(10);
    s->set("threshold", 1);
    s->call_f(5);
  }
  assert_string_equal(seldom.tier().c_str(), "interp");
  assert_string_equal(often.tier().c_str(), "base");
  seldom.eval("(do ((i 0 (+ i 1))) ((= i 1000)) (f i))");
  assert_string_equal(seldom.tier().c_str(), "base");
}

void retry_interval(void**) {
  Set seldom("background=0", "/nonexistent/terrace-worker");
  Set often("background=0 retry_interval=100 check_interval=1", "/nonexistent/terrace-worker");
  for (Set* s : {&seldom, &often}) s->eval(std::string(kAddOne) + "(do ((i 0 (+ i 1))) ((= i 1000)) (f i))");
  // The top-level loop itself is a function that asks as well.
  assert_true(seldom.stats().refused <= 2);
  assert_true(often.stats().refused >= 8);
}

void misjudge_limit(void**) {
  const std::string ints = "(do ((i 0 (+ i 1))) ((= i 300)) (f i))";
  const std::string texts = "(do ((i 0 (+ i 1))) ((= i 10)) (f (expt 2 70)))";
  Set strict("background=0 opt_threshold=50 misjudge_limit=1");
  Set lenient("background=0 opt_threshold=50 misjudge_limit=1000");
  for (Set* s : {&strict, &lenient}) {
    s->eval(kAddOne + ints);
    assert_string_equal(s->tier().c_str(), "opt");
    s->eval(texts);
    assert_int_equal(s->stats().invalidations, 1);
    assert_true(s->stats().deopts >= 8);
    assert_true(has(s->explained(), "\"misjudged\":1"));
    assert_true(has(s->explained(), "\"place\":\"AddImm in test:1:15"));
    s->eval(ints);
  }
  assert_string_equal(strict.tier().c_str(), "base");
  assert_true(has(strict.explained(), "stays in base"));
  assert_string_equal(lenient.tier().c_str(), "opt");
}

void leave_limit(void**) {
  Set at_once("background=0 opt_threshold=50 leave_limit=1");
  Set patient("background=0 opt_threshold=50 leave_limit=1000");
  for (Set* s : {&at_once, &patient}) {
    s->eval(std::string(kAddOne) + "(do ((i 0 (+ i 1))) ((= i 300)) (f i))");
    s->eval("(do ((i 0 (+ i 1))) ((= i 20)) (f (expt 2 70)))");
  }
  assert_int_equal(at_once.stats().deopts, 1);
  assert_int_equal(at_once.stats().invalidations, 1);
  assert_true(patient.stats().deopts >= 20);
  assert_int_equal(patient.stats().invalidations, 0);
  assert_string_equal(patient.tier().c_str(), "opt");
}

void background(void**) {
  Set waits("background=0");
  waits.eval(std::string(kAddOne) + "(f 1) (f 2) (f 3) (f 4)");
  assert_string_equal(waits.tier().c_str(), "base");
  Set goes_on("");
  goes_on.eval(std::string(kAddOne) + "(f 1) (f 2) (f 3) (f 4)");
  assert_true(goes_on.stats().queued >= 1);
  wait_idle(goes_on.engine());
  assert_string_equal(goes_on.tier().c_str(), "base");
}

// --- the compile queue and its workers

void workers(void**) {
  Set s("workers=2 batch_functions=1");
  s.eval(many_functions(30, 10));
  assert_true(becomes_true([&] { return s.stats().workers == 2; }));
  wait_idle(s.engine());
  s.set("workers", 1);
  assert_true(becomes_true([&] { return s.stats().workers == 1; }));
}

void queue_limit(void**) {
  Set s("queue_limit=1");
  s.eval(many_functions(30, 10));
  wait_idle(s.engine());
  assert_true(has(s.stats_json(), "\"queue_full\""));
  Set wide("");
  wide.eval(many_functions(30, 10));
  wait_idle(wide.engine());
  assert_false(has(wide.stats_json(), "\"queue_full\""));
}

void batch_functions(void**) {
  Set one("batch_functions=1 opt_threshold=0");
  one.eval(many_functions(20, 10));
  wait_idle(one.engine());
  assert_int_equal(one.stats().batches, one.stats().base_compiles);
  Set many("opt_threshold=0");
  many.eval(many_functions(20, 10));
  wait_idle(many.engine());
  assert_true(many.stats().batches < many.stats().base_compiles);
}

void batch_bytes(void**) {
  Set small("batch_bytes=1024 opt_threshold=0");
  small.eval(many_functions(30, 10));
  wait_idle(small.engine());
  Set large("opt_threshold=0");
  large.eval(many_functions(30, 10));
  wait_idle(large.engine());
  assert_true(small.stats().batches > large.stats().batches);
}

std::string long_function() {
  std::string text = "(define (f x) (let* (";
  for (int i = 0; i < 400; i++) text += "(x (+ (* x 3) (quotient x " + std::to_string(i + 2) + ")))";
  return text + ") x))";
}

void time_limit(void**) {
  Set s("background=0 time_limit=10");
  s.eval(long_function());
  s.call_f(5);
  assert_string_equal(s.tier().c_str(), "interp");
  assert_true(has(s.explained(), "\"refused\":\"timeout\""));
}

void memory_limit(void**) {
  Set s("background=0 memory_limit=67108864");
  s.eval(long_function());
  s.call_f(5);
  assert_string_equal(s.tier().c_str(), "interp");
  assert_true(s.stats().refused >= 1);
  s.set("memory_limit", int64_t{2} << 30);
  s.eval("(define (f x) (- x 1))");
  s.call_f(10);
  assert_string_equal(s.tier().c_str(), "base");
}

void idle_limit(void**) {
  Set stays("");
  Set stops("idle_limit=0");
  for (Set* s : {&stays, &stops}) {
    s->eval(kAddOne);
    s->call_f(5);
    wait_idle(s->engine());
  }
  assert_true(becomes_true([&] { return stops.stats().workers == 0; }));
  assert_int_equal(stays.stats().workers, 1);
  stays.set("idle_limit", 1);
  assert_true(becomes_true([&] { return stays.stats().workers == 0; }));
}

// --- the code cache

void budget(void**) {
  Set s("background=0 budget=3");
  s.eval(many_functions(10, 6));
  wait_idle(s.engine());
  assert_true(s.stats().entries <= 3);
  assert_true(s.stats().evictions >= 1);
  s.set("budget", 0);
  assert_int_equal(s.stats().entries, 0);
}

void budget_bytes(void**) {
  Set s("background=0");
  s.eval(many_functions(10, 6));
  const jit_stats_data before = s.stats();
  s.set("budget-bytes", static_cast<int64_t>(before.bytes / 2));
  assert_true(s.stats().bytes <= before.bytes / 2);
  assert_true(s.stats().entries < before.entries);
  assert_int_equal(s.stats().budget_bytes, before.bytes / 2);
}

void cold_time(void**) {
  Set s("background=0");
  s.eval(kAddOne);
  s.call_f(5);
  uint32_t more = 9;
  assert_int_equal(jit_idle(s.engine(), 1'000'000'000, &more, nullptr), JIT_OK);
  assert_string_equal(s.tier().c_str(), "base");
  s.set("cold_time", 0);
  s.eval("1");
  assert_int_equal(jit_idle(s.engine(), 1'000'000'000, &more, nullptr), JIT_OK);
  assert_string_equal(s.tier().c_str(), "interp");
  assert_true(s.stats().resets >= 1);
}

// --- what is told

void verbosity(void**) {
  Set s("events_kept=1000 background=0");
  s.eval(std::string(kAddOne) + "(f 1) (f 2) (f 3) (f 4)");
  const std::string all = s.events();
  for (const char* name : {"promoted", "installed", "worker_started"})
    if (!has(all, name)) give_up("no %s in %s", name, all.c_str());
  assert_string_equal(s.events().c_str(), "");
  s.set("verbosity", 1);
  jit_exclude(s.engine(), "h", 1, nullptr);
  s.eval("(define (g x) (* x 3)) (g 1) (g 2) (g 3) (g 4) (define (h x) (* x 5)) (h 1) (h 2) (h 3) (h 4)");
  const std::string bad = s.events();
  assert_true(has(bad, "refused"));
  assert_false(has(bad, "installed"));
  s.set("verbosity", 0);
  s.eval("(define (h x) (* x 7)) (h 1) (h 2) (h 3) (h 4)");
  assert_string_equal(s.events().c_str(), "");
}

void events_kept(void**) {
  Set s("background=0 events_kept=2");
  s.eval(many_functions(5, 6));
  assert_int_equal(count(s.events(), "\"number\""), 2);
  assert_true(s.stats().events_lost >= 1);
  s.set("events_kept", 0);
  s.eval(many_functions(5, 6));
  assert_string_equal(s.events().c_str(), "");
}

void report_functions(void**) {
  Set s("report_functions=3");
  s.eval(many_functions(10, 6));
  char* text = nullptr;
  assert_int_equal(jit_report_json(s.engine(), &text, nullptr), JIT_OK);
  assert_int_equal(count(Set::owned(text), "\"name\""), 3);
}

// --- the table

void names_and_bounds(void**) {
  Set s("");
  jit_param_data data{};
  data.size = sizeof data;
  uint32_t index = 0;
  jit_error* err = nullptr;
  for (; jit_param_info(s.engine(), index, &data, nullptr) == JIT_OK; index++) {
    assert_true(data.least <= data.default_value && data.default_value <= data.most);
    assert_true(strlen(data.text) > 10);
    assert_int_equal(s.get(data.name), data.value);
    if (data.at_start) continue;
    if (data.least > INT64_MIN)
      assert_failure(jit_param_set(s.engine(), data.name, strlen(data.name), data.least - 1, &err), JIT_E_RANGE, err, data.name);
    if (data.most < INT64_MAX)
      assert_failure(jit_param_set(s.engine(), data.name, strlen(data.name), data.most + 1, &err), JIT_E_RANGE, err, data.name);
    for (int64_t value : {data.least, data.most, data.default_value}) {
      s.set(data.name, value);
      assert_int_equal(s.get(data.name), value);
    }
  }
  assert_true(index >= 20);
  assert_int_equal(jit_param_info(s.engine(), index, &data, nullptr), JIT_E_NOT_FOUND);
  assert_failure(jit_param_set(s.engine(), "speed", 5, 1, &err), JIT_E_NOT_FOUND, err, "speed");
  assert_int_equal(jit_param_get(s.engine(), "speed", 5, &data.value, nullptr), JIT_E_NOT_FOUND);
}

void settings_of_an_engine(void**) {
  jit_engine_options options = engine_options();
  jit_engine* engine = nullptr;
  jit_error* err = nullptr;
  options.settings = "speed=1";
  assert_failure(jit_engine_new(&options, &engine, &err), JIT_E_NOT_FOUND, err, "speed");
  options.settings = "workers=1000";
  assert_failure(jit_engine_new(&options, &engine, &err), JIT_E_RANGE, err, "workers is to be from 1 to 64");
  options.settings = "workers=two";
  assert_failure(jit_engine_new(&options, &engine, &err), JIT_E_ARGUMENT, err, "workers=two");
  options.settings = "workers";
  assert_failure(jit_engine_new(&options, &engine, &err), JIT_E_ARGUMENT, err, "NAME=VALUE");
  options.settings = nullptr;
  options.preset = "fast";
  assert_failure(jit_engine_new(&options, &engine, &err), JIT_E_NOT_FOUND, err, "fast");
  assert_null(engine);
  options.preset = "development";
  options.settings = " opt-threshold=77,budget=9 ";
  options.budget = 8;
  assert_int_equal(jit_engine_new(&options, &engine, nullptr), JIT_OK);
  int64_t value = 0;
  assert_int_equal(jit_param_get(engine, "opt_threshold", 13, &value, nullptr), JIT_OK);
  assert_int_equal(value, 77);
  assert_int_equal(jit_param_get(engine, "threshold", 9, &value, nullptr), JIT_OK);
  assert_int_equal(value, 30);
  assert_int_equal(jit_param_get(engine, "budget", 6, &value, nullptr), JIT_OK);
  assert_int_equal(value, 8);
  jit_engine_release(engine);
}

void presets(void**) {
  Set s("threshold=99 workers=7");
  assert_int_equal(jit_set_preset(s.engine(), "production", 10, nullptr), JIT_OK);
  assert_int_equal(s.get("threshold"), 4);
  assert_int_equal(s.get("workers"), 2);
  assert_int_equal(s.get("budget"), 20000);
  assert_int_equal(s.stats().budget, 20000);
  assert_int_equal(jit_set_preset(s.engine(), "default", 7, nullptr), JIT_OK);
  assert_int_equal(s.get("budget"), 5000);
  jit_error* err = nullptr;
  assert_failure(jit_set_preset(s.engine(), "slow", 4, &err), JIT_E_NOT_FOUND, err, "slow");
  char* text = nullptr;
  assert_int_equal(jit_params_json(s.engine(), &text, nullptr), JIT_OK);
  const std::string json = Set::owned(text);
  for (const char* part : {"\"name\":\"development\"", "\"name\":\"opt_threshold\"", "\"least\":", "\"unit\":\"calls\""})
    assert_true(has(json, part));
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(mode),
      cmocka_unit_test(threshold),
      cmocka_unit_test(loop_turns),
      cmocka_unit_test(opt_threshold),
      cmocka_unit_test(check_interval),
      cmocka_unit_test(retry_interval),
      cmocka_unit_test(misjudge_limit),
      cmocka_unit_test(leave_limit),
      cmocka_unit_test(background),
      cmocka_unit_test(workers),
      cmocka_unit_test(queue_limit),
      cmocka_unit_test(batch_functions),
      cmocka_unit_test(batch_bytes),
      cmocka_unit_test(time_limit),
      cmocka_unit_test(memory_limit),
      cmocka_unit_test(idle_limit),
      cmocka_unit_test(budget),
      cmocka_unit_test(budget_bytes),
      cmocka_unit_test(cold_time),
      cmocka_unit_test(verbosity),
      cmocka_unit_test(events_kept),
      cmocka_unit_test(report_functions),
      cmocka_unit_test(names_and_bounds),
      cmocka_unit_test(settings_of_an_engine),
      cmocka_unit_test(presets),
  };
  return cmocka_run_group_tests_name("parameters", tests, nullptr, nullptr);
}
