// prims/sequence.hpp: reading a list or a vector, one element after the other, while SX code may change it.
//
// Answers for: iteration that ends whatever happens meanwhile: at most as many elements are visited as there were at
// the start, and fewer when the sequence became shorter. Not for: what is done with the elements.
#pragma once

#include "prims/build.hpp"

namespace terrace::prims {

// Lives on the computation's stack, where the collector sees it.
class Sequence {
 public:
  // False after raising: `v` is neither a proper list nor a vector.
  bool open(VmState* vm, const char* who, Value v) {
    heap_ = &heap_of(vm);
    at_ = v;
    index_ = 0;
    is_vector_ = value::is_vector(v);
    if (is_vector_) {
      length_ = as<value::Vector>(v)->length;
      return true;
    }
    if (value::is_pair(v) || value::is_nil(v)) return list_length(vm, who, v, &length_);
    raise_type(vm, who, "a list or vector", v);
    return false;
  }
  bool next(Value* element) {
    if (index_ >= length_) return false;
    if (is_vector_) {
      *element = heap::vector_ref(*heap_, as<value::Vector>(at_), index_++);
      return true;
    }
    if (!value::is_pair(at_)) return false;
    *element = value::car(at_);
    at_ = value::cdr(at_);
    index_++;
    return true;
  }
  bool is_vector() const { return is_vector_; }
  uint64_t length() const { return length_; }
  // Elements visited so far.
  uint64_t index() const { return index_; }

 private:
  Heap* heap_ = nullptr;
  Value at_ = kNil;  // the vector, or what is left of the list
  uint64_t index_ = 0;
  uint64_t length_ = 0;
  bool is_vector_ = false;
};

// Several sequences in step: gives the elements that stand at the same place, as long as all have one.
class Lanes {
 public:
  explicit Lanes(VmState* vm) : heap_(heap_of(vm)), at_(heap_), row_(heap_) {}
  bool open(VmState* vm, const char* who, const Value* sequences, uint64_t count);
  // The next row, `count` values, valid until the next call; null at the end.
  const Value* next();
  uint64_t count() const { return row_.size(); }
  uint64_t length() const { return length_; }
  bool first_is_vector() const { return first_is_vector_; }

 private:
  Heap& heap_;
  RootedValues at_;
  RootedValues row_;
  uint64_t index_ = 0;
  uint64_t length_ = 0;
  bool first_is_vector_ = false;
};

// Element n of a list; raises a range error at its end and a type error in a cycle that has no end.
Value element_of_list(VmState* vm, const char* who, Value list, uint64_t n);
// The elements from start to end of a vector, both cut to its length.
Value copy_vector(VmState* vm, const char* who, Value vector, uint64_t start, uint64_t end);
Value vector_of_list(VmState* vm, const char* who, Value list);
Value vector_of(VmState* vm, const char* who, const Value* items, uint64_t count);
// Appends the elements of a list or vector to `out`; false after raising.
bool gather(VmState* vm, const char* who, Value sequence, RootedValues* out);
// `items` as a vector or as a list.
Value sequence_of(VmState* vm, const char* who, const RootedValues& items, bool vector);

}  // namespace terrace::prims
