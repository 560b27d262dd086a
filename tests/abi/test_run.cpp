// tests/abi/test_run.cpp: running programs through the C interface: results, errors with their places, suspending,
// interrupting.
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "session.hpp"

using namespace terrace::test;

namespace {

// ------------------------------------------------------------------ eval and call

void eval_answers_the_last_form(void**) {
  Session s;
  assert_int_equal(s.eval_int("(define (f x) (* x 2)) (f 4) (f 21)"), 42);
  assert_int_equal(s.eval("").kind, JIT_UNSPECIFIED);
  assert_int_equal(s.eval("  ; nothing\n").kind, JIT_UNSPECIFIED);
}

void errors_say_where(void**) {
  Session s;
  jit_error* err = s.eval_error("(define (f x)\n  (car x))\n(f 5)");
  assert_string_equal(jit_error_kind(err), "type-error");
  assert_string_equal(jit_error_source(err), "test");
  assert_int_equal(jit_error_line(err), 2);
  assert_true(jit_error_column(err) >= 3);
  assert_non_null(strstr(jit_error_message(err), "car"));
  assert_non_null(strstr(jit_error_trace(err), "f (test:2:"));
  jit_error_release(err);
  err = s.eval_error("(+ 1\n  (undefined-name))");
  assert_string_equal(jit_error_kind(err), "unbound-variable");
  assert_non_null(strstr(jit_error_message(err), "undefined-name"));
  assert_int_equal(jit_error_line(err), 2);
  jit_error_release(err);
}

void syntax_errors_say_where(void**) {
  Session s;
  const struct {
    const char* source;
    const char* kind;
    uint32_t line;
  } cases[] = {{"(+ 1\n 2", "read-error", 0},
               {"\n\n)", "read-error", 3},
               {"1\n(if)", "syntax-error", 2},
               {"\n(let ((x)) x)", "syntax-error", 2}};
  for (const auto& c : cases) {
    jit_error* err = s.eval_error(c.source);
    assert_string_equal(jit_error_kind(err), c.kind);
    assert_string_equal(jit_error_source(err), "test");
    if (c.line && jit_error_line(err) != c.line)
      give_up("%s: line %u: %s", c.source, jit_error_line(err), jit_error_message(err));
    assert_true(jit_error_line(err) > 0);
    jit_error_release(err);
  }
  assert_int_equal(s.eval_int("7"), 7);
}

void raised_values_reach_the_host(void**) {
  Session s;
  jit_error* err = s.eval_error("(raise (list 1 \"two\"))");
  assert_string_equal(jit_error_kind(err), "uncaught");
  assert_string_equal(jit_error_message(err), "uncaught: (1 \"two\")");
  jit_value raised;
  assert_int_equal(jit_error_value(err, &raised), JIT_OK);
  assert_int_equal(raised.type, JIT_TYPE_PAIR);
  jit_ref_release(raised.as.ref);
  jit_error_release(err);
  err = s.eval_error("(error \"bad thing:\" 1 \"x\")");
  assert_string_equal(jit_error_kind(err), "error");
  assert_string_equal(jit_error_message(err), "bad thing: 1 \"x\"");
  assert_int_equal(jit_error_value(err, &raised), JIT_OK);
  assert_int_equal(raised.type, JIT_TYPE_ERROR);
  jit_ref_release(raised.as.ref);
  jit_error_release(err);
}

void errors_outlive_their_vm(void**) {
  jit_error* err;
  {
    Session s;
    err = s.eval_error("(raise 'gone)");
  }
  assert_string_equal(jit_error_message(err), "uncaught: gone");
  jit_value raised;
  assert_int_equal(jit_error_value(err, &raised), JIT_OK);
  jit_ref_release(raised.as.ref);
  jit_error_release(err);
}

void calls(void**) {
  Session s;
  s.eval("(define (add a b) (+ a b)) (define (opt a . rest) (length rest))");
  jit_value name = of_symbol("add"), args[] = {of_int(40), of_int(2)}, v;
  assert_int_equal(jit_call(s.vm, &name, args, 2, &v, nullptr, nullptr), JIT_OK);
  assert_int_equal(v.as.integer, 42);
  jit_value function = s.eval("add");
  assert_int_equal(jit_call(s.vm, &function, args, 2, &v, nullptr, nullptr), JIT_OK);
  assert_int_equal(v.as.integer, 42);
  jit_error* err = nullptr;
  assert_failure(jit_call(s.vm, &function, args, 1, &v, nullptr, &err), JIT_E_SX, err,
                 "add: expected 2 arguments, got 1");
  jit_ref_release(function.as.ref);
  name = of_symbol("nowhere");
  assert_failure(jit_call(s.vm, &name, args, 2, &v, nullptr, &err), JIT_E_NOT_FOUND, err, "nowhere");
  name = of_int(3);
  assert_failure(jit_call(s.vm, &name, args, 2, &v, nullptr, &err), JIT_E_TYPE, err, "no function");
  assert_failure(jit_call(s.vm, nullptr, args, 2, &v, nullptr, &err), JIT_E_ARGUMENT, err, "function");
  assert_failure(jit_lookup(s.vm, "nowhere", 7, &v, &err), JIT_E_NOT_FOUND, err, "nowhere");
}

void many_arguments(void**) {
  Session s;
  for (size_t n : {0, 3, 4, 8, 9, 200}) {
    std::vector<jit_value> args(n, of_int(1));
    jit_value plus = of_symbol("+"), v;
    assert_int_equal(jit_call(s.vm, &plus, args.data(), n, &v, nullptr, nullptr), JIT_OK);
    assert_int_equal(v.as.integer, n);
  }
  std::vector<jit_value> args(100000, of_int(1));
  jit_value plus = of_symbol("+"), v;
  jit_status status = jit_call(s.vm, &plus, args.data(), args.size(), &v, nullptr, nullptr);
  if (status == JIT_OK)
    assert_int_equal(v.as.integer, 100000);
  else
    assert_int_equal(status, JIT_E_SX);
  assert_int_equal(s.eval_int("(+ 1 1)"), 2);
}

// ------------------------------------------------------------------ suspending

jit_status eval_suspending(Session& s, std::string_view source, jit_value* result, jit_computation** computation) {
  return jit_eval(s.vm, source.data(), source.size(), "test", result, computation, nullptr);
}

// Checks that the request is (ask n) and gives the reference back.
void assert_asks(Session& s, jit_value& request, int n) {
  assert_text(s.print(request), "(ask " + std::to_string(n) + ")");
  jit_ref_release(request.as.ref);
}

void suspend_and_resume(void**) {
  Session s;
  jit_value v, answer = of_int(10);
  jit_computation *c, *next;
  assert_int_equal(eval_suspending(s, "(+ (perform 'ask 1) (perform 'ask 2))", &v, &c), JIT_SUSPENDED);
  assert_asks(s, v, 1);
  assert_int_equal(s.eval_int("(+ 20 1)"), 21);  // the vm is free meanwhile
  assert_int_equal(jit_resume(c, &answer, &v, &next, nullptr), JIT_SUSPENDED);
  assert_asks(s, v, 2);
  jit_error* err = nullptr;
  assert_failure(jit_resume(c, &answer, &v, nullptr, &err), JIT_E_STATE, err, "once");
  jit_computation_release(c);
  answer = of_int(5);
  assert_int_equal(jit_resume(next, &answer, &v, nullptr, nullptr), JIT_OK);
  assert_int_equal(v.as.integer, 15);
  jit_computation_release(next);
}

void resume_with_errors(void**) {
  Session s;
  jit_value v;
  jit_computation* c;
  const char* guarded = "(guard (e (#t (list 'caught (error-kind e) (error-message e)))) (perform 'ask 1))";
  assert_int_equal(eval_suspending(s, guarded, &v, &c), JIT_SUSPENDED);
  assert_asks(s, v, 1);
  assert_int_equal(jit_resume_error(c, "no answer", 9, &v, nullptr, nullptr), JIT_OK);
  assert_text(s.print(v), "(caught host-error \"no answer\")");
  jit_ref_release(v.as.ref);
  jit_computation_release(c);
  assert_int_equal(eval_suspending(s, "(perform 'ask 2)", &v, &c), JIT_SUSPENDED);
  assert_asks(s, v, 2);
  jit_error* err = nullptr;
  assert_failure(jit_resume_error(c, "no answer", 9, &v, nullptr, &err), JIT_E_SX, err, "no answer");
  jit_computation_release(c);
}

void bad_answers_leave_it_resumable(void**) {
  Session s, other;
  jit_value v, answer = other.eval("(list 1)");
  jit_computation* c;
  jit_error* err = nullptr;
  assert_int_equal(eval_suspending(s, "(perform 'ask 1)", &v, &c), JIT_SUSPENDED);
  assert_asks(s, v, 1);
  assert_failure(jit_resume(c, &answer, &v, nullptr, &err), JIT_E_HANDLE, err, "another vm");
  assert_failure(jit_resume(c, nullptr, nullptr, nullptr, &err), JIT_E_ARGUMENT, err, "result");
  assert_int_equal(jit_resume(c, nullptr, &v, nullptr, nullptr), JIT_OK);
  assert_int_equal(v.kind, JIT_NIL);
  jit_computation_release(c);
  jit_ref_release(answer.as.ref);
}

void cancelling_runs_exits(void**) {
  Session s;
  jit_value v;
  jit_computation* c;
  s.eval("(define exits 0)");
  const char* wound =
      "(dynamic-wind (lambda () nil)"
      "  (lambda () (guard (e (#t 'swallowed)) (perform 'ask 1)))"
      "  (lambda () (set! exits (+ exits 1))))";
  assert_int_equal(eval_suspending(s, wound, &v, &c), JIT_SUSPENDED);
  assert_asks(s, v, 1);
  assert_int_equal(jit_cancel(c, nullptr), JIT_OK);
  assert_int_equal(s.eval_int("exits"), 1);
  jit_error* err = nullptr;
  assert_failure(jit_cancel(c, &err), JIT_E_STATE, err, "once");
  jit_computation_release(c);
  assert_int_equal(eval_suspending(s, wound, &v, &c), JIT_SUSPENDED);
  assert_asks(s, v, 1);
  jit_computation_release(c);  // the last owner: cancelled with the next call
  assert_int_equal(s.eval_int("exits"), 2);
}

void thousands_may_be_suspended(void**) {
  Session s;
  constexpr int kMany = 2000;
  std::vector<jit_computation*> waiting(kMany);
  for (int i = 0; i < kMany; i++) {
    const std::string source = "(+ (perform 'ask " + std::to_string(i) + ") " + std::to_string(i) + ")";
    jit_value request;
    assert_int_equal(eval_suspending(s, source, &request, &waiting[static_cast<size_t>(i)]), JIT_SUSPENDED);
    jit_ref_release(request.as.ref);
  }
  s.eval("(gc-collect!)");
  for (int i = kMany - 1; i >= 0; i--) {
    jit_value v, answer = of_int(1000000);
    assert_int_equal(jit_resume(waiting[static_cast<size_t>(i)], &answer, &v, nullptr, nullptr), JIT_OK);
    assert_int_equal(v.as.integer, 1000000 + i);
    jit_computation_release(waiting[static_cast<size_t>(i)]);
  }
}

void a_vm_goes_with_its_suspended(void**) {
  jit_computation* c;
  jit_value v;
  {
    Session s;
    assert_int_equal(eval_suspending(s, "(perform 'ask 1)", &v, &c), JIT_SUSPENDED);
    jit_ref_release(v.as.ref);
  }
  assert_int_equal(jit_resume(c, nullptr, &v, nullptr, nullptr), JIT_OK);
  jit_computation_release(c);
}

void effects_that_nobody_can_answer(void**) {
  Session s;
  assert_text(s.eval_error_kind("(perform 'ask 1)"), "unhandled-effect");
}

// ------------------------------------------------------------------ interrupting

void early_interrupts_spare_exits(void**) {
  Session s;
  jit_value v;
  jit_computation* c;
  s.eval("(define (spin n) (if (= n 0) 'done (spin (- n 1)))) (define exits 0)");
  const char* wound = "(dynamic-wind (fn () nil) (fn () (perform 'ask 1)) (fn () (spin 10000) (set! exits (+ exits 1))))";
  assert_int_equal(eval_suspending(s, wound, &v, &c), JIT_SUSPENDED);
  assert_asks(s, v, 1);
  jit_interrupt(s.vm);
  assert_int_equal(jit_cancel(c, nullptr), JIT_OK);
  jit_computation_release(c);
  assert_int_equal(s.eval_int("exits"), 1);
}

void interrupts_stop_and_go_on(void**) {
  Session s;
  s.eval("(define (spin n) (if (= n 0) 'done (spin (- n 1))))");
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      if (jit_interrupt(s.vm) != JIT_OK) abort();
    }
  });
  jit_value v;
  jit_computation *c = nullptr, *next = nullptr;
  int stops = 0;
  jit_status status = eval_suspending(s, "(spin 30000000)", &v, &c);
  while (status == JIT_INTERRUPTED) {
    stops++;
    if (stops == 3) done = true;
    status = jit_resume(c, nullptr, &v, &next, nullptr);
    jit_computation_release(c);
    c = next;
  }
  done = true;
  other.join();
  assert_int_equal(status, JIT_OK);
  assert_true(stops > 0);
  assert_text(s.print(v), "done");
  jit_ref_release(v.as.ref);
}

