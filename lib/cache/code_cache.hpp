// cache/code_cache.hpp: the compiled code of an engine: what is installed, what must go, and when its memory may go.
//
// Answers for: one Record per function content, which all closures and vms with that content share; the entry and byte budgets; least
// recently used order; pins; generations; taking code out of use and giving its memory back. This is the only room that lets code die.
// Not for: whether something is worth compiling (tier/), compiling (jobs/), loading (native/).
//
//   attach --> [known] --install--> [installed] --evict, reset, demote--> retired --no stack returns into it--> released
//                 ^                                   |
//                 '-----------------------------------'  the record stays while a prototype uses it
//
// Invariants:
//  1. A prototype's entry is the interpreter's, or points into a region that is installed.
//  2. Whenever the lock is free, entries are at most the budget and bytes at most the byte budget, or all of them are pinned. Pinned
//     entries count; they alone may exceed it, and then nothing else is installed.
//  3. A retired region is unmapped only after every vm that could be running it has looked through its own stacks, at a moment
//     when it held no such address, or was seen outside.
//
// Use order: a call stores the vm's epoch in its prototype, one store of 32 bits. Nobody looks at that before something must go: then the
// record that seemed oldest is looked at again, and goes behind others when it was used since. So the order is exact, a use costs the
// store, and an eviction the logarithm of the entries.
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
#include <unordered_set>
#include <vector>

#include "bytecode/code.hpp"
#include "jobs/protocol.hpp"
#include "observe/reasons.hpp"
#include "value/objects.hpp"

namespace terrace::cache {

using bytecode::Hash;

inline constexpr uint8_t kInterp = 0;  // Record::tier and Proto::tier; else a jobs::Tier
constexpr uint8_t tier_number(jobs::Tier tier) { return static_cast<uint8_t>(tier); }

struct Record;

// What becomes of code that was left once more.
enum class Left : uint8_t { kGoesOn, kMistaken, kGivenUp };

// Epochs that one vm may use up before it asks for more; of the thread that is inside.
struct EpochShare {
  uint64_t last = 0;  // the one it used last
  uint64_t end = 0;   // its last one; as long as the clock shows it nobody else got any
  uint64_t size = 1;
};

// Executable memory that holds one or more functions; unmapped by `release`.
struct Region {
  uintptr_t base = 0;
  size_t size = 0;
  uint32_t functions = 0;  // installed ones; 0: may be retired
  std::vector<Record*> records;  // of functions that the code compares callees with, its own among them; they live as long as it
  std::function<void()> release;
};

// What is known of one function's content, whichever closures and vms it came from.
struct Record {
  Hash hash{};
  std::string name;
  uint8_t tier = kInterp;
  uint8_t requested = kInterp;  // the tier being compiled, or kInterp
  uint8_t refused = kInterp;    // the lowest tier that will not be tried again
  bool pinned = false;          // by the name of a user, or by hand
  bool pinned_by_hand = false;  // the function itself, whatever its name
  observe::Reason reason = observe::Reason::kNone;  // why the last request gave no code
  std::string reason_text;
  value::NativeEntry entry = nullptr;
  Region* region = nullptr;
  uint64_t bytes = 0;
  uint32_t references = 0;  // of regions whose code knows this record
  uint32_t deopts = 0;      // times its code was left in the middle since it was installed
  // Where opt code was left in the middle, and how often: few places, since code that is left too often is given up.
  std::vector<std::pair<uint32_t, uint32_t>> left_at;
  void note_left(uint32_t pc);
  bool is_mistaken = false;         // its opt code was left too often, and serves until other opt code takes its place
  // Whether code for that tier would take the place of what there is.
  bool can_take(jobs::Tier wanted) const {
    return tier_number(wanted) > tier || (tier_number(wanted) == tier && is_mistaken);
  }
  uint32_t missed_loop_entries = 0;  // how often opt code without them was to be entered at a loop
  // Once may be a call that was interpreted when its code came, and is soon over; more are loops that go on for long.
  bool needs_loop_entries() const { return missed_loop_entries >= 4; }
  uint32_t misjudged = 0;   // how often opt code was given up because its assumptions did not hold
  uint32_t drops = 0;       // how often its code was dropped
  uint32_t evictions = 0;   // how often that was to keep a budget
  uint64_t calls = 0;       // counted since the code was dropped last, or ever
  uint64_t refused_at = 0;  // `calls` when a request was refused last
  uint64_t compile_ns = 0;  // request to installed, of the current code
  uint64_t requested_at_ns = 0;
  uint64_t request_id = 0;  // of the request in work, while `requested` says so
  uint64_t last_used = 0;   // epoch, as far as it is known
  uint64_t listed_at = 0;   // last_used when its place in the order was found
  uint64_t number = 0;      // tells records of one epoch apart
  uint32_t given = 0;       // users whose entry is this code
  std::unordered_set<value::Proto*> users;
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
  // What is called in this vm from here on was called in that epoch. Any thread.
  virtual void advance(uint32_t epoch) = 0;
  // Much retired code waits for this vm: it should scan soon, even if it is running for long. Any thread.
  virtual void ask_for_scan() = 0;

