// jobs/pool.hpp: the compile queue as the engine sees it: requests in, object files out.
//
// Answers for: that every accepted request is answered exactly once, with an object or a reason, whatever becomes of
// the worker; that the host notices neither the thread nor the processes; that a forked child of the host is safe. Not
// for: what is worth compiling (tier/), loading objects (native/), keeping them (cache/, store/).
//
// Threads: all members from any thread. Answers come on the pool's own thread, which blocks all signals, has the
// default floating-point environment and a small stack; they must not call into the pool's destructor or wait_idle.
// Fork: in a child of the process the pool starts anew with the first call; what the parent had asked for is answered
// in the parent only.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "jobs/protocol.hpp"
#include "observe/reasons.hpp"

namespace terrace::jobs {

// Its symbol is unique among requests that wait at the same time.
struct Request : Job {
  uint64_t id = 0;  // the caller's; comes back in the answer
  Tier tier = Tier::kBase;
  uint64_t priority = 0;  // how often the function has run; see jobs/queue.hpp
};

struct Answer {
  uint64_t id = 0;
  std::string symbol;
  observe::Reason reason = observe::Reason::kNone;  // kNone: the symbol is in the object
  uint64_t wait_ns = 0;                             // from submit to here
};

// What came back for requests that were compiled together, or that failed for one cause.
struct BatchAnswer {
  Tier tier = Tier::kBase;
  bool was_known = false;       // not compiled: PoolOptions::known had it
  std::vector<uint8_t> object;  // empty when the reason of the answers is not kNone
  std::string text;             // the compiler's or the pool's words, for logs and "why is it not compiled"
  std::string compiler;         // "gcc 12.2.0", when a worker made the object
  uint64_t compile_ns = 0;      // in the worker
  uint64_t round_trip_ns = 0;   // from sending to receiving
  std::vector<Answer> answers;
};

// What a worker did, for events.
enum class WorkerNews : uint8_t { kStarted, kStopped, kDied };

// Asked on the pool's thread for every request before a worker is. True: the answer's object is set, and the request's
// symbol and tier say what is in it.
using Known = std::function<bool(Request& request, BatchAnswer* answer)>;

struct PoolOptions {
  std::string worker_path;                       // empty: see jobs/worker_path.hpp
  std::string temp_parent;                       // empty: $TMPDIR and the usual places
  uint32_t workers = 1;                          // at most this many processes
  uint32_t batch_functions = 50;                 // in one compilation
  size_t batch_bytes = size_t{1} << 20;          // of bytecode in one compilation
  size_t queue_limit = 20000;                    // waiting requests
  std::chrono::milliseconds time_limit{10000};   // for one batch
  uint64_t memory_limit = uint64_t{2} << 30;     // address space of the compiling process
  std::chrono::milliseconds idle_limit{30000};   // then a worker is stopped
  std::chrono::milliseconds hello_limit{10000};  // for a worker to say hello
  std::chrono::milliseconds first_pause{1000};   // after three deaths in a row; doubles
  std::chrono::milliseconds longest_pause{60000};
  Known known;  // may be empty
  // Called on the pool's thread; `text` is for people. May be empty.
  std::function<void(WorkerNews news, const std::string& text)> on_worker;
};

struct PoolCounters {
  uint64_t submitted = 0;
  uint64_t compiled = 0;
  uint64_t known = 0;  // answered without a worker
  uint64_t refused = 0;
  uint64_t batches = 0;  // sent to a worker
  uint64_t worker_starts = 0;
  uint64_t worker_deaths = 0;  // without being told to
  uint64_t compile_ns = 0;
  uint32_t workers_alive = 0;
  uint32_t waiting = 0;  // not yet answered
};

using OnAnswer = std::function<void(BatchAnswer&&)>;

class Runner;

class Pool {
 public:
  // `on_answer` is called on the pool's thread, never after the destructor returned. Starts neither thread nor process.
  Pool(PoolOptions options, OnAnswer on_answer);
  // Answers what is waiting with kStopped, ends the workers, joins the thread.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // kNone: accepted, to be answered. Else refused at once and not answered. Never waits for a worker, never calls
  // on_answer.
  [[nodiscard]] observe::Reason submit(Request request);
  // The function of a request has run so often by now. Nothing happens when the request no longer waits.
  void raise(uint64_t id, uint64_t priority);
  // Nobody wants the answer any more: when the request still waits, it is answered with kUnused.
  void withdraw(uint64_t id);
  // True when everything submitted is answered; waits for that at most so long.
  bool wait_idle(std::chrono::milliseconds timeout);
  // Answers everything that is not yet with a worker with kStopped.
  void drop_waiting();
  // Takes the numbers of these options for everything from now on; paths stay. One thread at a time.
  void configure(const PoolOptions& options);
  // Stops idle workers now; the next request starts one again.
  void trim();
  // Forgets which functions killed the compiler and any pause.
  void forgive();
  PoolCounters counters() const;
  // "gcc 12.2.0" once a worker has said so, else empty.
  std::string compiler() const;

 private:
  Runner& runner() const;

  PoolOptions options_;
  OnAnswer on_answer_;
  std::vector<std::string> environment_;
  mutable std::atomic<Runner*> runner_;
};

}  // namespace terrace::jobs
