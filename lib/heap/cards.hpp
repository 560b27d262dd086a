// heap/cards.hpp: what was stored into since the last collection.
//
// Answers for: finding it by the dirty cards. Not for: making cards dirty (Heap::write_barrier).
//
// Invariants: a store into an element of a vector dirties the card of that element, any other store the card where the
// pair or object starts. So on a dirty card the elements of vectors that lie there may have changed, also of a vector
// that starts on an earlier one, and all of what else starts there. What has no mark is young: it is looked at anyway
// if it is alive.
#pragma once

#include <algorithm>
#include <cstring>

#include "heap/space.hpp"

namespace terrace::heap {

// Where a line of cards starts that has some of the payload.
inline constexpr size_t kFirstCard = (kHeaderBytes >> kCardShift) & ~(kCardLine - 1);

template <class Take>
void take_line(Chunk* chunk, size_t first, Take& take) {
  for (size_t card = first; card < first + kCardLine; card++) {
    char* byte = chunk->base() + kCardTable - 1 - card;
    if (*byte == 0) continue;
    *byte = 0;
    take(card);
  }
}

// Cleans the cards [from, to), whole lines of them, and calls take(card) for those that were dirty.
template <class Take>
void take_cards(Chunk* chunk, size_t from, size_t to, Take take) {
  for (size_t card = from; card < to; card += kCardLine) {
    const char* line = chunk->base() + kCardTable - card - kCardLine;
    uint64_t eights[kCardLine / 8];
    std::memcpy(eights, line, sizeof eights);
    uint64_t any = 0;
    for (uint64_t eight : eights) any |= eight;
    if (any != 0) take_line(chunk, card, take);
  }
}

// The cards of all chunks lie at the same places of a cache, so they are seldom there.
inline void prefetch_cards(const Chunk* chunk) {
  for (size_t at = 0; at < kCardTable - kFirstCard; at += kCardLine) __builtin_prefetch(chunk->cards + at, 1);
}

// The elements of the vector that lie on the card.
template <class Visit>
void visit_elements(value::Vector* vector, const char* card, Visit& visit) {
  if (vector->kind() != value::VectorKind::kGeneric) return;
  const Value* words = value::words_of(vector);
  const Value* from = std::max(words, reinterpret_cast<const Value*>(card));
  const Value* to = std::min<const Value*>(words + vector->length, reinterpret_cast<const Value*>(card + kCardBytes));
  if (from < to) visit(Change{value::from_object(vector), from, to});
}

// An old object of which a part at least lies on the card.
template <class Visit>
void visit_object(char* object, const char* card, Visit& visit) {
  auto* o = reinterpret_cast<value::Object*>(object);
  if (o->type == value::Type::kVector) return visit_elements(static_cast<value::Vector*>(o), card, visit);
  if (object >= card) visit(Change{value::from_object(o)});
}

template <class Visit>
void visit_card_of_block(Chunk* chunk, size_t card, Visit& visit) {
  char* begin = chunk->card_begin(card);
  const size_t first = granule_of(begin);
  const size_t block = block_of(begin);
  const bool pairs = chunk->is_pair_block(block);
  const size_t first_in_block = granule_of(chunk->block_begin(block));
  if (!pairs && first != first_in_block) {
    size_t before = previous_set_bit(chunk->marks, first_in_block, first - 1);
    if (before != SIZE_MAX) visit_object(chunk->base() + before * kGranule, begin, visit);
  }
  auto marks = static_cast<uint32_t>(chunk->marks[first / 64] >> (first % 64));
  for (; marks != 0; marks &= marks - 1) {
    char* at = begin + static_cast<size_t>(std::countr_zero(marks)) * kGranule;
    if (pairs)
      visit(Change{value::from_pair(reinterpret_cast<value::Pair*>(at))});
    else
      visit_object(at, begin, visit);
  }
}

template <class Visit>
void visit_card_of_pages(Chunk* chunk, size_t card, Visit& visit) {
  size_t owner = chunk->page_owner[card * kCardBytes / kHeapPage];
  if (owner == 0 || !test_bit(chunk->marks, owner * kHeapPage / kGranule)) return;
  visit_object(chunk->base() + owner * kHeapPage, chunk->card_begin(card), visit);
}

// Only the cards of a generic vector can be dirty beyond the first.
template <class Visit>
void visit_span(Chunk* chunk, Visit& visit) {
  auto* object = reinterpret_cast<value::Object*>(chunk->payload());
  const bool is_old = test_bit(chunk->marks, granule_of(object));
  const bool by_card = object->type == value::Type::kVector &&
                       static_cast<value::Vector*>(object)->kind() == value::VectorKind::kGeneric;
  const size_t cards = card_count(by_card ? chunk->bytes : kHeaderBytes + kCardBytes);
  take_cards(chunk, kFirstCard, cards, [&](size_t card) {
    if (is_old) visit_object(chunk->payload(), chunk->card_begin(card), visit);
  });
}

template <class Visit>
void Space::take_dirty(Visit visit) {
  for (size_t i = 0; i < blocks_.size(); i++) {
    if (i + 1 < blocks_.size()) prefetch_cards(blocks_[i + 1]);
    Chunk* chunk = blocks_[i];
    take_cards(chunk, kFirstCard, kCardTable, [&](size_t card) { visit_card_of_block(chunk, card, visit); });
  }
  for (Chunk* chunk : pages_)
    take_cards(chunk, kFirstCard, kCardTable, [&](size_t card) { visit_card_of_pages(chunk, card, visit); });
  for (Chunk* chunk : spans_) visit_span(chunk, visit);
}

}  // namespace terrace::heap
