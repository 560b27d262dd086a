// engine/engine.cpp: the life of an engine, and its controls.
#include "engine/engine.hpp"

#include "engine/state.hpp"
#include "interp/loop.hpp"

namespace terrace::engine {

Engine::State::State(EngineOptions given)
    : options(std::move(given)),
      cache(&interp::enter, [this] { return tier::first_countdown(settings); },
            [this] { return tier::compiled_countdown(settings); }),
      events(options.on_event),
      store(store::find_place(options.store_path), options.store_limit ? options.store_limit : store::kUsualLimit) {
  for (size_t i = 0; i < tier::params().size(); i++) {
    auto param = static_cast<tier::Param>(i);
    settings.at(param) = tier::preset_value(options.preset, param);
  }
  for (const auto& [param, value] : options.params) settings.at(param) = value;
  pool = std::make_unique<jobs::Pool>(pool_options(), [this](jobs::BatchAnswer&& batch) { on_answer(std::move(batch)); });
  apply_budget();
  apply(tier::Param::k_verbosity);
  apply(tier::Param::k_events_kept);
  watch_forks(this);
}

Engine::State::~State() {
  pool.reset();
  forget_forks(this);
}

Engine::Engine() = default;
Engine::~Engine() = default;

std::shared_ptr<Engine> Engine::make(EngineOptions options) {
  std::shared_ptr<Engine> made(new Engine);
  made->state_ = std::make_unique<State>(std::move(options));
  return made;
}

void Engine::pin(std::string_view name) { state_->cache.pin(name); }

bool Engine::unpin(std::string_view name) { return state_->cache.unpin(name); }

void Engine::reset() {
  const uint64_t dropped = state_->cache.drop_if([](const cache::Record&) { return true; }, false);
  state_->tell_dropped(dropped, "everything that is not pinned");
}

uint64_t Engine::clear_cold(uint32_t generations) {
  const uint64_t dropped = state_->cache.clear_cold(generations);
  state_->tell_dropped(dropped, "not used for " + std::to_string(generations) + " generations");
  return dropped;
}

void Engine::exclude(std::string_view pattern) {
  {
    std::lock_guard lock(state_->mutex);
    state_->exclusions.emplace_back(pattern);
  }
  auto matches = [&](const cache::Record& record) { return tier::matches(pattern, record.name); };
  auto has_along = [&](const cache::Record& record) {
    return record.region && std::any_of(record.region->records.begin(), record.region->records.end(),
                                        [&](const cache::Record* along) { return matches(*along); });
  };
  const uint64_t dropped =
      state_->cache.drop_if([&](const cache::Record& record) { return matches(record) || has_along(record); }, true);
  state_->tell_dropped(dropped, "excluded by " + std::string(pattern));
}

bool Engine::allow(std::string_view pattern) {
  {
    std::lock_guard lock(state_->mutex);
    if (std::erase(state_->exclusions, pattern) == 0) return false;
  }
  // What another pattern still matches is refused again.
  state_->cache.forgive(observe::Reason::kExcluded);
  return true;
}

bool Engine::wait_idle(uint32_t milliseconds) {
  if (!state_->pool->wait_idle(std::chrono::milliseconds(milliseconds))) return false;
  state_->events.flush(std::chrono::milliseconds(milliseconds));
  return true;
}

Statistics Engine::statistics() {
  Statistics s;
  cache::Counts c = state_->cache.counts();
  jobs::PoolCounters pool = state_->pool->counters();
  s.entries = c.entries;
  s.bytes = c.bytes;
  s.hits = c.hits;
  s.misses = c.misses;
  s.evictions = c.evictions;
  s.resets = c.resets;
  s.pinned = c.pinned;
  s.base_entries = c.base_entries;
  s.opt_entries = c.opt_entries;
  s.base_compiles = c.base_compiles;
  s.opt_compiles = c.opt_compiles;
  s.base_compile_ns = c.base_compile_ns;
  s.opt_compile_ns = c.opt_compile_ns;
  s.retired_bytes = c.retired_bytes;
  s.threshold = state_->settings.threshold;
  s.queued = pool.waiting;
  s.worker_starts = pool.worker_starts;
  s.worker_deaths = pool.worker_deaths;
  s.promotions = state_->promotions;
  s.heap_collections = state_->dead_heap_collections;
  s.refused = state_->refusals.total();
  s.deopts = state_->deopts;
  s.invalidations = state_->invalidations;
  s.workers = pool.workers_alive;
  s.batches = pool.batches;
  s.functions = c.functions;
  s.shared = c.shared;
  s.events_lost = state_->events.lost();
  for (size_t i = 1; i < observe::kReasonCount; i++) {
    auto reason = static_cast<observe::Reason>(i);
    if (uint64_t n = state_->refusals.of(reason)) s.refusals.emplace_back(observe::reason_text(reason).json, n);
  }
  store::Counts stored = state_->store.counts();
  s.store_hits = stored.hits;
  s.store_misses = stored.misses;
  s.store_writes = stored.writes;
  s.store_written_bytes = stored.written_bytes;
  s.store_rejected = stored.rejected;
  s.store_problems = std::move(stored.problems);
  std::lock_guard lock(state_->mutex);
  s.budget = static_cast<uint64_t>(state_->settings.budget);
  s.budget_bytes = static_cast<uint64_t>(state_->settings.budget_bytes);
  for (Instance::State* instance : state_->instances) {
    s.heap_bytes += instance->heap_bytes;
    s.heap_collections += instance->heap_collections;
  }
  return s;
}

}  // namespace terrace::engine
