// prims/sequence.cpp: see sequence.hpp.
#include "prims/sequence.hpp"

#include <algorithm>

namespace terrace::prims {

bool Lanes::open(VmState* vm, const char* who, const Value* sequences, uint64_t count) {
  length_ = UINT64_MAX;
  first_is_vector_ = value::is_vector(sequences[0]);
  for (uint64_t i = 0; i < count; i++) {
    Sequence one;
    if (!one.open(vm, who, sequences[i])) return false;
    length_ = std::min(length_, one.length());
    at_.push(sequences[i]);
  }
  row_.resize(count, kNil);
  return true;
}

const Value* Lanes::next() {
  if (index_ >= length_) return nullptr;
  for (size_t i = 0; i < at_.size(); i++) {
    Value at = at_[i];
    if (value::is_vector(at)) {
      row_[i] = heap::vector_ref(heap_, as<value::Vector>(at), index_);
    } else if (value::is_pair(at)) {
      row_[i] = value::car(at);
      at_[i] = value::cdr(at);
    } else {
      return nullptr;
    }
  }
  index_++;
  return row_.data();
}

Value element_of_list(VmState* vm, const char* who, Value list, uint64_t n) {
  ListWalk walk(list);
  while (walk.more() && walk.steps() < n) walk.step();
  if (walk.more()) return walk.pair()->car;
  if (value::is_pair(walk.here())) return raise_type(vm, who, "a list that ends", list);
  return raise_index(vm, who, make_fixnum(static_cast<int64_t>(std::min<uint64_t>(n, value::kFixnumMax))),
                     walk.steps());
}

Value copy_vector(VmState* vm, const char* who, Value vector, uint64_t start, uint64_t end) {
  auto* from = as<value::Vector>(vector);
  end = std::min(end, from->length);
  start = std::min(start, end);
  auto* copy = new_vector(vm, who, end - start, from->kind());
  if (copy == nullptr) return kUnwind;
  copy->flags |= from->flags & value::kFull;
  std::copy_n(from->slot + start, end - start, copy->slot);
  return from_object(copy);
}

Value vector_of_list(VmState* vm, const char* who, Value list) {
  uint64_t n;
  if (!list_length(vm, who, list, &n)) return kUnwind;
  auto* v = new_vector(vm, who, n, value::VectorKind::kGeneric);
  if (v == nullptr) return kUnwind;
  Value at = list;
  for (uint64_t i = 0; i < n; i++, at = value::cdr(at)) v->slot[i] = value::car(at).bits;
  heap::pack(v);
  return from_object(v);
}

Value vector_of(VmState* vm, const char* who, const Value* items, uint64_t count) {
  value::Vector* v = heap::vector_of(heap_of(vm), items, count);
  return v != nullptr ? from_object(v) : raise_too_large(vm, who);
}

bool gather(VmState* vm, const char* who, Value sequence, RootedValues* out) {
  Sequence from;
  if (!from.open(vm, who, sequence)) return false;
  Value element;
  while (from.next(&element)) out->push(element);
  return true;
}

Value sequence_of(VmState* vm, const char* who, const RootedValues& items, bool vector) {
  return vector ? vector_of(vm, who, items.data(), items.size()) : frame::make_list(vm, items.data(), items.size());
}

}  // namespace terrace::prims
