// tests/bench/store.cpp: what it costs to go from a request to running code when the store on disk has it, for one function at a time
// and for many at once, and what the compiler takes for the same. Every function is another one.
//
//   FUNCTIONS=500 bench_store
#include <filesystem>

#include "host.hpp"

using namespace terrace::bench;

namespace {

// Functions of the size that people write: a condition, a loop, calls of primitives.
std::string program(int64_t functions) {
  std::string source;
  for (int64_t i = 0; i < functions; i++) {
    const std::string n = std::to_string(i);
    source += "(define (s" + n + " a) (let loop ((k 0) (sum " + n + ")) (cond ((< k a) (loop (+ k 1) (+ sum (* k " + n +
              ")))) ((even? sum) (list sum a)) (true (vector sum " + n + ")))))\n";
  }
  source += "(define all (vector";
  for (int64_t i = 0; i < functions; i++) source += " s" + std::to_string(i);
  return source +
         "))(define (round k) (if (< k (vector-length all)) (begin ((vector-ref all k) 1) (round (+ k 1)))))"
         "(jit-exclude! \"round\")";
}

jit_engine_options options_with(const char* store) {
  jit_engine_options options = Host::defaults();
  options.store_path = store;
  return options;
}

struct Times {
  double first_us, median_us;
};

// Each request by itself, from asking to installed.
Times one_by_one(Host& host, int64_t functions, uint32_t tier) {
  std::vector<double> all;
  for (int64_t i = 0; i < functions; i++) {
    const std::string name = "s" + std::to_string(i);
    const double start = seconds();
    host.optimize(name, tier);
    all.push_back((seconds() - start) * 1e6);
  }
  return {all[0], median(all)};
}

// Of all threads of this process, in milliseconds.
double processor_ms() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

// All become warm in one round; until the last one is installed.
void all_at_once(const char* run, Host& host, int64_t functions) {
  for (int i = 0; i < 3; i++) host.eval("(round 0)");
  const double start = seconds(), used = processor_ms();
  host.eval("(round 0)");
  host.wait_idle();
  std::printf("%-8s %lld functions at once: %.1f ms, of which this process ran %.1f ms\n", run,
              static_cast<long long>(functions), (seconds() - start) * 1e3, processor_ms() - used);
  const jit_stats_data stats = host.stats();
  if (stats.base_entries != static_cast<uint64_t>(functions))
    std::printf("only %llu functions are compiled\n", static_cast<unsigned long long>(stats.base_entries));
}

}  // namespace

int main() {
  const int64_t functions = setting("FUNCTIONS", 500);
  char place[] = "/tmp/bench-store-XXXXXX";
  if (!mkdtemp(place)) return 1;
  const std::string source = program(functions);
  for (const char* run : {"compiler", "store"}) {
    const jit_engine_options options = options_with(place);
    {
      Host host(options);
      host.eval(source);
      all_at_once(run, host, functions);
    }
    for (uint32_t tier : {JIT_MODE_BASE, JIT_MODE_OPT}) {
      if (run == std::string("compiler") && tier == JIT_MODE_BASE) continue;  // was compiled above
      const int64_t count = std::max<int64_t>(functions / 5, 1);
      Host host(options);
      host.eval(source);
      const Times times = one_by_one(host, count, tier);
      std::printf("%-8s one function, %s: the first %.0f us, the median of %lld %.0f us; %llu found\n", run,
                  tier == JIT_MODE_BASE ? "base" : "opt", times.first_us, static_cast<long long>(count), times.median_us,
                  static_cast<unsigned long long>(host.stats().store_hits));
    }
  }
  std::filesystem::remove_all(place);
}
