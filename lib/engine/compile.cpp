// engine/compile.cpp: from a countdown that ended to code that is installed.
//
//   running thread: tick -> policy says request -> encode -> pool.submit          (goes on interpreting)
//   pool's thread:     find_stored, or ... worker ... -> on_answer -> load -> cache.install -> entries change
//   running thread: the next call goes into the compiled code
#include <algorithm>
#include <chrono>

#include "bytecode/encoding.hpp"
#include "engine/state.hpp"
#include "native/loader.hpp"

namespace terrace::engine {
namespace {

using cache::Record;
using observe::EventKind;
using jobs::Tier;
using observe::Reason;
using value::Proto;

uint64_t now_ns() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

const char* tier_name(Tier tier) { return tier == Tier::kBase ? "base" : "opt"; }

void refuse(Record& record, Tier tier, Reason reason, std::string text) {
  record.requested = cache::kInterp;
  record.is_mistaken = false;
  if (reason == Reason::kUnused) return;  // says nothing about one that is made again
  record.reason = reason;
  record.reason_text = std::move(text);
  record.refused_at = record.calls;
  uint8_t number = cache::tier_number(tier);
  if (record.refused == cache::kInterp || number < record.refused) record.refused = number;
}

}  // namespace

void Engine::State::event(observe::EventKind kind, std::string function, std::string tier, Reason reason,
                          std::string detail) {
  if (!events.wanted(kind)) return;
  observe::Event event;
  event.kind = kind;
  event.function = std::move(function);
  event.tier = std::move(tier);
  event.reason = reason;
  event.detail = std::move(detail);
  events.tell(std::move(event));
}

void Engine::State::tell_evicted(std::vector<std::string> names) {
  for (std::string& name : names) event(EventKind::kEvicted, std::move(name));
}

void Engine::State::tell_dropped(uint64_t entries, const std::string& why) {
  if (entries > 0) event(EventKind::kDropped, "", "", Reason::kNone, std::to_string(entries) + " entries: " + why);
}

std::string Engine::State::excluded_by(const std::string& name) {
  std::lock_guard lock(mutex);
  for (const std::string& pattern : exclusions)
    if (tier::matches(pattern, name)) return pattern;
  return {};
}

bool Engine::State::request(VmState* vm, Proto* proto, Tier tier, uint64_t* id, bool often_called) {
  std::string name;
  bool wanted = cache.with_record(proto, [&](Record& record) {
    name = record.name;
    if (record.requested != cache::kInterp || !record.can_take(tier)) return false;
    record.requested = cache::tier_number(tier);
    record.requested_at_ns = now_ns();
    return true;
  });
  if (!wanted) return false;
  Reason reason = Reason::kNone;
  if (excluded(name)) {
    reason = Reason::kExcluded;
  } else if (!cache.may_hold(proto)) {
    reason = Reason::kNoBudget;
  } else {
    Pending asked;
    asked.hash = proto->function->hash;
    asked.tier = tier;
    asked.is_stored = cache.with_record(proto, [](Record& record) { return record.misjudged == 0; });
    jobs::Request job;
    job.tier = tier;
    bytecode::note_record_types(proto);
    job.encoding = bytecode::encode(proto);
    job.hash = proto->function->hash;
    if (tier == Tier::kOpt) job.companions = companions_of(vm, proto);
    const bool may_lack_entries = tier == Tier::kOpt && often_called && proto->function->has_nested_loops();
    cache.with_record(proto, [&](Record& record) {
      job.priority = record.calls;
      job.enters_loops = !may_lack_entries || record.needs_loop_entries();
      return 0;
    });
    job.has_run = job.priority > 0;
    {
      std::lock_guard lock(mutex);
      job.id = *id = next_id++;
      job.symbol = "t_" + std::to_string(job.id);
      pending[job.id] = std::move(asked);
    }
    cache.with_record(proto, [&](Record& record) { return record.request_id = job.id; });
    reason = pool->submit(std::move(job));
  }
  if (reason == Reason::kNone) {
    cache.count_miss();
    event(EventKind::kPromoted, name, tier_name(tier));
    return true;
  }
  {
    std::lock_guard lock(mutex);
    pending.erase(*id);
  }
  refusals.add(reason);
  cache.with_record(proto, [&](Record& record) {
    refuse(record, tier, reason, "");
    return 0;
  });
  event(EventKind::kRefused, name, tier_name(tier), reason);
  return false;
}

void Engine::State::request_all(VmState* vm, Proto* proto, Tier tier, std::vector<uint64_t>* ids) {
  adopt(vm, proto);
  uint64_t id = 0;
  if (request(vm, proto, tier, &id)) ids->push_back(id);
  for (uint32_t i = 0; i < proto->constant_count; i++) {
    Value constant = proto->constant[i];
    if (value::is_type(constant, value::Type::kProto)) request_all(vm, value::as<Proto>(constant), tier, ids);
  }
}

void Engine::State::wait_for(const std::vector<uint64_t>& ids) {
  std::unique_lock lock(mutex);
  answered.wait(lock, [&] {
    for (uint64_t id : ids)
      if (pending.contains(id)) return false;
    return true;
  });
}

void Engine::State::wait_for_function(const bytecode::Hash& hash) {
  std::unique_lock lock(mutex);
  answered.wait(lock, [&] {
    return std::none_of(pending.begin(), pending.end(), [&](const auto& entry) { return entry.second.hash == hash; });
  });
}

void Engine::State::adopt(VmState* vm, Proto* proto) {
  if (proto->profile) return;
  cache.with_record(proto, [](Record&) { return 0; });
  frame::heap_of(vm).add_finalizable(
      proto,
      [](void* env, value::Object* o) {
        auto* self = static_cast<Engine::State*>(env);
        if (uint64_t unwanted = self->cache.detach(static_cast<Proto*>(o))) self->pool->withdraw(unwanted);
      },
      this);
}

void Engine::State::tick(VmState* vm, Value closure) {
  Proto* proto = value::as_closure(closure)->proto;
  if (!proto->function) return;
  // Since the epoch before began, which was with the last question of any function here: so it does not spend its time in one call.
  const bool often_called = proto->stamp == vm->epoch;
  Instance::State& state = state_of(vm);
  state.advance(static_cast<uint32_t>(cache.next_epoch(state.epochs)));
  vm->call_weight = static_cast<int32_t>(settings.loop_turns.load(std::memory_order_relaxed));
  adopt(vm, proto);
  auto running = static_cast<uint8_t>(proto->tier);
  int64_t used = static_cast<int64_t>(proto->interval) - proto->countdown;
  // Rounded up, so that the turns of a loop, which are less than a call each, never count as nothing.
  if (running == cache::kInterp) used = (used + vm->call_weight - 1) / vm->call_weight;
  uint64_t waiting = 0, calls = 0;
  tier::Decision decision = cache.with_record(proto, [&](Record& record) {
    calls = record.calls += static_cast<uint64_t>(std::max<int64_t>(used, 0));
    if (record.requested != cache::kInterp) waiting = record.request_id;
    return tier::decide(settings, record, running, *proto->function);
  });
  if (waiting != 0) pool->raise(waiting, calls);
  proto->interval = proto->countdown = decision.countdown;
  if (decision.drop) {
    cache.demote(proto);
    return;
  }
  if (decision.wait) {
    std::vector<uint64_t> ids;
    request_all(vm, proto, decision.tier, &ids);
    wait_for(ids);
  } else if (decision.request) {
    uint64_t id = 0;
    if (running != cache::kInterp || !cache.use(proto)) {
      if (request(vm, proto, decision.tier, &id, often_called) && !settings.background.load(std::memory_order_relaxed)) wait_for({id});
    }
    return;
  }
  if (running == cache::kInterp) cache.use(proto);
}

void Engine::State::deoptimised(VmState* vm, Proto* proto, uintptr_t record, uint32_t pc) {
  adopt(vm, proto);
  auto* left = reinterpret_cast<Record*>(record);
  if (left == nullptr) left = static_cast<Record*>(proto->profile);
  const cache::Left becomes = cache.count_deopt(left, static_cast<uint64_t>(settings.leave_limit.load(std::memory_order_relaxed)),
                                                static_cast<uint64_t>(settings.misjudge_limit.load(std::memory_order_relaxed)));
  deopts.fetch_add(1, std::memory_order_relaxed);
  std::string name = cache.with_record(proto, [&](Record& at) {
    at.note_left(pc);
    return at.name;
  });
  if (events.wanted(EventKind::kDeoptimised))
    event(EventKind::kDeoptimised, std::move(name), tier_name(Tier::kOpt), Reason::kNone, "at " + place_text(*proto->function, pc));
  if (becomes == cache::Left::kGoesOn) return;
  invalidations.fetch_add(1, std::memory_order_relaxed);
  event(EventKind::kInvalidated, cache.name_of_record(left), tier_name(Tier::kOpt));
}

// Code that is left too often still does most of its work, so it serves while other code is being made.
void Engine::State::code_left(VmState* vm, Proto* proto, uintptr_t record) {
  if (reinterpret_cast<uintptr_t>(proto->profile) != record || !cache.wants_other_code(reinterpret_cast<Record*>(record))) return;
  uint64_t id = 0;
  if (request(vm, proto, Tier::kOpt, &id)) {
    if (!settings.background.load(std::memory_order_relaxed)) wait_for({id});
    return;
  }
  const bool is_refused = cache.with_record(proto, [](const Record& now) { return !now.is_mistaken; });  // else another vm has asked meanwhile
  if (is_refused) cache.demote(proto);
}

// Rare, since code without these entries is made for functions that are entered by calls. When it happens again it goes, and what is asked for next
// has them.
void Engine::State::loop_entry_missing(VmState* vm, Proto* proto) {
  adopt(vm, proto);
  std::string name;
  const bool needs_them = cache.with_record(proto, [&](Record& record) {
    record.missed_loop_entries++;
    name = record.name;
    return record.needs_loop_entries();
  });
  if (!needs_them) return;
  if (!cache.demote(proto)) return;
  invalidations.fetch_add(1, std::memory_order_relaxed);
  event(EventKind::kInvalidated, name, tier_name(Tier::kOpt));
}

void Engine::State::on_answer(jobs::BatchAnswer&& batch) {
  if (!batch.compiler.empty()) compiler = batch.compiler;
  std::vector<std::function<void()>> afterwards;  // when nobody waits any more
  for (jobs::Answer& answer : batch.answers) {
    Pending asked;
    {
      std::lock_guard lock(mutex);
      auto found = pending.find(answer.id);
      if (found == pending.end()) continue;
      asked = found->second;
    }
    Reason reason = answer.reason;
    std::string text = batch.text;
    uint64_t started = 0;
    std::string name;
    cache.with_hash(asked.hash, [&](Record& record) {
      started = record.requested_at_ns;
      name = record.name;
    });
    const uint64_t elapsed_ns = now_ns() - started;
    if (reason == Reason::kNone && excluded(name)) {
      reason = Reason::kExcluded;
      if (batch.was_known) unload(asked.found);
    }
    if (reason == Reason::kNone) reason = install(batch, answer, asked, elapsed_ns, &text);
    if (reason == Reason::kUnused) {  // nobody was refused anything
      cache.with_hash(asked.hash, [&](Record& record) { refuse(record, asked.tier, reason, text); });
    } else if (reason != Reason::kNone) {
      refusals.add(reason);
      cache.with_hash(asked.hash, [&](Record& record) { refuse(record, asked.tier, reason, text); });
      event(EventKind::kRefused, name, tier_name(asked.tier), reason, text);
    } else {
      promotions.fetch_add(1, std::memory_order_relaxed);
      event(EventKind::kInstalled, name, tier_name(asked.tier));
      if (!batch.was_known) afterwards.emplace_back([&, asked, name, elapsed_ns] { keep(batch, answer, asked, name, elapsed_ns); });
    }
    std::lock_guard lock(mutex);
    pending.erase(answer.id);
    answered.notify_all();
  }
  for (const auto& step : afterwards) step();
}

Reason Engine::State::load(std::span<const uint8_t> object, const std::string& symbol, Loaded* loaded, std::string* text) {
  auto record_named = [&](std::string_view name) -> uintptr_t {
    bytecode::Hash hash;
    if (!bytecode::parse_record_symbol(name, &hash)) return 0;
    loaded->records.push_back(cache.refer(hash));
    return reinterpret_cast<uintptr_t>(loaded->records.back());
  };
  Reason reason = native::load(object, std::span(&symbol, 1), record_named, &loaded->object, text);
  if (reason != Reason::kNone) cache.let_go(loaded->records);
  return reason;
}

void Engine::State::unload(const Loaded& loaded) {
  native::unload(loaded.object);
  cache.let_go(loaded.records);
}

Reason Engine::State::install(const jobs::BatchAnswer& batch, const jobs::Answer& answer, const Pending& asked,
                              uint64_t elapsed_ns, std::string* text) {
  Loaded found = asked.found;
  if (!batch.was_known) {
    Reason reason = load(batch.object, answer.symbol, &found, text);
    if (reason != Reason::kNone) return reason;
  }
  const native::LoadedObject& loaded = found.object;
  cache::Region region;
  region.records = found.records;
  region.base = loaded.base;
  region.size = loaded.size;
  region.release = [loaded = found.object] { native::unload(loaded); };
  auto entry = reinterpret_cast<value::NativeEntry>(loaded.entries[0]);
  uint64_t bytes = loaded.size;
  cache::Region* adopted = cache.add_region(std::move(region));
  bool installed = false;
  tell_evicted(cache.install(asked.hash, asked.tier, entry, adopted, bytes, elapsed_ns, &installed));
  if (!installed) cache.drop_unused(adopted);
  if (installed && !batch.was_known) cache.count_compile(asked.tier, elapsed_ns);
  return installed ? Reason::kNone : Reason::kNoBudget;
}

}  // namespace terrace::engine
