// base/hash.hpp: the one hash of bytes that tables inside a process use.
//
// Answers for: a fast, well-mixed 64-bit hash. Not for: content identity on disk (bytecode/encoding.hpp uses BLAKE2).
#pragma once

#include <cstddef>
#include <cstdint>

namespace terrace::base {

uint64_t hash_bytes(const void* data, size_t size);

}  // namespace terrace::base
