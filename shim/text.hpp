// shim/text.hpp: texts that the host gives back with jit_text_release.
#pragma once

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

namespace terrace::shim {

// A copy for the host. Throws bad_alloc.
inline char* text_for_host(const std::string& text) {
  auto* copy = static_cast<char*>(malloc(text.size() + 1));
  if (!copy) throw std::bad_alloc();
  std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

}  // namespace terrace::shim
