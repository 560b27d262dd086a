// prims/dynamic.cpp: escapes, handlers and parameters: what lives in the dynamic state.
//
// Answers for: the % primitives that call/ec, guard, with-handlers and parameterize are lowered to, and the functions
// that escapes and parameters are. Not for: finding a handler (effect/), unwinding (frame/unwind.cpp).
//
// An escape is alive while its entry is in the dynamic state of the running computation; leaving the block, or being in
// another computation, ends it. The function captures its token, a parameter function its Parameter.
#include "prims/entry.hpp"

namespace terrace::prims {

using frame::DynamicEntry;

namespace {

constexpr uint64_t kWords = 3;  // of one entry: kind, key, value

// The innermost entry of that kind and key, counted from the outermost; -1 when there is none.
int64_t find_entry(VmState* vm, DynamicEntry::Kind kind, Value key) {
  RootedValues& dynamic = vm_of(vm).dynamic;
  for (uint64_t n = vm->dynamic_depth; n > 0; n--) {
    uint64_t at = (n - 1) * kWords;
    if (dynamic[at + 1] == key && dynamic[at] == make_fixnum(static_cast<int64_t>(kind))) {
      return static_cast<int64_t>(n - 1);
    }
  }
  return -1;
}

bool unwind_argument(VmState* vm, const char* who, Value v, value::Unwind** out) {
  if (!type_argument(vm, who, v, Type::kUnwind, "a caught unwind")) return false;
  *out = as<value::Unwind>(v);
  return true;
}

bool made_by(Value v, value::NativeEntry entry) {
  return value::is_function(v) && value::as_closure(v)->proto->entry == entry;
}

value::Parameter* parameter_in(Value function) { return as<value::Parameter>(value::as_closure(function)->capture[0]); }

// `v` through the converter, if there is one.
Value convert(VmState* vm, Value converter, Value v) {
  return converter == kFalse ? v : frame::call1(vm, converter, v);
}

}  // namespace

Value prim_push_escape(VmState* vm, const Value*, uint64_t) {
  Value token = make_fixnum(static_cast<int64_t>(vm_of(vm).next_token++));
  Value escape = frame::make_native_function(vm, "escape", enter_escape, frame::kNormalised, nullptr, 1);
  if (escape == kUnwind) return kUnwind;
  value::as_closure(escape)->capture[0] = token;
  frame::push_dynamic(vm, DynamicEntry::kEscapeTarget, token, kNil);
  return escape;
}

Value enter_escape(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2) {
  EntryArguments args(vm, argc, a0, a1, a2);
  if (!args.ok()) return kUnwind;
  if (args.count() > 1) return frame::raise_arity_of(vm, "escape", 0, 1, args.count());
  Value token = value::as_closure(callee)->capture[0];
  if (find_entry(vm, DynamicEntry::kEscapeTarget, token) < 0) {
    return raise_error(vm, ErrorKind::kEscape, "the block of this escape has ended");
  }
  vm->unwind_kind = frame::UnwindKind::kEscape;
  vm->unwind_token = static_cast<uint64_t>(value::fixnum_value(token));
  vm->unwind_value = args.count() == 1 ? args.data()[0] : kUnspecified;
  return kUnwind;
}

Value prim_is_escape_to(VmState* vm, const Value* args, uint64_t) {
  value::Unwind* unwind;
  if (!unwind_argument(vm, "%escape-to?", args[0], &unwind)) return kUnwind;
  if (!made_by(args[1], enter_escape)) return raise_type(vm, "%escape-to?", "an escape function", args[1]);
  auto token = static_cast<uint64_t>(value::fixnum_value(value::as_closure(args[1])->capture[0]));
  bool escape = unwind->kind == static_cast<uint64_t>(frame::UnwindKind::kEscape);
  return make_bool(escape && unwind->token == token);
}

Value prim_is_error_unwind(VmState* vm, const Value* args, uint64_t) {
  value::Unwind* unwind;
  if (!unwind_argument(vm, "%error-unwind?", args[0], &unwind)) return kUnwind;
  return make_bool(unwind->kind == static_cast<uint64_t>(frame::UnwindKind::kError));
}

Value prim_unwind_value(VmState* vm, const Value* args, uint64_t) {
  value::Unwind* unwind;
  return unwind_argument(vm, "%unwind-value", args[0], &unwind) ? unwind->value : kUnwind;
}

Value prim_push_handler(VmState* vm, const Value* args, uint64_t) {
  if (!value::is_symbol(args[0]) && !value::is_keyword(args[0])) {
    return raise_type(vm, "with-handlers", "a symbol or keyword", args[0]);
  }
  if (!function_argument(vm, "with-handlers", args[1])) return kUnwind;
  frame::push_dynamic(vm, DynamicEntry::kHandler, args[0], args[1]);
  return kUnspecified;
}

Value prim_push_error_handler(VmState* vm, const Value* args, uint64_t) {
  bool declines = args[0] == kTrue;
  if (!function_argument(vm, declines ? "handler-bind" : "with-exception-handler", args[1])) return kUnwind;
  frame::push_dynamic(vm, DynamicEntry::kErrorHandler, make_bool(declines), args[1]);
  return kUnspecified;
}

Value prim_make_parameter(VmState* vm, const Value* args, uint64_t argc) {
  Value converter = argc > 1 ? args[1] : kFalse;
  if (argc > 1 && !function_argument(vm, "make-parameter", converter)) return kUnwind;
  Value initial = convert(vm, converter, args[0]);
  if (initial == kUnwind) return kUnwind;
  auto* parameter = heap_of(vm).make<value::Parameter>(Type::kParameter);
  parameter->initial = initial;
  parameter->converter = converter;
  parameter->id = vm_of(vm).next_token++;
  RootedValues keep(heap_of(vm));
  keep.push(from_object(parameter));
  Value function = frame::make_native_function(vm, "parameter", enter_parameter, 0, nullptr, 1);
  if (function == kUnwind) return kUnwind;
  value::as_closure(function)->capture[0] = keep[0];
  return function;
}

Value enter_parameter(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2) {
  EntryArguments args(vm, argc, a0, a1, a2);
  if (!args.ok()) return kUnwind;
  if (args.count() != 0) return frame::raise_arity_of(vm, "parameter", 0, 0, args.count());
  value::Parameter* parameter = parameter_in(callee);
  int64_t found = find_entry(vm, DynamicEntry::kParameter, from_object(parameter));
  return found < 0 ? parameter->initial : vm_of(vm).dynamic[static_cast<uint64_t>(found) * kWords + 2];
}

Value prim_push_parameter(VmState* vm, const Value* args, uint64_t) {
  if (!made_by(args[0], enter_parameter)) return raise_type(vm, "parameterize", "a parameter", args[0]);
  value::Parameter* parameter = parameter_in(args[0]);
  Value v = convert(vm, parameter->converter, args[1]);
  if (v == kUnwind) return kUnwind;
  frame::push_dynamic(vm, DynamicEntry::kParameter, from_object(parameter), v);
  return kUnspecified;
}

Value prim_pop_dynamic(VmState* vm, const Value* args, uint64_t) {
  uint64_t mark;
  if (!index_argument(vm, "%pop-dynamic", args[0], uint64_t{1} << 2 * frame::kMarkBits, &mark)) return kUnwind;
  uint64_t depth = frame::depth_of_mark(args[0]);
  if (depth > vm->dynamic_depth) return raise_index(vm, "%pop-dynamic", args[0], vm->dynamic_depth + 1);
  frame::restore_dynamic(vm, depth);
  return kUnspecified;
}

}  // namespace terrace::prims
