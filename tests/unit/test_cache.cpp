// tests/unit/test_cache.cpp: budgets, use order, pins, generations, sharing, and when memory goes, without any compiler: the code is
// regions that only say when they are released.
#include "check.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <thread>
#include <utility>

#include "cache/code_cache.hpp"

using namespace terrace;
using cache::CodeCache;
using jobs::Tier;
using test::Random;

namespace {

constexpr int32_t kFresh = 100, kCompiled = 200;
constexpr uint64_t kBytes = 4096;

Value nothing(frame::VmState*, Value, uint64_t, Value, Value, Value) { return value::kNil; }
Value code_of_interp(frame::VmState*, Value, uint64_t, Value, Value, Value) { return value::kFalse; }

// A prototype as the cache sees it. Its content is a number.
struct Function {
  explicit Function(uint8_t content, const std::string& name = "") {
    code->hash[0] = content;
    code->name = name.empty() ? "f" + std::to_string(content) : name;
    proto = new (std::calloc(1, sizeof(value::Proto))) value::Proto;
    proto->function = code;
    proto->name = value::kFalse;
    proto->profile = nullptr;
    proto->entry = &code_of_interp;
    proto->tier = proto->stamp = 0;
  }
  ~Function() {
    bytecode::release(code);
    std::free(proto);
  }
  Function(const Function&) = delete;

  bool compiled() const { return proto->tier != 0; }

  bytecode::FunctionCode* code = new bytecode::FunctionCode;
  value::Proto* proto = nullptr;
};

struct Fixture {
  Fixture() : cache(&code_of_interp, [] { return kFresh; }, [] { return kCompiled; }) {}

  void know(Function& f) {
    cache.with_record(f.proto, [](cache::Record&) { return 0; });
  }
  bool install(Function& f, Tier tier = Tier::kBase, uint64_t bytes = kBytes) {
    know(f);
    next_base += 1 << 20;
    cache::Region region;
    region.base = next_base;
    region.size = bytes;
    region.release = [this, bytes] {
      released++;
      mapped -= bytes;
    };
    mapped += bytes;
    cache::Region* adopted = cache.add_region(std::move(region));
    bool installed = false;
    for (const std::string& name : cache.install(f.code->hash, tier, &nothing, adopted, bytes, 1000, &installed))
      evicted.push_back(name);
    if (!installed) cache.drop_unused(adopted);
    if (installed) cache.count_compile(tier, 1000);  // as who asked the compiler does
    last_base = next_base;
    return installed;
  }
  // The function is called in a vm that was entered anew, for some time the same one and then another.
  void use(Function& f) { f.proto->stamp = static_cast<uint32_t>(cache.next_epoch(shares[uses++ / 7 % 3])); }

