// heap/sweep.cpp: from mark bits to free memory, and from any word to an object.
#include <algorithm>
#include <cstring>

#include "heap/space.hpp"

namespace terrace::heap {

namespace {

// Shorter holes stay parsable but are not worth a bump window.
constexpr size_t kMinPairHole = 2 * kGranule;
constexpr size_t kMinObjectHole = 4 * kGranule;
constexpr size_t kMinFreeInBlock = kBlockBytes / 8;

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
    free_ += hole->granules;
    largest_ = std::max(largest_, hole->granules);
  }
  // A block that is nearly full is left alone: short windows cost more than they give.
  void finish() {
    *link_ = nullptr;
    chunk_->largest_hole[block_] = static_cast<uint16_t>(largest_);
    if (free_ * kGranule >= kMinFreeInBlock) chunk_->hole_blocks |= uint32_t{1} << block_;
  }

 private:
  Chunk* chunk_;
  size_t block_;
  Hole** link_;
  uint32_t free_ = 0;
  uint32_t largest_ = 0;
};

void sweep_pairs(Chunk* chunk, size_t block, bool zap) {
  size_t first = granule_of(chunk->block_begin(block));
  size_t last = (block + 1) * kBlockBytes / kGranule;
  HoleList holes(chunk, block);
  for (size_t at = first; at < last;) {
    size_t hole_end = next_set_bit(chunk->marks, at, last);
    if (hole_end != at) {
      Hole* hole = close_hole(chunk->base() + at * kGranule, chunk->base() + hole_end * kGranule, zap);
      if (object_bytes(hole) >= kMinPairHole) holes.add(hole);
    }
    at = next_clear_bit(chunk->marks, hole_end, last);
  }
  holes.finish();
  std::memcpy(chunk->starts + first / 64, chunk->marks + first / 64, (last - first) / 8);
}

// Where the marked objects of a block start; the cache gets their headers meanwhile.
char** prefetch_marked(Chunk* chunk, size_t block, char** starts) {
  char* begin = chunk->block_begin(block);
  const size_t first = granule_of(begin) / 64;
  for (size_t word = first; word < first + kBlockBytes / kGranule / 64; word++) {
    for (uint64_t marks = chunk->marks[word]; marks != 0; marks &= marks - 1) {
      *starts = chunk->base() + (word * 64 + static_cast<size_t>(std::countr_zero(marks))) * kGranule;
      __builtin_prefetch(*starts++);
    }
  }
  return starts;
}

void sweep_objects(Chunk* chunk, size_t block, bool zap) {
  HoleList holes(chunk, block);
  auto add = [&](char* from, char* to) {
    if (from == to) return;
    Hole* hole = close_hole(from, to, zap);
    if (object_bytes(hole) >= kMinObjectHole) holes.add(hole);
  };
  char* free_from = chunk->block_begin(block);
  char* starts[kBlockBytes / kGranule];
  char** end = prefetch_marked(chunk, block, starts);
  for (char** start = starts; start != end; start++) {
    add(free_from, *start);
    free_from = *start + object_bytes(reinterpret_cast<value::Object*>(*start));
  }
  add(free_from, chunk->block_end(block));
  holes.finish();
}

