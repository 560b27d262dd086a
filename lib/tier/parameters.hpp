// tier/parameters.hpp: the parameters of params.def and the presets of presets.def as data.
//
// Answers for: names, bounds and values. Not for: what follows from a change (engine/parameters.cpp).
// Threads: Settings may be read and written by any thread; the tables never change.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace terrace::tier {

enum class Param : uint8_t {
#define T_PARAM(name, default_value, least, most, when, unit, text) k_##name,
#include "tier/params.def"
#undef T_PARAM
  kCount
};

// When a parameter may be set.
enum class When : uint8_t { kAlways, kStart };

struct ParamInfo {
  const char* name;
  int64_t default_value;
  int64_t least;
  int64_t most;
  When when;
  const char* unit;  // "" for switches and choices
  const char* text;
};

// One for each Param, in its order.
std::span<const ParamInfo> params();
// The parameter of that name, in which - is as good as _.
std::optional<Param> find_param(std::string_view name);

struct PresetInfo {
  const char* name;
  const char* text;
};
std::span<const PresetInfo> presets();
// The number of the preset of that name.
std::optional<size_t> find_preset(std::string_view name);
// What the preset gives the parameter.
int64_t preset_value(size_t preset, Param param);

// The values, as members with the names of params.def and by number.
struct Settings {
#define T_PARAM(name, default_value, least, most, when, unit, text) std::atomic<int64_t> name{default_value};
#include "tier/params.def"
#undef T_PARAM
  std::atomic<uint32_t> storm_state{1};  // of the generator behind mode 4

  std::atomic<int64_t>& at(Param param);
};

}  // namespace terrace::tier
