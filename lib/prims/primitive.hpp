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

std::span<const Primitive> all();
// Number of the primitive of that name, or -1.
int find(std::string_view name);
// Whether a Prim instruction may stand for a call of that primitive with so many arguments.
bool accepts(uint32_t number, uint32_t argc);
// A function of the vm that is the primitive; kUnwind when there is no memory.
Value make_function(VmState* vm, Id id);
// Defines every primitive as a global function of the vm.
void install(VmState* vm);

#define T_PRIM(id, name, min, max, effect, signature, text) \
  Value prim_##id(VmState* vm, const Value* args, uint64_t argc);
#include "prims/prims.def"
#undef T_PRIM

}  // namespace terrace::prims
