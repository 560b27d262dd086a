// differential/main.cpp: random programs in every mode against the interpreter.
//
//   differential [--mode=base,opt,auto,storm] [--count=N] [--seed=S] [--jobs=J] [--batch=B] [--failures=F]
//   differential --show=SEED [--mode=...]   prints one program and what it does
//
// Programs are numbered from the seed on, so that a run is the same everywhere. Several processes take turns with batches;
// one that dies is started again behind the batch that killed it. Failing programs are then judged alone and made small.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "compare.hpp"

namespace terrace::differential {
namespace {

struct Options {
  std::vector<std::string> modes{"base"};
  uint64_t count = 1000;
  uint64_t seed = 1;
  uint64_t jobs = 2;
  uint64_t batch = 100;
  uint64_t failures = 3;  // that are made small
  uint64_t show = 0;
};

constexpr size_t kMostFailures = 200;

// What a job tells its parent.
struct Progress {
  uint64_t next_batch;
  uint64_t batches_done;
  uint64_t programs;
  uint64_t useless;
  uint64_t compiled;
  uint64_t failed;
  uint64_t failures[kMostFailures];
  char refusals[400];
};

std::vector<Program> programs_of(const Options& options, uint64_t batch) {
  std::vector<Program> programs;
  uint64_t first = batch * options.batch;
  for (uint64_t i = first; i < std::min(first + options.batch, options.count); ++i) programs.push_back(generate(options.seed + i));
  return programs;
}

void compare_batch(std::span<const Program> programs, const std::vector<Trace>& expected, const std::vector<Trace>& got, Progress& progress) {
  for (size_t i = 0; i < programs.size(); ++i) {
    progress.programs++;
    if (expected[i].malformed()) std::printf("program %llu %s\n", static_cast<unsigned long long>(programs[i].seed), expected[i].lines[0].c_str());
    if (expected[i].limited || expected[i].malformed()) progress.useless++;
    if (!expected[i].limited && !difference(expected[i], got[i]).empty() && progress.failed < kMostFailures) {
      progress.failures[progress.failed++] = programs[i].seed;
    }
  }
}

[[noreturn]] void work(const Options& options, const std::string& mode, Progress& progress) {
  uint64_t batches = (options.count + options.batch - 1) / options.batch;
  Machine interpreter(interpreter_options(mode));
  Machine machine(machine_options(mode));
  for (; progress.next_batch < batches; progress.next_batch += options.jobs) {
    std::vector<Program> programs = programs_of(options, progress.next_batch);
    std::vector<Trace> expected = interpreter.run(programs);
    // What runs into a limit would only cost time.
    for (size_t i = 0; i < programs.size(); ++i)
      if (expected[i].limited) programs[i].calls.clear();
    compare_batch(programs, expected, machine.run(written_for(programs, mode)), progress);
    progress.compiled = machine.compiled();
    std::string refused = machine.refusals();
    std::snprintf(progress.refusals, sizeof progress.refusals, "%s", refused.c_str());
  }
  std::fflush(stdout);
  _exit(0);
}

// Programs of a batch that fail when they run alone in a fresh process.
void find_culprits(const Options& options, const std::string& mode, uint64_t batch, std::vector<uint64_t>* failures) {
  std::vector<Program> programs = programs_of(options, batch);
  size_t low = 0, high = programs.size();  // the first `high` programs together crash, the first `low` do not
  auto crashes = [&](size_t n) {
    Verdict v = judge_last({programs.data(), n}, mode);
    return v == Verdict::kCrashed || v == Verdict::kHung;
  };
  if (!crashes(high)) {
    std::printf("batch %llu of mode %s died, but not when it ran again\n", static_cast<unsigned long long>(batch), mode.c_str());
    return;
  }
  while (high - low > 1) {
    size_t middle = (low + high) / 2;
    (crashes(middle) ? high : low) = middle;
  }
  failures->push_back(programs[high - 1].seed);
}

void explain(const Options& options, const std::string& mode, uint64_t seed) {
  Program program = generate(seed);
  Verdict verdict = judge_last({&program, 1}, mode);
  if (verdict != Verdict::kSame && verdict != Verdict::kUseless) {
    std::printf("--- program %llu in mode %s:\n", static_cast<unsigned long long>(seed), mode.c_str());
    program = shrink(program, mode, verdict);
    std::printf("%s", source_of(program).c_str());
    report({&program, 1}, mode);
    return;
  }
  std::printf("--- program %llu in mode %s fails only after others of its batch\n", static_cast<unsigned long long>(seed), mode.c_str());
  std::vector<Program> batch = programs_of(options, (seed - options.seed) / options.batch);
  batch.resize((seed - options.seed) % options.batch + 1);
  verdict = judge_last(batch, mode);
  if (verdict == Verdict::kSame) {
    std::printf("    and not when it is repeated\n");
    return;
  }
  for (size_t i = batch.size() - 1; i > 0; --i) {
    std::vector<Program> fewer = batch;
    fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(i - 1));
    if (judge_last(fewer, mode) == verdict) batch = fewer;
  }
  for (const Program& p : batch) std::printf("%s\n", source_of(p).c_str());
  report(batch, mode);
}

pid_t start_job(const Options& options, const std::string& mode, Progress& progress) {
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0) work(options, mode, progress);
  return child;
}

