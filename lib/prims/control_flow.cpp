// prims/control_flow.cpp: raising, error objects, effects, eval, and what functions say about themselves.
#include "bytecode/code.hpp"
#include "prims/build.hpp"
#include "prims/entry.hpp"
#include "text/printer.hpp"

namespace terrace::prims {

namespace {

bool error_argument(VmState* vm, const char* who, Value v, value::Error** out) {
  if (!type_argument(vm, who, v, Type::kError, "an error")) return false;
  *out = as<value::Error>(v);
  return true;
}

// "who: message" when the first argument is a symbol and the second a string, as in R6RS; else the first one displayed.
bool message_of(VmState* vm, const Value* args, uint64_t argc, uint64_t* used, std::string* message) {
  bool named = argc > 1 && value::is_symbol(args[0]) && value::is_string(args[1]);
  *used = named ? 2 : 1;
  if (!append_text(vm, "error", *message, args[0], text::Style::kDisplay)) return false;
  return !named || append_text(vm, "error", *message += ": ", args[1], text::Style::kDisplay);
}

Value bound_or_false(int64_t n) { return n < 0 ? kFalse : make_fixnum(n); }

Value arity_list(VmState* vm, int64_t least, int64_t most) {
  Value two[] = {make_fixnum(least), bound_or_false(most)};
  return frame::make_list(vm, two, 2);
}

}  // namespace

Value prim_raise(VmState* vm, const Value* args, uint64_t) { return frame::raise(vm, args[0]); }

Value prim_raise_continuable(VmState* vm, const Value* args, uint64_t) {
  return frame::raise_continuable(vm, args[0]);
}

Value prim_error(VmState* vm, const Value* args, uint64_t argc) {
  if (!frame::ensure_stack(vm, "error", kPrinterStack)) return kUnwind;
  uint64_t used;
  std::string message;
  if (!message_of(vm, args, argc, &used, &message)) return kUnwind;
  return frame::raise_error_with(vm, ErrorKind::kUser, message, frame::make_list(vm, args + used, argc - used));
}

Value prim_make_error(VmState* vm, const Value* args, uint64_t argc) {
  uint64_t n;
  if (!type_argument(vm, "make-error", args[0], Type::kSymbol, "a symbol")) return kUnwind;
  if (!type_argument(vm, "make-error", args[1], Type::kString, "a string")) return kUnwind;
  if (argc > 2 && !list_length(vm, "make-error", args[2], &n)) return kUnwind;
  auto* error = heap_of(vm).make<value::Error>(Type::kError);
  error->kind = args[0];
  error->message = args[1];
  error->irritants = argc > 2 ? args[2] : kNil;
  error->trace = kNil;
  error->payload = kNil;
  return from_object(error);
}

Value prim_error_kind(VmState* vm, const Value* args, uint64_t) {
  value::Error* e;
  return error_argument(vm, "error-kind", args[0], &e) ? e->kind : kUnwind;
}
Value prim_error_message(VmState* vm, const Value* args, uint64_t) {
  value::Error* e;
  return error_argument(vm, "error-message", args[0], &e) ? e->message : kUnwind;
}
Value prim_error_irritants(VmState* vm, const Value* args, uint64_t) {
  value::Error* e;
  return error_argument(vm, "error-irritants", args[0], &e) ? e->irritants : kUnwind;
}
Value prim_error_trace(VmState* vm, const Value* args, uint64_t) {
  value::Error* e;
  return error_argument(vm, "error-trace", args[0], &e) ? e->trace : kUnwind;
}

Value prim_error_cause(VmState* vm, const Value* args, uint64_t) {
  value::Error* e;
  return error_argument(vm, "error-cause", args[0], &e) ? e->payload : kUnwind;
}

Value prim_assertion_failed(VmState* vm, const Value* args, uint64_t argc) {
  if (!frame::ensure_stack(vm, "assert", kPrinterStack)) return kUnwind;
  std::string message;
  if (!append_text(vm, "assert", message, args[0], text::Style::kDisplay)) return kUnwind;
  return frame::raise_error_with(vm, ErrorKind::kAssertion, message, frame::make_list(vm, args + 1, argc - 1));
}

Value prim_no_clause(VmState* vm, const Value* args, uint64_t) {
  return raise_error(vm, ErrorKind::kArity, "no clause takes %s argument%s", frame::describe(args[0]).c_str(),
                     args[0] == make_fixnum(1) ? "" : "s");
}

Value prim_no_match(VmState* vm, const Value* args, uint64_t) {
  return frame::raise_error_with(vm, ErrorKind::kMatch, "no clause takes " + frame::describe(args[0]),
                                 frame::make_list(vm, args, 1));
}

Value prim_uninitialised(VmState* vm, const Value* args, uint64_t) {
  std::string message = text::displayed(args[0]) + " is used before its definition has been evaluated";
  return frame::raise_error_with(vm, ErrorKind::kUnbound, message, frame::make_list(vm, args, 1));
}

Value prim_perform(VmState* vm, const Value* args, uint64_t argc) {
  if (!value::is_symbol(args[0]) && !value::is_keyword(args[0])) {
    return raise_type(vm, "perform", "a symbol or keyword", args[0]);
  }
  auto perform = vm_of(vm).hooks.perform;
  if (perform) return perform(vm, args, argc);
  return frame::raise_error_with(vm, ErrorKind::kEffect, "perform: there is nobody to ask",
                                 frame::make_list(vm, args, 1));
}

Value prim_eval(VmState* vm, const Value* args, uint64_t) {
  auto eval = vm_of(vm).hooks.eval;
  return eval ? eval(vm, args[0]) : raise_error(vm, ErrorKind::kUnsupported, "eval: this vm has no compiler");
}

Value prim_void_(VmState*, const Value*, uint64_t) { return kUnspecified; }
Value prim_identity(VmState*, const Value* args, uint64_t) { return args[0]; }

Value prim_function_name(VmState* vm, const Value* args, uint64_t) {
  return function_argument(vm, "function-name", args[0]) ? value::as_closure(args[0])->proto->name : kUnwind;
}

Value prim_function_arity(VmState* vm, const Value* args, uint64_t) {
  if (!function_argument(vm, "function-arity", args[0])) return kUnwind;
  const value::Proto* proto = value::as_closure(args[0])->proto;
  if (const bytecode::FunctionCode* f = proto->function) {
    return arity_list(vm, f->required, f->max_arguments());
  }
  if (const Primitive* p = primitive_of(args[0])) return arity_list(vm, p->min_args, p->max_args);
  if (proto->entry == enter_escape) return arity_list(vm, 0, 1);
  return (proto->expected & ~frame::kArgcMask) == 0
             ? arity_list(vm, static_cast<int64_t>(proto->expected), static_cast<int64_t>(proto->expected))
             : arity_list(vm, 0, -1);
}

}  // namespace terrace::prims
