// cache/code_cache.cpp: records, budgets and use order.
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

std::string name_of(const value::Proto* proto) {
  if (value::is_symbol(proto->name)) {
    const auto* text = value::as<value::String>(value::as<value::Symbol>(proto->name)->name);
    return {text->data, text->bytes};
  }
  return proto->function->name;
}

}  // namespace

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
  }
  if (slot->name.empty()) slot->name = name_of(proto);
  slot->users.push_back(proto);
  proto->profile = slot.get();
  bytecode::retain(proto->function);  // for its name and hash, which other threads read
  slot->pinned = slot->pinned || is_pinned_name(*slot);
  return *slot;
}

void CodeCache::detach(value::Proto* proto) {
  std::lock_guard lock(mutex_);
  auto* record = static_cast<Record*>(proto->profile);
  if (!record) return;
  refresh_use(*record);
  std::erase(record->users, proto);
  proto->profile = nullptr;
  bytecode::release(proto->function);
  // Installed code outlives its users: the same source loaded again finds it.
  if (record->users.empty() && record->tier == kInterp && record->requested == kInterp) records_.erase(record->hash);
}

bool CodeCache::is_pinned_name(const Record& record) const {
  if (pins_.empty()) return false;
  if (pins_.contains(record.name)) return true;
  return std::any_of(record.users.begin(), record.users.end(),
                     [&](const value::Proto* p) { return pins_.contains(name_of(p)); });
}

void CodeCache::give(Record& record, value::Proto* proto) {
  restart_countdown(proto, compiled_countdown_());
  store_entry(proto, record.entry, record.tier);
}

bool CodeCache::use(value::Proto* proto) {
  std::lock_guard lock(mutex_);
  Record& record = attach(proto);
  if (record.tier == kInterp) return false;
  if (proto->entry == record.entry) return true;
  counts_.hits++;
  record.last_used = epoch_.load(std::memory_order_relaxed);
  give(record, proto);
  return true;
}

void CodeCache::count_miss() {
  std::lock_guard lock(mutex_);
  counts_.misses++;
}

Region* CodeCache::add_region(Region region) {
  std::lock_guard lock(mutex_);
  regions_.push_back(std::make_unique<Region>(std::move(region)));
  return regions_.back().get();
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
  if (tier_number(tier) <= record.tier) return {};
  bool replaces = record.tier != kInterp;
  bool is_base = tier == jobs::Tier::kBase;
  if (budget_ == 0 && !record.pinned) {
    record.reason = observe::Reason::kNoBudget;
    return {};
  }
  if (replaces) drop(record, nullptr);
  std::vector<std::string> evicted = enforce_budget(record.pinned ? 0 : 1, bytes);
  record.tier = tier_number(tier);
  record.entry = entry;
  record.region = region;
  record.bytes = bytes;
  record.compile_ns = elapsed_ns;
  record.reason = observe::Reason::kNone;
  record.last_used = epoch_.load(std::memory_order_relaxed);
  region->functions++;
  counts_.entries++;
  counts_.bytes += bytes;
  (is_base ? counts_.base_entries : counts_.opt_entries)++;
  (is_base ? counts_.base_compiles : counts_.opt_compiles)++;
  (is_base ? counts_.base_compile_ns : counts_.opt_compile_ns) += elapsed_ns;
  for (value::Proto* proto : record.users) give(record, proto);
  *installed = true;
  return evicted;
}

void CodeCache::refresh_use(Record& record) {
  for (value::Proto* proto : record.users)
    record.last_used = std::max(record.last_used, std::atomic_ref(proto->stamp).load(std::memory_order_relaxed));
}

