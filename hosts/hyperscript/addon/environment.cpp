// addon/environment.cpp: the life of an environment.
#include "environment.hpp"

#include <iterator>

#include "handles.hpp"
#include "js.hpp"

namespace terrace::node {

namespace {

constexpr const char* kImportNames[] = {
#define TERRACE_NODE_NAME(name) #name,
    TERRACE_NODE_IMPORTS(TERRACE_NODE_NAME)
#undef TERRACE_NODE_NAME
};

using Owner = std::shared_ptr<Environment>;

}  // namespace

Environment& Environment::of(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return **static_cast<Owner*>(data);
}

napi_status Environment::install(napi_env env) {
  auto* owner = new Owner(std::make_shared<Environment>(env));
  napi_status status = napi_set_instance_data(
      env, owner, [](napi_env, void* data, void*) { delete static_cast<Owner*>(data); }, nullptr);
  if (status != napi_ok) {
    delete owner;
    return status;
  }
  return napi_add_env_cleanup_hook(
      env, [](void* data) { static_cast<Environment*>(data)->end(); }, owner->get());
}

void Environment::set_up(napi_value imports, bool is_worker) {
  is_worker_ = is_worker;
  napi_value array;
  check(env_, napi_create_array(env_, &array));
  for (uint32_t i = 0; i < std::size(kImportNames); i++)
    check(env_, napi_set_element(env_, array, i, property(env_, imports, kImportNames[i])));
  check(env_, napi_create_reference(env_, array, 1, &imports_));
}

napi_value Environment::import(Import which) {
  napi_value array, value;
  check(env_, napi_get_reference_value(env_, imports_, &array));
  check(env_, napi_get_element(env_, array, static_cast<uint32_t>(which), &value));
  return value;
}

napi_value Environment::call(Import function, std::initializer_list<napi_value> arguments) {
  napi_value undefined, result;
  check(env_, napi_get_undefined(env_, &undefined));
  check(env_, napi_call_function(env_, undefined, import(function), arguments.size(), arguments.begin(), &result));
  return result;
}

bool Environment::can_run() {
  if (ended_) return false;
  try {
    Scope scope(env_);
    call(Import::nothing, {});
    return true;
  } catch (const Pending&) {
    return false;
  }
}

void Environment::add(Handle& handle) {
  handle.next_ = first_;
  if (first_) first_->previous_ = &handle;
  first_ = &handle;
}

void Environment::remove(Handle& handle) {
  if (handle.previous_) handle.previous_->next_ = handle.next_;
  if (handle.next_) handle.next_->previous_ = handle.previous_;
  if (first_ == &handle) first_ = handle.next_;
  handle.next_ = handle.previous_ = nullptr;
}

void Environment::release_all_of(const Handle& vm) {
  for (Handle* handle = first_; handle; handle = handle->next_)
    if (handle->belongs_to() == &vm) handle->release();
}

// Everything of the library goes while Node can still delete references; the handles themselves go with their
// finalizers.
void Environment::end() {
  ended_ = true;
  for (Handle* handle = first_; handle; handle = handle->next_) handle->release();
}

}  // namespace terrace::node
