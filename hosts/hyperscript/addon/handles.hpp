// addon/handles.hpp: what the externals that JavaScript holds stand for.
//
// Answers for: owning handles of the library, in any order of release, and checking that an external is one of ours and
// of the right kind. Not for: what is done with them. Invariants: a handle keeps what it depends on (a reference its
// vm, a vm its engine). release() may run long before the handle goes; afterwards the handle answers "closed".
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "environment.hpp"
#include "library.hpp"
#include "watch.hpp"

namespace terrace::node {

class Handle : public std::enable_shared_from_this<Handle> {
 public:
  enum class Kind : uint8_t { kEngine, kVm, kReference, kView, kComputation, kError };
  Handle(Environment& environment, Kind kind);
  virtual ~Handle();
  Handle(const Handle&) = delete;
  // The vm it belongs to, unless it is to outlive it.
  virtual const Handle* belongs_to() const { return nullptr; }
  // Gives back what the library owns; may run again.
  virtual void release() noexcept = 0;
  Environment& environment() const { return *environment_; }
  Kind kind() const { return kind_; }

 private:
  friend class Environment;
  std::shared_ptr<Environment> environment_;
  Kind kind_;
  Handle* next_ = nullptr;
  Handle* previous_ = nullptr;
};

class EventSink;

class EngineHandle final : public Handle {
 public:
  static constexpr Kind kKind = Kind::kEngine;
  EngineHandle(Environment& environment, const Library& library) : Handle(environment, kKind), lib(library) {}
  ~EngineHandle() override { release(); }
  void release() noexcept override;
  const Library& lib;
  jit_engine* engine = nullptr;
};

class Run;
class ToSx;
class ReferenceHandle;

// Primitives that conversions call, fetched before the program can define them anew.
enum class Tool : uint8_t { kMakeError, kErrorKind, kErrorMessage, kErrorIrritants, kDivide, kMakeI64, kCount };

class VmHandle final : public Handle {
 public:
  static constexpr Kind kKind = Kind::kVm;
  VmHandle(std::shared_ptr<EngineHandle> of);
  ~VmHandle() override;
  void release() noexcept override;
  const Library& lib() const { return engine->lib; }
  napi_env env() const { return environment().env(); }
  // The JavaScript object that stands for the vm (lib/vm.js), or undefined when it is gone.
  napi_value core() const;

  std::shared_ptr<EngineHandle> engine;
  jit_vm* vm = nullptr;
  uint32_t id = 0;
  bool arrays_are_lists = false;
  bool dicts_are_objects = false;
  napi_ref core_reference = nullptr;   // weak
  napi_ref write_function = nullptr;   // strong
  napi_ref thrown_by_write = nullptr;  // what the write function threw, until the run ends
  std::array<jit_ref*, static_cast<size_t>(Tool::kCount)> tools{};
  Run* running = nullptr;         // innermost
  std::atomic<bool> stop{false};  // another thread asks the run to end
  Watch::Alarm alarm;
  std::unique_ptr<ToSx> last_answer;  // keeps the text of a host function's answer until the library has read it
};

// Keeps one SX value.
class ReferenceHandle : public Handle {
 public:
  static constexpr Kind kKind = Kind::kReference;
  // Takes the reference over.
  ReferenceHandle(std::shared_ptr<VmHandle> of, jit_ref* taken, Kind kind = kKind);
  ~ReferenceHandle() override { release(); }
  const Handle* belongs_to() const override { return kind() == kKind ? vm.get() : nullptr; }
  void release() noexcept override;
  std::shared_ptr<VmHandle> vm;
  jit_ref* ref;
};

// Keeps a packed vector whose memory a Float64Array shows: it outlives even a closed vm.
class ViewHandle final : public ReferenceHandle {
 public:
  static constexpr Kind kKind = Kind::kView;
  ViewHandle(std::shared_ptr<VmHandle> of, jit_ref* taken) : ReferenceHandle(std::move(of), taken, kKind) {}
};

class ComputationHandle final : public Handle {
 public:
  static constexpr Kind kKind = Kind::kComputation;
  ComputationHandle(std::shared_ptr<VmHandle> of, jit_computation* taken);
  ~ComputationHandle() override { release(); }
  const Handle* belongs_to() const override { return vm.get(); }
  void release() noexcept override;
  std::shared_ptr<VmHandle> vm;
  jit_computation* computation;
};

class ErrorHandle final : public Handle {
 public:
  static constexpr Kind kKind = Kind::kError;
  ErrorHandle(std::shared_ptr<VmHandle> of, jit_error* taken);
  ~ErrorHandle() override { release(); }
  const Handle* belongs_to() const override { return vm.get(); }
  void release() noexcept override;
  std::shared_ptr<VmHandle> vm;
  jit_error* error;
};

// An external that owns a share of the handle.
napi_value make_external(napi_env env, std::shared_ptr<Handle> handle);
// The handle behind an external; null when the value is none of ours.
std::shared_ptr<Handle> handle_behind(napi_env env, napi_value value);

// The handle of that kind; a TypeError otherwise.
template <class T>
std::shared_ptr<T> unwrap(napi_env env, napi_value value);

}  // namespace terrace::node
