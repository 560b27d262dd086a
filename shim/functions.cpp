// shim/functions.cpp: globals, functions of the host, objects of the host.
//
// Answers for: what a callback is given, and believing nothing that it answers before it was checked. Not for: bringing
// the call to the host's stack (engine).
#include <array>

#include "call.hpp"
#include "convert.hpp"
#include "options.hpp"

namespace terrace::shim {

using namespace value;

namespace {

// What a callback is called with. The references in it last as long as the call.
class HostArguments {
 public:
  HostArguments(Vm& vm, const Value* args, uint64_t count) {
    if (count > kFew) many_ = std::make_unique<jit_value[]>(count);
    values_ = many_ ? many_.get() : few_.data();
    try {
      for (; made_ < count; made_++) to_host(vm, args[made_], &values_[made_]);
    } catch (...) {
      release();
      throw;
    }
  }
  ~HostArguments() { release(); }
  HostArguments(const HostArguments&) = delete;
  HostArguments& operator=(const HostArguments&) = delete;
  const jit_value* data() const { return values_; }

 private:
  static constexpr uint64_t kFew = 8;
  void release() noexcept {
    for (uint64_t i = 0; i < made_; i++)
      if (values_[i].kind == JIT_REF) release_handle(Kind::kRef, values_[i].as.ref);
  }
  std::array<jit_value, kFew> few_;
  std::unique_ptr<jit_value[]> many_;
  jit_value* values_ = nullptr;
  uint64_t made_ = 0;
};

// Takes over what a callback left in *err and *result.
class Answer {
 public:
  ~Answer() {
    if (result.kind == JIT_REF) release_handle(Kind::kRef, result.as.ref);
    release_handle(Kind::kError, error);
  }
  jit_value result{};
  jit_error* error = nullptr;
};

// One function of the host.
class HostRecord {
 public:
  HostRecord(Vm& vm, std::string_view name, jit_host_fn function, jit_finalizer finalizer, void* env)
      : vm_(vm),
        name_(name),
        where_("host function " + name_),
        function_(function),
        registration_(finalizer, env, vm.finalizers) {}
  void arm() { registration_.arm(); }

  Value call(VmState* state, const Value* args, uint64_t count) noexcept {
    try {
      return call_checked(state, args, count);
    } catch (const std::bad_alloc&) {
      return frame::raise_error(state, frame::ErrorKind::kHost, "%s: no memory for the call", name_.c_str());
    } catch (const std::bad_weak_ptr&) {
      return frame::raise_error(state, frame::ErrorKind::kHost, "%s: its vm is being released", name_.c_str());
    } catch (const std::exception& e) {
      return frame::raise_error(state, frame::ErrorKind::kHost, "%s: %s", name_.c_str(), e.what());
    }
  }

 private:
  Value call_checked(VmState* state, const Value* args, uint64_t count) {
    LentVm lent(vm_);
    Answer answer;
    HostArguments arguments(vm_, args, count);
    jit_status status;
    {
      engine::HostFloats floats(*vm_.instance);
      status = function_(registration_.env(), lent.handle(), arguments.data(), count, &answer.result, &answer.error);
    }
    return status == JIT_OK ? accept(state, answer) : refuse(state, status, answer.error);
  }

  // The result, or host-error when it is no value of this vm.
  Value accept(VmState* state, const Answer& answer) {
    jit_error* problem = nullptr;
    Report report(where_.c_str(), &problem);
    Call call{report, vm_, state, kNil};
    Value value;
    if (from_host(call, answer.result, Place{"the result"}, &value) == JIT_OK) return value;
    Value unwinding = raise_text(state, problem, "its result is no value of this vm");
    release_handle(Kind::kError, problem);
    return unwinding;
  }

  // Raises what the failure was: the same value again when the error came out of this vm.
  Value refuse(VmState* state, jit_status status, const jit_error* error) {
    Pin pin(Kind::kError, error);
    if (pin && pin.as<ErrorRecord>().vm.get() == &vm_)
      return frame::raise(state, vm_.instance->reference(pin.as<ErrorRecord>().reference));
    if (status > 0) return raise_text(state, nullptr, "it answered a status that is neither JIT_OK nor a failure");
    return raise_text(state, error, jit_status_name(status));
  }

  Value raise_text(VmState* state, const jit_error* error, const char* otherwise) {
    Pin pin(Kind::kError, error);
    const bool has_text = pin && !pin.as<ErrorRecord>().message.empty();
    std::string text = has_text ? pin.as<ErrorRecord>().message : otherwise;
    return frame::raise_error_with(state, frame::ErrorKind::kHost, name_ + ": " + text, kNil);
  }

