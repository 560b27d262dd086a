// effect/switch.hpp: from one stack to another.
//
// Answers for: the registers that a function must leave as they were, and nothing else. Both sides run with the default floating-point
// control words (engine/entry.cpp sees to that), so these stay as they are: saving and loading them at every switch, as Boost.Context
// does, costs twice as much as all the rest. x86-64, System V calling convention.
#pragma once

namespace terrace::effect {

// What comes with a switch: the place where the other side stands now, and what it brings.
struct Arrival {
  void* from;
  void* data;
};

extern "C" {
// Leaves this stack where it is and goes on where `to` stands; answers when somebody switches back.
Arrival terrace_switch_stack(void* to, void* data);
}
// A place at the top of an unused stack from which `entry`, which never returns, begins with the first switch to it.
void* prepare_stack(void* top, void (*entry)(Arrival));

}  // namespace terrace::effect
