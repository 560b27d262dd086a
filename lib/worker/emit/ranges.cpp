// worker/emit/ranges.cpp: finding counted loops, and in each the expressions that are linear in its counter.
#include "worker/emit/ranges.hpp"

#include <algorithm>

#include "worker/emit/program.hpp"

namespace terrace::worker::emit {

namespace {

constexpr int kDeepExpression = 8;
constexpr size_t kManyExpressions = 64;

// The object and the index of an access to an element; false for any other instruction.
bool is_access(Treatment treatment, Instr i, uint16_t* object, uint16_t* index) {
  switch (treatment) {
    case Treatment::kLoad:
    case Treatment::kLoadRaw:
    case Treatment::kLoadByte:
    case Treatment::kLoadDouble:
      *object = i.b;
      *index = i.c;
      return true;
    case Treatment::kStore:
    case Treatment::kStoreRaw:
    case Treatment::kStoreByte:
    case Treatment::kStoreDouble:
      *object = i.a;
      *index = i.b;
      return true;
    default:
      return false;
  }
}

}  // namespace

Ranges::Ranges(const bytecode::PortableFunction& function, const Flow& flow, const Types& types)
    : code_(function.code.code), flow_(flow), types_(types), unchanged_(function.code.register_count) {
  bounded_.assign(code_.size(), false);
  treatments_.assign(code_.size(), Treatment::kWords);
  if (!types.specialises() || flow.loops().empty()) return;
  const auto& leaders = flow.leaders();
  for (size_t n = 0; n < leaders.size(); n++) {
    State state = types.at(leaders[n]);
    uint32_t end = n + 1 < leaders.size() ? leaders[n + 1] : static_cast<uint32_t>(code_.size());
    for (uint32_t pc = leaders[n]; pc < end; pc++) {
      treatments_[pc] = types.treatment(pc, state);
      if (treatments_[pc] == Treatment::kKnownCall) known_calls_[pc] = types.called(pc, state);
      types.step(pc, state);
      if (op_info(op_of(code_[pc])).ends == bytecode::Ends::kstop) break;
    }
  }
  for (const Loop& loop : flow.loops()) find_loop(loop);
}

const CountedLoop* Ranges::at_head(uint32_t pc) const {
  for (const CountedLoop& counted : loops_)
    if (counted.loop.head == pc) return &counted;
  return nullptr;
}

const CountedLoop* Ranges::stepped_at(uint32_t pc) const {
  for (const CountedLoop& counted : loops_)
    if (counted.steps_at(pc)) return &counted;
  return nullptr;
}

const CountedLoop* Ranges::counted_by(uint32_t pc, uint16_t r) const {
  for (const CountedLoop& counted : loops_)
    if (counted.counter == r && counted.loop.head < pc && pc <= counted.loop.last && !counted.is_behind_step(pc)) return &counted;
  return nullptr;
}

const CountedLoop* Ranges::walked_by(uint32_t pc) const {
  for (const CountedLoop& counted : loops_)
    for (const CountedLoop::Access& access : counted.accesses)
      if (access.pc == pc && counted.expressions[static_cast<size_t>(access.index)].kind == Expression::Kind::kCounter) return &counted;
  return nullptr;
}

void Ranges::find_loop(const Loop& loop) {
  always_run_ = flow_.always_run(loop);
  unchanged_ = flow_.unchanged_in(loop);
  CountedLoop counted{};
  counted.loop = loop;
  if (!is_entered_at_head(loop) || !find_condition(counted) || !find_steps(counted)) return;
  if (code_[counted.noted_at()].x & bytecode::kLeftBeforeCounting) return;
  std::vector<uint32_t> made_at;
  for (const Step& step : counted.steps)
    if (expression_at(counted, step.added_at, made_at, 0) < 0) return;
  for (uint32_t at : made_at) bounded_[at] = true;
  for (uint32_t pc = loop.head; pc <= loop.last; pc++)
    if (!is_in_inner_loop(loop, pc)) {
      add_access(counted, pc);
      add_call(counted, pc);
    }
  find_tallies(counted);
  loops_.push_back(std::move(counted));
}

bool Ranges::is_entered_at_head(const Loop& loop) const {
  for (uint32_t pc = 0; pc < code_.size(); pc++) {
    if (!has_jump(op_of(code_[pc])) || (pc >= loop.head && pc <= loop.last)) continue;
    uint32_t to = target_of(pc, code_[pc]);
    if (to > loop.head && to <= loop.last) return false;
  }
  return true;
}

// The head goes out of the loop, and on into it.
bool Ranges::find_condition(CountedLoop& counted) const {
  Instr i = code_[counted.loop.head];
  if (treatments_[counted.loop.head] != Treatment::kCompareFixnums) return false;
  uint32_t out = target_of(counted.loop.head, i);
  if (out > counted.loop.head && out <= counted.loop.last) return false;
  counted.counter = i.a;
  counted.bound.r = i.b;
  switch (op_of(i)) {
    case Op::kJumpNotLe:
      counted.includes_bound = true;
      break;
    case Op::kJumpNotLt:
      break;
    case Op::kJumpLt:  // out when bound < counter
      counted.includes_bound = true;
      [[fallthrough]];
    case Op::kJumpLe:  // out when bound <= counter
      counted.counter = i.b;
      counted.bound.r = i.a;
      break;
    case Op::kJumpNumEq:
      counted.must_meet_bound = true;
      break;
    case Op::kJumpGtImm:
    case Op::kJumpNotLeImm:
      counted.includes_bound = true;
      counted.bound.is_number = true;
      break;
    case Op::kJumpGeImm:
    case Op::kJumpNotLtImm:
      counted.bound.is_number = true;
      break;
    case Op::kJumpNumEqImm:
      counted.bound.is_number = true;
      counted.must_meet_bound = true;
      break;
    default:
      return false;
  }
  counted.bound.number = static_cast<int16_t>(i.b);  // unless it is a register
  return is_fixnum_at_head(counted, counted.counter) && (counted.bound.is_number || is_steady_fixnum(counted, counted.bound.r));
}

bool Ranges::is_fixnum_at_head(const CountedLoop& counted, uint16_t r) const {
  return (types_.at(counted.loop.head)[r] & kFixnum) != 0;
}

bool Ranges::is_steady_fixnum(const CountedLoop& counted, uint16_t r) const {
  return unchanged_.has(r) && is_fixnum_at_head(counted, r);
}

// Either one instruction writes the counter, in every turn, or one in each block that goes back to the head.
bool Ranges::find_steps(CountedLoop& counted) const {
  const Loop& loop = counted.loop;
  const std::vector<uint32_t> writing = writers(loop, counted.counter);
  if (writing.size() == 1) return runs_once(loop, writing[0]) && add_step(counted, writing[0], loop.last);
  size_t found = 0;
  for (uint32_t pc = loop.head; pc <= loop.last; pc++) {
    if (op_of(code_[pc]) != Op::kLoop || target_of(pc, code_[pc]) != loop.head) continue;
    uint32_t at = pc;
    while (!flow_.writes(at, counted.counter)) {
      if (flow_.is_leader(at)) return false;
      at--;
    }
    if (is_in_inner_loop(loop, at) || !add_step(counted, at, pc)) return false;
    found++;
  }
  return found == writing.size();
}

// The instruction at `at` adds a step that does not change, the same as others.
bool Ranges::add_step(CountedLoop& counted, uint32_t at, uint32_t last) const {
  uint32_t added_at = at;
  if (op_of(code_[at]) == Op::kMove) added_at = definition(counted, at, code_[at].b);
  Amount step{};
  if (added_at == kNone || added_at == counted.loop.head || !find_addition(counted, added_at, &step)) return false;
  if (!counted.steps.empty() && !(step == counted.step)) return false;
  counted.step = step;
  counted.steps.push_back({at, added_at, last});
  return true;
}

bool Ranges::find_addition(const CountedLoop& counted, uint32_t pc, Amount* step) const {
  Instr i = code_[pc];
  if (treatments_[pc] != Treatment::kFixnums) return false;
  if (op_of(i) == Op::kAddImm && i.b == counted.counter) {
    step->is_number = true;
    step->number = static_cast<int16_t>(i.c);
    return step->number > 0 && (step->number == 1 || !counted.must_meet_bound);
  }
  if (op_of(i) != Op::kAdd || counted.must_meet_bound || (i.b != counted.counter && i.c != counted.counter)) return false;
  step->r = i.b == counted.counter ? i.c : i.b;
  return is_steady_fixnum(counted, step->r);
}

void Ranges::add_access(CountedLoop& counted, uint32_t pc) {
  uint16_t object, index;
  if (!is_access(treatments_[pc], code_[pc], &object, &index)) return;
  if (!(types_.at(counted.loop.head)[object] & kSized) || !unchanged_.has(object)) return;
  std::vector<uint32_t> made_at;
  size_t before = counted.expressions.size();
  int expression = expression_of(counted, pc, index, made_at, 0);
  if (expression < 0) return counted.expressions.resize(before);
  counted.accesses.push_back({expression, object, pc});
  bounded_[pc] = true;
  for (uint32_t at : made_at) bounded_[at] = true;
}

// Of a function that is compiled along, with arguments that are linear in the counter.
void Ranges::add_call(CountedLoop& counted, uint32_t pc) {
  if (treatments_[pc] != Treatment::kKnownCall || (code_[counted.noted_at()].x & bytecode::kLeftNotSmall)) return;
  const Variant& callee = *known_calls_.at(pc);
  std::vector<uint32_t> made_at;
  std::vector<int> arguments;
  uint64_t mask = 0;
  const size_t before = counted.expressions.size();
  for (uint16_t n = 0; n < callee.parameters.size(); n++) {
    if (!(callee.parameters[n] & kFixnum)) continue;
    const int expression = expression_of(counted, pc, static_cast<uint16_t>(code_[pc].a + 1 + n), made_at, 0);
    if (expression < 0) continue;
    arguments.push_back(expression);
    mask |= uint64_t{1} << n;
  }
  const Variant* small = mask != 0 ? types_.with_small(callee, mask) : nullptr;
  if (small == nullptr) return counted.expressions.resize(before);
  small_calls_[pc] = small;
  counted.small.insert(counted.small.end(), arguments.begin(), arguments.end());
  for (uint32_t at : made_at) bounded_[at] = true;
}

const Variant* Ranges::called_with_small(uint32_t pc) const {
  const auto found = small_calls_.find(pc);
  return found != small_calls_.end() ? found->second : nullptr;
}

// A register that grows by a number at most once in a turn is bounded by the number of turns.
void Ranges::find_tallies(CountedLoop& counted) {
  for (uint32_t pc = counted.loop.head; pc <= counted.loop.last; pc++) {
    Instr i = code_[pc];
    if (op_of(i) != Op::kAddImm || i.a != i.b || treatments_[pc] != Treatment::kFixnums || counted.adds_step(pc)) continue;
    if (is_in_inner_loop(counted.loop, pc) || writers(counted.loop, i.a).size() != 1) continue;
    if (!is_fixnum_at_head(counted, i.a)) continue;
    counted.tallies.emplace_back(i.a, static_cast<int16_t>(i.c));
    bounded_[pc] = true;
  }
}

// The value of a register before an instruction, as an expression; -1: none that is linear in the counter. `made_at` gets the instructions
// that compute it.
int Ranges::expression_of(CountedLoop& counted, uint32_t pc, uint16_t r, std::vector<uint32_t>& made_at, int depth) const {
  uint32_t at = definition(counted, pc, r);
  if (at == kNone || depth > kDeepExpression || counted.expressions.size() > kManyExpressions) return -1;
  if (at != counted.loop.head) return expression_at(counted, at, made_at, depth + 1);
  if (!is_fixnum_at_head(counted, r)) return -1;
  Expression found{.kind = r == counted.counter ? Expression::Kind::kCounter : Expression::Kind::kRegister, .r = r};
  counted.expressions.push_back(found);
  return static_cast<int>(counted.expressions.size()) - 1;
}

int Ranges::expression_at(CountedLoop& counted, uint32_t pc, std::vector<uint32_t>& made_at, int depth) const {
  Instr i = code_[pc];
  Op op = op_of(i);
  auto add = [&](Expression made) {
    counted.expressions.push_back(made);
    return static_cast<int>(counted.expressions.size()) - 1;
  };
  if (treatments_[pc] == Treatment::kMove) return expression_of(counted, pc, i.b, made_at, depth);
  if (op == Op::kInt) return add({.kind = Expression::Kind::kNumber, .number = bytecode::int_operand(i)});
  if (treatments_[pc] != Treatment::kFixnums) return -1;
  int left = expression_of(counted, pc, i.b, made_at, depth);
  if (left < 0) return -1;
  int right = op == Op::kAddImm ? add({.kind = Expression::Kind::kNumber, .number = static_cast<int16_t>(i.c)})
                                : expression_of(counted, pc, i.c, made_at, depth);
  if (right < 0) return -1;
  if (op == Op::kMul && degree(counted, left) + degree(counted, right) > 1) return -1;
  made_at.push_back(pc);
  Expression::Kind kind = op == Op::kMul   ? Expression::Kind::kMul
                          : op == Op::kSub ? Expression::Kind::kSub
                                           : Expression::Kind::kAdd;
  return add({.kind = kind, .left = left, .right = right});
}

int Ranges::degree(const CountedLoop& counted, int expression) const {
  const Expression& e = counted.expressions[static_cast<size_t>(expression)];
  switch (e.kind) {
    case Expression::Kind::kCounter:
      return 1;
    case Expression::Kind::kRegister:
    case Expression::Kind::kNumber:
      return 0;
    case Expression::Kind::kMul:
      return degree(counted, e.left) + degree(counted, e.right);
    case Expression::Kind::kAdd:
    case Expression::Kind::kSub:
      break;
  }
  return std::max(degree(counted, e.left), degree(counted, e.right));
}

// The instruction that wrote what the register holds before `pc`; the head: it is what it was there; kNone: more than one may have.
// Control goes back only by Loop instructions, so within a turn, and outside of inner loops, what stands before runs before.
uint32_t Ranges::definition(const CountedLoop& counted, uint32_t pc, uint16_t r) const {
  const Loop& loop = counted.loop;
  uint32_t at = pc;
  while (at > loop.head && !flow_.is_leader(at)) {
    at--;
    if (flow_.writes(at, r)) return at;
  }
  // The counter is what it was at the head until its step; other registers must not change at all.
  if (r == counted.counter && !counted.steps.empty() && !counted.is_behind_step(pc)) return loop.head;
  std::vector<uint32_t> writing = writers(loop, r);
  if (at == loop.head || writing.empty() || writing.front() >= pc) return writing.empty() ? loop.head : kNone;
  return writing.size() == 1 && runs_once(loop, writing[0]) ? writing[0] : kNone;
}

// A block may be left before its end; only out of the loop is meant then.
bool Ranges::runs_once(const Loop& loop, uint32_t pc) const {
  if (is_in_inner_loop(loop, pc)) return false;
  while (!flow_.is_leader(pc)) {
    pc--;
    if (!has_jump(op_of(code_[pc]))) continue;
    uint32_t to = target_of(pc, code_[pc]);
    if (to >= loop.head && to <= loop.last) return false;
  }
  return std::binary_search(always_run_.begin(), always_run_.end(), pc);
}

std::vector<uint32_t> Ranges::writers(const Loop& loop, uint16_t r) const {
  std::vector<uint32_t> found;
  for (uint32_t pc = loop.head; pc <= loop.last; pc++)
    if (flow_.writes(pc, r)) found.push_back(pc);
  return found;
}

bool Ranges::is_in_inner_loop(const Loop& loop, uint32_t pc) const {
  return std::any_of(flow_.loops().begin(), flow_.loops().end(), [&](const Loop& inner) {
    return inner.head > loop.head && inner.last <= loop.last && inner.head <= pc && pc <= inner.last;
  });
}

}  // namespace terrace::worker::emit
