// prims/build.hpp: making the heap objects that primitives answer, and walking lists that may be improper or cyclic.
//
// Answers for: new strings, vectors and packed vectors of a size that the program chose, lists built in order, and list
// walks that always end. Not for: values of fixed size (frame/vm.hpp).
// Invariant: everything made here is fully initialised and is answered unrooted: the caller keeps it in a local.
#pragma once

#include <algorithm>

#include "heap/vector.hpp"
#include "prims/arguments.hpp"
#include "text/printer.hpp"

namespace terrace::prims {

// Loops that make as many objects as the program chose ask this once every kPollEvery rounds: false after an unwind
// (the heap limit was passed, the computation was cancelled).
inline constexpr uint64_t kPollEvery = 4096;
bool poll(VmState* vm);
// No list that is asked for by its length may be longer (4 GB).
inline constexpr uint64_t kMaxListLength = uint64_t{1} << 28;

// Appends the text of a value to one that is put together outside of the heap; false after raising when that grows larger
// than Vm::outside_limit.
bool append_text(VmState* vm, const char* who, std::string& all, Value v, text::Style style);
// Whether a text of that size may be put together; false after raising.
bool text_may_grow(VmState* vm, const char* who, size_t bytes);

// What text::print may use of the C stack for one big integer.
inline constexpr size_t kPrinterStack = 256 * 1024;

// The room for the fields of a record, in bytes.
constexpr uint64_t record_room(uint64_t count) { return value::record_words(count) * sizeof(Value); }

// Builds a list from front to back.
class ListBuilder {
 public:
  explicit ListBuilder(VmState* vm) : heap_(heap_of(vm)) {}
  void push(Value v) {
    Value cell = heap_.cons(v, kNil);
    link(cell);
    tail_ = cell;
  }
  // Ends the list in `tail` instead of nil; nothing may be pushed afterwards.
  void end_in(Value tail) { link(tail); }
  Value list() const { return head_; }

 private:
  void link(Value next) {
    if (value::is_nil(tail_)) {
      head_ = next;
      return;
    }
    as_pair(tail_)->cdr = next;
    Heap::write_barrier(as_pair(tail_));
  }
  Heap& heap_;
  Value head_ = kNil;
  Value tail_ = kNil;
};

// Visits the pairs of a list and stops at the end, at an improper tail, or soon after a cycle closes (Brent's method: a
// remembered pair is compared with every later one, and replaced when the walk since has doubled).
class ListWalk {
 public:
  explicit ListWalk(Value list) : at_(list), mark_(kNil) {}
  // The pair the walk stands on; precondition: more().
  value::Pair* pair() const { return as_pair(at_); }
  Value here() const { return at_; }
  bool more() const { return value::is_pair(at_) && !cyclic_; }
  void step() {
    at_ = as_pair(at_)->cdr;
    if (at_ == mark_ && value::is_pair(at_)) cyclic_ = true;
    if (++steps_ != limit_) return;
    limit_ *= 2;
    mark_ = at_;
  }
  uint64_t steps() const { return steps_; }
  // After the walk: whether it ended in nil.
  bool proper() const { return value::is_nil(at_); }

 private:
  Value at_;
  Value mark_;
  uint64_t steps_ = 0;
  uint64_t limit_ = 16;
  bool cyclic_ = false;
};

// The length of a proper list; else raises a type error for `list`.
bool list_length(VmState* vm, const char* who, Value list, uint64_t* out);

// A string of `bytes` bytes and `length` code points whose text the caller writes at once; null after raising.
value::String* new_string(VmState* vm, const char* who, uint64_t bytes, uint64_t length);
// A string of text known to be valid UTF-8.
Value copy_string(VmState* vm, const char* who, std::string_view text, uint64_t length);
// The same where the number of code points is not known.
Value copy_string(VmState* vm, const char* who, std::string_view text);
uint64_t count_code_points(std::string_view text);

// Each is null after raising a heap-limit error, and filled with zero if nothing else is said.
// A vector of any kind whose slots the caller fills at once.
value::Vector* new_vector(VmState* vm, const char* who, uint64_t length, value::VectorKind kind);
// A generic vector of as many nil.
value::Vector* new_word_vector(VmState* vm, const char* who, uint64_t length);
value::F64Vector* new_f64_vector(VmState* vm, const char* who, uint64_t length);
value::I64Vector* new_i64_vector(VmState* vm, const char* who, uint64_t length);
value::Bytes* new_bytes(VmState* vm, const char* who, uint64_t length);
value::Tuple* new_tuple(VmState* vm, const char* who, uint64_t length);
// The items as several values: one is the value itself.
Value several_values(VmState* vm, const char* who, const Value* items, uint64_t count);

}  // namespace terrace::prims
