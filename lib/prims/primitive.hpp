// prims/primitive.hpp: the table of primitives and the shape of one.
//
// Answers for: looking primitives up by name and number. Not for: what they do (one .cpp per family).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "frame/vm.hpp"

namespace terrace::prims {

// Arguments are checked for number before the call, for type by the primitive. `args` may point into a register file or
// a native stack: a primitive never writes through it. Answers a Value, or kUnwind with the error pending.
using PrimitiveFunction = Value (*)(VmState* vm, const Value* args, uint64_t argc);

// What a primitive may do, for the optimiser. Any primitive may raise, and may allocate its answer.
enum class Effect : uint8_t {
  kPure,   // the answer depends on the arguments only, and on nothing that can change
  kRead,   // reads what can change
  kAlloc,  // makes a fresh object: two calls never give the same one
  kWrite,  // changes an argument or the vm, without running SX code
  kCall,   // may run SX code, suspend, or unwind to anywhere
  kTail,   // its closure's entry ends in a tail call: the compiler calls its global and never uses a Prim instruction
};

struct Primitive {
  std::string_view name;
  PrimitiveFunction function;
  int16_t min_args;
  int16_t max_args;  // -1: any number
  Effect effect;
  std::string_view signature;  // "(list any) -> list" as shown to people
  std::string_view text;       // one sentence
};

enum class Id : uint16_t {
#define T_PRIM(id, name, min, max, effect, signature, text) k_##id,
#include "prims/prims.def"
#undef T_PRIM
  kCount
};

extern const Primitive kPrimitives[static_cast<size_t>(Id::kCount)];
inline std::span<const Primitive> all() { return kPrimitives; }
// Number of the primitive of that name, or -1.
int find(std::string_view name);
// Whether a Prim instruction may stand for a call of that primitive with so many arguments.
bool accepts(uint32_t number, uint32_t argc);
bool is_function_of(Value function, Id id);
// The global that holds the primitive for code whose meaning no program may change: one of its own, of a name that programs
// do not use, so that whoever defines the primitive's name anew does not reach it.
value::Cell* core_cell(VmState* vm, Id id);
inline constexpr std::string_view kCorePrefix = "%core/";  // of those names
// Defines the primitive of that name as a global function of the vm; false when there is none. For Hooks::name_made, so
// that a vm makes the functions of those primitives only whose names it meets.
bool provide(VmState* vm, std::string_view name);
// Defines every primitive whose name has no value: all that nobody has met yet.
void install(VmState* vm);

#define T_PRIM(id, name, min, max, effect, signature, text) \
  Value prim_##id(VmState* vm, const Value* args, uint64_t argc);
#include "prims/prims.def"
#undef T_PRIM

}  // namespace terrace::prims
