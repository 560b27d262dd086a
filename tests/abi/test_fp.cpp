// tests/abi/test_fp.cpp: the floating-point environment is the default one inside and the host's own outside, also when
// the host runs with traps enabled, as SBCL and ECL do.
#include <fenv.h>
#include <x86intrin.h>

#include "session.hpp"

using namespace terrace::test;

namespace {

constexpr uint32_t kDefaultMxcsr = 0x1F80;
// Invalid, division by zero and overflow trap; rounding upwards, to make a difference in results too.
constexpr uint32_t kHostMxcsr = 0x1900 | 0x4000;
constexpr uint16_t kHostX87 = 0x0372;
constexpr uint32_t kControlBits = 0xFFC0;  // without the sticky flags

uint16_t x87_control() {
  uint16_t word;
  asm volatile("fnstcw %0" : "=m"(word));
  return word;
}
void set_x87_control(uint16_t word) { asm volatile("fldcw %0" : : "m"(word)); }

struct HostFloats {
  HostFloats() {
    _mm_setcsr(kHostMxcsr);
    set_x87_control(kHostX87);
  }
  ~HostFloats() {
    _mm_setcsr(kDefaultMxcsr);
    set_x87_control(0x037F);
  }
};

void assert_host_floats() {
  assert_int_equal(_mm_getcsr() & kControlBits, kHostMxcsr & kControlBits);
  assert_int_equal(x87_control(), kHostX87);
}

const char kTrapping[] =
    "(define (inverse x) (/ 1.0 x))"
    "(define (loop n) (if (= n 0) (inverse 0.0) (begin (inverse 0.0) (loop (- n 1)))))"
    "(list (loop 100) (- (inverse 0.0) (inverse 0.0)) (* 1e300 1e300) (sqrt -1.0) (/ 1.0 3.0))";
const char kAnswers[] = "(+inf.0 +nan.0 +inf.0 +nan.0 0.3333333333333333)";

void programs_see_the_default(void**) {
  HostFloats host;
  Session s;
  for (int i = 0; i < 3; i++) {
    assert_text(s.shown(kTrapping), kAnswers);
    assert_host_floats();
  }
}

void compiled_programs_too(void**) {
  HostFloats host;
  jit_engine_options options{};
  options.size = sizeof options;
  options.threshold = 1;
  Session s(&options);
  for (int i = 0; i < 3; i++) {
    assert_text(s.shown(kTrapping), kAnswers);
    jit_wait(s.engine, 20000, nullptr, nullptr);
    assert_host_floats();
  }
}

jit_status check_floats(void* env, jit_vm* vm, const jit_value*, size_t, jit_value* result, jit_error** err) {
  auto* right = static_cast<int*>(env);
  const bool before = (_mm_getcsr() & kControlBits) == (kHostMxcsr & kControlBits) && x87_control() == kHostX87;
  jit_status status = jit_eval(vm, "(/ 1.0 0.0)", 11, nullptr, result, nullptr, err);
  *right += before && (_mm_getcsr() & kControlBits) == (kHostMxcsr & kControlBits) && x87_control() == kHostX87;
  return status;
}

void callbacks_see_the_hosts(void**) {
  HostFloats host;
  Session s;
  int right = 0;
  assert_int_equal(jit_define_function(s.vm, "check", 5, 0, 0, check_floats, &right, nullptr, nullptr), JIT_OK);
  assert_text(s.shown("(list (check) (/ 1.0 0.0) (/ 1.0 3.0))"), "(+inf.0 +inf.0 0.3333333333333333)");
  assert_int_equal(right, 1);
  assert_host_floats();
}

void failures_and_suspensions_too(void**) {
  HostFloats host;
  Session s;
  jit_error_release(s.eval_error("(car 5)"));
  assert_host_floats();
  jit_value v;
  jit_computation* c;
  assert_int_equal(jit_eval(s.vm, "(/ 1.0 (perform 'ask 1))", 24, nullptr, &v, &c, nullptr), JIT_SUSPENDED);
  assert_host_floats();
  jit_ref_release(v.as.ref);
  jit_value zero = of_double(0.0);
  assert_int_equal(jit_resume(c, &zero, &v, nullptr, nullptr), JIT_OK);
  jit_computation_release(c);
  assert_host_floats();
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(programs_see_the_default),
      cmocka_unit_test(compiled_programs_too),
      cmocka_unit_test(callbacks_see_the_hosts),
      cmocka_unit_test(failures_and_suspensions_too),
  };
  return cmocka_run_group_tests_name("fp", tests, nullptr, nullptr);
}
