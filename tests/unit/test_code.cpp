// tests/unit/test_code.cpp: the questions that every tier asks a function's code.
#include "bytecode/code.hpp"
#include "check.hpp"

using namespace terrace::bytecode;

namespace {

void jump_distances_keep_their_sign(void**) {
  const int32_t distances[] = {0, 1, -1, 255, -256, 65535, 65536, -65537, kMaxJump, -kMaxJump, -kMaxJump - 1};
  for (int32_t distance : distances) {
    Instr instr{};
    set_jump_distance(instr, distance);
    assert_int_equal(jump_distance(instr), distance);
  }
}

void int_operands_keep_their_sign(void**) {
  const int32_t numbers[] = {0, 1, -1, 65536, INT32_MAX, INT32_MIN};
  for (int32_t number : numbers) {
    Instr instr{};
    instr.b = static_cast<uint16_t>(number);
    instr.c = static_cast<uint16_t>(static_cast<uint32_t>(number) >> 16);
    assert_int_equal(int_operand(instr), number);
  }
}

void expected_argc_never_equals_a_count_when_arguments_vary(void**) {
  FunctionCode code;
  code.required = 3;
  assert_int_equal(code.expected_argc(), 3);
  code.optional = 2;
  assert_int_equal(code.expected_argc(), 5 | kNormalisedArgc);
  code.rest = true;
  assert_int_equal(code.expected_argc(), 6 | kNormalisedArgc);
  code.optional = 0;
  assert_int_equal(code.expected_argc(), 4 | kNormalisedArgc);
}

void the_innermost_handler_answers(void**) {
  FunctionCode code;
  code.handlers = {{10, 20, 100}, {5, 40, 200}};
  assert_null(code.handler_at(4));
  assert_int_equal(code.handler_at(5)->handler, 200);
  assert_int_equal(code.handler_at(10)->handler, 100);
  assert_int_equal(code.handler_at(19)->handler, 100);
  assert_int_equal(code.handler_at(20)->handler, 200);
  assert_null(code.handler_at(40));
}

void a_line_holds_until_the_next_one(void**) {
  FunctionCode code;
  assert_int_equal(code.line_at(3).line, 0);
  code.lines = {{2, 10, 1}, {5, 11, 3}, {9, 12, 5}};
  assert_int_equal(code.line_at(1).line, 0);
  assert_int_equal(code.line_at(2).line, 10);
  assert_int_equal(code.line_at(4).line, 10);
  assert_int_equal(code.line_at(5).column, 3);
  assert_int_equal(code.line_at(1000).line, 12);
}

void the_last_release_frees(void**) {
  auto* code = new FunctionCode;  // the address sanitizer tells when it is not freed, or freed twice
  retain(code);
  release(code);
  assert_int_equal(code->references.load(), 1);
  release(code);
  release(nullptr);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(jump_distances_keep_their_sign),
      cmocka_unit_test(int_operands_keep_their_sign),
      cmocka_unit_test(expected_argc_never_equals_a_count_when_arguments_vary),
      cmocka_unit_test(the_innermost_handler_answers),
      cmocka_unit_test(a_line_holds_until_the_next_one),
      cmocka_unit_test(the_last_release_frees),
  };
  return cmocka_run_group_tests_name("code", tests, nullptr, nullptr);
}
