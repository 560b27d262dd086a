// interp/loop.hpp: tier 0, the register bytecode interpreter, and the runtime functions that all tiers share.
#pragma once

#include "frame/vm_state.hpp"

namespace terrace::interp {

// The entry of every interpreted closure (frame/calling.hpp).
Value enter(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2);
// Goes on in the interpreter where compiled code left (frame/calling.hpp, rule 8).
Value resume(VmState* vm, Value callee, uint64_t pc, Value, Value, Value);
// The same where code was to be entered at the loop whose head is at `pc` and has no entries there; the engine is told.
Value go_on_in_loop(VmState* vm, Value callee, uint64_t pc, const Value* registers);
// Notes that compiled code of the callee was left, which the interpreter goes on at `pc`, for the reason in the leave word, if it was anyone's fault:
// in the feedback of the function, and against the code of the record.
void note_deopt(VmState* vm, Value callee, uint64_t pc, uint64_t record, uint64_t leave_word);
// Brings optional, rest and spread arguments into slots and enters the callee again (frame/calling.hpp, rule 3).
Value normalise(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2);
// The table that VmState::runtime points to.
const frame::Runtime* runtime_table();

}  // namespace terrace::interp
