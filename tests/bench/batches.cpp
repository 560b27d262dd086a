// tests/bench/batches.cpp: a test suite in one process: batches of programs that share standard helpers. Compares doing nothing between
// batches with jit_reset and pinned helpers, and a budget that has room for what a batch needs with one that has not.
//
//   bench_batches [batches 20] [programs in a batch 150]
#include "host.hpp"

using namespace terrace::bench;

namespace {

const char kHelpers[] =
    "(define (check a b) (if (= a b) 1 (error \"a test failed\" a b)))"
    "(define (sum-to n) (let loop ((i 0) (s 0)) (if (< i n) (loop (+ i 1) (+ s i)) s)))"
    "(define (apply-n f n x) (if (= n 0) x (apply-n f (- n 1) (f x))))"
    "(define (build n) (let loop ((i 0) (l '())) (if (< i n) (loop (+ i 1) (cons i l)) l)))";

// Three functions of its own, some hundred calls, and checks of what they answer; all programs use the same names.
std::string program(int64_t i) {
  const std::string n = std::to_string(i);
  return "(define (step x) (if (< x 1000000) (+ x " + n + ") (- x 999999)))"
         "(define (weigh l) (let loop ((l l) (s " + n + ")) (if (null? l) s (loop (cdr l) (+ s (car l))))))"
         "(define (mix a b) (+ (* a 3) (if (< a b) b " + n + ")))"
         "(let loop ((k 0) (ok 0)) (if (< k 60) (loop (+ k 1) (+ ok"
         " (check (weigh (build 20)) (+ 190 " + n + "))"
         " (check (apply-n step 10 0) (* 10 " + n + "))"
         " (check (mix k 100) (+ (* k 3) 100)) (check (sum-to 30) 435))) ok))";
}

struct Plan {
  const char* name;
  int64_t budget;
  bool resets;
};

struct Result {
  double wall, busy, mb;
};

Result run(const Plan& plan, int64_t batches, int64_t programs) {
  jit_engine_options options = Host::defaults();
  options.budget = plan.budget;
  Host host(options);
  for (const char* name : {"check", "sum-to", "apply-n", "build"}) jit_pin(host.engine, name, std::string_view(name).size(), nullptr);
  host.eval(kHelpers);
  const double before = resident_mb(), wall = seconds(), busy = thread_seconds();
  for (int64_t b = 0; b < batches; b++) {
    for (int64_t p = 0; p < programs; p++) host.eval(program(b * programs + p));
    if (plan.resets) jit_reset(host.engine, nullptr);
  }
  const Result result{seconds() - wall, thread_seconds() - busy, resident_mb() - before};
  const jit_stats_data s = host.stats();
  std::printf("%-34s %6.0f ms, of which this thread %6.0f ms; %5.1f MB more; %llu compiled, %llu evicted, %llu dropped, %llu entries\n",
              plan.name, result.wall * 1e3, result.busy * 1e3, result.mb,
              static_cast<unsigned long long>(s.base_compiles + s.opt_compiles), static_cast<unsigned long long>(s.evictions),
              static_cast<unsigned long long>(s.resets), static_cast<unsigned long long>(s.entries));
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t batches = argc > 1 ? std::atoll(argv[1]) : 20, programs = argc > 2 ? std::atoll(argv[2]) : 150;
  const Result nothing = run({"no reset, budget 5000:", 5000, false}, batches, programs);
  const Plan others[] = {{"reset, budget 5000:", 5000, true}, {"no reset, budget 500:", 500, false},
                         {"no reset, budget 6 (thrashes):", 6, false}, {"reset, budget 6 (thrashes):", 6, true}};
  for (const Plan& plan : others) {
    const Result result = run(plan, batches, programs);
    std::printf("    %.2f of the time without a reset, %.2f of its processor time\n", result.wall / nothing.wall,
                result.busy / nothing.busy);
  }
}
