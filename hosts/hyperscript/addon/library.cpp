// addon/library.cpp: opening and resolving.
#include "library.hpp"

#include <dlfcn.h>

#include <list>
#include <mutex>

namespace terrace::node {

namespace {

constexpr uint32_t kWantedMajor = 0;

// Sets every function; answers the name of the first one that is missing.
const char* resolve(void* handle, Library* library) {
#define TERRACE_NODE_RESOLVE(name)                                                        \
  library->name = reinterpret_cast<decltype(library->name)>(dlsym(handle, "jit_" #name)); \
  if (!library->name) return "jit_" #name;
  TERRACE_NODE_FUNCTIONS(TERRACE_NODE_RESOLVE)
#undef TERRACE_NODE_RESOLVE
  return nullptr;
}

bool load(const std::string& path, Library* library, std::string* problem) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    *problem = dlerror();
    return false;
  }
  library->path = path;
  if (const char* missing = resolve(handle, library)) {
    *problem = path + " lacks " + missing;
    return false;
  }
  if (library->abi_version() >> 16 == kWantedMajor) return true;
  *problem = path + " has another version of the interface: " + library->version_string();
  return false;
}

// Shared by all environments of the process and never destroyed: threads may still run while the process exits.
struct Opened {
  std::mutex mutex;
  std::list<Library> libraries;
};

Opened& opened() {
  static auto* const everything = new Opened;
  return *everything;
}

}  // namespace

const Library* open_library(const std::string& path, std::string* problem) {
  Opened& all = opened();
  std::lock_guard lock(all.mutex);
  for (const Library& library : all.libraries)
    if (library.path == path) return &library;
  Library library;
  if (!load(path, &library, problem)) return nullptr;
  all.libraries.push_back(library);
  return &all.libraries.back();
}

}  // namespace terrace::node
