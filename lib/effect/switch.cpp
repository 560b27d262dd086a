// effect/switch.cpp: see the header. The place where a stack stands is its stack pointer, below the saved registers and the address at
// which it goes on.
#include "effect/switch.hpp"

#include <cstdint>
#include <cstring>

asm(R"(
  .pushsection .text.terrace_switch_stack, "ax", @progbits
  .p2align 4
  .globl terrace_switch_stack
  .hidden terrace_switch_stack
  .type terrace_switch_stack, @function
terrace_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, %rax
  movq %rdi, %rsp
  movq %rsi, %rdx
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmp *%rcx
  .size terrace_switch_stack, . - terrace_switch_stack

  .globl terrace_begin_stack
  .hidden terrace_begin_stack
  .type terrace_begin_stack, @function
terrace_begin_stack:
  .cfi_startproc
  .cfi_undefined rip
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
namespace {

// The words at a prepared place, lowest address first: six registers, the address, and what keeps the stack aligned for the call there.
constexpr size_t kWords = 9, kRbx = 4, kAddress = 6;

}  // namespace

void* prepare_stack(void* top, void (*entry)(Arrival)) {
  uintptr_t words[kWords] = {};
  words[kRbx] = reinterpret_cast<uintptr_t>(entry);
  words[kAddress] = reinterpret_cast<uintptr_t>(&terrace_begin_stack);
  auto* place = reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(top) & ~uintptr_t{15}) - sizeof words;
  std::memcpy(place, words, sizeof words);
  return place;
}

}  // namespace terrace::effect
