// worker/emit/emit_ranges.cpp: counted loops: what is tested before the first turn, the counter, the safepoints.
//
//   from outside ---> entry: the counter as an integer, the tests, the limit
//                       |  \--- a test fails ---> the interpreter goes on at the head
//                       v
//          +--------> head: counter < limit? --- no ---> pause: counter < end? --- no ---> out of the loop
//          |            | yes                              | yes
//          |            v                                  v
//          +---------- body                              safepoint, then the entry again
//
// The limit is the end of the loop or 1,024 turns further on (kTurnsShift), whichever comes first, so that the turns themselves have
// one way out and GCC can turn them into vector instructions.
#include "worker/emit/emitter.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

namespace {

constexpr int kTurnsShift = 10;  // a safepoint every 1,024 turns
constexpr int64_t kTurnsAhead = 8;  // what is fetched ahead is read so many turns later
// A step in a register is below this, so that so many steps are no large number.
constexpr int64_t kLargeStep = int64_t{1} << 40;

}  // namespace

// Where control goes that comes to a block from anywhere but a Loop instruction.
Block Emitter::way_to(uint32_t pc) {
  const CountedLoop* counted = ranges_.at_head(pc);
  if (counted == nullptr) return at_pc(pc);
  auto [found, added] = counted_entries_.try_emplace(pc, nullptr);
  if (added) found->second = cold([this, counted] { enter_counted(*counted); });
  return found->second;
}

Emitter::CountedPlaces& Emitter::places_of(const CountedLoop& counted) {
  CountedPlaces& places = counted_places_[counted.loop.head];
  local(places.index, m_.signed_type(), "index");
  local(places.end, m_.signed_type(), "end");
  local(places.limit, m_.signed_type(), "limit");
  return places;
}

Val Emitter::plus(Val a, Val b) const { return m_.binary(GCC_JIT_BINARY_OP_PLUS, m_.signed_type(), a, b); }
Val Emitter::minus(Val a, Val b) const { return m_.binary(GCC_JIT_BINARY_OP_MINUS, m_.signed_type(), a, b); }

Val Emitter::integer_of(const Amount& amount) const {
  return amount.is_number ? m_.number(m_.signed_type(), amount.number) : m_.untag_fixnum(reg(amount.r));
}

// The integer in a register that holds a fixnum.
Val Emitter::integer_in(uint16_t r) {
  const CountedLoop* counted = ranges_.counted_by(pc_, r);
  return counted ? gcc_jit_lvalue_as_rvalue(places_of(*counted).index) : m_.untag_fixnum(reg(r));
}

void Emitter::enter_counted(const CountedLoop& counted) {
  state_ = types_.at(counted.loop.head);
  begin_counting(counted, counted.loop.head);
  jump(at_pc(counted.loop.head));
}

// Into the middle of a function: the loops around this one count, too, and have been entered elsewhere.
void Emitter::begin_counting_around(uint32_t head) {
  for (const CountedLoop& counted : ranges_.loops())
    if (counted.loop.head < head && head <= counted.loop.last) begin_counting(counted, head);
}

// Where a test fails the interpreter goes on at `pc`, and what is taken for granted of this loop was wrong.
void Emitter::begin_counting(const CountedLoop& counted, uint32_t pc) {
  pc_ = counted.loop.head;
  CountedPlaces& places = places_of(counted);
  Val index = gcc_jit_lvalue_as_rvalue(places.index), end = gcc_jit_lvalue_as_rvalue(places.end);
  Val bound = integer_of(counted.bound);
  assign(places.index, m_.untag_fixnum(reg(counted.counter)));
  assign(places.end, counted.includes_bound ? plus(bound, m_.number(m_.signed_type(), 1)) : bound);
  Block otherwise = leave_at(pc, frame::LeaveCause::kBeforeCounting, counted.noted_at());
  if (counted.must_meet_bound) guard(m_.compare(GCC_JIT_COMPARISON_LE, index, end), otherwise);
  Block next = fresh();
  Block never_runs = cold([this, &places, next] {
    assign(places.limit, gcc_jit_lvalue_as_rvalue(places.end));
    jump(next);
  });
  guard(m_.compare(GCC_JIT_COMPARISON_LT, index, end), never_runs);
  test_bounds(counted, otherwise, counted.small.empty() ? nullptr : leave_at(pc, frame::LeaveCause::kNotSmall, counted.noted_at()));
  set_limit(counted);
  jump(next);
  start(next);
}

