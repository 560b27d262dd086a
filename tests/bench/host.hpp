// tests/bench/host.hpp: what the benchmark programs share: a host of the library that knows only terrace/jit.h, clocks, memory.
#pragma once

#include <dirent.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "terrace/jit.h"

namespace terrace::bench {

[[noreturn]] inline void give_up(const char* what, jit_error* err) {
  std::fprintf(stderr, "%s: %s\n", what, jit_error_message(err));
  std::exit(1);
}

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// What this thread has used of a processor, whatever else the machine was doing.
inline double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

inline double median(std::vector<double> all) {
  std::nth_element(all.begin(), all.begin() + static_cast<ptrdiff_t>(all.size() / 2), all.end());
  return all[all.size() / 2];
}

inline uint64_t resident_bytes_of(const std::string& process) {
  uint64_t total = 0, resident = 0;
  std::ifstream("/proc/" + process + "/statm") >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}
inline double resident_mb() { return static_cast<double>(resident_bytes_of("self")) / 1e6; }

inline std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The first number in the environment under this name, else `otherwise`: how a benchmark is made smaller or larger.
inline int64_t setting(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::atoll(text) : otherwise;
}

class Host {
 public:
  explicit Host(const jit_engine_options& options = defaults()) {
    jit_error* err = nullptr;
    if (jit_engine_new(&options, &engine, &err) != JIT_OK) give_up("jit_engine_new", err);
    if (jit_vm_new(engine, nullptr, &vm, &err) != JIT_OK) give_up("jit_vm_new", err);
  }
  ~Host() {
    jit_vm_release(vm);
    jit_engine_release(engine);
  }
  Host(const Host&) = delete;

  // What is measured is compiled.
  static jit_engine_options defaults() {
    jit_engine_options options{};
    options.size = sizeof options;
    options.store_path = "off";
    return options;
  }

  int64_t eval(std::string_view source) {
    jit_value result;
    jit_error* err = nullptr;
    if (jit_eval(vm, source.data(), source.size(), "bench", &result, nullptr, &err) != JIT_OK)
      give_up(std::string(source.substr(0, 200)).c_str(), err);
    if (result.kind == JIT_REF) jit_ref_release(result.as.ref);
    return result.kind == JIT_INT ? result.as.integer : 0;
  }
  int64_t call(const jit_value& function, int64_t argument) {
    jit_value given = of_int(argument), result;
    jit_error* err = nullptr;
    if (jit_call(vm, &function, &given, 1, &result, nullptr, &err) != JIT_OK) give_up("jit_call", err);
    return result.as.integer;
  }
  void wait_idle() {
    uint32_t idle = 0;
    jit_wait(engine, 600000, &idle, nullptr);
  }
  jit_stats_data stats() {
    jit_stats_data data{};
    data.size = sizeof data;
    jit_stats(engine, &data, nullptr);
    return data;
  }
  void optimize(std::string_view name, uint32_t tier) {
    const jit_value function = of_symbol(name);
    jit_error* err = nullptr;
    if (jit_optimize(vm, &function, tier, &err) != JIT_OK) give_up("jit_optimize", err);
  }
  jit_value lookup(std::string_view name) {
    jit_value found;
    jit_error* err = nullptr;
    if (jit_lookup(vm, name.data(), name.size(), &found, &err) != JIT_OK) give_up("jit_lookup", err);
    return found;
  }

  static jit_value of_int(int64_t i) {
    jit_value v{};
    v.kind = JIT_INT;
    v.as.integer = i;
    return v;
  }
  static jit_value of_symbol(std::string_view text) {
    jit_value v{};
    v.kind = JIT_SYMBOL;
    v.as.data = text.data();
    v.size = text.size();
    return v;
  }

  jit_engine* engine = nullptr;
  jit_vm* vm = nullptr;
};

}  // namespace terrace::bench
