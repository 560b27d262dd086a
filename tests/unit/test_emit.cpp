// tests/unit/test_emit.cpp: hand-made bytecode through the emitter at both levels, called by the convention of
// frame/calling.hpp.
#include "emit_world.hpp"

namespace terrace {
namespace {

using namespace emit_world;

void test_fib(void**) {
  FOR_EACH_TIER {
    reset();
    Cell* self = cell("fib");
    Code f("fib", 1, 6);
    write_fib(f, self);
    Proto* proto = f.proto();
    install({proto}, tier);
    self->value = closure_of(proto);
    assert_value(call(self->value, {fix(20)}), fix(6765));
    assert_int_equal(proto->stamp, 7);
    assert_int_equal(g_calls["tick"] > 0, tier == Tier::kBase);
  }
}

// (define (sum n) (let loop ((i 0) (s 0)) (if (< i n) (loop (+ i 1) (+ s i)) s)))
void write_sum(Code& f) {
  f.op(Op::kInt, 1, 0, 0).op(Op::kInt, 2, 0, 0);
  f.jump(Op::kJumpNotLt, 6, 1, 0);
  f.op(Op::kAdd, 2, 2, 1).op(Op::kAddImm, 1, 1, 1).jump(Op::kLoop, 2);
  f.op(Op::kReturn, 2);
}

void test_loop_and_entry(void**) {
  FOR_EACH_TIER {
    reset();
    Code f("sum", 1, 3);
    write_sum(f);
    Proto* proto = f.proto();
    install({proto}, tier);
    Value sum = closure_of(proto);
    assert_value(call(sum, {fix(100000)}), fix(4999950000));
    assert_int_equal(g_calls["tick"] >= 99, tier == Tier::kBase);
    Value registers[] = {fix(10), fix(8), fix(1000)};
    Value at{2}, frame{reinterpret_cast<uint64_t>(registers)};
    assert_value(proto->entry(&g_vm, sum, frame::kEnterLoop, at, frame, kNil), fix(1017));
  }
}

// Two nested loops, entered at the head of either.
void test_nested_loops(void**) {
  FOR_EACH_TIER {
    reset();
    Code f("nested", 1, 4);  // n; i, j, count
    f.op(Op::kInt, 1).op(Op::kInt, 3);
    f.jump(Op::kJumpNotLt, 10, 1, 0);                                        // 2: outer head
    f.op(Op::kInt, 2);                                                       // 3
    f.jump(Op::kJumpNotLt, 8, 2, 0);                                         // 4: inner head
    f.op(Op::kAddImm, 3, 3, 1).op(Op::kAddImm, 2, 2, 1).jump(Op::kLoop, 4);  // 5 6 7
    f.op(Op::kAddImm, 1, 1, 1).jump(Op::kLoop, 2);                           // 8 9
    f.op(Op::kReturn, 3);
    Proto* proto = f.proto();
    install({proto}, tier);
    Value nested = closure_of(proto);
    assert_value(call(nested, {fix(30)}), fix(900));
    Value registers[] = {fix(5), fix(3), fix(2), fix(100)};
    Value frame{reinterpret_cast<uint64_t>(registers)};
    assert_value(proto->entry(&g_vm, nested, frame::kEnterLoop, Value{4}, frame, kNil), fix(108));
    assert_value(proto->entry(&g_vm, nested, frame::kEnterLoop, Value{2}, frame, kNil), fix(110));
    assert_value(proto->entry(&g_vm, nested, 2, fix(1), fix(2), kNil), make_char('N'));

    // Opt code that is asked for without these entries passes such an entry on, with all that it came with.
    install({proto}, tier, false);
    assert_value(call(nested, {fix(30)}), fix(900));
    const Value passed_on = proto->entry(&g_vm, nested, frame::kEnterLoop, Value{4}, frame, kNil);
    assert_value(passed_on, tier == Tier::kBase ? fix(108) : make_char('N'));
    if (tier == Tier::kBase) continue;
    assert_int_equal(g_normalised[1].bits, frame::kEnterLoop);
    assert_int_equal(g_normalised[2].bits, 4);
    assert_int_equal(g_normalised[3].bits, frame.bits);
  }
}

// even? and odd? call each other for longer than any stack would last, and one function itself.
void test_tail_calls(void**) {
  FOR_EACH_TIER {
    reset();
    Cell* even = cell("even");
    Cell* odd = cell("odd");
    Code e("even", 1, 3), o("odd", 1, 3), c("count", 4, 10);
    int k = e.global(odd);
    e.jump(Op::kJumpNotNumEqImm, 3, 0, 0).op(Op::kSpecial, 1, 2).op(Op::kReturn, 1);
    e.op(Op::kAddImm, 2, 0, 0xFFFF).op(Op::kTailCallGlobal, 1, k, 0, 1);
    k = o.global(even);
    o.jump(Op::kJumpNotNumEqImm, 3, 0, 0).op(Op::kSpecial, 1, 0).op(Op::kReturn, 1);
    o.op(Op::kAddImm, 2, 0, 0xFFFF).op(Op::kGlobal, 1, k).op(Op::kTailCall, 1, 0, 0, 1);
    // (count n a b s): (if (= n 0) (+ s (- a b)) (count (- n 1) b a (+ s 1)))
    c.jump(Op::kJumpNotNumEqImm, 4, 0, 0).op(Op::kSub, 4, 1, 2).op(Op::kAdd, 4, 3, 4).op(Op::kReturn, 4);
    c.op(Op::kSelf, 4).op(Op::kAddImm, 5, 0, 0xFFFF).op(Op::kMove, 6, 2).op(Op::kMove, 7, 1).op(Op::kAddImm, 8, 3, 1);
    c.op(Op::kTailCall, 4, 0, 0, 4);
    Proto *pe = e.proto(), *po = o.proto(), *pc = c.proto();
    install({pe, po, pc}, tier);
    even->value = closure_of(pe);
    odd->value = closure_of(po);
    assert_value(call(even->value, {fix(3000001)}), kFalse);
    assert_value(call(closure_of(pc), {fix(3000001), fix(10), fix(4), fix(0)}), fix(3000001 - 6));
  }
}

// Arguments: six of them, an interrupt at the entry that overwrites xargs, a wrong number.
void test_arguments(void**) {
  FOR_EACH_TIER {
    reset();
    Cell* inner = cell("inner");
    Code f("inner", 6, 7), g("outer", 1, 9);
    f.op(Op::kMul, 6, 0, 5).op(Op::kSub, 6, 6, 1).op(Op::kSub, 6, 6, 2).op(Op::kSub, 6, 6, 3).op(Op::kSub, 6, 6, 4);
    f.op(Op::kReturn, 6);
    int k = g.global(inner);
    for (int n = 0; n < 6; n++) g.op(Op::kAddImm, 2 + n, 0, n);
    g.op(Op::kCallGlobal, 1, k, 8, 6).op(Op::kReturn, 8);
    Proto *pf = f.proto(), *pg = g.proto();
    install({pf, pg}, tier);
    inner->value = closure_of(pf);
    g_vm.stack_limit = UINTPTR_MAX;
    g_check = [] {
      std::memset(static_cast<void*>(g_vm.xargs), 0x55, sizeof(g_vm.xargs));
      return kUnspecified;
    };
    assert_value(call(closure_of(pg), {fix(100)}), fix(100 * 105 - 101 - 102 - 103 - 104));
    assert_int_equal(g_calls["check"], 2);
    assert_value(call(inner->value, {fix(1), fix(2), fix(3), fix(44)}), make_char('N'));
    assert_int_equal(g_normalised[1].bits, 4);
    assert_value(g_normalised[0], inner->value);
    assert_value(g_normalised[4], fix(3));
    assert_value(g_normalised[5], fix(44));
    g_check = [] { return raise(make_char('S')); };
    assert_value(call(inner->value, {fix(1), fix(2), fix(3), fix(4), fix(5), fix(6)}), kUnwind);
  }
}

// Every pair of these operands through every operation; the small runtime says what is right.
void test_arithmetic(void**) {
  using Reference = Value (*)(VmState*, Value, Value);
  static const std::pair<Op, Reference> kOps[] = {{Op::kAdd, rt_add},           {Op::kSub, rt_sub},
                                                  {Op::kMul, rt_mul},           {Op::kDiv, rt_div},
                                                  {Op::kQuotient, rt_quotient}, {Op::kRemainder, rt_remainder},
                                                  {Op::kModulo, rt_modulo},     {Op::kNumEq, rt_num_eq},
                                                  {Op::kNumLt, rt_num_lt},      {Op::kNumLe, rt_num_le}};
  double inf = std::numeric_limits<double>::infinity();
  const Value operands[] = {fix(0),          fix(1),       fix(-1),         fix(7),       fix(-7),    fix(kFixnumMax),
                            fix(kFixnumMin), fix(1 << 30), fix(-(1 << 30)), real(0.0),    real(-0.0), real(1.5),
                            real(-2.25),     real(1e300),  real(-1e-300),   real(inf),    real(NAN),  real(5e-324),
                            real(1e77),      real(1e-77),  real(1e100),     real(1e-100), kNil};
  constexpr std::pair<Tier, uint8_t> kCases[] = {{Tier::kBase, 0}, {Tier::kBase, bytecode::kSawFloats}, {Tier::kOpt, 0}};
  for (auto [tier, saw] : kCases) {
    reset();
    std::vector<std::unique_ptr<Code>> codes;
    for (auto [op, reference] : kOps) {
      codes.push_back(std::make_unique<Code>("op", 2, 3));
      codes.back()->op(op, 0, 0, 1);  // the result overwrites an operand
      if (saw != 0 && bytecode::is_arithmetic(op)) codes.back()->seen(saw);
      codes.back()->op(Op::kReturn, 0);
    }
    Proto* p[10];
    for (size_t n = 0; n < 10; n++) p[n] = codes[n]->proto();
    install({p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9]}, tier);
    for (size_t n = 0; n < 10; n++)
      for (Value a : operands)
        for (Value b : operands) assert_value(call(closure_of(p[n]), {a, b}), kOps[n].second(&g_vm, a, b));
  }
}

// The fast paths are really taken.
void test_inline_cases(void**) {
  FOR_EACH_TIER {
    reset();
    Code f("f", 2, 4);
    f.op(Op::kAdd, 2, 0, 1)
        .op(Op::kMul, 2, 2, 1)
        .op(Op::kSub, 2, 2, 0)
        .op(Op::kAddImm, 2, 2, 3)
        .op(Op::kNumLt, 3, 2, 0);
    f.jump(Op::kJumpIf, 8, 3).jump(Op::kJumpLt, 8, 2, 1).op(Op::kReturn, 2).op(Op::kReturn, 3);
    Proto* proto = f.proto();
    install({proto}, tier);
    assert_value(call(closure_of(proto), {fix(5), fix(6)}), fix(64));
    assert_int_equal(g_calls.size(), 0);
    assert_value(call(closure_of(proto), {real(1.5), real(2.5)}), real(11.5));
    assert_int_equal(g_calls.size() == 0, tier == Tier::kOpt);
    g_calls.clear();
    assert_value(call(closure_of(proto), {kNil, fix(6)}), kUnwind);
    assert_int_equal(g_calls["add"], 1);
    assert_int_equal(g_trace.size(), 1);
    assert_int_equal(g_trace[0], 0);
  }
}

// Base code has floats inline where they have been seen, and what else comes there is done as everywhere.
void test_floats_in_base(void**) {
  reset();
  Code f("f", 2, 3), ref("ref", 2, 2), set("set", 3, 3), dot("dot", 3, 6);
  f.op(Op::kMul, 2, 0, 1).seen(bytecode::kSawFloats).op(Op::kDiv, 2, 2, 0).seen(bytecode::kSawFloats);
  f.op(Op::kAddImm, 2, 2, 1).seen(bytecode::kSawMixed).op(Op::kReturn, 2);
  ref.op(Op::kVectorRef, 0, 0, 1).seen(bytecode::kSawFloats).op(Op::kReturn, 0);
  set.op(Op::kVectorSet, 0, 1, 2).seen(bytecode::kSawFloats).op(Op::kReturn, 2);
  // (+ c (* (vector-ref a b) (vector-ref a (+ b 1)))), c being the third argument
  dot.op(Op::kMove, 3, 1).op(Op::kVectorRef, 4, 0, 3).seen(bytecode::kSawFloats).op(Op::kAddImm, 3, 3, 1).seen(0);
  dot.op(Op::kVectorRef, 5, 0, 3).seen(bytecode::kSawFloats).op(Op::kMul, 4, 4, 5).seen(bytecode::kSawFloats);
  dot.op(Op::kAdd, 4, 2, 4).seen(bytecode::kSawFloats).op(Op::kReturn, 4);
  Proto* p[] = {f.proto(), ref.proto(), set.proto(), dot.proto()};
  install({p[0], p[1], p[2], p[3]}, Tier::kBase);
  Value g[4];
  for (int n = 0; n < 4; n++) g[n] = closure_of(p[n]);
  assert_value(call(g[0], {real(1.5), real(2.5)}), real(3.5));
  assert_int_equal(g_calls.size(), 0);
  assert_value(call(g[0], {fix(3), fix(4)}), fix(5));
  assert_int_equal(g_calls["mul"], 1);
  assert_int_equal(g_calls["div"], 1);
  assert_value(call(g[0], {fix(0), fix(4)}), kUnwind);

  Value doubles = vector({Value{std::bit_cast<uint64_t>(1.5)}, Value{std::bit_cast<uint64_t>(1e300)}, Value{kHole}});
  as<Vector>(doubles)->become(VectorKind::kDoubles);
  g_calls.clear();
  assert_value(call(g[1], {doubles, fix(0)}), real(1.5));
  assert_int_equal(g_calls.size(), 0);
  assert_value(call(g[1], {doubles, fix(1)}), real(1e300));
  assert_int_equal(g_calls["box_float"], 1);
  for (Value bad : {fix(2), fix(3), fix(-1), kNil, real(0.0)}) assert_value(call(g[1], {doubles, bad}), kUnwind);
  assert_value(call(g[2], {doubles, fix(2), real(-2.5)}), real(-2.5));
  assert_true(std::bit_cast<double>(as<Vector>(doubles)->slot[2]) == -2.5);
  assert_int_equal(g_calls["vector_set"], 0);
  for (Value other : {fix(1), real(1e300), kNil}) assert_value(call(g[2], {doubles, fix(0), other}), kUnwind);

  Value words = vector({kTrue, fix(2)});
  g_calls.clear();
  assert_value(call(g[1], {words, fix(1)}), fix(2));
  assert_value(call(g[2], {words, fix(1), real(7.0)}), real(7.0));
  assert_value(words_of(as<Vector>(words))[1], real(7.0));
  assert_int_equal(*heap::card_of(as<Vector>(words), as<Vector>(words)->slot), 1);
  assert_int_equal(g_calls.size(), 0);
  assert_value(call(g[1], {words, fix(2)}), kUnwind);
  assert_value(call(g[1], {kNil, fix(0)}), kUnwind);

  // Between the instructions of a run there are no words, and where a test in the middle fails what came before is there. The vector is 1.5, 1e300, -2.5.
  g_calls.clear();
  assert_value(call(g[3], {doubles, fix(0), real(0.25)}), real(1.5e300));
  assert_int_equal(g_calls["box_float"], 1);
  assert_int_equal(g_calls.size(), 1);
  g_calls.clear();
  assert_value(call(g[3], {doubles, fix(0), fix(1)}), real(1.5e300));
  assert_int_equal(g_calls["add"], 1);
  assert_int_equal(g_calls["mul"], 0);
  g_trace.clear();
  assert_value(call(g[3], {doubles, fix(2), real(0.25)}), kUnwind);
  assert_int_equal(g_trace.at(0), 3);
  g_calls.clear();
  assert_value(call(g[3], {vector({real(2.0), real(3.0)}), fix(0), real(1.0)}), real(7.0));
  assert_int_equal(g_calls["mul"], 1);
  assert_int_equal(g_calls["add"], 1);
  assert_int_equal(g_calls["vector_ref"], 0);
  g_trace.clear();
  assert_value(call(g[3], {words, fix(0), real(1.0)}), kUnwind);
  assert_int_equal(g_trace.at(0), 4);
}

// Each jump that compares, with operands on both sides and equal, as fixnums and as floats.
void test_compare_jumps(void**) {
  struct Case {
    Op op;
    bool immediate;
    bool (*expected)(double, double);
  };
  static const Case kCases[] = {
      {Op::kJumpLt, false, [](double a, double b) { return a < b; }},
      {Op::kJumpNotLt, false, [](double a, double b) { return !(a < b); }},
      {Op::kJumpLe, false, [](double a, double b) { return a <= b; }},
      {Op::kJumpNotLe, false, [](double a, double b) { return !(a <= b); }},
      {Op::kJumpNumEq, false, [](double a, double b) { return a == b; }},
      {Op::kJumpNotNumEq, false, [](double a, double b) { return !(a == b); }},
      {Op::kJumpLtImm, true, [](double a, double b) { return a < b; }},
      {Op::kJumpNotLtImm, true, [](double a, double b) { return !(a < b); }},
      {Op::kJumpLeImm, true, [](double a, double b) { return a <= b; }},
      {Op::kJumpNotLeImm, true, [](double a, double b) { return !(a <= b); }},
      {Op::kJumpGtImm, true, [](double a, double b) { return a > b; }},
      {Op::kJumpNotGtImm, true, [](double a, double b) { return !(a > b); }},
      {Op::kJumpGeImm, true, [](double a, double b) { return a >= b; }},
      {Op::kJumpNotGeImm, true, [](double a, double b) { return !(a >= b); }},
      {Op::kJumpNumEqImm, true, [](double a, double b) { return a == b; }},
      {Op::kJumpNotNumEqImm, true, [](double a, double b) { return !(a == b); }},
  };
  FOR_EACH_TIER {
    reset();
    for (const Case& c : kCases) {
      Code f("jump", 2, 3);
      f.jump(c.op, 3, 0, c.immediate ? 0xFFFD : 1).op(Op::kSpecial, 2, 0).op(Op::kReturn, 2);
      f.op(Op::kSpecial, 2, 2).op(Op::kReturn, 2);
      Proto* proto = f.proto();
      install({proto}, tier);
      Value jumps = closure_of(proto);
      for (int a : {-4, -3, -2}) {
        Value expected = make_bool(c.expected(a, -3));
        assert_value(call(jumps, {fix(a), fix(-3)}), expected);
        assert_value(call(jumps, {real(a), real(-3)}), expected);
        assert_value(call(jumps, {real(a), fix(-3)}), expected);
      }
      assert_value(call(jumps, {real(NAN), fix(-3)}), make_bool(c.expected(NAN, -3)));
      assert_value(call(jumps, {kNil, fix(-3)}), kUnwind);
    }
  }
}

// Jumps on what a value is: answers which of them went, as bits.
void test_plain_jumps(void**) {
  static const Op kJumps[] = {Op::kJumpIf,         Op::kJumpUnless,  Op::kJumpNil,  Op::kJumpNotNil,
                              Op::kJumpPair,       Op::kJumpNotPair, Op::kJumpSet,  Op::kJumpEqConst,
                              Op::kJumpNotEqConst, Op::kJumpEq,      Op::kJumpNotEq};
  FOR_EACH_TIER {
    reset();
    Value datum = string("datum");
    Code f("jumps", 2, 4);
    int k = f.data(datum);
    f.op(Op::kInt, 2);
    int bit = 1;
    for (Op op : kJumps) {
      bool constant = op == Op::kJumpEqConst || op == Op::kJumpNotEqConst;
      int here = static_cast<int>(f.code.code.size());
      f.jump(op, here + 2, 0, constant ? k : 1).op(Op::kAddImm, 2, 2, bit);
      bit *= 2;
    }
    f.op(Op::kNot, 3, 0).jump(Op::kJumpUnless, static_cast<int>(f.code.code.size()) + 2, 3).op(Op::kAddImm, 2, 2, bit);
    f.op(Op::kReturn, 2);
    Proto* proto = f.proto();
    install({proto}, tier);
    Value jumps = closure_of(proto);
    auto stayed = [&](Value v, Value w) { return fixnum_value(call(jumps, {v, w})); };
    // bits: If Unless Nil NotNil Pair NotPair Set EqConst NotEqConst Eq NotEq, then Not
    assert_int_equal(stayed(kNil, kTrue), 0b101010011001);
    assert_int_equal(stayed(kFalse, kFalse), 0b110010010101);
    assert_int_equal(stayed(datum, kNil), 0b001100010110);
    assert_int_equal(stayed(kUnset, kNil), 0b001011010110);
    Value list = rt_cons(&g_vm, kNil, kNil);
    assert_int_equal(stayed(list, list), 0b010010100110);
  }
}

// (guard ...): region 2..4, handler 5; an error in it, one that passes through, one raised again.
void test_handlers(void**) {
  FOR_EACH_TIER {
    reset();
    Cell* thrower = cell("thrower");
    Code t("thrower", 1, 2), f("guarded", 1, 5);
    t.op(Op::kCar, 1, 0).op(Op::kReturn, 1);
    int k = f.global(thrower);
    f.op(Op::kMark, 1);                                                        // 0
    f.op(Op::kInt, 2, 1).op(Op::kMove, 4, 0).op(Op::kCallGlobal, 3, k, 2, 1);  // 1 2 3
    f.op(Op::kReturn, 2);                                                      // 4
    f.op(Op::kCatch, 3, 1);                                                    // 5
    f.jump(Op::kJumpNil, 8, 3);                                                // 6
    f.op(Op::kReturn, 2);                                                      // 7: 1, as the call has not written it
    f.op(Op::kThrow, 3);                                                       // 8
    f.handler(2, 4, 5);
    Proto *pt = t.proto(), *pf = f.proto();
    install({pt, pf}, tier);
    thrower->value = closure_of(pt);
    Value guarded = closure_of(pf);
    g_vm.dynamic_depth = 3;
    Value list = rt_cons(&g_vm, fix(77), kNil);
    assert_value(call(guarded, {list}), fix(77));
    assert_int_equal(g_trace.size(), 0);
    g_vm.dynamic_depth = 3;
    assert_value(call(guarded, {fix(5)}), fix(1));
    assert_int_equal(g_vm.dynamic_depth, 3);
    assert_int_equal(g_trace.size(), 2);
    assert_int_equal(g_trace[0], 0);
    assert_int_equal(g_trace[1], 3);
    assert_value(call(guarded, {kNil}), kUnwind);
    assert_int_equal(g_calls["rethrow"], 1);
    assert_int_equal(g_trace.back(), 8);
  }
}

void test_pairs_boxes_captures(void**) {
  FOR_EACH_TIER {
    reset();
    alignas(16) char objects[64];
    g_vm.window.object_next = objects;
    g_vm.window.object_limit = objects + 16;
    Code inner("inner", 1, 3), f("maker", 1, 6), knot("knot", 2, 2);
    inner.code.captures = {{true, 1}, {false, 0}};
    inner.op(Op::kCapture, 1, 0).op(Op::kUnbox, 2, 1).op(Op::kAdd, 2, 2, 0).op(Op::kSetBox, 1, 2);
    inner.op(Op::kCapture, 1, 1).op(Op::kCons, 0, 2, 1).op(Op::kReturn, 0);
    Proto* pi = inner.proto();
    f.code.captures = {{true, 0}};
    int k = f.function(pi);
    f.op(Op::kMakeBox, 1, 0).op(Op::kClosure, 2, k).op(Op::kInt, 3, 5).op(Op::kCall, 2, 0, 4, 1);
    f.op(Op::kCar, 2, 4)
        .op(Op::kCdr, 3, 4)
        .op(Op::kMakeBox, 5, 3)
        .op(Op::kUnbox, 3, 5)
        .op(Op::kCons, 0, 2, 3)
        .op(Op::kReturn, 0);
    knot.op(Op::kSetCapture, 0, 1, 0).op(Op::kReturn, 0);
    Proto *pf = f.proto(), *pk = knot.proto();
    install({pi, pf, pk}, tier);
    Value got = call(closure_of(pf, {fix(9)}), {fix(30)});
    assert_value(car(got), fix(35));
    assert_value(cdr(got), fix(9));
    assert_int_equal(g_calls["cons"], 1);
    assert_int_equal(g_calls["make_box"], 1);
    auto* box = reinterpret_cast<Box*>(objects);
    assert_int_equal(static_cast<int>(box->type), static_cast<int>(Type::kBox));
    assert_int_equal(box->granules, 1);
    assert_value(box->value, fix(35));
    Value tied = closure_of(pi, {kNil, kNil});
    assert_value(call(closure_of(pk), {tied, fix(3)}), tied);
    assert_value(as_closure(tied)->capture[0], fix(3));
    assert_int_equal(*heap::card_of(as_closure(tied), as_closure(tied)), 1);
  }
}

void test_vectors(void**) {
  FOR_EACH_TIER {
    reset();
    Code ref("ref", 2, 2), set("set", 3, 3), fref("fref", 2, 2), fset("fset", 3, 3), bref("bref", 2, 2),
        bset("bset", 3, 3);
    ref.op(Op::kVectorRef, 0, 0, 1).op(Op::kReturn, 0);
    set.op(Op::kVectorSet, 0, 1, 2).op(Op::kReturn, 2);
    fref.op(Op::kF64Ref, 0, 0, 1).op(Op::kReturn, 0);
    fset.op(Op::kF64Set, 0, 1, 2).op(Op::kReturn, 2);
    bref.op(Op::kBytesRef, 0, 0, 1).op(Op::kReturn, 0);
    bset.op(Op::kBytesSet, 0, 1, 2).op(Op::kReturn, 2);
    Proto* p[] = {ref.proto(), set.proto(), fref.proto(), fset.proto(), bref.proto(), bset.proto()};
    install({p[0], p[1], p[2], p[3], p[4], p[5]}, tier);
    Value f[6];
    for (int n = 0; n < 6; n++) f[n] = closure_of(p[n]);

    Value v = vector({fix(1), kNil, fix(3)});
    assert_value(call(f[0], {v, fix(2)}), fix(3));
    assert_value(call(f[1], {v, fix(0), kTrue}), kTrue);
    assert_value(words_of(as<Vector>(v))[0], kTrue);
    assert_int_equal(*heap::card_of(as<Vector>(v), as<Vector>(v)->slot), 1);
    as<Vector>(v)->flags = 0x40;
    assert_value(call(f[0], {v, fix(0)}), kTrue);
    for (Value bad : {fix(3), fix(-1), kNil, real(1.0)}) {
      assert_value(call(f[0], {v, bad}), kUnwind);
      assert_value(call(f[1], {v, bad, kNil}), kUnwind);
    }
    as<Vector>(v)->aux = 1;  // another kind of vector
    assert_value(call(f[0], {v, fix(0)}), kUnwind);
    assert_value(call(f[0], {string("x"), fix(0)}), kUnwind);
    assert_value(call(f[0], {fix(8), fix(0)}), kUnwind);

    auto* numbers = make<F64Vector>(Type::kF64Vector, 32);
    numbers->length = 3;
    numbers->data = numbers->storage;
    numbers->storage[1] = 2.5;
    numbers->storage[2] = 1e100;
    assert_value(call(f[2], {from_object(numbers), fix(1)}), real(2.5));
    assert_value(call(f[2], {from_object(numbers), fix(2)}), real(1e100));
    assert_int_equal(g_calls["box_float"], 1);
    assert_value(call(f[3], {from_object(numbers), fix(0), real(-4.0)}), real(-4.0));
    assert_true(numbers->storage[0] == -4.0);
    assert_value(call(f[3], {from_object(numbers), fix(0), fix(4)}), kUnwind);
    assert_value(call(f[2], {from_object(numbers), fix(3)}), kUnwind);

    auto* bytes = make<Bytes>(Type::kBytes, 16);
    bytes->length = 4;
    bytes->data = bytes->storage;
    assert_value(call(f[5], {from_object(bytes), fix(3), fix(255)}), fix(255));
    assert_value(call(f[4], {from_object(bytes), fix(3)}), fix(255));
    assert_int_equal(bytes->storage[2], 0);
    for (Value bad : {fix(256), fix(-1), kNil, real(1.0)})
      assert_value(call(f[5], {from_object(bytes), fix(0), bad}), kUnwind);
    assert_value(call(f[4], {from_object(bytes), fix(4)}), kUnwind);
    assert_value(call(f[4], {from_object(numbers), fix(0)}), kUnwind);
  }
}

void test_globals_and_primitives(void**) {
  constexpr auto kSum = static_cast<uint16_t>(prims::Id::k_add), kList = static_cast<uint16_t>(prims::Id::k_list),
                 kCar = static_cast<uint16_t>(prims::Id::k_car);
  FOR_EACH_TIER {
    reset();
    Cell* x = cell("x");
    Cell* y = cell("y");
    Code get("get", 0, 2), put("put", 1, 2), make_it("make", 1, 2), callx("callx", 0, 2), prim("prim", 2, 4),
        tail("tail", 1, 2);
    get.op(Op::kGlobal, 0, get.global(x)).op(Op::kReturn, 0);
    put.op(Op::kSetGlobal, 0, put.global(y)).op(Op::kReturn, 0);
    make_it.op(Op::kDefineGlobal, 0, make_it.global(x)).op(Op::kReturn, 0);
    callx.op(Op::kCallGlobal, 0, callx.global(x), 1, 0).op(Op::kReturn, 1);
    prim.op(Op::kMove, 2, 0)
        .op(Op::kMove, 3, 1)
        .op(Op::kPrim, 2, 2, kSum, 2)
        .op(Op::kPrim, 3, 0, kList, 0)
        .op(Op::kAdd, 2, 2, 3);
    prim.op(Op::kReturn, 2);
    tail.op(Op::kMove, 1, 0).op(Op::kPrim, 1, 1, kCar, 1).op(Op::kTailCall, 0, 0, 0, 0);
    Proto* p[] = {get.proto(), put.proto(), make_it.proto(), callx.proto(), prim.proto(), tail.proto()};
    install({p[0], p[1], p[2], p[3], p[4], p[5]}, tier);
    Value f[6];
    for (int n = 0; n < 6; n++) f[n] = closure_of(p[n]);
    assert_value(call(f[0], {}), kUnwind);
    assert_value(call(f[3], {}), kUnwind);
    assert_int_equal(g_calls["unbound"], 2);
    assert_value(call(f[2], {fix(4)}), fix(4));
    assert_value(call(f[0], {}), fix(4));
    assert_value(call(f[3], {}), kUnwind);
    assert_value(call(f[5], {fix(4)}), kUnwind);
    assert_int_equal(g_calls["not_function"], 2);
    assert_value(call(f[1], {fix(4)}), kUnwind);
    y->value = kNil;
    assert_value(call(f[1], {fix(5)}), fix(5));
    assert_value(y->value, fix(5));
    assert_value(call(f[4], {fix(20), fix(3)}), fix(23 + kSum + kList));
    assert_value(call(f[4], {fix(20), kNil}), kUnwind);
  }
}

// A loop in base code goes on in opt code once there is some, and in the interpreter never.
void test_promotion_in_loop(void**) {
  reset();
  Code f("sum", 1, 3);
  write_sum(f);
  Proto* proto = f.proto();
  install({proto}, Tier::kOpt);
  static NativeEntry opt;
  opt = proto->entry;
  install({proto}, Tier::kBase);
  Value sum = closure_of(proto);
  static int ticks;
  ticks = 0;
  g_runtime.interp_entry = rt_normalise;
  g_tick = [](Proto* p) {
    ticks++;
    if (ticks == 1) p->tier = 1;
    if (ticks == 2) p->tier = 2, p->entry = rt_normalise;
    if (ticks == 3) p->entry = opt;
  };
  assert_value(call(sum, {fix(100000)}), fix(4999950000));
  assert_int_equal(ticks, 3);
  assert_int_equal(g_calls["normalise"], 0);
}

// A loop whose safepoint asks to stop.
void test_interrupt(void**) {
  FOR_EACH_TIER {
    reset();
    Code f("forever", 0, 1);
    f.op(Op::kInt, 0).op(Op::kAddImm, 0, 0, 1).jump(Op::kLoop, 1);
    Proto* proto = f.proto();
    install({proto}, tier);
    g_vm.stack_limit = UINTPTR_MAX;
    g_check = [] { return g_calls["check"] < 10 ? kUnspecified : raise(kNil); };
    assert_value(call(closure_of(proto), {}), kUnwind);
    assert_int_equal(g_calls["check"], 10);
    assert_int_equal(g_trace.size(), 1);
    assert_int_equal(g_trace[0], 2);
  }
}

// A loop that counts asks every 1,024 turns, at its head, and what follows the answer is as before.
void test_interrupt_of_counted_loop(void**) {
  reset();
  Code f("count", 1, 3);
  f.op(Op::kInt, 1, 0).op(Op::kInt, 2, 0).jump(Op::kJumpNotLt, 6, 1, 0).usual();
  f.op(Op::kAddImm, 2, 2, 2).seen(0).op(Op::kAddImm, 1, 1, 1).seen(0).jump(Op::kLoop, 2).op(Op::kReturn, 2);
  Proto* proto = f.proto();
  install({proto}, Tier::kOpt);
  Value count = closure_of(proto);
  g_vm.stack_limit = UINTPTR_MAX;
  g_check = [] { return kUnspecified; };
  assert_value(call(count, {fix(10000)}), fix(20000));
  assert_int_equal(g_calls["check"], 1 + 10000 / 1024);
  g_check = [] { return g_calls["check"] < 14 ? kUnspecified : raise(kNil); };
  assert_value(call(count, {fix(1000000000)}), kUnwind);
  assert_int_equal(g_trace.back(), 2);
  assert_int_equal(g_calls["resume"], 0);
}

// Bytes that are no function, and code that would leave its registers.
void test_refusals(void**) {
  reset();
  worker::Job bad{"t_0", {1, 2, 3}};
  std::string error;
  assert_false(worker::compile_batch({bad}, Tier::kBase, "/tmp/terrace-emit-never.o", &error));
  assert_false(error.empty());
  Code f("wild", 0, 1);
  f.op(Op::kReturn, 9);
  worker::Job wild{"t_1", bytecode::encode(f.proto())};
  error.clear();
  assert_false(worker::compile_batch({wild}, Tier::kOpt, "/tmp/terrace-emit-never.o", &error));
  assert_non_null(std::strstr(error.c_str(), "t_1"));
}

}  // namespace
}  // namespace terrace

int main() {
  using namespace terrace;
  const CMUnitTest tests[] = {
      cmocka_unit_test(test_fib),
      cmocka_unit_test(test_loop_and_entry),
      cmocka_unit_test(test_nested_loops),
      cmocka_unit_test(test_tail_calls),
      cmocka_unit_test(test_arguments),
      cmocka_unit_test(test_arithmetic),
      cmocka_unit_test(test_inline_cases),
      cmocka_unit_test(test_floats_in_base),
      cmocka_unit_test(test_compare_jumps),
      cmocka_unit_test(test_plain_jumps),
      cmocka_unit_test(test_handlers),
      cmocka_unit_test(test_pairs_boxes_captures),
      cmocka_unit_test(test_vectors),
      cmocka_unit_test(test_globals_and_primitives),
      cmocka_unit_test(test_promotion_in_loop),
      cmocka_unit_test(test_interrupt),
      cmocka_unit_test(test_interrupt_of_counted_loop),
      cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests_name("emit", tests, nullptr, nullptr);
}
