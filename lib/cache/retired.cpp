// cache/retired.cpp: code that is out of use, until no stack can return into it.
//
//   retire: every vm that is running or has something set aside may hold an address in the region: it is pending
//   each of these, on its own thread, looks through its computations' stacks, all at once for all that is retired: no address,
//   then it is pending no longer
//   nobody pending: the memory goes
//
// They look when they are entered and left; one that runs for long is asked to when as much code waits as makes that worth its time.
// A vm that begins to run after the region was taken out of use can no longer get into it, for all entries have been changed before.
#include <algorithm>

#include "cache/code_cache.hpp"

namespace terrace::cache {
namespace {

constexpr uint64_t kLeastToAsk = 256 * 1024;  // bytes of code
constexpr uint64_t kStackPerCode = 16;        // bytes looked at for one byte of code

}  // namespace

// The entries that were changed before must be seen by whoever is not seen inside: the fence stands against the one that the first
// write of an entering thread implies.
void CodeCache::retire(Region* region) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  auto at = std::find_if(regions_.begin(), regions_.end(), [&](auto& r) { return r.get() == region; });
  Retired old;
  old.region = std::move(*at);
  old.number = ++last_retired_;
  regions_.erase(at);
  for (StackOwner* owner : owners_)
    if (!owner->surely_empty()) old.pending.insert(owner);
  retired_bytes_.fetch_add(old.region->size);
  retired_since_ask_ += old.region->size;
  retired_.push_back(std::move(old));
  if (retired_since_ask_ < std::max(ask_after_, kLeastToAsk)) return;
  retired_since_ask_ = 0;
  for (StackOwner* owner : owners_)
    if (!owner->surely_empty()) owner->ask_for_scan();
}

void CodeCache::release_free() {
  for (auto it = retired_.begin(); it != retired_.end();) {
    if (!it->pending.empty()) {
      ++it;
      continue;
    }
    retired_bytes_.fetch_sub(it->region->size);
    it->region->release();
    forget(it->region->records);
    it = retired_.erase(it);
  }
}

void CodeCache::add_owner(StackOwner* owner) {
  std::lock_guard lock(mutex_);
  owners_.push_back(owner);
}

void CodeCache::remove_owner(StackOwner* owner) {
  std::lock_guard lock(mutex_);
  std::erase(owners_, owner);
  for (Retired& old : retired_) old.pending.erase(owner);
  release_free();
}

bool CodeCache::begin_scan(StackOwner* owner, Scan* scan) {
  std::lock_guard lock(mutex_);
  uintptr_t low = UINTPTR_MAX, high = 0;
  for (const Retired& old : retired_) {
    if (!old.pending.contains(owner)) continue;
    low = std::min(low, old.region->base);
    high = std::max(high, old.region->base + old.region->size);
  }
  *scan = {~low, ~high, last_retired_};
  return high != 0;
}

// What was retired after the scan began is not judged by it.
void CodeCache::scanned(StackOwner* owner, const Scan& scan, std::vector<uintptr_t> words,
                        uint64_t looked_at) {
  std::sort(words.begin(), words.end());
  auto holds = [&](const Region& region) {
    const auto first = std::lower_bound(words.begin(), words.end(), region.base);
    return first != words.end() && *first < region.base + region.size;
  };
  std::lock_guard lock(mutex_);
  ask_after_ = looked_at / kStackPerCode;
  for (Retired& old : retired_)
    if (old.number <= scan.newest && old.pending.contains(owner) && !holds(*old.region)) old.pending.erase(owner);
  release_free();
}

}  // namespace terrace::cache
