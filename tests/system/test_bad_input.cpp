// tests/system/test_bad_input.cpp: what users and hosts get wrong: a clear error with its position or reason in every tier, the
// process lives, and the vm is usable afterwards.
#include <atomic>
#include <utility>

#include "machine.hpp"

using namespace terrace::test;
using namespace std::chrono_literals;

namespace {

constexpr uint32_t kModes[] = {JIT_MODE_INTERP, JIT_MODE_BASE, JIT_MODE_OPT};

// The check after everything bad: numbers, memory, errors, effects and a function that is compiled.
void assert_usable(Session& s) {
  assert_text(s.shown("(define (usable n) (if (= n 0) nil (cons (* n 1.5) (usable (- n 1)))))"
                      "(list (usable 3) (guard (e (true (error-kind e))) (car 5)) (expt 2 70)"
                      " (with-handlers ((ask (fn (x) (+ x 1)))) (perform 'ask 1)))"),
              "((4.5 3.0 1.5) type-error 1180591620717411303424 2)");
}

struct Bad {
  const char* source;
  const char* kind;
  const char* text;  // that the message has to contain
  uint32_t line;     // 0: no position can be known
};

void assert_bad(Session& s, const Bad& bad) {
  jit_error* err = s.eval_error(bad.source);
  const std::string message = jit_error_message(err), kind = jit_error_kind(err);
  if (kind != bad.kind || message.find(bad.text) == std::string::npos || jit_error_line(err) != bad.line)
    give_up("%s\n gave %s at line %u: %s", bad.source, kind.c_str(), jit_error_line(err), message.c_str());
  if (bad.line) {
    assert_string_equal(jit_error_source(err), "test");
    assert_true(jit_error_column(err) > 0);
  }
  jit_error_release(err);
  assert_usable(s);
}

void in_every_mode(auto test, uint64_t stack_limit = 0, uint64_t heap_limit = 0) {
  for (uint32_t mode : kModes) {
    jit_engine_options options = engine_options(mode);
    jit_vm_options vm_options{};
    vm_options.size = sizeof vm_options;
    vm_options.stack_limit = stack_limit;
    vm_options.heap_limit = heap_limit;
    Session s(&options, &vm_options);
    test(s);
    assert_usable(s);
  }
}

// ------------------------------------------------------------------ source text

void source_that_cannot_be_read(void**) {
  in_every_mode([](Session& s) {
    for (const Bad& bad : {
             Bad{"(+ 1 2", "read-error", "(", 1},
             Bad{"1\n2\n  (+ 1\n 2", "read-error", "(", 3},
             Bad{"(+ 1 2))", "read-error", ")", 1},
             Bad{"\n]", "read-error", "]", 2},
             Bad{"(list 1 ]", "read-error", "]", 1},
             Bad{"\"abc", "read-error", "string", 1},
             Bad{"'", "read-error", "", 1},
             Bad{"#\\nosuchchar", "read-error", "nosuchchar", 1},
             Bad{"#| never closed", "read-error", "comment", 1},
             Bad{"{1 2 3}", "arity-error", "key", 1},
             Bad{"(1 . )", "read-error", "", 1},
             Bad{"\"\\q\"", "read-error", "", 1},
             Bad{"#<function car>", "read-error", "", 1},
         })
      assert_bad(s, bad);
  });
}

void source_that_is_no_utf8(void**) {
  in_every_mode([](Session& s) {
    const std::string_view sources[] = {"\xff\xfe", "(+ 1 \x80)", "\"\xc3\x28\"", "(define \xf0\x28\x8c\x28 1)",
                                        "; \xff\n1",  "'\xed\xa0\x80", std::string_view("(+ 1\0 2)", 9),
                                        "\"abc\xf4\x90\x80\x80\""};
    for (std::string_view source : sources) {
      jit_value v;
      jit_error* err = nullptr;
      const jit_status status = jit_eval(s.vm, source.data(), source.size(), "bytes", &v, nullptr, &err);
      assert_true(status == JIT_OK || status == JIT_E_SX);
      if (status == JIT_E_SX) assert_true(strlen(jit_error_message(err)) > 0);
      if (v.kind == JIT_REF) jit_ref_release(v.as.ref);
      jit_error_release(err);
      assert_usable(s);
    }
  });
}

void forms_that_are_malformed(void**) {
  in_every_mode([](Session& s) {
    for (const Bad& bad : {
             Bad{"1\n(if)", "syntax-error", "if", 2},
             Bad{"(let ((x)) x)", "syntax-error", "let", 1},
             Bad{"(lambda)", "syntax-error", "lambda", 1},
             Bad{"(define)", "syntax-error", "define", 1},
             Bad{"(set! 5 1)", "syntax-error", "set!", 1},
             Bad{"(lambda (x x) x)", "syntax-error", "x", 1},
             Bad{"(let loop)", "syntax-error", "let", 1},
             Bad{"\n\n(guard)", "syntax-error", "guard", 3},
         })
      assert_bad(s, bad);
  });
}

// ------------------------------------------------------------------ programs

void calls_that_are_wrong(void**) {
  in_every_mode([](Session& s) {
    s.eval("(define (two a b) (+ a b)) (define (at-least a . rest) a)");
    for (const Bad& bad : {
             Bad{"(two 1)", "arity-error", "two: expected 2 arguments, got 1", 1},
             Bad{"\n(two 1 2 3)", "arity-error", "two: expected 2 arguments, got 3", 2},
             Bad{"(at-least)", "arity-error", "at-least", 1},
             Bad{"(car)", "arity-error", "car", 1},
             Bad{"(car 1 2)", "arity-error", "car", 1},
             Bad{"((lambda (x) x))", "arity-error", "expected 1 argument", 1},
             Bad{"(apply two '(1))", "arity-error", "two", 1},
             Bad{"(5 6)", "not-a-function", "5 was called", 1},
             Bad{"(\"text\")", "not-a-function", "text", 1},
             Bad{"(nil)", "not-a-function", "nil", 1},
             Bad{"no-such-name", "unbound-variable", "no-such-name", 1},
             Bad{"\n\n  (no-such-function 1)", "unbound-variable", "no-such-function", 3},
             Bad{"(set! no-such-name 1)", "unbound-variable", "no-such-name", 1},
             Bad{"(car 5)", "type-error", "car", 1},
             Bad{"(+ 1 'a)", "type-error", "+", 1},
             Bad{"(vector-ref (vector 1 2) 2)", "range-error", "2", 1},
             Bad{"(quotient 1 0)", "division-by-zero", "", 1},
             Bad{"(letrec ((a b) (b 1)) a)", "unbound-variable", "b", 1},
         })
      assert_bad(s, bad);
  });
}

void raised_values_that_are_no_errors(void**) {
  in_every_mode([](Session& s) {
    for (const Bad& bad : {
             Bad{"(raise 5)", "uncaught", "5", 0},
             Bad{"(raise nil)", "uncaught", "nil", 0},
             Bad{"(raise (list 1 \"a\" 'b))", "uncaught", "(1 \"a\" b)", 0},
             Bad{"(raise car)", "uncaught", "car", 0},
             Bad{"(raise 1e300)", "uncaught", "1e+300", 0},
         }) {
      jit_error* err = s.eval_error(bad.source);
      assert_string_equal(jit_error_kind(err), bad.kind);
      if (!strstr(jit_error_message(err), bad.text) && strcmp(bad.text, "1e+300") != 0)
        give_up("%s: %s", bad.source, jit_error_message(err));
      jit_value raised;
      assert_int_equal(jit_error_value(err, &raised), JIT_OK);
      if (raised.kind == JIT_REF) jit_ref_release(raised.as.ref);
      jit_error_release(err);
    }
  });
}

void errors_inside_handlers(void**) {
  in_every_mode([](Session& s) {
    for (const Bad& bad : {
             Bad{"(guard (e ((car e) 1)) (raise 'x))", "type-error", "car", 1},
             Bad{"(guard (e (true (error \"in the clause\"))) (raise 'x))", "error", "in the clause", 1},
             Bad{"(with-handlers ((ask (fn (x) (car x)))) (perform 'ask 5))", "type-error", "car", 1},
             Bad{"(dynamic-wind (lambda () nil) (lambda () (raise 'first)) (lambda () (error \"second\")))", "error",
                 "second", 1},
             Bad{"(dynamic-wind (lambda () (error \"before\")) (lambda () 1) (lambda () 2))", "error", "before", 1},
         })
      assert_bad(s, bad);
    // A handler that fails in its turn, a thousand times over.
    s.eval("(define (worse n) (guard (e ((= n 0) 'end) (true (worse (- n 1)) (error \"worse\" n))) (error \"bad\" n)))");
    assert_text(s.eval_error_kind("(worse 1000)"), "error");
  });
}

// ------------------------------------------------------------------ depth

std::string nested(const char* open, const char* inner, const char* close, int depth) {
  std::string source;
  for (int i = 0; i < depth; i++) source += open;
  source += inner;
  for (int i = 0; i < depth; i++) source += close;
  return source;
}

// The answer, or a clear error: what is not allowed is a wrong answer, a crash, an error without words.
void assert_answer_or_error(Session& s, const std::string& source, const char* answer) {
  jit_value v;
  jit_error* err = nullptr;
  const jit_status status = jit_eval(s.vm, source.data(), source.size(), "deep", &v, nullptr, &err);
  if (status == JIT_OK) {
    if (answer) assert_text(s.print(v), answer);
  } else {
    assert_int_equal(status, JIT_E_SX);
    assert_true(strlen(jit_error_message(err)) > 10);
  }
  if (v.kind == JIT_REF) jit_ref_release(v.as.ref);
  jit_error_release(err);
}

// Code that GCC cannot compile in reasonable time is given up sooner than usual, so that the test ends.
void give_up_soon(Session& s) {
  constexpr std::string_view kName = "time_limit";
  assert_int_equal(jit_param_set(s.engine, kName.data(), kName.size(), 1500, nullptr), JIT_OK);
}

void a_hundred_thousand_deep(void**) {
  constexpr int kDepth = 100000;
  in_every_mode([](Session& s) {
    give_up_soon(s);
    assert_answer_or_error(s, nested("(+ 1 ", "0", ")", kDepth), "100000");
    assert_answer_or_error(s, nested("(", "", ")", kDepth), nullptr);
    assert_answer_or_error(s, nested("(let ((x 1)) ", "x", ")", kDepth), "1");
    assert_answer_or_error(s, nested("(if true ", "7", ")", kDepth), "7");
    assert_answer_or_error(s, nested("((lambda () ", "7", "))", kDepth), "7");
    assert_answer_or_error(s, nested("(begin ", "7", ")", kDepth), "7");
    assert_answer_or_error(s, nested("(vector ", "7", ")", kDepth), nullptr);
    assert_answer_or_error(s, nested("`(", "7", ")", kDepth), nullptr);
    assert_answer_or_error(s, nested("(guard (e (true 1)) ", "7", ")", kDepth / 10), "7");
    assert_answer_or_error(s, "(length '" + nested("(", "", ")", kDepth) + ")", nullptr);
    assert_answer_or_error(s, nested("(list 1 ", "nil", ")", kDepth), nullptr);
    assert_answer_or_error(s, std::string(kDepth, '('), nullptr);
    assert_answer_or_error(s, std::string(kDepth, '\'') + "x", nullptr);
    assert_answer_or_error(s, std::string(kDepth, '['), nullptr);
    assert_answer_or_error(s, nested("{1 ", "2", "}", kDepth), nullptr);
    assert_answer_or_error(s, nested("#| ", "", " |#", kDepth) + " 7", "7");
    assert_answer_or_error(s, nested("#;", "", "", kDepth) + " 7", nullptr);
  });
}

// One function with very much in it: the compiler may refuse it, the answer stays.
void very_wide(void**) {
  in_every_mode([](Session& s) {
    give_up_soon(s);
    std::string sum = "(define (wide x) (+";
    for (int i = 0; i < 2000; i++) sum += " x";
    assert_int_equal(s.eval_int(sum + ")) (wide 1) (wide 2)"), 4000);
    std::string lets = "(define (lets x) (let* (";
    for (int i = 0; i < 2000; i++) lets += "(v" + std::to_string(i) + " (+ x " + std::to_string(i) + "))";
    assert_int_equal(s.eval_int(lets + ") (+ v0 v1999))) (lets 1)"), 2001);
  });
}

void infinite_recursion(void**) {
  in_every_mode(
      [](Session& s) {
        s.eval("(define (endless n) (+ 1 (endless (+ n 1))))"
               "(define (ping n) (+ 1 (pong n))) (define (pong n) (+ 1 (ping n)))"
               "(define (wide n) (+ (wide (list n)) (wide (vector n))))"
               "(define (mapping x) (map mapping (list x)))"
               "(define (guarded n) (guard (e ((eq? e 'never) 1)) (+ 1 (guarded n))))"
               "(define (wound n) (dynamic-wind (lambda () nil) (lambda () (+ 1 (wound n))) (lambda () nil)))"
               "(define (sorting x) (sort (list 2 1) (lambda (a b) (sorting a))))"
               "(define (handled n) (with-handlers ((ask (fn (x) (+ 1 (perform 'ask x))))) (+ 1 (handled n))))");
        for (const char* source : {"(endless 0)", "(ping 0)", "(wide 0)", "(mapping 0)", "(guarded 0)", "(wound 0)",
                                   "(sorting 0)", "(handled 0)"}) {
          for (int i = 0; i < 2; i++) {
            jit_error* err = s.eval_error(source);
            if (strcmp(jit_error_kind(err), "stack-overflow") != 0) give_up("%s: %s", source, jit_error_message(err));
            assert_true(strlen(jit_error_trace(err)) > 0);
            jit_error_release(err);
          }
          assert_usable(s);
        }
        assert_text(s.shown("(guard (e (true (error-kind e))) (endless 0))"), "stack-overflow");
      },
      16 << 20);
}

// One end of the recursion is compiled, the other is not.
// Every level makes a list that is longer by one, so the time grows with the cube of the depth: a small stack shows the same.
void infinite_recursion_with_longer_lists(void**) {
  in_every_mode(
      [](Session& s) {
        s.eval("(define (applied . xs) (+ 1 (apply applied 1 xs)))");
        const std::string kind = s.eval_error_kind("(applied)");
        assert_true(kind == "stack-overflow" || kind == "arity-error" || kind == "heap-limit");
      },
      2 << 20);
}

void infinite_recursion_across_tiers(void**) {
  for (const char* compiled : {"ping", "pong"}) {
    for (uint32_t tier : {JIT_MODE_BASE, JIT_MODE_OPT}) {
      jit_engine_options options = engine_options(JIT_MODE_AUTO, -1);
      Session s(&options);
      s.eval("(define (ping n) (+ 1 (pong n))) (define (pong n) (+ 1 (ping n)))"
             "(define (even n) (if (= n 0) 0 (+ 1 (odd (- n 1))))) (define (odd n) (if (= n 0) 0 (+ 1 (even (- n 1)))))");
      jit_value name = of_symbol(compiled), even = of_symbol("even");
      assert_int_equal(jit_optimize(s.vm, &name, tier, nullptr), JIT_OK);
      assert_int_equal(jit_optimize(s.vm, &even, tier, nullptr), JIT_OK);
      for (int i = 0; i < 2; i++) assert_text(s.eval_error_kind("(ping 0)"), "stack-overflow");
      assert_int_equal(s.eval_int("(even 300000)"), 300000);
      assert_usable(s);
    }
  }
}

// A million frames are no error.
void deep_recursion_that_ends(void**) {
  in_every_mode([](Session& s) {
    s.eval("(define (count n) (if (= n 0) 0 (+ 1 (count (- n 1)))))"
           "(define (build n) (if (= n 0) nil (cons n (build (- n 1)))))"
           "(define (sum xs) (if (null? xs) 0 (+ (car xs) (sum (cdr xs)))))");
    assert_int_equal(s.eval_int("(count 1000000)"), 1000000);
    assert_int_equal(s.eval_int("(sum (build 1000000))"), int64_t{500000500000});
  });
}

void infinite_macros(void**) {
  in_every_mode([](Session& s) {
    s.eval("(define-macro (again x) `(again (+ 1 ,x))) (define-macro (grow x) `(begin (grow ,x) (grow ,x)))"
           "(define-macro (outward x) `(outward (list ,x ,x)))");
    for (const char* source : {"(again 1)", "(grow 1)", "(define (f) (again 1))"}) {
      jit_error* err = s.eval_error(source);
      assert_true(strlen(jit_error_message(err)) > 10);
      jit_error_release(err);
      assert_usable(s);
    }
    jit_error_release(s.eval_error("(define-macro (bad x) (car x)) (bad 5)"));
    jit_error_release(s.eval_error("(define-macro (worse) (error \"in the macro\")) (worse)"));
  });
}

// ------------------------------------------------------------------ size

void requests_for_too_much(void**) {
  in_every_mode(
      [](Session& s) {
        for (const char* source :
             {"(make-vector 268435456 0)", "(make-bytes 2147483648)", "(make-string 2147483648 #\\a)",
              "(make-f64-vector 268435456)", "(make-i64-vector 268435456)", "(make-list 268435456 0)",
              "(string-repeat \"abcdefgh\" 268435456)", "(range 268435456)", "(expt 10 (expt 10 10))",
              "(arithmetic-shift 1 17179869184)", "(let loop ((x 2)) (loop (* x x)))",
              "(let loop ((x \"ab\")) (loop (string-append x x)))", "(let loop ((x nil)) (loop (cons 1 x)))",
              "(let loop ((x (list 1))) (loop (append x x)))", "(let ((d (dict))) (let loop ((i 0)) (dict-set! d i i) (loop (+ i 1))))",
              "(let loop ((x (vector 1 2))) (loop (vector-append x x)))"}) {
          jit_error* err = s.eval_error(source);
          if (strcmp(jit_error_kind(err), "heap-limit") != 0 && strcmp(jit_error_kind(err), "range-error") != 0)
            give_up("%s: %s", source, jit_error_message(err));
          jit_error_release(err);
          assert_usable(s);
        }
      },
      0, 128 << 20);
}

// With the limit that hosts get by default, two gigabytes are either there or an error.
void two_gigabytes_by_default(void**) {
  Session s;
  jit_ref* ref = nullptr;
  const jit_status status = jit_f64_new(s.vm, nullptr, 268435456, &ref, nullptr);
  assert_true(status == JIT_OK || status == JIT_E_SX);
  jit_ref_release(ref);
  assert_answer_or_error(s, "(bytes-length (make-bytes 2147483648))", "2147483648");
  assert_answer_or_error(s, "(make-vector 4611686018427387904)", nullptr);
  assert_usable(s);
}

void cyclic_data(void**) {
  in_every_mode([](Session& s) {
    s.eval("(define a (list 1 2 3)) (set-cdr! (cddr a) a) (define b (list 1 2 3)) (set-cdr! (cddr b) b)"
           "(define v (vector 1 2)) (vector-set! v 0 v) (define w (vector 1 2)) (vector-set! w 0 w)"
           "(define d (dict 'k 1)) (dict-set! d 'self d) (define d2 (dict 'k 1)) (dict-set! d2 'self d2)"
           "(define c (list 1)) (set-car! c c) (define x (box 1)) (set-box! x x)");
    for (const char* name : {"a", "v", "d", "c", "x"}) {
      jit_value value, shown{};
      assert_int_equal(jit_lookup(s.vm, name, strlen(name), &value, nullptr), JIT_OK);
      jit_ref* text = nullptr;
      const jit_status status = jit_print(s.vm, &value, 1, &text, nullptr);
      assert_true(status == JIT_OK || status == JIT_E_SX);
      jit_ref_release(text);
      jit_ref_release(value.as.ref);
      (void)shown;
      jit_error_release(s.eval_error("(raise " + std::string(name) + ")"));
      jit_error_release(s.eval_error("(error \"cyclic\" " + std::string(name) + ")"));
      jit_error_release(s.eval_error("(car (vector " + std::string(name) + "))"));
    }
    for (const auto& [one, two] : {std::pair("a", "b"), std::pair("v", "w"), std::pair("d", "d2")}) {
      jit_value x, y;
      uint32_t same = 7;
      assert_int_equal(jit_lookup(s.vm, one, strlen(one), &x, nullptr), JIT_OK);
      assert_int_equal(jit_lookup(s.vm, two, strlen(two), &y, nullptr), JIT_OK);
      const jit_status status = jit_equal(s.vm, &x, &y, &same, nullptr);
      assert_true(status == JIT_OK || status == JIT_E_SX);
      jit_ref_release(x.as.ref);
      jit_ref_release(y.as.ref);
    }
    assert_answer_or_error(s, "(length a)", nullptr);
    assert_answer_or_error(s, "(append a '(1))", nullptr);
    assert_answer_or_error(s, "(map 1+ a)", nullptr);
    assert_answer_or_error(s, "(dict a 1)", nullptr);
    assert_answer_or_error(s, "(apply + a)", nullptr);
    assert_answer_or_error(s, "(eval a)", nullptr);
    assert_answer_or_error(s, "(list->vector a)", nullptr);
    assert_answer_or_error(s, "(reverse a)", nullptr);
    assert_answer_or_error(s, "(sort a <)", nullptr);
    assert_answer_or_error(s, "(str a)", nullptr);
    jit_value list, item;
    size_t n;
    assert_int_equal(jit_lookup(s.vm, "a", 1, &list, nullptr), JIT_OK);
    const jit_status status = jit_length(list.as.ref, &n, nullptr);
    assert_true(status != JIT_OK);
    assert_int_equal(jit_get(list.as.ref, 1000, &item, nullptr) == JIT_OK && item.as.integer == 2, 1);
    jit_ref_release(list.as.ref);
  }, 0, 256 << 20);
}

// ------------------------------------------------------------------ endless programs, interrupted

struct Interrupted {
  jit_status status;
  std::string kind;
};

// Runs a program that does not end by itself; another thread interrupts it, once it has started, until the call is back.
Interrupted run_and_interrupt(Session& s, const char* source, jit_computation** computation,
                              const std::atomic<bool>* started = nullptr) {
  std::atomic<bool> back{false};
  std::thread other([&] {
    std::this_thread::sleep_for(30ms);
    while (started && !*started) std::this_thread::sleep_for(1ms);
    while (!back) {
      jit_interrupt(s.vm);
      std::this_thread::sleep_for(20ms);
    }
  });
  jit_value v;
  jit_error* err = nullptr;
  const jit_status status = jit_eval(s.vm, source, strlen(source), "endless", &v, computation, &err);
  back = true;
  other.join();
  Interrupted result{status, err ? jit_error_kind(err) : ""};
  jit_error_release(err);
  if (v.kind == JIT_REF) jit_ref_release(v.as.ref);
  return result;
}

constexpr const char* kEndless[] = {
    "(let loop () (loop))",
    "(define (f n) (f (+ n 1))) (f 0)",
    "(define (f n) (g n)) (define (g n) (f n)) (f 0)",
    "(let loop ((i 0)) (guard (e (true nil)) (raise 'x)) (loop (+ i 1)))",
    "(define (h) (guard (e (true (h))) (error \"again\"))) (h)",
    "(let loop ((x 0.5)) (loop (* x 1.0000001)))",
    "(let loop () (map 1+ (range 100)) (loop))",
    "(while true nil)",
    "(do ((i 0 (+ i 1))) (false) nil)",
    "(let loop () (call/ec (lambda (k) (k 1))) (loop))",
    "(let loop () (with-handlers ((tick (fn () 1))) (perform 'tick)) (loop))",
    "(let loop () (eval '(+ 1 2)) (loop))",
    "(let loop () (sort (range 1000) >) (loop))",
};

void endless_loops_are_interrupted(void**) {
  in_every_mode([](Session& s) {
    for (const char* source : kEndless) {
      const Interrupted cancelled = run_and_interrupt(s, source, nullptr);
      if (cancelled.status != JIT_E_SX || cancelled.kind != "cancelled") give_up("%s: %s", source, cancelled.kind.c_str());
      jit_computation* computation = nullptr;
      const Interrupted stopped = run_and_interrupt(s, source, &computation);
      if (stopped.status != JIT_INTERRUPTED) give_up("%s: status %d %s", source, stopped.status, stopped.kind.c_str());
      assert_int_equal(jit_cancel(computation, nullptr), JIT_OK);
      jit_computation_release(computation);
      assert_usable(s);
    }
  });
}

jit_status note_start(void* env, jit_vm*, const jit_value*, size_t, jit_value*, jit_error**) {
  static_cast<std::atomic<bool>*>(env)->store(true);
  return JIT_OK;
}

// Cancelling runs the exits; an exit that does not end is cancelled by another interrupt.
void an_endless_exit_is_interrupted_again(void**) {
  in_every_mode([](Session& s) {
    std::atomic<bool> started{false};
    assert_int_equal(jit_define_function(s.vm, "started", 7, 0, 0, note_start, &started, nullptr, nullptr), JIT_OK);
    s.eval("(define exits 0)"
           "(define (exit) (set! exits (+ exits 1)) (let loop () (loop)))"
           "(define (run) (dynamic-wind (lambda () nil) (lambda () (started) (let loop () (loop))) exit))");
    const Interrupted twice = run_and_interrupt(s, "(run)", nullptr, &started);
    assert_int_equal(twice.status, JIT_E_SX);
    assert_text(twice.kind, "cancelled");
    assert_int_equal(s.eval_int("exits"), 1);
    jit_computation* computation = nullptr;
    started = false;
    assert_int_equal(run_and_interrupt(s, "(run)", &computation, &started).status, JIT_INTERRUPTED);
    assert_int_equal(s.eval_int("exits"), 1);
    std::atomic<bool> back{false};
    std::thread other([&] {
      while (!back) {
        std::this_thread::sleep_for(20ms);
        jit_interrupt(s.vm);
      }
    });
    jit_error* err = nullptr;
    const jit_status status = jit_cancel(computation, &err);
    back = true;
    other.join();
    jit_error_release(err);
    assert_int_equal(status, JIT_OK);
    jit_computation_release(computation);
    assert_int_equal(s.eval_int("exits"), 2);
  });
}

void a_macro_that_does_not_end_is_interrupted(void**) {
  in_every_mode([](Session& s) {
    s.eval("(define-macro (slow) (let loop () (loop)))");
    assert_text(run_and_interrupt(s, "(slow)", nullptr).kind, "cancelled");
  });
}

// ------------------------------------------------------------------ handles and pointers

void handles_that_are_none(void**) {
  Session s;
  jit_value v, list = s.eval("(list 1 2)");
  jit_error* err = nullptr;
  jit_ref* used = jit_ref_retain(list.as.ref);
  jit_ref_release(list.as.ref);
  jit_ref_release(used);
  size_t n;
  assert_failure(jit_length(used, &n, &err), JIT_E_HANDLE, err, "");
  int something = 5;
  for (void* wrong : {static_cast<void*>(nullptr), static_cast<void*>(&something), reinterpret_cast<void*>(uintptr_t{1}),
                      static_cast<void*>(s.engine), static_cast<void*>(used), reinterpret_cast<void*>(~uintptr_t{0})}) {
    auto* vm = static_cast<jit_vm*>(wrong);
    assert_failure(jit_eval(vm, "1", 1, nullptr, &v, nullptr, &err), JIT_E_HANDLE, err, "");
    assert_int_equal(v.kind, JIT_NIL);
    assert_failure(jit_call(vm, &v, nullptr, 0, &v, nullptr, &err), JIT_E_HANDLE, err, "");
    assert_failure(jit_define(vm, "x", 1, &v, &err), JIT_E_HANDLE, err, "");
    assert_int_equal(jit_interrupt(vm), JIT_E_HANDLE);
    assert_failure(jit_resume(static_cast<jit_computation*>(wrong), nullptr, &v, nullptr, &err), JIT_E_HANDLE, err, "");
    assert_failure(jit_cancel(static_cast<jit_computation*>(wrong), &err), JIT_E_HANDLE, err, "");
    assert_failure(jit_length(static_cast<jit_ref*>(wrong), &n, &err), JIT_E_HANDLE, err, "");
    assert_int_equal(jit_ref_type(static_cast<jit_ref*>(wrong)), JIT_TYPE_NONE);
    jit_vm_release(wrong == s.engine ? nullptr : vm);
    jit_ref_release(static_cast<jit_ref*>(wrong));
    jit_computation_release(static_cast<jit_computation*>(wrong));
    jit_error_release(static_cast<jit_error*>(wrong));
    assert_string_equal(jit_error_message(static_cast<jit_error*>(wrong)), "");
  }
  for (void* wrong : {static_cast<void*>(nullptr), static_cast<void*>(&something), static_cast<void*>(s.vm)}) {
    auto* engine = static_cast<jit_engine*>(wrong);
    assert_failure(jit_reset(engine, &err), JIT_E_HANDLE, err, "");
    assert_failure(jit_set_budget(engine, 1, &err), JIT_E_HANDLE, err, "");
    jit_vm* vm = nullptr;
    assert_failure(jit_vm_new(engine, nullptr, &vm, &err), JIT_E_HANDLE, err, "");
    assert_null(vm);
    jit_engine_release(engine);
  }
  assert_usable(s);
}

void pointers_that_are_null(void**) {
  Session s;
  jit_error* err = nullptr;
  jit_value v, bad = of_string("x");
  assert_failure(jit_eval(s.vm, nullptr, 5, nullptr, &v, nullptr, &err), JIT_E_ARGUMENT, err, "source");
  assert_failure(jit_eval(s.vm, "1", 1, nullptr, nullptr, nullptr, &err), JIT_E_ARGUMENT, err, "result");
  bad.as.data = nullptr;
  jit_value identity = s.eval("(lambda (x) x)");
  assert_failure(jit_call(s.vm, &identity, &bad, 1, &v, nullptr, &err), JIT_E_ARGUMENT, err, "");
  assert_failure(jit_call(s.vm, &identity, nullptr, 1, &v, nullptr, &err), JIT_E_ARGUMENT, err, "");
  bad.kind = 99;
  assert_failure(jit_call(s.vm, &identity, &bad, 1, &v, nullptr, &err), JIT_E_ARGUMENT, err, "");
  bad = of_ref(nullptr);
  assert_failure(jit_call(s.vm, &identity, &bad, 1, &v, nullptr, &err), JIT_E_HANDLE, err, "");
  bad = of_data(JIT_INTEGER_TEXT, "12x");
  assert_failure(jit_call(s.vm, &identity, &bad, 1, &v, nullptr, &err), JIT_E_ARGUMENT, err, "");
  bad = of_string("\xff\xfe");
  const jit_status status = jit_call(s.vm, &identity, &bad, 1, &v, nullptr, &err);
  assert_true(status == JIT_OK || status == JIT_E_ARGUMENT);
  if (v.kind == JIT_REF) jit_ref_release(v.as.ref);
  jit_error_release(err);
  jit_ref_release(identity.as.ref);
  assert_usable(s);
}

}  // namespace

