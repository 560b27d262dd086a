// worker/emit/emitter.hpp: one bytecode function to one function of a libgccjit context.
//
// Answers for: what each instruction becomes, by the plan of a tier. Not for: expressions (module.hpp), batches and
// files (worker/compile.hpp), what the bytecode means (bytecode/opcodes.def; the interpreter is the model).
//
// Rules:
//  1. Nothing is imported by name. The runtime is reached through VmState::runtime, constants that are heap objects
//     through the running closure's Proto; everything else is baked in. So an object file fits every process and place.
//  2. A bytecode register is a C variable. All Values that must survive a call are in registers, parameters or scratch
//  words, so
//     they are on the native stack or in callee-saved registers, where the collector looks.
//  3. A result that may be kUnwind is compared before it is used and before a register is written that a handler may
//  read.
//  4. Arguments beyond three are read from vm->xargs before anything is called, and written to it after everything else
//  is
//     ready for the call.
//  5. Tail calls are marked as such for GCC, which makes a real jump or reports an error.
//  6. Inline cases give what the runtime function gives, to the bit; they only leave out the work.
//  7. What runs rarely is written after everything else (`cold`), so that the common path falls through.
//  8. One block follows another only by a jump or branch written here: after `jump`, `branch` or `leave` there is no
//  current
//     block until `start`.
//  9. An entry into a loop copies the live registers from the interpreter's frame before anything else can run.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prims/primitive.hpp"
#include "worker/emit/checkpoints.hpp"
#include "worker/emit/flow.hpp"
#include "worker/emit/layout.hpp"
#include "worker/emit/module.hpp"
#include "worker/emit/program.hpp"
#include "worker/emit/ranges.hpp"
#include "worker/emit/types.hpp"

namespace terrace::worker::emit {

// Which ways into the function a body serves.
enum class Entries { kCallsAndLoops, kCalls, kLoops };

// The functions that one bytecode function becomes: one, or two when loops are entered through a copy.
struct Bodies {
  Function body;   // the one to write
  Function calls;  // where plain calls of the function go
  Function loops;  // where entries into loops go; null: nowhere, the interpreter goes on
};

class Emitter {
 public:
  // Writes function number `number` of the program. With a variant its body is that variant, else what `entries` says.
  Emitter(const Module& module, Program& program, size_t number, const Types& types, const Variant* variant, Entries entries,
          const Bodies& bodies, Layout& layout);
  void emit();

 private:
  // An operand of arithmetic: a register or an immediate integer.
  struct Operand {
    Val word;
    bool is_immediate;
    int32_t immediate;
    bool is_fixnum;  // known to be one
  };
  struct Arithmetic {
    const char* overflow_builtin;
    gcc_jit_binary_op float_op;
    Runtime slow;
  };
  struct Comparison {
    gcc_jit_comparison op;
    Runtime slow;
    bool swapped;  // the runtime function takes the operands in the other order
  };
  enum class CallKind { kValue, kTail };

#define T_OP(name, format, ends, effect, text) void emit_##name(Instr i);
#include "bytecode/opcodes.def"
#undef T_OP

  // --- the frame of the function: emitter.cpp
  void emit_entry();
  void emit_variant_entry();
  void begin_body();
  void emit_loop_entry();
  void to_head(const std::function<Block(uint32_t head)>& block_for);
  Block into_loop(uint32_t head);
  void emit_stack_check();
  void emit_body();
  void emit_with_forms(Instr i, uint32_t end);
  void emit_instruction(Instr i);
  void emit_cold();
  void pass_on_other_entries();
  void copy_parameters();
  void count_down(const std::function<void(Block go_on)>& ask);  // `ask` ends the block in which the policy is asked
  void ask_policy() { evaluate(runtime(Runtime::k_tick, {callee()})); }
  void go_on_promoted(uint32_t head, Block go_on);
  void check_stack(Block passed, Block go_on);  // ends the block
  void leave_through(Val address);  // tail call with the arguments of this function
  void leave_through(Function function);

