// cache/code_cache.hpp: the compiled code of an engine: what is installed, what must go, and when its memory may go.
//
// Answers for: one Record per function content; the entry and byte budgets; least recently used order; pins; generations; taking
// code out of use and giving its memory back. This is the only room that lets code die. Not for: whether something is worth
// compiling (tier/), compiling (jobs/), loading (native/).
//
//   attach --> [known] --install--> [installed] --evict, reset, demote--> retired --no stack returns into it--> released
//                 ^                                   |
//                 '-----------------------------------'  the record stays while a prototype uses it
//
// Invariants:
//  1. A prototype's entry is the interpreter's, or points into a region that is installed.
//  2. Entries are never more than the budget, pinned ones excepted, after any member function returns.
//  3. A retired region is unmapped only after every vm that could be running it has looked through its own stacks, at a moment
//     when it held no such address, or was seen outside.
// Threads: every member from any thread; one mutex.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bytecode/code.hpp"
#include "jobs/protocol.hpp"
#include "observe/reasons.hpp"
#include "value/objects.hpp"

namespace terrace::cache {

using bytecode::Hash;

inline constexpr uint8_t kInterp = 0;  // Record::tier and Proto::tier; else a jobs::Tier
constexpr uint8_t tier_number(jobs::Tier tier) { return static_cast<uint8_t>(tier); }

// Executable memory that holds one or more functions; unmapped by `release`.
struct Region {
  uintptr_t base = 0;
  size_t size = 0;
  uint32_t functions = 0;  // installed ones; 0: may be retired
  std::function<void()> release;
};

// What is known of one function's content, whichever closures and vms it came from.
struct Record {
  Hash hash{};
  std::string name;
  uint8_t tier = kInterp;
  uint8_t requested = kInterp;  // the tier being compiled, or kInterp
  uint8_t refused = kInterp;    // the lowest tier that will not be tried again
  bool pinned = false;
  observe::Reason reason = observe::Reason::kNone;  // why the last request gave no code
  std::string reason_text;
  value::NativeEntry entry = nullptr;
  Region* region = nullptr;
  uint64_t bytes = 0;
  uint32_t misjudged = 0;   // how often opt code was given up because its assumptions did not hold
  uint32_t drops = 0;       // how often its code was dropped
  uint64_t calls = 0;       // counted since the code was dropped last, or ever
  uint64_t refused_at = 0;  // `calls` when a request was refused last
  uint64_t compile_ns = 0;  // request to installed, of the current code
  uint64_t requested_at_ns = 0;
  uint32_t last_used = 0;   // epoch
  std::vector<value::Proto*> users;
};

// The range of addresses that a vm looks for on its stacks, of which the Scan itself may be a part: so that it does not find
// itself, both ends are kept inverted. `newest` is the last region that the range covers.
struct Scan {
  uintptr_t inverted_low = 0;
  uintptr_t inverted_high = 0;
  uint64_t newest = 0;
};

// A vm as the cache sees it: something with stacks that may return into code.
class StackOwner {
 public:
  // True when no stack of this vm can hold a code address: nobody is inside and nothing is set aside. Any thread.
  virtual bool surely_empty() const = 0;

 protected:
  ~StackOwner() = default;
};

struct Counts {
  uint64_t entries = 0, bytes = 0, pinned = 0, base_entries = 0, opt_entries = 0, retired_bytes = 0;
  uint64_t hits = 0, misses = 0, evictions = 0, resets = 0;
  uint64_t base_compiles = 0, opt_compiles = 0, base_compile_ns = 0, opt_compile_ns = 0;
};

class CodeCache {
 public:
  // `interp_entry` is what a prototype's entry falls back to; the countdowns are what its counter restarts with when it goes back to the
  // interpreter and when it gets compiled code.
  CodeCache(value::NativeEntry interp_entry, std::function<int32_t()> fresh_countdown,
            std::function<int32_t()> compiled_countdown);
  ~CodeCache();  // releases all code; no vm is left

