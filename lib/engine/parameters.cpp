// engine/parameters.cpp: what follows when a parameter of tier/params.def is set.
#include <nlohmann/json.hpp>

#include <algorithm>

#include "engine/state.hpp"

namespace terrace::engine {

using tier::Param;
using tier::ParamInfo;
using tier::When;

namespace {

const ParamInfo& info_of(Param param) { return tier::params()[static_cast<size_t>(param)]; }

nlohmann::ordered_json to_json(const ParamInfo& info, int64_t value) {
  return {{"name", info.name},          {"value", value},       {"default", info.default_value},
          {"least", info.least},        {"most", info.most},    {"unit", info.unit},
          {"at_start", info.when == When::kStart}, {"text", info.text}};
}

}  // namespace

jobs::PoolOptions Engine::State::pool_options() {
  jobs::PoolOptions pool;
  pool.worker_path = options.worker_path;
  pool.workers = static_cast<uint32_t>(settings.workers);
  pool.queue_limit = static_cast<size_t>(settings.queue_limit);
  pool.batch_functions = static_cast<uint32_t>(settings.batch_functions);
  pool.batch_bytes = static_cast<size_t>(settings.batch_bytes);
  pool.time_limit = std::chrono::milliseconds(settings.time_limit);
  pool.memory_limit = static_cast<uint64_t>(settings.memory_limit);
  pool.idle_limit = std::chrono::milliseconds(settings.idle_limit);
  if (store.is_on())
    pool.known = [this](jobs::Request& request, jobs::BatchAnswer* answer) { return find_stored(request, answer); };
  pool.on_worker = [this](jobs::WorkerNews news, const std::string& text) { on_worker(news, text); };
  return pool;
}

void Engine::State::on_worker(jobs::WorkerNews news, const std::string& text) {
  using enum jobs::WorkerNews;
  const auto kind = news == kStarted   ? observe::EventKind::kWorkerStarted
                    : news == kStopped ? observe::EventKind::kWorkerStopped
                                       : observe::EventKind::kWorkerDied;
  event(kind, "", "", observe::Reason::kNone, text);
}

void Engine::State::apply_budget() {
  tell_evicted(cache.set_budget(static_cast<uint64_t>(settings.budget), static_cast<uint64_t>(settings.budget_bytes)));
}

void Engine::State::apply(Param param) {
  switch (param) {
    case Param::k_workers:
    case Param::k_queue_limit:
    case Param::k_batch_functions:
    case Param::k_batch_bytes:
    case Param::k_time_limit:
    case Param::k_memory_limit:
    case Param::k_idle_limit:
      pool->configure(pool_options());
      break;
    case Param::k_budget:
    case Param::k_budget_bytes:
      apply_budget();
      break;
    case Param::k_verbosity:
      events.set_level(static_cast<int>(settings.verbosity));
      break;
    case Param::k_events_kept:
      events.set_kept(static_cast<size_t>(settings.events_kept));
      break;
    default:
      break;  // read where it is used
  }
}

int64_t Engine::param(Param param) const { return state_->settings.at(param); }

Engine::SetResult Engine::set_param(Param param, int64_t value) {
  const ParamInfo& info = info_of(param);
  if (value < info.least || value > info.most) return SetResult::kOutOfBounds;
  if (info.when == When::kStart && state_->started) return SetResult::kTooLate;
  std::lock_guard lock(state_->parameters);
  if (state_->settings.at(param).exchange(value) == value) return SetResult::kDone;
  state_->apply(param);
  state_->event(observe::EventKind::kChanged, "", "", observe::Reason::kNone,
                std::string(info.name) + " = " + std::to_string(value));
  return SetResult::kDone;
}

void Engine::set_preset(size_t preset) {
  for (size_t i = 0; i < tier::params().size(); i++) {
    auto param = static_cast<Param>(i);
    if (info_of(param).when == When::kAlways) set_param(param, tier::preset_value(preset, param));
  }
}

std::string Engine::param_json(Param param) const { return to_json(info_of(param), state_->settings.at(param)).dump(); }

std::string Engine::params_json() const {
  auto parameters = nlohmann::ordered_json::array();
  for (size_t i = 0; i < tier::params().size(); i++) {
    auto param = static_cast<Param>(i);
    parameters.push_back(to_json(info_of(param), state_->settings.at(param)));
  }
  auto presets = nlohmann::ordered_json::array();
  for (size_t p = 0; p < tier::presets().size(); p++) {
    auto values = nlohmann::ordered_json::object();
    for (size_t i = 0; i < tier::params().size(); i++) {
      const int64_t value = tier::preset_value(p, static_cast<Param>(i));
      if (value != tier::params()[i].default_value) values[tier::params()[i].name] = value;
    }
    presets.push_back({{"name", tier::presets()[p].name}, {"text", tier::presets()[p].text}, {"values", values}});
  }
  return nlohmann::ordered_json{{"parameters", parameters}, {"presets", presets}}.dump();
}

namespace {

void set_within(Engine& engine, Param param, int64_t value) {
  engine.set_param(param, std::clamp(value, info_of(param).least, info_of(param).most));
}

}  // namespace

void Engine::set_threshold(int64_t calls) { set_within(*this, Param::k_threshold, calls); }
void Engine::set_budget(int64_t entries) { set_within(*this, Param::k_budget, entries); }
void Engine::set_budget_bytes(uint64_t bytes) {
  set_within(*this, Param::k_budget_bytes, static_cast<int64_t>(std::min<uint64_t>(bytes, INT64_MAX)));
}

}  // namespace terrace::engine
