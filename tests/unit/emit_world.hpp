// tests/unit/emit_world.hpp: what hand-made bytecode runs in once it is compiled, for the tests of the emitter.
//
// Answers for: objects as plain memory, runtime functions that count their calls, putting functions together, compiling and calling them. The
// world is small on purpose, so that each test sees which runtime function was called; the real one meets compiled code in the corpus.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>

#include "bytecode/encoding.hpp"
#include "bytecode/op_info.hpp"
#include "check.hpp"
#include "frame/vm_state.hpp"
#include "native/loader.hpp"
#include "prims/primitive.hpp"
#include "worker/compile.hpp"

namespace terrace::emit_world {

using namespace value;
using bytecode::Instr;
using bytecode::Op;
using worker::Tier;

// --- a small world

inline VmState g_vm;
inline frame::Runtime g_runtime;
inline std::map<std::string, int> g_calls;  // of runtime functions, by name
inline std::vector<uint64_t> g_trace;       // pcs an unwind passed
inline Value (*g_check)() = nullptr;        // what a safepoint does
inline void (*g_tick)(Proto*) = nullptr;    // what the policy does
alignas(16) inline char g_pairs[1 << 16];

template <class T>
T* make(Type type, size_t extra = 0) {
  size_t bytes = (sizeof(T) + extra + 15) & ~size_t{15};
  // A chunk of its own, for its card. Mapped, not from malloc, which may fill all of it where only the first pages are used.
  void* room = mmap(nullptr, 2 * heap::kChunkBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_true(room != MAP_FAILED);
  auto aligned = (reinterpret_cast<uintptr_t>(room) + heap::kChunkBytes - 1) & ~(heap::kChunkBytes - 1);
  auto* object = reinterpret_cast<T*>(aligned);
  object->type = type;
  object->granules = static_cast<uint32_t>(bytes >> 4);
  // The object lies behind the card table of its chunk.
  auto* moved = reinterpret_cast<T*>(reinterpret_cast<char*>(object) + 4096);
  std::memcpy(static_cast<void*>(moved), static_cast<void*>(object), bytes);
  std::memset(static_cast<void*>(object), 0, 4096);
  return moved;
}

inline Value string(std::string_view text) {
  auto* s = make<String>(Type::kString, text.size() + 1);
  s->bytes = s->length = static_cast<uint32_t>(text.size());
  std::memcpy(s->data, text.data(), text.size());
  return from_object(s);
}

inline Cell* cell(std::string_view name, Value v = kUnbound) {
  auto* symbol = make<Symbol>(Type::kSymbol);
  symbol->name = string(name);
  auto* c = make<Cell>(Type::kCell);
  c->value = v;
  c->name = from_object(symbol);
  return c;
}

inline Value vector(std::initializer_list<Value> items) {
  auto* v = make<Vector>(Type::kVector, items.size() * 8);
  v->length = items.size();
  std::copy(items.begin(), items.end(), words_of(v));
  return from_object(v);
}

inline Value real(double d) {
  Value v;
  if (encode_float(d, &v)) return v;
  auto* box = make<Flonum>(Type::kFlonum);
  box->number = d;
  return from_object(box);
}
inline Value fix(int64_t i) { return make_fixnum(i); }
constexpr Value kBig = make_char('B');  // stands for a bignum

inline Value raise(Value v) {
  g_vm.unwind_kind = frame::UnwindKind::kError;
  g_vm.unwind_value = v;
  return kUnwind;
}

// --- a small runtime: every function counts its calls

#define COUNTED(name) g_calls[name]++

template <class F, class G>
inline Value arithmetic(const char* name, Value a, Value b, F exact, G inexact) {
  COUNTED(name);
  bool numbers = (is_fixnum(a) || is_float(a)) && (is_fixnum(b) || is_float(b));
  if (!numbers) return raise(make_char('T'));
  if (is_fixnum(a) && is_fixnum(b))
    return exact(static_cast<__int128>(fixnum_value(a)), static_cast<__int128>(fixnum_value(b)));
  double x = is_fixnum(a) ? static_cast<double>(fixnum_value(a)) : float_value(a);
  double y = is_fixnum(b) ? static_cast<double>(fixnum_value(b)) : float_value(b);
  return inexact(x, y);
}
inline Value integer(__int128 i) { return i >= kFixnumMin && i <= kFixnumMax ? fix(static_cast<int64_t>(i)) : kBig; }

inline Value rt_add(VmState*, Value a, Value b) {
  return arithmetic(
      "add", a, b, [](auto x, auto y) { return integer(x + y); }, [](double x, double y) { return real(x + y); });
}
inline Value rt_sub(VmState*, Value a, Value b) {
  return arithmetic(
      "sub", a, b, [](auto x, auto y) { return integer(x - y); }, [](double x, double y) { return real(x - y); });
}
inline Value rt_mul(VmState*, Value a, Value b) {
  return arithmetic(
      "mul", a, b, [](auto x, auto y) { return integer(x * y); }, [](double x, double y) { return real(x * y); });
}
inline Value rt_div(VmState*, Value a, Value b) {
  return arithmetic(
      "div", a, b,
      [](auto x, auto y) { return y == 0       ? raise(make_char('0'))
                                  : x % y == 0 ? integer(x / y)
                                               : make_char('R'); },
      [](double x, double y) { return real(x / y); });
}
inline Value rt_quotient(VmState*, Value a, Value b) {
  return arithmetic(
      "quotient", a, b, [](auto x, auto y) { return y == 0 ? raise(make_char('0')) : integer(x / y); },
      [](double x, double y) { return real(std::trunc(x / y)); });
}
inline Value rt_remainder(VmState*, Value a, Value b) {
  return arithmetic(
      "remainder", a, b, [](auto x, auto y) { return y == 0 ? raise(make_char('0')) : integer(x % y); },
      [](double x, double y) { return real(std::fmod(x, y)); });
}
inline Value rt_modulo(VmState*, Value a, Value b) {
  return arithmetic(
      "modulo", a, b,
      [](auto x, auto y) {
        if (y == 0) return raise(make_char('0'));
        auto r = x % y;
        return integer(r != 0 && (r < 0) != (y < 0) ? r + y : r);
      },
      [](double x, double y) { return real(x - y * std::floor(x / y)); });
}
inline Value rt_num_eq(VmState*, Value a, Value b) {
  return arithmetic(
      "num_eq", a, b, [](auto x, auto y) { return make_bool(x == y); },
      [](double x, double y) { return make_bool(x == y); });
}
inline Value rt_num_lt(VmState*, Value a, Value b) {
  return arithmetic(
      "num_lt", a, b, [](auto x, auto y) { return make_bool(x < y); },
      [](double x, double y) { return make_bool(x < y); });
}
inline Value rt_num_le(VmState*, Value a, Value b) {
  return arithmetic(
      "num_le", a, b, [](auto x, auto y) { return make_bool(x <= y); },
      [](double x, double y) { return make_bool(x <= y); });
}
inline Value rt_box_u64(VmState*, uint64_t n) {
  COUNTED("box_u64");
  return value::make_fixnum(static_cast<int64_t>(n));
}
inline Value rt_box_float(VmState*, uint64_t bits) {
  COUNTED("box_float");
  return real(std::bit_cast<double>(bits));
}
inline Value rt_cons(VmState*, Value a, Value b) {
  COUNTED("cons");
  g_vm.window.pair_next = g_pairs;
  g_vm.window.pair_limit = g_pairs + sizeof(g_pairs);
  auto* pair = reinterpret_cast<Pair*>(g_vm.window.pair_next);
  g_vm.window.pair_next += sizeof(Pair);
  *pair = Pair{a, b};
  return from_pair(pair);
}
inline Value rt_make_box(VmState*, Value v) {
  COUNTED("make_box");
  auto* box = make<Box>(Type::kBox);
  box->value = v;
  return from_object(box);
}
inline Value rt_make_closure(VmState*, Value maker, uint64_t k) {
  COUNTED("make_closure");
  auto* closure = make<Closure>(Type::kClosure, 64);
  closure->proto = as<Proto>(as_closure(maker)->proto->constant[k]);
  return from_closure(closure);
}
inline Value rt_make_record(VmState*, Value type, const Value* parts, uint64_t shape) {
  COUNTED("make_record");
  const uint64_t count = shape & 0xFF;
  auto* record = make<Record>(Type::kRecord, 8 * record_words(count));
  record->aux = as<RecordType>(type)->number();
  for (uint64_t n = 0; n < count; n++)
    record->field[n] = (shape >> (8 + n) & 1 ? rt_box_float(nullptr, parts[n].bits) : parts[n]).bits;
  return from_object(record);
}
inline Value rt_bad_car(VmState*, Value v) { return COUNTED("bad_car"), raise(v); }
inline Value rt_bad_cdr(VmState*, Value v) { return COUNTED("bad_cdr"), raise(v); }
inline Value rt_unbound(VmState*, Value c) { return COUNTED("unbound"), raise(as<Cell>(c)->name); }
inline Value rt_vector_ref(VmState*, Value, Value n) { return COUNTED("vector_ref"), raise(n); }
inline Value rt_vector_set(VmState*, Value, Value n, Value) { return COUNTED("vector_set"), raise(n); }
inline Value rt_f64_ref(VmState*, Value, Value n) { return COUNTED("f64_ref"), raise(n); }
inline Value rt_f64_set(VmState*, Value, Value n, Value) { return COUNTED("f64_set"), raise(n); }
inline Value rt_bytes_ref(VmState*, Value, Value n) { return COUNTED("bytes_ref"), raise(n); }
inline Value rt_bytes_set(VmState*, Value, Value n, Value) { return COUNTED("bytes_set"), raise(n); }
inline uint64_t rt_settle(VmState*, Value, uint64_t) { return COUNTED("settle"), 0; }
inline uint64_t rt_full(VmState*, Value) { return COUNTED("full"), 0; }
inline Value rt_global_set(VmState*, Value c, Value v) {
  COUNTED("global_set");
  if (as<Cell>(c)->value == kUnbound) return raise(as<Cell>(c)->name);
  as<Cell>(c)->value = v;
  return kUnspecified;
}
inline Value rt_global_define(VmState*, Value c, Value v) {
  COUNTED("global_define");
  as<Cell>(c)->value = v;
  return kUnspecified;
}
// "Primitive" n answers n plus the sum of its fixnum arguments; anything else raises it.
inline Value rt_prim(VmState*, const Value* args, uint64_t count, uint64_t number) {
  COUNTED("prim");
  int64_t sum = static_cast<int64_t>(number);
  for (uint64_t n = 0; n < count; n++) {
    if (!is_fixnum(args[n])) return raise(args[n]);
    sum += fixnum_value(args[n]);
  }
  return fix(sum);
}
// As the interpreter's, for calls of a function by itself.
inline Value rt_watch(VmState*, Value caller, uint64_t pc, uint64_t, uint64_t) {
  COUNTED("watch");
  const Proto* proto = as_closure(caller)->proto;
  const Value held = as<Cell>(proto->constant[proto->code[pc].b])->value;
  return is_function(held) && as_closure(held)->proto == proto ? held : kFalse;
}
inline Value rt_watch_type(VmState*, Value closure, uint64_t pc, uint64_t, uint64_t) {
  COUNTED("watch_type");
  const Proto* proto = as_closure(closure)->proto;
  const Value held = as<Cell>(proto->constant[proto->code[pc].b])->value;
  return is_type(held, Type::kRecordType) ? held : kFalse;
}
inline Value rt_link(VmState*, Value closure, const Value* values, uint64_t count) {
  COUNTED("link");
  auto* links = make<Vector>(Type::kVector, 16 * count);
  links->length = 2 * count;
  std::copy_n(values, count, words_of(links));
  for (uint64_t n = 0; n < count; n++)
    if (is_type(values[n], Type::kRecordType)) links->slot[count + n] = uint64_t{as<RecordType>(values[n])->new_header} << 32;
  as_closure(closure)->proto->links = from_object(links);
  return kUnspecified;
}
inline uint64_t rt_left(VmState*, Value, uint64_t, uint64_t) { return COUNTED("left"), 0; }
inline Value rt_not_function(VmState*, Value v) { return COUNTED("not_function"), raise(v); }
inline Value rt_check(VmState*) {
  COUNTED("check");
  return g_check ? g_check() : kUnspecified;
}
inline uint64_t rt_tick(VmState*, Value closure) {
  COUNTED("tick");
  as_closure(closure)->proto->countdown = 1000;
  if (g_tick) g_tick(as_closure(closure)->proto);
  return 0;
}
inline Value rt_caught(VmState*, Value depth) {
  COUNTED("caught");
  g_vm.dynamic_depth = static_cast<uint64_t>(fixnum_value(depth));
  g_vm.unwind_kind = frame::UnwindKind::kNone;
  return g_vm.unwind_value;
}
inline Value rt_rethrow(VmState*, Value v) { return COUNTED("rethrow"), raise(v); }
inline uint64_t rt_trace(VmState*, Value, uint64_t pc) { return g_trace.push_back(pc), 0; }

inline Value g_normalised[6];
inline Value rt_normalise(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2) {
  COUNTED("normalise");
  g_normalised[0] = callee;
  g_normalised[1] = Value{argc};
  g_normalised[2] = a0;
  g_normalised[3] = a1;
  g_normalised[4] = a2;
  g_normalised[5] = vm->xargs[0];
  return make_char('N');
}

// Stands for the interpreter: does the instruction when it is a load from an f64 vector, which raises, else tells where it was asked to
// go on and with what.
inline uint64_t g_resumed_at, g_left_at;  // where the interpreter goes on, and whose fault it was
inline Value g_resumed_with[4];
inline Value rt_resume(VmState* vm, Value callee, uint64_t pc, Value, Value why, Value) {
  COUNTED("resume");
  g_resumed_at = pc;
  g_left_at = frame::subject_in(why.bits);
  std::copy(vm->xargs, vm->xargs + 4, g_resumed_with);
  Instr i = as_closure(callee)->proto->code[pc];
  if (bytecode::op_of(i) == Op::kF64Ref) return rt_f64_ref(vm, vm->xargs[i.b], vm->xargs[i.c]);
  return make_char('R');
}

inline void reset() {
  g_calls.clear();
  g_trace.clear();
  g_check = nullptr;
  g_tick = nullptr;
  std::memset(static_cast<void*>(&g_vm), 0, sizeof(g_vm));
  g_vm.runtime = &g_runtime;
  g_vm.epoch = 7;
#define T_RUNTIME(name, result, parameters, effect, text) g_runtime.name = rt_##name;
#include "frame/runtime.def"
#undef T_RUNTIME
  g_runtime.normalise = rt_normalise;
  g_runtime.resume = rt_resume;
}

// --- functions

// Instructions with a, b, c, x in the order of the format; jumps are given by target.
class Code {
 public:
  Code(std::string name, uint16_t required, uint16_t registers) {
    code.name = std::move(name);
    code.required = required;
    code.register_count = registers;
  }
  // Arithmetic has seen everything, so that all its inline cases are there; `seen` says otherwise.
  Code& op(Op o, int a = 0, int b = 0, int c = 0, int x = 0) {
    if (bytecode::takes_feedback(o)) x = bytecode::kSawOther;
    code.code.push_back(Instr{static_cast<uint8_t>(o), static_cast<uint8_t>(x), static_cast<uint16_t>(a),
                              static_cast<uint16_t>(b), static_cast<uint16_t>(c)});
    return *this;
  }
  Code& seen(uint8_t what) {
    code.code.back().x = what;
    return *this;
  }
  Code& jump(Op o, int target, int a = 0, int b = 0) {
    op(o, a, b);
    set_jump_distance(code.code.back(), target - static_cast<int>(code.code.size()));
    return *this;
  }
  int data(Value v) { return constant(bytecode::ConstantKind::kData, v); }
  int global(Cell* c) { return constant(bytecode::ConstantKind::kGlobal, from_object(c)); }
  int function(Proto* p) { return constant(bytecode::ConstantKind::kFunction, from_object(p)); }
  Code& handler(uint32_t start, uint32_t end, uint32_t at) {
    code.handlers.push_back({start, end, at});
    return *this;
  }
  Proto* proto() {
    auto* p = make<Proto>(Type::kProto, constants.size() * 8);
    p->function = &code;
    p->code = code.code.data();
    p->expected = code.expected_argc();
    p->countdown = 1000;
    p->constant_count = static_cast<uint32_t>(constants.size());
    std::copy(constants.begin(), constants.end(), p->constant);
    bytecode::compute_hash(p);
    if (!takes_for_granted)
      for (uint32_t pc = 0; pc < code.code.size(); pc++) code.left_at.add(pc, code.code.size());
    return p;
  }
  // Nothing was left yet: opt code is written for what is usual, and left otherwise.
  Code& usual() {
    takes_for_granted = true;
    return *this;
  }

  bytecode::FunctionCode code;
  std::vector<Value> constants;
  bool takes_for_granted = false;

 private:
  int constant(bytecode::ConstantKind kind, Value v) {
    code.constants.push_back(kind);
    constants.push_back(v);
    return static_cast<int>(constants.size()) - 1;
  }
};

inline std::vector<uint8_t> bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// For people: TERRACE_DUMP names a directory for what the compiler was given and what came out.
inline void dump(const std::vector<worker::Job>& jobs, Tier tier) {
  const char* directory = std::getenv("TERRACE_DUMP");
  static int number = 0;
  std::string error, name = std::to_string(number++) + (tier == Tier::kOpt ? "-opt" : "-base");
  if (directory) worker::dump_batch(jobs, tier, std::string(directory) + "/" + name, &error);
}

inline uintptr_t record_at(std::string_view symbol) {
  bytecode::Hash hash;
  return bytecode::parse_record_symbol(symbol, &hash) ? 1 : 0;
}

// Compiles all protos as one batch and sets their entries.
inline void install(std::initializer_list<Proto*> protos, Tier tier, bool enters_loops = true) {
  std::vector<worker::Job> jobs;
  std::vector<std::string> symbols;
  for (Proto* proto : protos) {
    symbols.push_back("t_" + std::to_string(jobs.size()));
    worker::Job& job = jobs.emplace_back();
    job.symbol = symbols.back();
    bytecode::note_record_types(proto);
    job.encoding = bytecode::encode(proto);
    job.enters_loops = enters_loops;
  }
  dump(jobs, tier);
  std::string path = "/tmp/terrace-emit-" + std::to_string(getpid()) + ".o", error;
  bool compiled = worker::compile_batch(jobs, tier, path, &error);
  native::LoadedObject loaded;
  if (compiled) compiled = native::load(bytes_of(path), symbols, record_at, &loaded, &error) == observe::Reason::kNone;
  if (!compiled) print_message("# %s\n", error.c_str());
  assert_true(compiled);
  unlink(path.c_str());
  size_t n = 0;
  for (Proto* proto : protos) proto->entry = reinterpret_cast<NativeEntry>(loaded.entries[n++]);
}

inline Value closure_of(Proto* proto, std::initializer_list<Value> captures = {}) {
  auto* closure = make<Closure>(Type::kClosure, captures.size() * 8);
  closure->proto = proto;
  std::copy(captures.begin(), captures.end(), closure->capture);
  return from_closure(closure);
}

inline Value call(Value f, std::initializer_list<Value> arguments) {
  Value first[3] = {};
  size_t n = 0;
  for (Value v : arguments) {
    if (n < 3)
      first[n] = v;
    else
      g_vm.xargs[n - 3] = v;
    n++;
  }
  return as_closure(f)->proto->entry(&g_vm, f, n, first[0], first[1], first[2]);
}

inline void assert_value(Value got, Value expected) {
  if (is_float(got) && is_float(expected)) {
    assert_int_equal(std::bit_cast<uint64_t>(float_value(got)), std::bit_cast<uint64_t>(float_value(expected)));
    return;
  }
  assert_int_equal(got.bits, expected.bits);
}

constexpr Tier kTiers[] = {Tier::kBase, Tier::kOpt};

#define FOR_EACH_TIER for (Tier tier : kTiers)

inline void write_fib(Code& f, Cell* self) {
  int k = f.global(self);
  f.jump(Op::kJumpNotLtImm, 2, 0, 2).op(Op::kReturn, 0);
  f.op(Op::kAddImm, 2, 0, static_cast<uint16_t>(-1)).op(Op::kCallGlobal, 1, k, 1, 1);
  f.op(Op::kAddImm, 3, 0, static_cast<uint16_t>(-2)).op(Op::kCallGlobal, 2, k, 2, 1);
  f.op(Op::kAdd, 1, 1, 2).op(Op::kReturn, 1);
}

}  // namespace terrace::emit_world
