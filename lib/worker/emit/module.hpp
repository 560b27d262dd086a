// worker/emit/module.hpp: one libgccjit context and the vocabulary of expressions in it.
//
// Answers for: the context with its options, types, builtins, and short names for expressions on words. Not for: what
// bytecode means (emitter.hpp). Everything that is made here belongs to the context and dies with it.
//
// Invariants: an expression (Val) is a tree that is evaluated anew wherever it is used, so it must have no effect and
// what it reads must not have changed; results of calls are put into a place first. All words are unsigned 64-bit
// integers; pointers are words too, and become pointers only where memory is accessed.
#pragma once

#include <libgccjit.h>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bytecode/code.hpp"
#include "frame/vm_state.hpp"
#include "value/value.hpp"
#include "worker/emit/plan.hpp"

namespace terrace::worker::emit {

using Val = gcc_jit_rvalue*;
using Place = gcc_jit_lvalue*;
using Block = gcc_jit_block*;
using Type = gcc_jit_type*;
using Function = gcc_jit_function*;
using Runtime = frame::RuntimeIndex;

class Module {
 public:
  explicit Module(const Plan& plan);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  const Plan& plan() const { return plan_; }
  gcc_jit_context* context() const { return context_; }
  Type word_type() const { return word_; }
  Type signed_type() const { return signed_; }
  Type u32_type() const { return u32_; }
  Type i32_type() const { return i32_; }
  Type u8_type() const { return u8_; }
  Type double_type() const { return double_; }
  Type bool_type() const { return bool_; }
  Type word_array_type(int count) const;
  // A function of the calling convention; `exported` makes it a global symbol.
  Function new_entry(const std::string& symbol, bool exported) const;

  // A function that is called only from code of this module: (vm, callee, argument...) to a result.
  Function new_variant(const std::string& symbol, Type result, const std::vector<Type>& arguments) const;

  // --- constants
  Val word(uint64_t w) const;
  Val constant(Value v) const { return word(v.bits); }
  Val number(Type type, int64_t n) const { return gcc_jit_context_new_rvalue_from_long(context_, type, n); }
  Val real(double d) const { return gcc_jit_context_new_rvalue_from_double(context_, double_, d); }

  // --- words
  Val binary(gcc_jit_binary_op op, Type type, Val a, Val b) const;
  Val add(Val a, Val b) const { return binary(GCC_JIT_BINARY_OP_PLUS, word_, a, b); }
  Val add(Val a, int64_t k) const { return k == 0 ? a : add(a, word(static_cast<uint64_t>(k))); }
  Val sub(Val a, Val b) const { return binary(GCC_JIT_BINARY_OP_MINUS, word_, a, b); }
  Val bit_and(Val a, uint64_t k) const { return binary(GCC_JIT_BINARY_OP_BITWISE_AND, word_, a, word(k)); }
  Val bit_or(Val a, Val b) const { return binary(GCC_JIT_BINARY_OP_BITWISE_OR, word_, a, b); }
  Val shift_left(Val a, int n) const {
    return binary(GCC_JIT_BINARY_OP_LSHIFT, word_, a, word(static_cast<uint64_t>(n)));
  }
  Val shift_right(Val a, int n) const {
    return binary(GCC_JIT_BINARY_OP_RSHIFT, word_, a, word(static_cast<uint64_t>(n)));
  }
  Val signed_shift_right(Val a, int n) const {
    return binary(GCC_JIT_BINARY_OP_RSHIFT, signed_, as_signed(a), number(signed_, n));
  }
  Val as_signed(Val a) const { return cast(a, signed_); }
  Val as_word(Val a) const { return cast(a, word_); }
  Val cast(Val a, Type type) const { return gcc_jit_context_new_cast(context_, nullptr, a, type); }
  Val bits_as(Val a, Type type) const { return gcc_jit_context_new_bitcast(context_, nullptr, a, type); }
  // The integer of a fixnum as a signed number, and back.
  Val untag_fixnum(Val a) const;
  Val tag_fixnum(Val a) const { return shift_left(as_word(a), value::kFixnumShift); }

