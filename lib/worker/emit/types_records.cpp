// worker/emit/types_records.cpp: which records a loop reads in every turn, so that they are opened before it.
//
//   (let loop ((i 0)) ... (dot a (vector-ref v i)) ...)      dot reads the fields of its first argument as floats, whatever i is
//
// What a variant always reads of its parameters is found in its first block, through the calls that it makes there. A loop opens what its turns
// always read of registers that they do not change, and only when nothing in them may change a record.
#include <algorithm>

#include "prims/primitive.hpp"
#include "worker/emit/program.hpp"
#include "worker/emit/types.hpp"

namespace terrace::worker::emit {

namespace {

constexpr uint32_t kWhole = UINT32_MAX;      // an origin's field: the register itself
constexpr uint16_t kNowhere = UINT16_MAX;    // an origin's register: something else

void merge(std::map<uint16_t, RecordUse>& uses, uint16_t r, const RecordUse& use) {
  auto [found, added] = uses.try_emplace(r, use);
  if (added) return;
  RecordUse& whole = found->second;
  whole.agrees &= use.agrees && whole.link == use.link && whole.raw == use.raw;
  whole.fields = std::max(whole.fields, use.fields);
  whole.doubles |= use.doubles;
}

bool reads_field(Instr i) { return op_of(i) == Op::kPrim && static_cast<prims::Id>(i.c) == prims::Id::k_record_ref; }

}  // namespace

// Of one instruction; the origins are those before it.
void Types::note_records(uint32_t pc, const State& before, const std::vector<Origin>& origins, std::map<uint16_t, RecordUse>& uses) const {
  const Instr i = function_.code.code[pc];
  const auto note = [&](uint16_t r, const RecordUse& use) {
    if (origins[r].field == kWhole && origins[r].r != kNowhere) merge(uses, origins[r].r, use);
  };
  if (reads_field(i) && !function_.code.left_at.has(pc) && role_.callees != nullptr)
    if (const auto type = role_.callees->type_named_by(role_.function, pc)) note(i.b, *type);
  for (const Need& need : needs(pc, before)) {
    const Origin& origin = origins[need.r];
    const auto use = uses.find(origin.r);
    if (need.form == kDouble && origin.field < kMostFields && use != uses.end()) use->second.doubles |= uint32_t{1} << origin.field;
  }
  const Variant* callee = function_.code.left_at.has(pc) ? nullptr : known_callee(pc, treatment(pc, before), before);
  if (callee == nullptr || callee->types == nullptr) return;
  for (const auto& [parameter, use] : callee->types->record_uses()) note(static_cast<uint16_t>(i.a + 1 + parameter), use);
}

void Types::trace_origins(uint32_t pc, const State& before, std::vector<Origin>& origins) const {
  const Instr i = function_.code.code[pc];
  Origin result{kNowhere, kWhole};
  if (op_of(i) == Op::kMove) {
    result = origins[i.b];
  } else if (reads_field(i) && origins[i.b].field == kWhole) {
    const int32_t index = flow_.known_integer(pc, static_cast<uint16_t>(i.b + 2));
    if (index >= 0) result = {origins[i.b].r, static_cast<uint32_t>(index)};
  } else if (treatment(pc, before) == Treatment::kKnownCall) {
    const Variant* callee = called(pc, before);
    if (callee->types != nullptr && callee->types->returned_field()) {
      const auto [parameter, index] = *callee->types->returned_field();
      const Origin& argument = origins[i.a + 1u + parameter];
      if (argument.field == kWhole) result = {argument.r, index};
    }
  }
  for (uint16_t r = 0; r < origins.size(); r++)
    if (flow_.writes(pc, r)) origins[r] = {kNowhere, kWhole};
  const std::string_view format = op_info(op_of(i)).format;
  for (size_t n = 0; n < format.size() && n < 3; n++)
    if (format[n] == 'w') origins[field(i, n)] = result;
}

// Of what the registers hold at the beginning of a block, by register. `returned`: the field that it ends with, when the function ends there.
std::map<uint16_t, RecordUse> Types::records_read(uint32_t leader, std::optional<std::pair<uint16_t, uint32_t>>* returned) const {
  std::map<uint16_t, RecordUse> uses;
  std::vector<Origin> origins(function_.code.register_count);
  for (uint16_t r = 0; r < origins.size(); r++) origins[r] = {r, kWhole};
  State state = at(leader);
  for (uint32_t pc = leader; pc == leader || !flow_.is_leader(pc); pc++) {
    const Instr i = function_.code.code[pc];
    note_records(pc, state, origins, uses);
    if (op_of(i) == Op::kReturn && returned != nullptr && origins[i.a].field != kWhole && origins[i.a].r != kNowhere)
      *returned = {origins[i.a].r, origins[i.a].field};
    if (op_info(op_of(i)).ends == bytecode::Ends::kstop || pc + 1 == function_.code.code.size()) break;
    trace_origins(pc, state, origins);
    step(pc, state);
  }
  return uses;
}

// In the same block, and where the object comes as an argument of what is compiled along, in that function's first.
bool Types::reads_object_behind(uint32_t pc, const State& before) const {
  RegisterSet holders(function_.code.register_count);
  holders.add(function_.code.code[pc].a);
  State state = before;
  for (step(pc++, state); pc < function_.code.code.size() && !flow_.is_leader(pc); step(pc++, state)) {
    const Instr i = function_.code.code[pc];
    if (reads_object(pc, state, holders)) return true;
    const bool is_copy = op_of(i) == Op::kMove && holders.has(i.b);
    for (uint16_t r = 0; r < function_.code.register_count; r++)
      if (flow_.writes(pc, r)) holders.remove(r);
    if (is_copy) holders.add(i.a);
    if (op_info(op_of(i)).ends == bytecode::Ends::kstop) break;
  }
  return false;
}

// Whether the instruction reads what one of these registers refers to.
bool Types::reads_object(uint32_t pc, const State& before, const RegisterSet& holders) const {
  const Instr i = function_.code.code[pc];
  switch (op_of(i)) {
    case Op::kCar:
    case Op::kCdr:
    case Op::kVectorRef:
    case Op::kUnbox:
      return holders.has(i.b);
    case Op::kPrim:
      return reads_field(i) && holders.has(i.b);
    case Op::kCall:
      if (holders.has(i.a)) return true;
      break;
    default:
      break;
  }
  const Variant* callee = known_callee(pc, treatment(pc, before), before);
  if (callee == nullptr || callee->types == nullptr) return false;
  const auto& uses = callee->types->record_uses();
  return std::any_of(uses.begin(), uses.end(), [&](const auto& use) { return holders.has(i.a + 1 + use.first); });
}

bool Types::may_change_records(uint32_t pc) const {
  return role_.callees == nullptr || role_.callees->changes_records(role_.function, pc);
}

void Types::add_opened(const Loop& loop, State& needed) {
  const auto size = static_cast<uint32_t>(function_.code.code.size());
  if (first_with_feedback(loop) == loop.last || size + needed.size() >= kAnySite) return;
  bool changes = false;
  each_instruction([&](uint32_t pc, const State&) { changes |= pc >= loop.head && pc <= loop.last && may_change_records(pc); });
  if (changes) return;
  std::map<uint16_t, RecordUse> uses;
  for (uint32_t leader : flow_.always_run(loop))
    for (const auto& [r, use] : records_read(leader, nullptr)) merge(uses, r, use);
  const RegisterSet unchanged = flow_.unchanged_in(loop);
  for (const auto& [r, use] : uses) {
    if (!use.agrees || use.fields == 0 || needed[r] != 0 || !unchanged.has(r) || !flow_.live_at(loop.head).has(r)) continue;
    const Forms fields = std::min(use.fields, kMostFields);
    const Forms doubles = use.doubles & ((1u << fields) - 1);
    const Forms shape = kVirtual | type_link(use.link) | fields << kFieldsShift | doubles << kDoublesShift | Forms{use.raw} << kRawShift;
    needed[r] = at_site(shape, size + r);
    opened_links_[{loop.head, r}] = use.link;
  }
}

}  // namespace terrace::worker::emit
