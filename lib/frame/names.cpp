// frame/names.cpp: open addressing, at most half full, rebuilt when names die.
#include "frame/names.hpp"

#include "frame/vm.hpp"

namespace terrace::frame {

Value NameTable::find(std::string_view name, uint64_t hash) const {
  size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask; value::is_heap(slots_[i].name); i = (i + 1) & mask)
    if (slots_[i].hash == hash && symbol_name(slots_[i].name) == name) return slots_[i].name;
  return value::kFalse;
}

void NameTable::add(Value symbol_or_keyword, uint64_t hash) {
  if ((count_ + 1) * 2 > slots_.size()) {
    std::vector<Slot> old;
    old.swap(slots_);
    rebuild(old, old.size() * 2);
  }
  insert({hash, symbol_or_keyword});
  fresh_.push_back(symbol_or_keyword);
}

void NameTable::insert(const Slot& slot) {
  size_t mask = slots_.size() - 1;
  size_t i = slot.hash & mask;
  while (value::is_heap(slots_[i].name)) i = (i + 1) & mask;
  slots_[i] = slot;
  count_++;
}

void NameTable::rebuild(const std::vector<Slot>& old, size_t capacity) {
  slots_.assign(capacity, Slot{});
  count_ = 0;
  for (const Slot& slot : old)
    if (value::is_heap(slot.name)) insert(slot);
}

void NameTable::sweep_dead(const heap::Heap& heap) {
  bool any = false;
  for (Slot& slot : slots_) {
    if (heap.is_marked(slot.name)) continue;
    slot.name = value::kFalse;
    any = true;
  }
  if (!any) return;
  std::vector<Slot> old = slots_;
  rebuild(old, slots_.size());
}

}  // namespace terrace::frame
