// tests/system/opened.cpp: the functions of terrace/jit.h for a program that is not linked with the library.
//
// Answers for: opening the library that TERRACE_LIBRARY names, RTLD_LOCAL as hosts do, before main, and for one jump
// per exported function (exports.def is made from abi/terrace.map). So a test reads as if it were linked, and what it
// uses is what dlsym finds.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

// The jump goes through a pointer that starts as null; the names do not collide with the header's, which is not
// included here.
#define T_EXPORT(name)                       \
  extern "C" {                               \
  void* opened_##name __attribute__((used)); \
  }                                          \
  asm(".text\n.globl " #name "\n.type " #name ", @function\n" #name ":\n\tjmp *opened_" #name "(%rip)\n");
#include "exports.def"
#undef T_EXPORT

namespace {

[[noreturn]] void give_up() {
  std::printf("Bail out! %s\n", dlerror());
  std::exit(1);
}

void* find(void* library, const char* name) {
  void* address = dlsym(library, name);
  if (!address) give_up();
  return address;
}

[[gnu::constructor]] void open_library() {
  const char* path = std::getenv("TERRACE_LIBRARY");
  void* library = dlopen(path ? path : "libterrace.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) give_up();
#define T_EXPORT(name) opened_##name = find(library, #name);
#include "exports.def"
#undef T_EXPORT
}

}  // namespace
