// tests/bench/pool.cpp: does the pool of workers stay small? Compiles distinct functions one by one and prints the resident size of
// all worker processes as it goes.
//
//   COMPILES=5000 WORKERS=1 TIER=2 bench_pool     (TIER: 2 base, 3 opt)
#include "host.hpp"

using namespace terrace::bench;

namespace {

struct Size {
  int processes = 0;
  double mb = 0;
};

Size size_of_workers() {
  Size size;
  DIR* stream = opendir("/proc");
  while (const dirent* entry = readdir(stream)) {
    const std::string name = entry->d_name;
    if (std::atoi(name.c_str()) <= 0 || text_of("/proc/" + name + "/comm").rfind("terrace-worker", 0) != 0) continue;
    size.processes++;
    size.mb += static_cast<double>(resident_bytes_of(name)) / 1e6;
  }
  closedir(stream);
  return size;
}

}  // namespace

int main() {
  const int64_t compiles = setting("COMPILES", 5000);
  jit_engine_options options = Host::defaults();
  options.threshold = -1;
  options.workers = static_cast<uint32_t>(setting("WORKERS", 1));
  const auto tier = static_cast<uint32_t>(setting("TIER", JIT_MODE_BASE));
  Host host(options);
  double largest = 0;
  const double start = seconds();
  for (int64_t i = 0; i < compiles; i++) {
    const std::string n = std::to_string(i);
    host.eval("(define (f" + n + " a b) (let loop ((i 0) (s a)) (if (< i b) (loop (+ i 1) (+ s " + n + ")) s)))");
    host.optimize("f" + n, tier);
    if (i % 10 == 0) largest = std::max(largest, size_of_workers().mb);
    if ((i + 1) % (compiles / 10) == 0) {
      const Size now = size_of_workers();
      std::printf("%6lld compiles: %d processes of together %.0f MB, at most %.0f MB so far; this process %.1f MB; %.2f ms each\n",
                  static_cast<long long>(i + 1), now.processes, now.mb, largest, resident_mb(),
                  (seconds() - start) / static_cast<double>(i + 1) * 1e3);
    }
  }
}