  Vm& vm_;  // holds the instance that holds this record
  std::string name_;
  std::string where_;
  jit_host_fn function_;
  Registration registration_;
};

jit_status check_name(Report& report, const char* name, size_t length) {
  if (name && length) return JIT_OK;
  return report.fail(JIT_E_ARGUMENT, "a name is needed");
}

jit_status define_function(Call& call, std::string_view name, int32_t min_args, int32_t max_args,
                           std::shared_ptr<HostRecord> record) {
  if (min_args < 0 || (max_args >= 0 && max_args < min_args) || max_args > frame::kMaxXargs)
    return call.report.fail(JIT_E_RANGE, "%d to %d arguments make no sense", min_args, max_args);
  HostRecord& defined = *record;
  call.instance().define_host_function(name, min_args, max_args < 0 ? -1 : max_args,
                                       [record = std::move(record)](VmState* state, const Value* args, uint64_t count) {
                                         return record->call(state, args, count);
                                       });
  defined.arm();
  return JIT_OK;
}

// What the collector calls for a dead HostObject: on a computation's stack, so the host's own code waits.
void host_object_died(void*, Object* object) {
  auto* host = static_cast<HostObject*>(object);
  Finalizers::due(static_cast<Finalizer*>(std::exchange(host->env, nullptr)));
}

}  // namespace

Value make_host_object(Call& call, void* pointer, uint64_t type_id, jit_finalizer finalizer, void* env) {
  std::unique_ptr<Finalizer> waiting;
  if (finalizer) waiting.reset(new Finalizer{finalizer, env, call.vm.finalizers});
  auto* host = call.heap().make<HostObject>(Type::kHostObject);
  host->pointer = pointer;
  host->finalizer = nullptr;
  host->env = nullptr;
  host->type_id = type_id;
  host->reserved = 0;
  if (waiting) call.heap().add_finalizable(host, &host_object_died, nullptr);
  host->env = waiting.release();
  return from_object(host);
}

}  // namespace terrace::shim

using namespace terrace;
using namespace terrace::shim;

jit_status jit_define(jit_vm* vm, const char* name, size_t length, const jit_value* value, jit_error** err) {
  return inside("jit_define", vm, err, [&](Call& call) -> jit_status {
    if (jit_status status = check_name(call.report, name, length)) return status;
    if (!value) return call.report.fail(JIT_E_ARGUMENT, "'value' is NULL");
    Value v;
    if (jit_status status = from_host(call, *value, Place{"the value"}, &v)) return status;
    call.instance().vm().define({name, length}, v);
    return JIT_OK;
  });
}

jit_status jit_lookup(jit_vm* vm, const char* name, size_t length, jit_value* result, jit_error** err) {
  const bool wanted = clear(result);
  return inside("jit_lookup", vm, err, [&](Call& call) -> jit_status {
    if (!wanted) return call.report.no_output("result");
    if (jit_status status = check_name(call.report, name, length)) return status;
    Value cell = value::as<value::Symbol>(call.instance().vm().intern({name, length}))->cell;
    Value v = value::is_type(cell, value::Type::kCell) ? value::as<value::Cell>(cell)->value : value::kUnbound;
    if (v == value::kUnbound)
      return call.report.fail(JIT_E_NOT_FOUND, "no global is named %.*s",
                              static_cast<int>(std::min<size_t>(length, 200)), name);
    to_host(call.vm, v, result);
    return JIT_OK;
  });
}

jit_status jit_define_function(jit_vm* vm, const char* name, size_t length, int32_t min_args, int32_t max_args,
                               jit_host_fn function, void* env, jit_finalizer finalizer, jit_error** err) {
  return inside("jit_define_function", vm, err, [&](Call& call) -> jit_status {
    if (jit_status status = check_name(call.report, name, length)) return status;
    if (!function) return call.report.fail(JIT_E_ARGUMENT, "'function' is NULL");
    std::string_view text(name, length);
    return define_function(call, text, min_args, max_args,
                           std::make_shared<HostRecord>(call.vm, text, function, finalizer, env));
  });
}

jit_status jit_host_object_new(jit_vm* vm, void* pointer, uint64_t type_id, jit_finalizer finalizer, jit_ref** out,
                               jit_error** err) {
  const bool wanted = clear(out);
  return inside("jit_host_object_new", vm, err, [&](Call& call) -> jit_status {
    if (!wanted) return call.report.no_output("out");
    Value object = make_host_object(call, pointer, type_id, finalizer, pointer);
    *out = make_ref(call.vm, object);
    return JIT_OK;
  });
}

jit_status jit_host_object_get(const jit_ref* object, uint64_t type_id, void** pointer, jit_error** err) {
  const bool wanted = clear(pointer);
  return inside("jit_host_object_get", object, err, [&](Call& call) -> jit_status {
    if (!wanted) return call.report.no_output("pointer");
    if (!value::is_type(call.self, value::Type::kHostObject))
      return call.report.fail(JIT_E_TYPE, "the value is no host object");
    const auto& host = *value::as<value::HostObject>(call.self);
    if (host.type_id != type_id)
      return call.report.fail(JIT_E_TYPE, "the host object has type id %llu, not %llu",
                              static_cast<unsigned long long>(host.type_id), static_cast<unsigned long long>(type_id));
    *pointer = host.pointer;
    return JIT_OK;
  });
}
