// worker/emit/emit_records.cpp: records made, read and changed inline, when they are exactly of the type that is named.
//
// A record of a derived type, one that is not as its type says of new ones (frame/records.hpp), and everything that is an error, is left to the
// primitive.
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
      return inline_record_field(i, [this, i](Place field, bool is_raw, Block, Block next) {
               if (is_raw)
                 set_float(i.a, gcc_jit_lvalue_as_rvalue(field), next);
               else
                 set(i.a, gcc_jit_lvalue_as_rvalue(field));
             }), true;
    case Id::k_record_set:
      return inline_record_field(i, [this, i](Place field, bool is_raw, Block slow, Block) {
               const Val word = reg(static_cast<uint16_t>(i.b + 3));
               if (is_raw) guard(m_.is_float(word), slow);
               assign(field, is_raw ? m_.decode_float(word) : word);
               if (!is_raw) mark_card(reg(i.b));
               set(i.a, m_.constant(value::kUnspecified));
             }), true;
    case Id::k_is_record_of:
      inline_or_call(i, [=, this](Block slow, Block) {
        require_record(reg(i.b), reg(static_cast<uint16_t>(i.b + 1)), value::record_header(0, 0), offsets::kHeaderType, slow);
        set(i.a, m_.constant(value::kTrue));
      });
      return true;
    default:
      return false;
  }
}

// Tests that the object is a record of exactly this type, which then is a record type, with that header in the bits of the mask.
void Emitter::require_record(Val object, Val type, uint32_t wanted, uint32_t mask, Block otherwise) {
  guard(m_.has_tag(object, value::kTagObject), otherwise);
  const Val header = m_.cast(m_.load(object, offsets::kObjectHeader, m_.u32_type()), m_.word_type());
  guard(m_.equal(m_.bit_and(header, mask), m_.word(wanted)), otherwise);
  const Val number = m_.shift_right(header, offsets::kHeaderAuxShift);
  const Val found = m_.load(m_.add(m_.load(vm(), offsets::kVmRecordTypes), m_.shift_left(number, 3)), 0);
  guard(m_.equal(found, type), otherwise);
}

// Tests that the object is a record as new ones of the type are.
void Emitter::require_new_record(Val object, size_t type_link, Block otherwise) {
  guard(m_.has_tag(object, value::kTagObject), otherwise);
  guard(m_.equal(m_.load(object, offsets::kObjectHeader, m_.u32_type()), new_header(type_link)), otherwise);
}

// The same of the record and the type that this instruction names by a global.
void Emitter::require_record_here(Instr i, Block otherwise) {
  if (const auto type = program_.type_named_by(number_, pc_)) return require_new_record(reg(i.b), type->link, otherwise);
  const uint32_t header = value::record_header(*program_.raw_fields(number_, pc_), 0);
  require_record(reg(i.b), reg(static_cast<uint16_t>(i.b + 1)), header, offsets::kHeaderTypeAndFlags, otherwise);
}

// Where records are expected as new ones are, all accesses make the same test. Elsewhere only the field must be as expected, and one whose number
// is not known a word in a record of words. A fixnum index is the distance in bytes.
void Emitter::inline_record_field(Instr i, const std::function<void(Place, bool is_raw, Block slow, Block next)>& use) {
  inline_or_call(i, [=, this](Block slow, Block next) {
    const Val record = reg(i.b), type = reg(static_cast<uint16_t>(i.b + 1)), index = reg(static_cast<uint16_t>(i.b + 2));
    const int32_t number = flow_.known_integer(pc_, static_cast<uint16_t>(i.b + 2));
    const auto named = program_.raw_fields(number_, pc_);
    const bool may_be_raw = number >= 0 && static_cast<uint64_t>(number) < value::kMostRaw;
    const auto bit = static_cast<uint8_t>(may_be_raw ? 1 << number : 0);
    const auto raw = static_cast<uint8_t>(named.value_or(0) & bit);
    const uint32_t mask = number < 0 ? offsets::kHeaderTypeAndFlags : offsets::kHeaderType | value::record_header(bit, 0);
    if (named && takes_for_granted() && number >= 0)
      require_record_here(i, slow);
    else
      require_record(record, type, value::record_header(raw, 0), mask, slow);
    if (number < 0) guard(m_.is_fixnum(index), slow);
    if (number < 0 || static_cast<uint32_t>(number) >= program_.type_known(number_, pc_).least)
      guard(m_.below(m_.shift_right(index, value::kFixnumShift), m_.load(type, offsets::kRecordTypeCount)), slow);
    use(m_.at(m_.add(record, index), offsets::kRecordField, raw != 0 ? m_.double_type() : m_.word_type()), raw != 0, slow, next);
  });
}

