// worker/emit/emit_virtual.cpp: records in parts, and the objects they become.
//
// What is virtual where is for types.hpp to say. Rules:
//  1. The parts of a record belong to its site, not to the registers that hold it.
//  2. Where a record becomes an object all registers that hold it hold that object, so it is one.
//  3. A variant that has made an object of its argument, because it was left, hands it to its caller in VmState::xargs, and the caller goes on with it.
#include "worker/emit/emitter.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

Emitter::VirtualPlaces& Emitter::places_of(Forms record) {
  VirtualPlaces& found = virtuals_[record & ~kPlainForms];
  if (found.type != nullptr) return found;
  const std::string name = "record" + std::to_string(site_of(record)) + "_";
  found.type = gcc_jit_function_new_local(bodies_.body, nullptr, m_.word_type(), (name + "type").c_str());
  for (size_t n = 0; n < fields_of(record); n++) {
    const std::string field = name + std::to_string(n);
    Type type = field_is_double(record, n) ? m_.double_type() : m_.word_type();
    found.fields.push_back(gcc_jit_function_new_local(bodies_.body, nullptr, type, field.c_str()));
    found.words.push_back(field_is_double(record, n)
                              ? gcc_jit_function_new_local(bodies_.body, nullptr, m_.word_type(), (field + "_word").c_str())
                              : found.fields.back());
  }
  return found;
}

// --- instructions

void Emitter::make_virtual(Instr i) {
  State after = state_;
  types_.step(pc_, treatment_, after);
  const Forms record = after[i.a];
  const Val type = reg(i.b);
  require_record_type(i, leave_here());
  const VirtualPlaces& places = places_of(record);
  assign(places.type, type);
  for (size_t n = 0; n < places.fields.size(); n++) {
    const auto r = static_cast<uint16_t>(i.b + 1 + n);
    if (field_is_double(record, n) && !(state_[r] & kDouble)) unbox(r, leave_here());
    assign(places.fields[n], field_is_double(record, n) ? double_reg(r) : reg(r));
  }
}

void Emitter::virtual_field(Instr i) {
  const Forms record = state_[i.b];
  const VirtualPlaces& places = places_of(record);
  const auto type = program_.type_named_by(number_, pc_);
  if (!type || type_link_of(record) != type->link) guard(m_.equal(gcc_jit_lvalue_as_rvalue(places.type), reg(static_cast<uint16_t>(i.b + 1))), leave_here());
  const auto index = static_cast<size_t>(flow_.known_integer(pc_, static_cast<uint16_t>(i.b + 2)));
  assign(field_is_double(record, index) ? double_place(i.a) : place(i.a), gcc_jit_lvalue_as_rvalue(places.fields[index]));
}

void Emitter::return_virtual(Instr i) {
  const VirtualPlaces& places = places_of(state_[i.a]);
  const auto out = [this](size_t n) {
    return gcc_jit_rvalue_dereference(parameter(first_result_ + static_cast<int>(n)), nullptr);
  };
  assign(out(0), gcc_jit_lvalue_as_rvalue(places.type));
  for (size_t n = 0; n < places.fields.size(); n++) assign(out(1 + n), gcc_jit_lvalue_as_rvalue(places.fields[n]));
  leave(m_.constant(value::kUnspecified));
}

// The record in the register is opened: it is of this type, and its fields are what they were read for.
void Emitter::open_record(uint16_t r, Forms opened, size_t type_link, Block otherwise) {
  const VirtualPlaces& places = places_of(opened);
  assign(places.type, link(type_link));
  require_new_record(reg(r), type_link, otherwise);
  for (size_t n = 0; n < places.fields.size(); n++) {
    const int64_t offset = offsets::kRecordField + 8 * static_cast<int64_t>(n);
    if (value::is_raw_field(raw_fields_of(opened), n)) {
      assign(places.fields[n], m_.load(reg(r), offset, m_.double_type()));
      continue;
    }
    assign(places.words[n], m_.load(reg(r), offset));
    if (field_is_double(opened, n)) unbox(gcc_jit_lvalue_as_rvalue(places.words[n]), places.fields[n], otherwise);
  }
  state_[r] = opened;
}

// --- between variants

// The parameters of the variant from number `from` on, which are the parts of a record.
int Emitter::take_parts(Forms record, int from) {
  const VirtualPlaces& places = places_of(record);
  assign(places.type, parameter(from++));
  for (Place field : places.fields) assign(field, parameter(from++));
  return from;
}

void Emitter::pass_parts(Forms record, std::vector<Val>& arguments) {
  const VirtualPlaces& places = places_of(record);
  arguments.push_back(gcc_jit_lvalue_as_rvalue(places.type));
  for (Place field : places.fields) arguments.push_back(gcc_jit_lvalue_as_rvalue(field));
}

void Emitter::pass_places(Forms record, std::vector<Val>& arguments) {
  const VirtualPlaces& places = places_of(record);
  arguments.push_back(gcc_jit_lvalue_get_address(places.type, nullptr));
  for (Place field : places.fields) arguments.push_back(gcc_jit_lvalue_get_address(field, nullptr));
}

// The places that this variant was given for its own result, for a tail call.
void Emitter::pass_own_places(std::vector<Val>& arguments) const {
  for (size_t n = 0; n <= fields_of(types_.returned_record()); n++)
    arguments.push_back(parameter(first_result_ + static_cast<int>(n)));
}

