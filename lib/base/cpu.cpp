// base/cpu.cpp: see the header.
#include "base/cpu.hpp"

namespace terrace::base {

const char* cpu_level() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v3")) return "x86-64-v3";
  if (__builtin_cpu_supports("x86-64-v2")) return "x86-64-v2";
  return "x86-64";
}

}  // namespace terrace::base