int main(int argc, char** argv) {
  const CMUnitTest tests[] = {
      cmocka_unit_test(source_that_cannot_be_read),
      cmocka_unit_test(source_that_is_no_utf8),
      cmocka_unit_test(forms_that_are_malformed),
      cmocka_unit_test(calls_that_are_wrong),
      cmocka_unit_test(raised_values_that_are_no_errors),
      cmocka_unit_test(errors_inside_handlers),
      cmocka_unit_test(a_hundred_thousand_deep),
      cmocka_unit_test(very_wide),
      cmocka_unit_test(infinite_recursion),
      cmocka_unit_test(infinite_recursion_with_longer_lists),
      cmocka_unit_test(infinite_recursion_across_tiers),
      cmocka_unit_test(deep_recursion_that_ends),
      cmocka_unit_test(infinite_macros),
      cmocka_unit_test(requests_for_too_much),
      cmocka_unit_test(two_gigabytes_by_default),
      cmocka_unit_test(cyclic_data),
      cmocka_unit_test(endless_loops_are_interrupted),
      cmocka_unit_test(an_endless_exit_is_interrupted_again),
      cmocka_unit_test(a_macro_that_does_not_end_is_interrupted),
      cmocka_unit_test(handles_that_are_none),
      cmocka_unit_test(pointers_that_are_null),
  };
  if (argc > 1) cmocka_set_test_filter(argv[1]);
  return cmocka_run_group_tests_name("bad input", tests, nullptr, nullptr);
}