  // Runs `f` with the record of the prototype's content, made and attached on first use, under the lock.
  template <class F>
  auto with_record(value::Proto* proto, F f) {
    std::lock_guard lock(mutex_);
    return f(attach(proto));
  }
  template <class F>
  void with_hash(const Hash& hash, F f) {
    std::lock_guard lock(mutex_);
    if (auto found = records_.find(hash); found != records_.end()) f(*found->second);
  }
  // The prototype was found dead by its collector.
  void detach(value::Proto* proto);

  // Gives a prototype the code its record has. False when there is none. Counts a hit unless it was installed already.
  bool use(value::Proto* proto);
  void count_miss();
  // Takes over the region. Answers the names of what was evicted for it. False in `installed` when the budget is 0 or the record is gone.
  std::vector<std::string> install(const Hash& hash, jobs::Tier tier, value::NativeEntry entry, Region* region,
                                   uint64_t bytes, uint64_t elapsed_ns, bool* installed);
  // Adopts loaded memory; it is retired when its last function is dropped.
  Region* add_region(Region region);
  // After a batch was installed: regions that got no function go at once.
  void drop_unused(Region* region);

  std::vector<std::string> set_budget(uint64_t entries, uint64_t bytes);
  void pin(std::string_view name);
  bool unpin(std::string_view name);
  // Drop what `which` says, except pinned ones unless `pinned_too`. Answers how many.
  uint64_t drop_if(const std::function<bool(const Record&)>& which, bool pinned_too);
  bool demote(value::Proto* proto);
  // What was refused for this reason may be asked for again at once.
  void forgive(observe::Reason reason);
  uint64_t clear_cold(uint32_t generations);
  Counts counts();

  // The clock of use: entries from the host and ticks advance it.
  uint32_t next_epoch() { return epoch_.fetch_add(1, std::memory_order_relaxed) + 1; }

  void add_owner(StackOwner* owner);
  void remove_owner(StackOwner* owner);
  // True when there is retired code, so that owners should look through their stacks.
  bool wants_scan() const { return retired_bytes_.load(std::memory_order_relaxed) > 0; }
  // What this owner has to look for, on its own thread. False: nothing waits for it.
  bool begin_scan(StackOwner* owner, Scan* scan);
  // It looked: `words` are all that its stacks hold within the scan's range.
  void scanned(StackOwner* owner, const Scan& scan, std::vector<uintptr_t> words);

 private:
  struct HashOf {
    size_t operator()(const Hash& h) const {
      size_t word;
      __builtin_memcpy(&word, h.data(), sizeof word);
      return word;
    }
  };
  struct Retired {
    std::unique_ptr<Region> region;
    uint64_t number = 0;  // in the order of retiring
    std::set<StackOwner*> pending;
  };

  Record& attach(value::Proto* proto);
  void give(Record& record, value::Proto* proto);
  void drop(Record& record, std::vector<std::string>* names);
  void retire(Region* region);
  void release_free();
  std::vector<std::string> enforce_budget(uint64_t coming_entries, uint64_t coming_bytes);
  void refresh_use(Record& record);
  bool is_pinned_name(const Record& record) const;

  value::NativeEntry interp_entry_;
  std::function<int32_t()> fresh_countdown_;
  std::function<int32_t()> compiled_countdown_;
  std::mutex mutex_;
  std::unordered_map<Hash, std::unique_ptr<Record>, HashOf> records_;
  std::set<std::string, std::less<>> pins_;
  std::vector<std::unique_ptr<Region>> regions_;
  std::list<Retired> retired_;
  uint64_t last_retired_ = 0;
  std::vector<StackOwner*> owners_;
  std::vector<uint32_t> generation_ends_;
  Counts counts_;
  uint64_t budget_ = 5000;
  uint64_t budget_bytes_ = 0;
  std::atomic<uint32_t> epoch_{1};
  std::atomic<uint64_t> retired_bytes_{0};
};

}  // namespace terrace::cache
