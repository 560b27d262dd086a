// addon/values.cpp: functions of JavaScript's side about values: text, equality, packed vectors, what an error carries.
#include <xmmintrin.h>

#include "errors.hpp"
#include "exports.hpp"
#include "to_js.hpp"
#include "to_sx.hpp"

namespace terrace::node {

namespace {

std::shared_ptr<VmHandle> vm_of(const Arguments& arguments) {
  auto vm = unwrap<VmHandle>(arguments.env(), arguments[0]);
  check_open(*vm);
  return vm;
}

// A reference the addon owns, as a value.
jit_value owned(const Library& lib, jit_ref* ref) {
  jit_value value{};
  value.kind = JIT_REF;
  value.type = lib.ref_type(ref);
  value.as.ref = ref;
  return value;
}

// print(vm, value, readable) -> text
napi_value print(const Arguments& arguments) {
  auto vm = vm_of(arguments);
  ToSx converter(*vm);
  jit_value value = converter.convert(arguments[1]);
  jit_ref* text = nullptr;
  jit_error* error = nullptr;
  const uint32_t readable = truth_of(arguments.env(), arguments[2]);
  check_status(*vm, vm->lib().print(vm->vm, &value, readable, &text, &error), error);
  return to_js(*vm, owned(vm->lib(), text));
}

// equal(vm, a, b) -> boolean
napi_value equal(const Arguments& arguments) {
  auto vm = vm_of(arguments);
  ToSx converter(*vm);
  jit_value a = converter.convert(arguments[1]), b = converter.convert(arguments[2]);
  uint32_t same = 0;
  jit_error* error = nullptr;
  check_status(*vm, vm->lib().equal(vm->vm, &a, &b, &same, &error), error);
  napi_value answer;
  check(arguments.env(), napi_get_boolean(arguments.env(), same != 0, &answer));
  return answer;
}

// f64(vm, length or Float64Array) -> Float64Array on memory of SX
napi_value f64(const Arguments& arguments) {
  auto vm = vm_of(arguments);
  napi_env env = arguments.env();
  napi_valuetype type;
  check(env, napi_typeof(env, arguments[1], &type));
  jit_ref* made = nullptr;
  jit_error* error = nullptr;
  if (type == napi_number) {
    const auto count = static_cast<size_t>(arguments.number(1));
    check_status(*vm, vm->lib().f64_new(vm->vm, nullptr, count, &made, &error), error);
    return to_js(*vm, owned(vm->lib(), made));
  }
  ToSx converter(*vm);
  return to_js_borrowed(*vm, owned(vm->lib(), converter.convert(arguments[1]).as.ref));
}

// borrow(vm, Float64Array) -> SxObject on the array's own memory
napi_value borrow_array(const Arguments& arguments) {
  auto vm = vm_of(arguments);
  auto handle = std::make_shared<ReferenceHandle>(vm, nullptr);
  handle->ref = borrow(*vm, arguments[1]);
  return arguments.environment.call(Import::makeObject,
                                    {make_external(arguments.env(), std::move(handle)), vm->core()});
}

// errorValue(error) -> what was raised, undefined when the error did not come out of a program
napi_value error_value(const Arguments& arguments) {
  auto held = unwrap<ErrorHandle>(arguments.env(), arguments[0]);
  jit_value value{};
  if (!held->error || held->vm->lib().error_value(held->error, &value) != JIT_OK) return undefined(arguments.env());
  return to_js(*held->vm, value);
}

// floatingPoint() -> [mxcsr, x87 control word], for tests
napi_value floating_point(const Arguments& arguments) {
  uint16_t x87;
  asm volatile("fnstcw %0" : "=m"(x87));
  napi_env env = arguments.env();
  napi_value words;
  check(env, napi_create_array(env, &words));
  check(env, napi_set_element(env, words, 0, make_number(env, _mm_getcsr())));
  check(env, napi_set_element(env, words, 1, make_number(env, x87)));
  return words;
}

}  // namespace

void export_values(Exports& exports) {
  exports.add<print>("print");
  exports.add<equal>("equal");
  exports.add<f64>("f64");
  exports.add<borrow_array>("borrow");
  exports.add<error_value>("errorValue");
  exports.add<floating_point>("floatingPoint");
}

}  // namespace terrace::node
