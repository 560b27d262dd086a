// interp/runtime.cpp: the functions of frame/runtime.def, which the interpreter and compiled code share.
//
// Answers for: slow paths with all checks. One function per line of the table; forgetting one does not build.
#include "bytecode/code.hpp"
#include "frame/globals.hpp"
#include "frame/number.hpp"
#include "frame/records.hpp"
#include "frame/vm.hpp"
#include "heap/vector.hpp"
#include "interp/loop.hpp"
#include "prims/build.hpp"
#include "prims/primitive.hpp"

namespace terrace::interp {
namespace {

using namespace value;
using frame::vm_of;

// Base code does fixnums inline and nothing else, so floats come here often: they are asked for first.
bool both_floats(Value a, Value b) { return is_flonum_immediate(a) && is_flonum_immediate(b); }

#define FLOATS_FIRST(name, operation)                                                                          \
  Value runtime_##name(VmState* vm, Value a, Value b) {                                                        \
    Value out;                                                                                                 \
    if (both_floats(a, b) && encode_float(decode_float(a) operation decode_float(b), &out)) [[likely]]         \
      return out;                                                                                              \
    return frame::number::name(vm, a, b);                                                                      \
  }
#define FLOATS_COMPARED_FIRST(name, operation)                                                                 \
  Value runtime_##name(VmState* vm, Value a, Value b) {                                                        \
    if (both_floats(a, b)) [[likely]]                                                                          \
      return make_bool(decode_float(a) operation decode_float(b));                                             \
    return frame::number::name(vm, a, b);                                                                      \
  }
FLOATS_FIRST(add, +)
FLOATS_FIRST(sub, -)
FLOATS_FIRST(mul, *)
FLOATS_FIRST(div, /)
FLOATS_COMPARED_FIRST(num_eq, ==)
FLOATS_COMPARED_FIRST(num_lt, <)
FLOATS_COMPARED_FIRST(num_le, <=)
#undef FLOATS_FIRST
#undef FLOATS_COMPARED_FIRST

Value runtime_quotient(VmState* vm, Value a, Value b) { return frame::number::quotient(vm, a, b); }
Value runtime_remainder(VmState* vm, Value a, Value b) { return frame::number::remainder(vm, a, b); }
Value runtime_modulo(VmState* vm, Value a, Value b) { return frame::number::modulo(vm, a, b); }

Value runtime_box_float(VmState* vm, uint64_t bits) { return frame::make_float(vm, std::bit_cast<double>(bits)); }
Value runtime_box_u64(VmState* vm, uint64_t n) { return frame::make_natural(vm, n); }
Value runtime_cons(VmState* vm, Value a, Value d) { return frame::heap_of(vm).cons(a, d); }

Value runtime_make_box(VmState* vm, Value v) {
  auto* box = frame::heap_of(vm).make<Box>(Type::kBox);
  box->value = v;
  return from_object(box);
}

Value runtime_make_closure(VmState* vm, Value maker, uint64_t constant) {
  auto* proto = as<Proto>(as_closure(maker)->proto->constant[constant]);
  size_t captures = proto->function->captures.size();
  auto* closure = frame::heap_of(vm).make<Closure>(Type::kClosure, captures * sizeof(Value));
  closure->proto = proto;
  for (size_t i = 0; i < captures; i++) closure->capture[i] = kNil;
  return from_closure(closure);
}

Value runtime_make_record(VmState* vm, Value type, const Value* parts, uint64_t shape) {
  const uint64_t count = shape & 0xFF;
  Value fields[256];
  for (uint64_t n = 0; n < count; n++)
    fields[n] = shape >> (8 + n) & 1 ? frame::make_float(vm, std::bit_cast<double>(parts[n].bits)) : parts[n];
  auto* record = frame::heap_of(vm).make<value::Record>(Type::kRecord, prims::record_room(count));
  frame::fill_record(vm, record, type, fields, count);
  return from_object(record);
}

Value runtime_bad_car(VmState* vm, Value v) { return frame::raise_type(vm, "car", "a pair", v); }
Value runtime_bad_cdr(VmState* vm, Value v) { return frame::raise_type(vm, "cdr", "a pair", v); }

Value runtime_unbound(VmState* vm, Value cell) {
  std::string_view name = frame::symbol_name(as<Cell>(cell)->name);
  return frame::raise_error(vm, frame::ErrorKind::kUnbound, "unbound variable: %.*s", static_cast<int>(name.size()),
                            name.data());
}

