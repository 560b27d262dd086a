// worker/emit/module.cpp: options, types and expressions.
#include "worker/emit/module.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <span>

#include "base/cpu.hpp"
#include "worker/emit/offsets.hpp"

namespace terrace::worker::emit {

namespace {

// A section per function, which the loader takes on its own; simple relocations (only PC-relative ones within the
// object), no tables of addresses, nothing that the loader does not expect, and floating point that is the same in
// every tier.
constexpr const char* kOptions[] = {
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-strict-aliasing",
    "-fwrapv",
    "-fno-delete-null-pointer-checks",
    "-fno-asynchronous-unwind-tables",
    "-fno-unwind-tables",
    "-fno-exceptions",
    "-fno-stack-protector",
    "-fcf-protection=none",
    "-fno-plt",
    "-fno-jump-tables",
    "-fno-semantic-interposition",
    "-fno-reorder-blocks-and-partition",
    "-fno-reorder-functions",
    "-ffunction-sections",
    "-fno-ident",
    "-fno-ipa-icf",
    // With these a process that has compiled before may die in libgccjit 12.2 by signal 11: seven times in 70 s of random programs, never in a
    // process's first three batches, and not at all without these. The best times of six kernels stay.
    "-fno-ipa-cp",
    "-fno-ipa-bit-cp",
    "-fno-ipa-vrp",
    "-fno-ipa-sra",
    "-fno-tree-pta",  // addresses are made of words, of which it learns nothing: compiling takes 0.95 of the time, no kernel more
    "-mprefer-vector-width=256",  // where there are wider ones: short loops have less left over; spectral takes 2.75 instead of 3.3 ms
    // What the inliner wants to know of conditions on parameters takes time with the square of their number: a `cond` of 250 clauses on two
    // parameters takes 1.0 instead of 5.7 s in base, one of 500 takes 2.4 instead of more than 10. Code of the kernels compiles in the same time.
    "--param=ipa-max-param-expr-ops=0",
    "-fno-tree-slp-vectorize",  // it packs the variables of loops that are full of exits, and unpacks them at every turn
};

// What of -O1 base does without. Left are variables in registers, jumps in order and tail calls. Against -O0 a function takes 1.2 times as long to
// compile alone and 1.35 times in a batch, and the kernels 0.65 of the time. All of -O1 takes 1.6 and 2.3 times as long to compile, and its kernels
// are no faster: fib and bintrees are slower.
constexpr const char* kBaseOptions[] = {
    "-fno-tree-dominator-opts",
    "-fno-tree-fre",
    "-fno-forward-propagate",
    "-fno-tree-ccp",
    "-fno-dse",
    "-fno-tree-forwprop",
    "-fno-dce",
    "-fno-cprop-registers",
    "-fno-guess-branch-probability",
    "-fno-tree-copy-prop",
    "-fno-tree-dce",
    "-fno-tree-sink",
    "-fno-shrink-wrap",
    "-fno-tree-bit-ccp",
    "-fno-tree-dse",
    "-fno-tree-reassoc",
    "-fno-tree-slsr",
    "-fno-ssa-phiopt",
    "-fno-tree-builtin-call-dce",
    "-fno-combine-stack-adjustments",
    "-fno-split-wide-types",
    "-fno-ipa-profile",
    "-fno-ipa-modref",
    "-fno-ipa-pure-const",
    "-fno-ipa-reference",
    "-fno-move-loop-invariants",
    "-fira-region=one",
};

constexpr const char* kOptOptions[] = {
    // An exit is never taken as far as GCC is concerned; by default it takes one of ten for taken, and keeps registers for them. Measured: fib
    // takes 54 instead of 65 ms, spectral 12.1 instead of 15.6 ms.
    "--param=builtin-expect-probability=100",
    // Without these two compiling takes 0.92 of the time, and no kernel more: processors order instructions themselves.
    "-fno-schedule-insns2",
    "-fno-gcse",
    // Nobody looks at the flags that operations of floats leave, and their exceptions are off (engine/entry.cpp): so they may be moved out of loops.
    "-fno-trapping-math",
};

// GCC counts a function without "inline" as large early, and what it inlines of a function into itself. Measured with more room: fib 41 instead
// of 51 ms, bintrees 84 instead of 113 ms, tak 5.6 instead of 6.5 ms, for three times the time of compiling a function that calls itself.
constexpr const char* kInliningOptions[] = {"--param=max-inline-insns-auto=300", "--param=max-inline-insns-recursive-auto=2000"};

void add_each(gcc_jit_context* context, std::span<const char* const> options) {
  for (const char* option : options) gcc_jit_context_add_command_line_option(context, option);
}

}  // namespace

Module::Module(const Plan& plan) : plan_(plan), context_(gcc_jit_context_acquire()) {
  word_ = gcc_jit_context_get_type(context_, GCC_JIT_TYPE_UNSIGNED_LONG);
  signed_ = gcc_jit_context_get_type(context_, GCC_JIT_TYPE_LONG);
  u32_ = gcc_jit_context_get_type(context_, GCC_JIT_TYPE_UNSIGNED_INT);
  i32_ = gcc_jit_context_get_type(context_, GCC_JIT_TYPE_INT);
  u8_ = gcc_jit_context_get_type(context_, GCC_JIT_TYPE_UNSIGNED_CHAR);
  double_ = gcc_jit_context_get_type(context_, GCC_JIT_TYPE_DOUBLE);
  bool_ = gcc_jit_context_get_type(context_, GCC_JIT_TYPE_BOOL);
  for (int words = 0; words < static_cast<int>(std::size(word_functions_)); words++) {
    Type types[std::size(word_functions_)];
    for (Type& type : types) type = word_;
    word_functions_[words] = gcc_jit_context_new_function_ptr_type(context_, nullptr, word_, words, types, 0);
  }
  add_options();
}

Module::~Module() { gcc_jit_context_release(context_); }

void Module::add_options() {
  gcc_jit_context_set_bool_print_errors_to_stderr(context_, 0);
  gcc_jit_context_set_bool_allow_unreachable_blocks(context_, 1);
  gcc_jit_context_set_int_option(context_, GCC_JIT_INT_OPTION_OPTIMIZATION_LEVEL, plan_.optimises ? 3 : 1);
  add_each(context_, kOptions);
  if (!plan_.optimises) return add_each(context_, kBaseOptions);
  add_each(context_, kOptOptions);
  // The instruction set of this machine as a level: -march=native exists only in GCC's driver, which is not asked here.
  gcc_jit_context_add_command_line_option(context_, ("-march=" + std::string(base::cpu_level())).c_str());
}

void Module::inline_more() {
  add_each(context_, kInliningOptions);
}

Type Module::word_array_type(int count) const {
  return gcc_jit_context_new_array_type(context_, nullptr, word_, count);
}

Function Module::new_entry(const std::string& symbol, bool exported) const {
  static constexpr const char* kNames[] = {"vm", "callee", "argc", "a0", "a1", "a2"};
  gcc_jit_param* parameters[6];
  for (int i = 0; i < 6; i++) parameters[i] = gcc_jit_context_new_param(context_, nullptr, word_, kNames[i]);
  return gcc_jit_context_new_function(context_, nullptr,
                                      exported ? GCC_JIT_FUNCTION_EXPORTED : GCC_JIT_FUNCTION_INTERNAL, word_,
                                      symbol.c_str(), 6, parameters, 0);
}

Function Module::new_variant(const std::string& symbol, Type result, const std::vector<Type>& arguments) const {
  std::vector<gcc_jit_param*> parameters = {gcc_jit_context_new_param(context_, nullptr, word_, "vm"),
                                            gcc_jit_context_new_param(context_, nullptr, word_, "callee")};
  for (size_t n = 0; n < arguments.size(); n++)
    parameters.push_back(gcc_jit_context_new_param(context_, nullptr, arguments[n], ("a" + std::to_string(n)).c_str()));
  return gcc_jit_context_new_function(context_, nullptr, GCC_JIT_FUNCTION_INTERNAL, result, symbol.c_str(),
                                      static_cast<int>(parameters.size()), parameters.data(), 0);
}

Val Module::word(uint64_t w) const { return number(word_, static_cast<int64_t>(w)); }

Val Module::binary(gcc_jit_binary_op op, Type type, Val a, Val b) const {
  return gcc_jit_context_new_binary_op(context_, nullptr, op, type, a, b);
}

Val Module::untag_fixnum(Val a) const {
  return signed_shift_right(a, value::kFixnumShift);
}

// The bit of `tags` that belongs to the low five bits of the word, as 0 or 1: one `bt` in the end.
// The bits are repeated over a whole word, so that GCC leaves out the mask: `bt` looks at the lowest six bits only.
Val Module::tag_is_in(uint32_t tags, Val a) const {
  const uint64_t repeated = uint64_t{tags} << 32 | tags;
  return bit_and(binary(GCC_JIT_BINARY_OP_RSHIFT, word_, word(repeated), bit_and(a, 63)), 1);
}

Val Module::both_in(uint32_t tags, Val a, Val b) const {
  return differ(binary(GCC_JIT_BINARY_OP_BITWISE_AND, word_, tag_is_in(tags, a), tag_is_in(tags, b)), word(0));
}

Val Module::make_bool(Val condition) const {
  static_assert(value::kTrue.bits - value::kFalse.bits == 1 << 9);
  return add(shift_left(cast(condition, word_), 9), constant(value::kFalse));
}

Val Module::decode_float(Val a) const { return bits_as(rotate_left(add(a, 1), 60), double_); }

// A field of a struct is reached with a displacement in the instruction in base code, too, a computed address is not.
Place Module::at(Val base, int64_t offset, Type type) const {
  if (offset <= 0) {
    Val pointer = bits_as(add(base, offset), gcc_jit_type_get_pointer(type));
    return gcc_jit_rvalue_dereference(pointer, nullptr);
  }
  const Overlay& o = overlay(offset, type);
  return gcc_jit_rvalue_dereference_field(bits_as(base, o.pointer), nullptr, o.field);
}

// The field is unaligned, since the base may be a tagged word.
const Module::Overlay& Module::overlay(int64_t offset, Type type) const {
  auto [found, added] = overlays_.try_emplace({offset, type});
  if (!added) return found->second;
  Type pad = gcc_jit_context_new_array_type(context_, nullptr, u8_, static_cast<int>(offset));
  gcc_jit_field* fields[] = {gcc_jit_context_new_field(context_, nullptr, pad, "pad"),
                             gcc_jit_context_new_field(context_, nullptr, gcc_jit_type_get_aligned(type, 1), "value")};
  gcc_jit_struct* shape = gcc_jit_context_new_struct_type(context_, nullptr, "overlay", 2, fields);
  return found->second = Overlay{fields[1], gcc_jit_type_get_pointer(gcc_jit_struct_as_type(shape))};
}

Val Module::address(Place place) const { return bits_as(gcc_jit_lvalue_get_address(place, nullptr), word_); }

Val Module::call_runtime(Val vm, Runtime which, std::initializer_list<Val> arguments) const {
  auto index = static_cast<size_t>(which);
  int count = static_cast<int>(arguments.size()) + 1;
  assert(offsets::kRuntimeArity[index] == count - 1);
  Val all[8] = {vm};
  std::copy(arguments.begin(), arguments.end(), all + 1);
  Val function = bits_as(runtime_entry(vm, which), word_functions_[count]);
  return gcc_jit_context_new_call_through_ptr(context_, nullptr, function, count, all);
}

Val Module::runtime_entry(Val vm, Runtime which) const {
  return load(load(vm, offsets::kVmRuntime), static_cast<int64_t>(sizeof(void*)) * static_cast<int64_t>(which));
}

Val Module::call_entry(Val address, Val (&arguments)[6]) const {
  return gcc_jit_context_new_call_through_ptr(context_, nullptr, bits_as(address, word_functions_[6]), 6, arguments);
}

Val Module::call_entry(Function callee, Val (&arguments)[6]) const {
  return gcc_jit_context_new_call(context_, nullptr, callee, 6, arguments);
}

Val Module::call(Function callee, std::vector<Val>& arguments) const {
  return gcc_jit_context_new_call(context_, nullptr, callee, static_cast<int>(arguments.size()), arguments.data());
}

Val Module::builtin(const char* name, std::initializer_list<Val> arguments) const {
  Val all[4];
  std::copy(arguments.begin(), arguments.end(), all);
  return gcc_jit_context_new_call(context_, nullptr, gcc_jit_context_get_builtin_function(context_, name),
                                  static_cast<int>(arguments.size()), all);
}

Val Module::prefetch(Val address) const {
  const Type pointer = gcc_jit_context_get_type(context_, GCC_JIT_TYPE_VOID_PTR);
  return builtin("__builtin_prefetch", {bits_as(address, pointer)});
}

Val Module::overflows(const char* name, Val a, Val b, Place out) const {
  return builtin(name, {as_signed(a), as_signed(b), gcc_jit_lvalue_get_address(out, nullptr)});
}

Val Module::expect(Val condition, bool likely) const {
  if (!plan_.expects) return condition;
  return differ(builtin("__builtin_expect", {cast(condition, signed_), number(signed_, likely ? 1 : 0)}),
                number(signed_, 0));
}

Val Module::frame_address() const { return bits_as(builtin("__builtin_frame_address", {number(u32_, 0)}), word_); }

// In assembly, because C cannot name the stack pointer, and a volatile word is loaded before it is compared.
void Module::compare_stack(Block block, Val base, int64_t offset, Val lowest, Place passed) const {
  std::string text = "cmpq " + std::to_string(offset) + "(%1), " + (lowest == nullptr ? "%%rsp" : "%2");
  gcc_jit_extended_asm* comparison = gcc_jit_block_add_extended_asm(block, nullptr, text.c_str());
  gcc_jit_extended_asm_set_volatile_flag(comparison, 1);
  gcc_jit_extended_asm_add_output_operand(comparison, nullptr, "=@ccb", passed);
  gcc_jit_extended_asm_add_input_operand(comparison, nullptr, "r", base);
  if (lowest != nullptr) gcc_jit_extended_asm_add_input_operand(comparison, nullptr, "r", lowest);
}

Val Module::record_of(const bytecode::Hash& hash) const {
  auto [found, added] = records_.try_emplace(hash, nullptr);
  if (added)
    found->second = gcc_jit_context_new_global(context_, nullptr, GCC_JIT_GLOBAL_IMPORTED, u8_, bytecode::record_symbol(hash).c_str());
  return bits_as(gcc_jit_lvalue_get_address(found->second, nullptr), word_);
}

bool Module::compile(const std::string& object_path, std::string* error) {
  return write(GCC_JIT_OUTPUT_KIND_OBJECT_FILE, object_path, error);
}

bool Module::dump(const std::string& prefix, std::string* error) {
  gcc_jit_context_dump_to_file(context_, (prefix + ".jit").c_str(), 0);
  return write(GCC_JIT_OUTPUT_KIND_ASSEMBLER, prefix + ".s", error);
}

bool Module::write(gcc_jit_output_kind kind, const std::string& path, std::string* error) {
  gcc_jit_context_compile_to_file(context_, kind, path.c_str());
  const char* message = gcc_jit_context_get_first_error(context_);
  if (message == nullptr) return true;
  *error = message;
  return false;
}

}  // namespace terrace::worker::emit
