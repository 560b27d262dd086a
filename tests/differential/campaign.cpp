// differential/campaign.cpp: see the header.
//
// Programs are numbered from the seed on, so that a run is the same everywhere. Several processes take batches from one
// counter; one that dies, or makes no progress, is started again behind the batch that killed it. Failing programs are then
// judged alone and made small.
#include "campaign.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>

#include "compare.hpp"

namespace terrace::differential {
namespace {

using Clock = std::chrono::steady_clock;
using Number = unsigned long long;

constexpr size_t kMostFailures = 200;
constexpr size_t kMostJobs = 64;
constexpr unsigned kPatience = 150;  // seconds for one batch, most of which are spent waiting for the compiler

// What a job tells its parent; in shared memory.
struct Progress {
  uint64_t batch;  // that it is working on
  uint64_t programs;
  uint64_t limited;
  uint64_t unloadable;
  uint64_t compiled_before;  // by processes that died
  uint64_t compiled;
  uint64_t failed;
  uint64_t failures[kMostFailures];
  char refusals[400];
};

struct Board {
  std::atomic<uint64_t> next_batch;
  Progress jobs[kMostJobs];
};

class Runner {
 public:
  explicit Runner(const Campaign& campaign) : campaign_(campaign), jobs_(std::min<uint64_t>(campaign.jobs, kMostJobs)) {
    void* memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) abort();
    board_ = new (memory) Board{};
  }
  ~Runner() { munmap(board_, sizeof(Board)); }
  Runner(const Runner&) = delete;

  bool run() {
    start_ = Clock::now();
    std::vector<pid_t> children;
    for (uint64_t j = 0; j < jobs_; ++j) children.push_back(start_job(j));
    for (uint64_t running = jobs_; running > 0;) running -= wait_for_one(children) ? 1 : 0;
    double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    std::vector<uint64_t> failures = failures_of_all();
    for (size_t i = 0; i < std::min<size_t>(deadly_.size(), campaign_.failures); ++i) find_culprit(deadly_[i], failures);
    for (size_t i = 0; i < std::min<size_t>(failures.size(), campaign_.failures); ++i) explain(failures[i]);
    return summarise(failures, seconds);
  }

 private:
  uint64_t batches() const { return (campaign_.programs + campaign_.batch - 1) / campaign_.batch; }
  bool out_of_time() const { return campaign_.seconds > 0 && std::chrono::duration<double>(Clock::now() - start_).count() > campaign_.seconds; }

  std::vector<Program> programs_of(uint64_t batch) const {
    std::vector<Program> programs;
    uint64_t first = batch * campaign_.batch;
    for (uint64_t i = first; i < std::min(first + campaign_.batch, campaign_.programs); ++i) programs.push_back(generate(campaign_.seed + i));
    return programs;
  }

  pid_t start_job(uint64_t job) {
    std::fflush(nullptr);
    pid_t child = fork();
    if (child == 0) work(board_->jobs[job]);
    return child;
  }

  [[noreturn]] void work(Progress& progress) {
    Machine interpreter(interpreter_options(campaign_.mode));
    Machine machine(machine_options(campaign_.mode));
    while (!out_of_time() && (progress.batch = board_->next_batch++) < batches()) {
      alarm(kPatience);  // ends the process
      std::vector<Program> programs = programs_of(progress.batch);
      std::vector<Trace> expected = interpreter.run(programs);
      // What runs into a limit would only cost time.
      for (size_t i = 0; i < programs.size(); ++i)
        if (expected[i].limited) programs[i].calls.clear();
      compare(programs, expected, machine.run(written_for(programs, campaign_.mode)), progress);
      progress.compiled = progress.compiled_before + machine.compiled();
      std::snprintf(progress.refusals, sizeof progress.refusals, "%s", machine.refusals().c_str());
    }
    alarm(0);
    std::fflush(stdout);
    _exit(0);
  }

  static void compare(std::span<const Program> programs, const std::vector<Trace>& expected, const std::vector<Trace>& got, Progress& progress) {
    for (size_t i = 0; i < programs.size(); ++i) {
      progress.programs++;
      progress.limited += expected[i].limited;
      progress.unloadable += expected[i].malformed();
      if (expected[i].malformed()) std::printf("program %llu %s\n", Number(programs[i].seed), expected[i].lines[0].c_str());
      if (expected[i].limited || difference(expected[i], got[i]).empty() || progress.failed == kMostFailures) continue;
      progress.failures[progress.failed++] = programs[i].seed;
    }
  }

