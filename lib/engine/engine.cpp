// engine/engine.cpp: the life of an engine, and its controls.
#include "engine/engine.hpp"

#include "engine/state.hpp"
#include "interp/loop.hpp"

namespace terrace::engine {

Engine::State::State(EngineOptions given)
    : options(std::move(given)),
      cache(&interp::enter, [this] { return tier::first_countdown(settings); },
            [this] { return tier::compiled_countdown(settings); }),
      store(store::find_place(options.store_path), options.store_limit ? options.store_limit : store::kUsualLimit) {
  settings.mode = options.mode;
  settings.threshold = options.threshold;
  budget = options.budget;
  budget_bytes = options.budget_bytes;
  cache.set_budget(static_cast<uint64_t>(budget), budget_bytes);
  jobs::PoolOptions pool_options;
  pool_options.worker_path = options.worker_path;
  pool_options.workers = options.workers;
  if (store.is_on())
    pool_options.known = [this](jobs::Request& request, jobs::BatchAnswer* answer) { return find_stored(request, answer); };
  pool = std::make_unique<jobs::Pool>(pool_options, [this](jobs::BatchAnswer&& batch) { on_answer(std::move(batch)); });
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

void Engine::set_threshold(int64_t calls) { state_->settings.threshold = std::max<int64_t>(calls, 0); }

void Engine::set_budget(int64_t entries) {
  uint64_t bytes;
  {
    std::lock_guard lock(state_->mutex);
    state_->budget = std::max<int64_t>(entries, 0);
    bytes = state_->budget_bytes;
  }
  for (const std::string& name : state_->cache.set_budget(static_cast<uint64_t>(std::max<int64_t>(entries, 0)), bytes))
    state_->event("evicted", name);
}

void Engine::set_budget_bytes(uint64_t bytes) {
  uint64_t entries;
  {
    std::lock_guard lock(state_->mutex);
    state_->budget_bytes = bytes;
    entries = static_cast<uint64_t>(state_->budget);
  }
  for (const std::string& name : state_->cache.set_budget(entries, bytes)) state_->event("evicted", name);
}

void Engine::pin(std::string_view name) { state_->cache.pin(name); }

bool Engine::unpin(std::string_view name) { return state_->cache.unpin(name); }

void Engine::reset() {
  state_->cache.drop_if([](const cache::Record&) { return true; }, false);
}

uint64_t Engine::clear_cold(uint32_t generations) { return state_->cache.clear_cold(generations); }

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
  state_->cache.drop_if([&](const cache::Record& record) { return matches(record) || has_along(record); }, true);
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

bool Engine::wait_idle(uint32_t milliseconds) { return state_->pool->wait_idle(std::chrono::milliseconds(milliseconds)); }

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
  s.budget = static_cast<uint64_t>(state_->budget);
  s.budget_bytes = state_->budget_bytes;
  for (Instance::State* instance : state_->instances) {
    s.heap_bytes += instance->heap_bytes;
    s.heap_collections += instance->heap_collections;
  }
  return s;
}

}  // namespace terrace::engine
