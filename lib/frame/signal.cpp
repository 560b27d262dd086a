// frame/signal.cpp: handlers of errors that run where the error is raised, before anything is unwound.
//
// Answers for: which handler an error meets, the dynamic state it runs in, and what its return means. Not for: guards,
// which are tables of functions and meet what passes them (frame/unwind.cpp), nor for pushing handlers (prims/).
//
// Invariants:
//  1. VmState::guard_depth is the depth of the dynamic state at the innermost running guard. Entries above it are
//     inside of that guard, those below outside: a handler below is not asked, for the guard comes first.
//  2. While a handler runs, a mask above it hides it and those inside of it from errors; guard_depth stays.
//  3. An error is signalled by the first frame that it passes, when the primitive that raised it has ended and the
//     frame still stands: vm.unwind_token tells whether it was.
#include "frame/vm.hpp"

namespace terrace::frame {
namespace {

using namespace value;

constexpr uint64_t kWords = 3;         // of an entry: kind, key, value
constexpr uint64_t kSignalled = 1;     // unwind_token of an error whose handlers have been asked
constexpr size_t kRoomOnStack = 64 * 1024;
constexpr ptrdiff_t kRoomForRegisters = 4096;
constexpr ptrdiff_t kRoomForLinks = 512;

struct ErrorHandler {
  uint64_t at;  // its entry, counted from the outermost
  bool declines;
  Value function;
};

// The innermost handler below `depth` that no guard comes before.
bool find_handler(VmState* vm, uint64_t depth, ErrorHandler* found) {
  heap::RootedValues& dynamic = vm_of(vm).dynamic;
  while (depth > vm->guard_depth) {
    uint64_t at = kWords * --depth;
    auto kind = static_cast<DynamicEntry::Kind>(fixnum_value(dynamic[at]));
    if (kind == DynamicEntry::kErrorMask) depth = static_cast<uint64_t>(fixnum_value(dynamic[at + 1]));
    if (kind != DynamicEntry::kErrorHandler) continue;
    *found = {depth, dynamic[at + 1] == kTrue, dynamic[at + 2]};
    return true;
  }
  return false;
}

Value run_handler(VmState* vm, const ErrorHandler& handler, Value condition) {
  uint64_t depth = vm->dynamic_depth;
  push_dynamic(vm, DynamicEntry::kErrorMask, make_fixnum(static_cast<int64_t>(handler.at)), kNil);
  Value answer = call1(vm, handler.function, condition);
  if (answer != kUnwind) restore_dynamic(vm, depth);
  return answer;
}

// What the next frames may need: after a stack-overflow there is none at first.
bool has_room(const VmState* vm) {
  return stack_left(vm) >= kRoomOnStack && vm->register_limit - vm->register_top >= kRoomForRegisters &&
         vm->link_limit - vm->link_top >= kRoomForLinks;
}

void raise_returned(VmState* vm, Value condition) {
  std::string message = "a handler has returned, but what was raised cannot go on: ";
  message += is_error(condition) ? std::string(string_view_of(as<Error>(condition)->message)) : describe(condition);
  raise_error_with(vm, ErrorKind::kHandlerReturned, message, make_list(vm, &condition, 1));
  auto* error = as<Error>(vm->unwind_value);
  error->payload = condition;
  heap::Heap::write_barrier(error);
}

}  // namespace

void push_dynamic(VmState* vm, DynamicEntry::Kind kind, Value key, Value v) {
  heap::RootedValues& dynamic = vm_of(vm).dynamic;
  dynamic.push(make_fixnum(static_cast<int64_t>(kind)));
  dynamic.push(key);
  dynamic.push(v);
  vm->dynamic_depth++;
}

bool is_unsignalled(const VmState* vm) {
  return vm->unwind_kind == UnwindKind::kError && vm->unwind_token != kSignalled;
}

void signal(VmState* vm) {
  uint64_t from = vm->dynamic_depth;
  while (is_unsignalled(vm)) {
    ErrorHandler handler;
    if (!find_handler(vm, from, &handler)) {
      vm->unwind_token = kSignalled;
      return;
    }
    if (!has_room(vm)) return;
    Value condition = take_error(vm);
    Value answer = run_handler(vm, handler, condition);
    from = vm->dynamic_depth;
    if (answer == kUnwind) continue;  // an error that no frame has met is asked about under the mask
    if (handler.declines) {
      raise(vm, condition);
      from = handler.at;
    } else {
      push_dynamic(vm, DynamicEntry::kErrorMask, make_fixnum(static_cast<int64_t>(handler.at)), kNil);
      raise_returned(vm, condition);
      from = vm->dynamic_depth;
    }
  }
}

Value raise_continuable(VmState* vm, Value condition) {
  ErrorHandler handler;
  for (uint64_t from = vm->dynamic_depth; find_handler(vm, from, &handler); from = handler.at) {
    Value answer = run_handler(vm, handler, condition);
    if (answer == kUnwind || !handler.declines) return answer;
  }
  raise(vm, condition);
  vm->unwind_token = kSignalled;
  return kUnwind;
}

}  // namespace terrace::frame
