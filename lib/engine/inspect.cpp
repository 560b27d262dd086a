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
  shared.cache.with_record(proto, [&](cache::Record& record) {
    json["name"] = record.name;
    json["tier"] = tier_text(record.tier);
    if (record.requested != cache::kInterp) {
      json["reason"] = std::string("it is being compiled for ") + tier_text(record.requested);
    } else if (record.reason != observe::Reason::kNone) {
      json["reason"] = std::string(observe::reason_text(record.reason).sentence);
      if (!record.reason_text.empty()) json["detail"] = record.reason_text;
    } else if (record.tier == cache::kInterp) {
      json["reason"] = "it has not been called often enough";
    } else {
      json["reason"] = "";
    }
    json["calls"] = record.calls;
    json["bytes"] = record.bytes;
    json["pinned"] = record.pinned;
    json["compile_ns"] = record.compile_ns;
    return 0;
  });
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace terrace::engine
