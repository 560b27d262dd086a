// effect/stack.hpp: the memory of one computation: its C stack, its interpreter registers and its links, in one mapping.
//
//   low                                                                               high
//   | guard | registers grow up ->        | links grow up -> | guard |        <- C stack grows down |
//
// Only touched pages cost memory. Invariant: the guards are never accessible.
#pragma once

#include <cstddef>
#include <cstdint>

#include "frame/vm_state.hpp"

namespace terrace::effect {

// What primitives, the collector and the C library may need below the limit that compiled code checks.
constexpr size_t kReserve = 192 * 1024;

class StackMemory {
 public:
  StackMemory() = default;
  ~StackMemory();
  StackMemory(StackMemory&& other) noexcept;
  StackMemory& operator=(StackMemory&& other) noexcept;

  // False when the system has no address space; the object stays empty.
  bool allocate(size_t bytes);
  explicit operator bool() const { return base_ != nullptr; }

  Value* registers() const { return registers_; }
  Value* register_limit() const { return register_limit_; }
  frame::Link* links() const { return links_; }
  frame::Link* link_limit() const { return link_limit_; }
  void* stack_top() const { return stack_top_; }        // highest address, exclusive
  void* stack_bottom() const { return stack_bottom_; }  // lowest usable address
  size_t stack_bytes() const;
  // The value for VmState::stack_limit: far enough above the guard for the C++ code and the C library below it.
  uintptr_t limit() const { return reinterpret_cast<uintptr_t>(stack_bottom_) + kReserve; }
  // Gives touched pages back to the system, keeping the first few of each part.
  void shrink();

 private:
  void unmap();
  char* base_ = nullptr;
  size_t bytes_ = 0;
  Value* registers_ = nullptr;
  Value* register_limit_ = nullptr;
  frame::Link* links_ = nullptr;
  frame::Link* link_limit_ = nullptr;
  char* stack_top_ = nullptr;
  char* stack_bottom_ = nullptr;
};

}  // namespace terrace::effect
