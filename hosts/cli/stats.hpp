// cli/stats.hpp: what --stats shows.
#pragma once

#include <string>

#include "session.hpp"

namespace terrace::cli {

// The figures of jit_stats, one to a line.
std::string stats_text(const jit_stats_data& stats);

}  // namespace terrace::cli
