// frame/names.hpp: the table of symbols, or of keywords, of one vm.
//
// Answers for: one object per name, and forgetting names that nobody holds. Not for: making the objects (frame/vm.cpp).
// Invariant: entries are weak; sweep_dead runs between mark and sweep of every collection.
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
  size_t count_ = 0;
};

}  // namespace terrace::frame
