// worker/emit/emitter.cpp: the frame of a function: ways in, blocks, variables, ways out by unwind.
#include "worker/emit/emitter.hpp"

#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

namespace {
constexpr uint32_t kNoHandler = UINT32_MAX;
}

Emitter::Emitter(const Module& module, Program& program, size_t number, const Types& types, const Variant* variant,
                 Entries entries, const Bodies& bodies, Layout& layout)
    : m_(module),
      program_(program),
      number_(number),
      function_(program.function(number)),
      code_(function_.code),
      flow_(program.flow(number)),
      types_(types),
      ranges_(function_, flow_, types_),
      checkpoints_(types_.specialises() ? std::optional<Checkpoints>(std::in_place, function_, flow_, types_) : std::nullopt),
      variant_(variant),
      entries_(entries),
      bodies_(bodies),
      layout_(layout) {
  for (int r = 0; r < code_.register_count; r++)
    registers_.push_back(
        gcc_jit_function_new_local(bodies_.body, nullptr, m_.word_type(), ("r" + std::to_string(r)).c_str()));
}

void Emitter::emit() {
  Block entry = fresh();
  for (uint32_t leader : flow_.leaders()) blocks_[leader] = fresh();
  start(entry);
  if (variant_ != nullptr)
    emit_variant_entry();
  else
    emit_entry();
  emit_body();
  emit_cold();
}

void Emitter::emit_body() {
  const auto& leaders = flow_.leaders();
  for (size_t n = 0; n < leaders.size(); n++) {
    uint32_t end = n + 1 < leaders.size() ? leaders[n + 1] : static_cast<uint32_t>(code_.code.size());
    start(at_pc(leaders[n]));
    state_ = types_.at(leaders[n]);
    for (pc_ = leaders[n]; pc_ < end && current_ != nullptr; pc_++) {
      if (const uint32_t run_end = end_of_run(end); run_end > pc_)
        emit_run(run_end);
      else
        emit_with_forms(code_.code[pc_], end);
    }
    if (current_ == nullptr) continue;
    make_forms_for(end);
    jump(way_to(end));
  }
}

// Registers get the forms that the instruction and the blocks it may go to expect, before it is written.
void Emitter::emit_with_forms(Instr i, uint32_t end) {
  if (!types_.specialises()) return emit_instruction(i);
  if (checkpoints_->is_at(pc_)) begin_checkpoint();
  treatment_ = types_.treatment(pc_, state_);
  if (Types::takes_words(treatment_))
    for (uint16_t r : types_.word_operands(pc_)) make_word(r);
  if (!Types::takes_integers(treatment_))
    for (uint16_t r : types_.word_operands(pc_))
      if (state_[r] & kU64) make_word(r);
  if (treatment_ != Treatment::kKnownCall && treatment_ != Treatment::kKnownTail)
    for (uint16_t r : types_.objects_for(pc_, treatment_, state_))
      if (state_[r] & kVirtual) make_word(r);
  if (treatment_ == Treatment::kStoreDouble) {
    make_word(i.a);
    make_word(i.b);
  }
  if (treatment_ == Treatment::kStoreField)
    for (uint16_t r = i.b; r < i.b + 3u; r++) make_word(r);
  if (treatment_ == Treatment::kCompareFixnums)
    for (const Types::Need& need : types_.needs(pc_, state_)) establish(need.r, need.form, leave_here());
  if (has_jump(op_of(i)) && !program_.stays(number_, pc_)) {
    const bool goes_on = op_info(op_of(i)).ends != bytecode::Ends::kstop;
    make_forms_for(target_of(pc_, i), !goes_on);
    if (goes_on && pc_ + 1 == end && end < code_.code.size()) make_forms_for(end, false);
  }
  State next = state_;
  types_.step(pc_, treatment_, next);
  if (!emit_typed(i)) emit_instruction(i);
  state_ = std::move(next);
  treatment_ = Treatment::kWords;
}

void Emitter::emit_instruction(Instr i) {
  switch (op_of(i)) {
#define T_OP(name, format, ends, effect, text) \
  case Op::k##name:                    \
    return emit_##name(i);
#include "bytecode/opcodes.def"
#undef T_OP
    case Op::kCount:
      break;
  }
}

