// cli/repl.hpp: reading programs from a person.
#pragma once

#include "session.hpp"

namespace terrace::cli {

// Reads forms from standard input until its end, runs them, and shows what they give. With a terminal: line editing, history kept
// between runs, completion of global names with Tab, and Ctrl-C to interrupt. Answers the exit code.
int run_repl(Session& session);

}  // namespace terrace::cli
