// worker/emit/u64.hpp: the primitives that opt code does on unsigned 64-bit integers which are no Values.
//
// Answers for: which primitives these are. An argument of theirs is any exact integer, taken modulo 2^64.
#pragma once

#include <cstdint>

#include "prims/primitive.hpp"

namespace terrace::worker::emit {

enum class U64 : uint8_t { kNone, kAdd, kSub, kMul, kAnd, kOr, kXor, kNot, kShl, kShr, kRotl, kRotr, kLess, kQuotient, kRemainder, kSame };

constexpr U64 u64_operation(prims::Id id) {
  using prims::Id;
  switch (id) {
    case Id::k_u64_add:
      return U64::kAdd;
    case Id::k_u64_sub:
      return U64::kSub;
    case Id::k_u64_mul:
      return U64::kMul;
    case Id::k_u64_and:
      return U64::kAnd;
    case Id::k_u64_or:
      return U64::kOr;
    case Id::k_u64_xor:
      return U64::kXor;
    case Id::k_u64_not:
      return U64::kNot;
    case Id::k_u64_shl:
      return U64::kShl;
    case Id::k_u64_shr:
      return U64::kShr;
    case Id::k_u64_rotl:
      return U64::kRotl;
    case Id::k_u64_rotr:
      return U64::kRotr;
    case Id::k_u64_lt:
      return U64::kLess;
    case Id::k_u64_quotient:
      return U64::kQuotient;
    case Id::k_u64_remainder:
      return U64::kRemainder;
    case Id::k_u64_from:
      return U64::kSame;
    default:
      return U64::kNone;
  }
}

// Whether the second argument says how many places, and must be known.
constexpr bool moves_bits(U64 operation) {
  return operation == U64::kShl || operation == U64::kShr || operation == U64::kRotl || operation == U64::kRotr;
}

}  // namespace terrace::worker::emit
