// heap/record_types.hpp: the record types of one heap, by number.
//
//   record: | kRecord, raw fields, 3 | field | field ...      the type is number 3 of the table that the record's chunk knows
//
// Answers for: which type a record has, of which its header says only the number, and for the numbers. Not for: what a type says (frame/records.hpp).
//
// Invariants: a type that is alive keeps its number, and a record keeps its type alive, for the collector finds that through the number. The number of
// a type that is found dead is given to another one, so whoever holds a number, or a header with one, keeps the type alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "heap/chunk.hpp"

namespace terrace::heap {

class RecordTypes {
 public:
  static constexpr size_t kMost = UINT16_MAX;  // that are alive at a time; no type has the number 0

  bool is_full() const { return free_.empty() && types_.size() > kMost; }
  // The number of a new type. Precondition: the table is not full.
  uint16_t add(Value type);
  Value at(uint16_t number) const { return types_[number]; }
  // By number; until the next type is added.
  const Value* data() const { return types_.data(); }
  // Between mark and sweep: after a minor collection only what is younger than the one before can have died.
  template <class IsMarked>
  void forget_dead(bool minor, IsMarked is_marked);

 private:
  std::vector<Value> types_ = {value::kFalse};  // false where a number is free
  std::vector<uint16_t> free_;
  std::vector<uint16_t> young_;  // numbers given since the last collection
};

// The room that forget_dead needs is made here, where it may fail.
inline uint16_t RecordTypes::add(Value type) {
  uint16_t number;
  if (free_.empty()) {
    number = static_cast<uint16_t>(types_.size());
    types_.push_back(type);
    if (free_.capacity() < types_.size()) free_.reserve(types_.capacity());
  } else {
    number = free_.back();
    free_.pop_back();
    types_[number] = type;
  }
  young_.push_back(number);
  return number;
}

template <class IsMarked>
void RecordTypes::forget_dead(bool minor, IsMarked is_marked) {
  const auto forget = [&](uint16_t number) {
    if (is_marked(types_[number])) return;
    types_[number] = value::kFalse;
    free_.push_back(number);
  };
  if (minor) {
    for (uint16_t number : young_) forget(number);
  } else {
    for (size_t number = 1; number < types_.size(); number++) forget(static_cast<uint16_t>(number));
  }
  young_.clear();
}

// The type of a record of any heap.
inline Value type_of(const value::Record* record) { return chunk_of(record)->record_types->at(record->aux); }

}  // namespace terrace::heap
