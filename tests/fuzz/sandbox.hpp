// fuzz/sandbox.hpp: a vm as one has it for strangers' code, new for every input so that an input alone decides what
// happens.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "engine/engine.hpp"

namespace terrace::fuzz {

// Ends the process with a message, as a finding of the fuzzer.
[[noreturn]] inline void found(const char* what) {
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

class Sandbox {
 public:
  Sandbox() {
    static const std::shared_ptr<engine::Engine> engine = make_engine();
    engine::InstanceOptions options;
    options.heap_limit = uint64_t{64} << 20;
    options.stack_limit = uint64_t{2} << 20;
    options.fuel_ms = 50;
    options.output_limit = 1 << 16;
    options.no_control = true;
    options.write = [](const char*, size_t) {};
    instance_ = engine::Instance::make(engine, options);
    if (!instance_) found("no vm");
  }
  engine::Instance& instance() { return *instance_; }

  // Runs a program to its end, whatever it is.
  engine::Outcome::Kind run(std::string_view source) {
    engine::Entry entry(*instance_);
    if (!entry.ok()) found("the vm is taken");
    return instance_->eval(source, "fuzz", false).kind;
  }

  // The vm must be as good as new for who comes next, whatever ran before.
  void check_usable() {
    engine::Entry entry(*instance_);
    engine::Outcome outcome = instance_->eval("((fn (a b) (if a b nil)) true 42)", "check", false);
    if (outcome.kind != engine::Outcome::Kind::kDone || outcome.value != value::make_fixnum(42))
      found("the vm is not usable any more");
  }

 private:
  static std::shared_ptr<engine::Engine> make_engine() {
    engine::EngineOptions options;
    options.params = {{tier::Param::k_mode, static_cast<int64_t>(engine::Mode::kInterp)}};
    return engine::Engine::make(options);
  }

  std::shared_ptr<engine::Instance> instance_;
};

}  // namespace terrace::fuzz
