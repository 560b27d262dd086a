// worker/supervisor.hpp: the worker process that the engine talks to.
//
// Answers for: the conversation of jobs/protocol.hpp with the engine; always having a compiling child ready; leaving
// nothing behind when the engine, the host or a signal ends it. It stays small and never compiles itself, so it does
// not die of GCC.
#pragma once

#include <string>
#include <vector>

namespace terrace::worker {

// Serves the engine on the inherited socket until it closes, with the first of the candidates (jobs/temp_directory.hpp)
// that takes files for a temporary directory; removes that in the end.
void supervise(const std::vector<std::string>& temp_candidates);

}  // namespace terrace::worker
