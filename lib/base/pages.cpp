// base/pages.cpp: mmap with an alignment, by mapping too much and cutting both ends off.
#include "base/pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>

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

namespace {

// The number in a file of the control group file system; SIZE_MAX when there is none ("max", or no such file).
size_t group_limit(const char* path) {
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return SIZE_MAX;
  unsigned long long limit = 0;
  bool found = std::fscanf(file, "%llu", &limit) == 1;
  std::fclose(file);
  return found ? static_cast<size_t>(limit) : SIZE_MAX;
}

}  // namespace

size_t available_memory() {
  static const size_t kBytes = [] {
    long pages = sysconf(_SC_PHYS_PAGES);
    size_t machine = pages > 0 ? static_cast<size_t>(pages) * kPageBytes : SIZE_MAX;
    size_t group =
        std::min(group_limit("/sys/fs/cgroup/memory.max"), group_limit("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
    return std::min(machine, group);
  }();
  return kBytes;
}

}  // namespace terrace::base
