// cli/session.hpp: one engine and one vm, and how a program is run in it to its end.
//
// Answers for: owning handles, driving a computation through its suspensions and interrupts, reading errors. Not for: which effects
// exist (effects.hpp) or what is shown (repl, main, corpus).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "library.hpp"

namespace terrace::cli {

struct Settings {
  uint32_t mode = JIT_MODE_AUTO;
  std::optional<int64_t> threshold;  // calls before compilation; 0: never
  std::optional<int64_t> budget;     // code cache entries; 0: cache nothing
  std::string preset;                // empty: the library's default
  std::vector<std::string> params;   // NAME=VALUE
  uint64_t heap_limit = 0;           // bytes; 0: the library's default
  uint64_t stack_limit = 0;
  uint64_t fuel = 0;                 // milliseconds of processor time; 0: no limit
  uint64_t output_limit = 0;         // bytes; 0: no limit
  bool no_control = false;
  bool gc_stress = false;
  std::string worker_path;           // empty: the library looks for it
  std::optional<std::string> store;  // directory of compiled code, or "off"; nothing: the usual one
  uint64_t store_limit = 0;          // bytes of it; 0: the library's default
};

// What an SX program or the library reported.
struct Failure {
  std::string kind;     // "type-error"; the status name when it is no SX error
  std::string message;
  std::string source;
  uint32_t line = 0;    // from 1; 0: unknown
  uint32_t column = 0;
  std::string trace;
};

// "file:line:column: kind: message" and the trace, for people.
std::string describe(const Failure& failure);

// A value of the vm, owned: a reference is given back when this ends.
class Value {
 public:
  Value() = default;
  Value(const Library& library, const jit_value& raw) : library_(&library), raw_(raw) {}
  Value(Value&& other) noexcept { swap(other); }
  Value& operator=(Value&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Value() {
    if (library_ != nullptr && raw_.kind == JIT_REF) library_->ref_release(raw_.as.ref);
  }
  const jit_value& raw() const { return raw_; }
  bool is_unspecified() const { return raw_.kind == JIT_UNSPECIFIED; }

 private:
  void swap(Value& other) noexcept {
    std::swap(library_, other.library_);
    std::swap(raw_, other.raw_);
  }
  const Library* library_ = nullptr;
  jit_value raw_{};
};

// A performed effect: its operation's name and its arguments.
struct Request {
  std::string operation;
  std::vector<Value> arguments;
};

// What the host answers: a value (borrowed: from the request, or a scalar), a string, an error message, or by ending the computation.
struct Answer {
  enum class Kind { kValue, kString, kError, kCancel } kind = Kind::kValue;
  jit_value value{};
  std::string text;

  static Answer of(const jit_value& value) { return {Kind::kValue, value, {}}; }
  static Answer string(std::string utf8) { return {Kind::kString, {}, std::move(utf8)}; }
  static Answer error(std::string message) { return {Kind::kError, {}, std::move(message)}; }
  static Answer cancel() { return {Kind::kCancel, {}, {}}; }
};

using EffectHost = std::function<Answer(const Library& library, const Request& request)>;

struct Outcome {
  enum class Kind { kDone, kFailed, kCancelled } kind = Kind::kDone;
  Value value;      // when done
  Failure failure;  // when failed
};

// What several sessions may share: compiler, code cache, statistics.
class Engine {
 public:
  Engine(const Library& library, const Settings& settings);
  ~Engine() { library_.engine_release(engine_); }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // False: `problem()` says why there is none.
  bool ok() const { return engine_ != nullptr; }
  const std::string& problem() const { return problem_; }
  jit_engine* get() const { return engine_; }
  const Library& library() const { return library_; }

  // Whether there is none because the settings make no sense.
  bool refused() const { return status_ == JIT_E_NOT_FOUND || status_ == JIT_E_RANGE || status_ == JIT_E_ARGUMENT; }

  jit_stats_data stats() const;
  std::string stats_json() const { return text(library_.stats_json); }
  std::string report() const { return text(library_.report); }
  std::string report_json() const { return text(library_.report_json); }
  std::string params_json() const { return text(library_.params_json); }

 private:
  // What a function of the library that makes a text says; empty when it fails.
  std::string text(jit_status (*function)(jit_engine*, char**, jit_error**)) const;

  const Library& library_;
  jit_engine* engine_ = nullptr;
  jit_status status_ = JIT_OK;
  std::string problem_;
};

class Session {
 public:
  // What `display` writes goes to `write`.
  Session(Engine& engine, const Settings& settings, std::function<void(std::string_view)> write, EffectHost effects);
  ~Session() { library_.vm_release(vm_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool ok() const { return vm_ != nullptr; }
  const std::string& problem() const { return problem_; }
  jit_vm* vm() const { return vm_; }
  const Library& library() const { return library_; }

  // Asked when a computation was interrupted: true goes on with it, false cancels it. Without it, it is cancelled.
  void on_interrupt(std::function<bool()> policy) { interrupt_policy_ = std::move(policy); }

  // Runs every form of the source and answers what the last one gave.
  Outcome run(std::string_view source, const std::string& name);
  // Calls a global function with strings.
  Outcome call(const std::string& function, const std::vector<std::string>& arguments);
  // Defines a global as a list of strings.
  bool define_strings(const std::string& name, const std::vector<std::string>& strings);
  // Text of a value as `write` or `display` shows it.
  std::string print(const jit_value& value, bool readable) const;

 private:
  // What one call into the library answered.
  struct Step {
    jit_status status = JIT_OK;
    jit_value result{};
    jit_computation* computation = nullptr;
    jit_error* error = nullptr;
  };
  Outcome finish(Step step);
  // Answers what the step asks for and goes on; false when the host cancels instead.
  bool answer(Step* step);
  Step go_on(const Step& interrupted);
  void end(const Step& interrupted);
  Request read_request(const jit_value& list) const;

  const Library& library_;
  jit_vm* vm_ = nullptr;
  std::string problem_;
  std::function<void(std::string_view)> write_;
  EffectHost effects_;
  std::function<bool()> interrupt_policy_;
};

// Reads and releases an error; NULL gives the status' name.
Failure take_failure(const Library& library, jit_status status, jit_error* error);

}  // namespace terrace::cli
