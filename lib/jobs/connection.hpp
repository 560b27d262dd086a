// jobs/connection.hpp: one worker process as the engine sees it, from its start to the removal of its directory.
//
// Answers for: starting, the conversation of jobs/protocol.hpp without ever blocking on the socket, time limits, the
// end. Not for: which functions are compiled and what follows from a death (jobs/runner.hpp). Threads: one, the pool's.
//
//   kDown --start--> kStarting --Hello--> kReady --send--> kBusy --Result--> kReady
//     ^---------------- stop, or death seen by end of file, garbage or a missed deadline ----'
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "jobs/launch.hpp"
#include "jobs/protocol.hpp"

namespace terrace::jobs {

using Clock = std::chrono::steady_clock;

// What starting and talking to a worker needs to know.
struct ConnectionOptions {
  std::string worker_path;  // option of the user; may be empty
  std::string temp_parent;  // the same
  std::vector<std::string> environment;
  std::chrono::milliseconds hello_limit{10000};
  std::chrono::milliseconds grace{3000};  // for the worker to enforce a batch's limit itself
};

class Connection {
 public:
  enum class State { kDown, kStarting, kReady, kBusy };

  Connection() = default;
  Connection(const Connection&) = delete;
  ~Connection() { stop(); }

  State state() const { return state_; }
  int socket() const { return launched_.socket; }
  bool wants_to_write() const { return sent_ < outbox_.size(); }
  const Hello& hello() const { return hello_; }
  // When something is overdue; the end of time when nothing is awaited.
  Clock::time_point deadline() const { return deadline_; }
  Clock::time_point idle_since() const { return idle_since_; }

  // kNone, or why there is no worker, with *text.
  observe::Reason start(const ConnectionOptions& options, std::string* text);
  // Precondition: kReady.
  void send(const Batch& batch);
  // Moves bytes as far as the socket lets it. kNone with *finished set when the answer to the batch is complete, kNone
  // without when more is to come; else why the worker is of no use any more: the caller stops it.
  observe::Reason progress(Result* result, bool* finished);
  // Ends the process, if any, and removes its directory. Takes a fraction of a millisecond, at most about a second.
  void stop();

 private:
  bool wait_worker_left() const;
  void remove_directory();
  observe::Reason write_some();
  observe::Reason read_some();
  observe::Reason take_message(Result* result, bool* finished);
  observe::Reason take_hello(std::span<const uint8_t> body);

  State state_ = State::kDown;
  Launched launched_;
  std::vector<std::string> temp_candidates_;
  Hello hello_;
  uint64_t batch_number_ = 0;
  std::vector<uint8_t> outbox_;
  size_t sent_ = 0;
  std::vector<uint8_t> inbox_;
  std::chrono::milliseconds grace_{0};
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point idle_since_{};
};

}  // namespace terrace::jobs
