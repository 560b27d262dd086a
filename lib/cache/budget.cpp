// cache/budget.cpp: what must go so that the budgets hold: use order and pins.
//
// order_ holds what is installed and not pinned, each at the last use that was known when its place was found. A true last use is never
// before that, so when the first one has not been used since, nothing else is older.
#include <algorithm>

#include "cache/code_cache.hpp"

namespace terrace::cache {
namespace {

constexpr uint64_t kLargestShare = 64;

// Epochs are counted in 64 bits, and prototypes keep the lower half of one that is not in the future.
uint64_t whole_epoch(uint32_t stamp, uint64_t now) { return now - (static_cast<uint32_t>(now) - stamp); }

}  // namespace

void CodeCache::refresh_use(Record& record) {
  const uint64_t now = this->now();
  for (value::Proto* proto : record.users) {
    const uint32_t stamp = std::atomic_ref(proto->stamp).load(std::memory_order_relaxed);
    record.last_used = std::max(record.last_used, std::min(now, whole_epoch(stamp, now)));
  }
}

// What is used from here on is told from what was used before, also by computations that are running for long.
uint64_t CodeCache::end_epoch() {
  const uint64_t now = next_epoch();
  for (StackOwner* owner : owners_) owner->advance(static_cast<uint32_t>(now));
  return now;
}

// Shares grow while nobody else advances the clock; vms that take turns get one epoch each, so that 32 bits last as long as can be.
void CodeCache::take_share(EpochShare& share) {
  const bool was_alone = share.last == share.end && share.end == now();
  share.size = was_alone ? std::min(2 * share.size, kLargestShare) : 1;
  share.last = epoch_.fetch_add(share.size, std::memory_order_relaxed);
  share.end = share.last + share.size;
}

void CodeCache::list(Record& record) {
  counts_.entries++;
  counts_.bytes += record.bytes;
  (record.tier == tier_number(jobs::Tier::kBase) ? counts_.base_entries : counts_.opt_entries)++;
  record.listed_at = record.last_used;
  if (record.pinned) {
    counts_.pinned++;
    counts_.pinned_bytes += record.bytes;
  } else {
    order_.insert({record.listed_at, record.number, &record});
  }
}

void CodeCache::unlist(Record& record) {
  counts_.entries--;
  counts_.bytes -= record.bytes;
  (record.tier == tier_number(jobs::Tier::kBase) ? counts_.base_entries : counts_.opt_entries)--;
  if (record.pinned) {
    counts_.pinned--;
    counts_.pinned_bytes -= record.bytes;
  } else {
    order_.erase({record.listed_at, record.number, &record});
  }
}

// Precondition: order_ is not empty. Running code moves uses while this looks, so it looks at each record once only.
Record& CodeCache::least_recently_used() {
  for (size_t looks = order_.size(); looks > 0; looks--) {
    Record& record = *order_.begin()->record;
    refresh_use(record);
    if (record.last_used == record.listed_at) break;
    order_.erase(order_.begin());
    record.listed_at = record.last_used;
    order_.insert({record.listed_at, record.number, &record});
  }
  return *order_.begin()->record;
}

std::vector<std::string> CodeCache::make_room(uint64_t coming_entries, uint64_t coming_bytes) {
  std::vector<std::string> evicted;
  auto too_many = [&] {
    return counts_.entries + coming_entries > budget_ ||
           (budget_bytes_ != 0 && counts_.bytes + coming_bytes > budget_bytes_);
  };
  while (!order_.empty() && too_many()) {
    Record& record = least_recently_used();
    evicted.push_back(record.name);
    drop(record);
    record.evictions++;
    counts_.evictions++;
    forget_if_unused(record);
  }
  if (!evicted.empty()) end_epoch();
  return evicted;
}

bool CodeCache::fits_beside_pinned(const Record& record, uint64_t bytes) const {
  if (record.pinned && budget_ != 0) return true;
  if (counts_.pinned >= budget_) return false;
  return budget_bytes_ == 0 || counts_.pinned_bytes + bytes <= budget_bytes_;
}

bool CodeCache::may_hold(value::Proto* proto) {
  std::lock_guard lock(mutex_);
  return fits_beside_pinned(attach(proto), 1);
}

std::vector<std::string> CodeCache::set_budget(uint64_t entries, uint64_t bytes) {
  std::lock_guard lock(mutex_);
  budget_ = entries;
  budget_bytes_ = bytes;
  for (auto& [hash, record] : records_) record->evictions = 0;
  std::vector<std::string> evicted = make_room(0, 0);
  release_free();
  return evicted;
}

bool CodeCache::is_pinned(const Record& record) const {
  if (record.pinned_by_hand) return true;
  if (pins_.empty()) return false;
  return std::any_of(record.users.begin(), record.users.end(),
                     [&](const value::Proto* p) { return pins_.contains(name_of(p)); });
}

void CodeCache::judge_pin(Record& record) {
  const bool pinned = is_pinned(record);
  if (pinned == record.pinned) return;
  const bool installed = record.tier != kInterp;
  if (installed) unlist(record);
  record.pinned = pinned;
  if (installed) list(record);
}

void CodeCache::pin(std::string_view name) {
  std::lock_guard lock(mutex_);
  pins_.emplace(name);
  for (auto& [hash, record] : records_) judge_pin(*record);
}

bool CodeCache::unpin(std::string_view name) {
  std::lock_guard lock(mutex_);
  auto found = pins_.find(name);
  if (found == pins_.end()) return false;
  pins_.erase(found);
  for (auto& [hash, record] : records_) judge_pin(*record);
  make_room(0, 0);
  release_free();
  return true;
}

void CodeCache::pin(value::Proto* proto, bool pinned) {
  std::lock_guard lock(mutex_);
  Record& record = attach(proto);
  record.pinned_by_hand = pinned;
  judge_pin(record);
  make_room(0, 0);
  release_free();
}

}  // namespace terrace::cache