  // --- blocks
  void start(Block block);
  void jump(Block target);
  void branch(Val condition, Block yes, Block no);
  void leave(Val result);                      // return a word
  void leave_with_double(Val result);
  void leave_with_elsewhere(Val result);       // return a word that this code did not compute
  void guard(Val condition, Block otherwise);  // goes on when the condition holds, which is likely
  void guard_not(Val condition, Block otherwise);
  void never(Val condition);  // tells GCC that it does not hold
  Block fresh() { return layout_.make(); }
  // A block that is written later, as a part of the current instruction.
  Block cold(std::function<void()> write);
  Block at_pc(uint32_t pc) const { return blocks_.at(pc); }
  Block after();  // where control goes on after this instruction
  Block target(Instr i) { return op_of(i) == Op::kLoop ? at_pc(target_of(pc_, i)) : edge_to(target_of(pc_, i)); }
  Block unwind();  // where this instruction goes with kUnwind
  Block unwind_exit(uint32_t handler);

  // --- variables
  Place place(uint16_t r) const;
  Place element_of(Place array, size_t n) const;
  Val reg(uint16_t r) const { return gcc_jit_lvalue_as_rvalue(place(r)); }
  void set(uint16_t r, Val v) { assign(place(r), v); }
  void assign(Place where, Val v) { gcc_jit_block_add_assignment(current_, nullptr, where, v); }
  void evaluate(Val v) { gcc_jit_block_add_eval(current_, nullptr, v); }
  Place local(Place& slot, Type type, const char* name);  // made on first use
  Val hold(int scratch, Val v);                           // evaluates now, so that the answer can be used several times
  Val hold_double(int scratch, Val v);
  Val parameter(int n) const;
  Val vm() const { return parameter(0); }
  Val callee() const { return loads_callee() ? link(*program_.link_of(number_)) : parameter(1); }
  Val argc() const { return parameter(2); }
  // Whether this variant loads its closure from its link where it needs it, which is mostly where code is left, and is not given it at every call.
  bool loads_callee() const { return variant_ != nullptr && program_.link_of(number_); }
  Val proto() const;
  static constexpr int kLinksParameter = 2;  // of a variant that uses them, before its arguments
  Val links() const { return variant_ != nullptr ? parameter(kLinksParameter) : gcc_jit_lvalue_as_rvalue(links_); }
  Val constant(uint16_t k) const;

  // --- calls of the runtime
  Val runtime(Runtime which, std::initializer_list<Val> arguments) const {
    return m_.call_runtime(vm(), which, arguments);
  }
  void set_checked(uint16_t r, Val call);  // R[r] = the result, unless it is kUnwind
  Val checked(Val call);                   // the result, in scratch 0
  void must_not_unwind(Val call) { checked(call); }
  void raise(Val call);  // a call that always answers kUnwind

  // --- arithmetic: emit_arith.cpp
  static const Arithmetic kAdd, kSub, kMul, kDiv;
  static const Comparison kLess, kLessEqual, kGreater, kGreaterEqual, kEqual;
  Operand in_register(uint16_t r) const { return Operand{reg(r), false, 0, (state_[r] & kFixnum) != 0}; }
  Operand immediate(int32_t n) const { return Operand{m_.constant(value::make_fixnum(n)), true, n, true}; }
  Val overflows(const Arithmetic& op, Val x, Val y, Place result) const;
  void fixnum_operation(uint16_t r, Operand x, Operand y, const Arithmetic& op, Block otherwise, Block too_large);
  void arithmetic(uint16_t r, Operand x, Operand y, const Arithmetic& op);
  void float_arithmetic(uint16_t r, Operand x, Operand y, const Arithmetic& op, Block slow, Block next);
  void set_float(uint16_t r, Val number, Block next) { box(place(r), number, next); }
  void box(Place to, Val number, Block next);  // ends the block
  void division(Instr i, Runtime slow);
  Val quotient(Val n, Val d);
  Val remainder(Val n, Val d);
  Val modulo(Val n, Val d);
  Val divided(Op op, Val n, Val d);  // by one of these three
  void compare(Operand x, Operand y, const Comparison& op, const std::function<void(Val)>& use);
  void compare_value(Instr i, const Comparison& op);
  Val both_fixnum(Operand x, Operand y) const;
  Val both_float(Operand x, Operand y) const;
  Val both_plain_numbers(Operand x, Operand y) const;
  Val as_double(Operand x) const;
  Val to_double(Operand x, int scratch);

