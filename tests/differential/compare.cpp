// differential/compare.cpp: see the header.
#include "compare.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <thread>

namespace terrace::differential {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{60};

// The interpreter and the mode under test, made when they are needed.
class Judge {
 public:
  explicit Judge(const std::string& mode) : mode_(mode), interpreter_(interpreter_options(mode)) {}

  Verdict last_of(std::span<const Program> programs) {
    std::vector<Trace> expected = interpreter_.run(programs);
    if (expected.back().limited) return Verdict::kUseless;
    if (expected.back().malformed()) return difference(expected.back(), {}).empty() ? Verdict::kUseless : Verdict::kDifferent;
    if (!machine_) machine_ = std::make_unique<Machine>(machine_options(mode_));
    std::vector<Trace> got = machine_->run(written_for(programs, mode_));
    if (machine_->refusals() != refusals_) {
      refusals_ = machine_->refusals();
      return Verdict::kDifferent;
    }
    if (got.back().limited) return Verdict::kHung;
    if (got.back().malformed()) return Verdict::kUnloadable;
    return difference(expected.back(), got.back()).empty() ? Verdict::kSame : Verdict::kDifferent;
  }

 private:
  const std::string& mode_;
  Machine interpreter_;
  std::unique_ptr<Machine> machine_;
  std::string refusals_;
};

// What is written before the child ends or dies.
struct Board {
  size_t done = 0;
  Verdict verdict[64];
};

// Answers what became of the child, which is killed when it makes no progress.
Verdict watch(pid_t child, const Board& board) {
  size_t seen = board.done;
  auto since = Clock::now();
  for (int status = 0;; std::this_thread::sleep_for(std::chrono::milliseconds(2))) {
    if (waitpid(child, &status, WNOHANG) == child) return WIFSIGNALED(status) || WEXITSTATUS(status) != 0 ? Verdict::kCrashed : Verdict::kSame;
    if (*const_cast<const volatile size_t*>(&board.done) != seen) {
      seen = board.done;
      since = Clock::now();
    }
    if (Clock::now() - since < kPatience) continue;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return Verdict::kHung;
  }
}

// Runs `work` in children until it has come to its end; what a child dies of is the verdict of what it was working on.
void supervise(Board& board, size_t count, const std::function<void()>& work) {
  while (board.done < count) {
    std::fflush(nullptr);
    pid_t child = fork();
    if (child == 0) {
      if (freopen("/dev/null", "w", stdout) == nullptr) _exit(2);
      work();
      _exit(0);
    }
    Verdict fate = watch(child, board);
    if (fate == Verdict::kSame) return;
    if (board.done < count) board.verdict[board.done++] = fate;
  }
}

Board* shared_board() {
  void* memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return new (memory) Board;
}

std::string without(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;) {
    size_t end = text.find(to, at + from.size());
    if (end == std::string::npos) break;
    at += from.size();
    text.erase(at, end - at);
  }
  return text;
}

}  // namespace

MachineOptions machine_options(const std::string& mode) {
  MachineOptions options;
  options.name = mode;
  if (mode == "base") options.mode = JIT_MODE_BASE;
  if (mode == "opt") options.mode = JIT_MODE_OPT;
  if (mode == "auto") options.mode = JIT_MODE_AUTO;
  if (mode == "storm") options.mode = JIT_MODE_STORM;
  options.plain = mode == "plain";
  options.stress = mode == "stress";
  options.milliseconds = 30000;
  return options;
}

MachineOptions interpreter_options(const std::string& mode) {
  MachineOptions options;
  options.name = "interp";
  options.plain = mode == "plain";
  options.milliseconds = 300;
  return options;
}

std::vector<Program> written_for(std::span<const Program> programs, const std::string& mode) {
  std::vector<Program> made(programs.begin(), programs.end());
  if (mode == "plain")
    for (Program& program : made) program = plain(program);
  return made;
}

// In other words functions have other names, and an operation that the compiler chose says its own name.
std::string nameless(std::string line) {
  line = without(std::move(line), "#<function", ">");
  line = without(std::move(line), "arity-error", ")");
  line = without(std::move(line), "type-error", ", got");
  line = without(std::move(line), "cannot go on: ", ", got");
  return without(std::move(line), "%function", ")");
}

// The line without the error that the call ended with, when a primitive raised that. Of two next values of a loop that both raise it is not said
// whose error is met.
std::string errorless(std::string line) {
  static constexpr std::string_view kEnded = "-> ((failed (";
  size_t from = line.find(kEnded);
  if (from == std::string::npos) return line;
  std::string_view kind = std::string_view(line).substr(from + kEnded.size());
  if (!kind.starts_with("type-error") && !kind.starts_with("range-error") && !kind.starts_with("division-by-zero")) return line;
  size_t to = line.find("\")) ", from);
  while (to != std::string::npos && line[to - 1] == '\\') to = line.find("\")) ", to + 1);
  if (to != std::string::npos) line.erase(from, to - from);
  return line;
}

std::string difference(const Trace& expected, const Trace& got) {
  // Rejected by its own verifier: the compiler's mistake, whatever the program is.
  if (expected.malformed() && expected.lines[0].find("report") != std::string::npos) return "  " + expected.lines[0] + "\n";
  if (expected.malformed()) return "";
  for (size_t i = 0; i < std::max(expected.lines.size(), got.lines.size()); ++i) {
    std::string a = i < expected.lines.size() ? expected.lines[i] : "nothing";
    std::string b = i < got.lines.size() ? got.lines[i] : "nothing";
    if (expected.plain && errorless(nameless(a)) == errorless(nameless(b))) continue;
    if (a != b) return "  interp: " + a + "\n  got:    " + b + "\n";
  }
  return "";
}

std::vector<Verdict> judge_each(std::span<const Program> programs, const std::string& mode) {
  Board* board = shared_board();
  size_t count = std::min(programs.size(), std::size(board->verdict));
  supervise(*board, count, [&] {
    Judge judge(mode);
    for (; board->done < count; board->done++) board->verdict[board->done] = judge.last_of(programs.subspan(board->done, 1));
  });
  std::vector<Verdict> verdicts(board->verdict, board->verdict + count);
  munmap(board, sizeof *board);
  return verdicts;
}

Verdict judge_last(std::span<const Program> programs, const std::string& mode) {
  Board* board = shared_board();
  supervise(*board, 1, [&] {
    board->verdict[0] = Judge(mode).last_of(programs);
    board->done = 1;
  });
  Verdict verdict = board->verdict[0];
  munmap(board, sizeof *board);
  return verdict;
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
  Machine interpreter(interpreter_options(mode));
  std::vector<Trace> expected = interpreter.run(programs);
  Machine machine(machine_options(mode));
  std::vector<Trace> got = machine.run(written_for(programs, mode));
  std::string refused = machine.refusals();
  if (!refused.empty()) std::printf("  refused: %s\n", refused.c_str());
  std::printf("%s", difference(expected.back(), got.back()).c_str());
  std::fflush(stdout);
  _exit(0);
}

}  // namespace terrace::differential
