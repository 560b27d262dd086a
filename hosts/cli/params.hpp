// cli/params.hpp: what `terrace params` shows.
#pragma once

#include <optional>
#include <string>

#include "session.hpp"

namespace terrace::cli {

// One parameter with all there is to say, or, for an empty name, a line for each and the presets. Nothing: there is no such parameter.
std::optional<std::string> params_text(const Engine& engine, std::string name);

}  // namespace terrace::cli
