// tests/bench/evict.cpp: does code memory go back to the system? Cycles of compiling a function and evicting it, in a cache with room for
// one; prints the resident size as they go, each time after a collection, since every text that is evaluated is garbage in the heap. A second part does the same inside of one computation that never leaves the vm.
//
//   CYCLES=10000 bench_evict
#include "host.hpp"

using namespace terrace::bench;

int main() {
  const int64_t cycles = setting("CYCLES", 10000);
  jit_engine_options options = Host::defaults();
  options.threshold = -1;
  options.budget = 1;
  Host host(options);
  host.eval(
      "(define (f x) (if (< x 1) 0 (+ x 1)))"
      "(define (g x) (if (< x 1) 0 (* x 3)))"
      "(define (turn) (jit-optimize! f :base) (f 2) (jit-optimize! g :base) (g 2))"
      "(define (turns n) (if (> n 0) (begin (turn) (turns (- n 1)))))");
  const auto report = [&](int64_t done) {
    host.eval("(gc-collect!)");
    const jit_stats_data s = host.stats();
    std::printf("%8lld cycles: resident %.1f MB, entries %llu, bytes %llu, retired %llu\n", static_cast<long long>(done),
                resident_mb(), static_cast<unsigned long long>(s.entries), static_cast<unsigned long long>(s.bytes),
                static_cast<unsigned long long>(s.retired_bytes));
  };
  std::puts("each cycle a call from the host:");
  for (int64_t done = 0; done < cycles; done += 2) {
    host.eval("(turn)");
    if ((done + 2) % (cycles / 10) == 0) report(done + 2);
  }
  std::puts("all cycles inside of one call:");
  host.eval("(turns " + std::to_string(cycles / 2) + ")");
  report(cycles);
}
