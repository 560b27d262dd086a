// heap/space.hpp: the memory of one heap: chunks, blocks, holes, pages, spans.
//
// Answers for: handing out free memory, resolving any word to the object it points into, and turning mark bits into
// free memory again. Not for: when to collect (heap/heap.cpp) or what is alive (heap/tracer.hpp).
//
// Two kinds of collection use it. A minor one adds mark bits to what is young and reachable, and sweeps only the blocks
// that memory was handed out from. A full one makes mark bits of its own, the next marks, then puts them in the place
// of the others and sweeps everything.
#pragma once

#include <cstddef>
#include <vector>

#include "heap/chunk.hpp"
#include "heap/chunk_table.hpp"
#include "heap/record_types.hpp"
#include "heap/young_filter.hpp"

namespace terrace::heap {

// Objects up to this size are bump-allocated in whatever hole comes next.
inline constexpr size_t kSmallObject = 256;
// What is left of a window is kept for use before the next collection when it is at least this long.
inline constexpr size_t kSmallestSpare = 512;

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

// What was stored into: a pair or object, or elements of a vector.
struct Change {
  Value changed;
  const Value* from = nullptr;  // null: all of it
  const Value* to = nullptr;
};

class Space {
 public:
  Space();
  ~Space();
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;

  // The next hole of at least `bytes` that the last sweep left, or an empty range. Holes that are too small are passed
  // over until the next sweep of their block.
  Range take_hole(BlockUse use, size_t bytes);
  // What is left of a window for objects becomes a hole again, one to be taken soon when it is long enough.
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

  // Before marking for a full collection: no next marks.
  void clear_next_marks();
  // After it: the next marks become the marks.
  void adopt_next_marks();
  // Calls visit(Change) for what is old on dirty cards, and cleans the cards (heap/cards.hpp).
  template <class Visit>
  void take_dirty(Visit visit);
  // False for what is known to be old, with little effort. Precondition: the address is where something allocated
  // starts.
  bool may_be_young(const void* address) const { return young_.may_be_young(address); }
  // Safe for any word: tagged or not, start or middle. What is found is allocated and not known to be dead.
  Target resolve(uintptr_t word);
  // After marking: everything without a mark bit becomes free. With `zap`, freed memory is filled with words that fault
  // when they are used as references.
  void sweep(bool zap);
  // The same for what is young; nothing else has lost a mark.
  void sweep_young(bool zap);
  // The same as sweep in parts: large objects at once, the blocks by sweep_part. Until then nothing is allocated in
  // them, but in those that were free.
  void begin_sweep();
  // Sweeps so many chunks. Precondition: the windows are closed.
  void sweep_part(size_t chunks, bool zap);
  bool is_swept() const { return unswept_ == 0; }
  // After marking that was given up: everything allocated counts as young, until a full collection succeeds.
  void distrust_marks();
  // For checking a marking: clears the next marks for another one from nothing, keeping them.
  void set_next_marks_aside();
  // Puts them back; answers something that the other marking found and the one to be checked did not: the marks, or the
  // next marks.
  Target compare_marks(bool with_next);

  // Gives empty chunks back except for `keep_bytes` of them; answers how many bytes.
  size_t release_empty(size_t keep_bytes);
  // Gives back the memory of empty blocks and pages in the chunks that stay; answers how many bytes.
  size_t discard_empty();
  size_t committed_bytes() const { return committed_; }
  RecordTypes& record_types() { return record_types_; }

 private:
  struct Cursor {
    size_t chunk = 0;
    Hole* hole = nullptr;
  };
  // A span without an object, in no list and not in the table, which stays mapped for a while.
  struct Idle {
    Chunk* chunk;
    bool is_old;  // a full collection has begun since
  };
  struct MarksAside {
    Chunk* chunk;
    uint64_t marks[kBitWords];
  };
  static Range open(Hole* hole);
  Range take_spare(size_t bytes);
  Cursor& cursor_for(BlockUse use, size_t bytes) {
    return cursors_[use == BlockUse::kPairs ? 0 : bytes <= kSmallObject ? 1 : 2];
  }
  bool next_block_with_holes(Cursor& cursor, BlockUse use, size_t bytes);
  void start_sweep();
  void sweep_blocks(Chunk* chunk, uint32_t blocks, bool zap);
  Chunk* map_chunk(ChunkKind kind, size_t bytes);
  Chunk* enter_chunk(Chunk* chunk, ChunkKind kind, size_t bytes);
  void unmap_chunk(Chunk* chunk);
  void retire_span(Chunk* chunk);
  Chunk* take_idle(size_t bytes);
  void unmap_idle();
  // At each full collection: what was idle at the one before goes.
  void age_idle();
  value::Object* take_pages(size_t bytes);
  const uint64_t* starts_of(Chunk* chunk, size_t block);
  Target resolve_in_block(Chunk* chunk, char* address);
  Target resolve_in_pages(Chunk* chunk, char* address);
  void sweep_spans();
  template <class Drop>
  void drop_chunks(Drop drop);

  std::vector<Chunk*> blocks_;
  std::vector<Chunk*> pages_;
  std::vector<Chunk*> spans_;
  std::vector<Idle> idle_;
  ChunkTable table_;
  YoungFilter young_;
  RecordTypes record_types_;
  Cursor cursors_[3];      // for pairs, small objects, larger objects
  Hole* spare_ = nullptr;  // left over by windows since the last collection
  std::vector<MarksAside> aside_;
  size_t unswept_ = 0;  // chunks
  size_t free_cursor_ = 0;
  size_t pages_cursor_ = 0;
  size_t committed_ = 0;
};

}  // namespace terrace::heap
