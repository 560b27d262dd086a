// jobs/worker_path.cpp: see the header.
#include "jobs/worker_path.hpp"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace terrace::jobs {
namespace {

inline constexpr const char* kWorkerName = "terrace-worker";

bool is_executable_file(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && access(path.c_str(), X_OK) == 0;
}

std::string absolute(const std::string& path) {
  char buffer[PATH_MAX];
  return realpath(path.c_str(), buffer) ? buffer : std::string();
}

// The directory of the file, library or program, that this code was loaded from.
std::string own_directory() {
  Dl_info info{};
  std::string file;
  if (dladdr(reinterpret_cast<void*>(&find_worker), &info) && info.dli_fname && info.dli_fname[0] == '/') {
    file = absolute(info.dli_fname);
  }
  if (file.empty()) file = absolute("/proc/self/exe");
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? std::string() : file.substr(0, slash);
}

}  // namespace

std::string find_worker(const std::string& option, std::string* error) {
  const char* from_environment = secure_getenv("TERRACE_WORKER");
  const std::string given = !option.empty() ? option : from_environment ? from_environment : "";
  if (!given.empty()) {
    const std::string path = absolute(given);
    if (!path.empty() && is_executable_file(path)) return path;
    *error = "no executable file: " + given;
    return {};
  }
  // Installed beside the library or in libexec (also under a multiarch directory), else the layout of a build tree.
  const std::string here = own_directory();
  for (const char* place :
       {"", "/terrace", "/../libexec/terrace", "/../../libexec/terrace", "/../lib/worker", "/../../lib/worker"}) {
    const std::string path = absolute(here + place + "/" + kWorkerName);
    if (!path.empty() && is_executable_file(path)) return path;
  }
  *error = "no " + std::string(kWorkerName) + " near " + here;
  return {};
}

}  // namespace terrace::jobs