  // --- conditions
  Val compare(gcc_jit_comparison op, Val a, Val b) const {
    return gcc_jit_context_new_comparison(context_, nullptr, op, a, b);
  }
  Val equal(Val a, Val b) const { return compare(GCC_JIT_COMPARISON_EQ, a, b); }
  Val equal(Val a, Value k) const { return equal(a, constant(k)); }
  Val differ(Val a, Val b) const { return compare(GCC_JIT_COMPARISON_NE, a, b); }
  Val differ(Val a, Value k) const { return differ(a, constant(k)); }
  Val below(Val a, Val b) const { return compare(GCC_JIT_COMPARISON_LT, a, b); }
  Val has_tag(Val a, value::Tag tag) const { return equal(bit_and(sub(a, word(tag)), value::kTagMask), word(0)); }
  Val is_fixnum(Val a) const { return has_tag(a, value::kTagFixnum); }
  // A fixnum that is not below zero.
  Val is_natural(Val a) const { return equal(bit_and(a, value::kTagMask | uint64_t{1} << 63), word(0)); }
  Val both_fixnum(Val a, Val b) const { return is_fixnum(bit_or(a, b)); }
  Val is_float(Val a) const { return differ(tag_is_in(value::kFloatTagBits, a), word(0)); }
  Val both_float(Val a, Val b) const { return both_in(value::kFloatTagBits, a, b); }
  // Fixnums or self-tagged floats.
  Val is_plain_number(Val a) const { return differ(tag_is_in(kPlainNumberTagBits, a), word(0)); }
  Val both_plain_numbers(Val a, Val b) const { return both_in(kPlainNumberTagBits, a, b); }
  Val is_falsy(Val a) const { return equal(bit_and(a, value::kFalsyMask), value::kFalse); }
  // true or false as a Value.
  Val make_bool(Val condition) const;

  // --- doubles
  Val decode_float(Val a) const;
  // Self-tagged bits of a double given by its bits; whether they are good is for is_float to say.
  Val encode_float(Val bits) const { return sub(rotate_left(bits, 4), word(1)); }
  Val rotate_left(Val a, int n) const { return bit_or(shift_left(a, n), shift_right(a, 64 - n)); }

  Val square_root(Val a) const { return builtin("sqrt", {a}); }
  // Fetches what lies at the address in a word into the cache, and never fails.
  Val prefetch(Val address) const;
  Val unreachable() const { return builtin("__builtin_unreachable", {}); }

  // --- memory at base + offset
  Place at(Val base, int64_t offset, Type type) const;
  Val load(Val base, int64_t offset) const { return gcc_jit_lvalue_as_rvalue(at(base, offset, word_)); }
  Val load(Val base, int64_t offset, Type type) const { return gcc_jit_lvalue_as_rvalue(at(base, offset, type)); }
  Val address(Place place) const;  // as a word

  // --- calls
  Val call_runtime(Val vm, Runtime which, std::initializer_list<Val> arguments) const;
  // A call by the convention of frame/calling.hpp through the address in a word.
  Val call_entry(Val address, Val (&arguments)[6]) const;
  Val call_entry(Function callee, Val (&arguments)[6]) const;
  Val call(Function callee, std::vector<Val>& arguments) const;
  Val runtime_entry(Val vm, Runtime which) const;  // address of normalise or interp_entry
  // True when a op b overflows; the result goes to *out (a signed place).
  Val overflows(const char* builtin, Val a, Val b, Place out) const;
  Val expect(Val condition, bool likely) const;
  Val frame_address() const;
  // Sets `passed`, an int, to whether the stack pointer, or `lowest` where one is given, is below the limit in memory at base + offset.
  void compare_stack(Block block, Val base, int64_t offset, Val lowest, Place passed) const;
  // The address of the engine's record of a function, which the loader fills in: the same word for all prototypes of that content.
  Val record_of(const bytecode::Hash& hash) const;

  // Gives GCC more room to inline in: the code is faster, and takes longer to make. Before compile or dump.
  void inline_more();
  // Writes the object file, or false with *error set. Only once per module.
  bool compile(const std::string& object_path, std::string* error);
  // Writes <prefix>.jit (the recorded statements) and <prefix>.s, for people.
  bool dump(const std::string& prefix, std::string* error);

 private:
  bool write(gcc_jit_output_kind kind, const std::string& path, std::string* error);
  void add_options();
  static constexpr uint32_t kPlainNumberTagBits = value::kFloatTagBits | 0x01010101u;
  Val tag_is_in(uint32_t tags, Val a) const;
  Val both_in(uint32_t tags, Val a, Val b) const;
  Val builtin(const char* name, std::initializer_list<Val> arguments) const;

  struct Overlay {  // a struct with a field at an offset, and a pointer to it
    gcc_jit_field* field;
    Type pointer;
  };
  const Overlay& overlay(int64_t offset, Type type) const;

  const Plan& plan_;
  gcc_jit_context* context_;
  Type word_, signed_, u32_, i32_, u8_, double_, bool_;
  mutable std::map<std::pair<int64_t, Type>, Overlay> overlays_;
  mutable std::map<bytecode::Hash, Place> records_;
  Type word_functions_[8] = {};  // by number of word parameters; every result is a word
};

}  // namespace terrace::worker::emit
