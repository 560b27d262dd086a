// frame/unwind.cpp: the pending unwind as an object, and the trace that errors collect on their way.
//
// Answers for: what Catch and Throw do in every tier. Not for: raising (frame/errors.cpp).
#include "bytecode/code.hpp"
#include "frame/vm.hpp"

namespace terrace::frame {
namespace {

using namespace value;

// Enough to see where an error came from; deeper frames are not kept, so that unwinding a million frames stays fast.
constexpr uint16_t kMaxTrace = 24;

Value function_name(VmState* vm, const Proto* proto) {
  if (is_symbol(proto->name)) return proto->name;
  if (proto->function && !proto->function->name.empty()) return vm_of(vm).intern(proto->function->name);
  return vm_of(vm).intern("anonymous");
}

void append(VmState* vm, Error* error, Value entry) {
  Value cell = heap_of(vm).cons(entry, kNil);
  if (is_nil(error->trace)) {
    error->trace = cell;
    heap::Heap::write_barrier(error);
    return;
  }
  Value last = error->trace;
  while (is_pair(cdr(last))) last = cdr(last);
  as_pair(last)->cdr = cell;
  heap::Heap::write_barrier(as_pair(last));
}

}  // namespace

Value take_unwind(VmState* vm) {
  auto* object = heap_of(vm).make<Unwind>(Type::kUnwind);
  object->kind = static_cast<uint64_t>(vm->unwind_kind);
  object->token = vm->unwind_token;
  object->value = vm->unwind_value;
  vm->unwind_kind = UnwindKind::kNone;
  vm->unwind_token = 0;
  vm->unwind_value = kNil;
  return from_object(object);
}

Value put_unwind(VmState* vm, Value unwind_object) {
  const auto* object = as<Unwind>(unwind_object);
  vm->unwind_kind = static_cast<UnwindKind>(object->kind);
  vm->unwind_token = object->token;
  vm->unwind_value = object->value;
  return kUnwind;
}

void restore_dynamic(VmState* vm, uint64_t depth) {
  vm_of(vm).dynamic.resize(depth * 3, kNil);
  vm->dynamic_depth = depth;
}

void restore_mark(VmState* vm, Value mark) {
  restore_dynamic(vm, depth_of_mark(mark));
  vm->guard_depth = guard_of_mark(mark);
}

void add_place(VmState* vm, std::string_view source, uint32_t line, uint32_t column) {
  if (vm->unwind_kind != UnwindKind::kError || !is_error(vm->unwind_value)) return;
  Value entry[] = {kFalse, make_string(vm, source), make_fixnum(line), make_fixnum(column)};
  append(vm, as<Error>(vm->unwind_value), make_list(vm, entry, 4));
}

void add_trace(VmState* vm, Value closure, uint32_t pc) {
  if (vm->unwind_kind != UnwindKind::kError || !is_error(vm->unwind_value)) return;
  auto* error = as<Error>(vm->unwind_value);
  if (error->aux >= kMaxTrace) return;
  error->aux++;
  const Proto* proto = as_closure(closure)->proto;
  if (!proto->function) return;
  bytecode::LineEntry at = proto->function->line_at(pc);
  Value entry[] = {function_name(vm, proto), make_string(vm, proto->function->source), make_fixnum(at.line),
                   make_fixnum(at.column)};
  append(vm, error, make_list(vm, entry, 4));
}

}  // namespace terrace::frame
