// native/loader.hpp: from the bytes of an object file to code that can be called.
//
// Answers for: taking exactly the sections that the wanted functions reach, putting them into memory of their own,
// relocating them, resolving the few functions of allowed_symbols.def, refusing everything else with a reason. Not for:
// when code is used or dies (cache/), where objects come from (jobs/, store/).
//
// What is accepted: ELF64 x86-64 relocatable objects; read-only and executable sections (and .data.rel.ro); relocations
// PC32, PLT32, 64, PC64, GOTPCREL, GOTPCRELX, REX_GOTPCRELX. Writable data, thread-local data, indirect functions and
// 32-bit absolute addresses are refused: code may lie anywhere and keeps no state of its own.
//
//   region:  | code | read-only data | slots (8 bytes an address) | stubs (jmp *slot) |
//
// Threads: any; nothing is shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "observe/reasons.hpp"

namespace terrace::native {

// Sealed code. Plain data: whoever holds the last copy calls unload once.
struct LoadedObject {
  uintptr_t base = 0;
  size_t size = 0;                 // whole pages
  size_t used = 0;                 // bytes of it that hold something
  std::vector<uintptr_t> entries;  // of the wanted symbols, in their order
};

// Says what a name that is not among the allowed functions stands for: the word that code finds in its slot; 0: nothing.
using Resolve = std::function<uintptr_t(std::string_view name)>;

// kNone with *loaded set; else why not, with *text for people. Never crashes, whatever the bytes are. Names that `resolve` knows may be
// asked for through slots only, so that nothing can jump there.
observe::Reason load(std::span<const uint8_t> object, std::span<const std::string> wanted, const Resolve& resolve,
                     LoadedObject* loaded, std::string* text);
// Gives the memory back. No thread may be in it or return into it.
void unload(const LoadedObject& loaded);

}  // namespace terrace::native
