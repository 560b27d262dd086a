// base/hash.cpp: XXH3, compiled in from its header so that nothing has to be linked.
#include "base/hash.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace terrace::base {

uint64_t hash_bytes(const void* data, size_t size) { return XXH3_64bits(data, size); }

}  // namespace terrace::base
