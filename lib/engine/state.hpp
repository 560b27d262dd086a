// engine/state.hpp: what engine/*.cpp share: the parts of an Engine and of an Instance.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <unordered_map>

#include "cache/code_cache.hpp"
#include "effect/switchboard.hpp"
#include "engine/engine.hpp"
#include "engine/limits.hpp"
#include "jobs/pool.hpp"
#include "native/loader.hpp"
#include "observe/events.hpp"
#include "observe/reasons.hpp"
#include "store/store.hpp"

namespace terrace::engine {

// Code in memory that is not installed yet, with the records that it knows.
struct Loaded {
  native::LoadedObject object;
  std::vector<cache::Record*> records;
};

// A request on its way to the store and the worker.
struct Pending {
  bytecode::Hash hash{};
  jobs::Tier tier = jobs::Tier::kBase;
  bool is_stored = true;       // false: what is in the store was tried and is not good enough
  store::Key key;              // set when the store was asked
  std::vector<uint8_t> types;  // the same: what the interpreter had seen
  Loaded found;                // what the store had
};

// Which epoch of the cache's clock of use belongs to which time, for a while back.
class UseClock {
 public:
  // Notes the epoch that it is; answers the newest one that is so long ago, 0 when none is known.
  uint64_t before(uint64_t epoch, std::chrono::milliseconds ago);

 private:
  std::mutex mutex_;
  std::deque<std::pair<std::chrono::steady_clock::time_point, uint64_t>> noted_;
};

struct Engine::State {
  explicit State(EngineOptions given);
  ~State();

  // --- compiling (engine/compile.cpp)
  // Asks for code of a function; false with the record's reason set when that is refused at once. Opt code of one that is `often_called` need
  // have no entries at its loops.
  bool request(VmState* vm, value::Proto* proto, jobs::Tier tier, uint64_t* id, bool often_called = false);
  // The functions that opt code of this one may have along (engine/companions.cpp).
  std::vector<jobs::Companion> companions_of(VmState* vm, value::Proto* proto);
  // Also asks for the functions inside it, so that they share a batch; answers the ids.
  void request_all(VmState* vm, value::Proto* proto, jobs::Tier tier, std::vector<uint64_t>* ids);
  void wait_for(const std::vector<uint64_t>& ids);
  void wait_for_function(const bytecode::Hash& hash);
  void on_answer(jobs::BatchAnswer&& batch);
  // Answers why not, with nothing kept.
  observe::Reason load(std::span<const uint8_t> object, const std::string& symbol, Loaded* loaded, std::string* text);
  void unload(const Loaded& loaded);
  observe::Reason install(const jobs::BatchAnswer& batch, const jobs::Answer& answer, const Pending& asked,
                          uint64_t elapsed_ns, std::string* text);

  // --- the store (engine/stored.cpp), on the pool's thread
  // Loads the code of a request if the store has it, and says so in the request.
  bool find_stored(jobs::Request& request, jobs::BatchAnswer* answer);
  // Keeps what the worker made of a request.
  void keep(const jobs::BatchAnswer& batch, const jobs::Answer& answer, const Pending& asked, const std::string& name,
            uint64_t elapsed_ns);
  store::Key key_of(const jobs::Request& request);

  // --- policy
  void tick(VmState* vm, Value closure);
  // Compiled code was left at this pc of the prototype's function; `record` is of the code.
  void deoptimised(VmState* vm, value::Proto* proto, uintptr_t record, uint32_t pc);
  // The interpreter has finished a call of the prototype's function whose code, that of the record, was left.
  void code_left(VmState* vm, value::Proto* proto, uintptr_t record);
  void loop_entry_missing(VmState* vm, value::Proto* proto);
  // Makes the cache know this prototype, until its collector finds it dead.
  void adopt(VmState* vm, value::Proto* proto);
  // The pattern that excludes the name; empty when none does.
  std::string excluded_by(const std::string& name);
  bool excluded(const std::string& name) { return !excluded_by(name).empty(); }
  void event(observe::EventKind kind, std::string function = {}, std::string tier = {},
             observe::Reason reason = observe::Reason::kNone, std::string detail = {});
  void tell_evicted(std::vector<std::string> names);
  void tell_dropped(uint64_t entries, const std::string& why);

  // Drops code that was not used for the time cold_time; answers how many entries (engine/housekeeping.cpp).
  uint64_t drop_cold();

