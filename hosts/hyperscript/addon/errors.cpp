// addon/errors.cpp: errors across the border.
#include "errors.hpp"

#include <utility>

#include "js.hpp"

namespace terrace::node {

namespace {

napi_value text_or_empty(napi_env env, const char* text) { return make_text(env, text ? text : ""); }

napi_value name_of(Environment& js, const Library& lib, jit_status status) {
  return text_or_empty(js.env(), lib.status_name(status));
}

// The error of the library that a TerraceError of this vm stands for, taken out of it; null when there is none.
jit_error* error_inside(VmHandle& vm, napi_value thrown) {
  napi_env env = vm.env();
  napi_valuetype type;
  if (napi_typeof(env, thrown, &type) != napi_ok || type != napi_object) return nullptr;
  napi_value external;
  check(env, napi_get_property(env, thrown, vm.environment().import(Import::handleSymbol), &external));
  std::shared_ptr<Handle> handle = handle_behind(env, external);
  if (!handle || handle->kind() != Handle::Kind::kError) return nullptr;
  auto& held = static_cast<ErrorHandle&>(*handle);
  return held.vm.get() == &vm ? std::exchange(held.error, nullptr) : nullptr;
}

jit_error* error_of(VmHandle& vm, napi_value thrown) {
  if (jit_error* own = error_inside(vm, thrown)) return own;
  napi_value text = vm.environment().call(Import::describeThrown, {thrown});
  const std::string message = text_of(vm.env(), text);
  return vm.lib().error_new(JIT_E_HOST, message.data(), message.size());
}

}  // namespace

napi_value make_error(Environment& js, const Library& lib, VmHandle* vm, jit_status status, jit_error* error) {
  napi_env env = js.env();
  napi_value held = undefined(env), core = undefined(env);
  napi_value message = error ? text_or_empty(env, lib.error_message(error)) : name_of(js, lib, status);
  napi_value kind = text_or_empty(env, lib.error_kind(error)), source = text_or_empty(env, lib.error_source(error));
  napi_value line = make_number(env, lib.error_line(error)), column = make_number(env, lib.error_column(error));
  napi_value trace = text_or_empty(env, lib.error_trace(error));
  if (vm && error) {
    auto handle = std::make_shared<ErrorHandle>(std::static_pointer_cast<VmHandle>(vm->shared_from_this()), error);
    held = make_external(env, std::move(handle));
    core = vm->core();
  } else {
    lib.error_release(error);
  }
  return js.call(Import::makeError, {message, kind, name_of(js, lib, status), source, line, column, trace, held, core});
}

void throw_failure(Environment& js, const Library& lib, VmHandle* vm, jit_status status, jit_error* error) {
  check(js.env(), napi_throw(js.env(), make_error(js, lib, vm, status, error)));
  throw Pending{};
}

void check_status(VmHandle& vm, jit_status status, jit_error* const& error) {
  if (status < 0) throw_failure(vm.environment(), vm.lib(), &vm, status, error);
}

void check_status(EngineHandle& engine, jit_status status, jit_error* const& error) {
  if (status < 0) throw_failure(engine.environment(), engine.lib, nullptr, status, error);
}

void check_open(VmHandle& vm) {
  if (vm.vm) return;
  static constexpr char kText[] = "the vm was closed";
  jit_error* error = vm.lib().error_new(JIT_E_HANDLE, kText, sizeof kText - 1);
  throw_failure(vm.environment(), vm.lib(), nullptr, JIT_E_HANDLE, error);
}

void check_open(EngineHandle& engine) {
  if (engine.engine) return;
  static constexpr char kText[] = "the engine was closed";
  jit_error* error = engine.lib.error_new(JIT_E_HANDLE, kText, sizeof kText - 1);
  throw_failure(engine.environment(), engine.lib, nullptr, JIT_E_HANDLE, error);
}

jit_error* take_exception(VmHandle& vm) {
  napi_value thrown;
  if (napi_get_and_clear_last_exception(vm.env(), &thrown) != napi_ok) return nullptr;
  try {
    return error_of(vm, thrown);
  } catch (const Pending&) {
    napi_get_and_clear_last_exception(vm.env(), &thrown);
    return nullptr;
  }
}

}  // namespace terrace::node
