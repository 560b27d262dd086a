// prims/entry.hpp: the ways into functions that C++ made, by the convention of frame/calling.hpp.
//
// Answers for: arguments from registers to an array, the count, and spread lists. Not for: what the functions do.
#pragma once

#include "prims/arguments.hpp"

namespace terrace::prims {

// Of every primitive but apply: Proto::native is its Primitive.
Value enter_primitive(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2);
// Of apply, which ends in a tail call.
Value enter_apply(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2);
// Of the functions that %push-escape and make-parameter answer (dynamic.cpp).
Value enter_escape(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2);
Value enter_parameter(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2);

// The arguments of one entry as an array: on the C stack, or on the heap's list of roots when a list was spread. Reads
// xargs, so it must be the first thing an entry does.
class EntryArguments {
 public:
  EntryArguments(VmState* vm, uint64_t argc, Value a0, Value a1, Value a2) : spread_(heap_of(vm)) {
    ok_ = (argc & ~frame::kArgcMask) == 0 ? gather(vm, argc, a0, a1, a2) : unspread(vm, argc, a0, a1, a2);
  }
  bool ok() const { return ok_; }  // false: raised
  const Value* data() const { return data_; }
  uint64_t count() const { return count_; }

 private:
  bool gather(VmState* vm, uint64_t argc, Value a0, Value a1, Value a2);
  bool unspread(VmState* vm, uint64_t argc, Value a0, Value a1, Value a2);

  Value here_[frame::kRegisterArguments + frame::kMaxXargs];
  RootedValues spread_;
  const Value* data_ = here_;
  uint64_t count_ = 0;
  bool ok_;
};

// The function that native closures of these entries were made for, or null.
const Primitive* primitive_of(Value function);

}  // namespace terrace::prims
