// prims/records.cpp: boxes, tuples, and records with their types.
//
// Answers for: primitives on structures of fixed size. A record is reached through its type, so that a field number can
// never be applied to a record of another type; define-record lowers to these.
#include <algorithm>

#include "frame/records.hpp"
#include "prims/build.hpp"
#include "prims/sequence.hpp"

namespace terrace::prims {

using value::Record;
using value::RecordType;
using value::Tuple;

namespace {

bool tuple_argument(VmState* vm, const char* who, Value v, Tuple** out) {
  if (!type_argument(vm, who, v, Type::kTuple, "a tuple")) return false;
  *out = as<Tuple>(v);
  return true;
}

bool record_type_argument(VmState* vm, const char* who, Value v) {
  return type_argument(vm, who, v, Type::kRecordType, "a record type");
}

uint64_t field_count(Value type) { return as<RecordType>(type)->count; }

// Whether `v` is a record of `type` or of a type derived from it.
bool is_record_of(Value v, Value type) {
  if (!value::is_type(v, Type::kRecord)) return false;
  for (Value at = heap::type_of(as<Record>(v)); at != kFalse; at = as<RecordType>(at)->parent) {
    if (at == type) return true;
  }
  return false;
}

// Whether args[2] is the number of a field of the record args[0], which must be of the type args[1]; false after raising.
bool field_argument(VmState* vm, const char* who, const Value* args, uint64_t* number) {
  if (!record_type_argument(vm, who, args[1])) return false;
  if (!is_record_of(args[0], args[1])) {
    std::string expected = "a record of type " + std::string(frame::symbol_name(as<RecordType>(args[1])->name));
    raise_type(vm, who, expected.c_str(), args[0]);
    return false;
  }
  return index_argument(vm, who, args[2], field_count(args[1]), number);
}

Value tuple_of(VmState* vm, const char* who, const Value* items, uint64_t count) {
  Tuple* t = new_tuple(vm, who, count);
  if (t == nullptr) return kUnwind;
  std::copy_n(items, count, t->data);
  return from_object(t);
}

// The symbols of `list` after those of `parent`, as a vector.
Value all_fields(VmState* vm, Value list, Value parent) {
  RootedValues names(heap_of(vm));
  if (parent != kFalse && !gather(vm, "make-record-type", as<RecordType>(parent)->fields, &names)) return kUnwind;
  if (!gather(vm, "make-record-type", list, &names)) return kUnwind;
  for (size_t i = 0; i < names.size(); i++) {
    if (!value::is_symbol(names[i])) return raise_type(vm, "make-record-type", "a symbol", names[i]);
  }
  return vector_of(vm, "make-record-type", names.data(), names.size());
}

bool has_room_for_record_type(VmState* vm) {
  if (heap_of(vm).record_types().is_full()) heap_of(vm).collect();
  return !heap_of(vm).record_types().is_full();
}

}  // namespace

Value prim_box(VmState* vm, const Value* args, uint64_t) {
  auto* box = heap_of(vm).make<value::Box>(Type::kBox);
  box->value = args[0];
  return from_object(box);
}

Value prim_unbox(VmState* vm, const Value* args, uint64_t) {
  return type_argument(vm, "unbox", args[0], Type::kBox, "a box") ? as<value::Box>(args[0])->value : kUnwind;
}

Value prim_set_box(VmState* vm, const Value* args, uint64_t) {
  if (!type_argument(vm, "set-box!", args[0], Type::kBox, "a box")) return kUnwind;
  as<value::Box>(args[0])->value = args[1];
  Heap::write_barrier(as<value::Box>(args[0]));
  return kUnspecified;
}

Value prim_tuple(VmState* vm, const Value* args, uint64_t argc) { return tuple_of(vm, "tuple", args, argc); }

Value prim_tuple_length(VmState* vm, const Value* args, uint64_t) {
  Tuple* t;
  return tuple_argument(vm, "tuple-length", args[0], &t) ? make_fixnum(static_cast<int64_t>(t->length)) : kUnwind;
}

Value prim_tuple_ref(VmState* vm, const Value* args, uint64_t) {
  Tuple* t;
  uint64_t i;
  if (!tuple_argument(vm, "tuple-ref", args[0], &t)) return kUnwind;
  return index_argument(vm, "tuple-ref", args[1], t->length, &i) ? t->data[i] : kUnwind;
}

Value prim_tuple_with(VmState* vm, const Value* args, uint64_t) {
  Tuple* t;
  uint64_t i;
  if (!tuple_argument(vm, "tuple-with", args[0], &t)) return kUnwind;
  if (!index_argument(vm, "tuple-with", args[1], t->length, &i)) return kUnwind;
  Value copy = tuple_of(vm, "tuple-with", t->data, t->length);
  if (copy != kUnwind) as<Tuple>(copy)->data[i] = args[2];
  return copy;
}

Value prim_tuple_to_list(VmState* vm, const Value* args, uint64_t) {
  Tuple* t;
  return tuple_argument(vm, "tuple->list", args[0], &t) ? frame::make_list(vm, t->data, t->length) : kUnwind;
}

Value prim_list_to_tuple(VmState* vm, const Value* args, uint64_t) {
  uint64_t n;
  if (!list_length(vm, "list->tuple", args[0], &n)) return kUnwind;
  Tuple* t = new_tuple(vm, "list->tuple", n);
  if (t == nullptr) return kUnwind;
  Value at = args[0];
  for (uint64_t i = 0; i < n; i++, at = value::cdr(at)) t->data[i] = value::car(at);
  return from_object(t);
}

Value prim_make_record_type(VmState* vm, const Value* args, uint64_t argc) {
  Value parent = argc > 2 ? args[2] : kFalse;
  if (!type_argument(vm, "make-record-type", args[0], Type::kSymbol, "a symbol")) return kUnwind;
  if (parent != kFalse && !record_type_argument(vm, "make-record-type", parent)) return kUnwind;
  Value fields = all_fields(vm, args[1], parent);
  if (fields == kUnwind) return kUnwind;
  if (!has_room_for_record_type(vm)) {
    return frame::raise_error(vm, ErrorKind::kRange, "make-record-type: there are %zu record types, as many as there may be", heap::RecordTypes::kMost);
  }
  auto* type = heap_of(vm).make<RecordType>(Type::kRecordType);
  frame::fill_record_type(vm, type, args[0], fields, parent);
  return from_object(type);
}

Value prim_make_record(VmState* vm, const Value* args, uint64_t argc) {
  if (!record_type_argument(vm, "make-record", args[0])) return kUnwind;
  uint64_t n = field_count(args[0]);
  if (argc - 1 != n) {
    int count = static_cast<int>(n);
    return frame::raise_arity_of(vm, frame::symbol_name(as<RecordType>(args[0])->name), count, count, argc - 1);
  }
  auto* record = heap_of(vm).try_make<Record>(Type::kRecord, record_room(n));
  if (record == nullptr) return raise_too_large(vm, "make-record");
  frame::fill_record(vm, record, args[0], args + 1, n);
  return from_object(record);
}

Value prim_is_record_of(VmState* vm, const Value* args, uint64_t) {
  return record_type_argument(vm, "record-of?", args[1]) ? make_bool(is_record_of(args[0], args[1])) : kUnwind;
}

Value prim_record_ref(VmState* vm, const Value* args, uint64_t) {
  uint64_t n;
  return field_argument(vm, "record-ref", args, &n) ? frame::record_ref(vm, as<Record>(args[0]), n) : kUnwind;
}

Value prim_record_set(VmState* vm, const Value* args, uint64_t) {
  uint64_t n;
  if (!field_argument(vm, "record-set!", args, &n)) return kUnwind;
  frame::record_set(vm, as<Record>(args[0]), n, args[3]);
  return kUnspecified;
}

Value prim_record_type(VmState* vm, const Value* args, uint64_t) {
  return type_argument(vm, "record-type", args[0], Type::kRecord, "a record") ? heap::type_of(as<Record>(args[0])) : kUnwind;
}

Value prim_record_type_name(VmState* vm, const Value* args, uint64_t) {
  return record_type_argument(vm, "record-type-name", args[0]) ? as<RecordType>(args[0])->name : kUnwind;
}

Value prim_record_type_fields(VmState* vm, const Value* args, uint64_t) {
  if (!record_type_argument(vm, "record-type-fields", args[0])) return kUnwind;
  auto* fields = as<value::Vector>(as<RecordType>(args[0])->fields);
  return frame::list_of_vector(vm, fields, 0, fields->length);
}

Value prim_record_to_list(VmState* vm, const Value* args, uint64_t) {
  if (!type_argument(vm, "record->list", args[0], Type::kRecord, "a record")) return kUnwind;
  auto* record = as<Record>(args[0]);
  RootedValues fields(heap_of(vm));
  for (uint64_t n = 0; n < field_count(heap::type_of(record)); n++) fields.push(frame::record_ref(vm, record, n));
  return frame::make_list(vm, fields.data(), fields.size());
}

}  // namespace terrace::prims