// Base code reads generic vectors inline, so others come here often.
Value runtime_vector_ref(VmState* vm, Value v, Value i) {
  if (is_vector(v) && is_fixnum(i) && i.bits >> kFixnumShift < as<Vector>(v)->length) [[likely]]
    return heap::vector_ref(frame::heap_of(vm), as<Vector>(v), i.bits >> kFixnumShift);
  Value args[] = {v, i};
  return prims::prim_vector_ref(vm, args, 2);
}
Value runtime_vector_set(VmState* vm, Value v, Value i, Value x) {
  if (is_vector(v) && is_fixnum(i) && i.bits >> kFixnumShift < as<Vector>(v)->length && is_flonum_immediate(x) &&
      as<Vector>(v)->kind() == VectorKind::kDoubles) [[likely]] {
    as<Vector>(v)->slot[i.bits >> kFixnumShift] = std::bit_cast<uint64_t>(decode_float(x));
    return kUnspecified;
  }
  Value args[] = {v, i, x};
  return prims::prim_vector_set(vm, args, 3);
}
uint64_t runtime_settle(VmState*, Value v, uint64_t kind) {
  if (!is_vector(v)) return 0;
  heap::settle(as<Vector>(v), static_cast<VectorKind>(kind));
  return as<Vector>(v)->kind() == static_cast<VectorKind>(kind);
}
uint64_t runtime_full(VmState*, Value v) {
  if (!is_vector(v) || as<Vector>(v)->kind() != VectorKind::kDoubles) return 0;
  return heap::is_full(as<Vector>(v)) ? 2 : 1;
}
Value runtime_f64_ref(VmState* vm, Value v, Value i) {
  Value args[] = {v, i};
  return prims::prim_f64_ref(vm, args, 2);
}
Value runtime_f64_set(VmState* vm, Value v, Value i, Value x) {
  Value args[] = {v, i, x};
  return prims::prim_f64_set(vm, args, 3);
}
Value runtime_bytes_ref(VmState* vm, Value v, Value i) {
  Value args[] = {v, i};
  return prims::prim_bytes_ref(vm, args, 2);
}
Value runtime_bytes_set(VmState* vm, Value v, Value i, Value x) {
  Value args[] = {v, i, x};
  return prims::prim_bytes_set(vm, args, 3);
}

Value runtime_global_set(VmState* vm, Value cell, Value v) {
  if (as<Cell>(cell)->value == kUnbound) return runtime_unbound(vm, cell);
  frame::store_global(vm, as<Cell>(cell), v);
  return kUnspecified;
}

Value runtime_global_define(VmState* vm, Value cell, Value v) {
  // A closure gets the name of the first global it is defined as.
  if (is_function(v) && as_closure(v)->proto->name == kFalse) {
    as_closure(v)->proto->name = as<Cell>(cell)->name;
    heap::Heap::write_barrier(as_closure(v)->proto);
  }
  frame::store_global(vm, as<Cell>(cell), v);
  return kUnspecified;
}

// Whether the value is a closure of the function with the record; for the caller's own record, one of the caller's prototype.
bool is_closure_of(VmState* vm, Value v, uint64_t record, const Proto* caller) {
  if (!is_function(v)) return false;
  Proto* proto = as_closure(v)->proto;
  if (proto->function == nullptr) return false;
  if (reinterpret_cast<uint64_t>(caller->profile) == record) return proto == caller;
  if (auto* adopt = vm_of(vm).hooks.adopt) adopt(vm, proto);
  return reinterpret_cast<uint64_t>(proto->profile) == record;
}

bool has_fields(Value v, frame::TypeShape shape) {
  if (!is_type(v, Type::kRecordType)) return false;
  const uint64_t count = as<value::RecordType>(v)->count;
  return shape.least <= count && count <= shape.most;
}

Cell* global_at(Value closure, uint64_t pc) {
  const Proto* proto = as_closure(closure)->proto;
  return as<Cell>(proto->constant[proto->code[pc].b]);
}

// What code took for granted of a global does not hold. Answers kFalse.
Value count_mistake(VmState* vm, Value closure, uint64_t at, uint64_t owner) {
  if (auto* deoptimised = vm_of(vm).hooks.deoptimised) deoptimised(vm, closure, owner, static_cast<uint32_t>(at));
  return kFalse;
}

