// native/code_memory.cpp: see the header.
#include "native/code_memory.hpp"

#include <sys/mman.h>

#include <cstring>

#include "base/pages.hpp"

namespace terrace::native {
namespace {

inline constexpr int kTrap = 0xCC;  // int3

}  // namespace

observe::Reason CodeMemory::reserve(size_t bytes) {
  const size_t rounded = (bytes + base::kPageBytes - 1) & ~(base::kPageBytes - 1);
  void* mapping = mmap(nullptr, rounded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return observe::Reason::kNoCodeMemory;
  address_ = static_cast<uint8_t*>(mapping);
  bytes_ = rounded;
  std::memset(address_, kTrap, bytes_);
  return observe::Reason::kNone;
}

observe::Reason CodeMemory::seal() {
  const bool sealed = mprotect(address_, bytes_, PROT_READ | PROT_EXEC) == 0;
  return sealed ? observe::Reason::kNone : observe::Reason::kNotExecutable;
}

void CodeMemory::release(uint8_t* address, size_t bytes) {
  if (address) munmap(address, bytes);
}

}  // namespace terrace::native
