// engine/control.cpp: the jit-... primitives: the engine's controls as SX code sees them.
//
// One case per line of prims/controls.def; the compiler complains about a forgotten one.
#include "prims/control.hpp"

#include <algorithm>
#include <optional>

#include "engine/state.hpp"
#include "prims/build.hpp"
#include "prims/dict_table.hpp"

namespace terrace::engine {
namespace {

using namespace value;
using prims::Control;

Value integer(VmState* vm, uint64_t n) {
  return frame::make_integer(vm, static_cast<int64_t>(std::min<uint64_t>(n, INT64_MAX)));
}

int64_t number(Value v) { return is_fixnum(v) ? fixnum_value(v) : INT64_MAX; }

bool put(VmState* vm, Value dict, std::string_view key, uint64_t n) {
  return prims::dict_insert(vm, dict, frame::vm_of(vm).intern(key), integer(vm, n));
}

bool only_looks(Control control) {
  switch (control) {
    case Control::kStats:
    case Control::kTier:
    case Control::kParam:
    case Control::kParamInfo:
    case Control::kParamNames:
    case Control::kReportText:
    case Control::kReportData:
    case Control::kExplain:
      return true;
    default:
      return false;
  }
}

std::string_view text_of(Value name) {
  return is_string(name) ? frame::string_view_of(name) : frame::symbol_name(name);
}

// The parameter that a program named; nothing after raising.
std::optional<tier::Param> param_of(VmState* vm, Value name) {
  auto param = tier::find_param(text_of(name));
  if (!param)
    frame::raise_error(vm, frame::ErrorKind::kRange, "no parameter is called %s", std::string(text_of(name)).c_str());
  return param;
}

Value get_param(VmState* vm, Engine& engine, Value name) {
  auto param = param_of(vm, name);
  return param ? frame::make_integer(vm, engine.param(*param)) : kUnwind;
}

Value set_param(VmState* vm, Engine& engine, Value name, int64_t value) {
  auto param = param_of(vm, name);
  if (!param) return kUnwind;
  const tier::ParamInfo& info = tier::params()[static_cast<size_t>(*param)];
  const int64_t before = engine.param(*param);
  switch (engine.set_param(*param, value)) {
    case Engine::SetResult::kDone:
      return frame::make_integer(vm, before);
    case Engine::SetResult::kOutOfBounds:
      return frame::raise_error(vm, frame::ErrorKind::kRange, "%s is to be from %lld to %lld", info.name,
                                static_cast<long long>(info.least), static_cast<long long>(info.most));
    case Engine::SetResult::kTooLate:
      break;
  }
  return frame::raise_error(vm, frame::ErrorKind::kUnsupported, "%s can be set only before the engine's first vm is made",
                            info.name);
}

Value param_info(VmState* vm, Engine& engine, Value name) {
  auto param = param_of(vm, name);
  if (!param) return kUnwind;
  return value_of_json(vm, engine.param_json(*param));
}

Value param_names(VmState* vm) {
  prims::ListBuilder names(vm);
  for (const tier::ParamInfo& info : tier::params()) {
    names.push(frame::vm_of(vm).intern(with_dashes(info.name)));
  }
  return names.list();
}

Value set_preset(VmState* vm, Engine& engine, Value name) {
  auto preset = tier::find_preset(text_of(name));
  if (!preset)
    return frame::raise_error(vm, frame::ErrorKind::kRange, "no preset is called %s", std::string(text_of(name)).c_str());
  engine.set_preset(*preset);
  return kUnspecified;
}

bool put_counts(VmState* vm, Value dict, std::string_view key, const std::vector<std::pair<std::string, uint64_t>>& counts) {
  Value inner = prims::make_dict(vm);
  if (inner == kUnwind) return false;
  for (auto& [reason, n] : counts)
    if (!put(vm, inner, reason, n)) return false;
  return prims::dict_insert(vm, dict, frame::vm_of(vm).intern(key), inner);
}

Value stats_dict(VmState* vm, Engine& engine) {
  Statistics s = engine.statistics();
  const std::pair<std::string, uint64_t> kFigures[] = {
#define T_STATISTIC(name) {with_dashes(#name), static_cast<uint64_t>(s.name)},
#include "engine/statistics.def"
#undef T_STATISTIC
  };
  Value dict = prims::make_dict(vm, std::size(kFigures) + 2);
  if (dict == kUnwind) return kUnwind;
  for (auto& [key, n] : kFigures)
    if (!put(vm, dict, key, n)) return kUnwind;
  const bool done = put_counts(vm, dict, "refusals", s.refusals) && put_counts(vm, dict, "store-problems", s.store_problems);
  return done ? dict : kUnwind;
}

Value optimize(Instance& instance, Value function, Value tier) {
  std::string why_not;
  Mode mode = frame::symbol_name(tier) == "base" ? Mode::kBase : Mode::kOpt;
  return make_bool(instance.optimize(function, mode, &why_not));
}

Value tier_symbol(VmState* vm, Value function) {
  static constexpr const char* kNames[] = {"interp", "base", "opt"};
  return frame::vm_of(vm).intern(kNames[as_closure(function)->proto->tier]);
}

}  // namespace

Value control(VmState* vm, uint32_t which, const Value* args, uint64_t) {
  Instance::State& state = state_of(vm);
  if (state.options.no_control && !only_looks(static_cast<Control>(which)))
    return frame::raise_error(vm, frame::ErrorKind::kUnsupported, "this vm may not change what it shares with others");
  Instance& instance = state.owner;
  Engine& engine = instance.engine();
  switch (static_cast<Control>(which)) {
    case Control::kSetThreshold: {
      int64_t before = engine.state().settings.threshold;
      engine.set_threshold(number(args[0]));
      return integer(vm, static_cast<uint64_t>(before));
    }
    case Control::kSetBudget: {
      uint64_t before = engine.statistics().budget;
      engine.set_budget(number(args[0]));
      return integer(vm, before);
    }
    case Control::kSetBudgetBytes: {
      uint64_t before = engine.statistics().budget_bytes;
      engine.set_budget_bytes(static_cast<uint64_t>(number(args[0])));
      return integer(vm, before);
    }
    case Control::kPin:
      instance.set_pinned(args[0], true);
      return kUnspecified;
    case Control::kUnpin:
      instance.set_pinned(args[0], false);
      return kUnspecified;
    case Control::kReset:
      engine.reset();
      return kUnspecified;
    case Control::kClearCold:
      return integer(vm, engine.clear_cold(static_cast<uint32_t>(std::min<int64_t>(number(args[0]), UINT32_MAX))));
    case Control::kStats:
      return stats_dict(vm, engine);
    case Control::kExclude:
      engine.exclude(frame::string_view_of(args[0]));
      return kUnspecified;
    case Control::kAllow:
      engine.allow(frame::string_view_of(args[0]));
      return kUnspecified;
    case Control::kOptimize:
      return optimize(instance, args[0], args[1]);
    case Control::kDemote:
      instance.demote(args[0]);
      return kUnspecified;
    case Control::kTier:
      return tier_symbol(vm, args[0]);
    case Control::kWait:
      engine.wait_idle(60000);
      return kUnspecified;
    case Control::kParam:
      return get_param(vm, engine, args[0]);
    case Control::kSetParam:
      return set_param(vm, engine, args[0], number(args[1]));
    case Control::kParamInfo:
      return param_info(vm, engine, args[0]);
    case Control::kParamNames:
      return param_names(vm);
    case Control::kPreset:
      return set_preset(vm, engine, args[0]);
    case Control::kReportText:
      return frame::make_string(vm, engine.report());
    case Control::kReportData:
      return value_of_json(vm, engine.report_json());
    case Control::kExplain:
      return value_of_json(vm, instance.explain_json(args[0]));
    case Control::kEvents: {
      const std::string events = engine.poll_events();
      return events.empty() ? kNil : value_of_json(vm, events);
    }
    case Control::kMemoryPressure:
      return integer(vm, engine.memory_pressure(frame::symbol_name(args[0]) == "critical" ? 2 : 1));
    case Control::kIdle:
      return make_bool(engine.idle(static_cast<uint64_t>(std::min<int64_t>(number(args[0]), 1'000'000'000)) * 1'000'000));
    case Control::kCount:
      break;
  }
  return frame::raise_error(vm, frame::ErrorKind::kUnsupported, "unknown control");
}

}  // namespace terrace::engine
