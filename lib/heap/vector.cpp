// heap/vector.cpp: see vector.hpp.
#include "heap/vector.hpp"

#include <algorithm>

namespace terrace::heap {

namespace {

uint64_t bits_of(Value number) { return std::bit_cast<uint64_t>(value::float_value(number)); }

// What a slot of doubles is as a Value, when that needs no box.
bool plain_word(uint64_t bits, Value* out) {
  if (bits == value::kHole) return *out = value::make_fixnum(0), true;
  return value::encode_float(std::bit_cast<double>(bits), out);
}

// How many boxes a vector of doubles needs when neighbours that are alike share one.
uint64_t count_boxes(const Vector* v) {
  uint64_t boxes = 0;
  Value word;
  for (uint64_t i = 0; i < v->length; i++)
    boxes += !plain_word(v->slot[i], &word) && (i == 0 || v->slot[i] != v->slot[i - 1]);
  return boxes;
}

// The header changes last, and nothing is allocated between.
void replace_by_words(Vector* v, const RootedValues& boxes) {
  size_t used = 0;
  uint64_t before = value::kHole;
  for (uint64_t i = 0; i < v->length; i++) {
    uint64_t bits = v->slot[i];
    Value word;
    if (!plain_word(bits, &word)) {
      if (i == 0 || bits != before) used++;
      word = boxes.data()[used - 1];
    }
    before = bits;
    v->slot[i] = word.bits;
  }
  v->become(VectorKind::kGeneric);
  Heap::write_barrier(v, 0, v->length);
}

bool doubles_to_generic(Heap& heap, Vector* v) {
  uint64_t count = count_boxes(v);
  if (count != 0 && !heap.has_room(count * (sizeof(value::Flonum) + sizeof(Value)))) return false;
  RootedValues boxes(heap);
  for (uint64_t i = 0; boxes.size() < count; i++) {
    Value word;
    if (!plain_word(v->slot[i], &word) && (i == 0 || v->slot[i] != v->slot[i - 1]))
      boxes.push(box_double(heap, v->slot[i]));
  }
  replace_by_words(v, boxes);
  return true;
}

}  // namespace

Value box_double(Heap& heap, uint64_t bits) {
  Value out;
  if (value::encode_float(std::bit_cast<double>(bits), &out)) return out;
  auto* box = heap.make<value::Flonum>(value::Type::kFlonum);
  box->number = value::tamed(std::bit_cast<double>(bits));
  return value::from_object(box);
}

Value LooseFloat::of(uint64_t bits) {
  Value out;
  if (value::encode_float(std::bit_cast<double>(bits), &out)) return out;
  box_.type = value::Type::kFlonum;
  box_.number = std::bit_cast<double>(bits);
  return value::from_object(&box_);
}

Value VectorView::operator[](uint64_t i) {
  uint64_t bits = vector_->slot[i];
  Value out{bits};
  return vector_->kind() != VectorKind::kDoubles || plain_word(bits, &out) ? out : float_.of(bits);
}

void settle(Vector* v, VectorKind kind) {
  if (v->kind() != VectorKind::kFresh) return;
  if (kind == VectorKind::kDoubles) std::fill_n(v->slot, v->length, value::kHole);
  v->become(kind);
}

bool make_generic(Heap& heap, Vector* v) {
  settle(v, VectorKind::kGeneric);
  return v->kind() == VectorKind::kGeneric || doubles_to_generic(heap, v);
}

bool vector_set(Heap& heap, Vector* v, uint64_t i, Value x) {
  bool is_float = value::is_float(x);
  settle(v, is_float ? VectorKind::kDoubles : VectorKind::kGeneric);
  if (v->kind() == VectorKind::kDoubles) {
    if (is_float) return v->slot[i] = bits_of(x), true;
    if (!doubles_to_generic(heap, v)) return false;
  }
  v->slot[i] = x.bits;
  Heap::write_barrier(v, i);
  return true;
}

bool is_full(Vector* v) {
  if (v->kind() != VectorKind::kDoubles) return false;
  if (!(v->flags & value::kFull) && std::find(v->slot, v->slot + v->length, value::kHole) == v->slot + v->length) v->flags |= value::kFull;
  return v->flags & value::kFull;
}

void pack(Vector* v) {
  const Value* words = value::words_of(v);
  if (v->length == 0 || !std::all_of(words, words + v->length, value::is_float)) return;
  for (uint64_t i = 0; i < v->length; i++) v->slot[i] = bits_of(words[i]);
  v->become(VectorKind::kDoubles);
  v->flags |= value::kFull;
}

Vector* try_vector(Heap& heap, uint64_t length, VectorKind kind) {
  constexpr uint64_t kNone = uint64_t{1} << 40;  // more than any heap holds
  if (length > kNone) return nullptr;
  auto* v = heap.try_make<Vector>(value::Type::kVector, length * sizeof(Value));
  if (v == nullptr) return nullptr;
  v->length = length;
  v->become(kind);
  return v;
}

Vector* vector_of(Heap& heap, const Value* items, uint64_t count) {
  Vector* v = try_vector(heap, count);
  if (v == nullptr) return nullptr;
  std::copy_n(items, count, value::words_of(v));
  pack(v);
  return v;
}

}  // namespace terrace::heap
