// tests/unit/test_policy.cpp: when a function is asked for, and when it is asked for again.
#include "check.hpp"

#include "tier/policy.hpp"

using namespace terrace;
using jobs::Tier;
using observe::Reason;

namespace {

constexpr uint8_t kBaseTier = cache::tier_number(Tier::kBase);

// A function whose arithmetic saw floats where `floats` says so.
bytecode::FunctionCode code_with(std::initializer_list<bool> floats) {
  bytecode::FunctionCode code;
  for (const bool saw : floats)
    code.code.push_back({static_cast<uint8_t>(bytecode::Op::kAdd), saw ? bytecode::kSawFloats : uint8_t{0}, 0, 0, 0});
  return code;
}
const bytecode::FunctionCode kPlain = code_with({false});

bool asks_at(tier::Settings& settings, cache::Record& record, uint64_t calls, uint8_t running = cache::kInterp) {
  record.calls = calls;
  return tier::decide(settings, record, running, kPlain).request;
}

void base_is_asked_for_at_the_threshold(void**) {
  tier::Settings settings;
  settings.threshold = 10;
  cache::Record record;
  assert_false(asks_at(settings, record, 9));
  assert_true(asks_at(settings, record, 10));
  record.requested = kBaseTier;  // it is on its way
  assert_false(asks_at(settings, record, 100));
  settings.threshold = 0;
  record.requested = cache::kInterp;
  assert_false(asks_at(settings, record, 1000000));
}

void opt_is_asked_for_by_base_code(void**) {
  tier::Settings settings;
  cache::Record record;
  record.tier = kBaseTier;
  const tier::Decision decision = tier::decide(settings, record, kBaseTier, kPlain);
  assert_true(decision.request && decision.tier == Tier::kOpt);
  record.misjudged = 5;
  assert_false(tier::decide(settings, record, kBaseTier, kPlain).request);
}

void what_computes_with_floats_goes_to_opt_at_once(void**) {
  tier::Settings settings;
  settings.threshold = 4;
  settings.opt_threshold = 1000;
  const bytecode::FunctionCode floats = code_with({true, true, false}), half = code_with({true, false});
  cache::Record record;
  const auto at = [&](uint64_t calls, const bytecode::FunctionCode& code) {
    record.calls = calls;
    return tier::decide(settings, record, cache::kInterp, code);
  };
  assert_true(at(4, half).request && at(4, half).tier == Tier::kBase);
  assert_false(at(4, floats).request);
  assert_false(at(999, floats).request);
  assert_true(at(1000, floats).request && at(1000, floats).tier == Tier::kOpt);
  settings.opt_threshold = 0;  // there is no opt code
  assert_true(at(4, floats).request && at(4, floats).tier == Tier::kBase);
  settings.opt_threshold = 1000;
  record.refused = cache::tier_number(Tier::kOpt);
  record.reason = Reason::kTimeout;
  assert_true(at(4, floats).request && at(4, floats).tier == Tier::kBase);
  record.refused = cache::kInterp;
  record.misjudged = 5;  // it stays in base
  assert_true(at(4, floats).request && at(4, floats).tier == Tier::kBase);
}

// Where the budget is too small, what was evicted must be called more and more often to come back.
void what_was_evicted_needs_more_calls(void**) {
  tier::Settings settings;
  settings.threshold = 4;
  cache::Record record;
  uint64_t before = 4;
  for (record.evictions = 1; record.evictions <= 8; record.evictions++, before *= 2) {
    assert_false(asks_at(settings, record, 2 * before - 1));
    assert_true(asks_at(settings, record, 2 * before));
  }
  record.evictions = 1000000;  // there is an end to that
  assert_true(asks_at(settings, record, 4 << 8));
}

void a_passing_refusal_is_tried_again_later(void**) {
  tier::Settings settings;
  settings.retry_interval = 1000;
  settings.check_interval = 64;
  cache::Record record;
  record.refused = kBaseTier;
  record.refused_at = 4;
  record.reason = Reason::kWorkerDied;
  assert_false(asks_at(settings, record, 1003));
  assert_true(asks_at(settings, record, 1004));
  record.reason = Reason::kQueueFull;  // nobody has tried it
  assert_false(asks_at(settings, record, 67));
  assert_true(asks_at(settings, record, 68));
  record.reason = Reason::kPoisoned;
  assert_false(asks_at(settings, record, 1000000000));
}

void names_match_patterns(void**) {
  assert_true(tier::matches("host/*", "host/read"));
  assert_true(tier::matches("*", ""));
  assert_true(tier::matches("*a*b", "xaxxb"));
  assert_false(tier::matches("*a*b", "xaxxbc"));
  assert_false(tier::matches("f", "ff"));
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(base_is_asked_for_at_the_threshold),
      cmocka_unit_test(opt_is_asked_for_by_base_code),
      cmocka_unit_test(what_computes_with_floats_goes_to_opt_at_once),
      cmocka_unit_test(what_was_evicted_needs_more_calls),
      cmocka_unit_test(a_passing_refusal_is_tried_again_later),
      cmocka_unit_test(names_match_patterns),
  };
  return cmocka_run_group_tests_name("policy", tests, nullptr, nullptr);
}