// Behind a variant that was left: the objects that it made of its arguments, or new ones.
void Emitter::take_objects(Instr i, const Variant& variant) {
  for (uint16_t n = 0; n < i.x; n++) {
    const auto r = static_cast<uint16_t>(i.a + 1 + n);
    if (!is_unmade(variant.parameters[n]) || !is_unmade(state_[r])) continue;
    Block make = fresh(), next = fresh();
    set(r, m_.load(vm(), offsets::kVmXargs + 8 * int64_t{n}));
    const State before = state_;
    branch(m_.equal(reg(r), value::kUnbound), make, next);
    start(make);
    make_object(r, Speed::kSmall);
    jump(next);
    start(next);
    state_ = before;
    share_object(r);
  }
}

// Before this variant, which takes records, returns because it was left: what has become of them.
void Emitter::hand_back_objects() {
  for (uint16_t n = 0; n < variant_->parameters.size(); n++)
    if (is_unmade(variant_->parameters[n]) && !comes_before(variant_->parameters[n]))
      assign(m_.at(vm(), offsets::kVmXargs + 8 * int64_t{n}, m_.word_type()), gcc_jit_lvalue_as_rvalue(object_of_argument(n)));
}

Place Emitter::object_of_argument(uint16_t n) {
  if (argument_objects_.empty()) argument_objects_.resize(code_.required);
  return local(argument_objects_[n], m_.word_type(), ("object" + std::to_string(n)).c_str());
}

// A tail call of a variant by one that has records as arguments: where the callee was left they are handed on.
Val Emitter::pass_on_objects(Instr i, const Variant& variant, Val call) {
  const bool is_double = variant.returns_double();
  const Val held = hold_answer(variant, call);
  const State before = state_;
  Block next = fresh();
  guard(is_answer(variant, held), cold([=, this, &variant] {
          state_ = before;
          Val word = take_returned();
          Block left = fresh(), other = fresh();
          branch(m_.differ(word, value::kUnbound), left, other);
          start(other);
          if (is_double)
            jump(next);
          else
            leave(m_.constant(value::kUnwind));
          start(left);
          take_objects(i, variant);
          hand_back_objects();
          leave_with_elsewhere(word);
        }));
  jump(next);
  start(next);
  return held;
}

// --- objects

// Where control goes on at a leader by one of two ways: records that are objects there are made on that way alone.
Block Emitter::edge_to(uint32_t leader) {
  bool makes_objects = false;
  for (uint16_t r = 0; r < state_.size(); r++)
    makes_objects |= is_unmade(state_[r]) && !(types_.at(leader)[r] & kVirtual) && flow_.live_at(leader).has(r);
  if (!makes_objects) return way_to(leader);
  return cold([leader, forms = state_, this] {
    state_ = forms;
    make_forms_for(leader);
    jump(way_to(leader));
  });
}

// The record in the register becomes an object, here.
void Emitter::make_object(uint16_t r, Speed speed) {
  const Forms record = state_[r];
  const VirtualPlaces& places = places_of(record);
  const Place to = place(r);
  if (speed == Speed::kSmall) {
    make_object_slowly(to, record);
    return share_object(r);
  }
  std::vector<Val> fields;
  for (size_t n = 0; n < places.fields.size(); n++) {
    const bool is_raw = value::is_raw_field(raw_fields_of(record), n);
    fields.push_back(gcc_jit_lvalue_as_rvalue(is_raw ? places.fields[n] : places.words[n]));
    if (!field_is_double(record, n) || is_raw) continue;
    Block next = fresh();
    box(places.words[n], gcc_jit_lvalue_as_rvalue(places.fields[n]), next);
    start(next);
  }
  Block next = fresh();
  Block full = cold([=, this] {
    make_object_slowly(to, record);
    jump(next);
  });
  const auto type_link = program_.uses_links(number_) ? type_link_of(record) : std::nullopt;
  allocate_record(to, gcc_jit_lvalue_as_rvalue(places.type), type_link, fields, raw_fields_of(record), full);
  jump(next);
  start(next);
  share_object(r);
}

// The register holds the object of what it held as a virtual record.
void Emitter::share_object(uint16_t r) {
  const uint32_t site = site_of(state_[r]);
  const auto size = static_cast<uint32_t>(code_.code.size());
  for (uint16_t other = 0; other < code_.register_count; other++) {
    if (!is_unmade(state_[other]) || site_of(state_[other]) != site) continue;
    if (other != r) set(other, reg(r));
    state_[other] = kWord;
  }
  if (site >= size && hands_back_objects()) assign(object_of_argument(static_cast<uint16_t>(site - size)), reg(r));
}

void Emitter::make_object_slowly(Place to, Forms record) {
  local(record_array_, m_.word_array_type(kMostFields), "parts");
  const auto element = [this](size_t n) { return element_of(record_array_, n); };
  const VirtualPlaces& places = places_of(record);
  uint64_t shape = places.fields.size();
  for (size_t n = 0; n < places.fields.size(); n++) {
    const Val part = gcc_jit_lvalue_as_rvalue(places.fields[n]);
    assign(element(n), field_is_double(record, n) ? m_.bits_as(part, m_.word_type()) : part);
    if (field_is_double(record, n)) shape |= uint64_t{1} << (8 + n);
  }
  assign(to, runtime(Runtime::k_make_record, {gcc_jit_lvalue_as_rvalue(places.type), m_.address(element(0)), m_.word(shape)}));
}

}  // namespace terrace::worker::emit