  uintptr_t next_base = 0x100000, last_base = 0;
  uint64_t mapped = 0;
  int released = 0;
  cache::EpochShare shares[3];
  size_t uses = 0;
  std::vector<std::string> evicted;
  CodeCache cache;  // last: its regions tell the rest that they go
};

struct Owner final : cache::StackOwner {
  bool surely_empty() const override { return empty; }
  void advance(uint32_t to) override { epoch = to; }
  void ask_for_scan() override { asked++; }
  bool empty = false;
  uint32_t epoch = 0;
  int asked = 0;
};

void look(Fixture& f, Owner& owner, std::vector<uintptr_t> words) {
  cache::Scan scan;
  if (f.cache.begin_scan(&owner, &scan)) f.cache.scanned(&owner, scan, std::move(words), 4096);
}

// ------------------------------------------------------------------ use order and budgets

void the_least_recently_used_goes(void**) {
  Function a(1), b(2), c(3), d(4);
  Fixture f;
  f.cache.set_budget(3, 0);
  for (Function* each : {&a, &b, &c}) assert_true(f.install(*each));
  f.use(b);
  f.use(a);
  assert_true(f.install(d));
  assert_true(f.evicted == std::vector<std::string>{"f3"});
  assert_true(a.compiled() && b.compiled() && !c.compiled() && d.compiled());
  assert_true(c.proto->entry == &code_of_interp);
  assert_int_equal(c.proto->countdown, kFresh);
  f.use(c);
  assert_true(f.install(c));
  assert_true(f.evicted == (std::vector<std::string>{"f3", "f2"}));
}

// Each epoch is later than all before it, whoever got them, and few of those of one vm move the clock that all share.
void shares_of_epochs_are_in_order(void**) {
  Fixture f;
  cache::EpochShare share, other;
  uint64_t last = 0, moved = 0;
  const auto later = [&](uint64_t epoch) {
    assert_true(epoch > last);
    last = epoch;
  };
  uint64_t clock = f.cache.begin_epoch();
  for (int i = 0; i < 1000; i++) {
    later(f.cache.next_epoch(share));
    moved += std::exchange(clock, f.cache.now()) != clock;
  }
  assert_true(moved < 30);
  for (int i = 0; i < 100; i++) {
    later(f.cache.next_epoch(other));
    later(f.cache.next_epoch(share));
    if (i % 3 == 0) later(f.cache.begin_epoch());
  }
  assert_true(f.cache.now() - last < 2);
}

// Against a list that is kept in order at every use.
void the_order_is_exact_for_random_uses(void**) {
  std::vector<std::unique_ptr<Function>> all;
  for (int i = 0; i < 200; i++) all.push_back(std::make_unique<Function>(static_cast<uint8_t>(i)));
  Fixture f;
  constexpr size_t kBudget = 50;
  f.cache.set_budget(kBudget, 0);
  std::vector<int> order;  // least recently used first
  Random random(1);
  const auto move_to_end = [&](int i) {
    std::erase(order, i);
    order.push_back(i);
  };
  for (int step = 0; step < 20000; step++) {
    const int i = static_cast<int>(random.below(200));
    Function& function = *all[static_cast<size_t>(i)];
    if (function.compiled()) {
      f.use(function);
    } else if (random.below(4) == 0) {
      f.cache.next_epoch();  // as the tick does that asks for code
      f.evicted.clear();
      assert_true(f.install(function));
      const bool full = order.size() == kBudget;
      assert_int_equal(f.evicted.size(), full);
      if (full) {
        assert_string_equal(f.evicted[0].c_str(), ("f" + std::to_string(order[0])).c_str());
        order.erase(order.begin());
      }
      f.cache.next_epoch();
    } else {
      continue;
    }
    move_to_end(i);
    assert_int_equal(f.cache.counts().entries, order.size());
  }
}

void bytes_stay_within_their_budget(void**) {
  std::vector<std::unique_ptr<Function>> all;
  for (int i = 0; i < 100; i++) all.push_back(std::make_unique<Function>(static_cast<uint8_t>(i)));
  Fixture f;
  constexpr uint64_t kBudget = 40 * 1024;
  f.cache.set_budget(5000, kBudget);
  Random random(2);
  for (int step = 0; step < 3000; step++) {
    Function& function = *all[random.below(100)];
    const uint64_t bytes = 4096 * (1 + random.below(12));
    const uint64_t before = f.cache.counts().bytes;
    const bool was_compiled = function.compiled();
    const bool installed = f.install(function, Tier::kBase, bytes);
    if (bytes > kBudget) {  // would drive out everything else in vain
      assert_false(installed);
      assert_int_equal(f.cache.counts().bytes, before);
    } else {
      assert_int_equal(installed, !was_compiled);
    }
    const cache::Counts counts = f.cache.counts();
    assert_true(counts.bytes <= kBudget);
    assert_int_equal(counts.bytes, f.mapped);  // nothing runs, so what is dropped is gone
    assert_int_equal(counts.entries, counts.base_entries + counts.opt_entries);
  }
}

void a_smaller_budget_takes_effect_at_once(void**) {
  Function a(1), b(2), c(3);
  Fixture f;
  for (Function* each : {&a, &b, &c}) assert_true(f.install(*each));
  f.use(a);
  assert_int_equal(f.cache.set_budget(1, 0).size(), 2);
  assert_true(a.compiled() && !b.compiled() && !c.compiled());
  f.cache.set_budget(0, 0);
  assert_false(a.compiled());
  assert_false(f.install(b));
  assert_false(f.cache.may_hold(b.proto));
  assert_int_equal(f.mapped, 0);
}

// Code for the second tier takes the place of the first: it never counts twice.
void another_tier_takes_the_same_place(void**) {
  Function a(1), b(2);
  Fixture f;
  f.cache.set_budget(2, 3 * kBytes);
  assert_true(f.install(a));
  assert_true(f.install(b));
  assert_true(f.install(a, Tier::kOpt, 2 * kBytes));
  assert_true(b.compiled());
  assert_int_equal(a.proto->tier, cache::tier_number(Tier::kOpt));
  assert_int_equal(f.cache.counts().entries, 2);
  assert_int_equal(f.cache.counts().bytes, 3 * kBytes);
  assert_false(f.install(a, Tier::kBase));  // no way back by an answer that came late
  assert_int_equal(f.cache.counts().evictions, 0);
}

// Code that is left too often serves until other code of its tier takes its place, or it is left much more often; in the end there is no other.
void mistaken_code_serves_until_other_is_there(void**) {
  Function a(1);
  Fixture f;
  constexpr uint64_t kLimit = 4, kMisjudged = 3;
  cache::Record* record = f.cache.with_record(a.proto, [](cache::Record& of) { return &of; });
  const auto leave = [&](int times, cache::Left last) {
    for (int i = 1; i < times; i++) assert_true(f.cache.count_deopt(record, kLimit, kMisjudged) == cache::Left::kGoesOn);
    assert_true(f.cache.count_deopt(record, kLimit, kMisjudged) == last);
  };
  assert_true(f.install(a, Tier::kOpt));
  assert_false(f.install(a, Tier::kOpt));
  leave(kLimit, cache::Left::kMistaken);
  assert_true(a.compiled() && f.cache.wants_other_code(record));
  assert_false(f.install(a, Tier::kBase));
  leave(kLimit, cache::Left::kGoesOn);
  const value::NativeEntry entry = a.proto->entry;
  assert_true(f.install(a, Tier::kOpt));
  assert_true(a.compiled() && a.proto->entry == entry && !f.cache.wants_other_code(record));
  assert_int_equal(f.cache.counts().entries, 1);

  leave(kLimit, cache::Left::kMistaken);
  leave(7 * kLimit, cache::Left::kGoesOn);
  assert_false(a.compiled() || f.cache.wants_other_code(record));
  assert_true(f.install(a, Tier::kOpt));
  leave(kLimit, cache::Left::kGivenUp);
  assert_false(a.compiled());
  assert_int_equal(record->misjudged, kMisjudged);
}

// ------------------------------------------------------------------ pins

void a_pin_holds_whatever_comes(void**) {
  Function first(1, "helper"), second(2, "helper");
  std::vector<std::unique_ptr<Function>> others;
  for (uint8_t i = 10; i < 30; i++) others.push_back(std::make_unique<Function>(i));
  Fixture f;
  f.cache.set_budget(3, 0);
  f.cache.pin("helper");  // before there is such a function
  assert_true(f.install(first));
  for (auto& other : others) assert_true(f.install(*other));
  assert_true(first.compiled());
  assert_int_equal(f.cache.counts().entries, 3);
  assert_int_equal(f.cache.counts().pinned, 1);
  assert_int_equal(f.cache.drop_if([](const cache::Record&) { return true; }, false), 2);
  assert_true(first.compiled());
  // Another function gets the name: it is pinned too, and the first goes its way when nothing uses it.
  assert_true(f.install(second));
  assert_int_equal(f.cache.counts().pinned, 2);
  f.cache.detach(first.proto);
  assert_int_equal(f.cache.counts().pinned, 1);
  for (auto& other : others) f.install(*other);
  assert_true(second.compiled());
  assert_int_equal(f.cache.counts().entries, 3);
  assert_true(f.cache.unpin("helper"));
  assert_false(f.cache.unpin("helper"));
  for (auto& other : others) f.install(*other);
  assert_false(second.compiled());
}

void a_function_pinned_by_hand_stays_so(void**) {
  Function nameless(1, "lambda"), a(2), b(3);
  Fixture f;
  f.cache.set_budget(2, 0);
  f.cache.pin(nameless.proto, true);
  assert_true(f.install(nameless));
  f.cache.pin("other");
  f.cache.unpin("other");  // another pin that goes changes nothing
  assert_true(f.install(a));
  assert_true(f.install(b));
  assert_true(nameless.compiled() && !a.compiled() && b.compiled());
  f.cache.pin(nameless.proto, false);
  f.use(b);
  assert_true(f.install(a));
  assert_false(nameless.compiled());
}

void what_is_pinned_fills_the_budget(void**) {
  Function a(1, "p"), b(2, "p"), c(3, "p"), d(4);
  Fixture f;
  f.cache.set_budget(2, 0);
  assert_true(f.install(d));
  f.cache.pin("p");
  for (Function* each : {&a, &b, &c}) assert_true(f.install(*each));  // more than the budget, for they are pinned
  assert_int_equal(f.cache.counts().entries, 3);
  assert_false(d.compiled());
  assert_false(f.cache.may_hold(d.proto));
  assert_false(f.install(d));
  f.cache.unpin("p");
  assert_int_equal(f.cache.counts().entries, 2);
}

// ------------------------------------------------------------------ sharing

void equal_bodies_share(void**) {
  Function a(7, "one"), b(7, "two"), c(7, "three");
  Fixture f;
  f.know(a);
  f.know(b);
  assert_true(f.install(a));
  assert_true(b.compiled());  // it waited for the same code
  assert_true(f.cache.use(c.proto));
  assert_true(c.compiled());
  cache::Counts counts = f.cache.counts();
  assert_int_equal(counts.entries, 1);
  assert_int_equal(counts.base_compiles, 1);
  assert_int_equal(counts.hits, 1);
  assert_int_equal(counts.shared, 2);
  f.cache.detach(b.proto);
  assert_int_equal(f.cache.counts().shared, 1);
  // A pin of either name holds the code that all share.
  f.cache.pin("three");
  assert_int_equal(f.cache.counts().pinned, 1);
  f.cache.detach(c.proto);
  assert_int_equal(f.cache.counts().pinned, 0);
  assert_int_equal(f.cache.counts().shared, 0);
  assert_true(f.cache.demote(a.proto));
  assert_false(a.compiled());
  assert_int_equal(f.mapped, 0);
}

void code_outlives_who_used_it(void**) {
  Function a(7), again(7);
  Fixture f;
  assert_true(f.install(a));
  f.cache.detach(a.proto);
  assert_true(f.cache.use(again.proto));
  assert_true(again.compiled());
  assert_int_equal(f.cache.counts().base_compiles, 1);
  f.cache.set_budget(0, 0);
  f.cache.detach(again.proto);
  assert_int_equal(f.mapped, 0);
}

// ------------------------------------------------------------------ generations and counters

void generations_are_cleared(void**) {
  Function a(1), b(2), c(3);
  Fixture f;
  Owner owner;
  f.cache.add_owner(&owner);
  for (Function* each : {&a, &b, &c}) assert_true(f.install(*each));
  assert_int_equal(f.cache.clear_cold(1), 0);
  f.use(a);
  assert_int_equal(f.cache.clear_cold(2), 0);
  c.proto->stamp = owner.epoch;  // a computation that has been running since before the generation began
  f.use(a);
  assert_int_equal(f.cache.clear_cold(1), 1);
  assert_true(a.compiled() && !b.compiled() && c.compiled());
  assert_int_equal(f.cache.clear_cold(0), 2);
  assert_int_equal(f.cache.counts().resets, 3);
  f.cache.remove_owner(&owner);
}

void counters_restart_when_code_is_dropped(void**) {
  Function a(1);
  Fixture f;
  f.know(a);
  f.cache.with_record(a.proto, [](cache::Record& record) { return record.calls = 77; });
  assert_true(f.install(a));
  assert_int_equal(a.proto->countdown, kCompiled);
  f.cache.drop_if([](const cache::Record&) { return true; }, false);
  assert_int_equal(f.cache.with_record(a.proto, [](cache::Record& record) { return record.calls; }), 0);
  assert_int_equal(a.proto->countdown, kFresh);
}

// ------------------------------------------------------------------ memory

void memory_goes_when_no_stack_needs_it(void**) {
  Function a(1), b(2);
  Fixture f;
  Owner running, resting;
  resting.empty = true;
  f.cache.add_owner(&running);
  f.cache.add_owner(&resting);
  assert_true(f.install(a));
  const uintptr_t base_of_a = f.last_base;
  assert_true(f.install(b));
  f.cache.drop_if([](const cache::Record&) { return true; }, false);
  assert_int_equal(f.released, 0);
  assert_int_equal(f.cache.counts().retired_bytes, 2 * kBytes);
  look(f, resting, {});
  assert_int_equal(f.released, 0);
  look(f, running, {1, base_of_a + 17, UINTPTR_MAX});
  assert_int_equal(f.released, 1);  // b; a is on the stack
  look(f, running, {base_of_a + kBytes});
  assert_int_equal(f.released, 2);
  assert_false(f.cache.wants_scan());
  f.cache.remove_owner(&running);
  f.cache.remove_owner(&resting);
}

void one_that_runs_for_long_is_asked_to_look(void**) {
  Function a(1);
  Fixture f;
  Owner running;
  f.cache.add_owner(&running);
  for (int i = 0; i < 1000 && !running.asked; i++) {
    assert_true(f.install(a));
    assert_true(f.cache.demote(a.proto));
  }
  assert_int_equal(running.asked, 1);
  assert_int_equal(f.released, 0);
  look(f, running, {});
  assert_int_equal(f.mapped, 0);
  f.cache.remove_owner(&running);
}

void many_threads_keep_the_budget(void**) {
  std::vector<std::unique_ptr<Function>> all;
  for (int i = 0; i < 64; i++) all.push_back(std::make_unique<Function>(static_cast<uint8_t>(i)));
  std::atomic<bool> done{false};
  std::atomic<int64_t> mapped{0};
  CodeCache cache(&code_of_interp, [] { return kFresh; }, [] { return kCompiled; });
  cache.set_budget(10, 0);
  for (auto& function : all) cache.with_record(function->proto, [](cache::Record&) { return 0; });
  std::thread control([&] {
    Random random(3);
    while (!done) {
      const cache::Counts counts = cache.counts();
      if (counts.entries > 12 || counts.entries != counts.base_entries) std::abort();
      cache.set_budget(8 + random.below(5), 0);
      if (random.below(8) == 0) cache.drop_if([](const cache::Record&) { return true; }, false);
      if (random.below(4) == 0) cache.pin("f3");
      if (random.below(4) == 0) cache.unpin("f3");
      if (random.below(8) == 0) cache.clear_cold(2);
    }
  });
  std::vector<std::thread> installers;
  for (uint64_t seed = 1; seed <= 2; seed++)
    installers.emplace_back([&, seed] {
      Random random(seed);
      for (int i = 0; i < 5000; i++) {
        Function& function = *all[random.below(64)];
        cache::Region region;
        region.size = kBytes;
        region.release = [&] { mapped -= kBytes; };
        mapped += kBytes;
        cache::Region* adopted = cache.add_region(std::move(region));
        bool installed = false;
        cache.install(function.code->hash, Tier::kBase, &nothing, adopted, kBytes, 1, &installed);
        if (!installed) cache.drop_unused(adopted);
        std::atomic_ref(function.proto->stamp).store(static_cast<uint32_t>(cache.next_epoch()));
      }
    });
  for (std::thread& thread : installers) thread.join();
  done = true;
  control.join();
  cache.set_budget(0, 0);
  cache.drop_if([](const cache::Record&) { return true; }, true);
  assert_int_equal(mapped, 0);
  for (auto& function : all) cache.detach(function->proto);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_least_recently_used_goes),
      cmocka_unit_test(shares_of_epochs_are_in_order),
      cmocka_unit_test(the_order_is_exact_for_random_uses),
      cmocka_unit_test(bytes_stay_within_their_budget),
      cmocka_unit_test(a_smaller_budget_takes_effect_at_once),
      cmocka_unit_test(another_tier_takes_the_same_place),
      cmocka_unit_test(mistaken_code_serves_until_other_is_there),
      cmocka_unit_test(a_pin_holds_whatever_comes),
      cmocka_unit_test(a_function_pinned_by_hand_stays_so),
      cmocka_unit_test(what_is_pinned_fills_the_budget),
      cmocka_unit_test(equal_bodies_share),
      cmocka_unit_test(code_outlives_who_used_it),
      cmocka_unit_test(generations_are_cleared),
      cmocka_unit_test(counters_restart_when_code_is_dropped),
      cmocka_unit_test(memory_goes_when_no_stack_needs_it),
      cmocka_unit_test(one_that_runs_for_long_is_asked_to_look),
      cmocka_unit_test(many_threads_keep_the_budget),
  };
  return cmocka_run_group_tests_name("cache", tests, nullptr, nullptr);
}
