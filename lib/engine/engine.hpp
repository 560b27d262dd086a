// engine/engine.hpp: the composition of all rooms, and the only header that shim/ includes of lib/ beside value, heap, frame, prims
// and text.
//
// Answers for: what the C interface can ask, in C++ terms. Not for: checking handles and translating (shim/).
// Threads: an Engine by any thread; an Instance by the one that holds an Entry for it, except where a member says otherwise.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "effect/switchboard.hpp"
#include "frame/vm.hpp"
#include "heap/heap.hpp"
#include "observe/events.hpp"
#include "tier/policy.hpp"

namespace terrace::engine {

using tier::Mode;

struct EngineOptions {
  size_t preset = 0;                                    // the number of a preset (tier/presets.def)
  std::vector<std::pair<tier::Param, int64_t>> params;  // what differs from the preset, within its bounds
  std::string worker_path;                              // empty: TERRACE_WORKER, then beside the library
  std::optional<std::string> store_path;                // a directory, or "off"; nothing: see store/place.hpp
  uint64_t store_limit = 0;                             // bytes of it; 0: the usual
  observe::Events::Listener on_event;                   // may be empty
};

struct Statistics {
  uint64_t entries = 0, budget = 0, bytes = 0, budget_bytes = 0;
  int64_t threshold = 0;
  uint64_t hits = 0, misses = 0, evictions = 0, resets = 0, pinned = 0;
  uint64_t base_entries = 0, opt_entries = 0, base_compiles = 0, opt_compiles = 0;
  uint64_t base_compile_ns = 0, opt_compile_ns = 0, queued = 0, refused = 0, retired_bytes = 0;
  uint64_t worker_starts = 0, worker_deaths = 0, promotions = 0, heap_bytes = 0, heap_collections = 0;
  uint64_t store_hits = 0, store_misses = 0, store_writes = 0, store_written_bytes = 0, store_rejected = 0;
  uint64_t deopts = 0, invalidations = 0, workers = 0, batches = 0, functions = 0, shared = 0, events_lost = 0;
  std::vector<std::pair<std::string, uint64_t>> refusals;  // by reason, only those that happened
  std::vector<std::pair<std::string, uint64_t>> store_problems;  // the same
};

class Engine {
 public:
  static std::shared_ptr<Engine> make(EngineOptions options);
  ~Engine();

  // The parameters of tier/params.def (engine/parameters.cpp).
  enum class SetResult { kDone, kOutOfBounds, kTooLate };
  int64_t param(tier::Param param) const;
  SetResult set_param(tier::Param param, int64_t value);
  void set_preset(size_t preset);
  std::string param_json(tier::Param param) const;
  std::string params_json() const;

  // What does not fit the bounds of the parameter is brought within them.
  void set_threshold(int64_t calls);
  void set_budget(int64_t entries);
  void set_budget_bytes(uint64_t bytes);
  void pin(std::string_view name);
  bool unpin(std::string_view name);
  void reset();
  uint64_t clear_cold(uint32_t generations);
  void exclude(std::string_view pattern);
  bool allow(std::string_view pattern);
  bool wait_idle(uint32_t milliseconds);
  Statistics statistics();

  // The statistics, the tiers and the hottest functions (engine/report.cpp).
  std::string report();
  std::string report_json();
  // The events that are kept, as a JSON array; empty when there are none.
  std::string poll_events();

  // Gives memory back to the system (engine/housekeeping.cpp); answers how many bytes it knows of.
  uint64_t memory_pressure(uint32_t level);
  // Works for at most so long on what can wait; whether something is left to do.
  bool idle(uint64_t budget_ns);

  struct State;
  State& state() { return *state_; }

