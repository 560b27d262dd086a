// frame/vm.hpp: one mutator: a heap, its symbols and globals, the dynamic state, and how C++ code raises and calls.
//
// Answers for: what primitives, reader, compiler, tiers and shim share. Not for: the interpreter loop (interp/), stacks and
// suspension (effect/), policy (tier/); those are reached through the function pointers in Hooks.
// Threads: one at a time, except where a member says so.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "frame/vm_state.hpp"

namespace terrace::frame {

enum class ErrorKind : uint8_t {
#define T_ERROR(name, sx_kind, text) k##name,
#include "frame/errors.def"
#undef T_ERROR
  kCount
};

// What rooms below frame/ put in, so that primitives need not include them.
struct Vm;
struct Hooks {
  // (perform op arg ...): finds a handler in the dynamic state, else suspends to the host. argv[0] is the operation.
  Value (*perform)(VmState* vm, const Value* args, uint64_t argc) = nullptr;
  // Calls a host function on the host's stack. `record` is Proto::native.
  Value (*host_call)(VmState* vm, void* record, const Value* args, uint64_t argc) = nullptr;
  // Answers a safepoint or a real stack overflow: kUnspecified or kUnwind.
  Value (*safepoint)(VmState* vm) = nullptr;
  // Compiles and runs source in this vm (load, eval). Answers the last form's value.
  Value (*eval)(VmState* vm, Value form) = nullptr;
  // The countdown of a closure's prototype ended.
  void (*tick)(VmState* vm, Value closure) = nullptr;
  // Compiled code of this closure was left in the middle, since something it took for granted does not hold. `record` is the engine's of
  // the function whose code that is: the closure's, or one that has it along. `pc` is the instruction of the closure's function.
  void (*deoptimised)(VmState* vm, Value closure, uintptr_t record, uint32_t pc) = nullptr;
  // The interpreter has finished a call of this closure, whose compiled code, or that which has it along, was left. `record` as above.
  void (*code_left)(VmState* vm, Value closure, uintptr_t record) = nullptr;
  // Compiled code of this closure was to be entered at a loop and has no entries there.
  void (*loop_entry_missing)(VmState* vm, Value closure) = nullptr;
  // Gives a prototype the engine's record of its function, if it has none.
  void (*adopt)(VmState* vm, value::Proto* proto) = nullptr;
  // Control primitives: jit-set-threshold! and the rest; `control` is a prims/jit number.
  Value (*control)(VmState* vm, uint32_t control, const Value* args, uint64_t argc) = nullptr;
  // A new Proto was made from bytecode: the engine may attach compiled code that already exists.
  void (*proto_made)(VmState* vm, value::Proto* proto) = nullptr;
  // A symbol was made, which may be the name of a global that the language defines: time to define it. Nobody can have asked
  // for the global before, since its name is what one asks with. May allocate, runs no code.
  void (*name_made)(VmState* vm, Value symbol) = nullptr;
  // Interns the names of all such globals.
  void (*meet_all)(VmState* vm) = nullptr;
  // Standard output of display and friends; null function: dropped.
  // False after raising.
  bool (*write)(VmState* vm, const char* data, size_t size) = nullptr;
};

// Why a safepoint was asked for: bits of Vm::requests.
enum Request : uint32_t {
  kRequestHeapLimit = 1,  // the heap has passed its limit: raise heap-limit
  kRequestInterrupt = 2,  // the host asked: yield
  kRequestCancel = 4,     // the host gave the computation up: unwind as kCancel
  kRequestFuel = 8,       // the computation may have used its fuel up
  kRequestSpent = 16,     // it has passed a limit for good: unwind, at every safepoint until it has ended
};

// One entry of the dynamic state: a handler of effects or errors, or a parameter binding.
struct DynamicEntry {
  // kMask and kErrorMask: a handler of effects, or of errors, is running; the key is the depth that searches for such
  // handlers go on from, as a fixnum.
  enum Kind : uint64_t { kHandler, kParameter, kEscapeTarget, kErrorHandler, kMask, kErrorMask } kind;
  Value key;    // operation symbol or Parameter; escape token as fixnum; of an error handler, true: its return declines
  Value value;  // handler function or bound value
};

// The string that was last found in a dict, and where, for who asks again: counting and caching look a key up and then store it. It is forgotten with
// every collection, before memory is used again, and when an entry is removed.
struct FoundText {
  Value entries{0};  // of the dict
  Value word{0};
  int64_t number = 0;
};

struct Vm {
  explicit Vm(const heap::HeapOptions& options, const Hooks& hooks);
  ~Vm();
  Vm(const Vm&) = delete;

  VmState state{};  // first: a VmState* is a Vm*
  heap::Heap heap;
  Hooks hooks;
  void* engine_side = nullptr;  // the engine's own record of this vm
  // The largest text, in bytes, that may be put together outside of the heap, and four times the largest integer.
  size_t outside_limit = size_t{256} << 20;
  uintptr_t stack_base_limit = 0;  // the true limit of the running stack, also while a safepoint is requested; 0 outside
  void* switchboard = nullptr;     // effect/ keeps its own record here
  std::atomic<uint32_t> requests{0};  // Request bits; any thread
  // Asks the running computation to call hooks.safepoint soon. Any thread. Who answers takes the bits and sets
  // state.stack_limit back to stack_base_limit.
  void request(uint32_t reasons);

  // The dynamic state of the running computation; effect/ swaps it when it switches.
  heap::RootedValues dynamic;  // three words an entry: kind as fixnum, key, value
  uint64_t next_token = 1;     // of escapes and parameters
  FoundText found_text;        // prims/dict_table.cpp

