// worker/emit/plan.hpp: what differs between the tiers, as data. There is one emitter; a tier is a plan for it.
#pragma once

#include <cstdint>

#include "jobs/protocol.hpp"

namespace terrace::worker::emit {

struct Plan {
  const char* name;
  bool optimises;              // -O3, else what of -O1 keeps variables in registers
  bool counts;                 // calls and loops decrement Proto::countdown and ask the policy for promotion
  jobs::Tier next;             // a loop that counted down goes on in code of this tier when there is some
  bool expects;                // tell GCC which way branches go, where it makes use of that
  bool inline_primitives;      // short primitives are written out, else all are called
  bool separate_nested_loops;  // entries into nested loops get a copy of the body, so that the loops stay reducible
  bool specialises;            // on the types that were seen: numbers stay unboxed, other values leave for the interpreter
  bool orders_blocks;          // blocks are laid out by us, else by GCC
};

inline constexpr Plan kBasePlan{.name = "base",
                                .optimises = false,
                                .counts = true,
                                .next = jobs::Tier::kOpt,
                                .expects = false,
                                .inline_primitives = false,
                                .separate_nested_loops = false,
                                .specialises = false,
                                .orders_blocks = true};
inline constexpr Plan kOptPlan{.name = "opt",
                               .optimises = true,
                               .counts = false,
                               .next = jobs::Tier::kOpt,
                               .expects = true,
                               .inline_primitives = true,
                               .separate_nested_loops = true,
                               .specialises = true,
                               .orders_blocks = false};

}  // namespace terrace::worker::emit
