// tests/abi/test_signals.cpp: after a session that compiled, signal dispositions, children, descriptors and the
// temporary directory are as before; during it, the library's own threads take no signals.
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "session.hpp"

using namespace terrace::test;

namespace {

// The lines about signals in a status file of /proc.
std::string signal_lines(const std::string& path) {
  std::ifstream status(path);
  std::string out;
  for (std::string line; std::getline(status, line);)
    for (const char* key : {"SigCgt", "SigIgn", "SigBlk"})
      if (line.rfind(key, 0) == 0) out += line + "\n";
  return out;
}

std::set<std::string> names_in(const char* path) {
  std::set<std::string> names;
  if (DIR* dir = opendir(path)) {
    while (dirent* entry = readdir(dir)) names.insert(entry->d_name);
    closedir(dir);
  }
  return names;
}

size_t temporary_files() {
  const char* place = getenv("TMPDIR");
  size_t ours = 0;
  for (const std::string& name : names_in(place ? place : "/tmp")) ours += name.find("terrace") != std::string::npos;
  return ours;
}

void compile_something() {
  jit_engine_options options{};
  options.size = sizeof options;
  options.threshold = 1;
  Session s(&options);
  s.eval("(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))");
  for (int i = 0; i < 5; i++) {
    assert_int_equal(s.eval_int("(fib 15)"), 610);
    jit_wait(s.engine, 30000, nullptr, nullptr);
  }
  jit_stats_data stats{};
  stats.size = sizeof stats;
  assert_int_equal(jit_stats(s.engine, &stats, nullptr), JIT_OK);
  // Where a worker was built these tests are about a session that used it.
  if (getenv("TERRACE_WORKER")) assert_true(stats.base_compiles > 0);
}

void dispositions_are_as_before(void**) {
  signal(SIGCHLD, SIG_IGN);  // as BEAM has it
  signal(SIGPIPE, SIG_DFL);
  const std::string before = signal_lines("/proc/self/status");
  assert_true(before.size() > 30);
  compile_something();
  assert_text(signal_lines("/proc/self/status"), before);
  signal(SIGCHLD, SIG_DFL);
}

void no_child_is_left(void**) {
  const auto descriptors = names_in("/proc/self/fd");
  const size_t files = temporary_files();
  compile_something();
  errno = 0;
  assert_int_equal(waitpid(-1, nullptr, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
  assert_true(names_in("/proc/self/fd") == descriptors);
  for (int i = 0; i < 100 && temporary_files() > files; i++) usleep(50000);  // the worker cleans up after its own end
  assert_true(temporary_files() <= files);
}

void own_threads_block_signals(void**) {
  jit_engine_options options{};
  options.size = sizeof options;
  options.threshold = 1;
  Session s(&options);
  s.eval("(define (f x) (+ x 1)) (f 1) (f 2) (f 3)");
  jit_wait(s.engine, 30000, nullptr, nullptr);
  const std::string mine = std::to_string(gettid());
  for (const std::string& task : names_in("/proc/self/task")) {
    if (task[0] == '.' || task == mine) continue;
    const std::string lines = signal_lines("/proc/self/task/" + task + "/status");
    const size_t at = lines.find("SigBlk:\t");
    assert_true(at != std::string::npos);
    const uint64_t blocked = std::stoull(lines.substr(at + 8, 16), nullptr, 16);
    // Every ordinary signal that can be blocked: SIGHUP, SIGINT, SIGTERM, SIGCHLD, SIGALRM, SIGUSR1, SIGVTALRM.
    for (int number : {SIGHUP, SIGINT, SIGTERM, SIGCHLD, SIGALRM, SIGUSR1, SIGVTALRM})
      assert_true(blocked >> (number - 1) & 1);
  }
}

void nothing_is_written(void**) {
  int ends[2], saved[2] = {dup(1), dup(2)};
  fflush(nullptr);
  assert_int_equal(pipe(ends), 0);
  dup2(ends[1], 1);
  dup2(ends[1], 2);
  close(ends[1]);
  {
    Session s;
    jit_value v;
    for (const char* source : {"(display \"hello\")", "(car 5)", "(((", "(define (inf n) (+ 1 (inf n))) (inf 0)"})
      jit_eval(s.vm, source, strlen(source), nullptr, &v, nullptr, nullptr);
  }
  compile_something();
  dup2(saved[0], 1);
  dup2(saved[1], 2);
  close(saved[0]);
  close(saved[1]);
  char byte;
  // The worker holds no copy of the pipe either, so this sees its end.
  assert_int_equal(read(ends[0], &byte, 1), 0);
  close(ends[0]);
}

}  // namespace

int main() {
  std::thread([] {}).join();  // with the first thread of a process the C library takes its own signal 33
  const CMUnitTest tests[] = {
      cmocka_unit_test(dispositions_are_as_before),
      cmocka_unit_test(no_child_is_left),
      cmocka_unit_test(own_threads_block_signals),
      cmocka_unit_test(nothing_is_written),
  };
  return cmocka_run_group_tests_name("signals", tests, nullptr, nullptr);
}