// Cold parts may ask for further ones.
void Emitter::emit_cold() {
  for (size_t n = 0; n < cold_.size(); n++) {
    ColdPart part = cold_[n];
    start(part.block);
    pc_ = part.pc;
    part.write();
  }
}

// --- ways in

void Emitter::emit_entry() {
  assign(local(proto_, m_.word_type(), "proto"), m_.load(callee(), offsets::kClosureProto));
  if (entries_ == Entries::kLoops) return emit_loop_entry();
  guard(m_.equal(argc(), m_.word(code_.expected_argc())), cold([this] { pass_on_other_entries(); }));
  copy_parameters();
  restart_ = fresh();
  jump(restart_);
  start(restart_);
  emit_stack_check();
  assign(m_.at(proto(), offsets::kProtoStamp, m_.u32_type()), m_.load(vm(), offsets::kVmEpoch, m_.u32_type()));
  if (m_.plan().counts)
    count_down([this](Block go_on) {
      ask_policy();
      jump(go_on);
    });
  if (!program_.assumptions().empty()) {
    state_ = types_.at_entry();
    confirm_globals(leave_at(0, frame::LeaveCause::kAlong));
    remember_globals();
  }
  begin_body();
}

// Who calls a variant has counted the call.
void Emitter::emit_variant_entry() {
  if (!loads_callee()) assign(local(proto_, m_.word_type(), "proto"), m_.load(callee(), offsets::kClosureProto));
  state_ = types_.at_entry();
  first_result_ = kLinksParameter + (program_.uses_links(number_) ? 1 : 0);
  for (uint16_t n = 0; n < code_.required; n++) {
    const Forms form = variant_->parameters[n];
    if (comes_before(form)) {
      if (is_opened(form)) set(n, reg(static_cast<uint16_t>(site_of(form) - 1)));
    } else if (state_[n] & kVirtual) {
      if (is_opened(form)) set(n, parameter(first_result_++));
      first_result_ = take_parts(state_[n], first_result_);
      if (is_unmade(form) && hands_back_objects()) assign(object_of_argument(n), m_.constant(value::kUnbound));
    } else {
      assign(state_[n] & kDouble ? double_place(n) : place(n), parameter(first_result_++));
    }
  }
  if (program_.checks_stack(number_)) {
    Block go_on = fresh();
    check_stack(starts_again() ? leave_here(frame::LeaveCause::kAlong) : leave_at(0, frame::LeaveCause::kAlong), go_on);
    start(go_on);
  }
  remember_globals();
  begin_body();
}

void Emitter::begin_body() {
  state_ = types_.at_entry();
  make_forms_for(0);
  jump(way_to(0));
}

void Emitter::copy_parameters() {
  for (uint32_t n = 0; n < code_.parameter_slots(); n++) {
    int64_t extra = offsets::kVmXargs + 8 * (int64_t{n} - frame::kRegisterArguments);
    set(static_cast<uint16_t>(n),
        n < frame::kRegisterArguments ? parameter(3 + static_cast<int>(n)) : m_.load(vm(), extra));
  }
}

// The stack limit also asks for safepoints. No instruction is running yet, so an unwind just leaves.
void Emitter::emit_stack_check() {
  Block go_on = fresh();
  Block check = cold([this, go_on] {
    Block out = fresh();
    branch(m_.equal(runtime(Runtime::k_check, {}), value::kUnwind), out, go_on);
    start(out);
    leave(m_.constant(value::kUnwind));
  });
  check_stack(check, go_on);
  start(go_on);
}

// Calls and loops count together; below zero the policy is asked, which sets the counter anew. What is left is held in a variable, since base code
// would load it again to compare it.
void Emitter::count_down(const std::function<void(Block)>& ask) {
  Place counter = m_.at(proto(), offsets::kProtoCountdown, m_.i32_type());
  Place held = local(left_, m_.i32_type(), "left");
  assign(held, m_.binary(GCC_JIT_BINARY_OP_MINUS, m_.i32_type(), gcc_jit_lvalue_as_rvalue(counter), m_.number(m_.i32_type(), 1)));
  Val left = gcc_jit_lvalue_as_rvalue(held);
  assign(counter, left);
  Block go_on = fresh();
  guard(m_.compare(GCC_JIT_COMPARISON_GE, left, m_.number(m_.i32_type(), 0)), cold([=] { ask(go_on); }));
  jump(go_on);
  start(go_on);
}