std::vector<std::string> CodeCache::enforce_budget(uint64_t coming_entries, uint64_t coming_bytes) {
  std::vector<std::string> evicted;
  auto too_many = [&](uint64_t unpinned) {
    return unpinned + coming_entries > budget_ || (budget_bytes_ && counts_.bytes + coming_bytes > budget_bytes_);
  };
  std::vector<Record*> candidates;
  uint64_t unpinned = 0;
  for (auto& [hash, record] : records_) {
    if (record->tier == kInterp || record->pinned) continue;
    unpinned++;
    candidates.push_back(record.get());
  }
  if (!too_many(unpinned)) return evicted;
  for (Record* record : candidates) refresh_use(*record);
  std::sort(candidates.begin(), candidates.end(),
            [](const Record* a, const Record* b) { return a->last_used < b->last_used; });
  for (Record* record : candidates) {
    if (!too_many(unpinned)) break;
    drop(*record, &evicted);
    counts_.evictions++;
    unpinned--;
  }
  release_free();
  return evicted;
}

void CodeCache::drop(Record& record, std::vector<std::string>* names) {
  for (value::Proto* proto : record.users) {
    restart_countdown(proto, fresh_countdown_());
    store_entry(proto, interp_entry_, kInterp);
  }
  if (names) names->push_back(record.name);
  counts_.entries--;
  counts_.bytes -= record.bytes;
  (record.tier == tier_number(jobs::Tier::kBase) ? counts_.base_entries : counts_.opt_entries)--;
  record.tier = kInterp;
  record.entry = nullptr;
  record.bytes = 0;
  record.calls = record.refused_at = 0;
  record.drops++;
  Region* region = std::exchange(record.region, nullptr);
  if (--region->functions == 0) retire(region);
}

std::vector<std::string> CodeCache::set_budget(uint64_t entries, uint64_t bytes) {
  std::lock_guard lock(mutex_);
  budget_ = entries;
  budget_bytes_ = bytes;
  return enforce_budget(0, 0);
}

void CodeCache::pin(std::string_view name) {
  std::lock_guard lock(mutex_);
  pins_.emplace(name);
  for (auto& [hash, record] : records_) record->pinned = record->pinned || is_pinned_name(*record);
}

bool CodeCache::unpin(std::string_view name) {
  std::lock_guard lock(mutex_);
  auto found = pins_.find(name);
  if (found == pins_.end()) return false;
  pins_.erase(found);
  for (auto& [hash, record] : records_) record->pinned = is_pinned_name(*record);
  enforce_budget(0, 0);
  return true;
}

uint64_t CodeCache::drop_if(const std::function<bool(const Record&)>& which, bool pinned_too) {
  std::lock_guard lock(mutex_);
  uint64_t dropped = 0;
  for (auto it = records_.begin(); it != records_.end();) {
    Record& record = *it->second;
    if (record.tier != kInterp && (pinned_too || !record.pinned) && which(record)) {
      drop(record, nullptr);
      dropped++;
    }
    bool dead = record.users.empty() && record.tier == kInterp && record.requested == kInterp;
    it = dead ? records_.erase(it) : std::next(it);
  }
  counts_.resets += dropped;
  release_free();
  return dropped;
}

bool CodeCache::demote(value::Proto* proto) {
  std::lock_guard lock(mutex_);
  Record& record = attach(proto);
  if (record.tier == kInterp) return false;
  drop(record, nullptr);
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

uint64_t CodeCache::clear_cold(uint32_t generations) {
  uint32_t before = 0;
  {
    std::lock_guard lock(mutex_);
    generation_ends_.push_back(next_epoch());
    size_t ended = generation_ends_.size();
    // Generation 0 is the one that ends now: used since the previous call. Entries older than `generations` of them go.
    if (generations == 0) {
      before = generation_ends_.back();
    } else if (ended > generations) {
      before = generation_ends_[ended - 1 - generations];
    }
    for (auto& [hash, record] : records_) refresh_use(*record);
    if (ended > 1024) generation_ends_.erase(generation_ends_.begin(), generation_ends_.begin() + 512);
  }
  return drop_if([before](const Record& r) { return r.last_used < before; }, false);
}

Counts CodeCache::counts() {
  std::lock_guard lock(mutex_);
  Counts now = counts_;
  now.retired_bytes = retired_bytes_.load();
  for (auto& [hash, record] : records_) now.pinned += record->tier != kInterp && record->pinned;
  return now;
}

}  // namespace terrace::cache
