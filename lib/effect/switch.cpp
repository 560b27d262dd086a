// effect/switch.cpp: see the header. The place where a stack stands is its stack pointer; the address at which it goes on lies there.
#include "effect/switch.hpp"

#include <cstdint>
#include <cstring>

// Where a prepared stack goes on: takes the entry from the stack and hands the arrival over.
asm(R"(
  .pushsection .text.terrace_begin_stack, "ax", @progbits
  .p2align 4
  .globl terrace_begin_stack
  .hidden terrace_begin_stack
  .type terrace_begin_stack, @function
terrace_begin_stack:
  .cfi_startproc
  .cfi_undefined rip
  popq %rbx
  movq %rax, %rdi
  movq %rdx, %rsi
  call *%rbx
  ud2
  .cfi_endproc
  .size terrace_begin_stack, . - terrace_begin_stack
  .popsection
)");

extern "C" void terrace_begin_stack();

namespace terrace::effect {

// Two words that are taken, and two that keep the stack aligned for the call.
void* prepare_stack(void* top, void (*entry)(Arrival)) {
  const uintptr_t words[4] = {reinterpret_cast<uintptr_t>(&terrace_begin_stack), reinterpret_cast<uintptr_t>(entry), 0, 0};
  auto* place = reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(top) & ~uintptr_t{15}) - sizeof words;
  std::memcpy(place, words, sizeof words);
  return place;
}

}  // namespace terrace::effect