// A large frame counts for what it is: what lies below the frame pointer is not seen by the comparison otherwise.
// The limit is read anew each time: another thread may have changed it to ask for a safepoint.
void Emitter::check_stack(Block passed, Block go_on) {
  constexpr int kLargeFrame = 256;  // registers
  Val lowest = nullptr;
  if (code_.register_count > kLargeFrame) lowest = hold(0, m_.add(m_.frame_address(), -8 * int64_t{code_.register_count}));
  Place is_below = local(is_below_, m_.i32_type(), "is_below");
  m_.compare_stack(current_, vm(), offsets::kVmStackLimit, lowest, is_below);
  Val is_passed = m_.differ(gcc_jit_lvalue_as_rvalue(is_below), m_.number(m_.i32_type(), 0));
  branch(m_.expect(is_passed, false), passed, go_on);
}

void Emitter::pass_on_other_entries() {
  if (!flow_.loop_heads().empty() && bodies_.loops != nullptr) {
    Block normal = fresh(), loop = fresh();
    branch(m_.equal(argc(), m_.word(frame::kEnterLoop)), loop, normal);
    start(loop);
    if (entries_ == Entries::kCalls)
      leave_through(bodies_.loops);
    else
      emit_loop_entry();
    start(normal);
  }
  leave_through(m_.runtime_entry(vm(), Runtime::k_normalise));
}

// a0 is the pc of the loop's head, a1 the address of the interpreter's registers.
void Emitter::emit_loop_entry() {
  const auto& heads = flow_.loop_heads();
  for (uint16_t r = 0; r < code_.register_count; r++)
    for (uint32_t head : heads)
      if (flow_.live_at(head).has(r)) {
        set(r, m_.load(parameter(4), 8 * int64_t{r}));
        break;
      }
  if (!program_.assumptions().empty()) {
    confirm_globals(cold([this] {
      state_.assign(code_.register_count, kWord);
      to_head([this](uint32_t head) { return leave_at(head, frame::LeaveCause::kAlong); });
    }));
    remember_globals();
  }
  to_head([this](uint32_t head) { return into_loop(head); });
}

// Ends the block: to the one for the head that an entry into a loop asks for.
void Emitter::to_head(const std::function<Block(uint32_t)>& block_for) {
  const auto& heads = flow_.loop_heads();
  for (size_t n = 0; n + 1 < heads.size(); n++) {
    Block other = fresh();
    branch(m_.equal(parameter(3), m_.word(heads[n])), block_for(heads[n]), other);
    start(other);
  }
  jump(block_for(heads.back()));
}

Block Emitter::into_loop(uint32_t head) {
  if (!types_.specialises()) return at_pc(head);
  return cold([this, head] { enter_loop(head); });
}

void Emitter::leave_through(Val address) {
  Val arguments[6];
  for (int n = 0; n < 6; n++) arguments[n] = parameter(n);
  Val call = m_.call_entry(address, arguments);
  gcc_jit_rvalue_set_bool_require_tail_call(call, 1);
  leave(call);
}

void Emitter::leave_through(Function function) {
  Val arguments[6];
  for (int n = 0; n < 6; n++) arguments[n] = parameter(n);
  Val call = m_.call_entry(function, arguments);
  gcc_jit_rvalue_set_bool_require_tail_call(call, 1);
  leave(call);
}

// --- blocks

void Emitter::start(Block block) {
  layout_.written(block);
  current_ = block;
}

void Emitter::jump(Block target) {
  gcc_jit_block_end_with_jump(current_, nullptr, target);
  current_ = nullptr;
}

void Emitter::branch(Val condition, Block yes, Block no) {
  gcc_jit_block_end_with_conditional(current_, nullptr, condition, yes, no);
  current_ = nullptr;
}

void Emitter::leave(Val result) {
  if (variant_ == nullptr || !variant_->returns_double()) {
    gcc_jit_block_end_with_return(current_, nullptr, result);
    current_ = nullptr;
    return;
  }
  assign(m_.at(vm(), offsets::kVmReturned, m_.word_type()), result);
  leave_with_double(m_.bits_as(m_.word(kReturnedElsewhere), m_.double_type()));
}

// Who called a variant that answers words is left as well when this one was left (take_word): then nothing that it knows of memory is in
// doubt where it goes on. The mark is an unwind with a word in VmState::returned.
void Emitter::leave_with_elsewhere(Val result) {
  if (variant_ == nullptr || variant_->returns_double()) return leave(result);
  assign(m_.at(vm(), offsets::kVmReturned, m_.word_type()), result);
  leave(m_.constant(value::kUnwind));
}

