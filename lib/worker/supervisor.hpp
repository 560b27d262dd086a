// worker/supervisor.hpp: the worker process that the engine talks to.
//
// Answers for: the conversation of jobs/protocol.hpp with the engine; always having a compiling child ready; leaving
// nothing behind when the engine, the host or a signal ends it. It stays small and never compiles itself, so it does
// not die of GCC.
#pragma once

#include <string>

namespace terrace::worker {

// Serves the engine on the inherited socket until it closes; removes the directory. Answers the exit status of the
// program.
int supervise(const std::string& temp_directory);

}  // namespace terrace::worker
