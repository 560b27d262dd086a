// shim/engine.cpp: making engines.
#include "call.hpp"
#include "options.hpp"

using namespace terrace;
using namespace terrace::shim;

namespace {

constexpr uint32_t kMaxWorkers = 64;

// 0 is the default and anything negative "not at all", which the engine calls 0.
int64_t limit_option(int64_t given, int64_t otherwise) {
  if (given == 0) return otherwise;
  return given < 0 ? 0 : given;
}

jit_status check(const jit_engine_options& options, Report& report) {
  if (options.mode > JIT_MODE_STORM)
    return report.fail(JIT_E_ARGUMENT, "mode %u is none of JIT_MODE_...", options.mode);
  if (options.workers > kMaxWorkers)
    return report.fail(JIT_E_RANGE, "%u workers are asked for, %u at most are allowed", options.workers, kMaxWorkers);
  return JIT_OK;
}

engine::EngineOptions translate(const jit_engine_options& options, const std::shared_ptr<Registration>& listener) {
  engine::EngineOptions out;
  out.mode = static_cast<engine::Mode>(options.mode);
  if (options.workers) out.workers = options.workers;
  out.threshold = limit_option(options.threshold, out.threshold);
  out.budget = limit_option(options.budget, out.budget);
  out.budget_bytes = options.budget_bytes;
  if (options.worker_path) out.worker_path = options.worker_path;
  if (options.store_path) out.store_path = options.store_path;
  out.store_limit = options.store_limit;
  if (options.on_event)
    out.on_event = [event = options.on_event, listener](const char* name, const char* text) {
      event(listener->env(), name, text);
    };
  return out;
}

jit_status make_engine(const jit_engine_options* given, jit_engine** out, Report& report) {
  jit_engine_options options;
  if (jit_status status = copy_options(given, &options, report)) return status;
  if (jit_status status = check(options, report)) return status;
  auto home = std::make_shared<Finalizers>();
  auto listener = std::make_shared<Registration>(options.event_finalizer, options.event_env, home);
  auto holder = std::make_shared<EngineHolder>();
  holder->engine = engine::Engine::make(translate(options, listener));
  if (!holder->engine) return report.fail(JIT_E_MEMORY, "the system gives no memory or thread for an engine");
  *out = static_cast<jit_engine*>(make_handle(Kind::kEngine, std::move(holder)));
  listener->arm();
  return JIT_OK;
}

}  // namespace

jit_status jit_engine_new(const jit_engine_options* options, jit_engine** out, jit_error** err) {
  const bool wanted = clear(out);
  return guarded("jit_engine_new", err,
                 [&](Report& report) { return wanted ? make_engine(options, out, report) : report.no_output("out"); });
}

jit_engine* jit_engine_retain(jit_engine* engine) { return retain_handle(Kind::kEngine, engine) ? engine : nullptr; }
void jit_engine_release(jit_engine* engine) { release_handle(Kind::kEngine, engine); }