void Emitter::test_bounds(const CountedLoop& counted, Block otherwise, Block not_small) {
  CountedPlaces& places = places_of(counted);
  Val index = gcc_jit_lvalue_as_rvalue(places.index), end = gcc_jit_lvalue_as_rvalue(places.end);
  if (!counted.step.is_number)
    guard(m_.below(m_.add(m_.as_word(integer_of(counted.step)), -1), m_.word(kLargeStep)), otherwise);
  std::vector<Val> first(counted.expressions.size()), last(counted.expressions.size());
  Val last_counter = m_.tag_fixnum(minus(end, m_.number(m_.signed_type(), 1)));
  for (size_t n = 0; n < counted.expressions.size(); n++) {
    first[n] = evaluate_end(counted.expressions[n], first, reg(counted.counter), otherwise);
    last[n] = evaluate_end(counted.expressions[n], last, last_counter, otherwise);
  }
  for (const CountedLoop::Access& access : counted.accesses) {
    Val length = gcc_jit_lvalue_as_rvalue(length_place(access.vector));
    guard(m_.below(first[static_cast<size_t>(access.index)], length), otherwise);
    guard(m_.below(last[static_cast<size_t>(access.index)], length), otherwise);
  }
  const Val too_large = m_.word(value::make_fixnum(int64_t{1} << kSmallBits).bits);
  for (int small : counted.small) {
    guard(m_.below(first[static_cast<size_t>(small)], too_large), not_small);
    guard(m_.below(last[static_cast<size_t>(small)], too_large), not_small);
  }
  // One turn more than is left: the present one may have stepped the counter and not yet added.
  Val turns = minus(plus(end, m_.number(m_.signed_type(), 1)), index);
  for (auto [r, each] : counted.tallies) {
    Place most = new_number(), sum = new_number();
    Val tagged = m_.number(m_.signed_type(), each * (int64_t{1} << value::kFixnumShift));
    guard_not(m_.overflows(kMul.overflow_builtin, turns, tagged, most), otherwise);
    guard_not(m_.overflows(kAdd.overflow_builtin, reg(r), gcc_jit_lvalue_as_rvalue(most), sum), otherwise);
  }
}

// The value of an expression, a fixnum, when the counter is the given one.
Val Emitter::evaluate_end(const Expression& e, const std::vector<Val>& values, Val counter, Block otherwise) {
  switch (e.kind) {
    case Expression::Kind::kCounter:
      return counter;
    case Expression::Kind::kRegister:
      return reg(e.r);
    case Expression::Kind::kNumber:
      return m_.constant(value::make_fixnum(e.number));
    case Expression::Kind::kAdd:
    case Expression::Kind::kSub:
    case Expression::Kind::kMul:
      break;
  }
  const Arithmetic& op = e.kind == Expression::Kind::kMul ? kMul : e.kind == Expression::Kind::kSub ? kSub : kAdd;
  Val left = values[static_cast<size_t>(e.left)], right = values[static_cast<size_t>(e.right)];
  Place result = new_number();
  guard_not(overflows(op, left, right, result), otherwise);
  return m_.as_word(gcc_jit_lvalue_as_rvalue(result));
}

Place Emitter::new_number() { return gcc_jit_function_new_local(bodies_.body, nullptr, m_.signed_type(), "bound"); }

void Emitter::set_limit(const CountedLoop& counted) {
  CountedPlaces& places = places_of(counted);
  Val index = gcc_jit_lvalue_as_rvalue(places.index), end = gcc_jit_lvalue_as_rvalue(places.end);
  Val step = integer_of(counted.step);
  Val stride = m_.binary(GCC_JIT_BINARY_OP_LSHIFT, m_.signed_type(), step, m_.number(m_.signed_type(), kTurnsShift));
  Block far = fresh(), next = fresh();
  assign(places.limit, end);
  branch(m_.compare(GCC_JIT_COMPARISON_LT, stride, minus(end, index)), far, next);
  start(far);
  assign(places.limit, plus(index, stride));
  jump(next);
  start(next);
}

