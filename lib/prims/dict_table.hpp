// prims/dict_table.hpp: the table behind dicts.
//
// Answers for: finding, adding, removing and visiting entries; the layout is in value/objects.hpp. Not for: argument
// checks.
//
// 1. Entries stand in one array in the order of insertion; the index maps hashes to entry numbers by open addressing
// with a probe
//    sequence that uses all bits of the hash, so fixnums hash to themselves and neighbours stay neighbours.
// 2. A dict of up to eight entries has no index: its keys are compared one after the other.
// 3. Removing marks the entry dead and leaves the index alone. When three quarters of the entries used are dead, and
// when the
//    array is full, the live ones move to a new array; the old array's last word then points to the new one.
// 4. So a cursor that holds the old array finds its place in the new one: visiting while entries come and go meets each
// entry that
//    lives throughout exactly once, new ones too, and no dead one.
// 5. A key that changes after insertion is no longer found; nothing worse happens.
#pragma once

#include "prims/arguments.hpp"

namespace terrace::prims {

struct DictEntry {
  Value key;  // kUnbound when dead
  Value value;
  Value hash;  // fixnum
};

inline constexpr int64_t kDictAbsent = -1;
inline constexpr int64_t kDictFailed = -2;  // comparing keys raised

// A new dict with room for `expected` entries; kUnwind when that is more than the heap may hold.
Value make_dict(VmState* vm, uint64_t expected = 0, value::DictEquality equality = value::DictEquality::kEqual);
// One of the keywords :equal, :eqv and :eq.
bool equality_argument(VmState* vm, const char* who, Value v, value::DictEquality* out);
std::string_view equality_name(value::DictEquality equality);
inline uint64_t dict_count(Value dict) { return as<value::Dict>(dict)->count; }
// The number of the key's entry, kDictAbsent or kDictFailed. Valid until the next change of the dict.
int64_t dict_find(VmState* vm, Value dict, Value key);
inline DictEntry* dict_entry(Value dict, int64_t number) {
  return reinterpret_cast<DictEntry*>(as<value::Vector>(as<value::Dict>(dict)->entries)->slot) + number;
}
// Adds the key or replaces its value; false after raising.
bool dict_insert(VmState* vm, Value dict, Value key, Value value);
// The key's place for a value, made with `initial` when there was none; null after raising. Valid until the next change
// of the dict; a store needs dict_stored afterwards.
Value* dict_place(VmState* vm, Value dict, Value key, Value initial);
void dict_stored(Value dict, const Value* place);
// Removes the key: kTrue, kFalse when there was none, kUnwind after raising.
Value dict_erase(VmState* vm, Value dict, Value key);
// Removes all entries; false after raising, with the entries gone all the same.
bool dict_clear(VmState* vm, Value dict);
// kUnwind when there is no memory.
Value dict_copy(VmState* vm, Value dict);

enum class DictPart { kKeys, kValues, kEntries };
// A list in the order of insertion; entries as pairs.
Value dict_list(VmState* vm, Value dict, DictPart part);

// Visits the entries in order; lives on the computation's stack, where the collector sees it.
class DictCursor {
 public:
  explicit DictCursor(Value dict) : dict_(dict), entries_(as<value::Dict>(dict)->entries) {}
  bool next(Value* key, Value* value);

 private:
  void follow();  // takes the place in the array that replaced this one
  Value dict_;
  Value entries_;
  uint64_t at_ = 0;
};

}  // namespace terrace::prims
