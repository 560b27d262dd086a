// tests/abi/test_handles.cpp: every function of jit.h answers NULL, garbage, handles of another kind and released
// handles with JIT_E_HANDLE, or does nothing; none crashes. The list of functions is compared with abi/terrace.map.
#include <atomic>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include "session.hpp"

using namespace terrace::test;

namespace {

enum class Takes { kEngine, kVm, kRef, kComputation };

// Outputs and arguments that are right, so that only the handle is wrong.
jit_value result, other = of_int(1);
jit_value name_value = of_symbol("car");
jit_computation* computation;
jit_ref* made;
jit_vm* made_vm;
char* text;
size_t length;
uint32_t flag;
uint64_t count64;
void* pointer;
const char* chars;
uint8_t* bytes;
double* doubles;
jit_stats_data stats{};
jit_param_data param{};
int64_t signed64;

jit_status no_host_fn(void*, jit_vm*, const jit_value*, size_t, jit_value*, jit_error**) { return JIT_OK; }

struct Case {
  const char* name;
  Takes takes;
  jit_status (*call)(void* handle, jit_error** err);
};

// One case: `function` with the handle in question first, then the arguments, then err.
#define T_CASE(takes, type, function, ...)                                                                   \
  {                                                                                                          \
#function, Takes::takes,                                                                                 \
        [](void* handle,                                                                                     \
           jit_error** err) { return function(static_cast<type*>(handle), __VA_ARGS__ __VA_OPT__(, ) err); } \
  }
#define T_ENGINE(function, ...) T_CASE(kEngine, jit_engine, function __VA_OPT__(, ) __VA_ARGS__)
#define T_VM(function, ...) T_CASE(kVm, jit_vm, function __VA_OPT__(, ) __VA_ARGS__)
#define T_REF(function, ...) T_CASE(kRef, jit_ref, function __VA_OPT__(, ) __VA_ARGS__)
#define T_COMPUTATION(function, ...) T_CASE(kComputation, jit_computation, function __VA_OPT__(, ) __VA_ARGS__)

const Case kCases[] = {
    T_ENGINE(jit_vm_new, nullptr, &made_vm),
    T_ENGINE(jit_set_threshold, 4),
    T_ENGINE(jit_set_budget, 100),
    T_ENGINE(jit_set_budget_bytes, 0),
    T_ENGINE(jit_pin, "f", 1),
    T_ENGINE(jit_param_get, "workers", 7, &signed64),
    T_ENGINE(jit_param_set, "workers", 7, 1),
    T_ENGINE(jit_param_info, 0, &param),
    T_ENGINE(jit_params_json, &text),
    T_ENGINE(jit_set_preset, "default", 7),
    T_ENGINE(jit_events_poll, &text),
    T_ENGINE(jit_memory_pressure, JIT_PRESSURE_MODERATE, &count64),
    T_ENGINE(jit_idle, 0, &flag),
    T_ENGINE(jit_report, &text),
    T_ENGINE(jit_report_json, &text),
    T_VM(jit_pin_function, &name_value),
    T_VM(jit_unpin_function, &name_value),
    T_ENGINE(jit_unpin, "f", 1),
    T_ENGINE(jit_reset),
    T_ENGINE(jit_clear_cold, 1, &count64),
    T_ENGINE(jit_exclude, "f", 1),
    T_ENGINE(jit_allow, "f", 1),
    T_ENGINE(jit_wait, 1, &flag),
    T_ENGINE(jit_stats, &stats),
    T_ENGINE(jit_stats_json, &text),
    T_VM(jit_eval, "1", 1, "test", &result, &computation),
    T_VM(jit_call, &name_value, &other, 1, &result, &computation),
    T_VM(jit_define, "x", 1, &other),
    T_VM(jit_lookup, "car", 3, &result),
    T_VM(jit_define_function, "f", 1, 0, 0, no_host_fn, nullptr, nullptr),
    T_VM(jit_host_object_new, nullptr, 1, nullptr, &made),
    T_VM(jit_list_new, &other, 1, &made),
    T_VM(jit_vector_new, &other, 1, &made),
    T_VM(jit_tuple_new, &other, 1, &made),
    T_VM(jit_dict_new, nullptr, 0, &made),
    T_VM(jit_pair_new, &other, &other, &made),
    T_VM(jit_f64_new, nullptr, 1, &made),
    T_VM(jit_f64_borrow, nullptr, 0, nullptr, nullptr, &made),
    T_VM(jit_print, &other, 1, &made),
    T_VM(jit_equal, &other, &other, &flag),
    T_VM(jit_optimize, &name_value, JIT_MODE_BASE),
    T_VM(jit_demote, &name_value),
    T_VM(jit_explain, &name_value, &text),
    T_REF(jit_host_object_get, 1, &pointer),
    T_REF(jit_length, &length),
    T_REF(jit_get, 0, &result),
    T_REF(jit_items, 0, &result, 1, &length, &other),
    T_REF(jit_set, 0, &other),
    T_REF(jit_pair_get, &result, &other),
    T_REF(jit_dict_get, &name_value, &result),
    T_REF(jit_dict_set, &name_value, &name_value),
    T_REF(jit_string_data, &chars, &length),
    T_REF(jit_bytes_data, &bytes, &length),
    T_REF(jit_f64_data, &doubles, &length),
    T_COMPUTATION(jit_resume, nullptr, &result, &computation),
    T_COMPUTATION(jit_resume_error, "no", 2, &result, &computation),
    T_COMPUTATION(jit_cancel),
};

// Functions that answer no status or take no handle; each has its own test below.
const char* const kOthers[] = {
    "jit_status_name",   "jit_abi_version",  "jit_version_string",     "jit_error_new",
    "jit_error_release", "jit_error_status", "jit_error_message",      "jit_error_kind",
    "jit_error_source",  "jit_error_line",   "jit_error_column",       "jit_error_trace",
    "jit_error_value",   "jit_engine_new",   "jit_engine_retain",      "jit_engine_release",
    "jit_vm_retain",     "jit_vm_release",   "jit_computation_retain", "jit_computation_release",
    "jit_interrupt",     "jit_ref_retain",   "jit_ref_release",        "jit_ref_type",
    "jit_text_release",  "jit_store_json",   "jit_store_clear",
};

// Handles of every kind, live and released.
struct Zoo {
  Zoo() {
    live_ref = session.eval("(list 1 2)").as.ref;
    jit_value request;
    assert_int_equal(jit_eval(session.vm, "(perform 'ask 1)", 16, "test", &request, &live_computation, nullptr),
                     JIT_SUSPENDED);
    jit_ref_release(request.as.ref);
    live_error = jit_error_new(JIT_E_HOST, "text", 4);
    make_dead();
  }
  ~Zoo() {
    jit_ref_release(live_ref);
    jit_computation_release(live_computation);
    jit_error_release(live_error);
  }
  void make_dead() {
    {
      Session gone;
      dead_engine = gone.engine;
      dead_vm = gone.vm;
    }
    dead_ref = session.eval("(list 3)").as.ref;
    jit_ref_release(dead_ref);
    jit_value request;
    jit_eval(session.vm, "(perform 'ask 2)", 16, "test", &request, &dead_computation, nullptr);
    jit_ref_release(request.as.ref);
    jit_computation_release(dead_computation);
    dead_error = jit_error_new(JIT_E_HOST, "text", 4);
    jit_error_release(dead_error);
  }
  // What is no live handle of the kind.
  std::vector<void*> wrong(Takes takes) {
    static int somewhere;
    std::vector<void*> bad = {
        nullptr,     &somewhere, &session, reinterpret_cast<void*>(1), reinterpret_cast<void*>(-1),
        dead_engine, dead_vm,    dead_ref, dead_computation,           dead_error,
        live_error};
    for (uint64_t bits : {0x5ull, 0xDEADBEEFull, 0x4000000000000000ull, 0x4000000000000003ull, 0x400000010FFFFFF3ull,
                          0x4FFFFFFFFFFFFFFFull, 0x4FFFFFFFFFFFFFF5ull, 0x4000000000000007ull | 0x7FFFull << 32})
      bad.push_back(reinterpret_cast<void*>(bits));
    if (takes != Takes::kEngine) bad.push_back(session.engine);
    if (takes != Takes::kVm) bad.push_back(session.vm);
    if (takes != Takes::kRef) bad.push_back(live_ref);
    if (takes != Takes::kComputation) bad.push_back(live_computation);
    return bad;
  }

