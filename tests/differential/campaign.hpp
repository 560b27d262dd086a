// differential/campaign.hpp: many programs in one mode against the interpreter.
#pragma once

#include <cstdint>
#include <string>

namespace terrace::differential {

struct Campaign {
  std::string mode;
  uint64_t seed = 1;  // of the first program; the others follow
  uint64_t programs = 0;
  uint64_t jobs = 2;      // processes that take turns with batches
  uint64_t batch = 0;     // programs in one vm; 0: what keeps all jobs busy to the end
  uint64_t failures = 3;  // that are made small and shown
  double seconds = 0;     // after which no batch is begun; 0: no limit
};

// Runs it, shows what fails and ends with a line that says how many programs ran. False when something failed.
bool run_campaign(const Campaign& campaign);

}  // namespace terrace::differential
