// tests/unit/test_ranges.cpp: which loops count, which sums and indexes in them are bounded, and what follows from small arguments.
#include "check.hpp"
#include "worker/emit/intervals.hpp"
#include "worker/emit/ranges.hpp"

namespace terrace::test {
namespace {

using bytecode::Instr;
using bytecode::Op;
using worker::emit::CountedLoop;
using worker::emit::Flow;
using worker::emit::Intervals;
using worker::emit::Ranges;
using worker::emit::Role;
using worker::emit::State;
using worker::emit::Types;

// A function of four parameters, in registers 0 to 3, and as many further registers.
class Code {
 public:
  Code() {
    function_.code.required = 4;
    function_.code.register_count = 8;
  }
  Code& op(Op o, int a = 0, int b = 0, int c = 0) {
    function_.code.code.push_back(Instr{static_cast<uint8_t>(o), 0, static_cast<uint16_t>(a), static_cast<uint16_t>(b), static_cast<uint16_t>(c)});
    return *this;
  }
  Code& jump(Op o, int target, int a = 0, int b = 0) {
    op(o, a, b);
    set_jump_distance(function_.code.code.back(), target - static_cast<int>(function_.code.code.size()));
    return *this;
  }
  Code& seen(uint8_t what) {
    function_.code.code.back().x = what;
    return *this;
  }
  Ranges ranges() {
    flow_ = std::make_unique<Flow>(function_);
    types_ = std::make_unique<Types>(function_, *flow_, true);
    return Ranges(function_, *flow_, *types_);
  }
  // Of a variant whose parameters have these forms.
  Intervals intervals(const State& parameters) {
    parameters_ = parameters;
    flow_ = std::make_unique<Flow>(function_);
    types_ = std::make_unique<Types>(function_, *flow_, true, Role{nullptr, 0, &parameters_});
    return Intervals(function_, *flow_, *types_);
  }