  Session session;
  jit_ref *live_ref, *dead_ref;
  jit_computation *live_computation, *dead_computation;
  jit_error *live_error, *dead_error;
  jit_engine* dead_engine;
  jit_vm* dead_vm;
};

void set_outputs() {
  result = of_int(77);
  stats.size = sizeof stats;
  made = reinterpret_cast<jit_ref*>(77);
  made_vm = reinterpret_cast<jit_vm*>(77);
  text = reinterpret_cast<char*>(77);
  computation = reinterpret_cast<jit_computation*>(77);
}

void every_function_is_listed(void**) {
  std::set<std::string> listed(std::begin(kOthers), std::end(kOthers)), declared;
  for (const Case& c : kCases) listed.insert(c.name);
  std::ifstream map(TERRACE_MAP);
  assert_true(map.good());
  for (std::string line; std::getline(map, line);) {
    size_t at = line.find("jit_");
    if (at != std::string::npos) declared.insert(line.substr(at, line.find(';') - at));
  }
  assert_true(declared.size() > 60);
  for (const std::string& name : declared)
    if (!listed.count(name)) give_up("%s is not tested with bad handles", name.c_str());
  assert_int_equal(listed.size(), declared.size());
}

void bad_handles_are_refused(void**) {
  Zoo zoo;
  for (const Case& c : kCases) {
    for (void* bad : zoo.wrong(c.takes)) {
      jit_error* err = reinterpret_cast<jit_error*>(77);
      set_outputs();
      jit_status status = c.call(bad, &err);
      if (status != JIT_E_HANDLE) give_up("%s(%p) answered %d", c.name, bad, status);
      assert_non_null(err);
      assert_int_equal(jit_error_status(err), JIT_E_HANDLE);
      if (strncmp(jit_error_message(err), c.name, strlen(c.name)) != 0)
        give_up("%s: %s", c.name, jit_error_message(err));
      jit_error_release(err);
      assert_int_equal(c.call(bad, nullptr), JIT_E_HANDLE);
    }
  }
}

void outputs_are_set_on_failure(void**) {
  set_outputs();
  assert_int_equal(jit_eval(nullptr, "1", 1, nullptr, &result, &computation, nullptr), JIT_E_HANDLE);
  assert_int_equal(result.kind, JIT_NIL);
  assert_null(computation);
  assert_int_equal(jit_list_new(nullptr, nullptr, 0, &made, nullptr), JIT_E_HANDLE);
  assert_null(made);
  assert_int_equal(jit_vm_new(nullptr, nullptr, &made_vm, nullptr), JIT_E_HANDLE);
  assert_null(made_vm);
  assert_int_equal(jit_stats_json(nullptr, &text, nullptr), JIT_E_HANDLE);
  assert_null(text);
}

void missing_outputs_are_refused(void**) {
  Session s;
  jit_error* err = nullptr;
  assert_failure(jit_eval(s.vm, "1", 1, nullptr, nullptr, nullptr, &err), JIT_E_ARGUMENT, err, "result");
  assert_failure(jit_list_new(s.vm, nullptr, 0, nullptr, &err), JIT_E_ARGUMENT, err, "out");
  assert_failure(jit_engine_new(nullptr, nullptr, &err), JIT_E_ARGUMENT, err, "out");
  assert_failure(jit_vm_new(s.engine, nullptr, nullptr, &err), JIT_E_ARGUMENT, err, "out");
  assert_failure(jit_stats(s.engine, nullptr, &err), JIT_E_ARGUMENT, err, "stats");
  assert_failure(jit_eval(s.vm, nullptr, 5, nullptr, &result, nullptr, &err), JIT_E_ARGUMENT, err, "source");
  jit_stats_data small{};
  assert_failure(jit_stats(s.engine, &small, &err), JIT_E_ARGUMENT, err, "size");
  jit_engine_options options{};
  jit_engine* engine = nullptr;
  assert_failure(jit_engine_new(&options, &engine, &err), JIT_E_ARGUMENT, err, "size");
  options.size = sizeof options;
  options.mode = 99;
  assert_failure(jit_engine_new(&options, &engine, &err), JIT_E_ARGUMENT, err, "mode");
}

void functions_without_status_accept_anything(void**) {
  Zoo zoo;
  for (void* bad : zoo.wrong(Takes::kEngine)) {
    assert_null(jit_engine_retain(static_cast<jit_engine*>(bad)));
    jit_engine_release(static_cast<jit_engine*>(bad));
  }
  for (void* bad : zoo.wrong(Takes::kVm)) {
    assert_null(jit_vm_retain(static_cast<jit_vm*>(bad)));
    assert_int_equal(jit_interrupt(static_cast<jit_vm*>(bad)), JIT_E_HANDLE);
    jit_vm_release(static_cast<jit_vm*>(bad));
  }
  for (void* bad : zoo.wrong(Takes::kRef)) {
    assert_null(jit_ref_retain(static_cast<jit_ref*>(bad)));
    assert_int_equal(jit_ref_type(static_cast<jit_ref*>(bad)), JIT_TYPE_NONE);
    jit_ref_release(static_cast<jit_ref*>(bad));
  }
  for (void* bad : zoo.wrong(Takes::kComputation)) {
    assert_null(jit_computation_retain(static_cast<jit_computation*>(bad)));
    jit_computation_release(static_cast<jit_computation*>(bad));
  }
  assert_int_equal(zoo.session.eval_int("(+ 1 2)"), 3);
  assert_int_equal(jit_ref_type(zoo.live_ref), JIT_TYPE_PAIR);
  jit_text_release(nullptr);
}

void bad_errors_read_as_empty(void**) {
  Zoo zoo;
  void* no_errors[] = {nullptr, zoo.session.engine, zoo.live_ref, zoo.dead_error, reinterpret_cast<void*>(9)};
  for (void* bad : no_errors) {
    auto* error = static_cast<jit_error*>(bad);
    assert_string_equal(jit_error_message(error), "");
    assert_string_equal(jit_error_kind(error), "");
    assert_string_equal(jit_error_source(error), "");
    assert_string_equal(jit_error_trace(error), "");
    assert_int_equal(jit_error_line(error), 0);
    assert_int_equal(jit_error_column(error), 0);
    assert_int_equal(jit_error_status(error), bad ? JIT_E_HANDLE : JIT_OK);
    assert_int_equal(jit_error_value(error, &result), JIT_E_HANDLE);
    jit_error_release(error);
  }
  assert_string_equal(jit_error_message(zoo.live_error), "text");
  assert_int_equal(jit_error_value(zoo.live_error, &result), JIT_E_NOT_FOUND);
  assert_int_equal(jit_error_value(zoo.live_error, nullptr), JIT_E_ARGUMENT);
}

void names_and_versions(void**) {
  assert_int_equal(jit_abi_version(), 0x000100);
  assert_non_null(strstr(jit_version_string(), "terrace 0.1.0"));
  for (jit_status s = JIT_E_HOST; s <= JIT_INTERRUPTED; s++) assert_string_not_equal(jit_status_name(s), "unknown");
  assert_string_equal(jit_status_name(99), "unknown");
}

void owners_are_counted(void**) {
  Session s;
  jit_ref* ref = s.eval("(list 1 2 3)").as.ref;
  assert_ptr_equal(jit_ref_retain(ref), ref);
  jit_ref_release(ref);
  assert_int_equal(jit_length(ref, &length, nullptr), JIT_OK);
  jit_ref_release(ref);
  assert_int_equal(jit_length(ref, &length, nullptr), JIT_E_HANDLE);
  jit_ref_release(ref);                       // once too often: nothing happens
  jit_ref* next = s.eval("(list 1)").as.ref;  // takes the same slot, but is not the same handle
  assert_int_equal(jit_length(ref, &length, nullptr), JIT_E_HANDLE);
  assert_int_equal(jit_length(next, &length, nullptr), JIT_OK);
  assert_int_equal(length, 1);
  jit_ref_release(next);
}

void children_keep_parents(void**) {
  jit_engine* engine;
  jit_vm* vm;
  jit_value list;
  assert_int_equal(jit_engine_new(nullptr, &engine, nullptr), JIT_OK);
  assert_int_equal(jit_vm_new(engine, nullptr, &vm, nullptr), JIT_OK);
  assert_int_equal(jit_eval(vm, "(list 1 2)", 10, nullptr, &list, nullptr, nullptr), JIT_OK);
  jit_engine_release(engine);
  jit_vm_release(vm);
  assert_int_equal(jit_eval(vm, "1", 1, nullptr, &result, nullptr, nullptr), JIT_E_HANDLE);
  assert_int_equal(jit_get(list.as.ref, 1, &result, nullptr), JIT_OK);
  assert_int_equal(result.as.integer, 2);
  jit_ref_release(list.as.ref);
}

// Many threads make, share and release handles; the last release of each must be the one that counts.
void threads_share_the_table(void**) {
  Session s;
  constexpr int kThreads = 4, kRounds = 20000;
  jit_error* shared = jit_error_new(JIT_E_HOST, "shared", 6);
  auto work = [&] {
    for (int i = 0; i < kRounds; i++) {
      jit_error* mine = jit_error_new(JIT_E_HOST, "mine", 4);
      jit_error_release(mine);
      if (strcmp(jit_error_message(mine), "") != 0) abort();
      jit_error_release(mine);
      if (strcmp(jit_error_message(shared), "shared") != 0) abort();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; i++) threads.emplace_back(work);
  for (std::thread& t : threads) t.join();
  jit_error_release(shared);
  assert_string_equal(jit_error_message(shared), "");
}

void count_up(void* env) { (*static_cast<std::atomic<int>*>(env))++; }

// Calls until the handle is released; another thread may be inside meanwhile.
void call_until_released(jit_vm* vm, std::atomic<int>& calls) {
  const jit_value function = of_symbol("abs"), argument = of_int(-1);
  for (;;) {
    jit_value answer;
    const jit_status status = jit_call(vm, &function, &argument, 1, &answer, nullptr, nullptr);
    if (status == JIT_E_HANDLE) return;
    if (status != JIT_OK && status != JIT_E_BUSY) abort();
    if (status == JIT_OK) calls++;
  }
}

// A vm that is released while others call it ends after the last of these calls, always, and never under one.
void a_vm_ends_after_the_calls_in_it(void**) {
  constexpr int kRounds = 300, kThreads = 3;
  Session s;  // keeps the engine
  std::atomic<int> ended{0}, calls{0};
  for (int round = 0; round < kRounds; round++) {
    jit_vm* vm;
    assert_int_equal(jit_vm_new(s.engine, nullptr, &vm, nullptr), JIT_OK);
    assert_int_equal(jit_define_function(vm, "f", 1, 0, 0, no_host_fn, &ended, count_up, nullptr), JIT_OK);
    std::vector<std::thread> threads;
    const int before = calls;
    for (int i = 0; i < kThreads; i++) threads.emplace_back([&] { call_until_released(vm, calls); });
    while (calls < before + round) std::this_thread::yield();
    jit_vm_release(vm);
    for (std::thread& t : threads) t.join();
    assert_int_equal(ended, round + 1);
  }
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(every_function_is_listed),
      cmocka_unit_test(bad_handles_are_refused),
      cmocka_unit_test(outputs_are_set_on_failure),
      cmocka_unit_test(missing_outputs_are_refused),
      cmocka_unit_test(functions_without_status_accept_anything),
      cmocka_unit_test(bad_errors_read_as_empty),
      cmocka_unit_test(names_and_versions),
      cmocka_unit_test(owners_are_counted),
      cmocka_unit_test(children_keep_parents),
      cmocka_unit_test(threads_share_the_table),
      cmocka_unit_test(a_vm_ends_after_the_calls_in_it),
  };
  return cmocka_run_group_tests_name("handles", tests, nullptr, nullptr);
}
