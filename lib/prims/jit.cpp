// prims/jit.cpp: what programs may ask of tiers, code cache and collector.
//
// Answers for: checking arguments. Not for: carrying it out: the engine does, through Hooks::control and the numbers of
// controls.def. A vm without an engine answers with an unsupported error.
#include <algorithm>
#include <initializer_list>

#include "prims/build.hpp"
#include "prims/control.hpp"
#include "prims/dict_table.hpp"

namespace terrace::prims {

namespace {

Value ask(VmState* vm, Control control, const Value* args, uint64_t argc) {
  auto hook = vm_of(vm).hooks.control;
  if (hook) return hook(vm, static_cast<uint32_t>(control), args, argc);
  return raise_error(vm, ErrorKind::kUnsupported, "this vm has no compiler to control");
}

Value ask_size(VmState* vm, const char* who, Control control, Value size) {
  uint64_t n;
  if (!size_argument(vm, who, size, &n)) return kUnwind;
  if (!value::is_fixnum(size)) return raise_error(vm, ErrorKind::kRange, "%s: the number is too large", who);
  return ask(vm, control, &size, 1);
}

Value ask_function(VmState* vm, const char* who, Control control, const Value* args) {
  return function_argument(vm, who, args[0]) ? ask(vm, control, args, 1) : kUnwind;
}

Value ask_pattern(VmState* vm, const char* who, Control control, const Value* args) {
  return type_argument(vm, who, args[0], Type::kString, "a string") ? ask(vm, control, args, 1) : kUnwind;
}

Value ask_name(VmState* vm, const char* who, Control control, const Value* args, uint64_t argc) {
  const bool name = value::is_symbol(args[0]) || value::is_keyword(args[0]) || value::is_string(args[0]);
  return name ? ask(vm, control, args, argc) : raise_type(vm, who, "a symbol, string or keyword", args[0]);
}

bool is_keyword_of(Value v, std::initializer_list<std::string_view> names) {
  return value::is_keyword(v) && std::find(names.begin(), names.end(), frame::symbol_name(v)) != names.end();
}

bool set(VmState* vm, Value dict, std::string_view name, uint64_t n) {
  return dict_insert(vm, dict, vm_of(vm).intern(name), frame::make_integer(vm, static_cast<int64_t>(n)));
}

}  // namespace

Value prim_jit_set_threshold(VmState* vm, const Value* args, uint64_t) {
  bool never = value::is_keyword(args[0]) && frame::symbol_name(args[0]) == "never";
  return ask_size(vm, "jit-set-threshold!", Control::kSetThreshold, never ? make_fixnum(0) : args[0]);
}
Value prim_jit_set_budget(VmState* vm, const Value* args, uint64_t) {
  return ask_size(vm, "jit-set-budget!", Control::kSetBudget, args[0]);
}
Value prim_jit_set_budget_bytes(VmState* vm, const Value* args, uint64_t) {
  return ask_size(vm, "jit-set-budget-bytes!", Control::kSetBudgetBytes, args[0]);
}
Value prim_jit_pin(VmState* vm, const Value* args, uint64_t) {
  return ask_function(vm, "jit-pin!", Control::kPin, args);
}
Value prim_jit_unpin(VmState* vm, const Value* args, uint64_t) {
  return ask_function(vm, "jit-unpin!", Control::kUnpin, args);
}
Value prim_jit_reset(VmState* vm, const Value* args, uint64_t) { return ask(vm, Control::kReset, args, 0); }
Value prim_jit_clear_cold(VmState* vm, const Value* args, uint64_t argc) {
  return ask_size(vm, "jit-clear-cold!", Control::kClearCold, argc > 0 ? args[0] : make_fixnum(1));
}
Value prim_jit_stats(VmState* vm, const Value* args, uint64_t) { return ask(vm, Control::kStats, args, 0); }
Value prim_jit_exclude(VmState* vm, const Value* args, uint64_t) {
  return ask_pattern(vm, "jit-exclude!", Control::kExclude, args);
}
Value prim_jit_allow(VmState* vm, const Value* args, uint64_t) {
  return ask_pattern(vm, "jit-allow!", Control::kAllow, args);
}

Value prim_jit_optimize(VmState* vm, const Value* args, uint64_t argc) {
  if (!function_argument(vm, "jit-optimize!", args[0])) return kUnwind;
  Value both[] = {args[0], argc > 1 ? args[1] : vm_of(vm).keyword("opt")};
  return is_keyword_of(both[1], {"opt", "base"}) ? ask(vm, Control::kOptimize, both, 2) : raise_type(vm, "jit-optimize!", ":base or :opt", both[1]);
}

Value prim_jit_demote(VmState* vm, const Value* args, uint64_t) {
  return ask_function(vm, "jit-demote!", Control::kDemote, args);
}

Value prim_jit_tier(VmState* vm, const Value* args, uint64_t) {
  if (!function_argument(vm, "jit-tier", args[0])) return kUnwind;
  if (value::as_closure(args[0])->proto->function == nullptr) return vm_of(vm).intern("primitive");
  return ask(vm, Control::kTier, args, 1);
}

Value prim_jit_wait(VmState* vm, const Value* args, uint64_t) { return ask(vm, Control::kWait, args, 0); }

Value prim_jit_param(VmState* vm, const Value* args, uint64_t) {
  return ask_name(vm, "jit-param", Control::kParam, args, 1);
}
Value prim_jit_set_param(VmState* vm, const Value* args, uint64_t) {
  int64_t value;
  if (!int64_argument(vm, "jit-set-param!", args[1], &value)) return kUnwind;
  return ask_name(vm, "jit-set-param!", Control::kSetParam, args, 2);
}
Value prim_jit_param_info(VmState* vm, const Value* args, uint64_t) {
  return ask_name(vm, "jit-param-info", Control::kParamInfo, args, 1);
}
Value prim_jit_param_names(VmState* vm, const Value* args, uint64_t) { return ask(vm, Control::kParamNames, args, 0); }
Value prim_jit_preset(VmState* vm, const Value* args, uint64_t) {
  return ask_name(vm, "jit-preset!", Control::kPreset, args, 1);
}
Value prim_jit_report_text(VmState* vm, const Value* args, uint64_t) { return ask(vm, Control::kReportText, args, 0); }
Value prim_jit_report_data(VmState* vm, const Value* args, uint64_t) { return ask(vm, Control::kReportData, args, 0); }
Value prim_jit_explain(VmState* vm, const Value* args, uint64_t) {
  return ask_function(vm, "jit-explain", Control::kExplain, args);
}
Value prim_jit_events(VmState* vm, const Value* args, uint64_t) { return ask(vm, Control::kEvents, args, 0); }

Value prim_jit_memory_pressure(VmState* vm, const Value* args, uint64_t argc) {
  Value level = argc > 0 ? args[0] : vm_of(vm).keyword("moderate");
  if (!is_keyword_of(level, {"moderate", "critical"}))
    return raise_type(vm, "jit-memory-pressure!", ":moderate or :critical", level);
  return ask(vm, Control::kMemoryPressure, &level, 1);
}

Value prim_jit_idle(VmState* vm, const Value* args, uint64_t) {
  return ask_size(vm, "jit-idle!", Control::kIdle, args[0]);
}

Value prim_gc_collect(VmState* vm, const Value*, uint64_t) {
  heap_of(vm).collect();
  return kUnspecified;
}

Value prim_gc_stats(VmState* vm, const Value*, uint64_t) {
  heap::HeapStats stats = heap_of(vm).stats();
  Value dict = make_dict(vm);
  bool done = dict != kUnwind && set(vm, dict, "collections", stats.collections) &&
              set(vm, dict, "full-collections", stats.full_collections) &&
              set(vm, dict, "live-bytes", stats.live_bytes) &&
              set(vm, dict, "committed-bytes", stats.committed_bytes) &&
              set(vm, dict, "allocated-bytes", stats.allocated_bytes) &&
              set(vm, dict, "total-pause-ns", stats.total_pause_ns) &&
              set(vm, dict, "longest-pause-ns", stats.longest_pause_ns) &&
              set(vm, dict, "longest-minor-pause-ns", stats.minor_pauses.longest_ns()) &&
              set(vm, dict, "minor-pause-99th-ns", stats.minor_pauses.percentile_ns(99));
  return done ? dict : kUnwind;
}

}  // namespace terrace::prims