  // True when a job came to its end.
  bool wait_for_one(std::vector<pid_t>& children) {
    int status = 0;
    pid_t ended = waitpid(-1, &status, 0);
    uint64_t j = 0;
    while (j < jobs_ && children[j] != ended) ++j;
    if (j == jobs_) return false;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    Progress& progress = board_->jobs[j];
    deadly_.push_back(progress.batch);
    std::printf("batch %llu of mode %s ended with status %x\n", Number(progress.batch), campaign_.mode.c_str(), static_cast<unsigned>(status));
    progress.compiled_before = progress.compiled;
    children[j] = start_job(j);
    return false;
  }

  std::vector<uint64_t> failures_of_all() const {
    std::vector<uint64_t> failures;
    for (uint64_t j = 0; j < jobs_; ++j) failures.insert(failures.end(), board_->jobs[j].failures, board_->jobs[j].failures + board_->jobs[j].failed);
    return failures;
  }

  // The program of a deadly batch with which those before it die.
  void find_culprit(uint64_t batch, std::vector<uint64_t>& failures) {
    std::vector<Program> programs = programs_of(batch);
    size_t low = 0, high = programs.size();  // the first `high` programs together die, the first `low` do not
    auto dies = [&](size_t n) {
      Verdict v = judge_last({programs.data(), n}, campaign_.mode);
      return v == Verdict::kCrashed || v == Verdict::kHung;
    };
    if (!dies(high)) {
      std::printf("batch %llu of mode %s died, but not when it ran again\n", Number(batch), campaign_.mode.c_str());
      return;
    }
    while (high - low > 1) {
      size_t middle = (low + high) / 2;
      (dies(middle) ? high : low) = middle;
    }
    failures.push_back(programs[high - 1].seed);
  }

  void explain(uint64_t seed) {
    Program program = generate(seed);
    Verdict verdict = judge_last({&program, 1}, campaign_.mode);
    std::printf("--- program %llu in mode %s (differential --show=%llu --modes=%s)", Number(seed), campaign_.mode.c_str(), Number(seed), campaign_.mode.c_str());
    if (verdict == Verdict::kSame || verdict == Verdict::kUseless) return explain_with_others(seed);
    std::printf(":\n");
    program = shrink(program, campaign_.mode, verdict);
    std::printf("%s", source_of(program).c_str());
    report({&program, 1}, campaign_.mode);
  }

  void explain_with_others(uint64_t seed) {
    std::printf(" fails only after others of its batch");
    uint64_t index = seed - campaign_.seed;
    std::vector<Program> batch = programs_of(index / campaign_.batch);
    batch.resize(index % campaign_.batch + 1);
    Verdict verdict = judge_last(batch, campaign_.mode);
    if (verdict == Verdict::kSame || verdict == Verdict::kUseless) {
      std::printf(", and not when it is repeated\n");
      return;
    }
    for (size_t i = batch.size() - 1; i > 0; --i) {
      std::vector<Program> fewer = batch;
      fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(i - 1));
      if (judge_last(fewer, campaign_.mode) == verdict) batch = fewer;
    }
    std::printf(":\n");
    for (const Program& p : batch) std::printf("%s\n", source_of(p).c_str());
    report(batch, campaign_.mode);
  }

  bool summarise(const std::vector<uint64_t>& failures, double seconds) {
    uint64_t programs = 0, limited = 0, unloadable = 0, compiled = 0;
    std::string refused;
    for (uint64_t j = 0; j < jobs_; ++j) {
      const Progress& p = board_->jobs[j];
      programs += p.programs;
      limited += p.limited;
      unloadable += p.unloadable;
      compiled += p.compiled;
      refused += p.refusals;
    }
    if (!refused.empty()) std::printf("not compiled: %s\n", refused.c_str());
    bool good = failures.empty() && deadly_.empty() && refused.empty();
    std::string planned = programs < campaign_.programs && good ? " of " + std::to_string(campaign_.programs) + " (out of time)" : "";
    std::printf("%s: %llu programs%s from seed %llu, %zu failed, %zu batches died, not compared: %llu at a limit, %llu not accepted; %llu functions compiled, %.1f s\n",
                campaign_.mode.c_str(), Number(programs), planned.c_str(), Number(campaign_.seed), failures.size(), deadly_.size(), Number(limited),
                Number(unloadable), Number(compiled), seconds);
    std::fflush(stdout);
    return good;
  }

  const Campaign& campaign_;
  Board* board_ = nullptr;
  uint64_t jobs_;
  Clock::time_point start_;
  std::vector<uint64_t> deadly_;
};

}  // namespace

bool run_campaign(const Campaign& campaign) { return Runner(campaign).run(); }

}  // namespace terrace::differential