// A raw field of a record that is as new ones are; so the field is there.
Place Emitter::raw_field(Instr i) {
  require_record_here(i, leave_here());
  const int32_t number = flow_.known_integer(pc_, static_cast<uint16_t>(i.b + 2));
  return m_.at(reg(i.b), offsets::kRecordField + 8 * int64_t{number}, m_.double_type());
}

void Emitter::load_field(Instr i) { assign(double_place(i.a), gcc_jit_lvalue_as_rvalue(raw_field(i))); }

void Emitter::store_field(Instr i) {
  const auto number = static_cast<uint16_t>(i.b + 3);
  if (!(state_[number] & kDouble)) unbox(number, leave_here());
  const Place field = raw_field(i);
  assign(field, double_reg(number));
  set(i.a, m_.constant(value::kUnspecified));
}

void Emitter::inline_make_record(Instr i) {
  inline_or_call(i, [=, this](Block slow, Block next) {
    Block full = cold([=, this] {
      set_checked(i.a, primitive_call(i));
      jump(next);
    });
    const uint8_t raw = program_.raw_fields(number_, pc_).value_or(0);
    std::vector<Val> fields;
    for (uint16_t n = 1; n < i.x; n++) fields.push_back(reg(static_cast<uint16_t>(i.b + n)));
    require_record_type(i, slow);
    for (size_t n = 0; n < fields.size(); n++) {
      if (!value::is_raw_field(raw, n)) continue;
      guard(m_.is_float(fields[n]), full);
      fields[n] = m_.decode_float(fields[n]);
    }
    const auto type = program_.type_named_by(number_, pc_);
    allocate_record(place(i.a), reg(i.b), type ? std::optional(type->link) : std::nullopt, fields, raw, full);
  });
}

// That the type which a make-record names has as many fields as it gives.
void Emitter::require_record_type(Instr make, Block otherwise) {
  const uint32_t field_count = make.x - 1u;
  const frame::TypeShape known = program_.type_known(number_, pc_);
  if (known.least == field_count && known.most == field_count) return;
  require_object(reg(make.b), ObjectType::kRecordType, offsets::kHeaderType, otherwise);
  guard(m_.equal(m_.load(reg(make.b), offsets::kRecordTypeCount), m_.word(field_count)), otherwise);
}

// A new record with these raw fields; where its type has others now, or there is no room, control goes to `full`. What is taken for granted of a type
// stays a header that its records may have. The collector visits a record up to the end of its last granule, so the word that may be left over is set
// too.
void Emitter::allocate_record(Place to, Val type, std::optional<size_t> type_link, const std::vector<Val>& fields, uint8_t raw, Block full) {
  const uint64_t count = fields.size();
  const uint64_t words = value::record_words(count), bytes = sizeof(value::Record) + words * sizeof(Value);
  const Val half = type_link ? new_header(*type_link) : m_.load(type, offsets::kRecordTypeNewHeader, m_.u32_type());
  const Val header = hold(2, m_.cast(half, m_.word_type()));
  const uint32_t wanted = value::record_header(raw, 0);
  guard(m_.equal(m_.bit_and(header, offsets::kHeaderTypeAndFlags), m_.word(wanted)), full);
  Val free = hold(1, m_.load(vm(), offsets::kVmObjectNext));
  Val room = m_.sub(m_.load(vm(), offsets::kVmObjectLimit), free);
  guard(m_.compare(GCC_JIT_COMPARISON_GE, room, m_.word(bytes)), full);
  assign(m_.at(vm(), offsets::kVmObjectNext, m_.word_type()), m_.add(free, static_cast<int64_t>(bytes)));
  Val record = m_.add(free, int64_t{value::kTagObject});
  assign(m_.at(free, 0, m_.word_type()), m_.bit_or(header, m_.word(offsets::fresh_header(value::Type::kFree, bytes))));
  for (uint64_t n = 0; n < words; n++) {
    const bool is_raw = n < count && value::is_raw_field(raw, n);
    assign(m_.at(record, offsets::kRecordField + 8 * static_cast<int64_t>(n), is_raw ? m_.double_type() : m_.word_type()),
           n < count ? fields[n] : m_.constant(value::kNil));
  }
  assign(to, record);
}

}  // namespace terrace::worker::emit