void Emitter::leave_with_double(Val result) {
  gcc_jit_block_end_with_return(current_, nullptr, result);
  current_ = nullptr;
}

void Emitter::guard(Val condition, Block otherwise) {
  Block good = fresh();
  branch(m_.expect(condition, true), good, otherwise);
  start(good);
}

void Emitter::guard_not(Val condition, Block otherwise) {
  Block good = fresh();
  branch(m_.expect(condition, false), otherwise, good);
  start(good);
}

Block Emitter::cold(std::function<void()> write) {
  cold_.push_back(ColdPart{fresh(), pc_, std::move(write)});
  return cold_.back().block;
}

Block Emitter::after() {
  return flow_.is_leader(pc_ + 1) ? edge_to(pc_ + 1) : fresh();
}

// Instructions that unwind say where they are and share the rest with all others that have the same handler.
Block Emitter::unwind() {
  auto [found, added] = unwinds_.try_emplace(pc_, nullptr);
  if (!added) return found->second;
  const bytecode::HandlerRegion* region = code_.handler_at(pc_);
  Block exit = unwind_exit(region ? region->handler : kNoHandler);
  return unwinds_[pc_] = cold([this, exit] {
           assign(local(unwind_pc_, m_.word_type(), "unwind_pc"), m_.word(pc_));
           jump(exit);
         });
}

Block Emitter::unwind_exit(uint32_t handler) {
  auto [found, added] = unwind_exits_.try_emplace(handler, nullptr);
  if (!added) return found->second;
  return unwind_exits_[handler] = cold([this, handler] {
           Val where = gcc_jit_lvalue_as_rvalue(local(unwind_pc_, m_.word_type(), "unwind_pc"));
           evaluate(runtime(Runtime::k_trace, {callee(), where}));
           if (handler == kNoHandler)
             leave(m_.constant(value::kUnwind));
           else
             jump(at_pc(handler));
         });
}

// --- variables

Place Emitter::place(uint16_t r) const {
  return registers_[r];
}

Place Emitter::element_of(Place array, size_t n) const {
  return gcc_jit_context_new_array_access(m_.context(), nullptr, gcc_jit_lvalue_as_rvalue(array),
                                          m_.number(m_.i32_type(), static_cast<int64_t>(n)));
}

Place Emitter::local(Place& slot, Type type, const char* name) {
  if (slot == nullptr) slot = gcc_jit_function_new_local(bodies_.body, nullptr, type, name);
  return slot;
}

Val Emitter::hold(int scratch, Val v) {
  assign(local(words_[scratch], m_.word_type(), "scratch"), v);
  return gcc_jit_lvalue_as_rvalue(words_[scratch]);
}

Val Emitter::hold_double(int scratch, Val v) {
  assign(local(doubles_[scratch], m_.double_type(), "number"), v);
  return gcc_jit_lvalue_as_rvalue(doubles_[scratch]);
}

Val Emitter::parameter(int n) const { return gcc_jit_param_as_rvalue(gcc_jit_function_get_param(bodies_.body, n)); }

Val Emitter::proto() const {
  return loads_callee() ? m_.load(callee(), offsets::kClosureProto) : gcc_jit_lvalue_as_rvalue(proto_);
}

Val Emitter::constant(uint16_t k) const {
  const bytecode::PortableConstant& c = function_.constants[k];
  if (c.kind == bytecode::ConstantKind::kData && c.is_immediate) return m_.constant(c.immediate);
  return m_.load(proto(), offsets::kProtoConstant + 8 * int64_t{k});
}

// --- calls of the runtime

Val Emitter::checked(Val call) {
  Val result = hold(0, call);
  guard(m_.differ(result, value::kUnwind), unwind());
  return result;
}

// Without a handler nobody reads the register after an unwind, so the result may go there at once.
void Emitter::set_checked(uint16_t r, Val call) {
  if (code_.handler_at(pc_) != nullptr) return set(r, checked(call));
  set(r, call);
  guard(m_.differ(reg(r), value::kUnwind), unwind());
}

void Emitter::raise(Val call) {
  evaluate(call);
  jump(unwind());
}

}  // namespace terrace::worker::emit
