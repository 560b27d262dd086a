// heap/sweep.cpp: from mark bits to free memory, and from any word to an object.
#include <algorithm>
#include <cstring>

#include "heap/space.hpp"

namespace terrace::heap {

namespace {

// Shorter holes stay parsable but are not worth a bump window.
constexpr size_t kMinPairHole = 2 * kGranule;
constexpr size_t kMinObjectHole = 4 * kGranule;

// A word that is no number, is no address, and faults when it is followed.
constexpr uint64_t kZapped = 0xDEADDEADDEADDEACu;

void zap_words(char* from, char* to) {
  for (auto* word = reinterpret_cast<uint64_t*>(from); word < reinterpret_cast<uint64_t*>(to); word++) *word = kZapped;
}

// Makes the hole and closes it: nobody reads or writes behind its header until it is opened again.
Hole* close_hole(char* from, char* to, bool zap) {
  Hole* hole = write_hole(from, to);
  if (zap) {
    base::unpoison(from, static_cast<size_t>(to - from));
    zap_words(from + sizeof(Hole), to);
  }
  base::poison(from + sizeof(Hole), static_cast<size_t>(to - from) - sizeof(Hole));
  return hole;
}

// The holes of one block in address order.
class HoleList {
 public:
  HoleList(Chunk* chunk, size_t block) : chunk_(chunk), block_(block), link_(&chunk->holes[block]) { *link_ = nullptr; }
  void add(Hole* hole) {
    *link_ = hole;
    link_ = &hole->next;
    chunk_->hole_blocks |= uint32_t{1} << block_;
  }

