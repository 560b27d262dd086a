// worker/emit/types_virtual.cpp: which records are virtual, in what variants answer, and which must become objects where.
#include <algorithm>

#include "prims/primitive.hpp"
#include "worker/emit/program.hpp"
#include "worker/emit/types.hpp"

namespace terrace::worker::emit {

namespace {

bool may_be_float(Forms forms) { return (forms & kDouble) || ((forms & kWord) && !(forms & (kOfWord | kU64 | kVirtual))); }

}  // namespace

// --- what a variant answers

// What two ways into a block have in common.
Forms meet(Forms a, Forms b) {
  if (a == kAllForms) return b;
  if (b == kAllForms) return a;
  Forms plain = a & b & kPlainForms;
  if ((a ^ b) & kWord) plain &= ~kU64;
  if (!(a & b & kVirtual)) return plain;
  Forms one = a & ~kPlainForms, other = b & ~kPlainForms;
  if (site_of(one) == kAnySite) return plain | other;
  return site_of(other) == kAnySite || one == other ? plain | one : plain;
}

// What all ways out of the function answer, without a site.
Forms Types::find_returned() const {
  Forms all = kAllForms;
  bool found = false;
  each_instruction([&](uint32_t pc, const State& state) {
    Op op = op_of(function_.code.code[pc]);
    if (op != Op::kReturn && op != Op::kTailCall && op != Op::kTailCallGlobal) return;
    all = meet(all, form_returned(pc, state));
    found = true;
  });
  if (found && (all & kDouble)) return kDouble;
  return found && (all & kVirtual) ? shape_of(all) : kWord;
}

// Tail calls answer words, unless they go to a variant that does not, and to nothing else: who called would be left for each other answer. A record that came as an argument is not answered as a virtual one: who
// called has it, too, and it is one object.
Forms Types::form_returned(uint32_t pc, const State& before) const {
  Instr i = function_.code.code[pc];
  if (op_of(i) != Op::kReturn) {
    const Variant* callee = called(pc, before);
    if (callee == nullptr || function_.code.left_at.has(pc)) return kWord;
    const Forms record = callee->returned_record();
    return callee->returns_double() ? kDouble : record != 0 ? at_site(record, 0) : kWord;
  }
  Forms forms = before[i.a];
  if (!(forms & kVirtual)) return forms;
  return site_of(forms) < function_.code.code.size() ? at_site(forms, 0) : kWord;
}

bool Types::find_starts_again() const {
  bool found = !flow_.loops().empty();
  each_instruction([&](uint32_t pc, const State& state) { found |= has_effect(pc, treatment(pc, state), state); });
  return !found;
}

// --- records that must be objects

void Types::find_needed_objects() {
  const auto size = static_cast<uint32_t>(function_.code.code.size());
  needs_objects_.assign(role_.parameters->size(), false);
  auto note = [&](Forms forms) {
    if (is_unmade(forms) && site_of(forms) >= size) needs_objects_[site_of(forms) - size] = true;
  };
  each_instruction([&](uint32_t pc, const State& before) {
    for (uint16_t r : objects_for(pc, treatment(pc, before), before)) note(before[r]);
    State after = before;
    step(pc, after);
    Instr i = function_.code.code[pc];
    auto pass = [&](uint32_t leader) {
      if (leader >= size || !flow_.is_leader(leader)) return;
      const State& wanted = at(leader);
      for (uint16_t r = 0; r < after.size(); r++)
        if (flow_.live_at(leader).has(r) && !(wanted[r] & kVirtual)) note(after[r]);
    };
    if (has_jump(op_of(i))) pass(target_of(pc, i));
    if (op_info(op_of(i)).ends != bytecode::Ends::kstop) pass(pc + 1);
  });
}

// An opened record stays one in the register that gives it its site, and there alone.
void Types::leave_loop_heads_plain(uint32_t leader, uint16_t r, Forms& forms) const {
  const auto& heads = flow_.loop_heads();
  if (is_opened(forms) && site_of(forms) == function_.code.code.size() + r) return;
  if ((forms & kVirtual) && std::binary_search(heads.begin(), heads.end(), leader)) forms &= kPlainForms;
}

// A record that becomes an object on the way into a block for one register does so for all.
bool Types::keep_sites_whole(uint32_t leader, const State& from) {
  State& to = states_[index_[leader]];
  const RegisterSet& live = flow_.live_at(leader);
  bool changed = false;
  for (uint16_t r = 0; r < to.size(); r++) {
    if (!is_unmade(from[r]) || (to[r] & kVirtual) || !live.has(r)) continue;
    for (uint16_t other = 0; other < to.size(); other++) {
      if (!(to[other] & kVirtual) || site_of(to[other]) != site_of(from[r])) continue;
      to[other] = kWord;
      conflicts_[index_[leader]][other] = changed = true;
    }
  }
  return changed;
}

uint32_t Types::first_with_record(uint32_t parameter) const {
  const Forms form = (*role_.parameters)[parameter];
  return comes_before(form) ? site_of(form) - 1 : parameter;
}

// The registers that hold what a make-record gives to raw fields.
std::vector<uint16_t> Types::raw_arguments(uint32_t pc) const {
  const Instr i = function_.code.code[pc];
  const uint8_t raw = raw_fields(pc);
  std::vector<uint16_t> found;
  for (uint16_t n = 0; n + 1 < i.x; n++)
    if (value::is_raw_field(raw, n)) found.push_back(static_cast<uint16_t>(i.b + 1 + n));
  return found;
}

// What raw fields get must be a float.
Treatment Types::make_record(uint32_t pc, const State& before) const {
  const Instr i = function_.code.code[pc];
  if (i.x < 2 || i.x - 1u > kMostFields || !has_room_for_record(pc, before)) return Treatment::kWords;
  const std::vector<uint16_t> raw = raw_arguments(pc);
  const bool may_be_floats = std::all_of(raw.begin(), raw.end(), [&](uint16_t r) { return may_be_float(before[r]); });
  return may_be_floats ? Treatment::kMakeVirtual : Treatment::kWords;
}

Treatment Types::record_primitive(uint32_t pc, const State& before) const {
  const Instr i = function_.code.code[pc];
  if (function_.code.left_at.has(pc) || function_.code.code.size() + before.size() >= kAnySite) return Treatment::kWords;
  const auto id = static_cast<prims::Id>(i.c);
  if (id == prims::Id::k_make_record) return make_record(pc, before);
  const int32_t index = flow_.known_integer(pc, static_cast<uint16_t>(i.b + 2));
  if (index < 0) return Treatment::kWords;
  const auto n = static_cast<size_t>(index);
  const bool is_read = id == prims::Id::k_record_ref;
  if (is_read && (before[i.b] & kVirtual) && n < fields_of(before[i.b])) return Treatment::kVirtualField;
  if (!value::is_raw_field(raw_fields(pc), n)) return Treatment::kWords;
  if (is_read) return Treatment::kLoadField;
  return may_be_float(before[i.b + 3u]) ? Treatment::kStoreField : Treatment::kWords;
}

Forms Types::record_from(uint32_t pc, const Variant& callee, const State& before) const {
  const Forms record = callee.returned_record();
  return record != 0 && !function_.code.left_at.has(pc) && has_room_for_record(pc, before) ? record : 0;
}

bool Types::has_room_for_record(uint32_t pc, const State& before) const {
  if (static_cast<size_t>(std::count_if(before.begin(), before.end(), is_unmade)) < kMostRecords) return true;
  const RegisterSet live = flow_.live_before(pc + 1);
  std::vector<uint32_t> sites;
  for (uint16_t r = 0; r < before.size(); r++)
    if (live.has(r) && is_unmade(before[r])) sites.push_back(site_of(before[r]));
  std::sort(sites.begin(), sites.end());
  return std::unique(sites.begin(), sites.end()) - sites.begin() < static_cast<ptrdiff_t>(kMostRecords);
}

std::vector<uint16_t> Types::objects_for(uint32_t pc, Treatment treatment, const State& before) const {
  Instr i = function_.code.code[pc];
  switch (treatment) {
    case Treatment::kMove:
    case Treatment::kReturnVirtual:
      return {};
    case Treatment::kVirtualField:
      return {static_cast<uint16_t>(i.b + 1)};
    case Treatment::kKnownCall:
    case Treatment::kKnownTail: {
      std::vector<uint16_t> found;
      const Variant* callee = called(pc, before);
      for (uint16_t n = 0; n < i.x; n++)
        if (callee->parameters[n] & kWord) found.push_back(static_cast<uint16_t>(i.a + 1 + n));
      return found;
    }
    default:
      return word_operands(pc);
  }
}

}  // namespace terrace::worker::emit
