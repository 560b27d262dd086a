// differential/compare.cpp: see the header.
#include "compare.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace terrace::differential {
namespace {

constexpr unsigned kSecondsForOne = 60;

// In the child; never returns.
[[noreturn]] void judge_here(std::span<const Program> programs, const std::string& mode) {
  alarm(kSecondsForOne);
  std::vector<Trace> expected, got;
  {
    Machine interpreter(machine_options("interp"));
    expected = interpreter.run(programs);
  }
  if (expected.back().limited) _exit(static_cast<int>(Verdict::kUseless));
  {
    Machine machine(machine_options(mode));
    got = machine.run(programs);
    if (!machine.refusals().empty()) _exit(static_cast<int>(Verdict::kDifferent));
  }
  if (got.back().limited) _exit(static_cast<int>(Verdict::kHung));
  _exit(static_cast<int>(difference(expected.back(), got.back()).empty() ? Verdict::kSame : Verdict::kDifferent));
}

}  // namespace

MachineOptions machine_options(const std::string& mode) {
  MachineOptions options;
  options.name = mode;
  if (mode == "interp") options.mode = JIT_MODE_INTERP;
  if (mode == "base") options.mode = JIT_MODE_BASE;
  if (mode == "opt") options.mode = JIT_MODE_OPT;
  if (mode == "auto") options.mode = JIT_MODE_AUTO;
  if (mode == "storm") options.mode = JIT_MODE_STORM;
  options.seconds = mode == "interp" ? 1 : 30;
  return options;
}

std::string difference(const Trace& expected, const Trace& got) {
  for (size_t i = 0; i < std::max(expected.lines.size(), got.lines.size()); ++i) {
    std::string a = i < expected.lines.size() ? expected.lines[i] : "nothing";
    std::string b = i < got.lines.size() ? got.lines[i] : "nothing";
    if (a != b) return "  interp: " + a + "\n  got:    " + b + "\n";
  }
  return "";
}

Verdict judge(std::span<const Program> programs, const std::string& mode) {
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    if (freopen("/dev/null", "w", stdout) == nullptr) _exit(2);
    judge_here(programs, mode);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGALRM ? Verdict::kHung : Verdict::kCrashed;
  return static_cast<Verdict>(WEXITSTATUS(status));
}

void report(std::span<const Program> programs, const std::string& mode) {
  std::fflush(nullptr);
  pid_t child = fork();
  if (child != 0) {
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) std::printf("  died of signal %d\n", WTERMSIG(status));
    return;
  }
  alarm(kSecondsForOne);
  std::vector<Trace> expected;
  {
    Machine interpreter(machine_options("interp"));
    expected = interpreter.run(programs);
  }
  Machine machine(machine_options(mode));
  std::vector<Trace> got = machine.run(programs);
  std::string refused = machine.refusals();
  if (!refused.empty()) std::printf("  refused: %s\n", refused.c_str());
  std::printf("%s", difference(expected.back(), got.back()).c_str());
  std::fflush(stdout);
  _exit(0);
}

}  // namespace terrace::differential
