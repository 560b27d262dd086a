// engine/inspect.cpp: one function looked at or moved by hand.
#include <nlohmann/json.hpp>

#include "engine/state.hpp"

namespace terrace::engine {
namespace {

using value::Proto;

const char* tier_text(uint8_t tier) {
  if (tier == cache::kInterp) return "interp";
  return tier == cache::tier_number(jobs::Tier::kBase) ? "base" : "opt";
}

Proto* compiled_kind(Value function) {
  Proto* proto = value::as_closure(function)->proto;
  return proto->function ? proto : nullptr;
}

}  // namespace

bool Instance::optimize(Value function, Mode mode, std::string* why_not) {
  Proto* proto = compiled_kind(function);
  if (!proto) {
    *why_not = "primitives and host functions are native already";
    return false;
  }
  Engine::State& shared = engine_->state();
  jobs::Tier tier = mode == Mode::kBase ? jobs::Tier::kBase : jobs::Tier::kOpt;
  shared.adopt(state(), proto);
  shared.wait_for_function(proto->function->hash);  // what was asked for before, perhaps for the other tier
  uint64_t id = 0;
  if (shared.request(state(), proto, tier, &id)) shared.wait_for({id});
  shared.cache.use(proto);
  return shared.cache.with_record(proto, [&](cache::Record& record) {
    if (record.tier >= cache::tier_number(tier)) return true;
    if (record.requested != cache::kInterp) {
      *why_not = "it is being compiled";
      return false;
    }
    *why_not = std::string(observe::reason_text(record.reason).sentence);
    if (!record.reason_text.empty()) *why_not += " " + record.reason_text;
    return false;
  });
}

void Instance::demote(Value function) {
  if (Proto* proto = compiled_kind(function)) {
    engine_->state().adopt(state(), proto);
    engine_->state().cache.demote(proto);
  }
}

void Instance::set_pinned(Value function, bool pinned) {
  Proto* proto = compiled_kind(function);
  if (!proto) return;
  engine_->state().adopt(state(), proto);
  if (value::is_symbol(proto->name)) {
    const std::string_view name = frame::symbol_name(proto->name);
    if (pinned)
      engine_->pin(name);
    else
      engine_->unpin(name);
    return;
  }
  engine_->state().cache.pin(proto, pinned);
}

namespace {

// Why the function is not in a higher tier, in a sentence; "" when it is in the highest.
std::string why_not(const cache::Record& record, uint64_t calls, const tier::Settings& settings,
                    const std::string& pattern) {
  const auto threshold = static_cast<uint64_t>(settings.threshold);
  if (record.requested != cache::kInterp) return std::string("it is being compiled for ") + tier_text(record.requested);
  if (!pattern.empty()) return "its name is excluded by the pattern " + pattern;
  if (record.tier == cache::tier_number(jobs::Tier::kOpt)) return "";
  if (record.reason != observe::Reason::kNone) return std::string(observe::reason_text(record.reason).sentence);
  if (record.misjudged >= static_cast<uint64_t>(settings.misjudge_limit))
    return "it stays in base: opt code was given up " + std::to_string(record.misjudged) + " times for values of other types";
  if (static_cast<Mode>(settings.mode.load()) == Mode::kInterp) return "the engine only interprets";
  if (threshold == 0) return "compilation is turned off: the threshold is 0";
  if (record.tier != cache::kInterp) return "";
  if (calls < threshold)
    return "it has not been called often enough: " + std::to_string(calls) + " of " + std::to_string(threshold) + " calls";
  return record.drops > 0 ? "its code was dropped, and it waits for the next look at the policy"
                          : "it waits for the next look at the policy";
}

nlohmann::ordered_json sites_of(const cache::Record& record, const bytecode::FunctionCode& code) {
  auto sites = nlohmann::ordered_json::array();
  for (const auto& [pc, times] : record.left_at)
    sites.push_back({{"pc", pc}, {"times", times}, {"place", place_text(code, pc)}});
  return sites;
}

}  // namespace

std::string Instance::explain_json(Value function) {
  Proto* proto = compiled_kind(function);
  nlohmann::ordered_json json;
  if (!proto) {
    Value name = value::as_closure(function)->proto->name;
    json["name"] = value::is_symbol(name) ? std::string(frame::symbol_name(name)) : "";
    json["tier"] = "native";
    json["reason"] = "primitives and host functions are native already";
    return json.dump();
  }
  Engine::State& shared = engine_->state();
  shared.adopt(state(), proto);
  // Code is shared by functions that may have other names; a request goes by the one that was seen first.
  const std::string name = cache::name_of(proto);
  const std::string pattern =
      shared.excluded_by(shared.cache.with_record(proto, [](cache::Record& record) { return record.name; }));
  shared.cache.with_record(proto, [&](cache::Record& record) {
    uint64_t calls = record.calls;
    for (const Proto* user : record.users) calls += cache::counted_since(user, state()->call_weight);
    json["name"] = name;
    json["tier"] = tier_text(record.tier);
    json["reason"] = why_not(record, calls, shared.settings, pattern);
    if (record.reason != observe::Reason::kNone) {
      json["refused"] = observe::reason_text(record.reason).json;
      if (!record.reason_text.empty()) json["detail"] = record.reason_text;
    }
    if (!pattern.empty()) json["excluded_by"] = pattern;
    if (record.requested != cache::kInterp) json["compiling_for"] = tier_text(record.requested);
    json["calls"] = calls;
    json["bytes"] = record.bytes;
    json["pinned"] = record.pinned;
    json["compile_ns"] = record.compile_ns;
    uint64_t deopts = 0;
    for (const auto& [pc, times] : record.left_at) deopts += times;
    json["deopts"] = deopts;
    json["left_at"] = sites_of(record, *proto->function);
    json["misjudged"] = record.misjudged;
    json["drops"] = record.drops;
    json["users"] = record.users.size();
    return 0;
  });
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace terrace::engine
