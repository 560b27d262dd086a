// addon/running.cpp: eval, call, and what goes on with a computation, as JavaScript calls them. Each answers the value
// or a Step.
#include <utility>

#include "errors.hpp"
#include "exports.hpp"
#include "run.hpp"
#include "to_sx.hpp"

namespace terrace::node {

namespace {

std::shared_ptr<VmHandle> vm_of(const Arguments& arguments) {
  auto vm = unwrap<VmHandle>(arguments.env(), arguments[0]);
  check_open(*vm);
  return vm;
}

// A limit stands in two arguments: milliseconds, hard.
Limit limit_at(const Arguments& arguments, size_t index) {
  napi_env env = arguments.env();
  if (is_missing(env, arguments[index])) return {};
  return {arguments.number(index), truth_of(env, arguments[index + 1])};
}

std::shared_ptr<ComputationHandle> computation_of(const Arguments& arguments, VmHandle& vm) {
  auto held = unwrap<ComputationHandle>(arguments.env(), arguments[1]);
  if (held->vm.get() != &vm) throw_type_error(arguments.env(), "the computation belongs to another vm");
  return held;
}

// eval(vm, source, name, milliseconds, hard)
napi_value eval(const Arguments& arguments) {
  auto vm = vm_of(arguments);
  const std::string source = arguments.text(1), name = arguments.text(2);
  Run run(*vm, limit_at(arguments, 3));
  return run.finish(
      vm->lib().eval(vm->vm, source.data(), source.size(), name.c_str(), &run.result, &run.computation, &run.error));
}

// The function to call: the handle of one, or any value that stands for one.
jit_value callee_of(ToSx& converter, napi_env env, napi_value value) {
  std::shared_ptr<Handle> handle = handle_behind(env, value);
  if (!handle) return converter.convert(value);
  if (handle->kind() != Handle::Kind::kReference) throw_type_error(env, "a function is expected");
  jit_value callee{};
  callee.kind = JIT_REF;
  callee.as.ref = static_cast<ReferenceHandle&>(*handle).ref;
  return callee;
}

// call(vm, function, arguments, milliseconds, hard)
napi_value call(const Arguments& arguments) {
  auto vm = vm_of(arguments);
  ToSx converter(*vm);
  jit_value function = callee_of(converter, arguments.env(), arguments[1]);
  const std::vector<jit_value> values = converter.convert_all(arguments[2]);
  Run run(*vm, limit_at(arguments, 3));
  return run.finish(
      vm->lib().call(vm->vm, &function, values.data(), values.size(), &run.result, &run.computation, &run.error));
}

napi_value goes_on_with_error(const Arguments& arguments, VmHandle& vm, ComputationHandle& held,
                              const std::string& message) {
  Run run(vm, limit_at(arguments, 3));
  return run.finish(vm.lib().resume_error(held.computation, message.data(), message.size(), &run.result,
                                          &run.computation, &run.error));
}

// resume(vm, computation, answer, milliseconds, hard); an answer that SX cannot have is an error in the program.
napi_value resume(const Arguments& arguments) {
  auto vm = vm_of(arguments);
  auto held = computation_of(arguments, *vm);
  ToSx converter(*vm);
  jit_value answer;
  try {
    answer = converter.convert(arguments[2]);
  } catch (const Pending&) {
    napi_value thrown;
    check(arguments.env(), napi_get_and_clear_last_exception(arguments.env(), &thrown));
    napi_value text = arguments.environment.call(Import::describeThrown, {thrown});
    return goes_on_with_error(arguments, *vm, *held, text_of(arguments.env(), text));
  }
  Run run(*vm, limit_at(arguments, 3));
  return run.finish(vm->lib().resume(held->computation, &answer, &run.result, &run.computation, &run.error));
}

// resumeError(vm, computation, message, milliseconds, hard)
napi_value resume_error(const Arguments& arguments) {
  auto vm = vm_of(arguments);
  auto held = computation_of(arguments, *vm);
  return goes_on_with_error(arguments, *vm, *held, arguments.text(2));
}

// proceed(vm, computation, undefined, milliseconds, hard): after an interruption
napi_value proceed(const Arguments& arguments) {
  auto vm = vm_of(arguments);
  auto held = computation_of(arguments, *vm);
  Run run(*vm, limit_at(arguments, 3));
  return run.finish(vm->lib().resume(held->computation, nullptr, &run.result, &run.computation, &run.error));
}

// cancel(vm, computation)
napi_value cancel(const Arguments& arguments) {
  auto vm = vm_of(arguments);
  auto held = computation_of(arguments, *vm);
  Run run(*vm, {});
  jit_status status = vm->lib().cancel(held->computation, &run.error);
  held->release();
  check_status(*vm, status, std::exchange(run.error, nullptr));
  return nullptr;
}

}  // namespace

void export_running(Exports& exports) {
  exports.add<eval>("eval");
  exports.add<call>("call");
  exports.add<resume>("resume");
  exports.add<resume_error>("resumeError");
  exports.add<proceed>("proceed");
  exports.add<cancel>("cancel");
}

}  // namespace terrace::node
