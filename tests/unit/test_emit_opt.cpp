// tests/unit/test_emit_opt.cpp: what opt code takes for granted, and how it is left: hand-made bytecode through the emitter.
#include "emit_world.hpp"

namespace terrace {
namespace {

using namespace emit_world;

// What a global is taken to hold is looked at once for each epoch, and where it holds something else nothing of the code runs.
void test_watched_globals(void**) {
  reset();
  Cell* self = cell("fib");
  Code f("fib", 1, 6);
  write_fib(f.usual(), self);
  Proto* proto = f.proto();
  install({proto}, Tier::kOpt);
  Value fib = self->value = closure_of(proto);
  for (int times = 0; times < 3; times++) assert_value(call(fib, {fix(20)}), fix(6765));
  assert_int_equal(g_calls["watch"], 1);
  g_vm.watch_epoch++;
  for (int times = 0; times < 3; times++) assert_value(call(fib, {fix(20)}), fix(6765));
  assert_int_equal(g_calls["watch"], 2);
  assert_int_equal(g_calls["resume"], 0);
  g_vm.watch_epoch++;
  self->value = fix(1);
  call(fib, {fix(20)});
  assert_int_equal(g_calls["watch"], 3);
  assert_int_equal(g_calls["resume"], 1);
  assert_int_equal(g_resumed_at, 0);
  assert_value(g_resumed_with[0], fix(20));
}

// Specialised on floats: the sum stays a double through the loop; a value that is none leaves at its own instruction with the registers
// as they were before it.
void test_specialised(void**) {
  reset();
  Code f("scale", 2, 4);
  f.op(Op::kMul, 2, 0, 1).seen(bytecode::kSawFloats).op(Op::kAdd, 3, 2, 2).seen(bytecode::kSawFloats).op(Op::kReturn, 3);
  Code g("count", 2, 3);
  g.op(Op::kAdd, 2, 0, 1).seen(0).op(Op::kReturn, 2);
  Code h("mixed", 2, 3);
  h.op(Op::kAdd, 2, 0, 1).seen(bytecode::kSawMixed).op(Op::kReturn, 2);
  Proto* p[] = {f.proto(), g.proto(), h.proto()};
  install({p[0], p[1], p[2]}, Tier::kOpt);
  Value scale = closure_of(p[0]), count = closure_of(p[1]), mixed = closure_of(p[2]);
  assert_value(call(scale, {real(1.5), real(2.0)}), real(6.0));
  assert_int_equal(g_calls["resume"], 0);
  assert_value(call(scale, {real(1.5), fix(2)}), make_char('R'));
  assert_int_equal(g_resumed_at, 0);
  assert_value(g_resumed_with[0], real(1.5));
  assert_value(g_resumed_with[1], fix(2));
  assert_value(call(count, {fix(2), fix(3)}), fix(5));
  assert_value(call(count, {fix(2), real(3.0)}), make_char('R'));
  assert_value(call(count, {fix(kFixnumMax), fix(1)}), make_char('R'));
  assert_value(g_resumed_with[0], fix(kFixnumMax));
  assert_value(call(mixed, {fix(2), real(0.5)}), real(2.5));
  assert_value(call(mixed, {real(0.5), real(0.5)}), real(1.0));
  assert_value(call(mixed, {fix(2), fix(2)}), make_char('R'));
  assert_int_equal(g_calls["resume"], 4);
}

// A vector of doubles is read without a look at the element when its header says that it has no hole; else the runtime is asked first.
void test_full_vectors(void**) {
  reset();
  Code f("ref", 2, 3);
  f.usual().op(Op::kVectorRef, 2, 0, 1).seen(bytecode::kSawFloats).op(Op::kReturn, 2);
  Proto* proto = f.proto();
  install({proto}, Tier::kOpt);
  Value ref = closure_of(proto);
  const Value doubles = vector({Value{std::bit_cast<uint64_t>(1.5)}, Value{std::bit_cast<uint64_t>(1e300)}});
  as<Vector>(doubles)->become(VectorKind::kDoubles);
  as<Vector>(doubles)->flags = kFull;
  assert_value(call(ref, {doubles, fix(0)}), real(1.5));
  assert_int_equal(g_calls["full"], 0);
  assert_int_equal(g_calls["resume"], 0);
  as<Vector>(doubles)->flags = 0;
  call(ref, {doubles, fix(0)});
  assert_int_equal(g_calls["full"], 1);
  assert_int_equal(g_calls["resume"], 1);
  as<Vector>(doubles)->become(VectorKind::kGeneric);
  as<Vector>(doubles)->flags = kFull;  // left over from when it was one of doubles
  call(ref, {doubles, fix(0)});
  assert_int_equal(g_calls["full"], 2);
  assert_int_equal(g_calls["resume"], 2);
}

// What was never left is written for what is usual: two fixnums are compared, and of anything else the interpreter hears.
void test_takes_for_granted(void**) {
  reset();
  Code below("below", 2, 3), text("length", 1, 3);
  below.usual().op(Op::kNumLt, 2, 0, 1).op(Op::kReturn, 2);
  text.usual().op(Op::kMove, 1, 0).op(Op::kPrim, 2, 1, static_cast<int>(prims::Id::k_vector_length), 1).op(Op::kReturn, 2);
  Proto* p[] = {below.proto(), text.proto()};
  install({p[0], p[1]}, Tier::kOpt);
  Value is_below = closure_of(p[0]), length = closure_of(p[1]);
  assert_value(call(is_below, {fix(2), fix(3)}), kTrue);
  assert_value(call(length, {vector({fix(1), fix(2)})}), fix(2));
  assert_int_equal(g_calls["resume"], 0);
  assert_value(call(is_below, {fix(2), real(3.0)}), make_char('R'));
  assert_int_equal(g_resumed_at, 0);
  assert_value(call(length, {fix(2)}), make_char('R'));
  assert_int_equal(g_resumed_at, 0);
  assert_int_equal(g_left_at, 1);
  assert_int_equal(g_calls["resume"], 2);
}

// (define (f x) (let* ((x (+ x 1)) (y (+ x 1))) (set! stored y) (+ y 1))): in front of the store the interpreter goes on at the beginning, with x
// as it was; behind it with the instruction that failed.
void test_checkpoints(void**) {
  reset();
  Code f("f", 1, 2);
  Cell* stored = cell("stored");
  stored->value = fix(0);
  f.op(Op::kAddImm, 0, 0, 1).seen(0).op(Op::kAddImm, 1, 0, 1).seen(0).op(Op::kSetGlobal, 1, f.global(stored));
  f.op(Op::kAddImm, 1, 1, 1).seen(0).op(Op::kReturn, 1);
  Proto* proto = f.proto();
  install({proto}, Tier::kOpt);
  Value function = closure_of(proto);
  assert_value(call(function, {fix(1)}), fix(4));
  assert_value(stored->value, fix(3));
  const int64_t largest = (int64_t{1} << 60) - 1;
  call(function, {fix(largest - 1)});
  assert_value(stored->value, fix(3));
  assert_int_equal(g_resumed_at, 0);
  assert_int_equal(g_left_at, 1);
  assert_value(g_resumed_with[0], fix(largest - 1));
  call(function, {fix(largest - 2)});
  assert_value(stored->value, fix(largest));
  assert_int_equal(g_resumed_at, 3);
  assert_int_equal(g_left_at, 3);
  assert_value(g_resumed_with[1], fix(largest));
}

// Records made inline take their own room and no more, with a word left over where the number of fields is odd.
void test_room_of_records(void**) {
  for (int count = 1; count <= 4; count++) {
    reset();
    alignas(16) uint64_t room[16];
    std::fill(std::begin(room), std::end(room), 77);
    g_vm.window.object_next = reinterpret_cast<char*>(room);
    g_vm.window.object_limit = reinterpret_cast<char*>(room + 16);
    Code f("make", 2, 8);
    f.usual().op(Op::kMove, 2, 0);
    for (int n = 0; n < count; n++) f.op(Op::kMove, 3 + n, 1);
    f.op(Op::kPrim, 7, 2, static_cast<int>(prims::Id::k_make_record), count + 1).op(Op::kReturn, 7);
    Proto* proto = f.proto();
    install({proto}, Tier::kOpt);
    auto* type = make<RecordType>(Type::kRecordType);
    type->count = static_cast<uint64_t>(count);
    type->new_header = record_header(0, 1);
    Value made = call(closure_of(proto), {from_object(type), fix(5)});
    assert_int_equal(g_calls["resume"] + g_calls["prim"], 0);
    assert_ptr_equal(as<Record>(made), room);
    const size_t words = 1 + record_words(static_cast<uint64_t>(count));
    assert_ptr_equal(g_vm.window.object_next, room + words);
    assert_int_equal(room[words], 77);
    assert_int_equal(as<Record>(made)->granules * 2, words);
  }
}

// (define (sum p n) (let loop ((i 0) (s 0.)) (if (< i n) (loop (+ i 1) (+ s (x p))) s))): the record is opened before the loop. What a safepoint
// runs may change it, so it is opened again behind one; when its field is no float then, the turn that is next is the interpreter's. The field is a
// word, or raw.
Value g_opened;
void set_opened(double number) {
  auto* record = as<Record>(g_opened);
  record->field[0] = record->is_raw(0) ? std::bit_cast<uint64_t>(number) : real(number).bits;
}
void run_opened_record(uint8_t raw) {
  constexpr int kTurns = 4096, kBefore = 2 * 1024;
  reset();
  auto* type = make<RecordType>(Type::kRecordType);
  type->count = 1;
  type->new_header = record_header(raw, 1);
  Cell* named = cell("point", from_object(type));
  Code f("sum", 2, 8);
  f.usual().op(Op::kInt, 2, 0).op(Op::kConst, 3, f.data(real(0.0)));
  f.jump(Op::kJumpNotLt, 10, 2, 1);
  f.op(Op::kMove, 4, 0).op(Op::kGlobal, 5, f.global(named)).op(Op::kInt, 6, 0);
  f.op(Op::kPrim, 7, 4, static_cast<int>(prims::Id::k_record_ref), 3);
  f.op(Op::kAdd, 3, 3, 7).seen(bytecode::kSawFloats).op(Op::kAddImm, 2, 2, 1).seen(0).jump(Op::kLoop, 2).op(Op::kReturn, 3);
  Proto* proto = f.proto();
  install({proto}, Tier::kOpt);
  g_vm.watch_epoch = 1;
  g_vm.stack_limit = UINTPTR_MAX;
  g_opened = rt_make_record(&g_vm, from_object(type), std::initializer_list<Value>{real(1.0)}.begin(), 1);
  as<Record>(g_opened)->flags = raw;
  set_opened(1.0);
  const auto run = [&] { return call(closure_of(proto), {g_opened, fix(kTurns)}); };

  g_check = [] { return kUnspecified; };
  assert_value(run(), real(kTurns));
  g_calls["check"] = 0;
  g_check = [] {
    if (g_calls["check"] == 3) set_opened(2.0);
    return kUnspecified;
  };
  assert_value(run(), real(kBefore + 2 * (kTurns - kBefore)));
  assert_int_equal(g_calls["resume"] + g_calls["prim"], 0);
  g_calls["check"] = 0;
  g_check = [] {
    if (g_calls["check"] != 3) return kUnspecified;
    as<Record>(g_opened)->flags = 0;
    as<Record>(g_opened)->field[0] = fix(7).bits;
    return kUnspecified;
  };
  assert_value(run(), make_char('R'));
  assert_int_equal(g_resumed_at, 2);
  assert_value(g_resumed_with[2], fix(kBefore));
  assert_value(g_resumed_with[3], real(2.0 * kBefore));
}
void test_opened_record_behind_safepoint(void**) {
  run_opened_record(0);
  run_opened_record(1);
}

}  // namespace
}  // namespace terrace

int main() {
  using namespace terrace;
  const CMUnitTest tests[] = {
      cmocka_unit_test(test_specialised),
      cmocka_unit_test(test_full_vectors),
      cmocka_unit_test(test_takes_for_granted),
      cmocka_unit_test(test_checkpoints),
      cmocka_unit_test(test_room_of_records),
      cmocka_unit_test(test_opened_record_behind_safepoint),
      cmocka_unit_test(test_watched_globals),
  };
  return cmocka_run_group_tests_name("emit_opt", tests, nullptr, nullptr);
}
