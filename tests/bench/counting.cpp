// tests/bench/counting.cpp: what it costs a call that the engine counts and looks at it now and then, inside of SX: a loop that calls a small
// function, in the interpreter with the policy never asked, asked at the default interval and asked at every call, and in each tier.
//
// Prints nanoseconds of this thread for one turn, the best of many short rounds in each of several vms: where the objects of a vm happen to lie
// makes up to half a turn's difference, more than what is measured. CALLS is the number of turns of a round.
#include "host.hpp"

using namespace terrace::bench;

namespace {

constexpr char kProgram[] =
    "(define (inc n) (+ n 1))"
    "(define (run n) (let loop ((i 0)) (if (< i n) (loop (inc i)) i)))";
constexpr int kRounds = 200;
constexpr int kVms = 7;

double best_ns(Host& host, int64_t turns) {
  const jit_value run = host.lookup("run");
  double best = 1e9;
  for (int round = 0; round < kRounds; round++) {
    const double start = thread_seconds();
    host.call(run, turns);
    best = std::min(best, (thread_seconds() - start) / static_cast<double>(turns) * 1e9);
  }
  jit_ref_release(run.as.ref);
  return best;
}

// The best of several vms whose objects lie at different places. A tier of JIT_MODE_AUTO: as the settings have it.
double best_of_vms(uint32_t tier, const std::string& settings, int64_t turns) {
  double best = 1e9;
  for (int number = 0; number < kVms; number++) {
    jit_engine_options options = Host::defaults();
    options.settings = settings.c_str();
    Host host(options);
    host.eval(kProgram);
    for (int i = 0; i < number * 37; i++) host.eval("(define other (list 1 2 3))");
    if (tier != JIT_MODE_AUTO) {
      host.optimize("inc", tier);
      host.optimize("run", tier);
    }
    best = std::min(best, best_ns(host, turns));
  }
  return best;
}

}  // namespace

int main() {
  const int64_t turns = setting("CALLS", 20000);
  const double never = best_of_vms(JIT_MODE_AUTO, "mode=1", turns);
  std::printf("interp, policy never asked     %6.2f ns a turn\n", never);
  for (const char* interval : {"1000000", "64", "1"}) {
    const std::string settings = std::string("threshold=0 check_interval=") + interval;
    const double asked = best_of_vms(JIT_MODE_AUTO, settings, turns);
    std::printf("interp, asked every %-7s    %6.2f ns a turn, %+.2f ns\n", interval, asked,
                asked - never);
  }
  std::printf("base, opt asked every 1500     %6.2f ns a turn\n", best_of_vms(JIT_MODE_BASE, "threshold=0", turns));
  std::printf("base, opt turned off           %6.2f ns a turn\n", best_of_vms(JIT_MODE_BASE, "threshold=0 opt_threshold=0", turns));
  std::printf("opt                            %6.2f ns a turn\n", best_of_vms(JIT_MODE_OPT, "threshold=0", turns));
}