 protected:
  ~StackOwner() = default;
};

// The name under which a prototype is pinned and excluded.
std::string name_of(const value::Proto* proto);

// What a prototype has counted since it asked the policy last: calls in the interpreter, calls and loop turns in base code.
uint64_t counted_since(const value::Proto* proto, int64_t call_weight);

// A copy of what a report needs of a Record, and what its users have counted since they asked the policy last.
struct FunctionReport {
  std::string name;
  uint8_t tier = kInterp;
  uint8_t requested = kInterp;
  observe::Reason reason = observe::Reason::kNone;
  bool pinned = false;
  uint64_t calls = 0, bytes = 0, compile_ns = 0, deopts = 0;
  uint32_t misjudged = 0, drops = 0, users = 0;
};

struct Counts {
  uint64_t functions = 0;  // known, compiled or not
  uint64_t entries = 0, bytes = 0, pinned = 0, pinned_bytes = 0, shared = 0, base_entries = 0, opt_entries = 0, retired_bytes = 0;
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
    if (auto found = records_.find(hash); found != records_.end()) {
      f(*found->second);
      forget_if_unused(*found->second);
    }
  }
  // The prototype was found dead by its collector. Answers the request in work that nothing waits for any more, else 0.
  uint64_t detach(value::Proto* proto);

  // Gives a prototype the code its record has. False when there is none. Counts a hit unless it was installed already.
  bool use(value::Proto* proto);
  void count_miss();
  // Code was compiled, not found in the store.
  void count_compile(jobs::Tier tier, uint64_t elapsed_ns);
  // False when nothing that is compiled for this record could be kept.
  bool may_hold(value::Proto* proto);
  // Takes over the region. Answers the names of what was evicted for it. False in `installed` when there is no room for it beside what is
  // pinned, or the record is gone.
  std::vector<std::string> install(const Hash& hash, jobs::Tier tier, value::NativeEntry entry, Region* region,
                                   uint64_t bytes, uint64_t elapsed_ns, bool* installed);
  // The record of that content, made when there is none, which stays until a region that names it in `records` is released or `let_go`.
  Record* refer(const Hash& hash);
  void let_go(const std::vector<Record*>& records);
  // Code of this record was left in the middle. At the `limit`th time it is mistaken, and when so many codes of the function were before, it is
  // dropped. So is mistaken code that is left several times as often before other code is there.
  Left count_deopt(Record* record, uint64_t limit, uint64_t most_misjudged);
  // Whether it has mistaken code, and nobody has asked for other code yet.
  bool wants_other_code(const Record* record);
  std::string name_of_record(const Record* record);
  // Adopts loaded memory; it is retired when its last function is dropped.
  Region* add_region(Region region);
  // After a batch was installed: regions that got no function go at once.
  void drop_unused(Region* region);

