// prims/output.cpp: text to the host, text from values, and the clock.
//
// Answers for: what is written, through Hooks::write; without that hook it is dropped. Not for: how values look
// (text/printer.hpp).
#include <ctime>

#include "prims/build.hpp"
#include "text/printer.hpp"
#include "text/reader.hpp"

namespace terrace::prims {

namespace {

bool write_out(VmState* vm, std::string_view text) {
  auto write = vm_of(vm).hooks.write;
  return write == nullptr || write(vm, text.data(), text.size());
}

// The arguments with `between` them and `after` behind; false after raising.
bool show(VmState* vm, const char* who, const Value* args, uint64_t argc, text::Style style, std::string_view between,
          std::string_view after) {
  if (!frame::ensure_stack(vm, who, kPrinterStack)) return false;
  std::string all;
  for (uint64_t i = 0; i < argc; i++) {
    if (i > 0) all += between;
    if (!append_text(vm, who, all, args[i], style) || !text_may_grow(vm, who, all.size() + 1)) return false;
  }
  return write_out(vm, all += after);
}

Value text_of(VmState* vm, const char* who, Value v, text::Style style) {
  if (!frame::ensure_stack(vm, who, kPrinterStack)) return kUnwind;
  std::string text;
  return append_text(vm, who, text, v, style) ? copy_string(vm, who, text) : kUnwind;
}

int64_t clock_ns(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000 + now.tv_nsec;
}

}  // namespace

Value prim_display(VmState* vm, const Value* args, uint64_t argc) {
  return show(vm, "display", args, argc, text::Style::kDisplay, "", "") ? kUnspecified : kUnwind;
}
Value prim_write(VmState* vm, const Value* args, uint64_t argc) {
  return show(vm, "write", args, argc, text::Style::kWrite, "", "") ? kUnspecified : kUnwind;
}
Value prim_print(VmState* vm, const Value* args, uint64_t argc) {
  return show(vm, "print", args, argc, text::Style::kDisplay, " ", "\n") ? kUnspecified : kUnwind;
}
Value prim_newline(VmState* vm, const Value*, uint64_t) {
  return write_out(vm, "\n") ? kUnspecified : kUnwind;
}

Value prim_write_to_string(VmState* vm, const Value* args, uint64_t) {
  return text_of(vm, "write-to-string", args[0], text::Style::kWrite);
}
Value prim_display_to_string(VmState* vm, const Value* args, uint64_t) {
  return text_of(vm, "display-to-string", args[0], text::Style::kDisplay);
}

Value prim_read_from_string(VmState* vm, const Value* args, uint64_t) {
  std::string_view source;
  if (!string_argument(vm, "read-from-string", args[0], &source)) return kUnwind;
  text::SourceMap places;
  text::Reader reader(vm, source, "string");
  return reader.next(places);
}

Value prim_current_time_ms(VmState* vm, const Value*, uint64_t) {
  return frame::make_integer(vm, clock_ns(CLOCK_REALTIME) / 1000000);
}
Value prim_monotonic_ns(VmState* vm, const Value*, uint64_t) {
  return frame::make_integer(vm, clock_ns(CLOCK_MONOTONIC));
}

}  // namespace terrace::prims