// Nothing that names the global in the same way is taken for granted any more. Answers kFalse.
Value note_other_value(VmState* vm, Value closure, uint64_t at, uint64_t owner) {
  const Proto* proto = as_closure(closure)->proto;
  const bytecode::Instr naming = proto->code[at];
  const auto& code = proto->function->code;
  for (uint32_t pc = 0; pc < code.size(); pc++)
    if (code[pc].op == naming.op && code[pc].b == naming.b) proto->function->left_at.add(pc, code.size());
  return count_mistake(vm, closure, at, owner);
}

Value runtime_watch(VmState* vm, Value caller, uint64_t pc, uint64_t record, uint64_t owner) {
  if (caller == kFalse) return kFalse;
  Cell* cell = global_at(caller, pc);
  if (is_closure_of(vm, cell->value, record, as_closure(caller)->proto) && frame::watch(cell)) return cell->value;
  return note_other_value(vm, caller, pc, owner);
}

// A type that has more fields that are words is only news for the next code. One that has fewer, as in another vm, gets those of the code, so that
// its records are as the code expects them.
Value runtime_watch_type(VmState* vm, Value closure, uint64_t pc, uint64_t shape_word, uint64_t owner) {
  if (closure == kFalse) return kFalse;
  Cell* cell = global_at(closure, pc);
  const frame::TypeShape shape = frame::shape_in(shape_word);
  if (!has_fields(cell->value, shape) || !frame::watch(cell)) return note_other_value(vm, closure, pc, owner);
  auto* type = as<value::RecordType>(cell->value);
  if ((~type->raw_fields() & ~shape.words & 0xFF) != 0) return count_mistake(vm, closure, pc, owner);
  frame::make_words(vm, type, shape.words);
  type->flags |= kWatched;
  return cell->value;
}

// What compiled code compares with the header of a record, in the upper half of a fixnum.
Value header_link(Value v) {
  return Value{is_type(v, Type::kRecordType) ? uint64_t{as<value::RecordType>(v)->new_header} << 32 : 0};
}

Value runtime_link(VmState* vm, Value closure, const Value* values, uint64_t count) {
  auto* links = frame::heap_of(vm).make<Vector>(Type::kVector, 2 * count * sizeof(Value));
  links->aux = static_cast<uint16_t>(VectorKind::kGeneric);
  links->length = 2 * count;
  std::copy_n(values, count, words_of(links));
  std::transform(values, values + count, words_of(links) + count, header_link);
  Proto* proto = as_closure(closure)->proto;
  proto->links = from_object(links);
  heap::Heap::write_barrier(proto);
  return kUnspecified;
}

uint64_t runtime_left(VmState* vm, Value callee, uint64_t why, uint64_t record) {
  note_deopt(vm, callee, 0, record, why);
  return 0;
}

Value runtime_prim(VmState* vm, const Value* args, uint64_t argc, uint64_t number) {
  return prims::all()[number].function(vm, args, argc);
}

Value runtime_not_function(VmState* vm, Value v) { return frame::raise_not_function(vm, v); }

Value runtime_check(VmState* vm) { return vm_of(vm).hooks.safepoint(vm); }

uint64_t runtime_tick(VmState* vm, Value closure) {
  vm_of(vm).hooks.tick(vm, closure);
  return 0;
}

Value runtime_caught(VmState* vm, Value mark) {
  frame::restore_mark(vm, mark);
  return frame::take_unwind(vm);
}

Value runtime_rethrow(VmState* vm, Value unwind) { return frame::put_unwind(vm, unwind); }

uint64_t runtime_trace(VmState* vm, Value closure, uint64_t pc) {
  frame::add_trace(vm, closure, static_cast<uint32_t>(pc));
  if (!frame::is_unsignalled(vm)) return 0;
  Value before = vm->unwind_value;
  frame::signal(vm);
  if (vm->unwind_value != before) frame::add_trace(vm, closure, static_cast<uint32_t>(pc));
  return 0;
}

constexpr frame::Runtime kRuntime = {
#define T_RUNTIME(name, result, parameters, effect, text) &runtime_##name,
#include "frame/runtime.def"
#undef T_RUNTIME
    &normalise,
    &enter,
    &resume,
};

}  // namespace

const frame::Runtime* runtime_table() { return &kRuntime; }

}  // namespace terrace::interp
