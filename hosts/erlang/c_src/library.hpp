// library.hpp: libterrace.so, opened at run time.
//
// Answers for: the functions of terrace/jit.h that the NIF uses, resolved by dlsym into one table. Not for: where the
// library is looked for (terrace_nif.erl). Invariant: a Library that open_library() answered has every function set; it
// stays open until the process ends.
#pragma once

#include <terrace/jit.h>

#include <string>

namespace terrace::erlang {

// Every function of the C interface that the NIF calls, without its jit_ prefix.
#define TERRACE_ERLANG_FUNCTIONS(X)                                                                                    \
  X(abi_version)                                                                                                       \
  X(version_string) X(status_name) X(error_release) X(error_message) X(error_kind) X(error_source) X(error_line)       \
      X(error_column) X(error_trace) X(error_value) X(engine_new) X(engine_release) X(vm_new) X(vm_release) X(eval)    \
          X(call) X(resume) X(resume_error) X(cancel) X(computation_release) X(interrupt) X(define) X(lookup)          \
              X(host_object_new) X(host_object_get) X(ref_retain) X(ref_release) X(ref_type) X(list_new) X(vector_new) \
                  X(tuple_new) X(dict_new) X(pair_new) X(f64_new) X(length) X(get) X(items) X(set) X(string_data)      \
                      X(bytes_data) X(f64_data) X(print) X(equal) X(set_threshold) X(set_budget) X(set_budget_bytes)   \
                          X(pin) X(unpin) X(reset) X(clear_cold) X(exclude) X(allow) X(optimize) X(demote) X(wait)     \
                              X(stats_json) X(explain) X(text_release) X(param_get) X(param_set) X(params_json)        \
                                  X(set_preset) X(report) X(report_json) X(memory_pressure) X(idle) X(pin_function)    \
                                      X(unpin_function)

struct Library {
  std::string path;
#define TERRACE_ERLANG_MEMBER(name) decltype(&::jit_##name) name = nullptr;
  TERRACE_ERLANG_FUNCTIONS(TERRACE_ERLANG_MEMBER)
#undef TERRACE_ERLANG_MEMBER
};

// Opens the library and fills the table. Null: *problem says why. The answer is never freed.
const Library* open_library(const std::string& path, std::string* problem);

}  // namespace terrace::erlang
