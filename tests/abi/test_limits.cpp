// tests/abi/test_limits.cpp: what is too deep or too large is an error, and the vm goes on.
#include <string>

#include "session.hpp"

using namespace terrace::test;

namespace {

void infinite_recursion_is_an_error(void**) {
  Session s;
  s.eval("(define (inf n) (+ 1 (inf n)))");
  for (int i = 0; i < 2; i++) {
    assert_text(s.eval_error_kind("(inf 1)"), "stack-overflow");
    assert_int_equal(s.eval_int("(+ 2 3)"), 5);
  }
  assert_text(s.shown("(guard (e (#t (error-kind e))) (inf 1))"), "stack-overflow");
}

void huge_requests_are_errors(void**) {
  jit_vm_options options{};
  options.size = sizeof options;
  options.heap_limit = 256 << 20;
  Session s(nullptr, &options);
  for (const char* source : {"(make-vector 268435456 0)", "(make-string 2147483646 #\\a)", "(make-bytes 2147483648)",
                             "(make-f64-vector 268435456)", "(expt 7 1000000000000)"})
    assert_text(s.eval_error_kind(source), "heap-limit");
  jit_ref* ref;
  jit_error* err = nullptr;
  assert_failure(jit_f64_new(s.vm, nullptr, 268435456, &ref, &err), JIT_E_SX, err, "");
  assert_failure(jit_f64_new(s.vm, nullptr, SIZE_MAX / 4, &ref, &err), JIT_E_SX, err, "");
  assert_int_equal(s.eval_int("(vector-length (make-vector 1000 0))"), 1000);
}

void a_full_heap_is_an_error(void**) {
  jit_vm_options options{};
  options.size = sizeof options;
  options.heap_limit = 64 << 20;
  Session s(nullptr, &options);
  assert_text(s.eval_error_kind("(let loop ((l nil)) (loop (cons 1 l)))"), "heap-limit");
  assert_text(s.eval_error_kind("(let loop ((l nil)) (loop (cons (make-vector 1000 0) l)))"), "heap-limit");
  assert_int_equal(s.eval_int("(length (iota 1000))"), 1000);
}

void deep_sources_end_well(void**) {
  Session s;
  constexpr int kDepth = 100000;
  std::string nested, quoted = "'";
  for (int i = 0; i < kDepth; i++) nested += "(+ 1 ";
  nested += "0";
  nested += std::string(kDepth, ')');
  quoted += std::string(kDepth, '(') + std::string(kDepth, ')');
  for (const std::string& source : {nested, quoted, std::string(kDepth, '('), std::string(kDepth, '\'')}) {
    jit_value v;
    jit_error* err = nullptr;
    jit_status status = jit_eval(s.vm, source.data(), source.size(), "deep", &v, nullptr, &err);
    assert_true(status == JIT_OK || status == JIT_E_SX);
    if (status == JIT_E_SX) assert_true(strlen(jit_error_message(err)) > 0);
    jit_error_release(err);
    if (v.kind == JIT_REF) jit_ref_release(v.as.ref);
  }
  assert_int_equal(s.eval_int("(+ 2 3)"), 5);
}

// Printing, comparing and hashing recurse; deep data must not end the process.
void deep_data_ends_well(void**) {
  Session s;
  s.eval(
      "(define (nest n acc) (if (= n 0) acc (nest (- n 1) (list acc))))"
      "(define a (nest 1000000 1)) (define b (nest 1000000 1))");
  jit_value a, b;
  assert_int_equal(jit_lookup(s.vm, "a", 1, &a, nullptr), JIT_OK);
  assert_int_equal(jit_lookup(s.vm, "b", 1, &b, nullptr), JIT_OK);
  uint32_t same;
  jit_ref* text;
  jit_status status = jit_equal(s.vm, &a, &b, &same, nullptr);
  assert_true(status == JIT_OK || status == JIT_E_SX);
  status = jit_print(s.vm, &a, 1, &text, nullptr);
  assert_true(status == JIT_OK || status == JIT_E_SX);
  jit_ref_release(text);
  jit_error_release(s.eval_error("(raise a)"));
  jit_ref_release(a.as.ref);
  jit_ref_release(b.as.ref);
  assert_int_equal(s.eval_int("(+ 2 3)"), 5);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(infinite_recursion_is_an_error),
      cmocka_unit_test(huge_requests_are_errors),
      cmocka_unit_test(a_full_heap_is_an_error),
      cmocka_unit_test(deep_sources_end_well),
      cmocka_unit_test(deep_data_ends_well),
  };
  return cmocka_run_group_tests_name("limits", tests, nullptr, nullptr);
}
