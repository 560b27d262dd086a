// worker/emit/u64.hpp: the primitives that opt code does on unsigned 64-bit integers which are no Values.
//
// Answers for: which primitives these are, and what they do. An argument of theirs is any exact integer, taken modulo 2^64.
#pragma once

#include <cstdint>

#include "prims/primitive.hpp"

namespace terrace::worker::emit {

// Those that are one operator of GCC's on unsigned words: name, primitive, operator.
#define T_U64_OPERATORS(X)             \
  X(Add, u64_add, PLUS)                \
  X(Sub, u64_sub, MINUS)               \
  X(Mul, u64_mul, MULT)                \
  X(And, u64_and, BITWISE_AND)         \
  X(Or, u64_or, BITWISE_OR)            \
  X(Xor, u64_xor, BITWISE_XOR)         \
  X(Quotient, u64_quotient, DIVIDE)    \
  X(Remainder, u64_remainder, MODULO)

// The others: name, primitive.
#define T_U64_OTHERS(X) \
  X(Not, u64_not)       \
  X(Shl, u64_shl)       \
  X(Shr, u64_shr)       \
  X(Rotl, u64_rotl)     \
  X(Rotr, u64_rotr)     \
  X(Less, u64_lt)       \
  X(Same, u64_from)

enum class U64 : uint8_t {
  kNone,
#define T_U64_NAME(name, ...) k##name,
  T_U64_OPERATORS(T_U64_NAME) T_U64_OTHERS(T_U64_NAME)
#undef T_U64_NAME
  kMask,  // bit-and with a fixnum that is not below zero, which the result then is, too
};

constexpr U64 u64_operation(prims::Id id) {
  switch (id) {
#define T_U64_CASE(name, primitive, ...) \
  case prims::Id::k_##primitive:         \
    return U64::k##name;
    T_U64_OPERATORS(T_U64_CASE)
    T_U64_OTHERS(T_U64_CASE)
#undef T_U64_CASE
    default:
      return U64::kNone;
  }
}

// Whether the second argument says how many places, and must be known.
constexpr bool moves_bits(U64 operation) {
  return operation == U64::kShl || operation == U64::kShr || operation == U64::kRotl || operation == U64::kRotr;
}

}  // namespace terrace::worker::emit
