// worker/emit/types.cpp: the analysis: which forms registers have where blocks meet, and how each instruction is treated.
#include "worker/emit/types.hpp"

#include <algorithm>

#include "bytecode/data_encoding.hpp"
#include "prims/primitive.hpp"
#include "worker/emit/program.hpp"

namespace terrace::worker::emit {

namespace {

bool is_double(const State& s, uint16_t r) { return s[r] & kDouble; }

}  // namespace

Types::Types(const bytecode::PortableFunction& function, const Flow& flow, bool specialise, const Role& role)
    : function_(function),
      flow_(flow),
      specialises_(specialise && function.code.handlers.empty() && function.code.register_count <= kMostRegisters),
      role_(role) {
  index_.assign(function.code.code.size(), 0);
  const auto& leaders = flow.leaders();
  for (size_t n = 0; n < leaders.size(); n++) index_[leaders[n]] = static_cast<uint32_t>(n);
  states_.assign(leaders.size(), State(function.code.register_count, kWord));
  before_loops_.resize(leaders.size());
  if (!specialises_) return;
  solve();
  if (!flow.loops().empty()) {
    find_before_loops();
    solve();
  }
  if (role.parameters == nullptr) return;
  returned_ = find_returned();
  find_needed_objects();
  fixnum_parameters_ = find_fixnum_parameters();
  record_uses_ = records_read(0, &returned_field_);
  const auto last = static_cast<uint32_t>(function.code.code.size()) - 1;
  starts_again_ = find_starts_again();
  runs_alone_ = !flow.makes_calls() && flow.loops().empty() && !changes_kinds(0, last);
}

std::optional<double> Types::float_constant(uint16_t k) const {
  const bytecode::PortableConstant& c = function_.constants[k];
  if (c.kind != bytecode::ConstantKind::kData) return std::nullopt;
  if (!c.is_immediate) return bytecode::float_in(c.bytes);
  return value::is_flonum_immediate(c.immediate) ? std::optional(value::decode_float(c.immediate)) : std::nullopt;
}
bool Types::is_fixnum_constant(uint16_t k) const {
  const bytecode::PortableConstant& c = function_.constants[k];
  return c.kind == bytecode::ConstantKind::kData && c.is_immediate && value::is_fixnum(c.immediate);
}

State Types::at_entry() const {
  State state(function_.code.register_count, kWord);
  if (role_.parameters == nullptr) return state;
  const auto size = static_cast<uint32_t>(function_.code.code.size());
  for (uint32_t n = 0; n < role_.parameters->size(); n++) {
    Forms form = (*role_.parameters)[n];
    state[n] = form & kVirtual ? at_site(form, size + first_with_record(n)) : form;
  }
  return state;
}

void Types::solve() {
  const auto& code = function_.code.code;
  states_.assign(states_.size(), State(function_.code.register_count, kAllForms));
  conflicts_.assign(states_.size(), std::vector<bool>(function_.code.register_count));
  reached_.assign(states_.size(), false);
  join(0, at_entry(), false);
  for (bool changed = true; changed;) {
    changed = false;
    const auto& leaders = flow_.leaders();
    for (size_t n = 0; n < leaders.size(); n++) {
      if (!reached_[n]) continue;
      uint32_t end = n + 1 < leaders.size() ? leaders[n + 1] : static_cast<uint32_t>(code.size());
      State state = states_[n];
      bool goes_on = true;
      for (uint32_t pc = leaders[n]; pc < end && goes_on; pc++) {
        step(pc, state);
        if (has_jump(op_of(code[pc])))
          changed |= join(target_of(pc, code[pc]), state, op_of(code[pc]) == Op::kLoop);
        goes_on = op_info(op_of(code[pc])).ends != bytecode::Ends::kstop;
      }
      if (goes_on && end < code.size()) changed |= join(end, state, false);
    }
  }
  // What never runs needs nothing.
  for (size_t n = 0; n < states_.size(); n++)
    if (!reached_[n]) std::fill(states_[n].begin(), states_[n].end(), kWord);
}

Forms with_type(Forms object) {
  if (object & kFullVector) object |= kDoublesVector;
  return object & (kVector | kDoublesVector) ? object | kAnyVector : object;
}

bool Types::join(uint32_t leader, const State& from, bool comes_back) {
  State& to = states_[index_[leader]];
  const State& made = before_loops_[index_[leader]];
  std::vector<bool>& conflict = conflicts_[index_[leader]];
  bool changed = !reached_[index_[leader]];
  reached_[index_[leader]] = true;
  for (uint16_t r = 0; r < to.size(); r++) {
    if (conflict[r]) continue;
    Forms both = meet(to[r], comes_back || made.empty() ? from[r] : with_made(from[r], made[r]));
    leave_loop_heads_plain(leader, r, both);
    if (!(both & (kWord | kDouble | kU64 | kVirtual))) {
      both = kWord;
      conflict[r] = true;
    }
    if (!(both & kWord)) both &= ~kOfWord;
    changed |= both != to[r];
    to[r] = both;
  }
  return keep_sites_whole(leader, from) || changed;
}

std::vector<Types::Need> Types::needs(uint32_t pc, const State& before) const {
  Instr i = function_.code.code[pc];
  switch (treatment(pc, before)) {
    case Treatment::kFixnums:
      if (op_of(i) == Op::kAddImm) return {{i.b, kFixnum}};
      return {{i.b, kFixnum}, {i.c, kFixnum}};
    case Treatment::kDivide:
      return {{i.b, kFixnum}, {i.c, kFixnum}};
    case Treatment::kCompareFixnums: {
      std::string_view format = op_info(op_of(i)).format;
      if (format[0] == 'w') return {{i.b, kFixnum}, {i.c, kFixnum}};
      if (format[1] == 'i') return {{i.a, kFixnum}};
      return {{i.a, kFixnum}, {i.b, kFixnum}};
    }
    case Treatment::kDoubles: {
      std::vector<Need> found;
      bool immediate = op_of(i) == Op::kAddImm;
      Forms b = before[i.b], c = immediate ? kWord | kFixnum : before[i.c];
      if (must_be_float(i, b, c)) found.push_back({i.b, kDouble});
      if (!immediate && must_be_float(i, c, b)) found.push_back({i.c, kDouble});
      return found;
    }
    case Treatment::kLoad:
      return {{i.b, kVector}, {i.c, kFixnum}};
    case Treatment::kStore:
      return {{i.a, kVector}, {i.b, kFixnum}};
    case Treatment::kLoadRaw:
      return {{i.b, loaded_from(i)}, {i.c, kFixnum}};
    case Treatment::kStoreRaw:
      if (is_double(before, i.c)) return {{i.a, kDoublesVector}, {i.b, kFixnum}};
      return {{i.a, kDoublesVector}, {i.b, kFixnum}, {i.c, kDouble}};
    case Treatment::kLoadByte:
      return {{i.b, kBytes}, {i.c, kFixnum}};
    case Treatment::kStoreByte:
      return {{i.a, kBytes}, {i.b, kFixnum}};
    case Treatment::kLoadDouble:
      return {{i.b, kF64Vector}, {i.c, kFixnum}};
    case Treatment::kStoreDouble:
      return {{i.a, kF64Vector}, {i.b, kFixnum}};
    case Treatment::kStoreField:
      return {{static_cast<uint16_t>(i.b + 3), kDouble}};
    case Treatment::kMakeVirtual: {
      std::vector<Need> found;
      for (uint16_t r : raw_arguments(pc)) found.push_back({r, kDouble});
      return found;
    }
    case Treatment::kKnownCall: {
      const Variant* callee = called(pc, before);
      std::vector<Need> found;
      if (callee->types == nullptr) return found;
      for (uint16_t parameter : callee->types->fixnum_parameters()) found.push_back({static_cast<uint16_t>(i.a + 1 + parameter), kFixnum});
      return found;
    }
    default:
      return {};
  }
}

// In its first block, before it writes the register.
std::vector<uint16_t> Types::find_fixnum_parameters() const {
  std::vector<uint16_t> found;
  std::vector<bool> is_other(function_.code.register_count);
  State state = at_entry();
  for (uint32_t pc = 0; pc == 0 || !flow_.is_leader(pc); pc++) {
    for (const Need& need : needs(pc, state))
      if (need.form == kFixnum && need.r < role_.parameters->size() && !is_other[need.r]) found.push_back(need.r);
    step(pc, state);
    for (uint16_t r = 0; r < is_other.size(); r++)
      if (flow_.writes(pc, r)) is_other[r] = true;
    if (op_info(op_of(function_.code.code[pc])).ends == bytecode::Ends::kstop) break;
  }
  return found;
}

Treatment Types::arithmetic(Instr i, const State& before) const {
  bool immediate = op_of(i) == Op::kAddImm;
  bool b = is_double(before, i.b), c = !immediate && is_double(before, i.c);
  bool both_known = b && (c || immediate);
  if (both_known) return Treatment::kDoubles;
  if (i.x & bytecode::kSawOther) return Treatment::kWords;
  bool both_fixnums = !b && !c && (before[i.b] & kFixnum) && (immediate || (before[i.c] & kFixnum));
  if (both_fixnums) return op_of(i) == Op::kDiv ? Treatment::kWords : Treatment::kFixnums;
  if (b || c || (i.x & (bytecode::kSawFloats | bytecode::kSawMixed))) return Treatment::kDoubles;
  return op_of(i) == Op::kDiv ? Treatment::kWords : Treatment::kFixnums;
}

// Of two operands that are to be doubles, whether this one can only be a float: a float was always here, or the other is a fixnum, and
// two fixnums must not become doubles.
bool Types::must_be_float(Instr i, Forms mine, Forms other) {
  if (mine & (kDouble | kFixnum)) return false;
  bool mixed = i.x & bytecode::kSawMixed;
  return !mixed || (!(other & kDouble) && (other & kFixnum));
}

// Fixnums until something else was seen.
Treatment Types::comparison(uint32_t pc, Forms x, Forms y) const {
  if (x & y & kDouble) return Treatment::kCompare;
  if ((x | y) & kDouble || function_.code.left_at.has(pc)) return Treatment::kWords;
  return Treatment::kCompareFixnums;
}

// What a double is loaded out of: where holes were met they are expected.
Forms Types::loaded_from(Instr i) { return i.x & bytecode::kLeftForHoles ? kDoublesVector : kFullVector; }

Treatment Types::vector_store(Instr i, const State& before) const {
  if (i.x & (bytecode::kSawMixed | bytecode::kSawOther)) return Treatment::kWords;
  if (!(i.x & bytecode::kSawFloats)) return Treatment::kStore;
  bool is_fixnum = !is_double(before, i.c) && (before[i.c] & kFixnum);
  return is_fixnum ? Treatment::kWords : Treatment::kStoreRaw;
}

Treatment Types::treatment(uint32_t pc, const State& before) const {
  if (!specialises_) return Treatment::kWords;
  Instr i = function_.code.code[pc];
  switch (op_of(i)) {
    case Op::kAdd:
    case Op::kSub:
    case Op::kMul:
    case Op::kDiv:
    case Op::kAddImm:
      return arithmetic(i, before);
    case Op::kMove:
      return Treatment::kMove;
    case Op::kConst:
      return float_constant(i.b) || is_fixnum_constant(i.b) ? Treatment::kConstant : Treatment::kWords;
    case Op::kInt:
      return Treatment::kConstant;
    case Op::kJumpLt:
    case Op::kJumpNotLt:
    case Op::kJumpLe:
    case Op::kJumpNotLe:
    case Op::kJumpNumEq:
    case Op::kJumpNotNumEq:
      return comparison(pc, before[i.a], before[i.b]);
    case Op::kJumpLtImm:
    case Op::kJumpNotLtImm:
    case Op::kJumpLeImm:
    case Op::kJumpNotLeImm:
    case Op::kJumpGtImm:
    case Op::kJumpNotGtImm:
    case Op::kJumpGeImm:
    case Op::kJumpNotGeImm:
    case Op::kJumpNumEqImm:
    case Op::kJumpNotNumEqImm:
      return comparison(pc, before[i.a], is_double(before, i.a) ? kDouble : kWord | kFixnum);
    case Op::kNumEq:
    case Op::kNumLt:
    case Op::kNumLe:
      return comparison(pc, before[i.b], before[i.c]);
    case Op::kQuotient:
    case Op::kRemainder:
    case Op::kModulo:
      if ((i.x & bytecode::kSawOther) || is_double(before, i.b) || is_double(before, i.c)) return Treatment::kWords;
      return Treatment::kDivide;
    case Op::kVectorRef:
      if (i.x & (bytecode::kSawMixed | bytecode::kSawOther)) return Treatment::kWords;
      return i.x & bytecode::kSawFloats ? Treatment::kLoadRaw : Treatment::kLoad;
    case Op::kVectorSet:
      return vector_store(i, before);
    case Op::kBytesRef:
      return i.x & bytecode::kSawOther ? Treatment::kWords : Treatment::kLoadByte;
    case Op::kBytesSet:
      return i.x & bytecode::kSawOther ? Treatment::kWords : Treatment::kStoreByte;
    case Op::kCall:
    case Op::kCallGlobal:
      return called(pc, before) ? Treatment::kKnownCall : Treatment::kWords;
    case Op::kTailCallGlobal:
      return called(pc, before) ? Treatment::kKnownTail : Treatment::kWords;
    case Op::kReturn:
      if (returned_record() != 0) return Treatment::kReturnVirtual;
      return returns_double() ? Treatment::kReturnDouble : Treatment::kWords;
    case Op::kF64Ref:
      return Treatment::kLoadDouble;
    case Op::kF64Set:
      return is_double(before, i.c) ? Treatment::kStoreDouble : Treatment::kWords;
    case Op::kPrim: {
      auto id = static_cast<prims::Id>(i.c);
      if (id == prims::Id::k_make_record || id == prims::Id::k_record_ref || id == prims::Id::k_record_set) return record_primitive(pc, before);
      if (u64_treated(pc, before) != U64::kNone) return Treatment::kU64;
      if (i.x != 1) return Treatment::kWords;
      if (id == prims::Id::k_sqrt && is_double(before, i.b)) return Treatment::kSquareRoot;
      bool converts = id == prims::Id::k_inexact || id == prims::Id::k_exact_to_inexact;
      if (converts && (before[i.b] & (kDouble | kFixnum))) return Treatment::kToDouble;
      return Treatment::kWords;
    }
    default:
      return Treatment::kWords;
  }
}

bool Types::takes_words(Treatment treatment) {
  switch (treatment) {
    case Treatment::kWords:
    case Treatment::kLoad:
    case Treatment::kStore:
    case Treatment::kLoadRaw:
    case Treatment::kLoadByte:
    case Treatment::kStoreByte:
    case Treatment::kLoadDouble:
    case Treatment::kLoadField:
      return true;
    default:
      return false;
  }
}

// The bits above the 64 of an integer that is below 2^64 are none of the result's, whatever the other operand has there. When all that is known is
// the integer modulo 2^64, the other is taken for a mask.
U64 Types::and_treated(uint32_t pc, const State& before) const {
  const Instr i = function_.code.code[pc];
  const Forms first = before[i.b], second = before[i.b + 1u];
  const auto is_integer = [](Forms forms) { return (forms & kU64) && !(forms & kWord); };
  const bool has_one = ((first ^ second) & kU64) && !((first | second) & kVirtual);
  const int32_t known = has_one ? flow_.known_integer(pc, static_cast<uint16_t>(first & kU64 ? i.b + 1 : i.b)) : -1;
  if (known >= 0) return U64::kMask;
  if (is_integer(first) || is_integer(second)) return U64::kAnd;
  return has_one ? U64::kMask : U64::kNone;
}

U64 Types::u64_treated(uint32_t pc, const State& before) const {
  const Instr i = function_.code.code[pc];
  if (function_.code.left_at.has(pc)) return U64::kNone;
  const auto id = static_cast<prims::Id>(i.c);
  if (id == prims::Id::k_bit_and) return i.x == 2 ? and_treated(pc, before) : U64::kNone;
  const U64 operation = u64_operation(id);
  if (!moves_bits(operation)) return operation;
  const int32_t places = flow_.known_integer(pc, static_cast<uint16_t>(i.b + 1));
  return places >= 0 && places < 64 ? operation : U64::kNone;
}

std::vector<uint16_t> Types::word_operands(uint32_t pc) const {
  RegisterSet used(function_.code.register_count);
  flow_.add_uses(pc, used);
  std::vector<uint16_t> found;
  for (uint16_t r = 0; r < function_.code.register_count; r++)
    if (used.has(r)) found.push_back(r);
  return found;
}

}  // namespace terrace::worker::emit