 private:
  Chunk* chunk_;
  size_t block_;
  Hole** link_;
};

size_t sweep_pairs(Chunk* chunk, size_t block, bool zap) {
  size_t first = granule_of(chunk->block_begin(block));
  size_t last = (block + 1) * kBlockBytes / kGranule;
  HoleList holes(chunk, block);
  size_t live = 0;
  for (size_t at = first; at < last;) {
    size_t hole_end = next_set_bit(chunk->marks, at, last);
    if (hole_end != at) {
      Hole* hole = close_hole(chunk->base() + at * kGranule, chunk->base() + hole_end * kGranule, zap);
      if (object_bytes(hole) >= kMinPairHole) holes.add(hole);
    }
    at = next_clear_bit(chunk->marks, hole_end, last);
    live += (at - hole_end) * kGranule;
  }
  std::memcpy(chunk->starts + first / 64, chunk->marks + first / 64, (last - first) / 8);
  return live;
}

size_t sweep_pages(Chunk* chunk) {
  size_t used = 0;
  size_t run = 0;
  size_t longest = 0;
  for (size_t page = kFirstPage; page < kHeapPagesPerChunk; page++) {
    uint8_t owner = chunk->page_owner[page];
    if (owner != 0 && test_bit(chunk->marks, owner * kHeapPage / kGranule)) {
      used++;
      run = 0;
      continue;
    }
    chunk->page_owner[page] = 0;
    base::poison(chunk->base() + page * kHeapPage, kHeapPage);
    longest = ++run > longest ? run : longest;
  }
  chunk->used_pages = static_cast<uint32_t>(used);
  chunk->longest_run = static_cast<uint32_t>(longest);
  return used * kHeapPage;
}

// Start bits of a block of objects, by parsing it.
void build_starts(Chunk* chunk, size_t block) {
  char* at = chunk->block_begin(block);
  char* end = chunk->block_end(block);
  fill_bits(chunk->starts, granule_of(at), (block + 1) * kBlockBytes / kGranule, false);
  while (at < end) {
    set_bit(chunk->starts, granule_of(at));
    at += object_bytes(reinterpret_cast<value::Object*>(at));
  }
  chunk->starts_known |= uint32_t{1} << block;
}

Target object_if_inside(char* start, const char* address) {
  auto* object = reinterpret_cast<value::Object*>(start);
  if (object->type == value::Type::kFree || address >= start + object_bytes(object)) return {};
  return {nullptr, object};
}

}  // namespace

void Space::clear_marks() {
  for (auto* list : {&blocks_, &pages_}) {
    for (Chunk* chunk : *list) {
      std::memset(chunk->marks, 0, sizeof chunk->marks);
      chunk->starts_known = 0;
    }
  }
  for (Chunk* chunk : spans_)
    fill_bits(chunk->marks, granule_of(chunk->payload()), granule_of(chunk->payload()) + 1, false);
}

size_t Space::sweep_objects(Chunk* chunk, size_t block, bool zap) {
  size_t last = (block + 1) * kBlockBytes / kGranule;
  HoleList holes(chunk, block);
  auto add = [&](char* from, char* to) {
    if (from == to) return;
    Hole* hole = close_hole(from, to, zap);
    if (object_bytes(hole) >= kSmallestBin)
      add_to_bin(hole);
    else if (object_bytes(hole) >= kMinObjectHole)
      holes.add(hole);
  };
  char* free_from = chunk->block_begin(block);
  size_t live = 0;
  for (size_t at = next_set_bit(chunk->marks, granule_of(free_from), last); at < last;) {
    char* start = chunk->base() + at * kGranule;
    size_t size = object_bytes(reinterpret_cast<value::Object*>(start));
    add(free_from, start);
    free_from = start + size;
    live += size;
    at = next_set_bit(chunk->marks, at + size / kGranule, last);
  }
  add(free_from, chunk->block_end(block));
  return live;
}

size_t Space::sweep_blocks(Chunk* chunk, bool zap) {
  size_t live = 0;
  chunk->hole_blocks = 0;
  for (size_t block = 0; block < kBlocksPerChunk; block++) {
    uint32_t bit = uint32_t{1} << block;
    if (chunk->free_blocks & bit) continue;
    char* begin = chunk->block_begin(block);
    if (next_set_bit(chunk->marks, granule_of(begin), (block + 1) * kBlockBytes / kGranule) ==
        (block + 1) * kBlockBytes / kGranule) {
      chunk->free_blocks |= bit;
      close_hole(begin, chunk->block_end(block), zap);
      base::poison(begin, sizeof(Hole));
      continue;
    }
    live += chunk->is_pair_block(block) ? sweep_pairs(chunk, block, zap) : sweep_objects(chunk, block, zap);
  }
  return live;
}

size_t Space::sweep(bool zap) {
  size_t live = sweep_spans();
  std::fill(bins_, bins_ + kBins, nullptr);
  for (Chunk* chunk : blocks_) live += sweep_blocks(chunk, zap);
  for (Chunk* chunk : pages_) live += sweep_pages(chunk);
  cursors_[0] = cursors_[1] = Cursor{};
  free_cursor_ = pages_cursor_ = 0;
  return live;
}

Target Space::resolve_in_block(Chunk* chunk, char* address) {
  if (address < chunk->payload()) return {};
  size_t block = block_of(address);
  if ((chunk->free_blocks >> block) & 1) return {};
  size_t granule = granule_of(address);
  if (chunk->is_pair_block(block)) {
    if (!test_bit(chunk->starts, granule)) return {};
    return {reinterpret_cast<value::Pair*>(chunk->base() + granule * kGranule), nullptr};
  }
  if (((chunk->starts_known >> block) & 1) == 0) build_starts(chunk, block);
  size_t start = previous_set_bit(chunk->starts, granule_of(chunk->block_begin(block)), granule);
  return object_if_inside(chunk->base() + start * kGranule, address);
}

Target Space::resolve_in_pages(Chunk* chunk, char* address) {
  size_t owner = chunk->page_owner[static_cast<size_t>(address - chunk->base()) / kHeapPage];
  return owner == 0 ? Target{} : object_if_inside(chunk->base() + owner * kHeapPage, address);
}

Target Space::resolve(uintptr_t word) {
  Chunk* chunk = table_.find(word);
  if (chunk == nullptr) return {};
  auto* address = reinterpret_cast<char*>(word);
  if (chunk->kind == ChunkKind::kBlocks) return resolve_in_block(chunk, address);
  if (chunk->kind == ChunkKind::kPages) return resolve_in_pages(chunk, address);
  return address < chunk->payload() ? Target{} : object_if_inside(chunk->payload(), address);
}

}  // namespace terrace::heap
