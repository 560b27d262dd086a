// base/pages.hpp: memory straight from the system, at a chosen alignment.
//
// Answers for: mapping, unmapping, giving pages back, and how much there can be. Not for: what is put there, nor
// executable memory (native/).
#pragma once

#include <cstddef>

namespace terrace::base {

inline constexpr size_t kPageBytes = 4096;

// Zeroed, readable and writable memory of `bytes` (a multiple of kPageBytes) at a multiple of `alignment` (a power of
// two, at least a page); null when the system has none. The caller gives it back with unmap_pages.
void* map_pages(size_t bytes, size_t alignment);
void unmap_pages(void* address, size_t bytes);
// The pages stay mapped and read as zero afterwards, but use no memory until they are written again.
void discard_pages(void* address, size_t bytes);

// What this process may use at most before the system ends it: the machine's memory, or its control group's share of
// it.
size_t available_memory();

}  // namespace terrace::base
