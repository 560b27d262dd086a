// prims/dict_table.cpp: see dict_table.hpp.
#include "prims/dict_table.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "prims/build.hpp"
#include "prims/equality.hpp"

namespace terrace::prims {

using value::Dict;
using value::kUnbound;

namespace {

constexpr uint64_t kSmall = 8;                       // no index up to here
constexpr uint64_t kMaxEntries = uint64_t{1} << 31;  // the index holds 32-bit numbers
constexpr const char* kWho = "dict";

Dict* as_dict(Value v) { return as<Dict>(v); }
value::Vector* array_of(Value entries) { return as<value::Vector>(entries); }
DictEntry* entries_in(Value entries) { return reinterpret_cast<DictEntry*>(array_of(entries)->slot); }
uint64_t capacity_of(Value entries) { return array_of(entries)->length / 3; }
// The word behind the entries: the array that replaced this one, or nil.
Value& successor(Value entries) { return value::words_of(array_of(entries))[array_of(entries)->length - 1]; }

Key key_in(Value dict, Value key) {
  value::DictEquality equality = as_dict(dict)->equality;
  if (equality == value::DictEquality::kEqual) [[likely]]
    return key_of(key);
  return key_by_identity(key, equality == value::DictEquality::kEqv);
}

// The slots a hash may stand in, in the order they are tried (the recurrence visits every slot of a power of two).
class Probe {
 public:
  Probe(const Dict* d, uint64_t hash)
      : slots_(reinterpret_cast<uint32_t*>(as<value::Bytes>(d->index)->data)),
        mask_(as<value::Bytes>(d->index)->length / sizeof(uint32_t) - 1),
        perturb_(hash),
        at_(hash & mask_) {}
  uint32_t& slot() const { return slots_[at_]; }
  void step() {
    perturb_ >>= 5;
    at_ = (at_ * 5 + perturb_ + 1) & mask_;
  }

