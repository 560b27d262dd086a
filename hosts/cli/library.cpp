#include "library.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <filesystem>

namespace terrace::cli {

namespace {

constexpr const char* kNames[] = {"libterrace.so.0", "libterrace.so"};
constexpr uint32_t kWantedMajor = 0;

std::string directory_of_program() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0) return ".";
  const std::string_view program(path, static_cast<size_t>(length));
  return std::string(program.substr(0, program.rfind('/')));
}

// Sets every function pointer; answers the name of the first one the library does not have.
std::optional<std::string> resolve(void* handle, Library* library) {
#define TERRACE_CLI_RESOLVE(name)                                                              \
  library->name = reinterpret_cast<decltype(library->name)>(dlsym(handle, "jit_" #name));      \
  if (library->name == nullptr) return "jit_" #name;
  TERRACE_CLI_FUNCTIONS(TERRACE_CLI_RESOLVE)
#undef TERRACE_CLI_RESOLVE
  return std::nullopt;
}

}  // namespace

std::vector<std::string> library_candidates(const std::string& option) {
  if (!option.empty()) return {option};
  if (const char* named = std::getenv("TERRACE_LIBRARY"); named != nullptr && *named != '\0') return {named};
  std::vector<std::string> candidates;
  const std::string here = directory_of_program();
  // Beside the program; the build tree (hosts/cli beside shim); an installation (bin beside lib); what the system knows.
  for (const char* place : {"/./", "/../../shim/", "/../lib/", "/../lib/x86_64-linux-gnu/"}) {
    for (const char* name : kNames) {
      std::string path = here + place + name;
      if (access(path.c_str(), F_OK) == 0) candidates.push_back(std::filesystem::path(path).lexically_normal().string());
    }
  }
  candidates.insert(candidates.end(), std::begin(kNames), std::end(kNames));
  return candidates;
}

std::optional<Library> load_library(const std::string& option, std::string* problem) {
  problem->clear();
  for (const auto& candidate : library_candidates(option)) {
    void* handle = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      *problem += std::string("\n  ") + dlerror();
      continue;
    }
    Library library;
    library.path = candidate;
    auto missing = resolve(handle, &library);
    if (!missing && library.abi_version() >> 16 == kWantedMajor) return library;
    *problem += "\n  " + candidate + (missing ? " lacks " + *missing : std::string(" has another interface version"));
  }
  *problem = "the library libterrace.so could not be opened; give its path with --library or TERRACE_LIBRARY:" + *problem;
  return std::nullopt;
}

}  // namespace terrace::cli
