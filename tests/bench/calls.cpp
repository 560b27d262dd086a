// tests/bench/calls.cpp: what a call of an SX function with one argument costs a host written in C, in every tier, by reference and by
// name, and what going out to a host function and back costs. Prints the best of many rounds in nanoseconds.
#include "host.hpp"

using namespace terrace::bench;

namespace {

constexpr int kRounds = 1000;  // short ones, so that some run without being disturbed

template <class Body>
double best_ns(int64_t times, Body body) {
  double best = 1e9;
  for (int round = 0; round < kRounds; round++) {
    const double start = seconds();
    for (int64_t i = 0; i < times; i++) body(i);
    best = std::min(best, (seconds() - start) / static_cast<double>(times) * 1e9);
  }
  return best;
}

jit_status add_one(void*, jit_vm*, const jit_value* arguments, size_t, jit_value* result, jit_error**) {
  result->kind = JIT_INT;
  result->as.integer = arguments[0].as.integer + 1;
  return JIT_OK;
}

}  // namespace

int main() {
  const int64_t times = setting("CALLS", 2000);
  jit_engine_options options = Host::defaults();
  options.threshold = -1;  // compiled by hand only
  Host host(options);
  jit_define_function(host.vm, "host-add", 8, 1, 1, add_one, nullptr, nullptr, nullptr);
  host.eval("(define (inc n) (+ n 1)) (define (out n) (host-add n))");
  const jit_value by_name = Host::of_symbol("inc"), by_reference = host.lookup("inc"), out = host.lookup("out");
  std::printf("interp: by reference %.1f ns\n", best_ns(times, [&](int64_t i) { host.call(by_reference, i); }));
  for (uint32_t tier : {JIT_MODE_BASE, JIT_MODE_OPT}) {
    host.optimize("inc", tier);
    host.optimize("out", tier);
    const char* name = tier == JIT_MODE_BASE ? "base" : "opt";
    std::printf("%s: by reference %.1f ns, by name %.1f ns, with a call of a host function %.1f ns\n", name,
                best_ns(times, [&](int64_t i) { host.call(by_reference, i); }),
                best_ns(times, [&](int64_t i) { host.call(by_name, i); }),
                best_ns(times, [&](int64_t i) { host.call(out, i); }));
  }
  jit_ref_release(by_reference.as.ref);
  jit_ref_release(out.as.ref);
}
