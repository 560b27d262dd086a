// frame/calling.hpp: how every tier, primitive and host function is entered.
//
// Answers for: the meaning of NativeEntry's arguments. Not for: how each tier implements it.
//
//   Value entry(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2)
//
// 1. Arguments 0..2 are a0..a2, argument i >= 3 is vm->xargs[i - 3]. A callee reads xargs before it does anything else, for any
//    other call overwrites them. Unused argument registers hold anything.
// 2. `callee` is the Closure being called (tag 5).
// 3. argc is the number of arguments. A callee takes its fast path when argc == FunctionCode::expected_argc(); otherwise it
//    tail-calls vm->runtime->normalise, which raises an arity error, or brings optional, keyword and rest parameters into slots and
//    tail-calls the entry again with argc == expected. For a function without such parameters expected is
//    its parameter count; for others it has kNormalised set, so that it never equals a plain count.
// 4. argc with kSpread set: the last of the arguments is a list to be spread (apply); normalise handles it.
// 5. argc == kEnterLoop: not a call but an entry in the middle (on-stack replacement): a0 is the pc (a plain integer) of a Loop
//    target, a1 the address of the interpreter's registers of this frame, which the callee copies before anything else.
//    Only base and opt code that has that loop is entered so. Code without entries at loops passes it on to normalise, which goes on
//    in the interpreter and tells the engine.
// 6. The result is a Value, or kUnwind with the reason pending in the vm. Every caller checks.
// 7. Compiled code saves nothing but what the System V ABI asks for. The x87 and SSE control words are the default ones.
// 8. Compiled code that meets a value it was not compiled for leaves by a tail call of vm->runtime->resume: callee is its closure, argc the pc
//    of an instruction since whose beginning nothing was done that anyone can tell, a0 the engine's record of the function whose code was
//    left (its own, or one that had it along), a1 a leave_word, and its registers stand in vm->xargs. The interpreter goes on there.
#pragma once

#include <cstdint>

namespace terrace::frame {

inline constexpr int kRegisterArguments = 3;
inline constexpr int kMaxXargs = 256;
inline constexpr uint64_t kNormalised = uint64_t{1} << 16;
inline constexpr uint64_t kSpread = uint64_t{1} << 17;
inline constexpr uint64_t kEnterLoop = uint64_t{1} << 18;
inline constexpr uint64_t kArgcMask = 0xFFFF;

// Why compiled code was left: an instruction expected something else; what the loop that begins there takes for granted of values, of how far it
// counts, of the size of arguments, or that its turns begin with doubles or integers; a vector of doubles that has holes; the result that the instruction before
// has written; or no fault of its own: an index is outside, which is an error in every tier, what it called was left, a global that it relies on may
// have changed, or somebody asks for a safepoint.
enum class LeaveCause : uint64_t { kInstruction, kBeforeLoop, kBeforeCounting, kNotSmall, kNotCarried, kHoles, kResult, kOutside, kAlong };
// `subject` is the pc that the cause is about where that need not be the one to go on at: of the instruction, or for kBeforeCounting and kNotSmall
// where the loop's counter is added to.
constexpr uint64_t leave_word(LeaveCause cause, uint32_t subject) { return static_cast<uint64_t>(cause) | uint64_t{subject} << 8; }
constexpr LeaveCause cause_in(uint64_t leave_word) { return static_cast<LeaveCause>(leave_word & 0xFF); }
constexpr uint32_t subject_in(uint64_t leave_word) { return static_cast<uint32_t>(leave_word >> 8); }

// What code takes for granted of a record type: how many fields it has, below 2^24, and which of the first are words in new records.
struct TypeShape {
  static constexpr uint32_t kMostFieldsOfType = (1u << 24) - 1;
  uint32_t least = 0, most = kMostFieldsOfType;
  uint8_t words = 0;
};
constexpr uint64_t shape_word(TypeShape shape) { return shape.least | uint64_t{shape.most} << 24 | uint64_t{shape.words} << 48; }
constexpr TypeShape shape_in(uint64_t shape_word) {
  return {static_cast<uint32_t>(shape_word & TypeShape::kMostFieldsOfType), static_cast<uint32_t>(shape_word >> 24 & TypeShape::kMostFieldsOfType),
          static_cast<uint8_t>(shape_word >> 48)};
}

// What a call takes off Proto::countdown in the interpreter, unless VmState::call_weight says otherwise; a loop's back-edge, and a call or
// back-edge in compiled code, takes one.
inline constexpr int32_t kCallWeight = 64;

}  // namespace terrace::frame
