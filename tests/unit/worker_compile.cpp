// tests/unit/worker_compile.cpp: stands in for the real compile.cpp in a test worker: the "bytecode" is a command, so
// that a test can make the compiler crash, hang, fail or eat memory at will while every process around it is the real
// one.
#include "worker/compile.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace terrace::worker {
namespace {

// False with *error for a function that does not compile; may well not return.
bool obey(const std::string& command, const std::string& directory, std::string* error) {
  if (command == "error") return *error = "this function does not compile", false;
  if (command == "abort") {
    std::fputs("internal compiler error: as asked\n", stderr);
    std::abort();
  }
  if (command == "exit") _exit(1);
  if (command == "segv") raise(SIGSEGV);
  if (command == "hang") pause();
  if (command == "no-assembler") {
    std::fputs("fatal error: cannot execute 'as': execvp: No such file or directory\n", stderr);
    _exit(1);
  }
  if (command == "memory") {
    std::vector<char*> blocks;
    for (;;) blocks.push_back(new char[1 << 20]);
  }
  if (command == "litter") {
    const std::string path = directory + "/litter";
    if (std::FILE* file = std::fopen(path.c_str(), "w")) std::fclose(file);
    raise(SIGKILL);
  }
  if (command == "slow") usleep(20000);
  return true;
}

}  // namespace

bool compile_batch(const std::vector<Job>& jobs, Tier tier, const std::string& object_path, std::string* error) {
  std::string object = tier == Tier::kBase ? "base:" : "opt:";
  const std::string directory = object_path.substr(0, object_path.rfind('/'));
  for (const Job& job : jobs) {
    const std::string command(job.encoding.begin(), job.encoding.end());
    if (!obey(command.substr(0, command.find('#')), directory, error)) return false;
    object += job.symbol + "@" + std::to_string(getpid()) + ";";
    if (command.starts_with("large")) object.append(3 << 20, 'x');
  }
  std::FILE* file = std::fopen(object_path.c_str(), "w");
  if (!file) return *error = std::strerror(errno), false;
  std::fwrite(object.data(), 1, object.size(), file);
  std::fclose(file);
  return true;
}

bool dump_batch(const std::vector<Job>&, Tier, const std::string&, std::string*) { return true; }

}  // namespace terrace::worker
