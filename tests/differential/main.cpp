// differential/main.cpp: random programs in every mode against the interpreter.
//
//   differential [--programs=N] [--seed=S] [--modes=MODE[:PERCENT],...] [--seconds=T] [--jobs=J] [--batch=B] [--failures=F]
//   differential --show=SEED [--modes=...]   prints one program and what it does
//
// Modes: plain (the interpreter, with the same program written without anything for the compiler to bytecode to be clever about), stress (a
// collection at every chance), base, opt, auto, storm. Without --modes each gets the share that kShares gives it, since compiling costs
// a hundred times what interpreting does; a share is taken from different programs for every mode. With --modes all programs run in
// each mode that has no percentage. --seconds bounds the whole run: a mode that has used its part begins no more batches and says so.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "campaign.hpp"
#include "compare.hpp"

namespace terrace::differential {
namespace {

struct Share {
  std::string mode;
  double percent;    // of the programs
  double time_part;  // of the seconds; 0: as long as it takes
};

const std::vector<Share> kShares = {{"plain", 100, 0}, {"stress", 2, 0.05}, {"base", 20, 0.3}, {"auto", 5, 0.1}, {"opt", 2, 0.25}, {"storm", 1, 0.1}};

struct Options {
  std::vector<Share> shares = kShares;
  Campaign campaign;  // what all modes have in common
  uint64_t show = 0;
  double seconds = 0;
};

std::vector<Share> shares_of(const std::string& text) {
  std::vector<Share> shares;
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find(',', at), text.size());
    std::string part = text.substr(at, end - at);
    size_t colon = part.find(':');
    shares.push_back({part.substr(0, colon), colon == std::string::npos ? 100 : std::atof(part.c_str() + colon + 1), 1});
    at = end + 1;
  }
  for (Share& share : shares) share.time_part = 1.0 / static_cast<double>(shares.size());
  return shares;
}

bool are_known(const std::vector<Share>& shares) {
  for (const Share& share : shares) {
    bool known = share.mode == "interp";
    for (const Share& k : kShares) known |= k.mode == share.mode;
    if (known && share.percent > 0) continue;
    std::fprintf(stderr, "differential: no mode is called '%s'; there are plain, stress, base, auto, opt, storm and interp\n", share.mode.c_str());
    return false;
  }
  return true;
}

bool read_option(const std::string& argument, Options& options) {
  size_t equals = argument.find('=');
  if (equals == std::string::npos) return false;
  std::string name = argument.substr(0, equals), value = argument.substr(equals + 1);
  char* end = nullptr;
  uint64_t number = std::strtoull(value.c_str(), &end, 10);
  if (name != "--modes" && name != "--seconds" && (value.empty() || *end != 0)) return false;
  if (name == "--modes") options.shares = shares_of(value);
  else if (name == "--programs") options.campaign.programs = number;
  else if (name == "--seed") options.campaign.seed = number;
  else if (name == "--jobs") options.campaign.jobs = std::max<uint64_t>(number, 1);
  else if (name == "--batch") options.campaign.batch = number;
  else if (name == "--failures") options.campaign.failures = number;
  else if (name == "--show") options.show = number;
  else if (name == "--seconds") options.seconds = std::atof(value.c_str());
  else return false;
  return true;
}

int show(const Options& options) {
  Program program = generate(options.show);
  std::printf("%s", source_of(program).c_str());
  Machine interpreter(interpreter_options("interp"));
  const std::vector<Trace> traces = interpreter.run({&program, 1});
  for (const std::string& line : traces[0].lines) std::printf("; %s\n", line.c_str());
  for (const Share& share : options.shares) report({&program, 1}, share.mode);
  return 0;
}

int run_all(const Options& options) {
  bool good = true;
  double passed = 0;  // percent of the programs that modes with a share have taken
  for (const Share& share : options.shares) {
    Campaign campaign = options.campaign;
    campaign.mode = share.mode;
    campaign.programs = static_cast<uint64_t>(static_cast<double>(campaign.programs) * share.percent / 100);
    if (campaign.batch == 0) campaign.batch = std::clamp<uint64_t>(campaign.programs / (campaign.jobs * 8), 5, 100);
    campaign.seconds = options.seconds * share.time_part;
    if (share.percent < 100) {
      campaign.seed += static_cast<uint64_t>(static_cast<double>(options.campaign.programs) * passed / 100);
      passed += share.percent;
    }
    good &= run_campaign(campaign);
  }
  return good ? 0 : 1;
}

int run(int count, char** arguments) {
  Options options;
  options.campaign.programs = 20000;
  for (int i = 1; i < count; ++i)
    if (!read_option(arguments[i], options)) {
      std::fprintf(stderr, "differential: cannot use the option %s; see the head of tests/differential/main.cpp\n", arguments[i]);
      return 2;
    }
  if (!are_known(options.shares)) return 2;
  return options.show != 0 ? show(options) : run_all(options);
}

}  // namespace
}  // namespace terrace::differential

int main(int count, char** arguments) { return terrace::differential::run(count, arguments); }
