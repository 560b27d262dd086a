// fuzz/fuzz_program.cpp: strangers' programs, under limits. Nothing that they do may crash, hang or leave the vm
// unusable.
#include "mutator.hpp"
#include "sandbox.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  terrace::fuzz::Sandbox sandbox;
  sandbox.run({reinterpret_cast<const char*>(data), size});
  sandbox.check_usable();
  return 0;
}
