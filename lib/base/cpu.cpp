// base/cpu.cpp: see the header.
#include "base/cpu.hpp"

namespace terrace::base {
namespace {

// Clang before 19, which the fuzzers are built with, knows no names of levels; what it can ask for decides in practice.
#if defined(__clang__) && __clang_major__ < 19
bool has_level_4() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
bool has_level_3() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("fma");
}
bool has_level_2() { return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"); }
#else
bool has_level_4() { return __builtin_cpu_supports("x86-64-v4"); }
bool has_level_3() { return __builtin_cpu_supports("x86-64-v3"); }
bool has_level_2() { return __builtin_cpu_supports("x86-64-v2"); }
#endif

}  // namespace

const char* cpu_level() {
  __builtin_cpu_init();
  if (has_level_4()) return "x86-64-v4";
  if (has_level_3()) return "x86-64-v3";
  if (has_level_2()) return "x86-64-v2";
  return "x86-64";
}

}  // namespace terrace::base
