// heap/chunk_table.cpp: open addressing, never more than half full.
#include "heap/chunk_table.hpp"

#include <algorithm>

#include "heap/chunk.hpp"

namespace terrace::heap {

void ChunkTable::add(Chunk* chunk, size_t bytes) {
  uintptr_t first = reinterpret_cast<uintptr_t>(chunk) >> 20;
  size_t megabytes = (bytes + kChunkBytes - 1) / kChunkBytes;
  reserve(megabytes);
  for (size_t i = 0; i < megabytes; i++) insert({first + i, chunk});
  lowest_ = count_ == megabytes ? first : std::min(lowest_, first);
  highest_ = std::max(count_ == megabytes ? first : highest_, first + megabytes - 1);
}

void ChunkTable::clear() {
  std::fill(slots_.begin(), slots_.end(), Slot{});
  count_ = 0;
  lowest_ = highest_ = 1;
}

void ChunkTable::insert(Slot slot) {
  size_t i = hash(slot.key) & mask_;
  while (slots_[i].key != 0) i = (i + 1) & mask_;
  slots_[i] = slot;
  count_++;
}

void ChunkTable::reserve(size_t more) {
  if ((count_ + more) * 2 <= slots_.size()) return;
  std::vector<Slot> old(std::bit_ceil((count_ + more) * 4));
  old.swap(slots_);
  mask_ = slots_.size() - 1;
  count_ = 0;
  for (const Slot& slot : old)
    if (slot.key != 0) insert(slot);
}

}  // namespace terrace::heap
