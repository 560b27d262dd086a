// jobs/pool.cpp: the pool's public face: it finds the runner of this process, making one after a fork.
#include "jobs/pool.hpp"

#include <stdlib.h>
#include <unistd.h>

#include "jobs/runner.hpp"

namespace terrace::jobs {
namespace {

inline constexpr const char* kUsualPath = "/usr/local/bin:/usr/bin:/bin";

// All that a compiler needs of the host's environment.
std::vector<std::string> worker_environment() {
  const char* path = secure_getenv("PATH");
  const char* home = secure_getenv("HOME");
  std::vector<std::string> wanted = {std::string("PATH=") + (path ? path : kUsualPath), std::string("HOME=") + (home ? home : "/"),
                                     "LANG=C"};
  if (const char* dump = secure_getenv("TERRACE_DUMP")) wanted.push_back(std::string("TERRACE_DUMP=") + dump);
  return wanted;
}

void take_numbers(const PoolOptions& from, PoolOptions* to) {
  to->workers = from.workers;
  to->batch_functions = from.batch_functions;
  to->batch_bytes = from.batch_bytes;
  to->queue_limit = from.queue_limit;
  to->time_limit = from.time_limit;
  to->memory_limit = from.memory_limit;
  to->idle_limit = from.idle_limit;
}

}  // namespace

Pool::Pool(PoolOptions options, OnAnswer on_answer)
    : options_(std::move(options)),
      on_answer_(std::move(on_answer)),
      environment_(worker_environment()),
      runner_(new Runner(options_, on_answer_, environment_)) {}

// A runner inherited from the parent of a fork is left alone: its thread is not here and its mutex may be held for
// ever.
Pool::~Pool() {
  Runner* runner = runner_.load();
  if (runner->owner() == getpid()) delete runner;
}

Runner& Pool::runner() const {
  Runner* current = runner_.load();
  if (current->owner() == getpid()) return *current;
  auto* fresh = new Runner(options_, on_answer_, environment_);
  if (runner_.compare_exchange_strong(current, fresh)) return *fresh;
  delete fresh;
  return *current;
}

observe::Reason Pool::submit(Request request) { return runner().submit(std::move(request)); }
void Pool::raise(uint64_t id, uint64_t priority) { runner().raise(id, priority); }
void Pool::withdraw(uint64_t id) { runner().withdraw(id); }
bool Pool::wait_idle(std::chrono::milliseconds timeout) { return runner().wait_idle(timeout); }
void Pool::drop_waiting() { runner().drop_waiting(); }
void Pool::configure(const PoolOptions& options) {
  take_numbers(options, &options_);
  runner().configure(options_);
}
void Pool::trim() { runner().trim(); }
void Pool::forgive() { runner().forgive(); }
PoolCounters Pool::counters() const { return runner().counters(); }
std::string Pool::compiler() const { return runner().compiler(); }

}  // namespace terrace::jobs