 private:
  uint32_t* slots_;
  uint64_t mask_;
  uint64_t perturb_;
  uint64_t at_;
};

// The entry for which `same(entry)` holds, among those the hash leads to.
template <class Same>
int64_t search(const Dict* d, uint64_t hash, Same same) {
  const DictEntry* entries = entries_in(d->entries);
  if (value::is_nil(d->index)) {
    for (uint64_t i = 0; i < d->used; i++) {
      if (same(entries[i])) return static_cast<int64_t>(i);
    }
    return kDictAbsent;
  }
  for (Probe probe(d, hash); probe.slot() != 0; probe.step()) {
    if (same(entries[probe.slot() - 1])) return static_cast<int64_t>(probe.slot() - 1);
  }
  return kDictAbsent;
}

int64_t search_deep(VmState* vm, const Dict* d, const Key& key) {
  Value wanted = make_fixnum(static_cast<int64_t>(key.hash));
  bool failed = false;
  int64_t found = search(d, key.hash, [&](const DictEntry& e) {
    if (e.hash != wanted || e.key == kUnbound) return false;
    Value same = equal(vm, e.key, key.word);
    failed = same == kUnwind;
    return same != kFalse;
  });
  return failed ? kDictFailed : found;
}

// Whether the key is the string that was found last, there.
bool found_last(VmState* vm, Value dict, Value key, int64_t* number) {
  const frame::FoundText& last = vm_of(vm).found_text;
  *number = last.number;
  return last.word == key && last.entries == as_dict(dict)->entries;
}

int64_t find_key(VmState* vm, Value dict, const Key& key) {
  const Dict* d = as_dict(dict);
  Value word = key.word;
  if (key.how == KeyClass::kWord) return search(d, key.hash, [word](const DictEntry& e) { return e.key == word; });
  if (key.how == KeyClass::kDeep) return search_deep(vm, d, key);
  Value wanted = make_fixnum(static_cast<int64_t>(key.hash));
  const int64_t found = search(d, key.hash, [word, wanted](const DictEntry& e) {
    return e.key == word || (e.hash == wanted && value::is_string(e.key) && same_text(e.key, word));
  });
  if (found >= 0) vm_of(vm).found_text = {d->entries, word, found};
  return found;
}

Value new_entries(VmState* vm, uint64_t capacity) {
  auto* array = new_word_vector(vm, kWho, capacity * 3 + 1);
  return array ? from_object(array) : kUnwind;
}

// An index for `capacity` entries, at most half full, or nil for few entries, and the array of entries, both empty;
// false after raising. The index is rooted meanwhile, for hosts make dicts too, on stacks that the collector may not
// scan.
bool new_arrays(VmState* vm, uint64_t capacity, Value* entries, Value* index) {
  if (capacity > kMaxEntries) return raise_too_large(vm, kWho), false;
  *index = kNil;
  if (capacity <= kSmall) return (*entries = new_entries(vm, capacity)) != kUnwind;
  auto* table = new_bytes(vm, kWho, capacity * 2 * sizeof(uint32_t));
  if (table == nullptr) return false;
  *index = from_object(table);
  RootedValues keep(heap_of(vm));
  keep.push(*index);
  *entries = new_entries(vm, capacity);
  return *entries != kUnwind;
}

void enter_in_index(const Dict* d, uint64_t number) {
  if (value::is_nil(d->index)) return;
  Probe probe(d, static_cast<uint64_t>(value::fixnum_value(entries_in(d->entries)[number].hash)));
  while (probe.slot() != 0) probe.step();
  probe.slot() = static_cast<uint32_t>(number + 1);
}

// Moves the live entries to arrays for `capacity` entries; false after raising, with the dict as it was.
bool rebuild(VmState* vm, Value dict, uint64_t capacity) {
  Value fresh, index;
  if (!new_arrays(vm, capacity, &fresh, &index)) return false;
  Dict* d = as_dict(dict);
  Value old = d->entries;
  uint64_t used = 0;
  for (uint64_t i = 0; i < d->used; i++) {
    if (entries_in(old)[i].key != kUnbound) entries_in(fresh)[used++] = entries_in(old)[i];
  }
  successor(old) = fresh;
  Heap::write_barrier(array_of(old), array_of(old)->length - 1);
  Heap::write_barrier(array_of(fresh), 0, 3 * used);
  d->entries = fresh;
  d->index = index;
  d->used = used;
  Heap::write_barrier(d);
  for (uint64_t i = 0; i < used; i++) enter_in_index(d, i);
  return true;
}

uint64_t capacity_for(uint64_t entries) { return std::max(kSmall, std::bit_ceil(entries)); }

// Makes room for one more entry: in place of the dead ones when they are many, else by doubling.
bool make_room(VmState* vm, Value dict) {
  const Dict* d = as_dict(dict);
  uint64_t capacity = capacity_of(d->entries);
  if (d->used < capacity) return true;
  return rebuild(vm, dict, d->count > capacity / 2 ? capacity * 2 : capacity_for(d->count * 2));
}

// Precondition: the key is absent.
DictEntry* append(VmState* vm, Value dict, const Key& key, Value value) {
  if (!make_room(vm, dict)) return nullptr;
  Dict* d = as_dict(dict);
  DictEntry* entry = &entries_in(d->entries)[d->used];
  *entry = DictEntry{key.word, value, make_fixnum(static_cast<int64_t>(key.hash))};
  Heap::write_barrier(array_of(d->entries), 3 * d->used, 3);
  enter_in_index(d, d->used);
  d->used++;
  d->count++;
  return entry;
}

}  // namespace

constexpr std::string_view kEqualityNames[] = {"equal", "eqv", "eq"};

std::string_view equality_name(value::DictEquality equality) { return kEqualityNames[static_cast<size_t>(equality)]; }

bool equality_argument(VmState* vm, const char* who, Value v, value::DictEquality* out) {
  for (auto equality : {value::DictEquality::kEqual, value::DictEquality::kEqv, value::DictEquality::kEq}) {
    *out = equality;
    if (value::is_keyword(v) && frame::symbol_name(v) == equality_name(equality)) return true;
  }
  raise_type(vm, who, ":equal, :eqv or :eq", v);
  return false;
}

Value make_dict(VmState* vm, uint64_t expected, value::DictEquality equality) {
  if (expected > kMaxEntries) return raise_too_large(vm, kWho);
  Value entries, index;
  if (!new_arrays(vm, capacity_for(expected), &entries, &index)) return kUnwind;
  RootedValues keep(heap_of(vm));
  keep.push(entries);
  keep.push(index);
  auto* d = heap_of(vm).make<Dict>(Type::kDict);
  d->count = 0;
  d->used = 0;
  d->index = index;
  d->entries = entries;
  d->equality = equality;
  return from_object(d);
}

int64_t dict_find(VmState* vm, Value dict, Value key) {
  int64_t found;
  return found_last(vm, dict, key, &found) ? found : find_key(vm, dict, key_in(dict, key));
}

Value* dict_place(VmState* vm, Value dict, Value key, Value initial) {
  int64_t found;
  if (found_last(vm, dict, key, &found)) return &dict_entry(dict, found)->value;
  Key wanted = key_in(dict, key);
  found = find_key(vm, dict, wanted);
  if (found >= 0) return &dict_entry(dict, found)->value;
  DictEntry* entry = found == kDictAbsent ? append(vm, dict, wanted, initial) : nullptr;
  return entry ? &entry->value : nullptr;
}

void dict_stored(Value dict, const Value* place) {
  const value::Vector* entries = array_of(as_dict(dict)->entries);
  Heap::write_barrier(entries, static_cast<uint64_t>(place - value::words_of(entries)));
}

bool dict_insert(VmState* vm, Value dict, Value key, Value value) {
  Value* place = dict_place(vm, dict, key, value);
  if (place == nullptr) return false;
  *place = value;
  dict_stored(dict, place);
  return true;
}

Value dict_erase(VmState* vm, Value dict, Value key) {
  int64_t found = dict_find(vm, dict, key);
  if (found < 0) return found == kDictAbsent ? kFalse : kUnwind;
  DictEntry* entry = dict_entry(dict, found);
  entry->key = kUnbound;
  entry->value = kNil;
  vm_of(vm).found_text = {};
  Dict* d = as_dict(dict);
  d->count--;
  bool sparse = d->used > 4 * kSmall && d->count < d->used / 4;
  return !sparse || rebuild(vm, dict, capacity_for(d->count * 2)) ? kTrue : kUnwind;
}

bool dict_clear(VmState* vm, Value dict) {
  Dict* d = as_dict(dict);
  for (uint64_t i = 0; i < d->used; i++) entries_in(d->entries)[i] = DictEntry{kUnbound, kNil, make_fixnum(0)};
  d->count = 0;
  return rebuild(vm, dict, kSmall);
}

Value dict_copy(VmState* vm, Value dict) {
  Value copy = make_dict(vm, dict_count(dict), as_dict(dict)->equality);
  if (copy == kUnwind) return kUnwind;
  const Dict* from = as_dict(dict);
  Dict* to = as_dict(copy);
  for (uint64_t i = 0; i < from->used; i++) {
    if (entries_in(from->entries)[i].key == kUnbound) continue;
    entries_in(to->entries)[to->used] = entries_in(from->entries)[i];
    enter_in_index(to, to->used);
    to->count = ++to->used;
  }
  Heap::write_barrier(array_of(to->entries), 0, 3 * to->used);
  return copy;
}

Value dict_list(VmState* vm, Value dict, DictPart part) {
  ListBuilder list(vm);
  Value key, value;
  for (DictCursor at(dict); at.next(&key, &value);) {
    list.push(part == DictPart::kKeys ? key : part == DictPart::kValues ? value : heap_of(vm).cons(key, value));
  }
  return list.list();
}

void DictCursor::follow() {
  uint64_t live = 0;
  for (uint64_t i = 0; i < at_; i++) live += entries_in(entries_)[i].key != kUnbound;
  at_ = live;
  entries_ = successor(entries_);
}

bool DictCursor::next(Value* key, Value* value) {
  while (!value::is_nil(successor(entries_))) follow();
  for (; at_ < as_dict(dict_)->used; at_++) {
    const DictEntry& entry = entries_in(entries_)[at_];
    if (entry.key == kUnbound) continue;
    *key = entry.key;
    *value = entry.value;
    at_++;
    return true;
  }
  return false;
}

}  // namespace terrace::prims