  // Interned by name; weak where a symbol has no global.
  Value intern(std::string_view name);
  Value keyword(std::string_view name);
  Value well_known(ErrorKind kind) const;  // symbol of an error kind
  value::Cell* cell_of(Value symbol);      // made on first use, unbound
  void define(std::string_view name, Value v);
  void define_macro(Value symbol, Value expander);
  static bool is_defined(Value symbol);  // whether its global has a value
  // Adds the symbol of every global that has a value.
  void collect_bound(heap::RootedValues& symbols);

  // Macros: symbol -> expander closure; a global definition of the name removes the macro.
  std::unordered_map<uint64_t, size_t> macro_index;  // symbol bits -> index into macros
  heap::RootedValues macros;
  bool has_aliases = false;            // an Alias was made: quoted data may hold some (frame/alias.hpp)
  std::shared_ptr<void> module_table;  // syntax/ keeps its modules here

 private:
  struct Names;
  std::unique_ptr<Names> names_;
};

inline Vm& vm_of(VmState* state) { return *reinterpret_cast<Vm*>(state); }
inline heap::Heap& heap_of(VmState* state) { return vm_of(state).heap; }

// --- making values (each may collect)
Value make_string(VmState* vm, std::string_view utf8);  // invalid UTF-8 becomes U+FFFD
Value make_float(VmState* vm, double d);
Value make_integer(VmState* vm, int64_t i);
Value make_natural(VmState* vm, uint64_t n);
Value make_list(VmState* vm, const Value* items, size_t n, Value tail = value::kNil);
Value list_of_vector(VmState* vm, const value::Vector* v, uint64_t start, uint64_t end);
std::string_view string_view_of(Value string);          // valid while the string is alive
std::string_view symbol_name(Value symbol_or_keyword);

// --- raising: each sets the pending unwind and answers kUnwind
Value raise(VmState* vm, Value payload);
[[gnu::format(printf, 3, 4)]] Value raise_error(VmState* vm, ErrorKind kind, const char* format, ...);
// With irritants (a list) for (error-irritants e); the message is used as it is.
Value raise_error_with(VmState* vm, ErrorKind kind, std::string_view message, Value irritants);
// "car: expected a pair, got 3": `who` is the primitive, `expected` with its article.
Value raise_type(VmState* vm, const char* who, const char* expected, Value got);
Value raise_not_function(VmState* vm, Value called);
Value raise_arity(VmState* vm, Value callee, uint64_t argc);
// The same for callees that are not bytecode: `max` < 0 means any number.
Value raise_arity_of(VmState* vm, std::string_view who, int min, int max, uint64_t argc);
// A value in a few words for messages: 3, "text", (1 2 ...), #<vector>. Never long, never raises.
std::string describe(Value v);
bool unwinding(const VmState* vm);
// The pending unwind as an object, and no longer pending; the runtime functions `caught` and `rethrow`.
Value take_unwind(VmState* vm);
Value put_unwind(VmState* vm, Value unwind_object);
void push_dynamic(VmState* vm, DynamicEntry::Kind kind, Value key, Value v);
// Cuts the dynamic state back to `depth` entries.
void restore_dynamic(VmState* vm, uint64_t depth);
// The depth of the dynamic state and that of the innermost guard in one fixnum, the first in the lower kMarkBits, and
// both back to what they were then.
inline constexpr int kMarkBits = 30;
inline Value dynamic_mark(const VmState* vm) {
  return value::make_fixnum(static_cast<int64_t>(vm->dynamic_depth | vm->guard_depth << kMarkBits));
}
inline uint64_t depth_of_mark(Value mark) {
  return static_cast<uint64_t>(value::fixnum_value(mark)) & ((uint64_t{1} << kMarkBits) - 1);
}
inline uint64_t guard_of_mark(Value mark) { return static_cast<uint64_t>(value::fixnum_value(mark)) >> kMarkBits; }
void restore_mark(VmState* vm, Value mark);
// Asks the handlers of errors about the pending one, which they may replace by another unwind. Later frames call it
// again while there is no room for a handler to run.
void signal(VmState* vm);
// Whether an error is pending whose handlers have not been asked.
bool is_unsignalled(const VmState* vm);
// The same for a value that is raised here; answers what a handler answers, or kUnwind.
Value raise_continuable(VmState* vm, Value condition);
// Adds "closure at pc" to the trace of the pending error; nothing for other unwinds. Long traces keep both ends.
void add_trace(VmState* vm, Value closure, uint32_t pc);
// The same for source that is not running yet: an entry without a function, (false source line column).
void add_place(VmState* vm, std::string_view source, uint32_t line, uint32_t column);
// Takes the pending error away; for C++ code that handles it. Precondition: unwind_kind == kError.
Value take_error(VmState* vm);

// --- calling SX functions from C++ on a computation's stack; the callee may suspend, which the caller does not notice
Value call(VmState* vm, Value function, const Value* args, uint64_t argc);
inline Value call1(VmState* vm, Value f, Value a) { return call(vm, f, &a, 1); }

// --- functions made by C++ (primitives, host functions, escapes)
Value make_native_function(VmState* vm, std::string_view name, value::NativeEntry entry, uint64_t expected, void* native,
                           uint32_t captures);

// Bytes of C stack left to the running computation; recursive C++ code (reader, printer, equal?) checks it.
size_t stack_left(const VmState* vm);
// Raises stack-overflow when less than `need` is left.
bool ensure_stack(VmState* vm, const char* who, size_t need = 16384);

}  // namespace terrace::frame
