// addon/engine.cpp: engines and their controls, as JavaScript calls them.
#include <utility>

#include "exports.hpp"

#include "errors.hpp"
#include "events.hpp"
#include "handles.hpp"
#include "js.hpp"

namespace terrace::node {

namespace {

// The open engine of the first argument.
EngineHandle& engine_of(const Arguments& arguments) {
  auto engine = unwrap<EngineHandle>(arguments.env(), arguments[0]);
  check_open(*engine);
  return *engine;  // the external on the stack keeps it
}

double option(napi_env env, napi_value options, const char* name) {
  napi_value value = property(env, options, name);
  return is_missing(env, value) ? 0 : number_of(env, value);
}

// A text among the options, kept in *place; null when it is missing.
const char* text_option(napi_env env, napi_value options, const char* name, std::string* place) {
  napi_value value = property(env, options, name);
  if (is_missing(env, value)) return nullptr;
  *place = text_of(env, value);
  return place->c_str();
}

// Texts that the options point to.
struct OptionTexts {
  std::string worker_path, store, preset, settings;
};

jit_engine_options read_options(const Arguments& arguments, OptionTexts* texts) {
  napi_env env = arguments.env();
  napi_value given = arguments[1];
  jit_engine_options options{};
  options.size = sizeof options;
  options.mode = static_cast<uint32_t>(option(env, given, "mode"));
  options.workers = static_cast<uint32_t>(option(env, given, "workers"));
  options.threshold = static_cast<int64_t>(option(env, given, "threshold"));
  options.budget = static_cast<int64_t>(option(env, given, "budget"));
  options.budget_bytes = static_cast<uint64_t>(option(env, given, "budgetBytes"));
  options.worker_path = text_option(env, given, "workerPath", &texts->worker_path);
  options.store_path = text_option(env, given, "store", &texts->store);
  options.store_limit = static_cast<uint64_t>(option(env, given, "storeLimit"));
  options.preset = text_option(env, given, "preset", &texts->preset);
  options.settings = text_option(env, given, "settings", &texts->settings);
  napi_value listener = property(env, given, "onEvent");
  if (!is_missing(env, listener)) listen(arguments.environment, listener, &options);
  return options;
}

// openLibrary(path) -> null, or why it cannot be opened
napi_value open_library_at(const Arguments& arguments) {
  std::string problem;
  if (open_library(arguments.text(0), &problem)) return null(arguments.env());
  return make_text(arguments.env(), problem);
}

const Library& library_of(const Arguments& arguments) {
  std::string problem;
  const Library* library = open_library(arguments.text(0), &problem);
  if (library) return *library;
  napi_throw_error(arguments.env(), nullptr, problem.c_str());
  throw Pending{};
}

// versionOf(path) -> string
napi_value version_of(const Arguments& arguments) {
  return make_text(arguments.env(), library_of(arguments).version_string());
}

// engineNew(path, options) -> engine
napi_value engine_new(const Arguments& arguments) {
  auto engine = std::make_shared<EngineHandle>(arguments.environment, library_of(arguments));
  OptionTexts texts;
  jit_engine_options options = read_options(arguments, &texts);
  jit_error* error = nullptr;
  jit_status status = engine->lib.engine_new(&options, &engine->engine, &error);
  if (status != JIT_OK) unlisten(options);
  check_status(*engine, status, error);
  return make_external(arguments.env(), std::move(engine));
}

// engineClose(engine)
napi_value engine_close(const Arguments& arguments) {
  unwrap<EngineHandle>(arguments.env(), arguments[0])->release();
  return nullptr;
}

// A control with one number.
template <class Number, jit_status (*Library::*function)(jit_engine*, Number, jit_error**)>
napi_value set_number(const Arguments& arguments) {
  EngineHandle& engine = engine_of(arguments);
  jit_error* error = nullptr;
  check_status(engine, (engine.lib.*function)(engine.engine, static_cast<Number>(arguments.number(1)), &error), error);
  return nullptr;
}

// A control with a name or pattern; answers whether it was there to be taken back.
template <jit_status (*Library::*function)(jit_engine*, const char*, size_t, jit_error**)>
napi_value with_name(const Arguments& arguments) {
  EngineHandle& engine = engine_of(arguments);
  const std::string name = arguments.text(1);
  jit_error* error = nullptr;
  jit_status status = (engine.lib.*function)(engine.engine, name.data(), name.size(), &error);
  napi_value done;
  check(arguments.env(), napi_get_boolean(arguments.env(), status == JIT_OK, &done));
  if (status == JIT_E_NOT_FOUND) engine.lib.error_release(std::exchange(error, nullptr));
  if (status != JIT_E_NOT_FOUND) check_status(engine, status, error);
  return done;
}

// reset(engine)
napi_value reset(const Arguments& arguments) {
  EngineHandle& engine = engine_of(arguments);
  jit_error* error = nullptr;
  check_status(engine, engine.lib.reset(engine.engine, &error), error);
  return nullptr;
}

// clearCold(engine, generations) -> number of entries dropped
napi_value clear_cold(const Arguments& arguments) {
  EngineHandle& engine = engine_of(arguments);
  uint64_t dropped = 0;
  jit_error* error = nullptr;
  const auto generations = static_cast<uint32_t>(arguments.number(1));
  check_status(engine, engine.lib.clear_cold(engine.engine, generations, &dropped, &error), error);
  return make_number(arguments.env(), static_cast<double>(dropped));
}

// wait(engine, milliseconds) -> whether nothing is being compiled
napi_value wait(const Arguments& arguments) {
  EngineHandle& engine = engine_of(arguments);
  uint32_t idle = 0;
  jit_error* error = nullptr;
  check_status(engine, engine.lib.wait(engine.engine, static_cast<uint32_t>(arguments.number(1)), &idle, &error),
               error);
  napi_value answer;
  check(arguments.env(), napi_get_boolean(arguments.env(), idle != 0, &answer));
  return answer;
}

// paramGet(engine, name) -> number
napi_value param_get(const Arguments& arguments) {
  EngineHandle& engine = engine_of(arguments);
  const std::string name = arguments.text(1);
  int64_t value = 0;
  jit_error* error = nullptr;
  check_status(engine, engine.lib.param_get(engine.engine, name.data(), name.size(), &value, &error), error);
  return make_number(arguments.env(), static_cast<double>(value));
}

// paramSet(engine, name, value)
napi_value param_set(const Arguments& arguments) {
  EngineHandle& engine = engine_of(arguments);
  const std::string name = arguments.text(1);
  const auto value = static_cast<int64_t>(arguments.number(2));
  jit_error* error = nullptr;
  check_status(engine, engine.lib.param_set(engine.engine, name.data(), name.size(), value, &error), error);
  return nullptr;
}

// setPreset(engine, name)
napi_value set_preset(const Arguments& arguments) {
  EngineHandle& engine = engine_of(arguments);
  const std::string name = arguments.text(1);
  jit_error* error = nullptr;
  check_status(engine, engine.lib.set_preset(engine.engine, name.data(), name.size(), &error), error);
  return nullptr;
}

// memoryPressure(engine, level) -> bytes
napi_value memory_pressure(const Arguments& arguments) {
  EngineHandle& engine = engine_of(arguments);
  uint64_t bytes = 0;
  jit_error* error = nullptr;
  const auto level = static_cast<uint32_t>(arguments.number(1));
  check_status(engine, engine.lib.memory_pressure(engine.engine, level, &bytes, &error), error);
  return make_number(arguments.env(), static_cast<double>(bytes));
}

// idle(engine, milliseconds) -> whether something is left to do
napi_value idle(const Arguments& arguments) {
  EngineHandle& engine = engine_of(arguments);
  uint32_t more = 0;
  jit_error* error = nullptr;
  const auto budget_ns = static_cast<uint64_t>(arguments.number(1) * 1e6);
  check_status(engine, engine.lib.idle(engine.engine, budget_ns, &more, &error), error);
  napi_value answer;
  check(arguments.env(), napi_get_boolean(arguments.env(), more != 0, &answer));
  return answer;
}

// stats, params (engine) -> JSON text; report(engine) -> text; reportData(engine) -> JSON text
template <jit_status (*Library::*function)(jit_engine*, char**, jit_error**)>
napi_value text_of_engine(const Arguments& arguments) {
  EngineHandle& engine = engine_of(arguments);
  char* text = nullptr;
  jit_error* error = nullptr;
  check_status(engine, (engine.lib.*function)(engine.engine, &text, &error), error);
  const std::string copy = text;
  engine.lib.text_release(text);
  return make_text(arguments.env(), copy);
}

}  // namespace

void export_engine(Exports& exports) {
  exports.add<open_library_at>("openLibrary");
  exports.add<version_of>("versionOf");
  exports.add<engine_new>("engineNew");
  exports.add<engine_close>("engineClose");
  exports.add<set_number<int64_t, &Library::set_threshold>>("setThreshold");
  exports.add<set_number<int64_t, &Library::set_budget>>("setBudget");
  exports.add<set_number<uint64_t, &Library::set_budget_bytes>>("setBudgetBytes");
  exports.add<with_name<&Library::pin>>("pin");
  exports.add<with_name<&Library::unpin>>("unpin");
  exports.add<with_name<&Library::exclude>>("exclude");
  exports.add<with_name<&Library::allow>>("allow");
  exports.add<reset>("reset");
  exports.add<clear_cold>("clearCold");
  exports.add<wait>("wait");
  exports.add<param_get>("paramGet");
  exports.add<param_set>("paramSet");
  exports.add<set_preset>("setPreset");
  exports.add<memory_pressure>("memoryPressure");
  exports.add<idle>("idle");
  exports.add<text_of_engine<&Library::stats_json>>("stats");
  exports.add<text_of_engine<&Library::params_json>>("params");
  exports.add<text_of_engine<&Library::report>>("report");
  exports.add<text_of_engine<&Library::report_json>>("reportData");
}

}  // namespace terrace::node
