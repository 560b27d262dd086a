// worker/emit/intervals.cpp: see the header.
#include "worker/emit/intervals.hpp"

#include <algorithm>
#include <map>

#include "value/value.hpp"

namespace terrace::worker::emit {

namespace {

// What holds on both ways.
void join(std::vector<std::optional<Interval>>& to, const std::vector<std::optional<Interval>>& from) {
  for (size_t r = 0; r < to.size(); r++) {
    if (to[r] && from[r])
      to[r] = Interval{std::min(to[r]->low, from[r]->low), std::max(to[r]->high, from[r]->high)};
    else
      to[r].reset();
  }
}

bool apply(Op op, int64_t a, int64_t b, int64_t* result) {
  const bool overflows = op == Op::kMul   ? __builtin_mul_overflow(a, b, result)
                         : op == Op::kSub ? __builtin_sub_overflow(a, b, result)
                                          : __builtin_add_overflow(a, b, result);
  return !overflows && value::fits_fixnum(*result);
}

}  // namespace

Intervals::Intervals(const bytecode::PortableFunction& function, const Flow& flow, const Types& types)
    : function_(function), flow_(flow), types_(types), bounded_(function.code.code.size()), divides_(bounded_), natural_(bounded_) {
  if (!types.specialises() || !flow.loops().empty()) return;
  always_answers_ = true;
  const auto& code = function.code.code;
  std::map<uint32_t, Known> at;  // by leader that a way was seen to
  const auto arrive = [&at](uint32_t leader, const Known& known) {
    const auto [found, is_first] = at.try_emplace(leader, known);
    if (!is_first) join(found->second, known);
  };
  Known first(function.code.register_count);
  const State parameters = types.at_entry();
  for (size_t r = 0; r < first.size(); r++)
    if (parameters[r] & kSmall) first[r] = Interval{0, (int64_t{1} << kSmallBits) - 1};
  arrive(0, first);
  for (uint32_t leader : flow.leaders()) {
    if (!at.contains(leader)) continue;
    Known known = at.at(leader);
    State state = types.at(leader);
    for (uint32_t pc = leader;; pc++) {
      const Treatment treatment = types.treatment(pc, state);
      look_at(pc, treatment, state, known);
      types.step(pc, treatment, state);
      if (has_jump(op_of(code[pc]))) arrive(target_of(pc, code[pc]), known);
      if (op_info(op_of(code[pc])).ends == bytecode::Ends::kstop || pc + 1 == code.size()) break;
      if (!flow.is_leader(pc + 1)) continue;
      arrive(pc + 1, known);
      break;
    }
  }
}

void Intervals::look_at(uint32_t pc, Treatment treatment, const State& before, Known& known) {
  const Instr i = function_.code.code[pc];
  const std::optional<Interval> result = result_of(pc, treatment, known);
  always_answers_ = always_answers_ && cannot_fail(pc, treatment, before, known);
  for (uint16_t r = 0; r < known.size(); r++)
    if (flow_.writes(pc, r)) known[r].reset();
  if (result) known[i.a] = result;
}

// Once result_of has looked at it.
bool Intervals::cannot_fail(uint32_t pc, Treatment treatment, const State& before, const Known& known) const {
  const Instr i = function_.code.code[pc];
  const auto is_number = [&before](uint16_t r) { return (before[r] & (kDouble | kFixnum)) != 0; };
  switch (treatment) {
    case Treatment::kMove:
    case Treatment::kConstant:
    case Treatment::kCompare:
    case Treatment::kSquareRoot:
    case Treatment::kToDouble:
    case Treatment::kReturnDouble:
      return true;
    case Treatment::kFixnums:
      return bounded_[pc];
    case Treatment::kDivide:
      return known[i.b] && known[i.c] && known[i.c]->low > 0;
    case Treatment::kDoubles:
      if (!is_number(i.b) || (op_of(i) != Op::kAddImm && !is_number(i.c))) return false;
      return op_of(i) != Op::kDiv || (before[i.c] & kDouble) || divides_[pc];
    case Treatment::kCompareFixnums: {
      const std::vector<Types::Need> needs = types_.needs(pc, before);
      return std::all_of(needs.begin(), needs.end(), [&](const Types::Need& need) { return (before[need.r] & need.form) != 0; });
    }
    case Treatment::kWords:
      return op_of(i) == Op::kJump || (op_of(i) == Op::kReturn && (before[i.a] & kFixnum));
    default:
      return false;
  }
}

// What the instruction writes to its first register, when that is known to be a fixnum between two numbers.
std::optional<Interval> Intervals::result_of(uint32_t pc, Treatment treatment, const Known& known) {
  const Instr i = function_.code.code[pc];
  switch (treatment) {
    case Treatment::kMove:
      return known[i.b];
    case Treatment::kConstant:
      if (op_of(i) != Op::kInt) return {};
      return Interval{bytecode::int_operand(i), bytecode::int_operand(i)};
    case Treatment::kFixnums:
      return combined(pc, known);
    case Treatment::kDivide:
      natural_[pc] = known[i.b] && known[i.b]->low >= 0;
      return divided(op_of(i), known[i.b], known[i.c]);
    case Treatment::kDoubles: {
      const bool is_division = op_of(i) == Op::kDiv;
      divides_[pc] = is_division && known[i.c] && (known[i.c]->low > 0 || known[i.c]->high < 0);
      prove_anything_ |= divides_[pc];
      return {};
    }
    default:
      return {};
  }
}

std::optional<Interval> Intervals::second_operand(Instr i, const Known& known) const {
  if (op_of(i) != Op::kAddImm) return known[i.c];
  const auto number = static_cast<int16_t>(i.c);
  return Interval{number, number};
}

// Sums, differences and products: least and greatest are among those of the ends.
std::optional<Interval> Intervals::combined(uint32_t pc, const Known& known) {
  const Instr i = function_.code.code[pc];
  const std::optional<Interval> x = known[i.b], y = second_operand(i, known);
  if (!x || !y) return {};
  std::optional<Interval> all;
  for (int64_t a : {x->low, x->high}) {
    for (int64_t b : {y->low, y->high}) {
      int64_t n = 0;
      if (!apply(op_of(i), a, b, &n)) return {};
      all = all ? Interval{std::min(all->low, n), std::max(all->high, n)} : Interval{n, n};
    }
  }
  bounded_[pc] = prove_anything_ = true;
  return all;
}

// By a divisor above zero, which the code tests where it is not known.
std::optional<Interval> Intervals::divided(Op op, const std::optional<Interval>& n, const std::optional<Interval>& d) {
  if (!d || d->high <= 0) return {};
  const int64_t least = std::max<int64_t>(d->low, 1), most = d->high;
  if (op == Op::kModulo) return Interval{0, most - 1};
  if (!n) return {};
  if (op == Op::kRemainder) return Interval{n->low < 0 ? std::max(n->low, 1 - most) : 0, n->high > 0 ? std::min(n->high, most - 1) : 0};
  return Interval{n->low < 0 ? n->low / least : n->low / most, n->high < 0 ? n->high / most : n->high / least};
}

}  // namespace terrace::worker::emit
