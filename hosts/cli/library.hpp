// cli/library.hpp: libterrace.so, opened at run time.
//
// Answers for: finding the library, and the functions of terrace/jit.h that the program uses. Not for: what is done with them.
// Invariant: a Library that load_library() answered has every function set. The library stays open until the process ends.
#pragma once

#include <terrace/jit.h>

#include <optional>
#include <string>
#include <vector>

namespace terrace::cli {

// Every function of the C interface that the program calls, without its jit_ prefix.
#define TERRACE_CLI_FUNCTIONS(X) \
  X(abi_version)                 \
  X(version_string)              \
  X(error_release)               \
  X(error_message)               \
  X(error_kind)                  \
  X(error_source)                \
  X(error_line)                  \
  X(error_column)                \
  X(error_trace)                 \
  X(error_status)                \
  X(status_name)                 \
  X(engine_new)                  \
  X(engine_release)              \
  X(vm_new)                      \
  X(vm_release)                  \
  X(eval)                        \
  X(call)                        \
  X(resume)                      \
  X(resume_error)                \
  X(cancel)                      \
  X(computation_release)         \
  X(interrupt)                   \
  X(define)                      \
  X(ref_release)                 \
  X(list_new)                    \
  X(length)                      \
  X(items)                       \
  X(string_data)                 \
  X(print)                       \
  X(set_threshold)               \
  X(set_budget)                  \
  X(reset)                       \
  X(wait)                        \
  X(stats)                       \
  X(stats_json)                  \
  X(store_json)                  \
  X(store_clear)                 \
  X(report)                      \
  X(report_json)                 \
  X(params_json)                 \
  X(text_release)

struct Library {
  std::string path;
#define TERRACE_CLI_MEMBER(name) decltype(&::jit_##name) name = nullptr;
  TERRACE_CLI_FUNCTIONS(TERRACE_CLI_MEMBER)
#undef TERRACE_CLI_MEMBER
};

// Where the library is looked for, in order. `option` is what --library gave; when it or TERRACE_LIBRARY is set, nowhere else.
std::vector<std::string> library_candidates(const std::string& option);

// Opens the first candidate that can be opened. Nothing: *problem says what was tried and why it failed.
std::optional<Library> load_library(const std::string& option, std::string* problem);

}  // namespace terrace::cli
