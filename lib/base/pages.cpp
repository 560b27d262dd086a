// base/pages.cpp: mmap with an alignment, by mapping too much and cutting both ends off.
#include "base/pages.hpp"

#include <sys/mman.h>

#include <cstdint>

namespace terrace::base {

void* map_pages(size_t bytes, size_t alignment) {
  size_t extra = alignment - kPageBytes;
  if (bytes == 0 || bytes > SIZE_MAX - extra) return nullptr;
  void* raw = mmap(nullptr, bytes + extra, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  auto start = reinterpret_cast<uintptr_t>(raw);
  uintptr_t aligned = (start + alignment - 1) & ~(alignment - 1);
  if (aligned != start) munmap(raw, aligned - start);
  size_t tail = extra - (aligned - start);
  if (tail != 0) munmap(reinterpret_cast<void*>(aligned + bytes), tail);
  return reinterpret_cast<void*>(aligned);
}

void unmap_pages(void* address, size_t bytes) { munmap(address, bytes); }

void discard_pages(void* address, size_t bytes) { madvise(address, bytes, MADV_DONTNEED); }

}  // namespace terrace::base
