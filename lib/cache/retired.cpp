// cache/retired.cpp: code that is out of use, until no stack can return into it.
//
//   retire: every vm that is running or has something set aside may hold an address in the region: it is pending
//   each of these, on its own thread, looks through its stacks: no address, then it is pending no longer
//   nobody pending: the memory goes
//
// A vm that begins to run after the region was taken out of use can no longer get into it, for all entries have been changed before.
#include <algorithm>

#include "cache/code_cache.hpp"

namespace terrace::cache {

void CodeCache::retire(Region* region) {
  auto at = std::find_if(regions_.begin(), regions_.end(), [&](auto& r) { return r.get() == region; });
  Retired old;
  old.region = std::move(*at);
  regions_.erase(at);
  for (StackOwner* owner : owners_)
    if (!owner->surely_empty()) old.pending.insert(owner);
  retired_bytes_.fetch_add(old.region->size);
  retired_.push_back(std::move(old));
}

void CodeCache::release_free() {
  for (auto it = retired_.begin(); it != retired_.end();) {
    if (!it->pending.empty()) {
      ++it;
      continue;
    }
    retired_bytes_.fetch_sub(it->region->size);
    it->region->release();
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

void CodeCache::scanned(StackOwner* owner, const std::function<bool(uintptr_t base, uintptr_t end)>& holds) {
  std::lock_guard lock(mutex_);
  for (Retired& old : retired_) {
    if (!old.pending.contains(owner)) continue;
    if (!holds(old.region->base, old.region->base + old.region->size)) old.pending.erase(owner);
  }
  release_free();
}

}  // namespace terrace::cache
