// store/place.cpp: see the header.
#include "store/place.hpp"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

namespace terrace::store {
namespace {

Place none(Problem problem) { return {{}, false, problem}; }

Place named(std::string path) {
  if (path.empty() || path == "off") return none(Problem::kOff);
  if (path.front() == '/') return {std::move(path), false, Problem::kNone};
  char here[PATH_MAX];
  if (getcwd(here, sizeof here) == nullptr) return none(Problem::kNoPlace);
  return {std::string(here) + "/" + path, false, Problem::kNone};
}

Place usual(const char* parent, const char* below) {
  return {std::string(parent) + below, true, Problem::kNone};
}

bool is_absolute(const char* path) { return path != nullptr && path[0] == '/'; }

}  // namespace

Place find_place(const std::optional<std::string>& option) {
  if (option) return named(*option);
  if (secure_getenv("TERRACE_DUMP") != nullptr) return none(Problem::kOff);
  if (const char* given = secure_getenv("TERRACE_STORE")) return named(given);
  if (const char* cache = secure_getenv("XDG_CACHE_HOME"); is_absolute(cache)) return usual(cache, "/terrace");
  if (const char* home = secure_getenv("HOME"); is_absolute(home)) return usual(home, "/.cache/terrace");
  return none(Problem::kNoPlace);
}

}  // namespace terrace::store