  // --- floats in code that is not specialised: emit_float_runs.cpp
  struct Run {
    uint32_t end = 0;
    Block next = nullptr;               // behind it
    Block exit = nullptr;               // of the present instruction
    size_t words = 0;                   // that its exits make
    std::map<uint32_t, Block> general;  // the instructions for anything, by pc, as far as tests lead to them
  };
  uint32_t end_of_run(uint32_t block_end) const;
  void emit_run(uint32_t end);
  void emit_in_run(Instr i);
  void emit_general(const Run& run);
  std::vector<uint16_t> live_doubles(uint32_t pc) const;
  Block run_exit();
  bool contradicts(uint16_t r, Forms never);
  void fixnums_in_run(Instr i);
  void division_in_run(Instr i);
  void floats_in_run(Instr i);
  Val double_in_run(uint16_t r);
  Val number_in_run(uint16_t r, Forms other, int scratch);
  void element_in_run(uint16_t vector, uint16_t index);
  void load_in_run(Instr i);
  void store_in_run(Instr i);

  // --- specialised code: emit_typed.cpp
  bool emit_typed(Instr i);
  void return_double(Instr i);
  static const Arithmetic& arithmetic_of(Op op);
  void fixnum_arithmetic(Instr i);
  void double_arithmetic(Instr i);
  void move_forms(Instr i);
  void number_constant(Instr i);
  void fixnum_division(Instr i);
  void natural_division(Instr i);
  void store_byte(Instr i);
  void require_element(uint16_t object, Forms type, uint16_t index);
  void require_vector(uint16_t r, Forms form, Block otherwise, Block holes);
  Val is_vector(Val object, Forms forms) const;
  void load_raw(Instr i);
  void load_packed_double(Instr i);
  Place element(uint16_t vector, uint16_t index, Type type) const;
  Place byte_element(uint16_t bytes, uint16_t index);
  Place length_place(uint16_t r);
  Place data_place(uint16_t r);
  Val data(uint16_t r) { return gcc_jit_lvalue_as_rvalue(data_place(r)); }
  void hold_size(uint16_t r);
  void move_size(uint16_t to, uint16_t from);
  Block back_after_other_code(uint32_t head);
  void mark_element_for(Instr store);
  void establish(uint16_t r, Forms forms, Block otherwise, Block holes = nullptr);
  Place double_place(uint16_t r);
  Val double_reg(uint16_t r) { return gcc_jit_lvalue_as_rvalue(double_place(r)); }
  void make_word(uint16_t r);
  void make_forms_for(uint32_t leader, bool with_objects = true);
  Block leave_at(uint32_t pc, frame::LeaveCause cause, uint32_t subject = 0);
  // Whether this instruction is written for what is usual, and left otherwise: until it has been left once.
  bool takes_for_granted() const { return types_.specialises() && !code_.left_at.has(pc_); }
  // --- ways out: emit_leave.cpp
  struct Checkpoint {
    State forms;
    std::map<uint16_t, Place> kept;  // by register: what its main place held
  };
  void begin_checkpoint();
  Place main_place(uint16_t r);
  // Where this instruction goes when a value is not what it was compiled for, or when something else is the matter.
  Block leave_here(frame::LeaveCause cause = frame::LeaveCause::kInstruction);
  Block way_out(uint32_t checkpoint);
  void restore(const Checkpoint& checkpoint);
  void leave_at_once(Val why);
  void resume(uint32_t pc, Val why);
  bool starts_again() const { return variant_ != nullptr && types_.starts_again(); }
  void unbox(uint16_t r, Block otherwise);
  void unbox(Val word, Place to, Block otherwise);
  Val double_operand(uint16_t r, Forms other, int scratch);
  void enter_loop(uint32_t head);

