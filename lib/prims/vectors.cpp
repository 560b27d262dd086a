// prims/vectors.cpp: vectors of anything.
//
// Answers for: primitives on generic vectors. Not for: packed ones (packed.cpp), and sort, map and fold over any
// sequence.
#include <algorithm>
#include <cstring>

#include "frame/number.hpp"
#include "prims/sequence.hpp"

namespace terrace::prims {

using value::Vector;
using value::VectorKind;

namespace {

bool vector_argument(VmState* vm, const char* who, Value v, Vector** out) {
  if (!value::is_vector(v)) return raise_type(vm, who, "a vector", v), false;
  *out = as<Vector>(v);
  return true;
}

Value copy_part(VmState* vm, const char* who, const Value* args, uint64_t argc) {
  Vector* v;
  Part part;
  if (!vector_argument(vm, who, args[0], &v) || !part_arguments(vm, who, args, argc, 1, v->length, &part)) {
    return kUnwind;
  }
  return copy_vector(vm, who, args[0], part.start, part.end);
}

// Stores into all elements of a part; false after raising.
bool fill_part(VmState* vm, const char* who, Vector* v, Part part, Value x) {
  if (part.size() == 0) return true;
  if (!heap::vector_set(heap_of(vm), v, part.start, x)) return raise_too_large(vm, who), false;
  std::fill_n(v->slot + part.start, part.size(), v->slot[part.start]);
  if (v->kind() == VectorKind::kGeneric) Heap::write_barrier(v, part.start, part.size());
  return true;
}

// Copies between vectors of different kinds, which therefore do not overlap; false after raising.
bool copy_values(VmState* vm, const char* who, Vector* to, uint64_t at, const Vector* from, Part part) {
  for (uint64_t i = part.start; i < part.end; i++) {
    Value x = heap::vector_ref(heap_of(vm), from, i);
    if (!heap::vector_set(heap_of(vm), to, at++, x)) return raise_too_large(vm, who), false;
  }
  return true;
}

// Copies slots, or values where the kinds differ; false after raising.
bool copy_elements(VmState* vm, const char* who, Vector* to, uint64_t at, const Vector* from, Part part) {
  if (part.size() == 0) return true;
  if (from->kind() != VectorKind::kFresh) heap::settle(to, from->kind());
  if (to->kind() != from->kind()) return copy_values(vm, who, to, at, from, part);
  if (!(from->flags & value::kFull)) to->flags &= ~value::kFull;  // there may be holes among what is copied
  std::memmove(to->slot + at, from->slot + part.start, part.size() * sizeof(Value));
  if (to->kind() == VectorKind::kGeneric) Heap::write_barrier(to, at, part.size());
  return true;
}

bool only_vectors(VmState* vm, const char* who, const Value* args, uint64_t argc) {
  Vector* v;
  for (uint64_t i = 0; i < argc; i++) {
    if (!vector_argument(vm, who, args[i], &v)) return false;
  }
  return true;
}

}  // namespace

Value prim_vector(VmState* vm, const Value* args, uint64_t argc) { return vector_of(vm, "vector", args, argc); }

Value prim_make_vector(VmState* vm, const Value* args, uint64_t argc) {
  uint64_t n;
  if (!size_argument(vm, "make-vector", args[0], &n)) return kUnwind;
  Value fill = argc > 1 ? args[1] : make_fixnum(0);
  Vector* v = new_vector(vm, "make-vector", n, fill == make_fixnum(0) ? VectorKind::kFresh : VectorKind::kGeneric);
  if (v == nullptr) return kUnwind;
  std::fill_n(v->slot, n, fill.bits);
  heap::pack(v);
  return from_object(v);
}

Value prim_vector_length(VmState* vm, const Value* args, uint64_t) {
  Vector* v;
  return vector_argument(vm, "vector-length", args[0], &v) ? make_fixnum(static_cast<int64_t>(v->length)) : kUnwind;
}

Value prim_vector_ref(VmState* vm, const Value* args, uint64_t) {
  Vector* v;
  uint64_t i;
  if (!vector_argument(vm, "vector-ref", args[0], &v)) return kUnwind;
  return index_argument(vm, "vector-ref", args[1], v->length, &i) ? heap::vector_ref(heap_of(vm), v, i) : kUnwind;
}

Value prim_vector_set(VmState* vm, const Value* args, uint64_t) {
  Vector* v;
  uint64_t i;
  if (!vector_argument(vm, "vector-set!", args[0], &v)) return kUnwind;
  if (!index_argument(vm, "vector-set!", args[1], v->length, &i)) return kUnwind;
  return heap::vector_set(heap_of(vm), v, i, args[2]) ? kUnspecified : raise_too_large(vm, "vector-set!");
}

Value prim_vector_to_list(VmState* vm, const Value* args, uint64_t argc) {
  Vector* v;
  Part part;
  if (!vector_argument(vm, "vector->list", args[0], &v)) return kUnwind;
  if (!part_arguments(vm, "vector->list", args, argc, 1, v->length, &part)) return kUnwind;
  return frame::list_of_vector(vm, v, part.start, part.end);
}

Value prim_list_to_vector(VmState* vm, const Value* args, uint64_t) {
  return vector_of_list(vm, "list->vector", args[0]);
}

Value prim_vector_fill(VmState* vm, const Value* args, uint64_t argc) {
  Vector* v;
  Part part;
  if (!vector_argument(vm, "vector-fill!", args[0], &v)) return kUnwind;
  if (!part_arguments(vm, "vector-fill!", args, argc, 2, v->length, &part)) return kUnwind;
  return fill_part(vm, "vector-fill!", v, part, args[1]) ? kUnspecified : kUnwind;
}

Value prim_subvector(VmState* vm, const Value* args, uint64_t argc) { return copy_part(vm, "subvector", args, argc); }
Value prim_vector_copy(VmState* vm, const Value* args, uint64_t argc) {
  return copy_part(vm, "vector-copy", args, argc);
}

Value prim_vector_copy_to(VmState* vm, const Value* args, uint64_t argc) {
  Vector *to, *from;
  Part part;
  uint64_t at;
  if (!vector_argument(vm, "vector-copy!", args[0], &to) || !vector_argument(vm, "vector-copy!", args[2], &from) ||
      !part_arguments(vm, "vector-copy!", args, argc, 3, from->length, &part) ||
      !index_argument(vm, "vector-copy!", args[1], to->length + 1, &at)) {
    return kUnwind;
  }
  if (part.size() > to->length - at) {
    return raise_index(vm, "vector-copy!", make_fixnum(static_cast<int64_t>(at + part.size() - 1)), to->length);
  }
  return copy_elements(vm, "vector-copy!", to, at, from, part) ? kUnspecified : kUnwind;
}

Value prim_vector_append(VmState* vm, const Value* args, uint64_t argc) {
  if (!only_vectors(vm, "vector-append", args, argc)) return kUnwind;
  uint64_t n = 0;
  for (uint64_t i = 0; i < argc; i++) n += as<Vector>(args[i])->length;
  Vector* all = new_vector(vm, "vector-append", n, VectorKind::kFresh);
  if (all == nullptr) return kUnwind;
  std::fill_n(all->slot, n, make_fixnum(0).bits);
  uint64_t at = 0;
  for (uint64_t i = 0; i < argc; i++) {
    auto* from = as<Vector>(args[i]);
    if (!copy_elements(vm, "vector-append", all, at, from, Part{0, from->length})) return kUnwind;
    at += from->length;
  }
  return from_object(all);
}

Value prim_vector_map(VmState* vm, const Value* args, uint64_t argc) {
  return only_vectors(vm, "vector-map", args + 1, argc - 1) ? prim_map(vm, args, argc) : kUnwind;
}
Value prim_vector_for_each(VmState* vm, const Value* args, uint64_t argc) {
  return only_vectors(vm, "vector-for-each", args + 1, argc - 1) ? prim_for_each(vm, args, argc) : kUnwind;
}

Value prim_vector_binary_search(VmState* vm, const Value* args, uint64_t) {
  Vector* v;
  if (!vector_argument(vm, "vector-binary-search", args[0], &v)) return kUnwind;
  if (!function_argument(vm, "vector-binary-search", args[2])) return kUnwind;
  uint64_t low = 0, high = v->length;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    Value pair[] = {heap::vector_ref(heap_of(vm), v, middle), args[1]};
    Value order = frame::call(vm, args[2], pair, 2);
    if (order == kUnwind) return kUnwind;
    if (!frame::number::is_number(order)) return raise_type(vm, "vector-binary-search", "a number", order);
    int sign = frame::number::sign_of(order);
    if (sign == 0) return make_fixnum(static_cast<int64_t>(middle));
    (sign < 0 ? low : high) = sign < 0 ? middle + 1 : middle;
  }
  return kFalse;
}

}  // namespace terrace::prims
