// tests/abi/test_modules.cpp: modules as a host sees them: globals with long names, one set of them for each vm.
#include "session.hpp"

using namespace terrace::test;

namespace {

constexpr std::string_view kShapes = R"(
(module shapes (export area (macro twice))
  (define factor 3)
  (define (area r) (* factor r r))
  (define-syntax twice (syntax-rules () ((_ e) (begin e e)))))
)";

int64_t call(jit_vm* vm, std::string_view name, int64_t argument) {
  jit_value function = of_symbol(name), value = of_int(argument), result;
  jit_error* err = nullptr;
  if (jit_call(vm, &function, &value, 1, &result, nullptr, &err) != JIT_OK) give_up("%s", jit_error_message(err));
  assert_int_equal(result.kind, JIT_INT);
  return result.as.integer;
}

jit_status doubled(void*, jit_vm*, const jit_value* arguments, size_t, jit_value* result, jit_error**) {
  *result = of_int(arguments[0].as.integer * 2);
  return JIT_OK;
}

void a_host_calls_by_name(void**) {
  Session s;
  s.eval(kShapes);
  assert_int_equal(call(s.vm, "shapes/area", 2), 12);
  jit_value found;
  assert_int_equal(jit_lookup(s.vm, "shapes/factor", 13, &found, nullptr), JIT_OK);
  assert_int_equal(found.as.integer, 3);
  jit_error* err = nullptr;
  jit_value function = of_symbol("area"), one = of_int(1), result;
  assert_failure(jit_call(s.vm, &function, &one, 1, &result, nullptr, &err), JIT_E_NOT_FOUND, err, "area");
}

void what_a_host_defines_reaches_importers(void**) {
  Session s;
  s.eval(kShapes);
  s.eval("(import shapes) (define (f x) (area x))");
  for (int i = 0; i < 200; i++) assert_int_equal(call(s.vm, "f", i), 3 * i * i);
  jit_value five = of_int(5);
  assert_int_equal(jit_define(s.vm, "shapes/factor", 13, &five, nullptr), JIT_OK);
  assert_int_equal(call(s.vm, "f", 2), 20);
  const char name[] = "shapes/area";
  assert_int_equal(jit_define_function(s.vm, name, strlen(name), 1, 1, doubled, nullptr, nullptr, nullptr), JIT_OK);
  assert_int_equal(call(s.vm, "f", 21), 42);
}

void a_module_uses_the_functions_of_its_host(void**) {
  Session s;
  const char name[] = "host/double";
  assert_int_equal(jit_define_function(s.vm, name, strlen(name), 1, 1, doubled, nullptr, nullptr, nullptr), JIT_OK);
  s.eval("(module user (export f) (define (f x) (+ 1 (host/double x))))");
  assert_int_equal(call(s.vm, "user/f", 20), 41);
}

void vms_share_no_names(void**) {
  Session s;
  s.eval(kShapes);
  s.eval("(import shapes)");
  jit_vm* other = nullptr;
  assert_int_equal(jit_vm_new(s.engine, nullptr, &other, nullptr), JIT_OK);
  jit_error* err = nullptr;
  jit_value result;
  const auto eval = [&](std::string_view source) {
    return jit_eval(other, source.data(), source.size(), "other", &result, nullptr, &err);
  };
  assert_failure(eval("(import shapes)"), JIT_E_SX, err, "there is no module 'shapes'");
  assert_failure(eval("(area 1)"), JIT_E_SX, err, "area");
  assert_int_equal(eval("(module shapes (export area) (define (area r) (- r)))"), JIT_OK);
  assert_int_equal(call(other, "shapes/area", 2), -2);
  assert_int_equal(call(s.vm, "shapes/area", 2), 12);
  jit_vm_release(other);
}

void a_module_may_be_set_aside(void**) {
  Session s;
  constexpr std::string_view source = "(module asks (export v) (define v (perform 'ask 1)) (define w (+ v 1)))";
  jit_value result, answer = of_int(41);
  jit_computation *computation = nullptr, *next = nullptr;
  jit_error* err = nullptr;
  assert_int_equal(jit_eval(s.vm, source.data(), source.size(), "test", &result, &computation, &err), JIT_SUSPENDED);
  assert_string_equal(s.eval_error_kind("(import asks)").c_str(), "syntax-error");
  assert_int_equal(jit_resume(computation, &answer, &result, &next, &err), JIT_OK);
  assert_null(next);
  jit_computation_release(computation);
  assert_int_equal(s.eval_int("(import asks) (+ v asks/w)"), 83);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_host_calls_by_name),
      cmocka_unit_test(what_a_host_defines_reaches_importers),
      cmocka_unit_test(a_module_uses_the_functions_of_its_host),
      cmocka_unit_test(vms_share_no_names),
      cmocka_unit_test(a_module_may_be_set_aside),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