  // --- integers modulo 2^64: emit_u64.cpp
  Place u64_place(uint16_t r);
  Val u64_reg(uint16_t r) { return gcc_jit_lvalue_as_rvalue(u64_place(r)); }
  void hold_u64(uint16_t r, Block otherwise);
  void hold_only_u64(uint16_t r, Block otherwise);
  void take_limb(uint16_t r, Block otherwise);
  void make_word_of_u64(uint16_t r);
  Val moved_bits(U64 operation, Val a, int places) const;
  void mask_u64(Instr i);
  void u64_primitive(Instr i);

  // --- virtual records: emit_virtual.cpp
  struct VirtualPlaces {
    Place type = nullptr;
    std::vector<Place> fields;  // words or doubles
    std::vector<Place> words;   // the same places for words; for doubles where they are put when they are boxed
  };
  enum class Speed { kFast, kSmall };  // of code that makes an object
  VirtualPlaces& places_of(Forms record);
  void make_virtual(Instr i);
  void virtual_field(Instr i);
  void return_virtual(Instr i);
  void open_record(uint16_t r, Forms opened, size_t type_link, Block otherwise);
  int take_parts(Forms record, int from);
  void pass_parts(Forms record, std::vector<Val>& arguments);
  void pass_places(Forms record, std::vector<Val>& arguments);
  void pass_own_places(std::vector<Val>& arguments) const;
  void take_objects(Instr i, const Variant& variant);
  Val pass_on_objects(Instr i, const Variant& variant, Val call);
  Block edge_to(uint32_t leader);
  void hand_back_objects();
  Place object_of_argument(uint16_t n);
  void make_object(uint16_t r, Speed speed);
  void share_object(uint16_t r);
  void make_object_slowly(Place to, Forms record);

  // --- counted loops: emit_ranges.cpp
  struct CountedPlaces {
    Place index = nullptr;  // the counter as an integer
    Place end = nullptr;    // the turns are those with index < end
    Place limit = nullptr;  // up to where there is no safepoint
  };
  Block way_to(uint32_t pc);
  CountedPlaces& places_of(const CountedLoop& counted);
  Val plus(Val a, Val b) const;
  Val minus(Val a, Val b) const;
  Val integer_of(const Amount& amount) const;
  Val integer_in(uint16_t r);
  void enter_counted(const CountedLoop& counted);
  void begin_counting_around(uint32_t head);
  void begin_counting(const CountedLoop& counted, uint32_t pc);
  void test_bounds(const CountedLoop& counted, Block otherwise, Block not_small);
  Val evaluate_end(const Expression& e, const std::vector<Val>& values, Val counter, Block otherwise);
  Place new_number();
  void set_limit(const CountedLoop& counted);
  void safepoint(uint32_t head, Block go_on);
  void count_turn(const CountedLoop& counted, Block body, Block out);
  void set_counter(const CountedLoop& counted);
  void step_counter(const CountedLoop& counted);
  void fetch_ahead(Instr load);
  bool is_bounded() const;
  // Whether this is a variant for small arguments of which that is known at the present instruction.
  bool proven(bool (Intervals::*what)(uint32_t) const) const {
    return variant_ != nullptr && variant_->intervals && ((*variant_->intervals).*what)(pc_);
  }
  void bounded_arithmetic(Instr i);

  // --- data: emit_data.cpp
  void pair_field(Instr i, int64_t offset, Runtime bad);
  void mark_card(Val object) { mark_card(object, object); }
  void mark_card(Val object, Val address);
  void mark_element(Val vector, Val index);
  void require_object(Val object, value::Type type, uint32_t header_mask, Block otherwise);
  void require_index(Val index, Val object, int64_t length, Block otherwise);
  void require_vector_of_doubles(Val object, Block otherwise);
  void vector_of_doubles_ref(Instr i, Block slow, Block next);
  void vector_of_doubles_set(Instr i, Block slow, Block next);
  Place packed_element(Val data, Val index, int size_shift, Type type) const;
  void fill_captures(Val closure, const std::vector<bytecode::CaptureSource>& sources);

