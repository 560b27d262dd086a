// addon/handles.cpp: making externals and letting go.
#include "handles.hpp"

#include <utility>

#include "js.hpp"
#include "registry.hpp"
#include "to_sx.hpp"

namespace terrace::node {

namespace {

constexpr uint64_t kMagic = 0x7465727261636521;
// What V8 is told a vm weighs, so that vms nobody closes are collected before there are many.
constexpr int64_t kVmWeight = int64_t{2} << 20;

// What an external points to.
struct Share {
  uint64_t magic = kMagic;
  std::shared_ptr<Handle> handle;
};

void weigh(napi_env env, int64_t bytes) {
  int64_t total;
  napi_adjust_external_memory(env, bytes, &total);
}

}  // namespace

Handle::Handle(Environment& environment, Kind kind) : environment_(environment.shared_from_this()), kind_(kind) {
  environment_->add(*this);
}
Handle::~Handle() { environment_->remove(*this); }

void EngineHandle::release() noexcept { lib.engine_release(std::exchange(engine, nullptr)); }

VmHandle::VmHandle(std::shared_ptr<EngineHandle> of) : Handle(of->environment(), kKind), engine(std::move(of)) {
  weigh(env(), kVmWeight);
}

VmHandle::~VmHandle() {
  release();
  if (environment().ended()) return;
  for (napi_ref reference : {core_reference, write_function, thrown_by_write})
    if (reference) napi_delete_reference(env(), reference);
}

void VmHandle::release() noexcept {
  if (!vm) return;
  forget_vm(id);
  Watch::clear(alarm);
  last_answer.reset();
  for (jit_ref*& tool : tools) lib().ref_release(std::exchange(tool, nullptr));
  lib().vm_release(std::exchange(vm, nullptr));
  if (!environment().ended()) weigh(env(), -kVmWeight);
}

napi_value VmHandle::core() const {
  napi_value object = nullptr;
  check(env(), napi_get_reference_value(env(), core_reference, &object));
  return object ? object : undefined(env());
}

ReferenceHandle::ReferenceHandle(std::shared_ptr<VmHandle> of, jit_ref* taken, Kind kind)
    : Handle(of->environment(), kind), vm(std::move(of)), ref(taken) {}
void ReferenceHandle::release() noexcept { vm->lib().ref_release(std::exchange(ref, nullptr)); }

ComputationHandle::ComputationHandle(std::shared_ptr<VmHandle> of, jit_computation* taken)
    : Handle(of->environment(), kKind), vm(std::move(of)), computation(taken) {}
void ComputationHandle::release() noexcept { vm->lib().computation_release(std::exchange(computation, nullptr)); }

ErrorHandle::ErrorHandle(std::shared_ptr<VmHandle> of, jit_error* taken)
    : Handle(of->environment(), kKind), vm(std::move(of)), error(taken) {}
void ErrorHandle::release() noexcept { vm->lib().error_release(std::exchange(error, nullptr)); }

napi_value make_external(napi_env env, std::shared_ptr<Handle> handle) {
  auto share = std::make_unique<Share>();
  share->handle = std::move(handle);
  napi_value external;
  check(env, napi_create_external(
                 env, share.get(), [](napi_env, void* data, void*) { delete static_cast<Share*>(data); }, nullptr,
                 &external));
  share.release();
  return external;
}

std::shared_ptr<Handle> handle_behind(napi_env env, napi_value value) {
  napi_valuetype type;
  void* data = nullptr;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external) return nullptr;
  if (napi_get_value_external(env, value, &data) != napi_ok || !data) return nullptr;
  auto* share = static_cast<Share*>(data);
  return share->magic == kMagic ? share->handle : nullptr;
}

template <class T>
std::shared_ptr<T> unwrap(napi_env env, napi_value value) {
  std::shared_ptr<Handle> handle = handle_behind(env, value);
  if (!handle || handle->kind() != T::kKind)
    throw_type_error(env, "this is no handle of Terrace of the kind that is needed");
  return std::static_pointer_cast<T>(handle);
}

template std::shared_ptr<EngineHandle> unwrap(napi_env, napi_value);
template std::shared_ptr<VmHandle> unwrap(napi_env, napi_value);
template std::shared_ptr<ReferenceHandle> unwrap(napi_env, napi_value);
template std::shared_ptr<ViewHandle> unwrap(napi_env, napi_value);
template std::shared_ptr<ComputationHandle> unwrap(napi_env, napi_value);
template std::shared_ptr<ErrorHandle> unwrap(napi_env, napi_value);

}  // namespace terrace::node
