// shim/hazards.hpp: what each thread's call uses at the moment, said without a locked instruction.
//
// Answers for: one cell for each thread, in which a call names the slot it uses, and the question of who ends a slot whether any cell names it.
// This is the scheme of hazard pointers (M. Michael, 2004) with the fence on one side only: who uses a slot writes its cell and then reads
// the slot's state; who ends one changes the state, asks the system to have every thread of the process pass a fence (membarrier), and then
// reads the cells. So either the first sees that the slot has ended, or the second sees the cell.
//
// Invariants:
//  1. A cell is written by its own thread alone, names one slot at most, and is never freed; one that belongs to no thread names none.
//  2. Where the system has no such fence no thread gets a cell, and calls count in the slot instead (Pin).
#pragma once

#include <atomic>

#include "slots.hpp"

namespace terrace::shim::hazards {

struct Hazard {
  std::atomic<const Slot*> slot{nullptr};
  std::atomic<bool> is_taken{false};
  Hazard* next = nullptr;
};

// This thread's cell; before it has one, or when it can have none, one that is in use for ever.
extern constinit thread_local Hazard* of_this_thread;

// The cell of a thread that has none yet; null when it can have none, or its own is in use, as it is in a call inside of a call.
Hazard* take() noexcept;

// Whether a call may be using the slot, whose state says that it has ended. Also true when that cannot be known.
bool may_name(const Slot* slot) noexcept;

}  // namespace terrace::shim::hazards