  std::vector<std::string> set_budget(uint64_t entries, uint64_t bytes);
  // A name stays pinned whoever bears it: functions that get it later, and no more those that nothing uses.
  void pin(std::string_view name);
  bool unpin(std::string_view name);
  // The function itself, for as long as something uses it.
  void pin(value::Proto* proto, bool pinned);
  // Drop what `which` says, except pinned ones unless `pinned_too`. Answers how many.
  uint64_t drop_if(const std::function<bool(const Record&)>& which, bool pinned_too);
  bool demote(value::Proto* proto);
  // What was refused for this reason may be asked for again at once.
  void forgive(observe::Reason reason);
  uint64_t clear_cold(uint32_t generations);
  // Drops what was not used since that epoch and is not pinned; answers how many entries.
  uint64_t drop_unused_since(uint64_t epoch);
  Counts counts();
  // All records. `call_weight` is what a call takes off an interpreted function's countdown.
  std::vector<FunctionReport> report(int64_t call_weight);

  // Around a fork, by the thread that makes it; in the child what was asked of the parent's compiler is forgotten before unlocking.
  void lock_for_fork() { mutex_.lock(); }
  void forget_requests();
  void unlock_after_fork() { mutex_.unlock(); }

  // An epoch that begins now, in all vms.
  uint64_t begin_epoch();
  // What the clock of use shows.
  uint64_t now() const { return epoch_.load(std::memory_order_relaxed); }
  // The clock of use: entries from the host, ticks and installing advance it.
  uint64_t next_epoch() { return epoch_.fetch_add(1, std::memory_order_relaxed) + 1; }
  // The same for who has a share of it: later than all that was answered to anyone before, and a locked instruction only where the share is
  // used up or others have advanced the clock meanwhile.
  uint64_t next_epoch(EpochShare& share) {
    if (share.last == share.end || share.end != now()) [[unlikely]]
      take_share(share);
    return ++share.last;
  }

  void add_owner(StackOwner* owner);
  void remove_owner(StackOwner* owner);
  // True when there is retired code, so that owners should look through their stacks.
  bool wants_scan() const { return retired_bytes_.load(std::memory_order_relaxed) > 0; }
  // What this owner has to look for, on its own thread. False: nothing waits for it.
  bool begin_scan(StackOwner* owner, Scan* scan);
  // It looked at so many bytes: `words` are all that its stacks hold within the scan's range.
  void scanned(StackOwner* owner, const Scan& scan, std::vector<uintptr_t> words, uint64_t looked_at);

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

  // A record in the order of use.
  struct Place {
    uint64_t last_used;
    uint64_t number;
    Record* record;
    bool operator<(const Place& other) const {
      return last_used != other.last_used ? last_used < other.last_used : number < other.number;
    }
  };

  Record& attach(value::Proto* proto);
  void give(Record& record, value::Proto* proto);
  void take_back(Record& record);
  void drop(Record& record);
  void forget_if_unused(Record& record);
  void retire(Region* region);
  void release_free();

  // --- budgets, use order and pins (cache/budget.cpp)
  void list(Record& record);
  void unlist(Record& record);
  bool fits_beside_pinned(const Record& record, uint64_t bytes) const;
  std::vector<std::string> make_room(uint64_t coming_entries, uint64_t coming_bytes);
  Record& least_recently_used();
  void refresh_use(Record& record);
  uint64_t end_epoch();
  void take_share(EpochShare& share);
  bool is_pinned(const Record& record) const;
  void judge_pin(Record& record);
  void forget(const std::vector<Record*>& records);

  value::NativeEntry interp_entry_;
  std::function<int32_t()> fresh_countdown_;
  std::function<int32_t()> compiled_countdown_;
  std::mutex mutex_;
  std::unordered_map<Hash, std::unique_ptr<Record>, HashOf> records_;
  std::set<std::string, std::less<>> pins_;
  std::vector<std::unique_ptr<Region>> regions_;
  std::list<Retired> retired_;
  uint64_t last_retired_ = 0;
  uint64_t retired_since_ask_ = 0;  // bytes
  uint64_t ask_after_ = 0;          // bytes retired before owners are asked to scan
  std::vector<StackOwner*> owners_;
  std::vector<uint64_t> generation_ends_;
  std::set<Place> order_;  // installed and not pinned, by the last use that is known
  uint64_t last_number_ = 0;
  Counts counts_;
  uint64_t budget_ = 5000;
  uint64_t budget_bytes_ = 0;
  std::atomic<uint64_t> epoch_{1};
  std::atomic<uint64_t> retired_bytes_{0};
};

}  // namespace terrace::cache
