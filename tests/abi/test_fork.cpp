// tests/abi/test_fork.cpp: a child made by fork goes on with the vms it inherited, and the parent does not notice.
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "session.hpp"

using namespace terrace::test;

namespace {

const char kFib[] = "(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))";

// Waits for the child and answers its exit code, -1 when it hung or died.
int exit_code(pid_t child) {
  for (int i = 0; i < 600; i++) {
    int status;
    if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    usleep(50000);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return -1;
}

bool evaluates(jit_vm* vm, const char* source, int64_t expected) {
  jit_value v;
  return jit_eval(vm, source, strlen(source), nullptr, &v, nullptr, nullptr) == JIT_OK && v.kind == JIT_INT &&
         v.as.integer == expected;
}

void a_child_goes_on(void**) {
  jit_engine_options options{};
  options.size = sizeof options;
  options.threshold = 1;
  auto* s = new Session(&options);
  s->eval(kFib);
  assert_int_equal(s->eval_int("(fib 10)"), 55);
  jit_wait(s->engine, 30000, nullptr, nullptr);
  pid_t child = fork();
  if (child == 0) {
    bool right = evaluates(s->vm, "(fib 12)", 144);
    right = right && evaluates(s->vm, "(define (g x) (* x 3)) (g 1) (g 2) (g 14)", 42);
    jit_wait(s->engine, 200, nullptr, nullptr);
    jit_vm* fresh;
    right = right && jit_vm_new(s->engine, nullptr, &fresh, nullptr) == JIT_OK && evaluates(fresh, "(+ 1 2)", 3);
    jit_vm_release(fresh);
    jit_vm_release(s->vm);
    jit_engine_release(s->engine);
    _exit(right ? 0 : 1);
  }
  assert_int_equal(exit_code(child), 0);
  assert_int_equal(s->eval_int("(fib 15)"), 610);
  s->eval("(define (h x) (+ x 1)) (h 1) (h 2)");
  jit_wait(s->engine, 30000, nullptr, nullptr);
  assert_int_equal(s->eval_int("(h 5)"), 6);
  delete s;
}

void a_child_makes_its_own(void**) {
  Session s;
  pid_t child = fork();
  if (child == 0) {
    jit_engine* engine;
    jit_vm* vm;
    bool right = jit_engine_new(nullptr, &engine, nullptr) == JIT_OK &&
                 jit_vm_new(engine, nullptr, &vm, nullptr) == JIT_OK && evaluates(vm, "(+ 20 22)", 42);
    jit_vm_release(vm);
    jit_engine_release(engine);
    _exit(right ? 0 : 1);
  }
  assert_int_equal(exit_code(child), 0);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_child_goes_on),
      cmocka_unit_test(a_child_makes_its_own),
  };
  return cmocka_run_group_tests_name("fork", tests, nullptr, nullptr);
}
