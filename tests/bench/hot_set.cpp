// tests/bench/hot_set.cpp: more hot functions than the budget holds, used unevenly (Zipf: the k-th is called in proportion to 1/k^s).
// Prints, with the budget and without one: throughput (per second of processor time of the calling thread), how many calls met compiled code,
// and the largest size that was seen; and how many calls could have met compiled code if it were always that of the functions called most.
//
//   bench_hot_set [functions 2000] [budget 500] [s 1.3] [seconds 10]
#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "host.hpp"

using namespace terrace::bench;

namespace {

std::vector<int> zipf_order(int functions, double s, size_t count) {
  std::vector<double> weights;
  for (int k = 1; k <= functions; k++) weights.push_back(std::pow(k, -s));
  std::discrete_distribution<int> pick(weights.begin(), weights.end());
  std::mt19937 random(42);
  std::vector<int> order(count);
  for (int& i : order) i = pick(random);
  return order;
}

std::string program(int functions, const std::vector<int>& order) {
  std::string source;
  for (int i = 0; i < functions; i++) {
    const std::string n = std::to_string(i);
    source += "(define (hot" + n + " a) (let loop ((i 0) (s a)) (if (< i 10) (loop (+ i 1) (+ s (* i " + n + "))) s)))\n";
  }
  source += "(define hot (make-vector " + std::to_string(functions) + " 0))";
  for (int i = 0; i < functions; i++) source += "(vector-set! hot " + std::to_string(i) + " hot" + std::to_string(i) + ")\n";
  source += "(define order (list->vector '(";
  for (int i : order) source += " " + std::to_string(i);
  source +=
      ")))\n(define (turn) (let loop ((k 0) (s 0)) (if (< k (vector-length order))"
      " (loop (+ k 1) (+ s ((vector-ref hot (vector-ref order k)) k))) s)))\n"
      "(define (count-hits) (let loop ((k 0) (n 0)) (if (< k (vector-length order)) (let ((f (vector-ref hot (vector-ref order k))))"
      " (let ((n (if (eq? (jit-tier f) 'interp) n (+ n 1)))) (f k) (loop (+ k 1) n))) n)))\n";
  return source;
}

// The share of the calls that go to the `budget` functions called most.
double most_possible(const std::vector<int>& order, int functions, int64_t budget) {
  std::vector<int64_t> calls(static_cast<size_t>(functions));
  for (int i : order) calls[static_cast<size_t>(i)]++;
  std::sort(calls.rbegin(), calls.rend());
  int64_t met = std::accumulate(calls.begin(), calls.begin() + std::min<int64_t>(budget, functions), int64_t{0});
  return static_cast<double>(met) / static_cast<double>(order.size());
}

constexpr int kWarmTurns = 40;

struct Result {
  double calls_per_second;
  double hit_rate;
  uint64_t largest;
};

Result measure(int functions, int64_t budget, const std::vector<int>& order, double limit) {
  jit_engine_options options = Host::defaults();
  options.budget = budget;
  Host host(options);
  host.eval(program(functions, order));
  Result result{0, 0, 0};
  const auto note_size = [&] { result.largest = std::max(result.largest, host.stats().entries); };
  // What is asked for is waited for, so that the figures are those of a program that has been running for long, also on a
  // busy machine.
  for (int turn = 0; turn < kWarmTurns; turn++, note_size()) {
    host.eval("(turn)");
    host.wait_idle();
  }
  const double start = seconds(), busy = thread_seconds();
  uint64_t turns = 0;
  for (; seconds() < start + limit; turns++, note_size()) host.eval("(turn)");
  result.calls_per_second = static_cast<double>(turns * order.size()) / (thread_seconds() - busy);
  int64_t hits = 0;
  constexpr int kCounted = 10;
  for (int i = 0; i < kCounted; i++) hits += host.eval("(count-hits)");
  result.hit_rate = static_cast<double>(hits) / static_cast<double>(kCounted * order.size());
  const jit_stats_data s = host.stats();
  std::printf("budget %lld: %.2f million calls/s, %.2f %% of them compiled code, at most %llu entries; "
              "compiled %llu base and %llu opt, evicted %llu, resident %.0f MB\n",
              static_cast<long long>(budget), result.calls_per_second / 1e6, result.hit_rate * 100,
              static_cast<unsigned long long>(result.largest), static_cast<unsigned long long>(s.base_compiles),
              static_cast<unsigned long long>(s.opt_compiles), static_cast<unsigned long long>(s.evictions), resident_mb());
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  const int functions = argc > 1 ? std::atoi(argv[1]) : 2000;
  const int64_t budget = argc > 2 ? std::atoll(argv[2]) : 500;
  const double s = argc > 3 ? std::atof(argv[3]) : 1.3, limit = argc > 4 ? std::atof(argv[4]) : 10;
  const std::vector<int> order = zipf_order(functions, s, 100000);
  const Result unlimited = measure(functions, 100000, order, limit), limited = measure(functions, budget, order, limit);
  std::printf("throughput with the budget: %.2f of that without; at most %.2f %% of the calls could have met compiled code\n",
              limited.calls_per_second / unlimited.calls_per_second, most_possible(order, functions, budget) * 100);
}
