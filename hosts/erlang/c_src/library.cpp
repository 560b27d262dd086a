// library.cpp: opening and resolving.
#include "library.hpp"

#include <dlfcn.h>

#include <memory>

namespace terrace::erlang {

namespace {

constexpr uint32_t kWantedMajor = 0;

// Sets every function; answers the name of the first one that is missing.
const char* resolve(void* handle, Library* library) {
#define TERRACE_ERLANG_RESOLVE(name)                                                      \
  library->name = reinterpret_cast<decltype(library->name)>(dlsym(handle, "jit_" #name)); \
  if (!library->name) return "jit_" #name;
  TERRACE_ERLANG_FUNCTIONS(TERRACE_ERLANG_RESOLVE)
#undef TERRACE_ERLANG_RESOLVE
  return nullptr;
}

}  // namespace

const Library* open_library(const std::string& path, std::string* problem) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char* why = dlerror();
    *problem = why ? why : path + " cannot be opened";
    return nullptr;
  }
  auto library = std::make_unique<Library>();
  library->path = path;
  if (const char* missing = resolve(handle, library.get())) {
    *problem = path + " lacks " + missing;
    return nullptr;
  }
  if (library->abi_version() >> 16 != kWantedMajor) {
    *problem = path + " has another version of the interface: " + library->version_string();
    return nullptr;
  }
  return library.release();
}

}  // namespace terrace::erlang
