// worker/compile.hpp: a batch of bytecode functions to one object file.
//
// Answers for: decoding, checking, emitting and compiling. Not for: processes and limits (worker/supervisor.cpp):
// libgccjit may exit or abort, so this runs in a process that may be lost.
#pragma once

#include <string>
#include <vector>

#include "jobs/protocol.hpp"

namespace terrace::worker {

using jobs::Job;
using jobs::Tier;

// Writes an object file at object_path that defines one global function per job, or answers false with *error set.
bool compile_batch(const std::vector<Job>& jobs, Tier tier, const std::string& object_path, std::string* error);

// For people: writes <prefix>.jit, the statements given to libgccjit, and <prefix>.s, the assembly of the same batch.
bool dump_batch(const std::vector<Job>& jobs, Tier tier, const std::string& prefix, std::string* error);

}  // namespace terrace::worker