 private:
  bytecode::PortableFunction function_;
  State parameters_;
  std::unique_ptr<Flow> flow_;
  std::unique_ptr<Types> types_;
};

// Registers: 0 a vector, 1 the bound, 2 another number, 4 the counter, 5 what is read, 6 a tally.

void test_sum(void**) {
  Code f;
  f.op(Op::kInt, 4, 0).op(Op::kInt, 6, 0);
  f.jump(Op::kJumpNotLt, 9, 4, 1);                                               // 2: head
  f.op(Op::kVectorRef, 5, 0, 4).jump(Op::kJumpNotNumEq, 6, 5, 2);                // 3
  f.op(Op::kAddImm, 6, 6, 1);                                                    // 5
  f.op(Op::kVectorRef, 5, 0, 2).op(Op::kAddImm, 4, 4, 2).jump(Op::kLoop, 2);     // 6
  f.op(Op::kReturn, 6);
  Ranges ranges = f.ranges();
  const CountedLoop* counted = ranges.at_head(2);
  assert_non_null(counted);
  assert_int_equal(counted->counter, 4);
  assert_int_equal(counted->bound.r, 1);
  assert_int_equal(counted->step.number, 2);
  assert_true(counted->steps_at(7));
  assert_false(counted->includes_bound);
  assert_true(ranges.is_bounded(3));
  assert_true(ranges.is_bounded(5));
  assert_true(ranges.is_bounded(6));  // an index that the loop does not change
  assert_int_equal(counted->accesses.size(), 2);
  assert_int_equal(counted->tallies.size(), 1);
  assert_ptr_equal(ranges.counted_by(7, 4), counted);
  assert_null(ranges.counted_by(8, 4));
  assert_null(ranges.counted_by(3, 5));
  assert_ptr_equal(ranges.walked_by(3), counted);
  assert_null(ranges.walked_by(6));
}

// A vector that the loop changes may be shorter than the loop is long, and where the index is another loop's counter nothing follows from this one's.
void test_not_walked(void**) {
  Code f;
  f.op(Op::kInt, 4, 0);
  f.jump(Op::kJumpNotLt, 5, 4, 1);                                                     // 1: head
  f.op(Op::kVectorRef, 0, 0, 4).op(Op::kAddImm, 4, 4, 1).jump(Op::kLoop, 1);           // 2
  f.op(Op::kReturn, 0);
  Ranges changed = f.ranges();
  assert_non_null(changed.at_head(1));
  assert_ptr_equal(changed.counted_by(2, 4), changed.at_head(1));
  assert_null(changed.walked_by(2));

  Code nested;
  nested.op(Op::kInt, 4, 0);
  nested.jump(Op::kJumpNotLt, 8, 4, 1).op(Op::kInt, 6, 0);                                          // 1: head
  nested.jump(Op::kJumpNotLt, 7, 6, 1);                                                             // 3: inner head
  nested.op(Op::kVectorRef, 5, 0, 4).op(Op::kAddImm, 6, 6, 1).jump(Op::kLoop, 3);                   // 4
  nested.op(Op::kAddImm, 4, 4, 1).jump(Op::kLoop, 1).op(Op::kReturn, 5);                            // 7
  Ranges ranges = nested.ranges();
  assert_non_null(ranges.at_head(3));
  assert_true(ranges.is_bounded(4));
  assert_null(ranges.walked_by(4));
}

// The index is counter * 2 - 3 in one access, and counter * counter in the other.
void test_linear(void**) {
  Code f;
  f.op(Op::kInt, 4, 1);
  f.jump(Op::kJumpLt, 10, 1, 4);                                                               // 1: head, out when bound < counter
  f.op(Op::kMul, 5, 4, 2).op(Op::kAddImm, 5, 5, -3).op(Op::kVectorRef, 5, 0, 5);               // 2
  f.op(Op::kMul, 6, 4, 4).op(Op::kVectorRef, 6, 0, 6);                                         // 5
  f.op(Op::kVectorRef, 6, 0, 5).op(Op::kAdd, 4, 2, 4).jump(Op::kLoop, 1);                      // 7: what was read is no index
  f.op(Op::kReturn, 6);
  Ranges ranges = f.ranges();
  const CountedLoop* counted = ranges.at_head(1);
  assert_non_null(counted);
  assert_true(counted->includes_bound);
  assert_false(counted->step.is_number);
  assert_int_equal(counted->step.r, 2);
  for (uint32_t pc : {2, 3, 4}) assert_true(ranges.is_bounded(pc));
  for (uint32_t pc : {5, 6, 7}) assert_false(ranges.is_bounded(pc));
}

bool counts(Code& f, uint32_t head) { return f.ranges().at_head(head) != nullptr; }

// A condition in the loop, and a step on either way: (if (< i c) (loop (+ i first)) (loop (+ i second))).
Code with_two_steps(uint16_t first, uint16_t second) {
  Code f;
  f.op(Op::kInt, 4, 0);
  f.jump(Op::kJumpNotLt, 9, 4, 1).jump(Op::kJumpNotLt, 6, 4, 2);                                   // 1: head
  f.op(Op::kVectorRef, 5, 0, 4).op(Op::kAddImm, 4, 4, first).jump(Op::kLoop, 1);                   // 3
  f.op(Op::kVectorRef, 5, 0, 4).op(Op::kAddImm, 4, 4, second).jump(Op::kLoop, 1);                  // 6
  f.op(Op::kReturn, 5);
  return f;
}

void test_two_steps(void**) {
  Code f = with_two_steps(1, 1);
  Ranges ranges = f.ranges();
  const CountedLoop* counted = ranges.at_head(1);
  assert_non_null(counted);
  assert_true(counted->steps_at(4) && counted->steps_at(7));
  for (uint32_t pc : {3, 4, 6, 7}) assert_true(ranges.is_bounded(pc));
  for (uint32_t pc : {3, 4, 6, 7}) assert_ptr_equal(ranges.counted_by(pc, 4), counted);
  for (uint32_t pc : {5, 8}) assert_null(ranges.counted_by(pc, 4));
  Code other = with_two_steps(1, 2);
  assert_false(counts(other, 1));
  Code back = with_two_steps(1, static_cast<uint16_t>(-1));
  assert_false(counts(back, 1));
}

// One of the ways back does not step, or steps twice.
void test_no_step_on_one_way(void**) {
  Code f;
  f.op(Op::kInt, 4, 0);
  f.jump(Op::kJumpNotLt, 6, 4, 1).jump(Op::kJumpNotLt, 5, 4, 2);  // 1: head
  f.op(Op::kAddImm, 4, 4, 1).jump(Op::kLoop, 1);                  // 3
  f.jump(Op::kLoop, 1).op(Op::kReturn, 4);                        // 5
  assert_false(counts(f, 1));
  Code twice;
  twice.op(Op::kInt, 4, 0);
  twice.jump(Op::kJumpNotLt, 8, 4, 1).jump(Op::kJumpNotLt, 6, 4, 2);                         // 1: head
  twice.op(Op::kAddImm, 4, 4, 1).op(Op::kAddImm, 4, 4, 1).jump(Op::kLoop, 1);                // 3
  twice.op(Op::kAddImm, 4, 4, 1).jump(Op::kLoop, 1).op(Op::kReturn, 4);                      // 6
  assert_false(counts(twice, 1));
}

// (loop (+ i 1) (f i)) computes the next counter before it goes to its place.
void test_moved(void**) {
  Code f;
  f.op(Op::kInt, 4, 0);
  f.jump(Op::kJumpNotLt, 7, 4, 1).op(Op::kAddImm, 6, 4, 1).op(Op::kVectorRef, 5, 0, 4).op(Op::kVectorRef, 5, 0, 6);  // 1: head
  f.op(Op::kMove, 4, 6).jump(Op::kLoop, 1).op(Op::kReturn, 5);
  Ranges ranges = f.ranges();
  const CountedLoop* counted = ranges.at_head(1);
  assert_non_null(counted);
  assert_int_equal(counted->noted_at(), 2);
  assert_true(counted->steps_at(5));
  for (uint32_t pc : {2, 3, 4}) assert_true(ranges.is_bounded(pc));
  assert_ptr_equal(ranges.counted_by(4, 4), counted);
}

// What looks like counting and is not.
void test_other_loops(void**) {
  Code stays;  // a turn may come back without the step
  stays.op(Op::kInt, 4, 0).jump(Op::kJumpNotLt, 5, 4, 1).jump(Op::kJumpNumEq, 4, 2, 3).op(Op::kAddImm, 4, 4, 1).jump(Op::kLoop, 1);
  stays.op(Op::kReturn, 4);
  assert_false(counts(stays, 1));
  Code bound;  // the bound changes
  bound.op(Op::kInt, 4, 0).jump(Op::kJumpNotLt, 5, 4, 1).op(Op::kAddImm, 1, 1, -1).op(Op::kAddImm, 4, 4, 1).jump(Op::kLoop, 1);
  bound.op(Op::kReturn, 4);
  assert_false(counts(bound, 1));
  Code down;
  down.op(Op::kInt, 4, 0).jump(Op::kJumpNotLt, 4, 4, 1).op(Op::kAddImm, 4, 4, -1).jump(Op::kLoop, 1).op(Op::kReturn, 4);
  assert_false(counts(down, 1));
  Code twice;
  twice.op(Op::kInt, 4, 0).jump(Op::kJumpNotLt, 5, 4, 1).op(Op::kAddImm, 4, 4, 1).op(Op::kAddImm, 4, 4, 1).jump(Op::kLoop, 1);
  twice.op(Op::kReturn, 4);
  assert_false(counts(twice, 1));
  Code inner;  // the step is taken in a loop inside
  inner.op(Op::kInt, 4, 0).jump(Op::kJumpNotLt, 6, 4, 1).op(Op::kAddImm, 4, 4, 1).jump(Op::kJumpLt, 5, 2, 3).jump(Op::kLoop, 2);
  inner.jump(Op::kLoop, 1).op(Op::kReturn, 4);
  assert_false(counts(inner, 1));
  Code middle;  // entered behind the head
  middle.op(Op::kInt, 4, 0).jump(Op::kJumpLt, 3, 2, 3).jump(Op::kJumpNotLt, 5, 4, 1).op(Op::kAddImm, 4, 4, 1).jump(Op::kLoop, 2);
  middle.op(Op::kReturn, 4);
  assert_false(counts(middle, 2));
  Code left;  // it was taken to count before, and that went wrong
  left.op(Op::kInt, 4, 0).jump(Op::kJumpNotLt, 4, 4, 1).op(Op::kAddImm, 4, 4, 1).seen(bytecode::kLeftBeforeCounting);
  left.jump(Op::kLoop, 1).op(Op::kReturn, 4);
  assert_false(counts(left, 1));
  Code others;  // a counter that was no fixnum
  others.op(Op::kInt, 4, 0).jump(Op::kJumpNotLt, 4, 4, 1).op(Op::kAddImm, 4, 4, 1).seen(bytecode::kSawOther);
  others.jump(Op::kLoop, 1).op(Op::kReturn, 4);
  assert_false(counts(others, 1));
}

// Until they are equal: from one to the other in steps of one.
void test_meeting(void**) {
  Code f;
  f.op(Op::kInt, 4, 0).jump(Op::kJumpNumEqImm, 4, 4, 10).op(Op::kAddImm, 4, 4, 1).jump(Op::kLoop, 1).op(Op::kReturn, 4);
  Ranges ranges = f.ranges();
  assert_non_null(ranges.at_head(1));
  assert_true(ranges.at_head(1)->must_meet_bound);
  assert_int_equal(ranges.at_head(1)->bound.number, 10);
  Code by_two;
  by_two.op(Op::kInt, 4, 0).jump(Op::kJumpNumEqImm, 4, 4, 10).op(Op::kAddImm, 4, 4, 2).jump(Op::kLoop, 1).op(Op::kReturn, 4);
  assert_false(counts(by_two, 1));
}

// --- variants for small arguments

constexpr worker::emit::Forms kFixnum = worker::emit::kWord | worker::emit::kFixnum, kSmall = kFixnum | worker::emit::kSmall;

// The numbers of (+ (quotient (* (+ i j) (+ i j 1)) 2) i), which is never below zero and no large fixnum.
void test_small(void**) {
  Code f;
  f.op(Op::kAdd, 4, 0, 1).op(Op::kAddImm, 5, 4, 1).op(Op::kMul, 4, 4, 5).op(Op::kInt, 5, 2).op(Op::kQuotient, 4, 4, 5);
  f.op(Op::kAdd, 4, 4, 0).op(Op::kReturn, 4);
  const Intervals small = f.intervals({kSmall, kSmall, kFixnum, kFixnum});
  for (uint32_t pc : {0, 1, 2, 5}) assert_true(small.is_bounded(pc));
  assert_true(small.divides_natural(4) && small.always_answers() && small.prove_anything());
  const Intervals one = f.intervals({kSmall, kFixnum, kFixnum, kFixnum});
  for (uint32_t pc : {0, 1, 2, 5}) assert_false(one.is_bounded(pc));
  assert_false(one.divides_natural(4) || one.always_answers() || one.prove_anything());
}

// What may be below zero, a product of three, a divisor that may be zero, and what two ways bring.
void test_not_small_enough(void**) {
  Code f;
  f.op(Op::kSub, 4, 0, 1).op(Op::kInt, 5, 2).op(Op::kQuotient, 6, 4, 5);  // 0
  f.op(Op::kMul, 4, 4, 0).op(Op::kMul, 4, 4, 1);                          // 3
  f.op(Op::kQuotient, 6, 5, 0).op(Op::kReturn, 6);                        // 5
  const Intervals small = f.intervals({kSmall, kSmall, kFixnum, kFixnum});
  assert_true(small.is_bounded(0) && small.is_bounded(3));
  assert_false(small.divides_natural(2));
  assert_false(small.is_bounded(4));
  assert_true(small.divides_natural(5));
  assert_false(small.always_answers());
  Code large;  // 61 bits: a word has room for them, a fixnum none for the largest
  large.op(Op::kMul, 4, 0, 1).op(Op::kInt, 5, 32).op(Op::kMul, 4, 4, 5).op(Op::kReturn, 4);
  assert_false(large.intervals({kSmall, kSmall, kFixnum, kFixnum}).is_bounded(2));
  Code g;
  g.jump(Op::kJumpNotLt, 3, 0, 1).op(Op::kMove, 4, 0).jump(Op::kJump, 4);  // 0
  g.op(Op::kMove, 4, 2).op(Op::kAddImm, 5, 4, 1).op(Op::kAddImm, 6, 0, 1);  // 3
  g.op(Op::kReturn, 5);
  const Intervals joined = g.intervals({kSmall, kSmall, kFixnum, kFixnum});
  assert_false(joined.is_bounded(4));
  assert_true(joined.is_bounded(5));
  const Intervals both = g.intervals({kSmall, kSmall, kSmall, kFixnum});
  assert_true(both.is_bounded(4));
  assert_true(both.always_answers());
}

}  // namespace
}  // namespace terrace::test

int main() {
  using namespace terrace::test;
  const CMUnitTest tests[] = {
      cmocka_unit_test(test_sum), cmocka_unit_test(test_not_walked),
      cmocka_unit_test(test_linear),
      cmocka_unit_test(test_moved),
      cmocka_unit_test(test_two_steps),
      cmocka_unit_test(test_no_step_on_one_way),
      cmocka_unit_test(test_other_loops),
      cmocka_unit_test(test_meeting),
      cmocka_unit_test(test_small),
      cmocka_unit_test(test_not_small_enough),
  };
  return cmocka_run_group_tests_name("ranges", tests, nullptr, nullptr);
}
