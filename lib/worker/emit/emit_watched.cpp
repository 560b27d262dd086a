// worker/emit/emit_watched.cpp: what the code assumes of globals is confirmed where it is entered, and not tested at calls.
//
//   entry:   proto->confirmed - vm->watch_epoch == key of these assumptions     as a rule; else every cell is looked at and watched
//            what they hold is noted down as proto->links
//   a call:  nothing; where other code may have run since, vm->watch_epoch == what it was at the entry of this C function
//
// The key tells apart the codes that a function has one after the other: what one has confirmed is not what the next assumes. A cell that is
// watched makes the vm's epoch another one when it gets another value (frame/globals.hpp). So while the epoch is the one of the entry all that
// was confirmed there holds. It is not compared with Proto::confirmed behind calls, for that may meanwhile have been written for other code.
//
// What does not hold at an entry counts against the code like any deopt, and the next code does without that assumption
// (Program::mistaken_globals). That the epoch has changed in the middle counts for nothing: the interpreter goes on, and the next entry looks again.
#include "worker/emit/emitter.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

void Emitter::confirm_globals(Block otherwise) {
  Block go_on = fresh();
  Val since = m_.sub(m_.load(proto(), offsets::kProtoConfirmed), m_.load(vm(), offsets::kVmWatchEpoch));
  guard(m_.equal(since, m_.word(program_.assumptions_key())), look_at_globals(go_on, otherwise));
  jump(go_on);
  start(go_on);
}

// All are looked at, also after one that does not hold, so that the next code knows of all.
Block Emitter::look_at_globals(Block go_on, Block otherwise) {
  return cold([=, this] {
    const std::vector<Assumption>& assumptions = program_.assumptions();
    const auto found = [this](size_t n) { return element_of(found_array_, n); };
    local(found_array_, m_.word_array_type(static_cast<int>(assumptions.size())), "found");
    Place failed = gcc_jit_function_new_local(bodies_.body, nullptr, m_.word_type(), "failed");
    assign(failed, m_.word(0));
    std::map<size_t, Val> closures = {{0, callee()}};
    for (size_t n = 0; n < assumptions.size(); n++) {
      Val held = gcc_jit_lvalue_as_rvalue(found(n));
      assign(found(n), watch(assumptions[n], closures.at(assumptions[n].caller)));
      assign(failed, m_.bit_or(gcc_jit_lvalue_as_rvalue(failed), m_.cast(m_.equal(held, value::kFalse), m_.word_type())));
      closures.emplace(assumptions[n].callee, held);
    }
    guard(m_.equal(gcc_jit_lvalue_as_rvalue(failed), m_.word(0)), otherwise);
    if (program_.uses_links(0)) evaluate(runtime(Runtime::k_link, {callee(), m_.address(found(0)), m_.word(assumptions.size())}));
    assign(m_.at(proto(), offsets::kProtoConfirmed, m_.word_type()),
           m_.add(m_.load(vm(), offsets::kVmWatchEpoch), m_.word(program_.assumptions_key())));
    jump(go_on);
  });
}

Val Emitter::watch(const Assumption& assumption, Val closure) const {
  const Val pc = m_.word(assumption.pc), owner = m_.record_of(program_.hash(0));
  if (assumption.callee != kNoCallee) return runtime(Runtime::k_watch, {closure, pc, m_.record_of(program_.hash(assumption.callee)), owner});
  return runtime(Runtime::k_watch_type, {closure, pc, m_.word(frame::shape_word(assumption.type)), owner});
}

// At the entry of any C function of the code, where all that is assumed holds.
void Emitter::remember_globals() {
  if (program_.assumptions().empty() || !program_.relies_on_globals(number_)) return;
  assign(local(watch_epoch_, m_.word_type(), "watch_epoch"), m_.load(vm(), offsets::kVmWatchEpoch));
  if (variant_ != nullptr || !program_.uses_links(number_)) return;
  assign(local(links_, m_.word_type(), "links"), m_.load(proto(), offsets::kProtoLinks));
}

Val Emitter::linked() const { return link(program_.link_at(number_, pc_)); }

Val Emitter::link(size_t number) const { return m_.load(links(), offsets::kVectorData + 8 * static_cast<int64_t>(number)); }

// The header of new records of the type, 32 bits.
Val Emitter::new_header(size_t type_link) const {
  return m_.load(links(), offsets::kVectorData + 8 * static_cast<int64_t>(program_.header_link(type_link)) + 4, m_.u32_type());
}

void Emitter::settle_doubt() {
  if (program_.is_doubted(number_, pc_)) expect_same_globals(leave_here(frame::LeaveCause::kAlong));
}

void Emitter::expect_same_globals(Block otherwise) { expect_epoch(gcc_jit_lvalue_as_rvalue(watch_epoch_), otherwise); }

void Emitter::expect_epoch(Val epoch, Block otherwise) {
  guard(m_.equal(m_.load(vm(), offsets::kVmWatchEpoch), epoch), otherwise);
}

}  // namespace terrace::worker::emit
