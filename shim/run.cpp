// shim/run.cpp: eval, call, and computations that were set aside.
#include "call.hpp"
#include "convert.hpp"

namespace terrace::shim {

using engine::Outcome;
using namespace value;

namespace {

// What a jit_computation handle stands for.
struct ComputationHolder {
  std::shared_ptr<Vm> vm;
  std::shared_ptr<effect::Computation> computation;
  std::atomic<bool> used{false};

  ~ComputationHolder() {
    if (!used) vm->instance->abandon(std::move(computation));
  }
};

jit_computation* make_computation(Vm& vm, std::shared_ptr<effect::Computation> computation) {
  auto holder = std::make_shared<ComputationHolder>();
  holder->vm = vm.shared_from_this();
  holder->computation = std::move(computation);
  return static_cast<jit_computation*>(make_handle(Kind::kComputation, std::move(holder)));
}

// The outputs of one run.
struct Results {
  jit_value* result;
  jit_computation** computation;
  bool can_suspend() const { return computation != nullptr; }
};

jit_status finish(Call& call, Outcome&& outcome, Results to) {
  if (outcome.kind == Outcome::Kind::kDone && is_fixnum(outcome.value)) [[likely]] {
    to_host(call.vm, outcome.value, to.result);
    return JIT_OK;
  }
  if (outcome.kind == Outcome::Kind::kFailed) return call.report.raised(call.vm, outcome.value);
  if (outcome.computation) *to.computation = make_computation(call.vm, std::move(outcome.computation));
  if (outcome.kind == Outcome::Kind::kInterrupted) return JIT_INTERRUPTED;
  to_host(call.vm, outcome.value, to.result);
  return outcome.kind == Outcome::Kind::kSuspended ? JIT_SUSPENDED : JIT_OK;
}

jit_status check_text(Report& report, const char* name, const char* text, size_t length) {
  if (text || !length) return JIT_OK;
  return report.fail(JIT_E_ARGUMENT, "'%s' is NULL but has a length of %zu", name, length);
}

std::string_view view(const char* text, size_t length) { return length ? std::string_view(text, length) : ""; }

// Enters the vm of a computation, marks it used, and runs body(call, computation).
template <class Body>
jit_status with_computation(const char* where, jit_computation* handle, bool wanted, jit_error** err, Body&& body) {
  return guarded(where, err, [&](Report& report) -> jit_status {
    Pin pin(Kind::kComputation, handle);
    if (!pin) return report.bad_handle("computation", handle);
    auto& holder = pin.as<ComputationHolder>();
    if (!wanted) return report.no_output("result");
    auto inner = [&](Call& call) -> jit_status { return body(call, holder); };
    return enter(report, *holder.vm, nullptr, inner);
  });
}

// The computation, for the one who asks first; null with the failure reported otherwise.
std::shared_ptr<effect::Computation> use(ComputationHolder& holder, Report& report) {
  if (!holder.used.exchange(true)) return std::move(holder.computation);
  report.fail(JIT_E_STATE, "the computation was resumed or cancelled before; each can go on once");
  return nullptr;
}

}  // namespace

}  // namespace terrace::shim

using namespace terrace;
using namespace terrace::shim;

jit_status jit_eval(jit_vm* vm, const char* source, size_t length, const char* name, jit_value* result,
                    jit_computation** computation, jit_error** err) {
  const bool wanted = clear(result);
  clear(computation);
  return inside("jit_eval", vm, err, [&](Call& call) -> jit_status {
    if (!wanted) return call.report.no_output("result");
    if (jit_status status = check_text(call.report, "source", source, length)) return status;
    const Results to{result, computation};
    return finish(call, call.instance().eval(view(source, length), name ? name : "eval", to.can_suspend()), to);
  });
}

jit_status jit_call(jit_vm* vm, const jit_value* function, const jit_value* arguments, size_t count, jit_value* result,
                    jit_computation** computation, jit_error** err) {
  const bool wanted = clear(result);
  clear(computation);
  return inside("jit_call", vm, err, [&](Call& call) -> jit_status {
    if (!wanted) return call.report.no_output("result");
    Value callee;
    if (jit_status status = function_from_host(call, function, &callee)) return status;
    Arguments values(call);
    if (jit_status status = values.convert(arguments, count, "argument")) return status;
    const Results to{result, computation};
    return finish(call, call.instance().call(callee, values.values(), to.can_suspend()), to);
  });
}

jit_status jit_resume(jit_computation* computation, const jit_value* answer, jit_value* result, jit_computation** next,
                      jit_error** err) {
  const bool wanted = clear(result);
  clear(next);
  return with_computation("jit_resume", computation, wanted, err, [&](Call& call, ComputationHolder& holder) {
    Value value = value::kNil;
    if (answer)
      if (jit_status status = from_host(call, *answer, Place{"the answer"}, &value)) return status;
    auto set_aside = use(holder, call.report);
    if (!set_aside) return jit_status{JIT_E_STATE};
    const Results to{result, next};
    return finish(call, call.instance().resume(set_aside, value, to.can_suspend()), to);
  });
}

jit_status jit_resume_error(jit_computation* computation, const char* message, size_t length, jit_value* result,
                            jit_computation** next, jit_error** err) {
  const bool wanted = clear(result);
  clear(next);
  return with_computation("jit_resume_error", computation, wanted, err, [&](Call& call, ComputationHolder& holder) {
    if (jit_status status = check_text(call.report, "message", message, length)) return status;
    auto set_aside = use(holder, call.report);
    if (!set_aside) return jit_status{JIT_E_STATE};
    const Results to{result, next};
    return finish(call, call.instance().resume_error(set_aside, view(message, length), to.can_suspend()), to);
  });
}

jit_status jit_cancel(jit_computation* computation, jit_error** err) {
  return with_computation("jit_cancel", computation, true, err, [](Call& call, ComputationHolder& holder) {
    auto set_aside = use(holder, call.report);
    if (!set_aside) return jit_status{JIT_E_STATE};
    call.instance().cancel(set_aside);
    return jit_status{JIT_OK};
  });
}

jit_computation* jit_computation_retain(jit_computation* computation) {
  return retain_handle(Kind::kComputation, computation) ? computation : nullptr;
}
void jit_computation_release(jit_computation* computation) { release_handle(Kind::kComputation, computation); }
