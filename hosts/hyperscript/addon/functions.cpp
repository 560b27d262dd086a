// addon/functions.cpp: functions and objects of JavaScript inside SX.
//
// Answers for: calling JavaScript from SX and giving up what SX does not hold any more. Not for: calling SX (run.cpp).
// Invariants: JavaScript is called only by the library's callbacks, on the thread and stack that called the library. No
// C++ exception leaves a callback. What a callback owns is given back exactly once, by its finalizer.
#include <utility>

#include "errors.hpp"
#include "js.hpp"
#include "to_js.hpp"
#include "to_sx.hpp"

namespace terrace::node {

namespace {

constexpr uint64_t kObjectType = 0x6e6f64656f626a21;
// The global through which a function becomes a value; it never keeps one.
constexpr char kPassing[] = "%host-function";

// A strong reference to something of JavaScript, in the hands of the library.
class Kept {
 public:
  Kept(Environment& environment, napi_value value) : environment_(environment.shared_from_this()) {
    check(environment.env(), napi_create_reference(environment.env(), value, 1, &reference_));
  }
  ~Kept() {
    if (!environment_->ended()) napi_delete_reference(environment_->env(), reference_);
  }
  Kept(const Kept&) = delete;
  napi_value value() const {
    napi_value value;
    check(environment_->env(), napi_get_reference_value(environment_->env(), reference_, &value));
    return value;
  }

 private:
  std::shared_ptr<Environment> environment_;
  napi_ref reference_ = nullptr;
};

template <class T>
void finalize(void* env) {
  delete static_cast<T*>(env);
}

// The vm may be on its way out, when only the library still has a handle of it.
class Lent {
 public:
  Lent(VmHandle& vm, jit_vm* handle) : vm_(vm), before_(std::exchange(vm.vm, handle)) {}
  ~Lent() { vm_.vm = before_; }
  Lent(const Lent&) = delete;

 private:
  VmHandle& vm_;
  jit_vm* before_;
};

class HostFunction {
 public:
  HostFunction(VmHandle& vm, napi_value function) : vm_(vm), function_(vm.environment(), function) {}

  static jit_status called(void* env, jit_vm* vm, const jit_value* arguments, size_t count, jit_value* result,
                           jit_error** err) noexcept {
    return static_cast<HostFunction*>(env)->call(vm, arguments, count, result, err);
  }

 private:
  jit_status call(jit_vm* handle, const jit_value* arguments, size_t count, jit_value* result,
                  jit_error** err) noexcept {
    if (vm_.environment().ended()) return JIT_E_HOST;
    Lent lent(vm_, handle);
    try {
      Scope scope(vm_.env());
      *result = answer(arguments, count);
      return JIT_OK;
    } catch (const Pending&) {
      return failed(err);
    } catch (const std::exception& e) {
      *err = vm_.lib().error_new(JIT_E_MEMORY, e.what(), std::char_traits<char>::length(e.what()));
      return JIT_E_HOST;
    }
  }

  jit_value answer(const jit_value* arguments, size_t count) {
    napi_env env = vm_.env();
    std::vector<napi_value> values(count);
    for (size_t i = 0; i < count; i++) values[i] = to_js_borrowed(vm_, arguments[i]);
    napi_value result;
    check(env, napi_call_function(env, undefined(env), function_.value(), count, values.data(), &result));
    auto converter = std::make_unique<ToSx>(vm_);
    jit_value value = converter->give(result);
    vm_.last_answer = std::move(converter);
    return value;
  }

  // When Node is stopping this thread nothing can be described: the computation is asked to end as well.
  jit_status failed(jit_error** err) noexcept {
    *err = take_exception(vm_);
    if (!*err && !vm_.environment().can_run()) vm_.lib().interrupt(vm_.vm);
    return JIT_E_HOST;
  }

  VmHandle& vm_;  // lives as long as the library's vm
  Kept function_;
};

void define(VmHandle& vm, const std::string& name, std::unique_ptr<HostFunction> record) {
  jit_error* error = nullptr;
  jit_status status = vm.lib().define_function(vm.vm, name.data(), name.size(), 0, -1, &HostFunction::called,
                                               record.get(), &finalize<HostFunction>, &error);
  check_status(vm, status, error);
  record.release();
}

}  // namespace

void define_host_function(VmHandle& vm, const std::string& name, napi_value function) {
  define(vm, name, std::make_unique<HostFunction>(vm, function));
}

jit_ref* make_host_function(VmHandle& vm, const std::string& name, napi_value function) {
  const std::string passing = kPassing + (":" + name);
  define_host_function(vm, passing, function);
  jit_value value{}, nothing{};
  jit_error* error = nullptr;
  check_status(vm, vm.lib().lookup(vm.vm, passing.data(), passing.size(), &value, &error), error);
  jit_status status = vm.lib().define(vm.vm, passing.data(), passing.size(), &nothing, &error);
  if (status != JIT_OK) vm.lib().ref_release(value.as.ref);
  check_status(vm, status, error);
  return value.as.ref;
}

jit_ref* make_host_object(VmHandle& vm, napi_value object) {
  auto kept = std::make_unique<Kept>(vm.environment(), object);
  jit_ref* ref = nullptr;
  jit_error* error = nullptr;
  check_status(vm, vm.lib().host_object_new(vm.vm, kept.get(), kObjectType, &finalize<Kept>, &ref, &error), error);
  kept.release();
  return ref;
}

napi_value host_object(VmHandle& vm, const jit_ref* ref) {
  void* pointer = nullptr;
  if (vm.lib().host_object_get(ref, kObjectType, &pointer, nullptr) != JIT_OK) return nullptr;
  return static_cast<Kept*>(pointer)->value();
}

jit_ref* borrow(VmHandle& vm, napi_value array) {
  void* data = nullptr;
  size_t count = 0;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(vm.env(), array, &type, &count, &data, nullptr, nullptr) != napi_ok ||
      type != napi_float64_array)
    throw_type_error(vm.env(), "a Float64Array is expected");
  auto kept = std::make_unique<Kept>(vm.environment(), array);
  jit_ref* ref = nullptr;
  jit_error* error = nullptr;
  jit_status status =
      vm.lib().f64_borrow(vm.vm, static_cast<double*>(data), count, &finalize<Kept>, kept.get(), &ref, &error);
  check_status(vm, status, error);
  kept.release();
  return ref;
}

}  // namespace terrace::node
