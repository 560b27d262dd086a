// worker/emit/plan.hpp: what differs between the tiers, as data. There is one emitter; a tier is a plan for it.
#pragma once

#include <cstdint>

#include "jobs/protocol.hpp"

namespace terrace::worker::emit {

// How far floats are done inline.
// At -O0 the runtime, which is optimised, is faster than inline code and makes a third less to compile.
enum class Floats { kRuntime, kSame, kMixed };

struct Plan {
  const char* name;
  int gcc_level;               // 0 or 3
  bool counts;                 // calls and loops decrement Proto::countdown and ask the policy for promotion
  jobs::Tier next;             // a loop that counted down goes on in code of this tier when there is some
  bool registers_in_array;     // bytecode registers are one C array, else a C local each
  bool expects;                // tell GCC which way branches go (at -O0 it costs code and gains nothing)
  bool inline_primitives;      // short primitives are written out, else all are called
  bool calls_itself_directly;  // a call that turns out to be of the running closure needs no load of the way in
  Floats floats;               // none, float with float, or also fixnum with float
  bool separate_nested_loops;  // entries into nested loops get a copy of the body, so that the loops stay reducible
  bool specialises;            // on the types that were seen: numbers stay unboxed, other values leave for the interpreter
  bool compares_stack_pointer;  // by assembly, which at -O0 makes frames larger than it is worth; else the frame's address by C
  bool orders_blocks;          // blocks are laid out by us, else by GCC
};

inline constexpr Plan kBasePlan{.name = "base",
                                .gcc_level = 0,
                                .counts = true,
                                .next = jobs::Tier::kOpt,
                                .registers_in_array = true,
                                .expects = false,
                                .inline_primitives = false,
                                .calls_itself_directly = false,
                                .floats = Floats::kRuntime,
                                .separate_nested_loops = false,
                                .specialises = false,
                                .compares_stack_pointer = false,
                                .orders_blocks = true};
inline constexpr Plan kOptPlan{.name = "opt",
                               .gcc_level = 3,
                               .counts = false,
                               .next = jobs::Tier::kOpt,
                               .registers_in_array = false,
                               .expects = true,
                               .inline_primitives = true,
                               .calls_itself_directly = true,
                               .floats = Floats::kMixed,
                               .separate_nested_loops = true,
                               .specialises = true,
                               .compares_stack_pointer = true,
                               .orders_blocks = false};

}  // namespace terrace::worker::emit
