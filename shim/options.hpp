// shim/options.hpp: option structs that grow, and callbacks with their env and finalizer.
//
// Answers for: reading a struct of a caller that was compiled with an older or newer header. Not for: what options
// mean.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>

#include "errors.hpp"
#include "vm.hpp"

namespace terrace::shim {

// Copies as much of *given as both sides know; everything else is zero. NULL: all zero.
template <class Options>
jit_status copy_options(const Options* given, Options* out, Report& report) {
  std::memset(out, 0, sizeof *out);
  if (!given) return JIT_OK;
  if (given->size < sizeof given->size)
    return report.fail(JIT_E_ARGUMENT, "the options' size field is %zu; set it to sizeof the struct", given->size);
  std::memcpy(out, given, std::min(given->size, sizeof *out));
  return JIT_OK;
}

// An env that a callback was registered with; its finalizer is due when the last use of the callback is gone.
class Registration {
 public:
  Registration(jit_finalizer finalizer, void* env, std::shared_ptr<Finalizers> home)
      : env_(env), finalizer_(finalizer ? new Finalizer{finalizer, env, std::move(home)} : nullptr) {}
  ~Registration() {
    if (armed_)
      Finalizers::due(finalizer_);
    else
      delete finalizer_;
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  void* env() const { return env_; }
  // From now on the finalizer will run. Before, the registration may still fail, and then env stays the caller's.
  void arm() { armed_ = true; }

 private:
  void* env_;
  Finalizer* finalizer_;
  bool armed_ = false;
};

}  // namespace terrace::shim
