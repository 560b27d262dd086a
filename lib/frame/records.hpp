// frame/records.hpp: the fields of records, which are words or raw doubles.
//
//   type Vec, new:        raw 1 1 1         no field of the three was given anything but floats
//   (vec 1.0 2.0 3.0)  -> raw 1 1 1         three doubles, which need no box and which compiled code reads as they are
//   (vec 1 2.0 3.0)    -> raw 0 1 1         and from now on no new record of the type has its first field raw
//
// Answers for: making types and records, reading and changing these, and that a type remembers which fields are words. Not for: whether there is
// such a field, which the caller has checked.
//
// Invariants: what is raw in a record is said by its own header alone. All records of a type that were made since it changed last have the same first
// half of the header, and no other object of the vm has it. So compiled code compares that half with the one of new records of the type that it
// expects, and is left, or takes more steps, for others. When a watched type changes VmState::watch_epoch grows, and code that takes it for granted
// looks again.
#pragma once

#include "frame/vm.hpp"
#include "heap/record_types.hpp"

namespace terrace::frame {

// Gives a new type all it has, with a number, of which one is free. Does not collect.
void fill_record_type(VmState* vm, value::RecordType* type, Value name, Value fields, Value parent);
// Gives a record that was made with room for them (value::record_words) its type and fields. Does not collect.
void fill_record(VmState* vm, value::Record* record, Value type, const Value* fields, uint64_t count);
// A field; may collect when it is a double that needs a box.
inline Value record_ref(VmState* vm, const value::Record* record, uint64_t n) {
  return record->is_raw(n) ? make_float(vm, std::bit_cast<double>(record->field[n])) : Value{record->field[n]};
}
// Changes a field, with the write barrier. One that is raw becomes a word when the value is no float.
void record_set(VmState* vm, value::Record* record, uint64_t n, Value v);
// From now on the fields of the type whose bits are in `words` are words in new records.
void make_words(VmState* vm, value::RecordType* type, uint8_t words);

}  // namespace terrace::frame
