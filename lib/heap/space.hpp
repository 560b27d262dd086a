// heap/space.hpp: the memory of one heap: chunks, blocks, holes, pages, spans.
//
// Answers for: handing out free memory, resolving any word to the object it points into, and turning mark bits into
// free memory again. Not for: when to collect (heap/heap.cpp) or what is alive (heap/tracer.hpp).
//
// A later generational collector keeps its mark bits between minor collections (clear_marks is then skipped) and reads
// the cards; nothing outside heap/ needs to know.
#pragma once

#include <cstddef>
#include <vector>

#include "heap/chunk.hpp"
#include "heap/chunk_table.hpp"

namespace terrace::heap {

// Objects up to this size are bump-allocated in whatever hole comes next.
inline constexpr size_t kSmallObject = 256;
inline constexpr size_t kSmallestBin = 512;

enum class BlockUse : uint8_t { kPairs, kObjects };

struct Range {
  char* begin = nullptr;
  char* end = nullptr;
  size_t bytes() const { return static_cast<size_t>(end - begin); }
  explicit operator bool() const { return begin != nullptr; }
};

// What a word points into. Neither is set when it points to nothing allocated.
struct Target {
  value::Pair* pair = nullptr;
  value::Object* object = nullptr;
};

class Space {
 public:
  Space() = default;
  ~Space();
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;

  // The next hole of at least `bytes` that the last sweep left, or an empty range. Holes that are too small are passed
  // over until the next sweep, so only small requests are served here.
  Range take_hole(BlockUse use, size_t bytes);
  // A hole for an object of more than kSmallObject bytes, from the bins; or an empty range.
  Range take_big_hole(size_t bytes);
  // What is left of a hole for objects becomes a hole again, in a bin when it is big enough.
  void give_back(Range rest);
  // Puts back the tail of the hole just taken, to be taken next.
  void return_tail(BlockUse use, Range tail);
  // A whole empty block of the chunks that are there, or an empty range.
  Range take_block(BlockUse use);
  // Pages for an object of more than kMaxBlockObject bytes; null when the system has none. The header is unset.
  value::Object* take_large(size_t bytes);
  // Gets one more chunk of empty blocks; false when the system has none.
  bool grow();
  // The pairs [begin, end) of a range of pairs were not used.
  void forget_pairs(Range unused);

  // Before marking: all mark bits cleared, start bits of objects distrusted. The windows must have been flushed.
  void clear_marks();
  // Safe for any word: tagged or not, start or middle. Objects found are allocated, pairs may be.
  Target resolve(uintptr_t word);
  // After marking: everything without a mark bit becomes free. Answers the bytes that are alive. With `zap`, freed
  // memory is filled with words that fault when they are used as references.
  size_t sweep(bool zap);

  // Gives empty chunks back except for `keep_bytes` of them; answers how many bytes.
  size_t release_empty(size_t keep_bytes);
  // Gives back the memory of empty blocks and pages in the chunks that stay; answers how many bytes.
  size_t discard_empty();
  size_t committed_bytes() const { return committed_; }

 private:
  struct Cursor {
    size_t chunk = 0;
    Hole* hole = nullptr;
  };
  // Holes of kSmallestBin << n bytes and more: those that objects too big for luck in the block lists can use.
  static constexpr size_t kBins = 5;
  Range take_from_bins(size_t bytes, size_t bin);
  void add_to_bin(Hole* hole);
  Range open(Hole* hole);
  size_t sweep_blocks(Chunk* chunk, bool zap);
  size_t sweep_objects(Chunk* chunk, size_t block, bool zap);
  Chunk* map_chunk(ChunkKind kind, size_t bytes);
  void unmap_chunk(Chunk* chunk);
  bool next_block_with_holes(BlockUse use);
  value::Object* take_pages(size_t bytes);
  Target resolve_in_block(Chunk* chunk, char* address);
  Target resolve_in_pages(Chunk* chunk, char* address);
  size_t sweep_spans();
  template <class Drop>
  void drop_chunks(Drop drop);

  std::vector<Chunk*> blocks_;
  std::vector<Chunk*> pages_;
  std::vector<Chunk*> spans_;
  ChunkTable table_;
  Cursor cursors_[2];
  Hole* bins_[kBins] = {};
  size_t free_cursor_ = 0;
  size_t pages_cursor_ = 0;
  size_t committed_ = 0;
};

}  // namespace terrace::heap
