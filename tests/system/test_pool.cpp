// tests/system/test_pool.cpp: a host notices nothing of its workers: when it ends or forks in the middle of a compilation, in its
// descriptors, in memory; and a function that kills the compiler stays interpreted while others are compiled.
#include <sys/prctl.h>

#include <algorithm>

#include "machine.hpp"

using namespace terrace::test;

namespace {

// A function whose compilation takes its time.
std::string large_function(const std::string& name) {
  std::string text = "(define (" + name + " x) (list";
  for (int i = 0; i < 400; i++) text += " (if (< x " + std::to_string(i) + ") (+ x (* x " + std::to_string(i) + ")) (- x 1))";
  return text + "))";
}

void ask_for(Session& s, const std::string& name) { s.eval("(" + name + " 1) (" + name + " 2) (" + name + " 3)"); }

// ------------------------------------------------------------------ the host ends

enum class End { kExit, kExitAtOnce, kKilled, kReleased };

[[noreturn]] void end_in_the_middle(End how) {
  jit_engine_options options = engine_options(JIT_MODE_AUTO, 1);
  auto* s = new Session(&options);
  s->eval("(define (small x) (+ x 1))");
  ask_for(*s, "small");
  wait_idle(s->engine);  // now there is a worker
  s->eval(large_function("large"));
  ask_for(*s, "large");
  if (stats_of(s->engine).queued == 0) _exit(2);  // it was not in the middle
  if (how == End::kExit) exit(0);
  if (how == End::kKilled) raise(SIGKILL);
  if (how == End::kReleased) delete s;
  _exit(0);
}

void check_end(End how, int code) {
  TemporaryPlace place;
  assert_int_equal(in_child([&] { end_in_the_middle(how); }), code);
  assert_true(becomes_true([&] { return worker_processes(place.path()).empty(); }));
  assert_true(becomes_true([&] { return place.is_empty(); }));
}

void by_exit(void**) { check_end(End::kExit, 0); }
void by_exit_at_once(void**) { check_end(End::kExitAtOnce, 0); }
void by_being_killed(void**) { check_end(End::kKilled, -1); }
void by_releasing_the_engine(void**) { check_end(End::kReleased, 0); }

// ------------------------------------------------------------------ the host forks

// While functions are compiled and installed all the time; each child has its own compiler and the parent keeps its.
void forks_in_the_middle(void**) {
  TemporaryPlace place;
  jit_engine_options options = engine_options(JIT_MODE_AUTO, 1);
  options.budget = 20;
  auto* s = new Session(&options);
  std::string all;
  for (int i = 0; i < 40; i++) {
    const std::string n = std::to_string(i);
    s->eval("(define (f" + n + " x) (+ x " + n + "))");
    all += "(f" + n + " 1)";
  }
  for (int round = 0; round < 12; round++) {
    for (int i = 0; i < 10; i++) s->eval(all);
    std::this_thread::sleep_for(std::chrono::milliseconds(round * 3));
    const int code = in_child([&] {
      jit_value v;
      const std::string text = "(define (own x) (* x 7)) (own 1) (own 2) (own 3) " + all + " (own 6)";
      if (jit_eval(s->vm, text.data(), text.size(), nullptr, &v, nullptr, nullptr) != JIT_OK || v.as.integer != 42) _exit(1);
      if (round % 4 != 0) _exit(0);
      // What the parent had asked for is asked for again.
      jit_value name = of_symbol("own");
      jit_error* err = nullptr;
      if (jit_optimize(s->vm, &name, JIT_MODE_BASE, &err) != JIT_OK) _exit(3);
      name = of_symbol("f3");
      if (jit_optimize(s->vm, &name, JIT_MODE_BASE, &err) != JIT_OK) _exit(4);
      jit_vm_release(s->vm);
      jit_engine_release(s->engine);
      _exit(has_no_child() ? 0 : 5);
    });
    assert_int_equal(code, 0);
    assert_int_equal(s->eval_int(all), 40);
  }
  wait_idle(s->engine);
  assert_int_equal(stats_of(s->engine).worker_deaths, 0);
  delete s;
  assert_true(becomes_true([&] { return worker_processes(place.path()).empty(); }));
  assert_true(becomes_true([&] { return place.is_empty(); }));
}

// ------------------------------------------------------------------ descriptors and memory

void descriptors_are_closed_and_not_inherited(void**) {
  TemporaryPlace place;
  const std::set<std::string> before = names_in("/proc/self/fd");
  {
    jit_engine_options options = engine_options(JIT_MODE_AUTO, -1);
    options.workers = 2;
    Session s(&options);
    s.eval("(define (f x) (+ x 1))");
    const jit_value name = of_symbol("f");
    assert_int_equal(jit_optimize(s.vm, &name, JIT_MODE_BASE, nullptr), JIT_OK);
    for (const std::string& fd : names_in("/proc/self/fd"))
      if (!before.contains(fd) && fcntl(atoi(fd.c_str()), F_GETFD) >= 0)
        assert_int_equal(fcntl(atoi(fd.c_str()), F_GETFD), FD_CLOEXEC);
  }
  assert_true(names_in("/proc/self/fd") == before);
}

uint64_t resident_of_workers(const std::string& place) {
  uint64_t bytes = 0;
  for (const WorkerProcess& p : worker_processes(place)) {
    uint64_t total = 0, resident = 0;
    std::ifstream("/proc/" + std::to_string(p.pid) + "/statm") >> total >> resident;
    bytes += resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  }
  return bytes;
}

// The compiler leaks; it is replaced before that matters.
void the_pool_does_not_grow(void**) {
  TemporaryPlace place;
  jit_engine_options options = engine_options(JIT_MODE_AUTO, -1);
  Session s(&options);
  uint64_t largest[2] = {0, 0};
  constexpr int kHalf = 110;  // in each of which a compiler is replaced at least twice
  for (int i = 0; i < 2 * kHalf; i++) {
    const std::string name = "p" + std::to_string(i);
    s.eval("(define (" + name + " x y) (if (< x y) (+ x " + std::to_string(i) + ") (* y 2)))");
    const jit_value function = of_symbol(name);
    assert_int_equal(jit_optimize(s.vm, &function, JIT_MODE_BASE, nullptr), JIT_OK);
    if (i % 5 == 0) largest[i / kHalf] = std::max(largest[i / kHalf], resident_of_workers(place.path()));
  }
  assert_true(largest[0] > 0);
  constexpr uint64_t kTolerated = 10 << 20;
  if (largest[1] > largest[0] + kTolerated)
    give_up("the workers grew from %zu to %zu bytes", static_cast<size_t>(largest[0]), static_cast<size_t>(largest[1]));
  assert_int_equal(stats_of(s.engine).worker_deaths, 0);
}

// ------------------------------------------------------------------ a function that kills the compiler

// The assembler takes the compiler with it when it sees a certain number, plain or as a tagged word.
void a_poisoned_function_stays_interpreted(void**) {
  TemporaryPlace place;
  const std::string assembler = place.path() + "/as";
  std::ofstream(assembler) << "#!/bin/sh\nfor file; do :; done\nif grep -qE '987654321|7901234568' \"$file\"; then kill -9 $PPID; exit 1; fi\n"
                              "exec /usr/bin/as \"$@\"\n";
  chmod(assembler.c_str(), 0700);
  const std::string path = getenv("PATH");
  setenv("PATH", (place.path() + ":" + path).c_str(), 1);
  {
    jit_engine_options options = engine_options(JIT_MODE_AUTO, 1);
    Session s(&options);
    s.eval("(define (good x) (+ x 1)) (define (bad x) (if (< x 1000000000) (bit-xor x 987654321) 0)) (define (fine x) (* x 3))");
    for (int i = 0; i < 5; i++) s.eval("(good 1) (bad 1) (fine 1)");
    wait_idle(s.engine);
    assert_text(s.shown("(list (jit-tier good) (jit-tier bad) (jit-tier fine))"), "(base interp base)");
    assert_int_equal(s.eval_int("(bad 1)"), 987654320);
    const std::string json = stats_json_of(s.engine);
    assert_non_null(strstr(json.c_str(), "\"compiler_crash\":1"));
    // It is not tried a third time, not even by hand.
    const jit_value name = of_symbol("bad");
    assert_int_equal(jit_optimize(s.vm, &name, JIT_MODE_BASE, nullptr), JIT_E_STATE);
    assert_non_null(strstr(stats_json_of(s.engine).c_str(), "\"poisoned\":1"));
    char* why = nullptr;
    assert_int_equal(jit_explain(s.vm, &name, &why, nullptr), JIT_OK);
    assert_non_null(strstr(why, "has killed the compiler before"));
    jit_text_release(why);
    assert_int_equal(stats_of(s.engine).worker_deaths, 0);  // the supervisor outlives its compilers
  }
  setenv("PATH", path.c_str(), 1);
  unlink(assembler.c_str());
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(by_exit),
      cmocka_unit_test(by_exit_at_once),
      cmocka_unit_test(by_being_killed),
      cmocka_unit_test(by_releasing_the_engine),
      cmocka_unit_test(forks_in_the_middle),
      cmocka_unit_test(descriptors_are_closed_and_not_inherited),
      cmocka_unit_test(the_pool_does_not_grow),
      cmocka_unit_test(a_poisoned_function_stays_interpreted),
  };
  return cmocka_run_group_tests_name("pool", tests, nullptr, nullptr);
}
