// heap/chunk_table.hpp: which megabytes of the address space belong to this heap.
//
// Answers for: a lookup that is safe for any word. Not for: where in the chunk the word points.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace terrace::heap {

struct Chunk;

class ChunkTable {
 public:
  // The chunk that starts, or the span that goes on, in the megabyte of this address; null when it is not the heap's.
  Chunk* find(uintptr_t address) const {
    uintptr_t key = address >> 20;
    if (key - lowest_ > highest_ - lowest_) return nullptr;
    for (size_t i = hash(key) & mask_;; i = (i + 1) & mask_) {
      if (slots_[i].key == key) return slots_[i].chunk;
      if (slots_[i].key == 0) return nullptr;
    }
  }
  // Enters every megabyte that the chunk touches. May throw bad_alloc, and then has changed nothing.
  void add(Chunk* chunk, size_t bytes);
  // Forgets all; the caller adds again what stays. Cheaper to get right than deletion, and rare.
  void clear();

 private:
  struct Slot {
    uintptr_t key = 0;  // address >> 20
    Chunk* chunk = nullptr;
  };
  static size_t hash(uintptr_t key) { return (key * 0x9E3779B97F4A7C15u) >> 40; }
  void insert(Slot slot);
  void reserve(size_t more);

  std::vector<Slot> slots_ = std::vector<Slot>(64);
  size_t mask_ = 63;
  size_t count_ = 0;
  uintptr_t lowest_ = 1;  // of the keys; an empty table claims megabyte 1, which is never mapped
  uintptr_t highest_ = 1;
};

}  // namespace terrace::heap
