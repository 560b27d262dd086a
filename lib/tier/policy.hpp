// tier/policy.hpp: what should happen to a function whose countdown ended. Policy only: nothing is done here.
//
//   interp --threshold calls--> base requested --installed--> base --opt_threshold--> opt requested --installed--> opt
//      ^ '--- opt_threshold calls of a function that computes with floats: base would not help it ----^                |
//      '------------------------------- evicted, reset, demoted, excluded ------------------------------------------'
//
// A refused tier is not asked for again, or after retry_interval when the reason is a passing one.
#pragma once

#include <cstdint>

#include "cache/code_cache.hpp"
#include "tier/parameters.hpp"

namespace terrace::tier {

// auto: by counters. interp: never compile. base, opt: compile everything before it first runs and wait. storm: promote, drop and promote
// again all the time, to find what only odd moments show. The numbers are the values of the parameter mode.
enum class Mode : int64_t { kAuto, kInterp, kBase, kOpt, kStorm };

struct Decision {
  bool request = false;
  jobs::Tier tier = jobs::Tier::kBase;
  bool wait = false;       // for the request's end
  bool drop = false;       // the code that is installed
  int32_t countdown = 0;   // until the next question
};

// `record` as it is now; `running` is the tier of the code whose countdown ended, `code` is the function's, with what was seen.
Decision decide(Settings& settings, const cache::Record& record, uint8_t running, const bytecode::FunctionCode& code);
// What a function's countdown starts with.
int32_t first_countdown(const Settings& settings);
// The same for a function that just got compiled code.
int32_t compiled_countdown(const Settings& settings);
// True when `name` matches `pattern`, in which `*` stands for any text.
bool matches(std::string_view pattern, std::string_view name);

}  // namespace terrace::tier
