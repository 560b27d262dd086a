// frame/errors.cpp: raising.
//
// Answers for: error objects, their messages, the pending unwind, and the check of the C stack. Not for: traces and
// catching (frame/unwind.cpp).
#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "bytecode/code.hpp"
#include "frame/vm.hpp"

namespace terrace::frame {

using namespace value;

Value raise(VmState* vm, Value payload) {
  vm->unwind_kind = UnwindKind::kError;
  vm->unwind_token = 0;
  vm->unwind_value = payload;
  return kUnwind;
}

bool unwinding(const VmState* vm) { return vm->unwind_kind != UnwindKind::kNone; }

Value take_error(VmState* vm) {
  Value error = vm->unwind_value;
  vm->unwind_kind = UnwindKind::kNone;
  vm->unwind_value = kNil;
  return error;
}

Value raise_error_with(VmState* vm, ErrorKind kind, std::string_view message, Value irritants) {
  heap::RootedValues keep(heap_of(vm));
  keep.push(irritants);
  keep.push(make_string(vm, message));
  if (keep[1] == kUnwind) return kUnwind;  // the message itself did not fit; that error is pending
  auto* error = heap_of(vm).make<Error>(Type::kError);
  error->kind = vm_of(vm).well_known(kind);
  error->message = keep[1];
  error->irritants = irritants;
  error->trace = kNil;
  error->payload = kNil;
  return raise(vm, from_object(error));
}

// The bytes of a text that was cut somewhere, without the last character, of which a part may be missing.
static size_t end_of_whole_character(std::string_view text) {
  size_t end = text.size();
  while (end > 0 && (text[end - 1] & 0xC0) == 0x80) end--;
  return end > 0 ? end - 1 : 0;
}

Value raise_error(VmState* vm, ErrorKind kind, const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  size_t used = std::min(length < 0 ? 0 : static_cast<size_t>(length), sizeof text - 1);
  if (static_cast<size_t>(length) > used) used = end_of_whole_character({text, used});
  return raise_error_with(vm, kind, {text, used}, kNil);
}

Value raise_type(VmState* vm, const char* who, const char* expected, Value got) {
  std::string message = std::string(who) + ": expected " + expected + ", got " + describe(got);
  return raise_error_with(vm, ErrorKind::kType, message, make_list(vm, &got, 1));
}

Value raise_not_function(VmState* vm, Value called) {
  return raise_error_with(vm, ErrorKind::kNotFunction, describe(called) + " was called but is not a function",
                          make_list(vm, &called, 1));
}

namespace {

std::string arguments_text(int min, int max) {
  auto plural = [](int n) { return n == 1 ? " argument" : " arguments"; };
  if (max < 0) return "at least " + std::to_string(min) + plural(min);
  if (min == max) return std::to_string(min) + plural(min);
  return std::to_string(min) + " to " + std::to_string(max) + plural(max);
}

}  // namespace

Value raise_arity_of(VmState* vm, std::string_view who, int min, int max, uint64_t argc) {
  std::string message(who.empty() ? std::string_view("function") : who);
  message += ": expected " + arguments_text(min, max) + ", got " + std::to_string(argc);
  return raise_error_with(vm, ErrorKind::kArity, message, kNil);
}

Value raise_arity(VmState* vm, Value callee, uint64_t argc) {
  const Proto* proto = as_closure(callee)->proto;
  std::string name(is_symbol(proto->name) ? symbol_name(proto->name) : "");
  if (const bytecode::FunctionCode* f = proto->function) {
    if (name.empty()) name = f->name;
    return raise_arity_of(vm, name, f->required, f->max_arguments(), argc);
  }
  if ((proto->expected & ~kArgcMask) == 0) {
    int expected = static_cast<int>(proto->expected);
    return raise_arity_of(vm, name, expected, expected, argc);
  }
  return raise_error(vm, ErrorKind::kArity, "%s: wrong number of arguments, got %llu",
                     name.empty() ? "function" : name.c_str(), static_cast<unsigned long long>(argc));
}

__attribute__((noinline)) size_t stack_left(const VmState* vm) {
  auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  uintptr_t limit = reinterpret_cast<const Vm*>(vm)->stack_base_limit;
  return here > limit ? here - limit : 0;
}

bool ensure_stack(VmState* vm, const char* who, size_t need) {
  if (stack_left(vm) >= need) [[likely]]
    return true;
  raise_error(vm, ErrorKind::kStackOverflow, "%s: nested too deeply", who);
  return false;
}

}  // namespace terrace::frame
