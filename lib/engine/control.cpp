// engine/control.cpp: the jit-... primitives: the engine's controls as SX code sees them.
//
// One case per line of prims/controls.def; the compiler complains about a forgotten one.
#include "prims/control.hpp"

#include "engine/state.hpp"
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

bool only_looks(Control control) { return control == Control::kStats || control == Control::kTier; }

Value stats_dict(VmState* vm, Engine& engine) {
  Statistics s = engine.statistics();
  const std::pair<const char*, uint64_t> kFigures[] = {
      {"entries", s.entries},
      {"budget", s.budget},
      {"bytes", s.bytes},
      {"budget-bytes", s.budget_bytes},
      {"threshold", static_cast<uint64_t>(s.threshold)},
      {"hits", s.hits},
      {"misses", s.misses},
      {"evictions", s.evictions},
      {"resets", s.resets},
      {"pinned", s.pinned},
      {"base-entries", s.base_entries},
      {"opt-entries", s.opt_entries},
      {"base-compiles", s.base_compiles},
      {"opt-compiles", s.opt_compiles},
      {"base-compile-ns", s.base_compile_ns},
      {"opt-compile-ns", s.opt_compile_ns},
      {"queued", s.queued},
      {"refused", s.refused},
      {"retired-bytes", s.retired_bytes},
      {"worker-starts", s.worker_starts},
      {"worker-deaths", s.worker_deaths},
      {"promotions", s.promotions},
  };
  Value dict = prims::make_dict(vm, std::size(kFigures) + 1);
  Value reasons = prims::make_dict(vm);
  if (dict == kUnwind || reasons == kUnwind) return kUnwind;
  for (auto& [key, n] : kFigures)
    if (!put(vm, dict, key, n)) return kUnwind;
  for (auto& [reason, n] : s.refusals)
    if (!put(vm, reasons, reason, n)) return kUnwind;
  if (!prims::dict_insert(vm, dict, frame::vm_of(vm).intern("refusals"), reasons)) return kUnwind;
  return dict;
}

// A function with a name is pinned by it, so that a later definition of the name is pinned as well.
void set_pinned(Engine& engine, Instance::State& instance, Value function, bool pinned) {
  Proto* proto = as_closure(function)->proto;
  if (!proto->function) return;
  engine.state().adopt(instance.owner.state(), proto);
  if (is_symbol(proto->name)) {
    if (pinned) {
      engine.pin(frame::symbol_name(proto->name));
    } else {
      engine.unpin(frame::symbol_name(proto->name));
    }
    return;
  }
  engine.state().cache.pin(proto, pinned);
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
      set_pinned(engine, state, args[0], true);
      return kUnspecified;
    case Control::kUnpin:
      set_pinned(engine, state, args[0], false);
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
    case Control::kCount:
      break;
  }
  return frame::raise_error(vm, frame::ErrorKind::kUnsupported, "unknown control");
}

}  // namespace terrace::engine
