// effect/switch.hpp: from one stack to another.
//
// Answers for: the registers that a function must leave as they were, and nothing else. Both sides run with the default floating-point
// control words (engine/entry.cpp sees to that), so these stay as they are: saving and loading them at every switch, as Boost.Context
// does, costs twice as much as all the rest. The switch is no function: a call that does not return to where it came from would
// make the processor foretell a wrong address for every return that follows on the other stack, which costs more than
// everything else in a call from the host. x86-64, System V calling convention.
#pragma once

#include <cstddef>

namespace terrace::effect {

// What comes with a switch: the place where the other side stands now, and what it brings.
struct Arrival {
  void* from;
  void* data;
};

// As much as leaf functions may keep below their stack pointer, and what the switch pushes.
inline constexpr size_t kRedZone = 128;
inline constexpr size_t kBelowStackPointer = kRedZone + 2 * sizeof(void*);

// Leaves this stack where it is and goes on where `to` stands; answers when somebody switches back.
[[gnu::always_inline]] inline Arrival switch_stack(void* to, void* data) {
  static_assert(kRedZone == 128);
  asm volatile(
      "leaq -128(%%rsp), %%rsp\n\t"
      "leaq 1f(%%rip), %%rcx\n\t"
      "pushq %%rbp\n\t"
      "pushq %%rcx\n\t"
      "movq %%rsp, %%rcx\n\t"
      "movq %%rax, %%rsp\n\t"
      "movq %%rcx, %%rax\n\t"
      "popq %%rcx\n\t"
      "jmp *%%rcx\n"
      "1:\n\t"
      "popq %%rbp\n\t"
      "leaq 128(%%rsp), %%rsp"
      : "+a"(to), "+d"(data)
      :
      : "rbx", "rcx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
        "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
  return {to, data};
}

// A place at the top of an unused stack from which `entry`, which never returns, begins with the first switch to it.
void* prepare_stack(void* top, void (*entry)(Arrival));

// Below everything that the running function and a switch put on its stack.
[[gnu::always_inline]] inline const void* below_this_frame() {
  const char* top;
  asm volatile("movq %%rsp, %0" : "=r"(top));
  return top - kBelowStackPointer;
}

}  // namespace terrace::effect
