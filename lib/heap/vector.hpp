// heap/vector.hpp: the elements of generic vectors, however they are stored (value::VectorKind).
//
// Answers for: reading, storing and the changes of kind that a store makes. Not for: bounds, which the caller has checked.
//
// Invariants: a vector of doubles refers to nothing, so it is not traced and needs no write barrier; a change of kind leaves the
// header as it was until every slot is what the new kind says.
#pragma once

#include "heap/heap.hpp"

namespace terrace::heap {

using value::Vector;
using value::VectorKind;

// A double as a Value, boxed in the heap when it is not self-taggable.
Value box_double(Heap& heap, uint64_t bits);

// An element; may collect when it is a double that needs a box.
inline Value vector_ref(Heap& heap, const Vector* v, uint64_t i) {
  if (v->kind() != VectorKind::kDoubles) [[likely]]
    return Value{v->slot[i]};
  uint64_t bits = v->slot[i];
  Value out;
  if (value::encode_float(std::bit_cast<double>(bits), &out)) [[likely]]
    return out;
  return bits == value::kHole ? value::make_fixnum(0) : box_double(heap, bits);
}

// A double as a Value without a heap: what it answers is good until the next one.
class LooseFloat {
 public:
  Value of(uint64_t bits);

 private:
  value::Flonum box_{};
};

// Looks at elements without a heap: a Value that it answers is good until the next one.
class VectorView {
 public:
  explicit VectorView(const Vector* v) : vector_(v) {}
  uint64_t length() const { return vector_->length; }
  Value operator[](uint64_t i);

 private:
  const Vector* vector_;
  LooseFloat float_;
};

// Stores an element, with the write barrier. The vector gets the kind that the value asks for; false, with nothing changed, when
// the heap has no room for the boxes that a change needs.
bool vector_set(Heap& heap, Vector* v, uint64_t i, Value x);
// Makes the vector generic, as a store of what is no float does; false when the heap has no room for that.
bool make_generic(Heap& heap, Vector* v);
// Decides what a fresh vector is; leaves others alone.
void settle(Vector* v, VectorKind kind);
// Whether it is a vector of doubles without holes; looks for holes, and notes in the vector when there are none.
bool is_full(Vector* v);
// Makes a generic vector that was just filled, and that nobody else knows yet, one of doubles when all its elements are floats.
void pack(Vector* v);
// A new vector whose slots the caller fills at once, with `kind`; null when it would pass the limit.
Vector* try_vector(Heap& heap, uint64_t length, VectorKind kind = VectorKind::kGeneric);
// A new vector of these elements; null when it would pass the limit.
Vector* vector_of(Heap& heap, const Value* items, uint64_t count);

}  // namespace terrace::heap
