// cli/primitives.hpp: what the library says about its primitives, for people and for the reference page.
#pragma once

#include <string>

#include "session.hpp"

namespace terrace::cli {

enum class PrimitivesForm { kText, kMarkdown };

// Writes the primitive of that name, or all of them when it is empty, through the session's output. A failure, such as a
// name that no primitive has, is the outcome.
Outcome show_primitives(Session& session, const std::string& name, PrimitivesForm form);

}  // namespace terrace::cli
