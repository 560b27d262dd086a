// addon/run.cpp: interruptions and their meaning.
#include "run.hpp"

#include <algorithm>
#include <utility>

#include "errors.hpp"
#include "js.hpp"
#include "to_js.hpp"
#include "to_sx.hpp"

namespace terrace::node {

namespace {

// How often a worker thread looks whether Node is stopping it.
constexpr auto kHeartbeat = std::chrono::milliseconds(100);
constexpr double kLongestMilliseconds = 1e12;

Clock::time_point after(double milliseconds) {
  const double bounded = std::clamp(milliseconds, 0.0, kLongestMilliseconds);
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(bounded));
}

}  // namespace

Run::Run(VmHandle& vm, Limit limit) : vm_(vm), keeps_(vm.shared_from_this()), outer_(vm.running), hard_(limit.hard) {
  check_open(vm);
  if (limit.milliseconds > 0) until_ = after(limit.milliseconds);
  if (!outer_) vm.stop = false;
  if (!set_alarm()) throw_range_error(vm_.env(), "the system gives no thread for the time limit");
  vm.running = this;
}

Run::~Run() {
  vm_.running = outer_;
  if (error) vm_.lib().error_release(error);
  if (result.kind == JIT_REF) vm_.lib().ref_release(result.as.ref);
  drop();
  if (outer_) {
    outer_->set_alarm();
    if (vm_.stop) vm_.lib().interrupt(vm_.vm);
  } else {
    Watch::clear(vm_.alarm);
    vm_.last_answer.reset();
  }
}

// Ends the computation when nobody has taken it over; its dynamic-wind exits run.
void Run::drop() {
  if (!computation) return;
  vm_.lib().cancel(computation, nullptr);
  vm_.lib().computation_release(std::exchange(computation, nullptr));
}

Clock::time_point Run::earliest(Clock::time_point now) const {
  auto at = vm_.environment().is_worker() ? now + kHeartbeat : Clock::time_point::max();
  for (const Run* run = this; run; run = run->outer_)
    if (run == this || run->hard_) at = std::min(at, run->until_);
  return at;
}

bool Run::set_alarm() {
  const bool wanted = vm_.environment().is_worker() || until_ != Clock::time_point::max() || outer_;
  const auto at = wanted ? earliest(Clock::now()) : Clock::time_point::max();
  if (at != Clock::time_point::max()) return Watch::set(vm_.alarm, at);
  Watch::clear(vm_.alarm);
  return true;
}

Why Run::judge() {
  const auto now = Clock::now();
  if (vm_.stop) return Why::kStopped;
  for (const Run* run = outer_; run; run = run->outer_)
    if (run->hard_ && run->until_ <= now) return Why::kOuter;
  if (until_ <= now) return Why::kLimit;
  return vm_.environment().can_run() ? Why::kGoesOn : Why::kEnding;
}

napi_value Run::finish(jit_status status) {
  while (status == JIT_INTERRUPTED) {
    const Why why = judge();
    if (why != Why::kGoesOn) return step(why);
    set_alarm();
    jit_computation* now = std::exchange(computation, nullptr);
    status = vm_.lib().resume(now, nullptr, &result, &computation, &error);
    vm_.lib().computation_release(now);
  }
  rethrow_what_write_threw();
  if (status == JIT_SUSPENDED) return perform_step();
  check_status(vm_, status, std::exchange(error, nullptr));
  return to_js(vm_, std::exchange(result, jit_value{}));
}

napi_value Run::step(Why why) {
  if (why == Why::kEnding) throw Pending{};
  napi_env env = vm_.env();
  auto handle = std::make_shared<ComputationHandle>(std::static_pointer_cast<VmHandle>(keeps_), nullptr);
  handle->computation = std::exchange(computation, nullptr);
  return vm_.environment().call(Import::makeStep, {make_number(env, static_cast<double>(why)), undefined(env),
                                                   make_external(env, std::move(handle))});
}

napi_value Run::perform_step() {
  napi_env env = vm_.env();
  napi_value request = to_js(vm_, std::exchange(result, jit_value{}));
  auto handle = std::make_shared<ComputationHandle>(std::static_pointer_cast<VmHandle>(keeps_), nullptr);
  handle->computation = std::exchange(computation, nullptr);
  return vm_.environment().call(Import::makeStep, {make_number(env, static_cast<double>(Why::kPerform)), request,
                                                   make_external(env, std::move(handle))});
}

void Run::rethrow_what_write_threw() {
  if (!vm_.thrown_by_write || outer_) return;
  napi_env env = vm_.env();
  napi_value thrown;
  napi_ref reference = std::exchange(vm_.thrown_by_write, nullptr);
  check(env, napi_get_reference_value(env, reference, &thrown));
  check(env, napi_get_named_property(env, thrown, "is", &thrown));
  napi_delete_reference(env, reference);
  check(env, napi_throw(env, thrown));
  throw Pending{};
}

}  // namespace terrace::node
