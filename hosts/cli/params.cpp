#include "params.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace terrace::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json, const char* member) { return json.at(member).get<std::string>(); }
std::string number_of(const Json& json, const char* member) { return std::to_string(json.at(member).get<int64_t>()); }

std::string line_of(const Json& param) {
  char line[512];
  const std::string unit = text_of(param, "unit");
  std::snprintf(line, sizeof line, "%-18s %12s %-10s %s\n", text_of(param, "name").c_str(),
                number_of(param, "value").c_str(), unit.c_str(), text_of(param, "text").c_str());
  return line;
}

std::string details_of(const Json& param, const Json& presets) {
  const std::string unit = text_of(param, "unit");
  std::string text = text_of(param, "name") + " = " + number_of(param, "value") + (unit.empty() ? "" : " " + unit) + "\n";
  text += "  " + text_of(param, "text") + "\n";
  text += "  default " + number_of(param, "default") + ", from " + number_of(param, "least") + " to " +
          number_of(param, "most") + (param.at("at_start").get<bool>() ? ", only at the start" : "") + "\n";
  for (const Json& preset : presets) {
    const Json& values = preset.at("values");
    if (values.contains(text_of(param, "name")))
      text += "  " + text_of(preset, "name") + ": " + number_of(values, text_of(param, "name").c_str()) + "\n";
  }
  return text;
}

std::string line_of_preset(const Json& preset) {
  std::string text = "--preset=" + text_of(preset, "name") + "  " + text_of(preset, "text") + "\n";
  for (const auto& [name, value] : preset.at("values").items()) text += "    " + name + "=" + value.dump() + "\n";
  return text;
}

}  // namespace

std::optional<std::string> params_text(const Engine& engine, std::string name) {
  const Json all = Json::parse(engine.params_json());
  std::replace(name.begin(), name.end(), '-', '_');
  std::string text;
  for (const Json& param : all.at("parameters")) {
    if (name.empty()) text += line_of(param);
    if (text_of(param, "name") == name) return details_of(param, all.at("presets"));
  }
  if (!name.empty()) return std::nullopt;
  for (const Json& preset : all.at("presets")) text += line_of_preset(preset);
  return text;
}

}  // namespace terrace::cli
