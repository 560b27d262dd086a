// tests/bench/storm.cpp: many functions that turn hot at once. Prints how long the running thread was held up by that, after what
// time the hottest of them ran compiled, and after what time half of the others and all of them did.
//
//   FUNCTIONS=500 bench_storm
#include "host.hpp"

using namespace terrace::bench;

namespace {

// Calls every function `rounds` times and the hottest twenty times as often, from a compiled driver, so that only the functions are new.
std::string program(int64_t functions) {
  std::string source;
  for (int64_t i = 0; i < functions; i++) {
    const std::string n = std::to_string(i);
    source += "(define (s" + n + " a) (let ((b (* a " + n + "))) (if (< b 100) (+ b a) (- b a))))\n";
  }
  source += "(define hottest s" + std::to_string(functions / 2) + ")(define all (make-vector " + std::to_string(functions) + " 0))";
  for (int64_t i = 0; i < functions; i++) source += "(vector-set! all " + std::to_string(i) + " s" + std::to_string(i) + ")\n";
  source +=
      "\n(define (round) (let loop ((k 0) (s 0)) (if (< k (vector-length all))"
      " (loop (+ k 1) (+ s ((vector-ref all k) k) (hottest k))) s)))\n"
      "(define (compiled k n) (if (= k (vector-length all)) n (compiled (+ k 1) (if (eq? (jit-tier (vector-ref all k)) 'interp) n (+ n 1)))))\n"
      "(define (hottest?) (if (eq? (jit-tier hottest) 'interp) 0 1))";
  return source;
}

double round_us(Host& host) {
  const double start = seconds();
  host.eval("(round)");
  return (seconds() - start) * 1e6;
}

}  // namespace

int main() {
  const int64_t functions = setting("FUNCTIONS", 500);
  Host host;
  host.eval(program(functions));
  host.eval("(define (warm x) (+ x 1))");
  host.optimize("warm", JIT_MODE_BASE);  // the worker is there
  host.optimize("round", JIT_MODE_BASE);
  host.optimize("compiled", JIT_MODE_BASE);
  const double cold = round_us(host);
  const double start = seconds();
  double hottest_at = 0, half_at = 0, longest = 0;
  std::vector<double> first_rounds;
  for (int64_t done = 0; done < functions;) {
    const double us = round_us(host);
    if (first_rounds.size() < 20) first_rounds.push_back(us);
    longest = std::max(longest, us);
    const double now = (seconds() - start) * 1e3;
    if (hottest_at == 0 && host.eval("(hottest?)") == 1) hottest_at = now;
    done = host.eval("(compiled 0 0)");
    if (half_at == 0 && done >= functions / 2) half_at = now;
  }
  std::printf("a round of %lld calls: %.0f us at first; in the storm", static_cast<long long>(2 * functions), cold);
  for (double us : first_rounds) std::printf(" %.0f", us);
  std::printf("; longest %.0f us\n", longest);
  std::printf("compiled: the hottest after %.1f ms, half of all after %.1f ms, all after %.1f ms\n", hottest_at, half_at,
              (seconds() - start) * 1e3);
}
