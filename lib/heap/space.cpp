// heap/space.cpp: handing out memory.
#include "heap/space.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/pages.hpp"

namespace terrace::heap {

namespace {

// Idle spans: how many, and how large together. What a whole cycle of full collections has not used goes.
constexpr size_t kMostIdle = 16;
constexpr size_t kMostIdleBytes = 24 << 20;

// All that is written of a span but its object.
void clear_header(Chunk* chunk) {
  const size_t cards = card_count(chunk->bytes), in_front = cards > kCardTable ? cards - kCardTable : 0;
  std::memset(static_cast<void*>(chunk->base() - in_front), 0, in_front + sizeof(Chunk));
}

}  // namespace

Space::Space() { idle_.reserve(kMostIdle); }

Space::~Space() {
  for (auto* list : {&blocks_, &pages_, &spans_})
    for (Chunk* chunk : *list) unmap_chunk(chunk);
  unmap_idle();
}

Chunk* Space::map_chunk(ChunkKind kind, size_t bytes) {
  const size_t front = bytes_in_front(bytes);
  void* memory = base::map_pages(front + bytes, kChunkBytes);
  if (memory == nullptr && !idle_.empty()) {
    unmap_idle();
    memory = base::map_pages(front + bytes, kChunkBytes);
  }
  if (memory == nullptr) return nullptr;
  // The system's zeroes are the right start for every other field.
  auto* chunk = reinterpret_cast<Chunk*>(static_cast<char*>(memory) + front);
  committed_ += bytes;
  return enter_chunk(chunk, kind, bytes);
}

// Puts the chunk into its list and the table; unmaps it, and answers null, when there is no memory for that.
Chunk* Space::enter_chunk(Chunk* chunk, ChunkKind kind, size_t bytes) {
  chunk->kind = kind;
  chunk->record_types = &record_types_;
  chunk->bytes = bytes;
  chunk->free_blocks = kAllBlocks;
  chunk->longest_run = kHeapPagesPerChunk - kFirstPage;
  auto& list = kind == ChunkKind::kBlocks ? blocks_ : kind == ChunkKind::kPages ? pages_ : spans_;
  try {
    list.push_back(chunk);
    table_.add(chunk, bytes);
  } catch (const std::bad_alloc&) {
    if (!list.empty() && list.back() == chunk) list.pop_back();
    unmap_chunk(chunk);
    return nullptr;
  }
  return chunk;
}

void Space::unmap_chunk(Chunk* chunk) {
  committed_ -= chunk->bytes;
  base::unpoison(chunk, chunk->bytes);  // the addresses may come back as something else
  const size_t front = bytes_in_front(chunk->bytes);
  base::unmap_pages(chunk->base() - front, front + chunk->bytes);
}

// A program that makes large vectors again and again finds the pages of the last ones, instead of having the system clear others.
void Space::retire_span(Chunk* chunk) {
  size_t idle_bytes = chunk->bytes;
  for (const Idle& idle : idle_) idle_bytes += idle.chunk->bytes;
  if (idle_bytes > kMostIdleBytes || idle_.size() == kMostIdle) return unmap_chunk(chunk);
  base::poison(chunk->payload(), chunk->bytes - kHeaderBytes);
  idle_.push_back({chunk, false});
}

// One that is not much larger; null when there is none.
Chunk* Space::take_idle(size_t bytes) {
  const auto fits = [bytes](const Idle& idle) { return idle.chunk->bytes >= bytes && idle.chunk->bytes - bytes <= bytes / 4; };
  const auto found = std::find_if(idle_.begin(), idle_.end(), fits);
  if (found == idle_.end()) return nullptr;
  Chunk* chunk = found->chunk;
  const size_t mapped = chunk->bytes;
  idle_.erase(found);
  base::unpoison(chunk->payload(), mapped - kHeaderBytes);
  clear_header(chunk);
  return enter_chunk(chunk, ChunkKind::kSpan, mapped);
}

void Space::unmap_idle() {
  for (const Idle& idle : idle_) unmap_chunk(idle.chunk);
  idle_.clear();
}

void Space::age_idle() {
  std::erase_if(idle_, [&](Idle& idle) {
    const bool was_old = std::exchange(idle.is_old, true);
    if (was_old) unmap_chunk(idle.chunk);
    return was_old;
  });
}

bool Space::grow() { return map_chunk(ChunkKind::kBlocks, kChunkBytes) != nullptr; }

// The block that is found is young from now on.
bool Space::next_block_with_holes(Cursor& cursor, BlockUse use, size_t bytes) {
  for (; cursor.chunk < blocks_.size(); cursor.chunk++) {
    Chunk* chunk = blocks_[cursor.chunk];
    uint32_t candidates = chunk->hole_blocks & (use == BlockUse::kPairs ? chunk->pair_blocks : ~chunk->pair_blocks);
    for (; candidates != 0; candidates &= candidates - 1) {
      int block = std::countr_zero(candidates);
      if (chunk->largest_hole[block] * kGranule < bytes) continue;
      uint32_t bit = uint32_t{1} << block;
      chunk->hole_blocks &= ~bit;
      chunk->young_blocks |= bit;
      chunk->starts_known &= ~bit;
      young_.add(chunk->block_begin(static_cast<size_t>(block)));
      cursor.hole = chunk->holes[block];
      return true;
    }
  }
  return false;
}

// The hole becomes memory that may be written.
Range Space::open(Hole* hole) {
  char* begin = reinterpret_cast<char*>(hole);
  Range range{begin, begin + object_bytes(hole)};
  base::unpoison(begin, range.bytes());
  return range;
}

Range Space::take_hole(BlockUse use, size_t bytes) {
  Cursor& cursor = cursor_for(use, bytes);
  do {
    while (Hole* hole = cursor.hole) {
      cursor.hole = hole->next;
      if (object_bytes(hole) < bytes) continue;
      Range range = open(hole);
      if (use == BlockUse::kPairs)
        fill_bits(chunk_of(hole)->starts, granule_of(hole), granule_of(hole) + range.bytes() / kGranule, true);
      return range;
    }
  } while (next_block_with_holes(cursor, use, bytes));
  return use == BlockUse::kObjects ? take_spare(bytes) : Range{};
}

// The first of them are looked at: what objects of one size leave over fits that size again.
Range Space::take_spare(size_t bytes) {
  Hole** link = &spare_;
  for (int tries = 0; *link != nullptr && tries < 8; tries++, link = &(*link)->next) {
    if (object_bytes(*link) < bytes) continue;
    Hole* hole = *link;
    *link = hole->next;
    return open(hole);
  }
  return {};
}

void Space::give_back(Range rest) {
  if (!rest || rest.bytes() == 0) return;
  Hole* hole = write_hole(rest.begin, rest.end);
  base::poison(hole + 1, rest.bytes() - sizeof(Hole));
  if (rest.bytes() < kSmallestSpare) return;
  hole->next = spare_;
  spare_ = hole;
}

void Space::return_tail(BlockUse use, Range tail) {
  if (use == BlockUse::kPairs) forget_pairs(tail);
  Hole* hole = write_hole(tail.begin, tail.end);
  Cursor& cursor = cursor_for(use, 0);
  hole->next = cursor.hole;
  cursor.hole = hole;
  base::poison(hole + 1, tail.bytes() - sizeof(Hole));
}

void Space::forget_pairs(Range unused) {
  size_t first = granule_of(unused.begin);
  fill_bits(chunk_of(unused.begin)->starts, first, first + unused.bytes() / kGranule, false);
}

Range Space::take_block(BlockUse use) {
  for (; free_cursor_ < blocks_.size(); free_cursor_++) {
    Chunk* chunk = blocks_[free_cursor_];
    if (chunk->free_blocks == 0) continue;
    auto block = static_cast<size_t>(std::countr_zero(chunk->free_blocks));
    uint32_t bit = uint32_t{1} << block;
    chunk->free_blocks &= ~bit;
    chunk->starts_known &= ~bit;
    chunk->young_blocks |= bit;
    young_.add(chunk->block_begin(block));
    Range range{chunk->block_begin(block), chunk->block_end(block)};
    base::unpoison(range.begin, range.bytes());
    if (use == BlockUse::kPairs) {
      chunk->pair_blocks |= bit;
      size_t first = granule_of(range.begin);
      fill_bits(chunk->starts, first, first + range.bytes() / kGranule, true);
    } else {
      chunk->pair_blocks &= ~bit;
    }
    return range;
  }
  return {};
}

value::Object* Space::take_large(size_t bytes) {
  if (bytes <= kMaxPagesObject) return take_pages(bytes);
  size_t mapped = (kHeaderBytes + bytes + kHeapPage - 1) & ~(kHeapPage - 1);
  Chunk* chunk = take_idle(mapped);
  if (chunk == nullptr) chunk = map_chunk(ChunkKind::kSpan, mapped);
  if (chunk == nullptr) return nullptr;
  chunk->young = true;
  young_.add(chunk->payload());
  return reinterpret_cast<value::Object*>(chunk->payload());
}

namespace {

// First page of `wanted` free pages in a row, or 0 with chunk->longest_run set to what there is.
size_t find_pages(Chunk* chunk, size_t wanted) {
  size_t longest = 0;
  size_t run = 0;
  for (size_t page = kFirstPage; page < kHeapPagesPerChunk; page++) {
    run = chunk->page_owner[page] == 0 ? run + 1 : 0;
    if (run == wanted) return page + 1 - wanted;
    longest = std::max(longest, run);
  }
  chunk->longest_run = static_cast<uint32_t>(longest);
  return 0;
}

}  // namespace

value::Object* Space::take_pages(size_t bytes) {
  size_t wanted = (bytes + kHeapPage - 1) / kHeapPage;
  Chunk* chunk = nullptr;
  size_t page = 0;
  for (size_t i = pages_cursor_; i < pages_.size() && page == 0; i++) {
    chunk = pages_[i];
    if (chunk->longest_run >= wanted) page = find_pages(chunk, wanted);
    if (i == pages_cursor_ && chunk->longest_run <= kMaxBlockObject / kHeapPage) pages_cursor_++;
  }
  if (page == 0) {
    chunk = map_chunk(ChunkKind::kPages, kChunkBytes);
    if (chunk == nullptr) return nullptr;
    page = kFirstPage;
  }
  std::fill_n(chunk->page_owner + page, wanted, static_cast<uint8_t>(page));
  base::unpoison(chunk->base() + page * kHeapPage, wanted * kHeapPage);
  chunk->used_pages += static_cast<uint32_t>(wanted);
  chunk->young = true;
  young_.add(chunk->base() + page * kHeapPage);
  return reinterpret_cast<value::Object*>(chunk->base() + page * kHeapPage);
}

template <class Drop>
void Space::drop_chunks(Drop drop) {
  bool dropped = false;
  for (auto* list : {&blocks_, &pages_, &spans_}) {
    auto keep = list->begin();
    for (Chunk* chunk : *list) {
      if (drop(chunk)) {
        if (chunk->unswept) unswept_--;
        chunk->kind == ChunkKind::kSpan ? retire_span(chunk) : unmap_chunk(chunk);
        dropped = true;
      } else {
        *keep++ = chunk;
      }
    }
    list->erase(keep, list->end());
  }
  if (!dropped) return;
  table_.clear();
  for (auto* list : {&blocks_, &pages_, &spans_})
    for (Chunk* chunk : *list) table_.add(chunk, chunk->bytes);
}

void Space::sweep_spans() {
  drop_chunks([](Chunk* chunk) {
    chunk->young = chunk->young && chunk->kind != ChunkKind::kSpan;
    return chunk->kind == ChunkKind::kSpan && !test_bit(chunk->marks, granule_of(chunk->payload()));
  });
}

size_t Space::release_empty(size_t keep_bytes) {
  size_t before = committed_;
  if (keep_bytes == 0) unmap_idle();
  drop_chunks([&](Chunk* chunk) {
    if (!chunk->is_empty()) return false;
    if (keep_bytes >= chunk->bytes) {
      keep_bytes -= chunk->bytes;
      return false;
    }
    return true;
  });
  if (committed_ != before) {
    // Positions in the lists changed; holes already being used are still where they were.
    for (Cursor& cursor : cursors_) cursor.chunk = 0;
    free_cursor_ = pages_cursor_ = 0;
  }
  return before - committed_;
}

size_t Space::discard_empty() {
  size_t bytes = 0;
  for (Chunk* chunk : blocks_) {
    for (size_t block = 0; block < kBlocksPerChunk; block++) {
      if (((chunk->free_blocks >> block) & 1) == 0) continue;
      size_t size = static_cast<size_t>(chunk->block_end(block) - chunk->block_begin(block));
      base::discard_pages(chunk->block_begin(block), size);
      bytes += size;
    }
  }
  for (Chunk* chunk : pages_) {
    for (size_t page = kFirstPage; page < kHeapPagesPerChunk; page++) {
      if (chunk->page_owner[page] != 0) continue;
      base::discard_pages(chunk->base() + page * kHeapPage, kHeapPage);
      bytes += kHeapPage;
    }
  }
  return bytes;
}

}  // namespace terrace::heap
