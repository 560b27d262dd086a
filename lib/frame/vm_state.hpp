// frame/vm_state.hpp: the part of a vm that generated code sees, and the table of functions it may call.
//
// Answers for: fields and offsets that compiled code bakes in. Not for: what a vm owns besides (frame/vm.hpp).
// Invariant: standard layout; the first fields are the hot ones, so that they are reached with 8-bit displacements.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "frame/calling.hpp"
#include "heap/heap.hpp"
#include "value/objects.hpp"

namespace terrace::frame {

struct VmState;

// Pointers to the functions of runtime.def, then the two entries that follow the calling convention.
struct Runtime {
#define V Value
#define W uint64_t
#define P const Value*
#define T_UNPAREN(...) __VA_OPT__(, ) __VA_ARGS__
#define T_RUNTIME(name, result, parameters, effect, text) result (*name)(VmState * vm T_UNPAREN parameters);
#include "frame/runtime.def"
#undef T_RUNTIME
#undef T_UNPAREN
#undef V
#undef W
#undef P
  value::NativeEntry normalise;     // see calling.hpp, rule 3
  value::NativeEntry interp_entry;  // enters an interpreted closure
  value::NativeEntry resume;        // leaves compiled code in the middle; see calling.hpp, rule 8
};

// Number of each runtime function in the table, for the worker.
enum class RuntimeIndex : uint32_t {
#define T_RUNTIME(name, result, parameters, effect, text) k_##name,
#include "frame/runtime.def"
#undef T_RUNTIME
  k_normalise,
  k_interp_entry,
  k_resume,
  kCount
};
static_assert(sizeof(Runtime) == sizeof(void*) * static_cast<size_t>(RuntimeIndex::kCount));

enum class UnwindKind : uint64_t { kNone, kError, kEscape, kCancel };

// Where an interpreted call goes on when its callee returns. The callee's closure is at base[-1] of the callee's frame.
struct Link {
  const bytecode::Instr* pc;  // null: the frame was entered from native code, leave the loop
  Value* base;
};

struct VmState {
  // The C stack of the running computation must not go below this. UINTPTR_MAX asks for a safepoint: the one compare that
  // functions and loop heads make serves both.
  std::atomic<uintptr_t> stack_limit;
  const Runtime* runtime;
  heap::AllocWindow window;
  const Value* record_types;  // by number, see heap/record_types.hpp
  uint64_t dynamic_depth;  // entries on the dynamic state stack of the running computation
  uint64_t guard_depth;    // how many there were when the innermost running guard began
  uint32_t epoch;          // grows with every entry from the host; closures called since carry it in Proto::stamp
  int32_t call_weight;     // what a call takes off Proto::countdown in the interpreter
  uint64_t watch_epoch;    // grows whenever a watched global gets another value (frame/globals.hpp); below 2^32

  // A pending unwind: set before kUnwind is answered, taken by a handler or by the entry from the host.
  UnwindKind unwind_kind;
  uint64_t unwind_token;
  Value unwind_value;

  // A tail call that the interpreter loop asks its wrapper to make (kTailCallOut).
  Value tail_callee;
  uint64_t tail_argc;
  Value tail_args[3];

  // The registers of interpreted frames: grows up, checked at every interpreted call.
  Value* register_top;
  Value* register_limit;
  Link* link_top;
  Link* link_limit;

  // What a variant (worker/emit/program.hpp) has to answer instead of what it was compiled to answer, for whoever called it, who takes it at once:
  // a word, kUnwind, or kLeft; else kUnbound.
  Value returned;
  Value xargs[kMaxXargs];
};

}  // namespace terrace::frame
namespace terrace {
using frame::VmState;
}
