// effect/perform.cpp: what running code asks of whoever is outside: effects, host functions, safepoints.
#include "effect/switchboard.hpp"

namespace terrace::effect {
namespace {

using namespace value;
using frame::DynamicEntry;
using frame::ErrorKind;
using frame::vm_of;

struct Handler {
  Value function = kNil;
  uint64_t depth = 0;  // entries outside the handler's own with-handlers
  bool found = false;
};

// From the innermost entry outwards. A mask stands for a handler that is running: effects it performs are answered by those outside
// of its own with-handlers.
Handler find_handler(VmState* vm, Value operation) {
  heap::RootedValues& dynamic = vm_of(vm).dynamic;
  uint64_t n = vm->dynamic_depth;
  while (n > 0) {
    uint64_t at = 3 * --n;
    auto kind = static_cast<DynamicEntry::Kind>(fixnum_value(dynamic[at]));
    if (kind == DynamicEntry::kMask) n = static_cast<uint64_t>(fixnum_value(dynamic[at + 1]));
    if (kind == DynamicEntry::kHandler && dynamic[at + 1] == operation) return {dynamic[at + 2], n, true};
  }
  return {};
}

Value run_handler(VmState* vm, const Handler& handler, const Value* args, uint64_t argc) {
  uint64_t depth = vm->dynamic_depth;
  frame::push_dynamic(vm, DynamicEntry::kMask, make_fixnum(static_cast<int64_t>(handler.depth)), kNil);
  Value result = frame::call(vm, handler.function, args, argc);
  if (result != kUnwind) frame::restore_dynamic(vm, depth);
  return result;
}

Value unhandled(VmState* vm, Value operation) {
  return frame::raise_error_with(vm, ErrorKind::kEffect,
                                 "nobody answers this effect: no handler is installed and the host cannot be asked here",
                                 frame::make_list(vm, &operation, 1));
}

Value cancelled(VmState* vm) {
  vm->unwind_kind = frame::UnwindKind::kCancel;
  vm->unwind_token = 0;
  vm->unwind_value = kNil;
  return kUnwind;
}

}  // namespace

Value Switchboard::perform(VmState* vm, const Value* args, uint64_t argc) {
  if (Handler handler = find_handler(vm, args[0]); handler.found) return run_handler(vm, handler, args + 1, argc - 1);
  Switchboard& board = switchboard_of(vm);
  if (!board.current_ || !board.current_->can_suspend) return unhandled(vm, args[0]);
  Message request{Message::Kind::kRequest};
  request.value = frame::make_list(vm, args, argc);
  return board.say(request);
}

Value Switchboard::host_call(VmState* vm, void* record, const Value* args, uint64_t argc) {
  Message call{Message::Kind::kHostCall};
  call.record = record;
  call.args = args;
  call.argc = argc;
  return switchboard_of(vm).say(call);
}

Value Switchboard::safepoint(VmState* vm) {
  frame::Vm& owner = vm_of(vm);
  uint32_t reasons = owner.requests.exchange(0);
  vm->stack_limit.store(owner.stack_base_limit);
  if (owner.requests.load() != 0) vm->stack_limit.store(UINTPTR_MAX);
  if (reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) < owner.stack_base_limit)
    return frame::raise_error(vm, ErrorKind::kStackOverflow,
                              "recursion is too deep: the stack limit of this computation is reached");
  if (reasons & frame::kRequestHeapLimit)
    return frame::raise_error(vm, ErrorKind::kHeapLimit, "the heap limit of this vm is reached");
  if (reasons & frame::kRequestCancel) return cancelled(vm);
  if (!(reasons & frame::kRequestInterrupt)) return kUnspecified;
  Switchboard& board = switchboard_of(vm);
  if (!board.current_ || !board.current_->can_suspend) return cancelled(vm);
  Message interrupted{Message::Kind::kInterrupted};
  interrupted.value = kNil;
  return board.say(interrupted) == kUnwind ? kUnwind : kUnspecified;
}

}  // namespace terrace::effect
