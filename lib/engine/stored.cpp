// engine/stored.cpp: what stands between a request and the worker: code that an earlier run, or another host, left on disk.
//
//   pool's thread:  find_stored --found--> native::load --> on_answer --> install, as if it had been compiled
//                        '--not found--> worker --> on_answer --> install --> keep: native::extract, store.put
//
// Invariant: what the store gives is loaded before it counts as an answer, so that a file which the loader refuses only
// means that the function is compiled.
#include "base/cpu.hpp"
#include "bytecode/encoding.hpp"
#include "engine/state.hpp"
#include "jobs/worker_path.hpp"
#include "native/extract.hpp"

namespace terrace::engine {

using observe::Reason;

namespace {

// Whether the function had run and how it is entered, and what the interpreter had seen of it and of those that travel with it, as the worker gets it.
std::vector<uint8_t> types_of(const jobs::Request& request) {
  std::vector<uint8_t> types;
  const auto add = [&](const std::vector<uint8_t>& encoding) {
    std::string ignored;
    const auto function = bytecode::decode(encoding, &ignored);
    if (!function) return;
    for (const bytecode::Instr& i : function->code.code) {
      const auto op = static_cast<bytecode::Op>(i.op);
      if (bytecode::takes_feedback(op) || bytecode::names_record_type(op)) types.push_back(i.x);
    }
  };
  if (request.tier == jobs::Tier::kBase) return types;  // only where floats are inline depends on it, and code that is there at once is worth more
  // What was made with less effort does not stand for what deserves more, nor what has no entries at loops for what needs them.
  types.push_back(static_cast<uint8_t>(request.has_run | request.enters_loops << 1));
  add(request.encoding);
  for (const jobs::Companion& companion : request.companions) add(companion.encoding);
  return types;
}

}  // namespace

// The worker's identity is that of the first look, so that what a worker made is never taken for the work of a newer one.
store::Key Engine::State::key_of(const jobs::Request& request) {
  if (worker_identity.empty()) {
    std::string ignored;
    worker_identity = store::worker_identity(jobs::find_worker(options.worker_path, &ignored));
  }
  return {request.hash, store::hash_of(request.companions), request.tier, bytecode::kAbiVersion, worker_identity, base::cpu_level()};
}

bool Engine::State::find_stored(jobs::Request& request, jobs::BatchAnswer* answer) {
  const store::Key key = key_of(request);
  if (key.worker.empty()) return false;
  const std::vector<uint8_t> types = types_of(request);
  bool is_stored;
  {
    std::lock_guard lock(mutex);
    auto found = pending.find(request.id);
    if (found == pending.end()) return false;
    found->second.key = key;
    found->second.types = types;
    is_stored = found->second.is_stored;
  }
  store::Entry entry;
  if (!is_stored || !store.find(key, types, compiler, &entry)) return false;
  request.symbol = native::kExtractedName;
  Loaded loaded;
  std::string text;
  if (load(entry.object, request.symbol, &loaded, &text) != Reason::kNone) {
    store.reject(key, store::Problem::kUnloadable);
    return false;
  }
  answer->object = std::move(entry.object);
  std::lock_guard lock(mutex);
  pending[request.id].found = std::move(loaded);
  return true;
}

void Engine::State::keep(const jobs::BatchAnswer& batch, const jobs::Answer& answer, const Pending& asked,
                         const std::string& name, uint64_t elapsed_ns) {
  if (asked.key.worker.empty()) return;
  store::Entry entry;
  entry.key = asked.key;
  entry.name = name;
  entry.compiler = compiler;
  entry.compile_ns = elapsed_ns;
  entry.types = asked.types;
  std::string text;
  const Reason reason = native::extract(batch.object, answer.symbol, &entry.object, &text);
  if (reason == Reason::kNone) store.put(entry);
}

}  // namespace terrace::engine