void sweep_pages(Chunk* chunk) {
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
  chunk->young = false;
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

void Space::clear_next_marks() {
  for (auto* list : {&blocks_, &pages_, &spans_})
    for (Chunk* chunk : *list) std::memset(chunk->next_marks, 0, sizeof chunk->next_marks);
}

void Space::adopt_next_marks() {
  for (auto* list : {&blocks_, &pages_, &spans_})
    for (Chunk* chunk : *list) std::memcpy(chunk->marks, chunk->next_marks, sizeof chunk->marks);
}

void Space::distrust_marks() {
  sweep_part(SIZE_MAX, false);
  for (Chunk* chunk : blocks_) chunk->young_blocks = kAllBlocks & ~chunk->free_blocks;
  for (auto* list : {&pages_, &spans_})
    for (Chunk* chunk : *list) chunk->young = true;
  young_.add_all();
}

void Space::set_next_marks_aside() {
  for (auto* list : {&blocks_, &pages_, &spans_}) {
    for (Chunk* chunk : *list) {
      aside_.push_back({chunk, {}});
      std::memcpy(aside_.back().marks, chunk->next_marks, sizeof chunk->next_marks);
    }
  }
  clear_next_marks();
}

Target Space::compare_marks(bool with_next) {
  Target missed;
  for (const MarksAside& aside : aside_) {
    const uint64_t* checked = with_next ? aside.marks : aside.chunk->marks;
    for (size_t word = 0; word < kBitWords; word++) {
      uint64_t more = aside.chunk->next_marks[word] & ~checked[word];
      if (more == 0) continue;
      size_t granule = word * 64 + static_cast<size_t>(std::countr_zero(more));
      missed = resolve(reinterpret_cast<uintptr_t>(aside.chunk->base() + granule * kGranule));
    }
    std::memcpy(aside.chunk->next_marks, aside.marks, sizeof aside.marks);
  }
  aside_.clear();
  return missed;
}

void Space::sweep_blocks(Chunk* chunk, uint32_t blocks, bool zap) {
  chunk->young_blocks &= ~blocks;
  chunk->hole_blocks &= ~blocks;
  chunk->starts_known &= ~blocks;
  for (; blocks != 0; blocks &= blocks - 1) {
    auto block = static_cast<size_t>(std::countr_zero(blocks));
    size_t first = granule_of(chunk->block_begin(block));
    size_t last = (block + 1) * kBlockBytes / kGranule;
    if (next_set_bit(chunk->marks, first, last) == last) {
      chunk->free_blocks |= uint32_t{1} << block;
      base::unpoison(chunk->block_begin(block), (last - first) * kGranule);
      if (zap) zap_words(chunk->block_begin(block), chunk->block_end(block));
      base::poison(chunk->block_begin(block), (last - first) * kGranule);
    } else if (chunk->is_pair_block(block)) {
      sweep_pairs(chunk, block, zap);
    } else {
      sweep_objects(chunk, block, zap);
    }
  }
}

void Space::start_sweep() {
  young_.clear();
  spare_ = nullptr;
  std::fill(std::begin(cursors_), std::end(cursors_), Cursor{});
  free_cursor_ = pages_cursor_ = 0;
}

void Space::sweep(bool zap) {
  begin_sweep();
  sweep_part(SIZE_MAX, zap);
}

void Space::begin_sweep() {
  start_sweep();
  age_idle();
  sweep_spans();
  for (Chunk* chunk : pages_) sweep_pages(chunk);
  for (Chunk* chunk : blocks_) {
    chunk->unswept = true;
    chunk->young_blocks = chunk->hole_blocks = 0;
  }
  unswept_ = blocks_.size();
}

// What is young has no marks yet and is left alone.
void Space::sweep_part(size_t chunks, bool zap) {
  if (zap) unmap_idle();
  for (size_t i = 0; i < blocks_.size() && unswept_ > 0 && chunks > 0; i++) {
    Chunk* chunk = blocks_[i];
    if (!chunk->unswept) continue;
    sweep_blocks(chunk, kAllBlocks & ~chunk->free_blocks & ~chunk->young_blocks, zap);
    chunk->unswept = false;
    unswept_--;
    chunks--;
  }
}

void Space::sweep_young(bool zap) {
  start_sweep();
  if (std::any_of(spans_.begin(), spans_.end(), [](Chunk* chunk) { return chunk->young; })) sweep_spans();
  if (zap) unmap_idle();
  for (Chunk* chunk : blocks_)
    if (chunk->young_blocks != 0) sweep_blocks(chunk, chunk->young_blocks, zap);
  for (Chunk* chunk : pages_)
    if (chunk->young) sweep_pages(chunk);
}

// A set bit is where something allocated starts.
const uint64_t* Space::starts_of(Chunk* chunk, size_t block) {
  bool young = (chunk->young_blocks >> block) & 1;
  if (chunk->is_pair_block(block)) return chunk->unswept && !young ? chunk->marks : chunk->starts;
  if (!young) return chunk->marks;
  if (((chunk->starts_known >> block) & 1) == 0) build_starts(chunk, block);
  return chunk->starts;
}

Target Space::resolve_in_block(Chunk* chunk, char* address) {
  if (address < chunk->payload()) return {};
  size_t block = block_of(address);
  if ((chunk->free_blocks >> block) & 1) return {};
  size_t granule = granule_of(address);
  const uint64_t* starts = starts_of(chunk, block);
  if (chunk->is_pair_block(block)) {
    if (!test_bit(starts, granule)) return {};
    return {reinterpret_cast<value::Pair*>(chunk->base() + granule * kGranule), nullptr};
  }
  size_t start = previous_set_bit(starts, granule_of(chunk->block_begin(block)), granule);
  return start == SIZE_MAX ? Target{} : object_if_inside(chunk->base() + start * kGranule, address);
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
