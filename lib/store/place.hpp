// store/place.hpp: which directory is the store, and who says so.
#pragma once

#include <optional>
#include <string>

#include "store/problems.hpp"

namespace terrace::store {

struct Place {
  std::string path;  // absolute; empty when there is a problem
  // A place that nobody asked for by name is made only in a directory of this user's own, so that a program run with
  // another user's HOME leaves nothing there.
  bool is_usual = false;
  Problem problem = Problem::kNone;
};

// `option` when given, else $TERRACE_STORE, else $XDG_CACHE_HOME/terrace, else $HOME/.cache/terrace. An empty text and
// "off" mean no store, and so does $TERRACE_DUMP, with which people want to see what the compiler is given. Looks at no file. The environment does not count in a program that runs with another user's
// rights.
Place find_place(const std::optional<std::string>& option);

}  // namespace terrace::store
