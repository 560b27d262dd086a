// worker/compiler_child.hpp: what happens inside the compiling child.
#pragma once

#include <sys/types.h>

#include <string>

#include "observe/reasons.hpp"

namespace terrace::worker {

struct ChildStart {
  int socket;  // to the supervisor
  int output;  // becomes standard output and standard error
  pid_t parent;
  std::string temp_directory;
};

// Takes batches and answers them until the socket closes. Never returns.
[[noreturn]] void run_compiler_child(const ChildStart& start);

// A better reason than `reason` when the compiler's words name one: no assembler, no memory, no room for files.
observe::Reason refine_reason(observe::Reason reason, const std::string& text);

}  // namespace terrace::worker
