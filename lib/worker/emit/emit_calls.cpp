// worker/emit/emit_calls.cpp: calls and tail calls. The convention is frame/calling.hpp.
#include <algorithm>

#include "worker/emit/emitter.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

void Emitter::emit_Call(Instr i) { call(i, reg(i.a), CallKind::kValue, register_holds_self(i.a)); }
void Emitter::emit_TailCall(Instr i) { call(i, reg(i.a), CallKind::kTail, register_holds_self(i.a)); }
void Emitter::emit_CallGlobal(Instr i) { call_global(i, CallKind::kValue); }
void Emitter::emit_TailCallGlobal(Instr i) { call_global(i, CallKind::kTail); }

void Emitter::call_global(Instr i, CallKind kind) {
  Val function = hold(1, m_.load(constant(i.b), offsets::kCellValue));
  call(i, function, kind, global_has_own_name(i.b));
}

// A call of the running closure itself goes straight to its code, or to its beginning.
void Emitter::call(Instr i, Val function, CallKind kind, bool maybe_self) {
  bool direct = maybe_self && m_.plan().calls_itself_directly && code_.takes_plain_arguments() && i.x == code_.required &&
                (kind == CallKind::kValue || restart_ != nullptr);
  if (!direct) return call_any(i, function, kind);
  if (kind == CallKind::kTail) {
    guard(m_.equal(function, callee()), cold([=, this] { call_any(i, function, kind); }));
    return call_self(i, kind);
  }
  Block next = fresh();
  guard(m_.equal(function, callee()), cold([=, this] {
          call_any(i, function, kind);
          jump(next);
        }));
  call_self(i, kind);
  jump(next);
  start(next);
}

void Emitter::call_self(Instr i, CallKind kind) {
  if (kind == CallKind::kTail) {
    for (uint16_t n = 0; n < i.x; n++)
      set(n, reg(static_cast<uint16_t>(i.a + 1 + n)));  // n is below its source: no clash
    return jump(restart_);
  }
  Val arguments[6];
  fill_arguments(arguments, callee(), i);
  set_checked(i.c, m_.call_entry(bodies_.calls, arguments));
}

void Emitter::call_any(Instr i, Val function, CallKind kind) {
  bool global = op_of(i) == Op::kCallGlobal || op_of(i) == Op::kTailCallGlobal;
  guard(m_.has_tag(function, value::kTagFunction), cold([=, this] {
          if (global) {
            Block bound = fresh(), unbound = fresh();
            branch(m_.equal(function, value::kUnbound), unbound, bound);
            start(unbound);
            raise(runtime(Runtime::k_unbound, {constant(i.b)}));
            start(bound);
          }
          raise(runtime(Runtime::k_not_function, {function}));
        }));
  Val arguments[6];
  fill_arguments(arguments, function, i);
  Val entry = m_.load(m_.load(function, offsets::kClosureProto), offsets::kProtoEntry);
  Val result = m_.call_entry(entry, arguments);
  if (kind == CallKind::kValue) return set_checked(i.c, result);
  gcc_jit_rvalue_set_bool_require_tail_call(result, 1);
  leave(result);
}

void Emitter::fill_arguments(Val (&arguments)[6], Val function, Instr i) {
  arguments[0] = vm();
  arguments[1] = function;
  arguments[2] = m_.word(i.x);
  for (uint16_t n = 0; n < std::max<uint16_t>(i.x, frame::kRegisterArguments); n++) {
    auto from = static_cast<uint16_t>(i.a + 1 + n);
    if (n >= frame::kRegisterArguments)
      assign(m_.at(vm(), offsets::kVmXargs + 8 * (n - frame::kRegisterArguments), m_.word_type()), reg(from));
    else
      arguments[3 + n] = n < i.x ? reg(from) : m_.word(0);
  }
}

// Whether the register was last written by Self, as far as the instructions just before tell.
bool Emitter::register_holds_self(uint16_t r) const {
  for (uint32_t pc = pc_; pc-- > 0 && !flow_.is_leader(pc + 1);) {
    Instr i = code_.code[pc];
    std::string_view format = bytecode::op_info(op_of(i)).format;
    bool writes_r = (format[0] == 'w' && i.a == r) || (format[2] == 'w' && i.c == r);
    if (writes_r) return op_of(i) == Op::kSelf;
    if (has_jump(op_of(i))) return false;
  }
  return false;
}

// A guess that decides only whether a comparison is worth its price.
bool Emitter::global_has_own_name(uint16_t k) const { return function_.constants[k].bytes == code_.name; }

}  // namespace terrace::worker::emit