  // --- jumps: emit_jumps.cpp
  void jump_when(Instr i, Val condition, bool wanted);
  void jump_compare(Instr i, Operand y, const Comparison& op, bool wanted);

  // --- calls: emit_calls.cpp
  void call(Instr i, Val function, CallKind kind, bool maybe_self);
  void call_any(Instr i, Val function, CallKind kind);
  void call_self(Instr i, CallKind kind);
  void call_global(Instr i, CallKind kind);
  void fill_arguments(Val (&arguments)[6], Val function, Instr i);
  bool global_has_own_name(uint16_t k) const;
  void known_call(Instr i);
  void known_tail(Instr i);
  void leave_with_double_of(Val call);
  void leave_with_word_of(Val call);
  void leave_with_record_of(Instr i, Forms record, Val call);
  Val word_of_answer(Val call);
  void take_word(Instr i, const Variant& variant, Val call, const State& before, Block next, bool goes_on);
  void take_record(Instr i, const Variant& variant, Val call, const State& before, Block next);
  Val take_returned();
  static bool starts_again(const Variant& variant) { return variant.types != nullptr && variant.types->starts_again(); }
  Val hold_answer(const Variant& variant, Val call) { return variant.returns_double() ? hold_double(0, call) : hold(0, call); }
  Val is_answer(const Variant& variant, Val held) const;
  Val expect_answer(const Variant& variant, Val call);
  void go_with_callee();
  void tell_other_globals(Val word);
  Val callee_of(Instr i, const Variant& variant, const std::function<Block(Val called)>& unknown);
  Val shows_to_be(Val function, const Variant& variant, Block otherwise);
  void call_unknown(Instr i, const Variant& variant, Val function, Block next);
  std::vector<Val> variant_arguments(Instr i, const Variant& variant, Val function, Forms record);
  // The virtual record that a known call answers; 0: it answers something else.
  Forms record_of_call(const Variant& variant) const { return variant.returned_record() ? at_site(variant.returned_record(), pc_) : 0; }
  // Whether this tells its caller what has become of records that it was given in parts.
  bool hands_back_objects() const { return variant_ != nullptr && variant_->takes_records() && !types_.starts_again(); }
  void take_double(Instr i, const Variant& variant, Val call, const State& before, Block next, bool goes_on);
  void take_as_double(Instr i, State before, Block next);
  void leave_behind(Instr i, const Variant& variant, const State& before, Val word);
  Val take_returned_word();
  void confirm_kinds();

  // --- what is assumed of globals: emit_watched.cpp
  void confirm_globals(Block otherwise);  // where the code is entered; `otherwise` when something does not hold
  Block look_at_globals(Block go_on, Block otherwise);
  Val watch(const Assumption& assumption, Val closure) const;
  void remember_globals();
  Val linked() const;
  Val new_header(size_t type_link) const;  // of records of the type whose link that is
  Val link(size_t number) const;  // what the global holds that this instruction names and that is assumed
  void settle_doubt();  // before an instruction that relies on globals
  void expect_same_globals(Block otherwise);
  void expect_epoch(Val epoch, Block otherwise);
  // Whether the present call runs other code only where what it calls is left, so that nobody asks behind it unless that has happened.
  bool is_quiet_call() const { return watch_epoch_ != nullptr && !program_.runs_other_code(number_, pc_); }

  // --- primitives: emit_prims.cpp
  Val primitive_call(Instr i);
  Val primitive_arguments(Instr i);
  bool inline_primitive(Instr i);
  bool inline_unary(Instr i, prims::Id id);
  bool inline_binary(Instr i, prims::Id id);
  void inline_or_call(Instr i, const std::function<void(Block slow, Block next)>& fast);
  void inline_sqrt(Instr i);
  void inline_inexact(Instr i);
  void inline_bits(Instr i, gcc_jit_binary_op op);
  void inline_i32(Instr i, gcc_jit_binary_op op);
  void inline_shift(Instr i);
  void inline_length(Instr i, value::Type type, int64_t offset, Type field);
  void inline_type_test(Instr i, value::Type type);
  void inline_path(Instr i, std::string_view path);
  void inline_set_pair(Instr i, int64_t offset);
  void inline_char_to_integer(Instr i);
  void inline_string_ref(Instr i);

