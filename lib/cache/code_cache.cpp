// cache/code_cache.cpp: records, and code going in and out of use.
#include "cache/code_cache.hpp"

#include <algorithm>
#include <utility>

namespace terrace::cache {
namespace {

// Fields of a prototype that other threads write while its vm runs.
void store_entry(value::Proto* proto, value::NativeEntry entry, uint8_t tier) {
  std::atomic_ref(proto->tier).store(tier, std::memory_order_relaxed);
  std::atomic_ref(proto->entry).store(entry, std::memory_order_release);
}
void restart_countdown(value::Proto* proto, int32_t countdown) {
  std::atomic_ref(proto->interval).store(countdown, std::memory_order_relaxed);
  std::atomic_ref(proto->countdown).store(countdown, std::memory_order_relaxed);
}

}  // namespace

std::string name_of(const value::Proto* proto) {
  if (value::is_symbol(proto->name)) {
    const auto* text = value::as<value::String>(value::as<value::Symbol>(proto->name)->name);
    return {text->data, text->bytes};
  }
  return proto->function->name;
}

CodeCache::CodeCache(value::NativeEntry interp_entry, std::function<int32_t()> fresh_countdown,
                     std::function<int32_t()> compiled_countdown)
    : interp_entry_(interp_entry),
      fresh_countdown_(std::move(fresh_countdown)),
      compiled_countdown_(std::move(compiled_countdown)) {}

CodeCache::~CodeCache() {
  for (auto& region : regions_) region->release();
  for (Retired& old : retired_) old.region->release();
}

Record& CodeCache::attach(value::Proto* proto) {
  if (proto->profile) return *static_cast<Record*>(proto->profile);
  auto& slot = records_[proto->function->hash];
  if (!slot) {
    slot = std::make_unique<Record>();
    slot->hash = proto->function->hash;
    slot->number = ++last_number_;
  }
  if (slot->name.empty()) slot->name = name_of(proto);
  slot->users.insert(proto);
  proto->profile = slot.get();
  bytecode::retain(proto->function);  // for its name and hash, which other threads read
  if (!slot->pinned && pins_.contains(name_of(proto))) judge_pin(*slot);
  return *slot;
}

uint64_t CodeCache::detach(value::Proto* proto) {
  std::lock_guard lock(mutex_);
  auto* record = static_cast<Record*>(proto->profile);
  if (!record) return 0;
  refresh_use(*record);
  if (record->tier != kInterp && proto->entry == record->entry) {
    counts_.shared -= record->given > 1;
    record->given--;
  }
  record->users.erase(proto);
  proto->profile = nullptr;
  bytecode::release(proto->function);
  // Installed code outlives its users: the same source loaded again finds it.
  if (record->users.empty()) record->pinned_by_hand = false;
  if (record->pinned) judge_pin(*record);
  const uint64_t unwanted = record->users.empty() && record->requested != kInterp ? record->request_id : 0;
  forget_if_unused(*record);
  return unwanted;
}

void CodeCache::forget_if_unused(Record& record) {
  if (record.users.empty() && record.references == 0 && record.tier == kInterp && record.requested == kInterp)
    records_.erase(Hash(record.hash));
}

void CodeCache::give(Record& record, value::Proto* proto) {
  if (proto->entry != record.entry) counts_.shared += ++record.given > 1;
  restart_countdown(proto, compiled_countdown_());
  store_entry(proto, record.entry, record.tier);
}

bool CodeCache::use(value::Proto* proto) {
  std::lock_guard lock(mutex_);
  Record& record = attach(proto);
  if (record.tier == kInterp) return false;
  if (proto->entry == record.entry) return true;
  counts_.hits++;
  record.last_used = next_epoch();
  give(record, proto);
  return true;
}

void CodeCache::count_miss() {
  std::lock_guard lock(mutex_);
  counts_.misses++;
}

Record* CodeCache::refer(const Hash& hash) {
  std::lock_guard lock(mutex_);
  auto& slot = records_[hash];
  if (!slot) {
    slot = std::make_unique<Record>();
    slot->hash = hash;
  }
  slot->references++;
  return slot.get();
}

void CodeCache::let_go(const std::vector<Record*>& records) {
  std::lock_guard lock(mutex_);
  forget(records);
}

void CodeCache::forget(const std::vector<Record*>& records) {
  for (Record* record : records) {
    record->references--;
    forget_if_unused(*record);
  }
}

Left CodeCache::count_deopt(Record* record, uint64_t limit, uint64_t most_misjudged) {
  constexpr uint64_t kPatience = 8;
  std::lock_guard lock(mutex_);
  const bool was_mistaken = record->is_mistaken;
  if (++record->deopts < (was_mistaken ? kPatience * limit : limit) || record->tier != tier_number(jobs::Tier::kOpt)) return Left::kGoesOn;
  if (!was_mistaken && ++record->misjudged < most_misjudged) {
    record->is_mistaken = true;
    return Left::kMistaken;
  }
  record->deopts = 0;
  drop(*record);
  counts_.resets++;
  release_free();
  return was_mistaken ? Left::kGoesOn : Left::kGivenUp;
}

bool CodeCache::wants_other_code(const Record* record) {
  std::lock_guard lock(mutex_);
  return record->is_mistaken && record->requested == kInterp;
}

void CodeCache::count_compile(jobs::Tier tier, uint64_t elapsed_ns) {
  std::lock_guard lock(mutex_);
  const bool is_base = tier == jobs::Tier::kBase;
  (is_base ? counts_.base_compiles : counts_.opt_compiles)++;
  (is_base ? counts_.base_compile_ns : counts_.opt_compile_ns) += elapsed_ns;
}

std::string CodeCache::name_of_record(const Record* record) {
  std::lock_guard lock(mutex_);
  return record->name;
}

Region* CodeCache::add_region(Region region) {
  std::lock_guard lock(mutex_);
  return regions_.emplace_back(std::make_unique<Region>(std::move(region))).get();
}

void CodeCache::drop_unused(Region* region) {
  std::lock_guard lock(mutex_);
  if (region->functions == 0) retire(region);
  release_free();
}

std::vector<std::string> CodeCache::install(const Hash& hash, jobs::Tier tier, value::NativeEntry entry, Region* region,
                                            uint64_t bytes, uint64_t elapsed_ns, bool* installed) {
  std::lock_guard lock(mutex_);
  *installed = false;
  auto found = records_.find(hash);
  if (found == records_.end()) return {};
  Record& record = *found->second;
  record.requested = kInterp;
  if (!record.can_take(tier)) return {};
  if (!fits_beside_pinned(record, bytes)) {
    record.reason = observe::Reason::kNoBudget;
    return {};
  }
  if (record.tier != kInterp) take_back(record);
  std::vector<std::string> evicted = make_room(1, bytes);
  record.tier = tier_number(tier);
  record.entry = entry;
  record.region = region;
  record.bytes = bytes;
  record.compile_ns = elapsed_ns;
  record.deopts = 0;
  record.reason = observe::Reason::kNone;
  record.last_used = record.users.empty() ? 0 : next_epoch();
  region->functions++;
  list(record);
  for (value::Proto* proto : record.users) give(record, proto);
  *installed = true;
  release_free();
  return evicted;
}

// The code goes, what is known of the function stays.
void CodeCache::take_back(Record& record) {
  for (value::Proto* proto : record.users) {
    restart_countdown(proto, fresh_countdown_());
    store_entry(proto, interp_entry_, kInterp);
  }
  unlist(record);
  if (record.given > 1) counts_.shared -= record.given - 1;
  record.given = 0;
  record.is_mistaken = false;
  record.tier = kInterp;
  record.entry = nullptr;
  record.bytes = 0;
  Region* region = std::exchange(record.region, nullptr);
  if (--region->functions == 0) retire(region);
}

// Its calls are counted from the beginning again.
void CodeCache::drop(Record& record) {
  take_back(record);
  record.calls = record.refused_at = 0;
  record.drops++;
}

uint64_t CodeCache::drop_if(const std::function<bool(const Record&)>& which, bool pinned_too) {
  std::lock_guard lock(mutex_);
  uint64_t dropped = 0;
  for (auto it = records_.begin(); it != records_.end();) {
    Record& record = *it++->second;
    if ((pinned_too || !record.pinned) && which(record)) {
      if (record.tier != kInterp) {
        drop(record);
        dropped++;
      }
      record.evictions = 0;
    }
    forget_if_unused(record);
  }
  counts_.resets += dropped;
  release_free();
  return dropped;
}

bool CodeCache::demote(value::Proto* proto) {
  std::lock_guard lock(mutex_);
  Record& record = attach(proto);
  if (record.tier == kInterp) return false;
  drop(record);
  counts_.resets++;
  release_free();
  return true;
}

void CodeCache::forgive(observe::Reason reason) {
  std::lock_guard lock(mutex_);
  for (auto& [hash, record] : records_) {
    if (record->reason != reason) continue;
    record->refused = kInterp;
    record->reason = observe::Reason::kNone;
    record->reason_text.clear();
  }
}

void CodeCache::forget_requests() {
  for (auto& [hash, record] : records_) record->requested = kInterp;
}

uint64_t CodeCache::clear_cold(uint32_t generations) {
  uint64_t before = 0;
  {
    std::lock_guard lock(mutex_);
    generation_ends_.push_back(end_epoch());
    size_t ended = generation_ends_.size();
    // Generation 0 is the one that ends now: used since the previous call. Entries older than `generations` of them go.
    if (generations == 0) {
      before = generation_ends_.back();
    } else if (ended > generations) {
      before = generation_ends_[ended - 1 - generations];
    }
    for (const Place& place : order_) refresh_use(*place.record);
    if (ended > 1024) generation_ends_.erase(generation_ends_.begin(), generation_ends_.begin() + 512);
  }
  return drop_if([before](const Record& r) { return r.last_used < before; }, false);
}

uint64_t CodeCache::begin_epoch() {
  std::lock_guard lock(mutex_);
  return end_epoch();
}

uint64_t CodeCache::drop_unused_since(uint64_t epoch) {
  {
    std::lock_guard lock(mutex_);
    for (const Place& place : order_) refresh_use(*place.record);
  }
  return drop_if([epoch](const Record& r) { return r.last_used < epoch; }, false);
}

Counts CodeCache::counts() {
  std::lock_guard lock(mutex_);
  Counts now = counts_;
  now.retired_bytes = retired_bytes_.load();
  now.functions = records_.size();
  return now;
}

void Record::note_left(uint32_t pc) {
  auto known = std::find_if(left_at.begin(), left_at.end(), [pc](const auto& site) { return site.first == pc; });
  if (known != left_at.end()) {
    known->second++;
  } else {
    left_at.emplace_back(pc, 1);
  }
}

uint64_t counted_since(const value::Proto* proto, int64_t call_weight) {
  auto* writable = const_cast<value::Proto*>(proto);
  const int64_t used = int64_t{std::atomic_ref(writable->interval).load(std::memory_order_relaxed)} -
                       std::atomic_ref(writable->countdown).load(std::memory_order_relaxed);
  const bool interpreted = std::atomic_ref(writable->tier).load(std::memory_order_relaxed) == kInterp;
  return static_cast<uint64_t>(std::max<int64_t>(interpreted ? used / call_weight : used, 0));
}

std::vector<FunctionReport> CodeCache::report(int64_t call_weight) {
  std::lock_guard lock(mutex_);
  std::vector<FunctionReport> all;
  all.reserve(records_.size());
  for (auto& [hash, record] : records_) {
    FunctionReport one{record->name,       record->tier, record->requested,  record->reason, record->pinned,
                       record->calls,      record->bytes, record->compile_ns, 0,              record->misjudged,
                       record->drops,      static_cast<uint32_t>(record->users.size())};
    for (const value::Proto* user : record->users) one.calls += counted_since(user, call_weight);
    for (const auto& [pc, times] : record->left_at) one.deopts += times;
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace terrace::cache