// The comparison at the head of a counted loop. The counter's word is made of the integer behind it, on either way, and not at the step: GCC cannot
// tell that the word which a loop begins with is that of the integer, and would take addresses that are made of one from each turn for irregular.
void Emitter::count_turn(const CountedLoop& counted, Block body, Block out) {
  CountedPlaces& places = places_of(counted);
  Val index = gcc_jit_lvalue_as_rvalue(places.index);
  const uint32_t head = counted.loop.head;
  Block turn = fresh();
  Block pause = cold([this, &counted, &places, index, head, out] {
    Block go_on = fresh();
    set_counter(counted);
    branch(m_.compare(GCC_JIT_COMPARISON_LT, index, gcc_jit_lvalue_as_rvalue(places.end)), go_on, out);
    start(go_on);
    state_ = types_.at(head);
    safepoint(head, way_to(head));
  });
  branch(m_.compare(GCC_JIT_COMPARISON_LT, index, gcc_jit_lvalue_as_rvalue(places.limit)), turn, pause);
  start(turn);
  set_counter(counted);
  jump(body);
}

// The counter's word, and its copy for the way out at the head. Made before the comparison the copy would keep GCC from using vector instructions.
void Emitter::set_counter(const CountedLoop& counted) {
  const Val word = m_.tag_fixnum(gcc_jit_lvalue_as_rvalue(places_of(counted).index));
  set(counted.counter, word);
  const auto& kept = checkpoints_taken_.at(counted.loop.head).kept;
  if (auto copy = kept.find(counted.counter); copy != kept.end()) assign(copy->second, word);
}

void Emitter::step_counter(const CountedLoop& counted) {
  Place index = places_of(counted).index;
  Val step = integer_of(counted.step);
  assign(index, plus(gcc_jit_lvalue_as_rvalue(index), step));
  const Instr next = code_.code[pc_ + 1];
  const bool goes_to_head = op_of(next) == Op::kLoop && target_of(pc_ + 1, next) == counted.loop.head;
  if (!goes_to_head) set(counted.counter, m_.tag_fixnum(gcc_jit_lvalue_as_rvalue(index)));
}

// Where a vector's elements are looked into one after the other, the object that is looked into some turns later is fetched into the cache meanwhile:
// objects lie anywhere, so the processor cannot foresee it. After Ainsworth and Jones, "Software prefetching for indirect memory accesses" (CGO 2017).
void Emitter::fetch_ahead(Instr load) {
  const CountedLoop* counted = ranges_.walked_by(pc_);
  if (counted == nullptr || !counted->step.is_number || !types_.reads_object_behind(pc_, state_)) return;
  CountedPlaces& places = places_of(*counted);
  Place ahead = local(ahead_, m_.signed_type(), "ahead");
  Val last = minus(gcc_jit_lvalue_as_rvalue(places.limit), m_.number(m_.signed_type(), 1));
  assign(ahead, plus(gcc_jit_lvalue_as_rvalue(places.index), m_.number(m_.signed_type(), kTurnsAhead * counted->step.number)));
  Block next = fresh(), at_end = fresh();
  branch(m_.compare(GCC_JIT_COMPARISON_LE, gcc_jit_lvalue_as_rvalue(ahead), last), next, at_end);
  start(at_end);
  assign(ahead, last);
  jump(next);
  start(next);
  Val element = m_.add(reg(load.b), m_.tag_fixnum(gcc_jit_lvalue_as_rvalue(ahead)));
  evaluate(m_.prefetch(m_.load(element, offsets::kVectorData)));
}

// Whether the sum or product here cannot overflow.
bool Emitter::is_bounded() const {
  return ranges_.is_bounded(pc_) || proven(&Intervals::is_bounded);
}

// Sums and products that cannot overflow.
void Emitter::bounded_arithmetic(Instr i) {
  const bool has_immediate = op_of(i) == Op::kAddImm;
  Val x = reg(i.b), y = has_immediate ? m_.constant(value::make_fixnum(static_cast<int16_t>(i.c))) : reg(i.c);
  if (op_of(i) == Op::kMul && ranges_.counted_by(pc_, i.c))
    y = integer_in(i.c);
  else if (op_of(i) == Op::kMul)
    x = integer_in(i.b);
  set(i.a, m_.as_word(m_.binary(arithmetic_of(op_of(i)).float_op, m_.signed_type(), m_.as_signed(x), m_.as_signed(y))));
}

}  // namespace terrace::worker::emit
