// base/poison.hpp: telling the address sanitizer which memory nobody may touch now. Nothing in other builds.
#pragma once

#include <cstddef>

// Whether this is a build with the address sanitizer; GCC and Clang say so in different ways.
#if defined(__SANITIZE_ADDRESS__)
#define TERRACE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TERRACE_ASAN 1
#endif
#endif
#ifndef TERRACE_ASAN
#define TERRACE_ASAN 0
#endif

#if TERRACE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace terrace::base {

inline void poison([[maybe_unused]] const void* address, [[maybe_unused]] size_t bytes) {
#if TERRACE_ASAN
  __asan_poison_memory_region(address, bytes);
#endif
}

inline void unpoison([[maybe_unused]] const void* address, [[maybe_unused]] size_t bytes) {
#if TERRACE_ASAN
  __asan_unpoison_memory_region(address, bytes);
#endif
}

}  // namespace terrace::base
