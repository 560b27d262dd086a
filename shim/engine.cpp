// shim/engine.cpp: making engines.
#include <charconv>

#include "call.hpp"
#include "options.hpp"
#include "parameters.hpp"

using namespace terrace;
using namespace terrace::shim;

namespace {

using tier::Param;

jit_status check(const jit_engine_options& options, Report& report) {
  const int64_t most_workers = tier::params()[static_cast<size_t>(Param::k_workers)].most;
  if (options.mode > JIT_MODE_STORM)
    return report.fail(JIT_E_ARGUMENT, "mode %u is none of JIT_MODE_...", options.mode);
  if (options.workers > most_workers)
    return report.fail(JIT_E_RANGE, "%u workers are asked for, %d at most are allowed", options.workers,
                       static_cast<int>(most_workers));
  return JIT_OK;
}

// Sets a parameter when the option is not 0, its default; anything negative is "not at all", which the engine calls 0.
void take(engine::EngineOptions& out, Param param, int64_t option) {
  if (option == 0) return;
  const tier::ParamInfo& info = tier::params()[static_cast<size_t>(param)];
  out.params.emplace_back(param, std::clamp(option, info.least, info.most));
}

// One NAME=VALUE of the settings.
jit_status take_setting(std::string_view setting, engine::EngineOptions& out, Report& report) {
  const size_t equals = setting.find('=');
  const std::string text(setting);
  if (equals == std::string_view::npos)
    return report.fail(JIT_E_ARGUMENT, "the setting \"%s\" is not of the form NAME=VALUE", text.c_str());
  const auto param = tier::find_param(setting.substr(0, equals));
  if (!param) return report.fail(JIT_E_NOT_FOUND, "no parameter is called \"%s\"", text.substr(0, equals).c_str());
  const tier::ParamInfo& info = tier::params()[static_cast<size_t>(*param)];
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + equals + 1, end, value);
  if (read.ec != std::errc() || read.ptr != end)
    return report.fail(JIT_E_ARGUMENT, "\"%s\" is not of the form NAME=INTEGER", text.c_str());
  if (value < info.least || value > info.most) return out_of_bounds(report, info, value);
  out.params.emplace_back(*param, value);
  return JIT_OK;
}

jit_status take_settings(const char* settings, engine::EngineOptions& out, Report& report) {
  constexpr std::string_view kBetween = ", \t\n";
  std::string_view left = settings ? settings : "";
  for (;;) {
    left.remove_prefix(std::min(left.find_first_not_of(kBetween), left.size()));
    if (left.empty()) return JIT_OK;
    const std::string_view one = left.substr(0, left.find_first_of(kBetween));
    if (jit_status status = take_setting(one, out, report)) return status;
    left.remove_prefix(one.size());
  }
}

jit_status take_preset(const char* name, engine::EngineOptions& out, Report& report) {
  if (!name) return JIT_OK;
  const auto preset = tier::find_preset(name);
  if (!preset) return report.fail(JIT_E_NOT_FOUND, "no preset is called \"%s\"", name);
  out.preset = *preset;
  return JIT_OK;
}

jit_status translate(const jit_engine_options& options, const std::shared_ptr<Registration>& listener,
                     engine::EngineOptions* out, Report& report) {
  if (jit_status status = take_preset(options.preset, *out, report)) return status;
  if (jit_status status = take_settings(options.settings, *out, report)) return status;
  take(*out, Param::k_mode, options.mode);
  take(*out, Param::k_workers, options.workers);
  take(*out, Param::k_threshold, options.threshold);
  take(*out, Param::k_budget, options.budget);
  take(*out, Param::k_budget_bytes, static_cast<int64_t>(std::min<uint64_t>(options.budget_bytes, INT64_MAX)));
  if (options.worker_path) out->worker_path = options.worker_path;
  if (options.store_path) out->store_path = options.store_path;
  out->store_limit = options.store_limit;
  if (options.on_event)
    out->on_event = [event = options.on_event, listener](const observe::Event& happened) {
      event(listener->env(), observe::event_info(happened.kind).json.data(), observe::describe(happened).c_str());
    };
  return JIT_OK;
}

jit_status make_engine(const jit_engine_options* given, jit_engine** out, Report& report) {
  jit_engine_options options;
  if (jit_status status = copy_options(given, &options, report)) return status;
  if (jit_status status = check(options, report)) return status;
  auto home = std::make_shared<Finalizers>();
  auto listener = std::make_shared<Registration>(options.event_finalizer, options.event_env, home);
  auto holder = std::make_shared<EngineHolder>();
  engine::EngineOptions translated;
  if (jit_status status = translate(options, listener, &translated, report)) return status;
  holder->engine = engine::Engine::make(std::move(translated));
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
