// fuzz/fuzz_object.cpp: damaged and hostile object files: refused with a reason, or loaded into memory of their own.
// Nothing loaded is run.
#include <cstdint>

#include "bytecode/code.hpp"
#include "native/loader.hpp"
#include "sandbox.hpp"

// Any record stands for all of them: nothing loaded is run.
static uintptr_t record_of(std::string_view name) {
  terrace::bytecode::Hash hash;
  return terrace::bytecode::parse_record_symbol(name, &hash) ? 1 : 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace terrace;
  static const std::vector<std::string> wanted = {"seed_first", "seed_second"};
  native::LoadedObject loaded;
  std::string text;
  if (native::load({data, size}, wanted, record_of, &loaded, &text) != observe::Reason::kNone) {
    if (text.empty()) fuzz::found("refused without a word");
    return 0;
  }
  if (loaded.entries.size() != wanted.size()) fuzz::found("a function is missing");
  for (uintptr_t entry : loaded.entries)
    if (entry < loaded.base || entry >= loaded.base + loaded.size) fuzz::found("an entry outside of the code");
  volatile uint8_t sum = 0;
  for (size_t i = 0; i < loaded.size; i++)
    sum = static_cast<uint8_t>(sum + reinterpret_cast<const uint8_t*>(loaded.base)[i]);
  native::unload(loaded);
  return 0;
}
