// frame/records.cpp: see records.hpp.
#include "frame/records.hpp"

namespace terrace::frame {

using value::as;
using value::Record;
using value::RecordType;

void fill_record_type(VmState* vm, RecordType* type, Value name, Value fields, Value parent) {
  Vm& all = vm_of(vm);
  type->name = name;
  type->fields = fields;
  type->parent = parent;
  type->count = as<value::Vector>(fields)->length;
  const auto raw = static_cast<uint8_t>(type->count < value::kMostRaw ? (1u << type->count) - 1 : 0xFF);
  type->new_header = value::record_header(raw, all.heap.record_types().add(value::from_object(type)));
  vm->record_types = all.heap.record_types().data();
  type->reserved = 0;
}

void make_words(VmState* vm, RecordType* type, uint8_t words) {
  if ((words & type->raw_fields()) == 0) return;
  type->new_header = value::record_header(static_cast<uint8_t>(type->raw_fields() & ~words), type->number());
  if (type->flags & value::kWatched) vm->watch_epoch++;
}

void fill_record(VmState* vm, Record* record, Value type, const Value* fields, uint64_t count) {
  uint8_t floats = 0;
  for (uint64_t n = 0; n < count && n < value::kMostRaw; n++) floats |= static_cast<uint8_t>(value::is_float(fields[n]) << n);
  make_words(vm, as<RecordType>(type), static_cast<uint8_t>(~floats));
  record->flags = as<RecordType>(type)->raw_fields();
  record->aux = as<RecordType>(type)->number();
  for (uint64_t n = 0; n < count; n++)
    record->field[n] = record->is_raw(n) ? std::bit_cast<uint64_t>(value::float_value(fields[n])) : fields[n].bits;
  if (count % 2 == 0) record->field[count] = value::kNil.bits;
}

void record_set(VmState* vm, Record* record, uint64_t n, Value v) {
  const bool is_raw = record->is_raw(n);
  if (is_raw && value::is_float(v)) {
    record->field[n] = std::bit_cast<uint64_t>(value::float_value(v));
    return;
  }
  if (is_raw) {
    const auto bit = static_cast<uint8_t>(1u << n);
    record->flags &= static_cast<uint8_t>(~bit);
    make_words(vm, as<RecordType>(heap::type_of(record)), bit);
  }
  record->field[n] = v.bits;
  heap::Heap::write_barrier(record);
}

}  // namespace terrace::frame
