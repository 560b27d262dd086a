// tests/bench/one_shots.cpp: functions that are used once or a few times each, as the tests of a test suite or the lines of a prompt. All
// have the same name, so that the program itself does not grow. Time is processor time of the thread that runs them.
//
//   bench_one_shots once [count]      `count` (1,000,000) distinct functions called once: what the first thousand after a warm-up cost, what
//                                     the last thousand cost, the resident size, and how many were compiled
//   bench_one_shots five [count] [per]  `count` (3,000) distinct functions called five times each, in one process, against fresh processes of
//                                     `per` (150) each, whose start is not counted
#include <sys/wait.h>

#include <cstring>

#include "host.hpp"

using namespace terrace::bench;

namespace {

std::string source_of(int64_t i, int calls) {
  const std::string n = std::to_string(i), name = "shot";
  std::string source = "(define (" + name + " a b) (let ((c (+ a " + n + "))) (if (< c b) (- b c) (* 2 (- c b)))))";
  for (int k = 0; k < calls; k++) source += "(" + name + " " + std::to_string(k) + " 1000)";
  return source;
}

// Seconds for functions [from, to).
double run(Host& host, int64_t from, int64_t to, int calls) {
  double spent = 0;
  for (int64_t i = from; i < to; i++) {
    const std::string source = source_of(i, calls);
    const double start = thread_seconds();
    host.eval(source);
    spent += thread_seconds() - start;
  }
  return spent;
}

double best_thousand(Host& host, int64_t from) {
  double best = 1e9;
  for (int part = 0; part < 10; part++) best = std::min(best, run(host, from + part * 100, from + part * 100 + 100, 1));
  return best / 100 * 1e6;
}

int once(int64_t count) {
  Host host;
  constexpr int64_t kWarmUp = 20000;
  run(host, -kWarmUp, 0, 1);
  const double first = best_thousand(host, 0);
  const double first_mb = resident_mb();
  std::printf("first thousand: %.2f us a function, resident %.1f MB\n", first, first_mb);
  for (int tenth = 0; tenth < 10; tenth++) {
    const int64_t from = 1000 + (count - 2000) / 10 * tenth, to = 1000 + (count - 2000) / 10 * (tenth + 1);
    const double spent = run(host, from, to, 1);
    std::printf("up to %lld: %.2f us a function on average, resident %.1f MB\n", static_cast<long long>(to),
                spent / static_cast<double>(to - from) * 1e6, resident_mb());
  }
  const double last = best_thousand(host, count - 1000);
  const jit_stats_data s = host.stats();
  std::printf("last thousand: %.2f us a function (%.2f of the first), resident %.1f MB; compiled %llu\n", last, last / first,
              resident_mb(), static_cast<unsigned long long>(s.base_compiles + s.opt_compiles));
  return 0;
}

double in_fresh_process(int64_t from, int64_t to) {
  int ends[2];
  if (pipe(ends) != 0) std::exit(1);
  const pid_t child = fork();
  if (child == 0) {
    Host host;
    const double spent = run(host, from, to, 5);
    if (write(ends[1], &spent, sizeof spent) != sizeof spent) _exit(1);
    _exit(0);
  }
  close(ends[1]);
  double spent = 0;
  if (read(ends[0], &spent, sizeof spent) != sizeof spent) std::exit(1);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return spent;
}

int five(int64_t count, int64_t per) {
  double fresh = 0;
  for (int64_t from = 0; from < count; from += per) fresh += in_fresh_process(from, std::min(from + per, count));
  Host host;
  const double together = run(host, 0, count, 5);
  const jit_stats_data s = host.stats();
  std::printf("%lld functions called five times: one process %.1f ms, fresh processes of %lld each %.1f ms, ratio %.2f\n",
              static_cast<long long>(count), together * 1e3, static_cast<long long>(per), fresh * 1e3, together / fresh);
  std::printf("in the one process: requests %llu, compiled %llu\n", static_cast<unsigned long long>(s.misses),
              static_cast<unsigned long long>(s.base_compiles + s.opt_compiles));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t count = argc > 2 ? std::atoll(argv[2]) : 0;
  if (argc > 1 && std::strcmp(argv[1], "once") == 0) return once(count ? count : 1000000);
  if (argc > 1 && std::strcmp(argv[1], "five") == 0) return five(count ? count : 3000, argc > 3 ? std::atoll(argv[3]) : 150);
  std::fputs("usage: bench_one_shots once [count] | five [count] [per process]\n", stderr);
  return 2;
}
