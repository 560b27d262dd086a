// tests/abi/test_host.cpp: functions, objects and finalizers of the host, well-behaved and not.
#include <cstddef>

#include "session.hpp"

using namespace terrace::test;

namespace {

jit_status add_host(void* env, jit_vm*, const jit_value* args, size_t count, jit_value* result, jit_error**) {
  int64_t sum = *static_cast<int64_t*>(env);
  for (size_t i = 0; i < count; i++) sum += args[i].as.integer;
  *result = of_int(sum);
  return JIT_OK;
}

void define_host(Session& s, std::string_view name, int min, int max, jit_host_fn function, void* env,
                 jit_finalizer finalizer = nullptr) {
  jit_error* err = nullptr;
  if (jit_define_function(s.vm, name.data(), name.size(), min, max, function, env, finalizer, &err) != JIT_OK)
    give_up("%s", jit_error_message(err));
}

void host_functions_are_called(void**) {
  Session s;
  int64_t base = 100;
  define_host(s, "add-host", 1, 3, add_host, &base);
  define_host(s, "any-host", 0, -1, add_host, &base);
  assert_int_equal(s.eval_int("(add-host 1 2 3)"), 106);
  assert_int_equal(s.eval_int("(any-host 1 2 3 4 5 6 7 8 9 10 11 12)"), 178);
  assert_int_equal(s.eval_int("(apply any-host (iota 50))"), 100 + 49 * 25);
  assert_int_equal(s.eval_int("(fold + 0 (map add-host '(1 2 3)))"), 306);
  assert_text(s.eval_error_kind("(add-host)"), "arity-error");
  assert_text(s.eval_error_kind("(add-host 1 2 3 4)"), "arity-error");
  jit_error* err = nullptr;
  assert_failure(jit_define_function(s.vm, "f", 1, 2, 1, add_host, nullptr, nullptr, &err), JIT_E_RANGE, err,
                 "arguments");
  assert_failure(jit_define_function(s.vm, "f", 1, 0, 0, nullptr, nullptr, nullptr, &err), JIT_E_ARGUMENT, err,
                 "function");
}

void host_functions_are_finalized_once(void**) {
  int finalized = 0;
  {
    Session s;
    jit_error* err = nullptr;
    assert_failure(jit_define_function(s.vm, "f", 1, 2, 1, add_host, &finalized, count_up, &err), JIT_E_RANGE, err, "");
    assert_int_equal(finalized, 0);  // it was not registered
    define_host(s, "f", 0, 0, add_host, &finalized, count_up);
    define_host(s, "g", 0, 0, add_host, &finalized, count_up);
    s.eval(
        "(define f 1) (define (deep n) (if (= n 0) 0 (+ 1 (deep (- n 1))))) (deep 1000) (gc-collect!) (gc-collect!)");
    assert_true(finalized <= 1);
    s.eval("(gc-collect!)");
  }
  assert_int_equal(finalized, 2);
}

struct Nested {
  Session* session;
  int depth;
};

// Calls SX, which calls this again.
jit_status nest(void* env, jit_vm* vm, const jit_value* args, size_t, jit_value* result, jit_error** err) {
  auto* nested = static_cast<Nested*>(env);
  nested->depth++;
  assert_ptr_equal(vm, nested->session->vm);
  jit_value name = of_symbol("down"), arg = of_int(args[0].as.integer - 1);
  return jit_call(vm, &name, &arg, 1, result, nullptr, err);
}

void callbacks_nest(void**) {
  Session s;
  Nested nested{&s, 0};
  define_host(s, "nest", 1, 1, nest, &nested);
  s.eval("(define (down n) (if (= n 0) 0 (+ 1 (nest n))))");
  assert_int_equal(s.eval_int("(down 100)"), 100);
  assert_int_equal(nested.depth, 100);
}

// Every level is a computation that waits in a host function; what they hold must live.
jit_status collect_deep_inside(void* env, jit_vm*, const jit_value* arguments, size_t, jit_value* result, jit_error**) {
  auto& s = *static_cast<Session*>(env);
  const int64_t depth = arguments[0].as.integer;
  result->kind = JIT_INT;
  result->as.integer = depth == 0 ? s.eval_int("(begin (gc-collect!) (length (range 1000)))")
                                  : s.eval_int("(go-deeper " + std::to_string(depth - 1) + ")");
  return JIT_OK;
}

void a_collection_inside_of_nested_calls(void**) {
  Session s;
  define_host(s, "collect-at", 1, 1, collect_deep_inside, &s);
  s.eval("(define (go-deeper n) (let ((kept (list n (+ n 0.5) (str \"level \" n)))) (+ (collect-at n) (length kept) (first kept))))");
  for (int depth : {0, 1, 2, 7}) assert_int_equal(s.eval_int("(go-deeper " + std::to_string(depth) + ")"), 1000 + 3 * (depth + 1) + depth * (depth + 1) / 2);
}

void errors_cross_host_frames(void**) {
  Session s;
  Nested nested{&s, 0};
  define_host(s, "nest", 1, 1, nest, &nested);
  s.eval("(define (down n) (if (= n 0) (vector-ref #(1) 5) (nest n)))");
  assert_text(s.shown("(guard (e (#t (error-kind e))) (down 5))"), "range-error");
  s.eval("(define (down n) (if (= n 0) (raise 'payload) (nest n)))");
  assert_text(s.shown("(guard (e (#t (list 'got e))) (down 5))"), "(got payload)");
}

enum class Fault { kMessage, kNoMessage, kPositive, kGarbageError, kGarbageResult, kForeignRef, kDeadRef, kBadKind };

jit_status misbehave(void* env, jit_vm*, const jit_value* args, size_t, jit_value* result, jit_error** err) {
  switch (static_cast<Fault>(args[0].as.integer)) {
    case Fault::kMessage:
      *err = jit_error_new(JIT_E_HOST, "out of cheese", 13);
      return JIT_E_HOST;
    case Fault::kNoMessage:
      return JIT_E_NOT_FOUND;
    case Fault::kPositive:
      return JIT_SUSPENDED;
    case Fault::kGarbageError:
      *err = reinterpret_cast<jit_error*>(0x1234);
      return -12345;
    case Fault::kGarbageResult:
      *result = of_ref(reinterpret_cast<jit_ref*>(0xDEADBEEF));
      return JIT_OK;
    case Fault::kForeignRef:
      *result = of_ref(jit_ref_retain(static_cast<jit_ref*>(env)));
      return JIT_OK;
    case Fault::kDeadRef:
      *result = of_ref(nullptr);
      return JIT_OK;
    case Fault::kBadKind:
      memset(result, 0xEE, sizeof *result);
      return JIT_OK;
  }
  return JIT_OK;
}

void misbehaving_hosts_raise(void**) {
  Session s, other;
  jit_ref* foreign = other.eval("(list 1)").as.ref;
  define_host(s, "misbehave", 1, 1, misbehave, foreign);
  for (int fault = 0; fault <= static_cast<int>(Fault::kBadKind); fault++) {
    const std::string call = "(guard (e (#t (error-kind e))) (misbehave " + std::to_string(fault) + "))";
    assert_text(s.shown(call), "host-error");
  }
  jit_error* err = s.eval_error("(misbehave 0)");
  assert_string_equal(jit_error_message(err), "misbehave: out of cheese");
  jit_error_release(err);
  err = s.eval_error("(misbehave 5)");
  assert_non_null(strstr(jit_error_message(err), "another vm"));
  jit_error_release(err);
  jit_ref_release(foreign);
}

// Answers its own argument without taking an owner, releases it too often, and releases the vm.
jit_status release_everything(void*, jit_vm* vm, const jit_value* args, size_t, jit_value* result, jit_error**) {
  *result = args[0];
  jit_ref_release(args[0].as.ref);
  jit_ref_release(args[0].as.ref);
  jit_vm_release(vm);
  return JIT_OK;
}

void releases_inside_a_callback(void**) {
  jit_engine* engine;
  jit_vm* vm;
  jit_value v;
  assert_int_equal(jit_engine_new(nullptr, &engine, nullptr), JIT_OK);
  assert_int_equal(jit_vm_new(engine, nullptr, &vm, nullptr), JIT_OK);
  jit_engine_release(engine);
  assert_int_equal(jit_define_function(vm, "f", 1, 1, 1, release_everything, nullptr, nullptr, nullptr), JIT_OK);
  const char* source = "(guard (e (#t 'released)) (f (list 1 2)))";
  assert_int_equal(jit_eval(vm, source, strlen(source), nullptr, &v, nullptr, nullptr), JIT_OK);
  assert_int_equal(v.kind, JIT_REF);
  jit_ref_release(v.as.ref);
  jit_vm_release(vm);
  assert_int_equal(jit_eval(vm, "1", 1, nullptr, &v, nullptr, nullptr), JIT_E_HANDLE);
}

void host_objects(void**) {
  int finalized = 0, thing = 5;
  {
    Session s;
    jit_ref* object;
    void* pointer;
    assert_int_equal(jit_host_object_new(s.vm, &finalized, 7, count_up, &object, nullptr), JIT_OK);
    assert_int_equal(jit_ref_type(object), JIT_TYPE_HOST_OBJECT);
    assert_int_equal(jit_host_object_get(object, 7, &pointer, nullptr), JIT_OK);
    assert_ptr_equal(pointer, &finalized);
    jit_error* err = nullptr;
    assert_failure(jit_host_object_get(object, 8, &pointer, &err), JIT_E_TYPE, err, "type id 7");
    assert_null(pointer);
    jit_value v = of_ref(object);
    assert_int_equal(jit_define(s.vm, "thing", 5, &v, nullptr), JIT_OK);
    jit_ref_release(object);
    s.eval("(gc-collect!)");
    assert_int_equal(finalized, 0);
    assert_int_equal(jit_host_object_new(s.vm, &thing, 7, nullptr, &object, nullptr), JIT_OK);
    jit_ref_release(object);
  }
  assert_int_equal(finalized, 1);
}

// Written output and the stack on which it arrives.
struct Output {
  std::string text;
  const char* host_frame;
  bool on_host_stack = true;
};

void collect_output(void* env, const char* data, size_t size) {
  auto* output = static_cast<Output*>(env);
  char here;
  const ptrdiff_t distance = output->host_frame - &here;
  output->on_host_stack &= distance > 0 && distance < 1 << 20;
  output->text.append(data, size);
}

void output_arrives_on_the_hosts_stack(void**) {
  char frame;
  Output output{"", &frame, true};
  jit_vm_options options{};
  options.size = sizeof options;
  options.write = collect_output;
  options.write_env = &output;
  {
    Session s(nullptr, &options);
    s.eval("(display \"hello \") (write \"x\") (newline)");
  }
  assert_text(output.text, "hello \"x\"\n");
  assert_true(output.on_host_stack);
}

// A finalizer that notes where it runs.
void finalize_on_stack(void* env) {
  auto* output = static_cast<Output*>(env);
  char here;
  const ptrdiff_t distance = output->host_frame - &here;
  output->on_host_stack &= distance > 0 && distance < 1 << 20;
  output->text += ".";
}

void finalizers_run_on_the_hosts_stack(void**) {
  char frame;
  Output output{"", &frame, true};
  Session s;
  for (int i = 0; i < 1000; i++) {
    jit_ref* object;
    assert_int_equal(jit_host_object_new(s.vm, &output, 1, finalize_on_stack, &object, nullptr), JIT_OK);
    jit_ref_release(object);
  }
  s.eval("(define (churn n) (if (> n 0) (begin (make-vector 100 n) (churn (- n 1))))) (churn 100000) (gc-collect!)");
  s.eval("1");
  assert_true(output.text.size() > 900);
  assert_true(output.on_host_stack);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(host_functions_are_called),
      cmocka_unit_test(host_functions_are_finalized_once),
      cmocka_unit_test(callbacks_nest),
      cmocka_unit_test(a_collection_inside_of_nested_calls),
      cmocka_unit_test(errors_cross_host_frames),
      cmocka_unit_test(misbehaving_hosts_raise),
      cmocka_unit_test(releases_inside_a_callback),
      cmocka_unit_test(host_objects),
      cmocka_unit_test(output_arrives_on_the_hosts_stack),
      cmocka_unit_test(finalizers_run_on_the_hosts_stack),
  };
  return cmocka_run_group_tests_name("host", tests, nullptr, nullptr);
}
