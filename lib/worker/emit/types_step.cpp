// worker/emit/types_step.cpp: what an instruction does to the forms of registers, and what others can tell of it.
#include <algorithm>

#include "prims/primitive.hpp"
#include "worker/emit/program.hpp"
#include "worker/emit/types.hpp"

namespace terrace::worker::emit {

namespace {

constexpr prims::Effect kEffects[] = {
#define T_PRIM(id, name, min, max, effect, signature, text) prims::Effect::effect,
#include "prims/prims.def"
#undef T_PRIM
};

// A virtual record becomes an object for all registers that hold it.
void make_object(State& state, uint16_t r) {
  if (!is_unmade(state[r])) return;
  const uint32_t site = site_of(state[r]);
  for (Forms& forms : state)
    if ((forms & kVirtual) && site_of(forms) == site) forms = kWord;
}

void step_load(Instr i, Forms object, Forms result, State& state) {
  state[i.b] |= kWord | with_type(object);
  state[i.c] |= kWord | kFixnum;
  state[i.a] = result;
}

void step_store(Instr i, Forms object, State& state) {
  state[i.a] |= kWord | with_type(object);
  state[i.b] |= kWord | kFixnum;
}

}  // namespace

bool Types::runs_other_code(uint32_t pc, Treatment treatment, const State& before) const {
  Instr i = function_.code.code[pc];
  if (treatment == Treatment::kKnownCall) {
    const Variant* callee = called(pc, before);
    return callee->types == nullptr || !callee->types->runs_alone();
  }
  if (treatment != Treatment::kWords) return false;
  switch (op_of(i)) {
    case Op::kCall:
    case Op::kCallGlobal:
    case Op::kVectorSet:
      return true;
    case Op::kPrim: {
      prims::Effect effect = kEffects[i.c];
      return effect != prims::Effect::kPure && effect != prims::Effect::kRead;
    }
    default:
      return false;
  }
}

bool Types::has_effect(uint32_t pc, Treatment treatment, const State& before) const {
  Instr i = function_.code.code[pc];
  if (const Variant* callee = known_callee(pc, treatment, before)) {
    return callee->types == nullptr || !callee->types->starts_again() || function_.code.left_at.has(pc);
  }
  switch (op_info(op_of(i)).effect) {
    case bytecode::OpEffect::knone:
      return false;
    case bytecode::OpEffect::kprimitive:
      return kEffects[i.c] >= prims::Effect::kWrite;
    case bytecode::OpEffect::kstore:
    case bytecode::OpEffect::krun:
      return true;
  }
  return true;
}

void Types::step(uint32_t pc, Treatment treated, State& state) const {
  const bool may_change_kinds = specialises_ && runs_other_code(pc, treated, state);
  const Variant* callee = known_callee(pc, treated, state);
  if (specialises_ && std::any_of(state.begin(), state.end(), [](Forms forms) { return (forms & kVirtual) != 0; }))
    for (uint16_t r : objects_for(pc, treated, state)) make_object(state, r);
  if (specialises_ && !takes_integers(treated) && std::any_of(state.begin(), state.end(), [](Forms forms) { return (forms & kU64) != 0; }))
    for (uint16_t r : word_operands(pc))
      if (state[r] & kU64) state[r] |= kWord;
  step_treated(pc, treated, callee, state);
  if (specialises_ && std::any_of(state.begin(), state.end(), is_opened) && may_change_records(pc))
    for (Forms& forms : state)
      if (is_opened(forms)) forms &= kPlainForms;
  if (!may_change_kinds) return;
  for (Forms& forms : state) forms &= ~kOfDoubles;
}

void Types::step_treated(uint32_t pc, Treatment treatment, const Variant* callee, State& state) const {
  Instr i = function_.code.code[pc];
  switch (treatment) {
    case Treatment::kFixnums:
    case Treatment::kDivide:
      state[i.b] |= kFixnum;
      if (op_of(i) != Op::kAddImm) state[i.c] |= kFixnum;
      state[i.a] = kWord | kFixnum;
      return;
    case Treatment::kDoubles: {
      bool immediate = op_of(i) == Op::kAddImm;
      Forms b = state[i.b], c = immediate ? kWord | kFixnum : state[i.c];
      if (must_be_float(i, b, c)) state[i.b] |= kDouble;
      if (!immediate && must_be_float(i, c, b)) state[i.c] |= kDouble;
      state[i.a] = kDouble;
      return;
    }
    case Treatment::kMove:
      state[i.a] = state[i.b];
      return;
    case Treatment::kConstant:
      state[i.a] = op_of(i) == Op::kConst && float_constant(i.b) ? kWord | kDouble : kWord | kFixnum;
      return;
    case Treatment::kCompare:
      if (op_info(op_of(i)).format[0] == 'w') state[i.a] = kWord;
      return;
    case Treatment::kCompareFixnums:
      for (const Need& need : needs(pc, state)) state[need.r] |= kFixnum;
      if (op_info(op_of(i)).format[0] == 'w') state[i.a] = kWord;
      return;
    case Treatment::kLoad:
      return step_load(i, kVector, kWord, state);
    case Treatment::kLoadRaw:
      return step_load(i, loaded_from(i), kDouble, state);
    case Treatment::kLoadByte:
      return step_load(i, kBytes, kWord | kFixnum, state);
    case Treatment::kLoadDouble:
      return step_load(i, kF64Vector, kDouble, state);
    case Treatment::kStore:
      state[i.c] |= kWord;
      return step_store(i, kVector, state);
    case Treatment::kStoreRaw:
      state[i.c] |= kDouble;
      return step_store(i, kDoublesVector, state);
    case Treatment::kStoreByte:
      state[i.c] |= kWord | kFixnum;
      return step_store(i, kBytes, state);
    case Treatment::kStoreDouble:
      return step_store(i, kF64Vector, state);
    case Treatment::kSquareRoot:
    case Treatment::kToDouble:
      state[i.a] = kDouble;
      return;
    case Treatment::kU64: {
      const U64 operation = u64_treated(pc, state);
      if (operation == U64::kMask) {
        for (uint32_t r = i.b; r <= i.b + 1u; r++) state[r] |= state[r] & kU64 ? 0 : kWord;
        state[i.a] = kWord | kFixnum;
        return;
      }
      const bool has_second = operation != U64::kSame && operation != U64::kNot && !moves_bits(operation);
      for (uint16_t r = i.b; r <= i.b + (has_second ? 1 : 0); r++) state[r] |= state[r] & kU64 ? 0 : kWord | kU64;
      state[i.a] = operation == U64::kLess ? kWord : kU64;
      return;
    }
    case Treatment::kKnownCall: {
      Forms record = record_from(pc, *callee, state);
      state[i.c] = callee->returns_double() ? kDouble : record != 0 ? at_site(record, pc) : kWord;
      return;
    }
    case Treatment::kMakeVirtual: {
      const auto type = role_.callees == nullptr ? std::nullopt : role_.callees->type_named_by(role_.function, pc);
      Forms record = kVirtual | (type ? type_link(type->link) : 0) | Forms{i.x - 1u} << kFieldsShift;
      for (uint16_t r : raw_arguments(pc)) {
        state[r] |= kDouble;
        record |= Forms{1} << (kRawShift + r - i.b - 1);
      }
      for (uint16_t n = 0; n + 1 < i.x; n++)
        if (state[i.b + 1u + n] & kDouble) record |= Forms{1} << (kDoublesShift + n);
      state[i.a] = at_site(record, pc);
      return;
    }
    case Treatment::kVirtualField: {
      const auto index = static_cast<size_t>(flow_.known_integer(pc, static_cast<uint16_t>(i.b + 2)));
      state[i.a] = field_is_double(state[i.b], index) ? kDouble : kWord;
      return;
    }
    case Treatment::kLoadField:
      for (uint16_t r : word_operands(pc)) state[r] |= kWord;
      state[i.a] = kDouble;
      return;
    case Treatment::kStoreField:
      for (uint16_t r = i.b; r < i.b + 3u; r++) state[r] |= kWord;
      state[i.b + 3u] |= kDouble;
      state[i.a] = kWord;
      return;
    case Treatment::kKnownTail:
    case Treatment::kReturnDouble:
    case Treatment::kReturnVirtual:
      return;
    case Treatment::kWords:
      break;
  }
  if (specialises_)
    for (uint16_t r : word_operands(pc)) state[r] |= kWord;
  std::string_view format = op_info(op_of(i)).format;
  for (size_t n = 0; n < format.size() && n < 3; n++)
    if (format[n] == 'w') state[field(i, n)] = kWord;
}

}  // namespace terrace::worker::emit