  // --- records: emit_records.cpp
  bool inline_record(Instr i, prims::Id id);
  void require_record(Val object, Val type, uint32_t wanted, uint32_t mask, Block otherwise);
  void require_new_record(Val object, size_t type_link, Block otherwise);
  void require_record_here(Instr i, Block otherwise);
  void inline_record_field(Instr i, const std::function<void(Place, bool is_raw, Block slow, Block next)>& use);
  Place raw_field(Instr i);
  void load_field(Instr i);
  void store_field(Instr i);
  void inline_make_record(Instr i);
  void require_record_type(Instr make, Block otherwise);
  void allocate_record(Place to, Val type, std::optional<size_t> type_link, const std::vector<Val>& fields, uint8_t raw, Block full);

  struct ColdPart {
    Block block;
    uint32_t pc;
    std::function<void()> write;
  };

  const Module& m_;
  Program& program_;
  const size_t number_;
  const bytecode::PortableFunction& function_;
  const bytecode::FunctionCode& code_;
  const Flow& flow_;
  const Types& types_;
  const Ranges ranges_;
  const std::optional<Checkpoints> checkpoints_;  // of specialised code
  const Variant* const variant_;  // null: by the convention of all
  const Entries entries_;
  const Bodies bodies_;
  Layout& layout_;

  Block current_ = nullptr;
  uint32_t pc_ = 0;
  State state_;                             // forms of the registers before the current instruction
  Treatment treatment_ = Treatment::kWords;  // of the current instruction
  std::map<std::pair<uint32_t, frame::LeaveCause>, Block> leaves_;  // by pc
  std::map<uint32_t, Checkpoint> checkpoints_taken_;                // by pc, as far as code is written
  std::map<uint32_t, Block> ways_out_;                              // by checkpoint
  std::map<uint32_t, Block> blocks_;        // by leader
  std::map<uint32_t, Block> counted_entries_;       // by pc of the head
  std::map<uint32_t, CountedPlaces> counted_places_;  // likewise
  std::map<uint32_t, Block> unwinds_;       // by pc of the instruction that unwinds
  std::map<uint32_t, Block> unwind_exits_;  // by pc of the handler, or kNoHandler
  std::vector<ColdPart> cold_;
  std::list<Run> runs_;
  Run* run_ = nullptr;  // the present one
  Block restart_ = nullptr;  // behind the copying of arguments: where a tail call of itself goes
  std::vector<Place> registers_;
  std::vector<Place> double_registers_;
  std::vector<Place> u64_registers_;
  std::vector<Place> lengths_;  // by register, of what is kSized
  std::vector<Place> data_;
  std::map<Forms, VirtualPlaces> virtuals_;     // by site and shape
  std::vector<Place> argument_objects_;         // by parameter of a variant: what its virtual record became, or kUnbound
  int first_result_ = 0;                        // the parameter of a variant where places for the record it answers begin
  Place record_array_ = nullptr;
  Place found_array_ = nullptr;  // of the links while they are looked for
  Place argument_array_ = nullptr;
  Place loop_registers_ = nullptr;  // for code of the next tier
  Place proto_ = nullptr;
  Place links_ = nullptr;  // where the function, which is no variant, uses them
  Place why_ = nullptr;          // the leave word on a way out
  Place watch_epoch_ = nullptr;  // the vm's when this function was entered; null where nobody asks
  Place unwind_pc_ = nullptr;
  Place sum_ = nullptr;
  Place ahead_ = nullptr;  // the number of the element that is fetched ahead
  Place is_below_ = nullptr;
  Place left_ = nullptr;  // of the countdown
  Place words_[4] = {};
  Place doubles_[2] = {};
};

}  // namespace terrace::worker::emit
