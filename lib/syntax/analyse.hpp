// syntax/analyse.hpp: what is found out about a tree before code is made for it.
//
// Run in this order: find_placements, resolve.
#pragma once

#include "syntax/unit.hpp"

namespace terrace::syntax {

// tails.cpp: which local functions need no closure because every call of them returns to the same place: loops and join
// points.
void find_placements(Unit& unit, Lambda* top);

// resolve.cpp: which bytecode function holds each variable, what each closure captures, which call/ec are jumps.
void resolve(Unit& unit, Lambda* top);

}  // namespace terrace::syntax
