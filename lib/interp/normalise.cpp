// interp/normalise.cpp: arguments of a call brought into the slots its callee expects.
//
// Answers for: arity errors, optional, keyword and rest parameters, spread lists (frame/calling.hpp, rules 3 and 4), for
// callees that have bytecode. Primitives and host functions count their own arguments. Keyword arguments go from where the
// call put them to their slots: no list of them is made.
#include <algorithm>
#include <string>

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

// What the fixed parameters leave: gathered arguments, then the spread list.
class Leftover {
 public:
  Leftover(const Gathered& all, uint64_t from) : all_(all), next_(from), list_(all.spread) {}
  bool empty() const { return next_ >= all_.count && !is_pair(list_); }
  Value first() const { return next_ < all_.count ? all_.items[next_] : car(list_); }
  Value take() {
    Value item = first();
    if (next_ < all_.count)
      ++next_;
    else
      list_ = cdr(list_);
    return item;
  }

 private:
  const Gathered& all_;
  uint64_t next_;
  Value list_;
};

// A fresh list, as callees may change it.
Value list_of(VmState* vm, Leftover left) {
  Value head = kNil, tail = kNil;
  while (!left.empty()) {
    Value cell = frame::heap_of(vm).cons(left.take(), kNil);
    if (is_nil(head)) {
      head = cell;
    } else {
      as_pair(tail)->cdr = cell;
      heap::Heap::write_barrier(as_pair(tail));
    }
    tail = cell;
  }
  return head;
}

// --- keyword arguments

// One call of a function with keyword parameters; puts all slots where the entry expects them.
class KeyedCall {
 public:
  KeyedCall(VmState* vm, Value callee)
      : vm_(vm), callee_(callee), proto_(as_closure(callee)->proto), function_(*proto_->function) {}

  // The first slots go to vm->tail_args. False with the error pending.
  bool settle(uint64_t argc, Value a0, Value a1, Value a2) {
    uint64_t fixed = function_.required + function_.optional;
    Gathered all;
    if (!gather(vm_, argc, a0, a1, a2, fixed, &all)) return false;
    if (all.count < function_.required) return frame::raise_arity(vm_, callee_, all.count), false;
    for (uint64_t i = 0; i < fixed; i++) slots_[i] = i < all.count ? all.items[i] : kUnset;
    keys_ = slots_ + fixed;
    std::fill(keys_, keys_ + function_.keys.size(), kUnset);
    Leftover left(all, fixed);
    Value* rest = keys_ + function_.keys.size();
    if (function_.rest && function_.rest_has_keys) *rest = list_of(vm_, left);
    if (!read_keys(left)) return false;
    if (function_.rest && !function_.rest_has_keys) *rest = list_of(vm_, left);
    for (uint64_t i = 0; i < function_.parameter_slots(); i++)
      (i < frame::kRegisterArguments ? vm_->tail_args[i] : vm_->xargs[i - frame::kRegisterArguments]) = slots_[i];
    return true;
  }

 private:
  bool takes_more() const { return function_.rest && !function_.rest_has_keys; }

  bool read_keys(Leftover& left) {
    while (!left.empty()) {
      Value key = left.first();
      if (!is_keyword(key)) {
        if (takes_more()) break;
        return fail("expected a keyword, got " + frame::describe(key) + "; " + taken(), key);
      }
      left.take();
      if (left.empty()) return fail(text(key) + " has no value; write one behind it", key);
      Value given = left.take();
      Value* slot = slot_of(key);
      if (slot == nullptr) {
        if (!function_.other_keys) return fail("unknown keyword " + text(key) + "; " + taken(), key);
      } else if (*slot != kUnset) {
        return fail(text(key) + " is given twice; give it once", key);
      } else {
        *slot = given;
      }
    }
    for (size_t i = 0; i < function_.keys.size(); i++)
      if (function_.keys[i].required && keys_[i] == kUnset)
        return fail(text(key_at(i)) + " is missing; call it with " + text(key_at(i)) + " and a value", key_at(i));
    return true;
  }

  Value key_at(size_t i) const { return proto_->constant[function_.keys[i].constant]; }
  Value* slot_of(Value key) const {
    for (size_t i = 0; i < function_.keys.size(); i++)
      if (key_at(i) == key) return &keys_[i];
    return nullptr;
  }

  // Bytecode from elsewhere may name a key that is no keyword: the verifier knows a constant's kind, not its type.
  static std::string text(Value key) { return is_keyword(key) ? ":" + std::string(frame::symbol_name(key)) : frame::describe(key); }
  std::string taken() const {
    std::string out = "it takes ";
    for (size_t i = 0; i < function_.keys.size(); i++) out += (i == 0 ? "" : ", ") + text(key_at(i));
    return out;
  }
  bool fail(const std::string& what, Value key) const {
    std::string name(is_symbol(proto_->name) ? frame::symbol_name(proto_->name) : std::string_view(function_.name));
    std::string message = (name.empty() ? "function" : name) + ": " + what;
    frame::raise_error_with(vm_, frame::ErrorKind::kArity, message, frame::make_list(vm_, &key, 1));
    return false;
  }

  VmState* vm_;
  Value callee_;
  const Proto* proto_;
  const bytecode::FunctionCode& function_;
  Value slots_[bytecode::kMaxCallArguments + 1];  // on the C stack: seen by the collector
  Value* keys_ = nullptr;
};

// Not inlined, so that its arrays are gone before the tail call.
[[gnu::noinline]] bool settle_keyed(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2) {
  return KeyedCall(vm, callee).settle(argc, a0, a1, a2);
}

// The same for functions without keywords.
[[gnu::noinline]] bool settle_plain(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2) {
  const bytecode::FunctionCode& function = *as_closure(callee)->proto->function;
  uint64_t fixed = function.required + function.optional;
  Gathered all;
  if (!gather(vm, argc, a0, a1, a2, fixed, &all)) return false;
  bool too_many = !function.rest && (all.count > fixed || is_pair(all.spread));
  if (all.count < function.required || too_many) return frame::raise_arity(vm, callee, all.count), false;
  Value rest = function.rest ? list_of(vm, Leftover(all, fixed)) : kNil;
  for (uint64_t i = all.count; i < fixed; i++) all.items[i] = kUnset;
  if (function.rest) all.items[fixed] = rest;
  uint64_t slots = function.parameter_slots();
  for (uint64_t i = frame::kRegisterArguments; i < slots; i++) vm->xargs[i - frame::kRegisterArguments] = all.items[i];
  for (int i = 0; i < frame::kRegisterArguments; i++) vm->tail_args[i] = all.items[i];
  return true;
}

}  // namespace

Value normalise(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2) {
  Proto* proto = as_closure(callee)->proto;
  if (argc == frame::kEnterLoop) return go_on_in_loop(vm, callee, a0.bits, reinterpret_cast<const Value*>(a1.bits));
  const bytecode::FunctionCode& function = *proto->function;
  bool keyed = !function.keys.empty() || function.other_keys;
  bool settled = keyed ? settle_keyed(vm, callee, argc, a0, a1, a2) : settle_plain(vm, callee, argc, a0, a1, a2);
  if (!settled) return kUnwind;
  return proto->entry(vm, callee, proto->expected, vm->tail_args[0], vm->tail_args[1], vm->tail_args[2]);
}

}  // namespace terrace::interp
