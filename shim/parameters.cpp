// shim/parameters.cpp: parameters and presets by name.
#include "parameters.hpp"

#include "call.hpp"
#include "text.hpp"

using namespace terrace;
using namespace terrace::shim;
using engine::Engine;
using tier::Param;

namespace {

// A call on an engine that names a parameter: body(engine, report, param).
template <class Body>
jit_status with_param(const char* where, jit_engine* engine, const char* name, size_t length, jit_error** err, Body&& body) {
  return with_engine(where, engine, err, [&](Engine& e, Report& report) -> jit_status {
    if (!name) return report.fail(JIT_E_ARGUMENT, "a name is needed");
    const std::string text(name, length);
    if (const auto param = tier::find_param(text)) return body(e, report, *param);
    return report.fail(JIT_E_NOT_FOUND, "no parameter is called \"%s\"", text.c_str());
  });
}

jit_param_data describe(const tier::ParamInfo& info, int64_t value) {
  jit_param_data data{};
  data.name = info.name;
  data.unit = info.unit;
  data.text = info.text;
  data.value = value;
  data.default_value = info.default_value;
  data.least = info.least;
  data.most = info.most;
  data.at_start = info.when == tier::When::kStart;
  return data;
}

}  // namespace

jit_status jit_param_get(jit_engine* engine, const char* name, size_t length, int64_t* value, jit_error** err) {
  const bool wanted = clear(value);
  return with_param("jit_param_get", engine, name, length, err, [&](Engine& e, Report& report, Param param) -> jit_status {
    if (!wanted) return report.no_output("value");
    *value = e.param(param);
    return JIT_OK;
  });
}

jit_status jit_param_set(jit_engine* engine, const char* name, size_t length, int64_t value, jit_error** err) {
  return with_param("jit_param_set", engine, name, length, err, [&](Engine& e, Report& report, Param param) -> jit_status {
    const tier::ParamInfo& info = tier::params()[static_cast<size_t>(param)];
    switch (e.set_param(param, value)) {
      case Engine::SetResult::kDone:
        return JIT_OK;
      case Engine::SetResult::kOutOfBounds:
        return out_of_bounds(report, info, value);
      case Engine::SetResult::kTooLate:
        break;
    }
    return report.fail(JIT_E_STATE, "%s can be set only before the first vm of the engine is made", info.name);
  });
}

jit_status jit_param_info(jit_engine* engine, uint32_t index, jit_param_data* data, jit_error** err) {
  const size_t size = data ? data->size : 0;
  const size_t known = std::min(size, sizeof(jit_param_data));
  if (known >= sizeof size) {
    std::memset(data, 0, size);
    data->size = size;
  }
  return with_engine("jit_param_info", engine, err, [&](Engine& e, Report& report) -> jit_status {
    if (!data) return report.no_output("data");
    if (known < sizeof size)
      return report.fail(JIT_E_ARGUMENT, "the struct's size field is %zu; set it to sizeof(jit_param_data)", size);
    if (index >= tier::params().size())
      return report.fail(JIT_E_NOT_FOUND, "there are %zu parameters", tier::params().size());
    jit_param_data all = describe(tier::params()[index], e.param(static_cast<Param>(index)));
    all.size = size;
    std::memcpy(data, &all, known);
    return JIT_OK;
  });
}

jit_status jit_params_json(jit_engine* engine, char** text, jit_error** err) {
  const bool wanted = clear(text);
  return with_engine("jit_params_json", engine, err, [&](Engine& e, Report& report) -> jit_status {
    if (!wanted) return report.no_output("text");
    *text = text_for_host(e.params_json());
    return JIT_OK;
  });
}

jit_status jit_set_preset(jit_engine* engine, const char* name, size_t length, jit_error** err) {
  return with_engine("jit_set_preset", engine, err, [&](Engine& e, Report& report) -> jit_status {
    if (!name) return report.fail(JIT_E_ARGUMENT, "a name is needed");
    const std::string text(name, length);
    const auto preset = tier::find_preset(text);
    if (!preset) return report.fail(JIT_E_NOT_FOUND, "no preset is called \"%s\"", text.c_str());
    e.set_preset(*preset);
    return JIT_OK;
  });
}
