// worker/emit/emit_records.cpp: records made, read and changed inline, when they are exactly of the type that is named.
//
// A record of a derived type, and everything that is an error, is left to the primitive.
#include "worker/emit/emitter.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

using ObjectType = value::Type;
using prims::Id;

// True when the primitive was written here.
bool Emitter::inline_record(Instr i, Id id) {
  switch (id) {
    case Id::k_make_record:
      if (i.x == 0 || i.x - 1u > kMostFields) return false;  // more are copied by the primitive
      return inline_make_record(i), true;
    case Id::k_record_ref:
      return inline_record_field(i, [this, i](Place field) { set(i.a, gcc_jit_lvalue_as_rvalue(field)); }), true;
    case Id::k_record_set:
      return inline_record_field(i, [this, i](Place field) {
               assign(field, reg(static_cast<uint16_t>(i.b + 3)));
               mark_card(reg(i.b));
               set(i.a, m_.constant(value::kUnspecified));
             }), true;
    case Id::k_is_record_of:
      inline_or_call(i, [=, this](Block slow, Block) {
        require_record(reg(i.b), reg(static_cast<uint16_t>(i.b + 1)), slow);
        set(i.a, m_.constant(value::kTrue));
      });
      return true;
    default:
      return false;
  }
}

// Tests that the object is a record of exactly this type, which then is a record type, and answers its header.
Val Emitter::require_record(Val object, Val type, Block otherwise) {
  guard(m_.has_tag(object, value::kTagObject), otherwise);
  Val header = hold(2, m_.cast(m_.load(object, offsets::kObjectHeader, m_.u32_type()), m_.word_type()));
  guard(m_.equal(m_.bit_and(header, offsets::kHeaderType), m_.word(static_cast<uint64_t>(ObjectType::kRecord))), otherwise);
  guard(m_.equal(m_.load(object, offsets::kRecordType), type), otherwise);
  return header;
}

// The header's upper half counts the fields; a fixnum index is the distance in bytes.
void Emitter::inline_record_field(Instr i, const std::function<void(Place)>& use) {
  inline_or_call(i, [=, this](Block slow, Block) {
    Val record = reg(i.b), index = reg(static_cast<uint16_t>(i.b + 2));
    Val header = require_record(record, reg(static_cast<uint16_t>(i.b + 1)), slow);
    const int32_t number = flow_.known_integer(pc_, static_cast<uint16_t>(i.b + 2));
    const bool is_within = number >= 0 && static_cast<uint32_t>(number) < program_.fields_named(number_, pc_).least;
    if (!is_within) {
      guard(m_.is_fixnum(index), slow);
      guard(m_.below(m_.shift_right(index, value::kFixnumShift), m_.shift_right(header, offsets::kHeaderAuxShift)), slow);
    }
    use(m_.at(m_.add(record, index), offsets::kRecordField, m_.word_type()));
  });
}

void Emitter::inline_make_record(Instr i) {
  inline_or_call(i, [=, this](Block slow, Block next) {
    Block full = cold([=, this] {
      set_checked(i.a, primitive_call(i));
      jump(next);
    });
    std::vector<Val> fields;
    for (uint16_t n = 1; n < i.x; n++) fields.push_back(reg(static_cast<uint16_t>(i.b + n)));
    require_record_type(i, slow);
    allocate_record(place(i.a), reg(i.b), fields, full);
  });
}

// That the type which a make-record names has as many fields as it gives.
void Emitter::require_record_type(Instr make, Block otherwise) {
  const uint32_t field_count = make.x - 1u;
  const FieldCount known = program_.fields_named(number_, pc_);
  if (known.least == field_count && known.most == field_count) return;
  require_object(reg(make.b), ObjectType::kRecordType, offsets::kHeaderType, otherwise);
  const Val length = m_.load(m_.load(reg(make.b), offsets::kRecordTypeFields), offsets::kVectorLength);
  guard(m_.equal(length, m_.word(field_count)), otherwise);
}

// The collector visits a record up to the end of its last granule, so the word that may be left over is set too.
void Emitter::allocate_record(Place to, Val type, const std::vector<Val>& fields, Block full) {
  const uint64_t count = fields.size();
  const uint64_t words = value::record_words(count), bytes = sizeof(value::Record) + words * sizeof(Value);
  Val free = hold(1, m_.load(vm(), offsets::kVmObjectNext));
  Val room = m_.sub(m_.load(vm(), offsets::kVmObjectLimit), free);
  guard(m_.compare(GCC_JIT_COMPARISON_GE, room, m_.word(bytes)), full);
  assign(m_.at(vm(), offsets::kVmObjectNext, m_.word_type()), m_.add(free, static_cast<int64_t>(bytes)));
  uint64_t header = offsets::fresh_header(ObjectType::kRecord, bytes) | count << offsets::kHeaderAuxShift;
  Val record = m_.add(free, int64_t{value::kTagObject});
  assign(m_.at(free, 0, m_.word_type()), m_.word(header));
  assign(m_.at(record, offsets::kRecordType, m_.word_type()), type);
  for (uint64_t n = 0; n < words; n++)
    assign(m_.at(record, offsets::kRecordField + 8 * static_cast<int64_t>(n), m_.word_type()),
           n < count ? fields[n] : m_.constant(value::kNil));
  assign(to, record);
}

}  // namespace terrace::worker::emit
