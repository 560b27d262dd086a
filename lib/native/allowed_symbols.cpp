// native/allowed_symbols.cpp: see the header. Each function is declared under a name of ours with its own assembler
// name, so that its true type, which does not matter here, need not be written down.
#include "native/allowed_symbols.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace terrace::native {

extern "C" {
#define T_SYMBOL(name) void terrace_symbol_##name() __asm__(#name);
#include "native/allowed_symbols.def"
#undef T_SYMBOL
}

namespace {

using Entry = std::pair<std::string_view, void (*)()>;
constexpr Entry kEntries[] = {
#define T_SYMBOL(name) {#name, terrace_symbol_##name},
#include "native/allowed_symbols.def"
#undef T_SYMBOL
};

}  // namespace

uintptr_t allowed_symbol(std::string_view name) {
  const auto* found = std::ranges::find(kEntries, name, &Entry::first);
  return found == std::end(kEntries) ? 0 : reinterpret_cast<uintptr_t>(found->second);
}

}  // namespace terrace::native
