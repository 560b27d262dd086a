// worker/emit/emit_calls.cpp: calls and tail calls. The convention is frame/calling.hpp.
#include <algorithm>

#include "worker/emit/emitter.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

void Emitter::emit_Call(Instr i) { call(i, reg(i.a), CallKind::kValue, flow_.holds_self(pc_, i.a)); }
void Emitter::emit_TailCall(Instr i) { call(i, reg(i.a), CallKind::kTail, flow_.holds_self(pc_, i.a)); }
void Emitter::emit_CallGlobal(Instr i) { call_global(i, CallKind::kValue); }
void Emitter::emit_TailCallGlobal(Instr i) { call_global(i, CallKind::kTail); }

void Emitter::call_global(Instr i, CallKind kind) {
  Val function = hold(1, m_.load(constant(i.b), offsets::kCellValue));
  call(i, function, kind, global_has_own_name(i.b));
}

// A call of the running closure itself goes straight to its code, or to its beginning.
void Emitter::call(Instr i, Val function, CallKind kind, bool maybe_self) {
  bool direct = maybe_self && variant_ == nullptr && code_.takes_plain_arguments() && i.x == code_.required &&
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
  // GCC may put this function into itself, where a tail call, which is marked, would leave the function that called, too.
  const bool may_be_inlined = m_.plan().optimises && variant_ == nullptr && flow_.makes_tail_calls();
  set_checked(i.c, may_be_inlined ? m_.call_entry(m_.load(proto(), offsets::kProtoEntry), arguments) : m_.call_entry(bodies_.calls, arguments));
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
  // GCC may put a variant into its caller, where a call that is marked would leave the caller, too. Who is called so makes tail calls itself
  // by the convention of all, so a chain of them costs one frame more.
  if (variant_ == nullptr) gcc_jit_rvalue_set_bool_require_tail_call(result, 1);
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

// A guess that decides only whether a comparison is worth its price.
bool Emitter::global_has_own_name(uint16_t k) const { return function_.constants[k].bytes == code_.name; }

// --- calls of functions that are compiled along

void Emitter::known_call(Instr i) {
  const Variant* small = ranges_.called_with_small(pc_);
  const Variant& variant = small != nullptr ? *small : *types_.called(pc_, state_);
  settle_doubt();
  Block next = fresh();
  State before = state_;
  // Where the callee may run other code the kinds are not known behind the call on any way.
  if (types_.runs_other_code(pc_, treatment_, state_))
    for (Forms& forms : before) forms &= ~kOfDoubles;
  Val function = callee_of(i, variant, [&](Val called) {
    return takes_for_granted() ? leave_here() : cold([=, this, &variant] {
      state_ = before;
      call_unknown(i, variant, called, next);
    });
  });
  Function body = program_.body_of(variant);
  const Forms record = record_of_call(variant);
  std::vector<Val> arguments = variant_arguments(i, variant, function, record);
  for (uint16_t n = 0; n < before.size(); n++)
    if ((before[n] & kVirtual) && !(state_[n] & kVirtual)) before[n] = state_[n];
  Val result = m_.call(body, arguments);
  const bool recurs = variant.calls_itself || variant.function == number_;
  const bool goes_on = recurs && program_.runs_other_code(number_, pc_) && !variant.takes_records();
  if (variant.returns_double())
    take_double(i, variant, result, before, next, goes_on);
  else if (record != 0)
    take_record(i, variant, result, before, next);
  else
    take_word(i, variant, result, before, next, goes_on);
  start(next);
}

void Emitter::known_tail(Instr i) {
  const Variant& variant = *types_.called(pc_, state_);
  settle_doubt();
  State before = state_;
  Val function = callee_of(i, variant, [&](Val called) {
    return takes_for_granted() ? leave_here() : cold([=, this] {
      state_ = before;
      for (uint16_t n = 0; n < i.x; n++) make_word(static_cast<uint16_t>(i.a + 1 + n));
      call_any(i, called, CallKind::kTail);
    });
  });
  Function body = program_.body_of(variant);
  const bool answers_records = types_.returned_record() != 0;
  const Forms record = answers_records ? 0 : record_of_call(variant);
  std::vector<Val> arguments = variant_arguments(i, variant, function, record);
  if (answers_records) pass_own_places(arguments);
  Val result = m_.call(body, arguments);
  if (starts_again(variant) && !starts_again())
    result = expect_answer(variant, result);
  else if (hands_back_objects())
    result = pass_on_objects(i, variant, result);
  if (variant.returns_double()) return leave_with_double_of(result);
  if (record != 0) return leave_with_record_of(i, record, result);
  leave_with_word_of(result);
}

// Of a tail call of a variant that starts again: where it was left this code is left, too.
Val Emitter::expect_answer(const Variant& variant, Val call) {
  const Val held = hold_answer(variant, call);
  Block next = fresh();
  guard(is_answer(variant, held), cold([=, this] {
          Block left = fresh();
          branch(m_.equal(m_.load(vm(), offsets::kVmReturned), value::kLeft), left, next);
          start(left);
          take_returned();
          jump(leave_here(frame::LeaveCause::kAlong));
        }));
  jump(next);
  start(next);
  return held;
}

// Whether a variant has answered this of itself.
Val Emitter::is_answer(const Variant& variant, Val held) const {
  return variant.returns_double() ? m_.differ(m_.bits_as(held, m_.word_type()), m_.word(kReturnedElsewhere)) : m_.differ(held, value::kUnwind);
}

// Ends the function, which answers words, with the record that a variant answers.
void Emitter::leave_with_record_of(Instr i, Forms record, Val call) {
  word_of_answer(call);
  state_[i.a] = record;
  make_object(i.a, Speed::kFast);
  leave(reg(i.a));
}

// Ends the function with what a variant answers that answers words.
void Emitter::leave_with_word_of(Val call) {
  if (variant_ != nullptr && !variant_->returns_double()) return leave(call);
  leave(word_of_answer(call));
}

// What a variant answers that was called last: the function ends with what it left behind instead.
Val Emitter::word_of_answer(Val call) {
  Val result = hold(0, call);
  guard(m_.differ(result, value::kUnwind), cold([=, this] {
          Val word = take_returned();
          Block unwinds = fresh();
          guard(m_.differ(word, value::kUnbound), unwinds);
          leave_with_elsewhere(word);
          start(unwinds);
          leave(m_.constant(value::kUnwind));
        }));
  return result;
}

// What a variant left in the vm that answered an unwind; kUnbound when that is meant.
Val Emitter::take_returned() {
  Place returned = m_.at(vm(), offsets::kVmReturned, m_.word_type());
  Val word = hold(2, gcc_jit_lvalue_as_rvalue(returned));
  assign(returned, m_.constant(value::kUnbound));
  return word;
}

// Ends the function with what a variant answers that answers doubles.
void Emitter::leave_with_double_of(Val call) {
  if (variant_ != nullptr && variant_->returns_double()) return leave_with_double(call);
  Val bits = hold(0, m_.bits_as(hold_double(0, call), m_.word_type()));
  guard(m_.differ(bits, m_.word(kReturnedElsewhere)), cold([=, this] {
          Val word = take_returned();
          if (starts_again()) return leave_with_elsewhere(word);
          if (is_quiet_call()) tell_other_globals(word);
          leave(word);
        }));
  Block boxes = fresh();
  Val word = hold(2, m_.encode_float(bits));
  guard(m_.is_float(word), boxes);
  leave(word);
  start(boxes);
  leave(runtime(Runtime::k_box_float, {bits}));
}

// The caller, which takes a word for one of a call that ran no other code, is left where that is not so.
void Emitter::tell_other_globals(Val word) {
  Block changed = cold([=, this] { leave_with_elsewhere(word); });
  expect_same_globals(changed);
}

// The closure that a known call goes to. Where it is not an assumption it is tested, and `unknown` makes the block for any other.
Val Emitter::callee_of(Instr i, const Variant& variant, const std::function<Block(Val)>& unknown) {
  if (op_of(i) == Op::kCall) return shows_to_be(reg(i.a), variant, unknown(reg(i.a)));
  const bool assumed = program_.assumes(number_, pc_);
  if (assumed && variant.function == number_ && program_.is_one_closure(number_)) return callee();
  if (assumed) return hold(3, linked());
  Val function = hold(3, m_.load(constant(i.b), offsets::kCellValue));
  return shows_to_be(function, variant, unknown(function));
}

// Tests that the word is a closure of the variant's function; the same word in its simplest form.
Val Emitter::shows_to_be(Val function, const Variant& variant, Block otherwise) {
  if (variant.function == number_) {
    guard(m_.equal(function, callee()), otherwise);
    return callee();
  }
  guard(m_.has_tag(function, value::kTagFunction), otherwise);
  Val profile = m_.load(m_.load(function, offsets::kClosureProto), offsets::kProtoProfile);
  guard(m_.equal(profile, m_.record_of(program_.hash(variant.function))), otherwise);
  return function;
}

// `record`: a virtual record of this instruction's that the variant answers; 0: it answers none.
std::vector<Val> Emitter::variant_arguments(Instr i, const Variant& variant, Val function, Forms record) {
  for (uint16_t n = 0; n < i.x; n++)
    if (variant.parameters[n] & kWord) make_word(static_cast<uint16_t>(i.a + 1 + n));
  std::vector<Val> arguments = {vm(), program_.link_of(variant.function) ? m_.word(0) : function};
  if (program_.uses_links(variant.function)) arguments.push_back(links());
  for (uint16_t n = 0; n < i.x; n++) {
    auto r = static_cast<uint16_t>(i.a + 1 + n);
    const Forms form = variant.parameters[n];
    if (!(form & kVirtual))
      arguments.push_back(form & kDouble ? double_reg(r) : reg(r));
    else if (!comes_before(form)) {
      if (is_opened(form)) arguments.push_back(reg(r));
      pass_parts(state_[r], arguments);
    }
  }
  if (record != 0) pass_places(record, arguments);
  return arguments;
}

// The other way: any function, called as always.
void Emitter::call_unknown(Instr i, const Variant& variant, Val function, Block next) {
  for (uint16_t n = 0; n < i.x; n++) make_word(static_cast<uint16_t>(i.a + 1 + n));
  State before = state_;
  call_any(i, function, CallKind::kValue);
  if (variant.returns_double()) return take_as_double(i, std::move(before), next);
  state_ = std::move(before);
  state_[i.c] = kWord;
  confirm_kinds();
  jump(next);
}

// The word that a variant answers. What it left behind instead is put where it belongs, and this code is left, too; in a recursion that is not
// assumed, where many copies of this make GCC put fewer of them into each other, it goes on.
void Emitter::take_word(Instr i, const Variant& variant, Val call, const State& before, Block next, bool goes_on) {
  Val result = hold(0, call);
  if (!variant.always_answers())
    guard(is_answer(variant, result), cold([=, this, &variant] {
            if (starts_again(variant)) return go_with_callee();
            Val word = take_returned_word();
            if (!goes_on) return leave_behind(i, variant, before, word);
            state_ = before;
            state_[i.c] = kWord;
            set(i.c, word);
            confirm_kinds();
            jump(next);
          }));
  set(i.c, result);
  jump(next);
}

// The record that a variant answers, in its parts, or as an object where any function may be called.
void Emitter::take_record(Instr i, const Variant& variant, Val call, const State& before, Block next) {
  guard(is_answer(variant, hold(0, call)), cold([=, this, &variant] {
          if (starts_again(variant)) return go_with_callee();
          leave_behind(i, variant, before, take_returned_word());
        }));
  if (types_.record_from(pc_, variant, state_) == 0) {
    state_[i.c] = record_of_call(variant);
    make_object(i.c, Speed::kFast);
  }
  jump(next);
}

// Behind a variant that starts again and has not answered: it was left, or unwinds.
void Emitter::go_with_callee() {
  guard(m_.equal(take_returned(), value::kLeft), unwind());
  jump(leave_here(frame::LeaveCause::kAlong));
}

// The word that a variant left in the vm that answered an unwind, or on with that.
Val Emitter::take_returned_word() {
  Val word = take_returned();
  guard(m_.differ(word, value::kUnbound), unwind());
  guard(m_.differ(word, value::kUnwind), unwind());
  return word;
}

// Leaves behind the call of a variant that was left and has answered this word.
void Emitter::leave_behind(Instr i, const Variant& variant, const State& before, Val word) {
  state_ = before;
  take_objects(i, variant);
  state_[i.c] = kWord;
  set(i.c, word);
  jump(leave_at(pc_ + 1, frame::LeaveCause::kAlong));
}

// The double that a variant answers; for what it left behind instead the same holds as for a word.
void Emitter::take_double(Instr i, const Variant& variant, Val call, const State& before, Block next, bool goes_on) {
  assign(double_place(i.c), call);
  if (variant.always_answers()) return jump(next);
  guard(is_answer(variant, double_reg(i.c)), cold([=, this, &variant] {
          if (starts_again(variant)) return go_with_callee();
          Val word = take_returned();
          guard(m_.differ(word, value::kUnwind), unwind());
          if (!goes_on) return leave_behind(i, variant, before, word);
          set(i.c, word);
          take_as_double(i, before, next);
        }));
  jump(next);
}

// After the call its result is the word in R[c]: a float, or code that expects one is left behind the call.
void Emitter::take_as_double(Instr i, State before, Block next) {
  state_ = std::move(before);
  state_[i.c] = kWord;
  unbox(i.c, leave_at(pc_ + 1, frame::LeaveCause::kResult));
  confirm_kinds();
  if (is_quiet_call()) expect_same_globals(leave_at(pc_ + 1, frame::LeaveCause::kAlong));
  jump(next);
}

// Behind a call that ran other code, where the usual way runs none: vectors that are taken to hold doubles may have become generic.
void Emitter::confirm_kinds() {
  const RegisterSet live = flow_.live_before(pc_ + 1);
  Block otherwise = nullptr;
  for (uint16_t r = 0; r < code_.register_count; r++) {
    if (!live.has(r) || !(state_[r] & kDoublesVector)) continue;
    if (otherwise == nullptr) otherwise = leave_at(pc_ + 1, frame::LeaveCause::kAlong);
    guard(is_vector(reg(r), state_[r]), otherwise);
  }
}

}  // namespace terrace::worker::emit
