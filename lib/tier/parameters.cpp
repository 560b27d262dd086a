// tier/parameters.cpp: the tables made of params.def and presets.def.
#include "tier/parameters.hpp"

#include <algorithm>
#include <iterator>

namespace terrace::tier {
namespace {

constexpr ParamInfo kParams[] = {
#define T_PARAM(name, default_value, least, most, when, unit, text) \
  {#name, default_value, least, most, When::when, unit, text},
#include "tier/params.def"
#undef T_PARAM
};
static_assert(std::size(kParams) == static_cast<size_t>(Param::kCount));
static_assert(std::all_of(std::begin(kParams), std::end(kParams), [](const ParamInfo& p) {
  return p.least <= p.default_value && p.default_value <= p.most;
}));

constexpr std::atomic<int64_t> Settings::* kMembers[] = {
#define T_PARAM(name, default_value, least, most, when, unit, text) &Settings::name,
#include "tier/params.def"
#undef T_PARAM
};

enum class Preset : size_t {
#define T_PRESET(name, text) k_##name,
#include "tier/presets.def"
};

constexpr PresetInfo kPresets[] = {
#define T_PRESET(name, text) {#name, text},
#include "tier/presets.def"
};

struct PresetValue {
  Preset preset;
  Param param;
  int64_t value;
};
constexpr PresetValue kPresetValues[] = {
#define T_PRESET_VALUE(preset, parameter, value) {Preset::k_##preset, Param::k_##parameter, value},
#include "tier/presets.def"
};
static_assert(std::all_of(std::begin(kPresetValues), std::end(kPresetValues), [](const PresetValue& p) {
  const ParamInfo& info = kParams[static_cast<size_t>(p.param)];
  return info.least <= p.value && p.value <= info.most;
}));

bool same_name(std::string_view given, std::string_view name) {
  return std::equal(given.begin(), given.end(), name.begin(), name.end(),
                    [](char a, char b) { return a == b || (a == '-' && b == '_'); });
}

}  // namespace

std::span<const ParamInfo> params() { return kParams; }

std::optional<Param> find_param(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kParams), std::end(kParams), [&](const ParamInfo& p) { return same_name(name, p.name); });
  if (found == std::end(kParams)) return std::nullopt;
  return static_cast<Param>(found - kParams);
}

std::span<const PresetInfo> presets() { return kPresets; }

std::optional<size_t> find_preset(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kPresets), std::end(kPresets), [&](const PresetInfo& p) { return name == p.name; });
  if (found == std::end(kPresets)) return std::nullopt;
  return static_cast<size_t>(found - kPresets);
}

int64_t preset_value(size_t preset, Param param) {
  for (const PresetValue& p : kPresetValues)
    if (static_cast<size_t>(p.preset) == preset && p.param == param) return p.value;
  return kParams[static_cast<size_t>(param)].default_value;
}

std::atomic<int64_t>& Settings::at(Param param) { return this->*kMembers[static_cast<size_t>(param)]; }

}  // namespace terrace::tier
