// tests/unit/test_bytecode.cpp: the encoding and back, what the verifier refuses, the disassembly.
#include <cstring>

#include "bytecode/encoding.hpp"
#include "bytecode/op_info.hpp"
#include "bytecode/verifier.hpp"
#include "check.hpp"

namespace terrace::test {
namespace {

// Stands for a table of ten primitives that take any number of arguments.
bool below_ten(uint32_t number, uint32_t) { return number < 10; }

using namespace bytecode;

Instr instr(Op op, uint16_t a = 0, uint16_t b = 0, uint16_t c = 0, uint8_t x = 0) {
  return {static_cast<uint8_t>(op), x, a, b, c};
}

Instr jump(Op op, int32_t distance, uint16_t a = 0, uint16_t b = 0) {
  Instr i = instr(op, a, b);
  set_jump_distance(i, distance);
  return i;
}

// A prototype outside the heap, with the constants of `code`.
class Prototype {
 public:
  explicit Prototype(FunctionCode& code, std::vector<Value> constants)
      : memory_(sizeof(value::Proto) + constants.size() * sizeof(Value)) {
    proto()->function = &code;
    proto()->constant_count = static_cast<uint32_t>(constants.size());
    if (!constants.empty()) std::memcpy(proto()->constant, constants.data(), constants.size() * sizeof(Value));
  }
  value::Proto* proto() { return reinterpret_cast<value::Proto*>(memory_.data()); }

