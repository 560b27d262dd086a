// shim/control.cpp: thresholds, budgets, pins and the rest of what steers compilation.
#include "call.hpp"
#include "convert.hpp"

using namespace terrace;
using namespace terrace::shim;
using engine::Engine;

namespace {

// A call on an engine that takes a name or pattern: body(engine, text) answers a status, JIT_E_NOT_FOUND for an unknown
// one.
template <class Body>
jit_status with_name(const char* where, jit_engine* engine, const char* name, size_t length, jit_error** err,
                     Body&& body) {
  return with_engine(where, engine, err, [&](Engine& e, Report& report) -> jit_status {
    if (!name || !length) return report.fail(JIT_E_ARGUMENT, "a name is needed");
    std::string_view text(name, length);
    if (body(e, text)) return JIT_OK;
    return report.fail(JIT_E_NOT_FOUND, "%s is not there to be taken back", std::string(text).c_str());
  });
}

}  // namespace

jit_status jit_set_threshold(jit_engine* engine, int64_t calls, jit_error** err) {
  return with_engine("jit_set_threshold", engine, err, [&](Engine& e, Report&) {
    e.set_threshold(calls < 0 ? 0 : calls);
    return jit_status{JIT_OK};
  });
}

jit_status jit_set_budget(jit_engine* engine, int64_t entries, jit_error** err) {
  return with_engine("jit_set_budget", engine, err, [&](Engine& e, Report& report) -> jit_status {
    if (entries < 0)
      return report.fail(JIT_E_RANGE, "a budget of %lld entries; use 0 to cache nothing",
                         static_cast<long long>(entries));
    e.set_budget(entries);
    return JIT_OK;
  });
}

jit_status jit_set_budget_bytes(jit_engine* engine, uint64_t bytes, jit_error** err) {
  return with_engine("jit_set_budget_bytes", engine, err, [&](Engine& e, Report&) {
    e.set_budget_bytes(bytes);
    return jit_status{JIT_OK};
  });
}

jit_status jit_pin(jit_engine* engine, const char* name, size_t length, jit_error** err) {
  return with_name("jit_pin", engine, name, length, err, [](Engine& e, std::string_view text) {
    e.pin(text);
    return true;
  });
}

jit_status jit_unpin(jit_engine* engine, const char* name, size_t length, jit_error** err) {
  return with_name("jit_unpin", engine, name, length, err,
                   [](Engine& e, std::string_view text) { return e.unpin(text); });
}

jit_status jit_reset(jit_engine* engine, jit_error** err) {
  return with_engine("jit_reset", engine, err, [](Engine& e, Report&) {
    e.reset();
    return jit_status{JIT_OK};
  });
}

jit_status jit_clear_cold(jit_engine* engine, uint32_t generations, uint64_t* dropped, jit_error** err) {
  clear(dropped);
  return with_engine("jit_clear_cold", engine, err, [&](Engine& e, Report&) {
    const uint64_t count = e.clear_cold(generations);
    if (dropped) *dropped = count;
    return jit_status{JIT_OK};
  });
}

jit_status jit_exclude(jit_engine* engine, const char* pattern, size_t length, jit_error** err) {
  return with_name("jit_exclude", engine, pattern, length, err, [](Engine& e, std::string_view text) {
    e.exclude(text);
    return true;
  });
}

jit_status jit_allow(jit_engine* engine, const char* pattern, size_t length, jit_error** err) {
  return with_name("jit_allow", engine, pattern, length, err,
                   [](Engine& e, std::string_view text) { return e.allow(text); });
}

jit_status jit_wait(jit_engine* engine, uint32_t milliseconds, uint32_t* idle, jit_error** err) {
  clear(idle);
  return with_engine("jit_wait", engine, err, [&](Engine& e, Report&) {
    const bool nothing_left = e.wait_idle(milliseconds);
    if (idle) *idle = nothing_left;
    return jit_status{JIT_OK};
  });
}

jit_status jit_optimize(jit_vm* vm, const jit_value* function, uint32_t tier, jit_error** err) {
  return inside("jit_optimize", vm, err, [&](Call& call) -> jit_status {
    if (tier != JIT_MODE_BASE && tier != JIT_MODE_OPT)
      return call.report.fail(JIT_E_ARGUMENT, "tier %u is neither JIT_MODE_BASE nor JIT_MODE_OPT", tier);
    Value f;
    if (jit_status status = function_from_host(call, function, &f)) return status;
    std::string why_not;
    if (call.instance().optimize(f, static_cast<engine::Mode>(tier), &why_not)) return JIT_OK;
    return call.report.fail(JIT_E_STATE, "the function was not compiled: %s", why_not.c_str());
  });
}

jit_status jit_demote(jit_vm* vm, const jit_value* function, jit_error** err) {
  return inside("jit_demote", vm, err, [&](Call& call) -> jit_status {
    Value f;
    if (jit_status status = function_from_host(call, function, &f)) return status;
    call.instance().demote(f);
    return JIT_OK;
  });
}

namespace {

jit_status set_pinned(const char* where, jit_vm* vm, const jit_value* function, bool pinned, jit_error** err) {
  return inside(where, vm, err, [&](Call& call) -> jit_status {
    Value f;
    if (jit_status status = function_from_host(call, function, &f)) return status;
    call.instance().set_pinned(f, pinned);
    return JIT_OK;
  });
}

}  // namespace

jit_status jit_pin_function(jit_vm* vm, const jit_value* function, jit_error** err) {
  return set_pinned("jit_pin_function", vm, function, true, err);
}

jit_status jit_unpin_function(jit_vm* vm, const jit_value* function, jit_error** err) {
  return set_pinned("jit_unpin_function", vm, function, false, err);
}

jit_status jit_memory_pressure(jit_engine* engine, uint32_t level, uint64_t* bytes, jit_error** err) {
  clear(bytes);
  return with_engine("jit_memory_pressure", engine, err, [&](Engine& e, Report& report) -> jit_status {
    if (level != JIT_PRESSURE_MODERATE && level != JIT_PRESSURE_CRITICAL)
      return report.fail(JIT_E_ARGUMENT, "level %u is neither JIT_PRESSURE_MODERATE nor JIT_PRESSURE_CRITICAL", level);
    const uint64_t given = e.memory_pressure(level);
    if (bytes) *bytes = given;
    return JIT_OK;
  });
}

jit_status jit_idle(jit_engine* engine, uint64_t budget_ns, uint32_t* more, jit_error** err) {
  clear(more);
  return with_engine("jit_idle", engine, err, [&](Engine& e, Report&) {
    const bool left = e.idle(budget_ns);
    if (more) *more = left;
    return jit_status{JIT_OK};
  });
}
