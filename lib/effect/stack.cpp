// effect/stack.cpp: mapping and splitting of a computation's memory.
#include "effect/stack.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "base/poison.hpp"

namespace terrace::effect {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kGuard = 16 * kPage;
constexpr size_t kSmallest = 1024 * 1024;
#if TERRACE_ASAN
// The sanitizer forgets the frames that an exception skipped only on C stacks of up to 64 MiB, half of the whole.
constexpr size_t kLargest = 120 * 1024 * 1024;
#else
constexpr size_t kLargest = SIZE_MAX - kPage;
#endif
// A call writes up to three argument registers past its frame, and reads as many.
constexpr size_t kRegisterSlack = 64 + frame::kMaxXargs;
constexpr size_t kKeepOnShrink = 8 * kPage;

size_t round_up(size_t n) { return (n + kPage - 1) & ~(kPage - 1); }

}  // namespace

StackMemory::~StackMemory() { unmap(); }

StackMemory::StackMemory(StackMemory&& other) noexcept { *this = std::move(other); }

StackMemory& StackMemory::operator=(StackMemory&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(bytes_, other.bytes_);
  std::swap(registers_, other.registers_);
  std::swap(register_limit_, other.register_limit_);
  std::swap(links_, other.links_);
  std::swap(link_limit_, other.link_limit_);
  std::swap(stack_top_, other.stack_top_);
  std::swap(stack_bottom_, other.stack_bottom_);
  return *this;
}

bool StackMemory::allocate(size_t bytes) {
  bytes = round_up(std::clamp(bytes, kSmallest, kLargest));
  void* p = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (p == MAP_FAILED) return false;
  base::unpoison(p, bytes);  // of frames that stood at these addresses in a stack that is gone
  base_ = static_cast<char*>(p);
  bytes_ = bytes;
  size_t registers = round_up(bytes * 3 / 8), links = round_up(bytes / 8);
  char* stack = base_ + kGuard + registers + links + kGuard;
  if (mprotect(base_ + kGuard, registers + links, PROT_READ | PROT_WRITE) != 0 ||
      mprotect(stack, static_cast<size_t>(base_ + bytes - stack), PROT_READ | PROT_WRITE) != 0) {
    unmap();
    return false;
  }
  registers_ = reinterpret_cast<Value*>(base_ + kGuard);
  register_limit_ = reinterpret_cast<Value*>(base_ + kGuard + registers) - kRegisterSlack;
  links_ = reinterpret_cast<frame::Link*>(base_ + kGuard + registers);
  link_limit_ = reinterpret_cast<frame::Link*>(base_ + kGuard + registers + links);
  stack_bottom_ = stack;
  stack_top_ = base_ + bytes;
  return true;
}

size_t StackMemory::stack_bytes() const { return static_cast<size_t>(stack_top_ - stack_bottom_); }

void StackMemory::shrink() {
  auto drop = [](char* from, char* to) {
    if (to > from) madvise(from, static_cast<size_t>(to - from), MADV_DONTNEED);
  };
  drop(reinterpret_cast<char*>(registers_) + kKeepOnShrink, reinterpret_cast<char*>(links_));
  drop(reinterpret_cast<char*>(links_) + kKeepOnShrink, reinterpret_cast<char*>(link_limit_));
  drop(stack_bottom_, stack_top_ - kKeepOnShrink);
}

void StackMemory::unmap() {
  if (base_) munmap(base_, bytes_);
  base_ = nullptr;
}

}  // namespace terrace::effect
