// frame/names.hpp: the table of symbols, or of keywords, of one vm.
//
// Answers for: one object per name, and forgetting names that nobody holds. Not for: making the objects (frame/vm.cpp).
// Invariant: entries are weak; sweep_dead runs between mark and sweep of every full collection. Minor ones keep all of
// them, for which they need to be told only of those that are younger than the last collection.
#pragma once

#include <string_view>
#include <vector>

#include "heap/heap.hpp"

namespace terrace::frame {

class NameTable {
 public:
  // The Symbol or Keyword of that name, or kFalse.
  Value find(std::string_view name, uint64_t hash) const;
  // Precondition: find() answered kFalse for its name, and nothing was collected since.
  void add(Value symbol_or_keyword, uint64_t hash);
  // Names that were added since the last collection.
  template <class Visit>
  void for_each_fresh(Visit visit) const {
    for (Value name : fresh_) visit(name);
  }
  // To be called at the end of every collection, minor or full.
  void forget_fresh() { fresh_.clear(); }
  // Takes out what the running collection did not reach.
  void sweep_dead(const heap::Heap& heap);
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Slot& slot : slots_)
      if (value::is_heap(slot.name)) visit(slot.name);
  }
  size_t size() const { return count_; }

 private:
  struct Slot {
    uint64_t hash = 0;
    Value name = value::kFalse;  // kFalse: empty
  };
  void insert(const Slot& slot);
  void rebuild(const std::vector<Slot>& old, size_t capacity);

  std::vector<Slot> slots_ = std::vector<Slot>(256);
  std::vector<Value> fresh_;
  size_t count_ = 0;
};

}  // namespace terrace::frame
