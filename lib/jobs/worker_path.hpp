// jobs/worker_path.hpp: where the worker's executable is.
#pragma once

#include <string>

namespace terrace::jobs {

// The absolute path of an executable file: `option` when not empty, else $TERRACE_WORKER, else near the shared library
// that holds this function. Only the first of these that is given counts. Empty with *error set when there is none.
std::string find_worker(const std::string& option, std::string* error);

}  // namespace terrace::jobs
