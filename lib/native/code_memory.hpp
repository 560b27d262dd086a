// native/code_memory.hpp: memory for machine code, never writable and executable at once.
//
//   reserve (readable, writable) --> the caller writes --> seal (readable, executable) --> release
#pragma once

#include <cstddef>
#include <cstdint>

#include "observe/reasons.hpp"

namespace terrace::native {

// One mapping of its own; a page is the smallest piece that can be given back.
class CodeMemory {
 public:
  CodeMemory() = default;
  CodeMemory(const CodeMemory&) = delete;
  ~CodeMemory() { release(address_, bytes_); }

  // kNone or kNoCodeMemory. Every byte is an instruction that traps. Precondition: nothing reserved.
  observe::Reason reserve(size_t bytes);
  // kNone or kNotExecutable. Afterwards nothing may be written.
  observe::Reason seal();
  uint8_t* address() const { return address_; }
  size_t bytes() const { return bytes_; }
  // Hands the mapping over to the caller, who gives it to release().
  void disown() { address_ = nullptr; }

  static void release(uint8_t* address, size_t bytes);

 private:
  uint8_t* address_ = nullptr;
  size_t bytes_ = 0;  // whole pages
};

}  // namespace terrace::native