  // --- parameters (engine/parameters.cpp)
  jobs::PoolOptions pool_options();
  void on_worker(jobs::WorkerNews news, const std::string& text);
  // Makes a parameter's value count.
  void apply(tier::Param param);
  void apply_budget();

  EngineOptions options;
  tier::Settings settings;
  cache::CodeCache cache;
  observe::ReasonCounts refusals;
  observe::Events events;
  std::atomic<uint64_t> deopts{0}, invalidations{0};
  std::atomic<uint64_t> promotions{0};
  std::atomic<uint64_t> dead_heap_collections{0};  // of vms that are gone

  std::mutex parameters;              // held while one is set
  std::atomic<bool> started{false};  // a vm was made
  UseClock use_clock;                 // for jit_idle

  std::mutex mutex;  // guards what follows
  std::condition_variable answered;
  std::unordered_map<uint64_t, Pending> pending;
  uint64_t next_id = 1;
  std::vector<std::string> exclusions;
  std::vector<Instance::State*> instances;

  store::Store store;
  // Of the pool's thread:
  std::string worker_identity;  // empty: not known yet, or there is no worker
  std::string compiler;         // empty: no worker has answered yet

  FuelWatch fuel;
  std::unique_ptr<jobs::Pool> pool;  // last: its thread uses all of the above
};

struct HostRecord {
  HostFunction function;
  int min_args;
  int max_args;
  std::string name;
};

// A text on its way from a computation to the host.
struct Output {
  const char* data;
  size_t size;
};

struct Instance::State final : cache::StackOwner {
  State(Instance& instance, InstanceOptions options);
  ~State();
  bool surely_empty() const override;
  void advance(uint32_t epoch) override;
  void ask_for_scan() override;

  // Looks for retired code on this vm's stacks; scan_sometimes only now and then. On the vm's own thread.
  void scan_for_code();
  void scan_sometimes();
  Outcome drive(effect::Computation* c, Value first_answer, bool can_suspend);
  Outcome set_aside(effect::Computation* c, const effect::Message& said);
  Outcome failed();
  // Gives a text to the host, switching to the host's stack first where that is needed; false after raising.
  bool write(const char* data, size_t size);
  // Lets statistics know of the heap.
  void note_heap();
  // Runs what other threads left to do: references dropped, computations abandoned.
  void do_left_work();

  Instance& owner;
  InstanceOptions options;
  HostRecord writer;  // the host's output as a host function; its arguments are one Output
  std::unique_ptr<effect::Switchboard> board;
  std::unique_ptr<Limits> limits;
  std::atomic<uint64_t> entered_by{0};  // thread that is inside, 0: none, kHousekeeper: for a moment
  Entry* innermost = nullptr;
  cache::EpochShare epochs;
  uint64_t entries_since_scan = 0;
  uint64_t bytes_scanned = 0;  // the last time

  std::mutex mutex;  // guards what follows
  std::vector<uint32_t> dropped_references;
  std::vector<std::shared_ptr<effect::Computation>> abandoned;
  std::atomic<bool> has_left_work{false};

  std::unique_ptr<heap::RootedValues> references;
  std::vector<uint32_t> free_references;
  std::atomic<uint64_t> heap_bytes{0}, heap_collections{0};  // for statistics from other threads
  uint64_t collections_noted = UINT64_MAX;  // when these were written
  std::atomic<bool> collect_wanted{false};                   // when the thread that is inside leaves
  uint64_t allocated_when_kept = 0;                          // what the heap had allocated when housekeeping collected it
};

// In State::entered_by: the housekeeper is inside, and whoever comes waits.
inline constexpr uint64_t kHousekeeper = UINT64_MAX;

inline Instance::State& state_of(VmState* vm) { return *static_cast<Instance::State*>(frame::vm_of(vm).engine_side); }

// From the first to the second, forks leave this engine usable in the child (engine/fork.cpp).
void watch_forks(Engine::State* state);
void forget_forks(Engine::State* state);

// JSON as a value: objects are dicts from symbols, with - for _, arrays are lists. kUnwind after raising.
Value value_of_json(VmState* vm, const std::string& text);
// A name of C as SX writes it.
std::string with_dashes(std::string name);

// "instruction in source:line:column" of a place in a function.
std::string place_text(const bytecode::FunctionCode& code, uint32_t pc);

// The hook behind the jit-... primitives.
Value control(VmState* vm, uint32_t control, const Value* args, uint64_t argc);

}  // namespace terrace::engine
