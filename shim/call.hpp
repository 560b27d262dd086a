// shim/call.hpp: the frame around every function of the interface: check handles, enter the vm, do the work, translate
// what went wrong.
//
// Answers for: no exception crossing the interface, and the order of things around an Entry. Not for: the work.
//
// Invariants:
//  1. Outputs are set before anything is checked (clear).
//  2. A vm is kept alive before it is entered and until after it was left, so a release during the call ends it afterwards.
//  3. Values are held only by frames below `below`, which is never inlined: those frames lie under the Entry on the
//     host's stack, where the collector looks.
//  4. Finalizers of the host run after the Entry has ended.
#pragma once

#include <exception>
#include <new>
#include <utility>

#include "errors.hpp"
#include "handles.hpp"

namespace terrace::shim {

template <class Handle>
struct HandleTraits;
template <>
struct HandleTraits<jit_vm> {
  using Use = VmUse;
  static constexpr Kind kKind = Kind::kVm;
  static constexpr const char* kNoun = "vm";
};
template <>
struct HandleTraits<jit_ref> {
  using Use = Pin;
  static constexpr Kind kKind = Kind::kRef;
  static constexpr const char* kNoun = "reference";
};

inline bool clear(jit_value* out) {
  if (out) *out = jit_value{};
  return out != nullptr;
}
template <class T>
bool clear(T* out) {
  if (out) *out = T{};
  return out != nullptr;
}

// One call inside a vm.
struct Call {
  Report& report;
  Vm& vm;
  VmState* state;
  Value self;  // what the reference stands for, in functions that take one

  heap::Heap& heap() const { return frame::heap_of(state); }
  engine::Instance& instance() const { return *vm.instance; }
  // Answers the failure that a primitive or builder has left pending.
  jit_status pending() { return report.raised(vm, frame::take_error(state)); }
};

// Runs body(report) and turns what it throws into a status.
template <class Body>
jit_status guarded(const char* where, jit_error** err, Body&& body) noexcept {
  Report report(where, err);
  try {
    return body(report);
  } catch (const std::bad_alloc&) {
    return report.no_memory();
  } catch (const std::exception& e) {
    return report.fail(JIT_E_STATE, "the library failed inside (%s); please report this", e.what());
  } catch (...) {
    return report.fail(JIT_E_STATE, "the library failed inside; please report this");
  }
}

template <class Body>
[[gnu::noinline]] jit_status below(Report& report, Vm& vm, const Used* self, Body& body) {
  Value value = self ? vm.instance->reference(self->reference()) : value::kNil;
  Call call{report, vm, vm.instance->state(), value};
  return body(call);
}

// Enters the vm, which the caller keeps alive, and runs body(call).
template <class Body>
jit_status enter(Report& report, Vm& vm, const Used* self, Body& body) {
  jit_status status;
  {
    engine::Entry entry(*vm.instance);
    if (!entry.ok())
      return report.fail(JIT_E_BUSY,
                         "the vm is in use by another thread; wait for that call, or use one vm per thread");
    status = below(report, vm, self, body);
  }
  vm.finalizers->run();
  return status;
}

// A call on an engine: body(engine, report).
template <class Body>
jit_status with_engine(const char* where, const jit_engine* handle, jit_error** err, Body&& body) noexcept {
  return guarded(where, err, [&](Report& report) {
    Pin pin(Kind::kEngine, handle);
    if (!pin) return report.bad_handle("engine", handle);
    return body(*pin.as<EngineHolder>().engine, report);
  });
}

// A call inside the vm of a jit_vm or jit_ref handle: body(call).
template <class Handle, class Body>
jit_status inside(const char* where, const Handle* handle, jit_error** err, Body&& body) noexcept {
  using Traits = HandleTraits<Handle>;
  return guarded(where, err, [&](Report& report) {
    typename Traits::Use used(Traits::kKind, handle);
    if (!used) return report.bad_handle(Traits::kNoun, handle);
    return enter(report, used.template as<Vm>(), Traits::kKind == Kind::kRef ? &used : nullptr, body);
  });
}

}  // namespace terrace::shim