void interrupts_cancel_what_cannot_wait(void**) {
  Session s;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    jit_interrupt(s.vm);
  });
  jit_value v;
  jit_error* err = nullptr;
  const char* forever = "(let loop () (loop))";
  jit_status status = jit_eval(s.vm, forever, strlen(forever), nullptr, &v, nullptr, &err);
  other.join();
  assert_int_equal(status, JIT_E_SX);
  assert_string_equal(jit_error_kind(err), "cancelled");
  jit_error_release(err);
  assert_int_equal(s.eval_int("(+ 1 2)"), 3);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(eval_answers_the_last_form),
      cmocka_unit_test(errors_say_where),
      cmocka_unit_test(syntax_errors_say_where),
      cmocka_unit_test(raised_values_reach_the_host),
      cmocka_unit_test(errors_outlive_their_vm),
      cmocka_unit_test(calls),
      cmocka_unit_test(many_arguments),
      cmocka_unit_test(suspend_and_resume),
      cmocka_unit_test(resume_with_errors),
      cmocka_unit_test(bad_answers_leave_it_resumable),
      cmocka_unit_test(cancelling_runs_exits),
      cmocka_unit_test(thousands_may_be_suspended),
      cmocka_unit_test(a_vm_goes_with_its_suspended),
      cmocka_unit_test(effects_that_nobody_can_answer),
      cmocka_unit_test(early_interrupts_spare_exits),
      cmocka_unit_test(interrupts_stop_and_go_on),
      cmocka_unit_test(interrupts_cancel_what_cannot_wait),
  };
  return cmocka_run_group_tests_name("run", tests, nullptr, nullptr);
}
