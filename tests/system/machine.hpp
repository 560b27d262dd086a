// tests/system/machine.hpp: what a test sees of the machine from outside the library: processes, files, memory, time.
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "../abi/session.hpp"

namespace terrace::test {

inline std::set<std::string> names_in(const std::string& path) {
  std::set<std::string> names;
  if (DIR* stream = opendir(path.c_str())) {
    while (const dirent* entry = readdir(stream))
      if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) names.insert(entry->d_name);
    closedir(stream);
  }
  return names;
}

inline std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::stringstream all;
  all << file.rdbuf();
  return all.str();
}

bool becomes_true(auto condition, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

// A temporary directory of this test's own, named by TMPDIR, so that the workers of other tests are told from ours.
class TemporaryPlace {
 public:
  TemporaryPlace() {
    char path[] = "/tmp/system-XXXXXX";
    if (!mkdtemp(path)) abort();
    path_ = path;
    setenv("TMPDIR", path, 1);
  }
  ~TemporaryPlace() { rmdir(path_.c_str()); }
  TemporaryPlace(const TemporaryPlace&) = delete;
  const std::string& path() const { return path_; }
  bool is_empty() const { return names_in(path_).empty(); }

 private:
  std::string path_;
};

struct WorkerProcess {
  pid_t pid;
  bool is_compiler;  // the supervisor's child
};

// Every process, supervisor or compiler, that works in a directory below `place`.
inline std::vector<WorkerProcess> worker_processes(const std::string& place) {
  std::vector<WorkerProcess> found;
  for (const std::string& name : names_in("/proc")) {
    const pid_t pid = atoi(name.c_str());
    if (pid <= 0 || pid == getpid()) continue;
    const std::string line = text_of("/proc/" + name + "/cmdline");
    if (line.find(place + "/terrace-") == std::string::npos) continue;
    const std::string status = text_of("/proc/" + name + "/status");
    if (status.find("State:\tZ") != std::string::npos) continue;
    const size_t parent_at = status.find("PPid:");
    const std::string parent =
        std::to_string(parent_at == std::string::npos ? 0 : atoi(status.c_str() + parent_at + 5));
    found.push_back({pid, text_of("/proc/" + parent + "/cmdline").find(place + "/terrace-") != std::string::npos});
  }
  return found;
}

// No child at all, of any kind, neither running nor to be waited for.
inline bool has_no_child() {
  const pid_t pid = waitpid(-1, nullptr, WNOHANG | __WALL);
  return pid == -1 && errno == ECHILD;
}

inline size_t resident_bytes() {
  size_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

inline jit_stats_data stats_of(jit_engine* engine) {
  jit_stats_data stats{};
  stats.size = sizeof stats;
  assert_int_equal(jit_stats(engine, &stats, nullptr), JIT_OK);
  return stats;
}

inline std::string stats_json_of(jit_engine* engine) {
  char* text = nullptr;
  assert_int_equal(jit_stats_json(engine, &text, nullptr), JIT_OK);
  std::string copy(text);
  jit_text_release(text);
  return copy;
}

inline void wait_idle(jit_engine* engine) {
  uint32_t idle = 0;
  assert_int_equal(jit_wait(engine, 120000, &idle, nullptr), JIT_OK);
  assert_int_equal(idle, 1);
}

inline jit_engine_options engine_options(uint32_t mode = JIT_MODE_AUTO, int64_t threshold = 0) {
  jit_engine_options options{};
  options.size = sizeof options;
  options.mode = mode;
  options.threshold = threshold;
  return options;
}

// Runs `body` in a child process and answers its exit code; -1: it died or did not end in time.
int in_child(auto body, int seconds = 60) {
  fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  const bool ended =
      becomes_true([&] { return waitpid(child, &status, WNOHANG) == child; }, std::chrono::seconds(seconds));
  if (!ended) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace terrace::test
