// heap/chunk.hpp: what a megabyte of heap looks like.
//
// Answers for: the chunk header, the division into blocks and pages, and bit arithmetic on it. Not for: which chunk is
// used for what (heap/space.hpp).
//
//   0          cards        2048 bytes, the first card's last, written by the mutator (Heap::write_barrier)
//   2048       mark bits    one per 16-byte granule
//   10240      next marks   one per granule: those of the full collection that is going on, if any
//   18432      start bits   one per granule; meaning depends on the block
//   26624      metadata
//   32768      payload      up to the next megabyte, or the end of the span
//
// A chunk is one of three kinds. kBlocks: 31 blocks of 32 KB behind the header, which is block 0, each empty, of pairs,
// or of objects. kPages: objects of several pages each. kSpan: one large object, over as many megabytes as it needs;
// the cards of all but its first megabyte lie in front of the chunk.
//
// Invariants
//  1. Blocks of objects are parsable from start to end between mutator operations once the windows are flushed: holes
//  are
//     kFree objects.
//  2. Mark bits stay set between collections: what has one survived the last collection and is old. Only blocks and
//     chunks said to be young hold anything allocated that has none. The next marks are a part of them, but in the
//     collection that makes them the marks.
//  3. In a block of pairs a start bit means that the cell was handed out; in one not yet swept the marks tell more. In a
//     block of objects start bits are built only when a conservative word hits it (bit in starts_known), since bump
//     allocation sets none.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/poison.hpp"
#include "heap/heap.hpp"

namespace terrace::heap {

inline constexpr size_t kGranule = 16;
inline constexpr size_t kBlockBytes = 32 << 10;
inline constexpr size_t kBlocksPerChunk = kChunkBytes / kBlockBytes;
inline constexpr size_t kHeaderBytes = kBlockBytes;
inline constexpr size_t kHeapPage = 4 << 10;
inline constexpr size_t kHeapPagesPerChunk = kChunkBytes / kHeapPage;
inline constexpr size_t kFirstPage = kHeaderBytes / kHeapPage;
inline constexpr size_t kBitWords = kChunkBytes / kGranule / 64;
inline constexpr uint32_t kAllBlocks = ~uint32_t{1};

// Objects above this live in pages of their own.
inline constexpr size_t kMaxBlockObject = 8 << 10;
// Objects above this have a chunk or more of their own.
inline constexpr size_t kMaxPagesObject = 256 << 10;

enum class ChunkKind : uint8_t { kBlocks, kPages, kSpan };

// Free memory inside a block, as the parser of the block and the allocator see it.
struct Hole : value::Object {
  Hole* next;  // meaningful only while the hole is on a list
};
static_assert(sizeof(Hole) == kGranule);

class RecordTypes;

struct Chunk {
  uint8_t cards[kChunkBytes >> kCardShift];
  uint64_t marks[kBitWords];
  uint64_t next_marks[kBitWords];
  uint64_t starts[kBitWords];
  ChunkKind kind;
  const RecordTypes* record_types;  // of the heap
  size_t bytes;  // mapped; more than kChunkBytes only for a span

  // kBlocks: one bit per block.
  uint32_t free_blocks;
  uint32_t pair_blocks;
  uint32_t hole_blocks;   // has holes that no window was made of since it was swept
  uint32_t starts_known;  // start bits of this block of objects are up to date
  uint32_t young_blocks;  // memory was handed out here since the last collection
  bool unswept;           // what was old at the last full collection and has no mark is dead, but not yet free
  Hole* holes[kBlocksPerChunk];
  uint16_t largest_hole[kBlocksPerChunk];  // granules, of the list in holes

  // kPages: for each page the first page of its object, or 0 when it is free.
  uint8_t page_owner[kHeapPagesPerChunk];
  uint32_t longest_run;  // no run of free pages is longer than this
  uint32_t used_pages;
  bool young;  // kPages, kSpan: an object was made here since the last collection

  char* base() { return reinterpret_cast<char*>(this); }
  char* payload() { return base() + kHeaderBytes; }
  char* end() { return base() + bytes; }
  char* card_begin(size_t card) { return base() + (card << kCardShift); }
  char* block_begin(size_t block) { return base() + block * kBlockBytes; }
  char* block_end(size_t block) { return base() + (block + 1) * kBlockBytes; }
  bool is_pair_block(size_t block) const { return (pair_blocks >> block) & 1; }
  bool is_empty() const {
    return kind == ChunkKind::kBlocks ? free_blocks == kAllBlocks : kind == ChunkKind::kPages && used_pages == 0;
  }
};
static_assert(offsetof(Chunk, cards) == 0 && sizeof(Chunk::cards) == kCardTable);
static_assert(sizeof(Chunk) <= kHeaderBytes);

inline constexpr size_t kCardBytes = size_t{1} << kCardShift;
static_assert(kCardBytes / kGranule == 32, "the mark bits of a card are half a word");

// Card bytes that are looked at together.
inline constexpr size_t kCardLine = 64;
// How many cards so many bytes have, rounded up to lines.
inline size_t card_count(size_t bytes) {
  return ((bytes + kCardBytes - 1) / kCardBytes + kCardLine - 1) & ~(kCardLine - 1);
}
// What is mapped in front of a chunk for its further cards. It is more than is ever touched, for the chunk's alignment.
inline size_t bytes_in_front(size_t bytes) {
  size_t cards = card_count(bytes);
  return cards <= kCardTable ? 0 : (cards - kCardTable + kChunkBytes - 1) & ~(kChunkBytes - 1);
}

inline Chunk* chunk_of(const void* address) {
  return reinterpret_cast<Chunk*>(reinterpret_cast<uintptr_t>(address) & ~(kChunkBytes - 1));
}
inline size_t granule_of(const void* address) {
  return (reinterpret_cast<uintptr_t>(address) & (kChunkBytes - 1)) / kGranule;
}
inline size_t block_of(const void* address) {
  return (reinterpret_cast<uintptr_t>(address) & (kChunkBytes - 1)) / kBlockBytes;
}
inline size_t object_bytes(const value::Object* o) { return size_t{o->granules} * kGranule; }

inline bool test_bit(const uint64_t* bits, size_t i) { return (bits[i / 64] >> (i % 64)) & 1; }
inline void set_bit(uint64_t* bits, size_t i) { bits[i / 64] |= uint64_t{1} << (i % 64); }
// Sets or clears the bits [from, to).
void fill_bits(uint64_t* bits, size_t from, size_t to, bool value);
// First set bit in [from, to), or `to`.
size_t next_set_bit(const uint64_t* bits, size_t from, size_t to);
// First clear bit in [from, to), or `to`.
size_t next_clear_bit(const uint64_t* bits, size_t from, size_t to);
// Last set bit in [from, at], or SIZE_MAX.
size_t previous_set_bit(const uint64_t* bits, size_t from, size_t at);

// Makes [from, to) a hole of the block; at least one granule.
inline Hole* write_hole(char* from, char* to) {
  auto* hole = reinterpret_cast<Hole*>(from);
  base::unpoison(from, sizeof(Hole));
  static_cast<value::Object&>(*hole) =
      value::Object{value::Type::kFree, 0, 0, static_cast<uint32_t>((to - from) / kGranule)};
  hole->next = nullptr;
  return hole;
}

}  // namespace terrace::heap
