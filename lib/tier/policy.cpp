// tier/policy.cpp: the decisions.
#include "tier/policy.hpp"

#include <algorithm>

#include "bytecode/op_info.hpp"

namespace terrace::tier {
namespace {

using cache::kInterp;
using cache::tier_number;
using jobs::Tier;

constexpr int32_t kLongest = INT32_MAX / 2;
// How often base code asks while opt is turned off, since that may change.
constexpr int32_t kLookAgain = 100000;

// How long base code counts before it asks for opt.
int32_t base_countdown(const Settings& settings) {
  int64_t turns = settings.opt_threshold.load(std::memory_order_relaxed);
  return turns > 0 ? static_cast<int32_t>(std::min<int64_t>(turns, kLongest)) : kLookAgain;
}

// How far so many calls of an interpreted function take its countdown.
int32_t units(const Settings& settings, int64_t calls) {
  const int64_t weight = settings.loop_turns.load(std::memory_order_relaxed);
  return static_cast<int32_t>(std::clamp<int64_t>(calls * weight, 0, kLongest));
}

Mode mode_of(const Settings& settings) { return static_cast<Mode>(settings.mode.load(std::memory_order_relaxed)); }

// A function about which opt code guessed wrong too often stays in base.
bool stays_in_base(const Settings& settings, const cache::Record& record) {
  return record.misjudged >= static_cast<uint64_t>(settings.misjudge_limit.load(std::memory_order_relaxed));
}

bool may_request(const Settings& settings, const cache::Record& record, Tier tier) {
  if (tier == Tier::kOpt && stays_in_base(settings, record)) return false;
  if (record.requested != kInterp || record.tier >= tier_number(tier)) return false;
  if (record.refused == kInterp || record.refused > tier_number(tier)) return true;
  return observe::reason_text(record.reason).again == observe::Again::kLater;
}

Decision at_once(const Settings& settings, const cache::Record& record, Tier tier) {
  Decision d;
  d.countdown = kLongest;
  if (stays_in_base(settings, record)) tier = Tier::kBase;
  if (!may_request(settings, record, tier)) return d;
  // Where the budget is too small for the program, compiling at every call would take forever and show nothing new.
  constexpr uint32_t kManyDrops = 8;
  constexpr uint64_t kRestCalls = 2000;
  if (record.drops > kManyDrops && record.calls < kRestCalls) {
    d.countdown = units(settings, kRestCalls);
    return d;
  }
  d.request = d.wait = true;
  d.tier = tier;
  return d;
}

// A small generator is enough: what matters is that base, opt and the interpreter follow each other in all orders.
Decision storm(Settings& settings, const cache::Record& record) {
  uint32_t x = settings.storm_state.load(std::memory_order_relaxed);
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  settings.storm_state.store(x, std::memory_order_relaxed);
  Decision d;
  d.countdown = static_cast<int32_t>(x >> 8 & 255);
  constexpr uint32_t kEnoughDrops = 3;  // each costs a compilation, and the fourth finds no more than the third
  if (record.tier != kInterp && (x & 3) == 0 && record.drops < kEnoughDrops) {
    d.drop = true;
    return d;
  }
  Tier wanted = (x & 4) ? Tier::kOpt : Tier::kBase;
  if (record.tier >= tier_number(wanted) || !may_request(settings, record, wanted)) return d;
  d.request = d.wait = true;
  d.tier = wanted;
  return d;
}

// Code that went to keep the budget is worth compiling again only where it is called more often than before: otherwise a program that
// needs more than the budget would compile all the time.
uint64_t calls_needed(int64_t threshold, const cache::Record& record) {
  constexpr uint32_t kMostDoublings = 8;
  return static_cast<uint64_t>(threshold) << std::min(record.evictions, kMostDoublings);
}

// What had no place in the queue was not tried at all, and the queue is soon another one.
int64_t calls_until_retry(const Settings& settings, const cache::Record& record) {
  if (record.reason == observe::Reason::kQueueFull) return settings.check_interval.load(std::memory_order_relaxed);
  return settings.retry_interval.load(std::memory_order_relaxed);
}

// Whether most of the arithmetic that has been seen is of floats: opt code gains most there, and the time that the compiler takes for base is lost to it.
// Measured, from an empty store: nbody takes 160 instead of 100 ms by way of base, mandelbrot 96 instead of 68.
bool computes_with_floats(const bytecode::FunctionCode& code) {
  size_t all = 0, floats = 0;
  for (const bytecode::Instr i : code.code) {
    if (!bytecode::is_arithmetic(bytecode::op_of(i))) continue;
    all++;
    floats += (i.x & (bytecode::kSawFloats | bytecode::kSawMixed)) != 0;
  }
  return floats * 2 > all;
}

// Straight from the interpreter, when base code would have asked for it.
bool skips_base(const Settings& settings, const cache::Record& record, const bytecode::FunctionCode& code) {
  return settings.opt_threshold.load(std::memory_order_relaxed) > 0 && may_request(settings, record, Tier::kOpt) &&
         record.refused == kInterp && computes_with_floats(code);
}

Decision by_counters(const Settings& settings, const cache::Record& record, uint8_t running, const bytecode::FunctionCode& code) {
  Decision d;
  int64_t threshold = settings.threshold.load(std::memory_order_relaxed);
  int64_t interval = settings.check_interval.load(std::memory_order_relaxed);
  if (running == kInterp) {
    const uint64_t needed = calls_needed(threshold, record);
    bool warm = threshold > 0 && record.calls >= needed;
    if (warm && skips_base(settings, record, code)) {
      d.request = record.calls >= static_cast<uint64_t>(settings.opt_threshold.load(std::memory_order_relaxed));
      d.tier = Tier::kOpt;
    } else if (warm && may_request(settings, record, Tier::kBase)) {
      const bool again = record.refused == tier_number(Tier::kBase);
      if (!again || record.calls >= record.refused_at + static_cast<uint64_t>(calls_until_retry(settings, record))) {
        d.request = true;
        d.tier = Tier::kBase;
      }
    }
    int64_t left = threshold > 0 && !warm ? static_cast<int64_t>(needed - record.calls) : interval;
    d.countdown = units(settings, std::max<int64_t>(std::min(left, interval) - 1, 0));
    return d;
  }
  d.countdown = base_countdown(settings);
  bool hot = running == tier_number(Tier::kBase) && record.tier == running && settings.opt_threshold.load() > 0;
  if (hot && threshold > 0 && may_request(settings, record, Tier::kOpt) && record.refused == kInterp) {
    d.request = true;
    d.tier = Tier::kOpt;
  }
  return d;
}

}  // namespace

Decision decide(Settings& settings, const cache::Record& record, uint8_t running, const bytecode::FunctionCode& code) {
  switch (mode_of(settings)) {
    case Mode::kInterp: {
      Decision d;
      d.countdown = kLongest;
      return d;
    }
    case Mode::kBase:
      return at_once(settings, record, Tier::kBase);
    case Mode::kOpt:
      return at_once(settings, record, Tier::kOpt);
    case Mode::kStorm:
      return storm(settings, record);
    case Mode::kAuto:
      break;
  }
  return by_counters(settings, record, running, code);
}

int32_t first_countdown(const Settings& settings) {
  switch (mode_of(settings)) {
    case Mode::kInterp:
      return kLongest;
    case Mode::kBase:
    case Mode::kOpt:
    case Mode::kStorm:
      return 0;
    case Mode::kAuto:
      break;
  }
  int64_t threshold = settings.threshold.load(std::memory_order_relaxed);
  int64_t interval = settings.check_interval.load(std::memory_order_relaxed);
  int64_t calls = threshold > 0 ? std::min(threshold, interval) : interval;
  return units(settings, calls - 1);
}

int32_t compiled_countdown(const Settings& settings) {
  constexpr int32_t kStormTurns = 50;
  if (mode_of(settings) == Mode::kStorm) return kStormTurns;
  return base_countdown(settings);
}

bool matches(std::string_view pattern, std::string_view name) {
  size_t p = 0, n = 0, star = std::string_view::npos, from = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      p++;
      n++;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') p++;
  return p == pattern.size();
}

}  // namespace terrace::tier