 private:
  std::vector<char> memory_;
};

void fill(FunctionCode& f) {
  f.name = "sample";
  f.source = "file";
  f.required = 2;
  f.optional = 1;
  f.register_count = 5;
  f.code = {instr(Op::kMark, 3),   instr(Op::kConst, 4, 0), jump(Op::kJumpLt, 1, 0, 1), instr(Op::kReturn, 4),
            instr(Op::kReturn, 2), instr(Op::kCatch, 4, 3), instr(Op::kThrow, 4)};
  f.constants = {ConstantKind::kData};
  f.captures = {{true, 3}, {false, 1}};
  f.handlers = {{1, 3, 5}};
  f.lines = {{0, 1, 2}, {3, 70000, 4}};
}

void test_round_trip(void**) {
  FunctionCode f;
  fill(f);
  Prototype p(f, {value::make_fixnum(-7)});
  compute_hash(p.proto());
  std::string error;
  auto out = decode(encode(p.proto()), &error);
  assert_text(error, "");
  assert_non_null(out.get());
  const FunctionCode& g = out->code;
  assert_text(g.name + g.source, f.name + f.source);
  assert_int_equal(g.required, 2);
  assert_int_equal(g.optional, 1);
  assert_int_equal(g.register_count, 5);
  assert_int_equal(g.code.size(), f.code.size());
  assert_memory_equal(g.code.data(), f.code.data(), f.code.size() * sizeof(Instr));
  assert_true(out->constants[0].is_immediate && out->constants[0].immediate == value::make_fixnum(-7));
  assert_true(g.captures[0].from_register && g.captures[0].index == 3 && !g.captures[1].from_register);
  assert_int_equal(g.handlers[0].handler, 5);
  assert_int_equal(g.lines[1].line, 70000);
  assert_true(g.hash == f.hash);
}

void test_hash_is_of_the_meaning(void**) {
  FunctionCode f, g;
  fill(f);
  fill(g);
  g.name = "another";
  g.lines.clear();
  Prototype p(f, {value::kNil}), q(g, {value::kNil});
  compute_hash(p.proto());
  compute_hash(q.proto());
  assert_true(f.hash == g.hash);
  g.code[1].a = 2;
  compute_hash(q.proto());
  assert_true(f.hash != g.hash);
}

// Bytes cut anywhere or changed anywhere are refused or are some function; nothing is read outside them.
void test_damaged_bytes(void**) {
  FunctionCode f;
  fill(f);
  Prototype p(f, {value::kNil});
  std::vector<uint8_t> good = encode(p.proto());
  std::string error;
  for (size_t size = 0; size < good.size(); ++size) assert_null(decode(std::span(good).first(size), &error).get());
  Random random(7);
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> bad = good;
    for (uint64_t n = random.below(4) + 1; n-- > 0;)
      bad[random.below(bad.size())] = static_cast<uint8_t>(random.next());
    auto out = decode(bad, &error);
    if (out != nullptr) {
      verify(out->code, below_ten, &error);
      disassemble(out->code);
    }
  }
}

std::string complaint(void (*change)(FunctionCode&)) {
  FunctionCode f;
  fill(f);
  change(f);
  std::string reason;
  return verify(f, below_ten, &reason) ? "fine" : reason;
}

void test_verifier(void**) {
  auto expect = [](const char* wanted, void (*change)(FunctionCode&)) { assert_text(complaint(change), wanted); };
  expect("fine", [](FunctionCode&) {});
  expect("pc 0: no instructions", [](FunctionCode& f) {
    f.code.clear();
    f.handlers.clear();
  });
  expect("pc 0: unknown opcode", [](FunctionCode& f) { f.code[0].op = 255; });
  expect("pc 0: register 5 out of range", [](FunctionCode& f) { f.code[0].a = 5; });
  expect("pc 1: constant out of range", [](FunctionCode& f) { f.code[1].b = 1; });
  expect("pc 1: constant of the wrong kind", [](FunctionCode& f) { f.constants[0] = ConstantKind::kGlobal; });
  expect("pc 2: jump target out of range", [](FunctionCode& f) { f.code[2] = jump(Op::kJumpLt, 100, 0, 1); });
  expect("pc 2: jump to a handler", [](FunctionCode& f) { f.code[2] = jump(Op::kJumpLt, 2, 0, 1); });
  expect("pc 2: Loop jumps forwards", [](FunctionCode& f) { f.code[2] = jump(Op::kLoop, 0); });
  expect("pc 5: Catch outside a handler entry", [](FunctionCode& f) { f.handlers.clear(); });
  expect("pc 1: handler does not start with Catch", [](FunctionCode& f) { f.handlers[0] = {2, 3, 1}; });
  expect("pc 6: control falls off the end", [](FunctionCode& f) { f.code[6] = instr(Op::kMove, 0, 1); });
  expect("pc 4: register 4 may be read before it is written", [](FunctionCode& f) {
    f.code[1] = jump(Op::kJumpNil, 2, 0);
    f.code[3] = instr(Op::kReturn, 0);
    f.code[4] = instr(Op::kReturn, 4);
  });
  expect("pc 1: no primitive of that number with so many arguments", [](FunctionCode& f) { f.code[1] = instr(Op::kPrim, 4, 0, 10, 1); });
  expect("pc 1: argument registers out of range", [](FunctionCode& f) { f.code[1] = instr(Op::kPrim, 4, 0, 9, 6); });
  expect("pc 1: capture out of range", [](FunctionCode& f) { f.code[1] = instr(Op::kCapture, 4, 2); });
  expect("pc 1: special value out of range", [](FunctionCode& f) { f.code[1] = instr(Op::kSpecial, 4, 8); });
}

void test_disassembly(void**) {
  FunctionCode f;
  fill(f);
  assert_text(disassemble(f), R"(registers 5, parameters 2 optional 1, captures r3, captures capture 1
   0 1:2 Mark r3
   1 1:2 Const r4 k0:data
   2 1:2 JumpLt r0 r1 -> 4
   3 70000:4 Return r4
   4 70000:4 Return r2
   5 70000:4 Catch r4 r3
   6 70000:4 Throw r4
region [1, 3) -> 5
)");
}

void test_numbers_in_instructions(void**) {
  for (int32_t n : {0, 1, -1, 32768, -kMaxJump, kMaxJump}) {
    Instr i = jump(Op::kJump, n);
    assert_int_equal(jump_distance(i), n);
  }
  Instr i = instr(Op::kInt, 0, 0xFFFE, 0xFFFF);
  assert_int_equal(int_operand(i), -2);
}

}  // namespace
}  // namespace terrace::test

int main() {
  using namespace terrace::test;
  const CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_hash_is_of_the_meaning),
      cmocka_unit_test(test_damaged_bytes), cmocka_unit_test(test_verifier),
      cmocka_unit_test(test_disassembly),   cmocka_unit_test(test_numbers_in_instructions),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