bool run_mode(const Options& options, const std::string& mode) {
  auto start = std::chrono::steady_clock::now();
  size_t bytes = sizeof(Progress) * options.jobs;
  auto* progress = static_cast<Progress*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::vector<pid_t> jobs(options.jobs);
  std::vector<uint64_t> failures, deadly;
  for (uint64_t j = 0; j < options.jobs; ++j) {
    progress[j].next_batch = j;
    jobs[j] = start_job(options, mode, progress[j]);
  }
  for (uint64_t running = options.jobs; running > 0;) {
    int status = 0;
    pid_t ended = waitpid(-1, &status, 0);
    uint64_t j = 0;
    while (j < options.jobs && jobs[j] != ended) ++j;
    if (j == options.jobs) continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      --running;
      continue;
    }
    deadly.push_back(progress[j].next_batch);
    std::printf("batch %llu ended with status %x\n", static_cast<unsigned long long>(progress[j].next_batch), status);
    progress[j].next_batch += options.jobs;
    jobs[j] = start_job(options, mode, progress[j]);
  }
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  uint64_t programs = 0, useless = 0, compiled = 0;
  std::string refused;
  for (uint64_t j = 0; j < options.jobs; ++j) {
    programs += progress[j].programs;
    useless += progress[j].useless;
    compiled += progress[j].compiled;
    failures.insert(failures.end(), progress[j].failures, progress[j].failures + progress[j].failed);
    refused += progress[j].refusals;
  }
  munmap(progress, bytes);
  for (size_t i = 0; i < std::min<size_t>(deadly.size(), options.failures); ++i) find_culprits(options, mode, deadly[i], &failures);
  for (size_t i = 0; i < std::min<size_t>(failures.size(), options.failures); ++i) explain(options, mode, failures[i]);
  bool good = failures.empty() && deadly.empty() && refused.empty();
  if (!refused.empty()) std::printf("not compiled: %s\n", refused.c_str());
  std::printf("%s: %llu programs, %llu failed, %llu batches died, %llu met a limit, %llu functions compiled, %.1f s\n", mode.c_str(),
              static_cast<unsigned long long>(programs), static_cast<unsigned long long>(failures.size()), static_cast<unsigned long long>(deadly.size()),
              static_cast<unsigned long long>(useless), static_cast<unsigned long long>(compiled), seconds.count());
  return good;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool read_option(const std::string& argument, Options& options) {
  size_t equals = argument.find('=');
  if (equals == std::string::npos) return false;
  std::string name = argument.substr(0, equals), value = argument.substr(equals + 1);
  uint64_t number = std::strtoull(value.c_str(), nullptr, 10);
  if (name == "--mode") options.modes = split(value);
  else if (name == "--count") options.count = number;
  else if (name == "--seed") options.seed = number;
  else if (name == "--jobs") options.jobs = std::max<uint64_t>(number, 1);
  else if (name == "--batch") options.batch = std::max<uint64_t>(number, 1);
  else if (name == "--failures") options.failures = number;
  else if (name == "--show") options.show = number;
  else return false;
  return true;
}

int show(const Options& options) {
  Program program = generate(options.show);
  std::printf("%s", source_of(program).c_str());
  Machine interpreter(interpreter_options("interp"));
  const std::vector<Trace> traces = interpreter.run({&program, 1});
  for (const std::string& line : traces[0].lines) std::printf("; %s\n", line.c_str());
  for (const std::string& mode : options.modes) report({&program, 1}, mode);
  return 0;
}

int run(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i)
    if (!read_option(arguments[i], options)) {
      std::fprintf(stderr, "unknown option %s\n", arguments[i]);
      return 2;
    }
  if (options.show != 0) return show(options);
  bool good = true;
  for (const std::string& mode : options.modes) good &= run_mode(options, mode);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace terrace::differential

int main(int count, char** arguments) { return terrace::differential::run(count, arguments); }