 private:
  Engine();
  std::unique_ptr<State> state_;
};

// The store that an engine with this store_path would use, looked at from outside: directory and entries, each checked, as JSON.
std::string store_json(const std::optional<std::string>& store_path);
// Empties it; *removed counts entries. False with *why when nothing could be done.
bool clear_store(const std::optional<std::string>& store_path, uint64_t* removed, std::string* why);

struct InstanceOptions {
  uint64_t heap_limit = uint64_t{4} << 30;
  uint64_t stack_limit = uint64_t{256} << 20;
  uint64_t fuel_ms = 0;       // processor time of a computation; 0: no limit
  uint64_t output_limit = 0;  // bytes that a computation may write; 0: no limit
  bool no_control = false;    // primitives that change what other vms share are refused
  bool gc_stress = false;
  std::function<void(const char* data, size_t size)> write;  // called as host functions are
};

// A host function as the interpreter sees it: called on the host's stack inside the call that entered the vm.
// Answers a Value, or kUnwind after raising.
using HostFunction = std::function<Value(VmState* vm, const Value* args, uint64_t argc)>;

struct Outcome {
  enum class Kind { kDone, kSuspended, kInterrupted, kFailed } kind;
  Value value;  // result, request list, or the raised value
  std::shared_ptr<effect::Computation> computation;  // set when suspended or interrupted
};

// One vm with its computations.
class Instance : public std::enable_shared_from_this<Instance> {
 public:
  // Null when there is no memory for it.
  static std::shared_ptr<Instance> make(std::shared_ptr<Engine> engine, InstanceOptions options);
  ~Instance();

  frame::Vm& vm() { return *vm_; }
  VmState* state() { return &vm_->state; }
  Engine& engine() { return *engine_; }
  std::shared_ptr<Engine> engine_handle() { return engine_; }

  // Running: inside an Entry only. When can_suspend is false an effect that reaches the host becomes an unhandled-effect error
  // and an interrupt cancels (kFailed with kind cancelled).
  Outcome eval(std::string_view source, std::string_view name, bool can_suspend);
  Outcome call(Value function, std::span<const Value> args, bool can_suspend);
  Outcome resume(const std::shared_ptr<effect::Computation>& computation, Value answer, bool can_suspend);
  Outcome resume_error(const std::shared_ptr<effect::Computation>& computation, std::string_view message, bool can_suspend);
  void cancel(const std::shared_ptr<effect::Computation>& computation);
  void define_host_function(std::string_view name, int min_args, int max_args, HostFunction function);
  // Any thread: the computation is cancelled at the next Entry.
  void abandon(std::shared_ptr<effect::Computation> computation);
  // Any thread, async-signal-safe.
  void interrupt();

  // Tier control of one function.
  bool optimize(Value function, Mode tier, std::string* why_not);
  void demote(Value function);
  std::string explain_json(Value function);
  // By its name when it has one, so that a later definition of the name is pinned as well.
  void set_pinned(Value function, bool pinned);

  // Housekeeping, from any thread: collects now when nobody is inside, and the heap has enough garbage and the time is likely to
  // suffice, else says that something is left to do; answers the bytes given back.
  uint64_t collect_if_idle(bool only_if_worth, uint64_t longest_ns, bool* left_to_do);
  // The thread that is inside collects when it leaves.
  void collect_when_left();
  bool is_entered() const;

  // References held by the host: a slot per live handle. Adding inside an Entry; dropping from any thread.
  uint32_t add_reference(Value v);
  Value reference(uint32_t slot) const;
  void drop_reference(uint32_t slot);

 private:
  friend class Entry;
  friend class HostFloats;
  Instance();
  Outcome no_stack();
  std::shared_ptr<Engine> engine_;
  std::unique_ptr<frame::Vm> vm_;

 public:
  struct State;

 private:
  std::unique_ptr<State> state_;
};

// Stands on the host's stack while a thread is inside a vm: takes the vm for this thread (again, when a host function calls back),
// sets the default floating-point environment and restores the host's, makes this part of the host's stack visible to the
// collector, and on the way out runs what was queued by other threads.
class Entry {
 public:
  // Housekeeping goes in only where nobody is, and runs nothing that is left to do; whoever comes meanwhile waits.
  enum class Visit : uint8_t { kCall, kHousekeeping };
  explicit Entry(Instance& instance, Visit visit = Visit::kCall);
  ~Entry();
  Entry(const Entry&) = delete;
  bool ok() const { return ok_; }  // false: another thread is inside

 private:
  void restore_floats() const;
  Instance& instance_;
  const Visit visit_;
  bool ok_;
  uint32_t mxcsr_ = 0;
  uint16_t x87_ = 0;
  effect::HostSegment segment_;
  Entry* outer_ = nullptr;
  friend class Instance;
  friend class HostFloats;
};

// Around a call of the host's own code inside an Entry: the host's floating-point environment during it, the default one after it.
class HostFloats {
 public:
  explicit HostFloats(Instance& instance);
  ~HostFloats();
  HostFloats(const HostFloats&) = delete;
};

}  // namespace terrace::engine
