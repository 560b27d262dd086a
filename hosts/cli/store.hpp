// cli/store.hpp: the compiled code on disk, for people.
#pragma once

#include <optional>
#include <string>

#include "library.hpp"

namespace terrace::cli {

// Does what `action` says (info, list, verify or clear) with the store that a program run with this --store would use. False when
// it could not, and when verify found an entry that is not good.
bool tend_store(const Library& library, const std::optional<std::string>& store, const std::string& action);

}  // namespace terrace::cli
