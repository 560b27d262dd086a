// prims/entry.cpp: see entry.hpp.
#include "prims/entry.hpp"

#include <algorithm>
#include <iterator>

#include "bytecode/code.hpp"
#include "prims/build.hpp"

namespace terrace::prims {

bool EntryArguments::gather(VmState* vm, uint64_t argc, Value a0, Value a1, Value a2) {
  count_ = std::min<uint64_t>(argc & frame::kArgcMask, std::size(here_));
  here_[0] = a0;
  here_[1] = a1;
  here_[2] = a2;
  for (uint64_t i = frame::kRegisterArguments; i < count_; i++) here_[i] = vm->xargs[i - frame::kRegisterArguments];
  return true;
}

bool EntryArguments::unspread(VmState* vm, uint64_t argc, Value a0, Value a1, Value a2) {
  gather(vm, argc, a0, a1, a2);
  if (!(argc & frame::kSpread) || count_ == 0) return true;
  uint64_t n;
  if (!list_length(vm, "apply", here_[count_ - 1], &n)) return false;
  for (uint64_t i = 0; i + 1 < count_; i++) spread_.push(here_[i]);
  for (Value at = here_[count_ - 1]; value::is_pair(at); at = value::cdr(at)) spread_.push(value::car(at));
  data_ = spread_.data();
  count_ = spread_.size();
  return true;
}

namespace {

bool count_fits(const Primitive* p, uint64_t argc) {
  return argc >= static_cast<uint64_t>(p->min_args) && argc <= static_cast<uint64_t>(int64_t{p->max_args});
}

Value raise_count(VmState* vm, const Primitive* p, uint64_t argc) {
  return frame::raise_arity_of(vm, p->name, p->min_args, p->max_args, argc);
}

const Primitive* own_primitive(Value callee) {
  return static_cast<const Primitive*>(value::as_closure(callee)->proto->native);
}

// Four and more arguments, and spread lists: apart, so that the common case needs no large frame.
[[gnu::noinline]] Value enter_many(VmState* vm, const Primitive* p, uint64_t argc, Value a0, Value a1, Value a2) {
  EntryArguments args(vm, argc, a0, a1, a2);
  if (!args.ok()) return kUnwind;
  return count_fits(p, args.count()) ? p->function(vm, args.data(), args.count()) : raise_count(vm, p, args.count());
}

constexpr uint64_t kNoCall = UINT64_MAX;

// Lays out the call that (apply args[0] ...) is, in tail_callee, tail_args and xargs, and answers its argc; kNoCall
// after raising. The last argument may be a vector, which becomes a list first. A list that makes the call too long for that
// travels as it is, the single arguments put before it.
uint64_t lay_out(VmState* vm, const Value* args, uint64_t argc) {
  if (!function_argument(vm, "apply", args[0])) return kNoCall;
  uint64_t singles = argc - 2, length;
  Value list = args[argc - 1];
  if (value::is_vector(list)) list = frame::list_of_vector(vm, as<value::Vector>(list), 0, as<value::Vector>(list)->length);
  if (!list_length(vm, "apply", list, &length)) return kNoCall;
  vm->tail_callee = args[0];
  if (singles + length > bytecode::kMaxCallArguments) {
    vm->tail_args[0] = frame::make_list(vm, args + 1, singles, list);
    return 1 | frame::kSpread;
  }
  for (uint64_t i = 0; i < singles + length; i++) {
    Value v = i < singles ? args[1 + i] : value::car(list);
    if (i >= singles) list = value::cdr(list);
    (i < frame::kRegisterArguments ? vm->tail_args[i] : vm->xargs[i - frame::kRegisterArguments]) = v;
  }
  return singles + length;
}

// Its frame holds the arguments, so it must be gone before the tail call.
[[gnu::noinline]] uint64_t lay_out_entry(VmState* vm, const Primitive* p, uint64_t argc, Value a0, Value a1, Value a2) {
  EntryArguments args(vm, argc, a0, a1, a2);
  if (!args.ok()) return kNoCall;
  if (count_fits(p, args.count())) return lay_out(vm, args.data(), args.count());
  raise_count(vm, p, args.count());
  return kNoCall;
}

[[gnu::always_inline]] inline Value make_laid_out_call(VmState* vm, uint64_t argc) {
  if (argc == kNoCall) return kUnwind;
  Value callee = vm->tail_callee;
  value::NativeEntry entry = __atomic_load_n(&value::as_closure(callee)->proto->entry, __ATOMIC_ACQUIRE);
  return entry(vm, callee, argc, vm->tail_args[0], vm->tail_args[1], vm->tail_args[2]);
}

}  // namespace

Value enter_primitive(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2) {
  const Primitive* p = own_primitive(callee);
  if (argc > frame::kRegisterArguments) [[unlikely]]
    return enter_many(vm, p, argc, a0, a1, a2);
  if (!count_fits(p, argc)) [[unlikely]]
    return raise_count(vm, p, argc);
  Value args[] = {a0, a1, a2};
  return p->function(vm, args, argc);
}

// A loop through apply must not grow the stack in builds without optimisation either; only GCC can be told so.
#ifndef __clang__
[[gnu::optimize("optimize-sibling-calls")]]
#endif
Value enter_apply(VmState* vm, Value callee, uint64_t argc, Value a0,
                                                              Value a1, Value a2) {
  return make_laid_out_call(vm, lay_out_entry(vm, own_primitive(callee), argc, a0, a1, a2));
}

Value prim_apply(VmState* vm, const Value* args, uint64_t argc) {
  if (!frame::ensure_stack(vm, "apply")) return kUnwind;
  return make_laid_out_call(vm, lay_out(vm, args, argc));
}

const Primitive* primitive_of(Value function) {
  const value::Proto* proto = value::as_closure(function)->proto;
  bool own = proto->entry == enter_primitive || proto->entry == enter_apply;
  return own ? static_cast<const Primitive*>(proto->native) : nullptr;
}

}  // namespace terrace::prims
