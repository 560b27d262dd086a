// interp/normalise.cpp: arguments of a call brought into the slots its callee expects.
//
// Answers for: arity errors, optional and rest parameters, spread lists (frame/calling.hpp, rules 3 and 4), for callees that have
// bytecode. Primitives and host functions count their own arguments.
#include <algorithm>

#include "bytecode/code.hpp"
#include "frame/vm.hpp"
#include "interp/loop.hpp"

namespace terrace::interp {
namespace {

using namespace value;

// All arguments of a call in one array on the C stack, seen by the collector, with a list tail that was not spread.
struct Gathered {
  Value items[frame::kMaxXargs + frame::kRegisterArguments + 1];  // what a call can pass, and the rest parameter
  uint64_t count = 0;
  Value spread = kNil;  // the rest of a spread list that did not fit
};

bool gather(VmState* vm, uint64_t argc, Value a0, Value a1, Value a2, uint64_t slots, Gathered* out) {
  uint64_t n = argc & frame::kArgcMask;
  Value first[] = {a0, a1, a2};
  for (uint64_t i = 0; i < n; i++)
    out->items[i] = i < frame::kRegisterArguments ? first[i] : vm->xargs[i - frame::kRegisterArguments];
  out->count = n;
  if (!(argc & frame::kSpread)) return true;
  Value list = out->items[--out->count];
  while (is_pair(list) && out->count < std::max<uint64_t>(slots, 3)) {
    out->items[out->count++] = car(list);
    list = cdr(list);
  }
  out->spread = list;
  if (is_pair(list) || is_nil(list)) return true;
  frame::raise_type(vm, "apply", "a proper list", list);
  return false;
}

// The rest parameter: what is left of the gathered arguments, then of the spread list. A fresh list, as callees may change it.
Value rest_list(VmState* vm, const Gathered& all, uint64_t from) {
  Value head = kNil, tail = kNil;
  auto append = [&](Value item) {
    Value cell = frame::heap_of(vm).cons(item, kNil);
    if (is_nil(head)) {
      head = cell;
    } else {
      as_pair(tail)->cdr = cell;
      heap::Heap::write_barrier(as_pair(tail));
    }
    tail = cell;
  };
  for (uint64_t i = from; i < all.count; i++) append(all.items[i]);
  for (Value l = all.spread; is_pair(l); l = cdr(l)) append(car(l));
  return head;
}

}  // namespace

Value normalise(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2) {
  Proto* proto = as_closure(callee)->proto;
  if (argc == frame::kEnterLoop)
    return frame::raise_error(vm, frame::ErrorKind::kUnsupported, "a loop without an entry was entered in the middle");
  const bytecode::FunctionCode& function = *proto->function;
  uint64_t fixed = function.required + function.optional;
  Gathered all;
  if (!gather(vm, argc, a0, a1, a2, fixed, &all)) return kUnwind;
  bool too_many = !function.rest && (all.count > fixed || is_pair(all.spread));
  if (all.count < function.required || too_many) return frame::raise_arity(vm, callee, all.count);
  Value rest = function.rest ? rest_list(vm, all, fixed) : kNil;
  for (uint64_t i = all.count; i < fixed; i++) all.items[i] = kUnset;
  if (function.rest) all.items[fixed] = rest;
  uint64_t slots = function.parameter_slots();
  for (uint64_t i = frame::kRegisterArguments; i < slots; i++) vm->xargs[i - frame::kRegisterArguments] = all.items[i];
  Value b0 = all.items[0], b1 = all.items[1], b2 = all.items[2];
  return proto->entry(vm, callee, proto->expected, b0, b1, b2);
}

}  // namespace terrace::interp
