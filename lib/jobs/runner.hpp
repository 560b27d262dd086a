// jobs/runner.hpp: the pool's thread: hands batches to workers, judges what comes back.
//
// Answers for: asking PoolOptions::known first; starting, feeding, stopping workers; splitting a batch that failed, giving up a function that keeps
// killing the compiler, pausing when workers keep dying. Not for: bytes and processes (jobs/connection.hpp), forks
// (jobs/pool.cpp). Invariant: unanswered_ counts accepted requests whose answer has not returned from on_answer_; each
// of them is either in unasked_ or queue_, or in the batch of one slot, or in the hands of the thread. Threads: public members from
// any; the rest on the runner's own, except where mutex_ guards.
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <unordered_set>

#include "jobs/queue.hpp"

namespace terrace::jobs {

class Runner {
 public:
  Runner(const PoolOptions& options, const OnAnswer& on_answer, const std::vector<std::string>& environment);
  // Precondition: owner() is this process.
  ~Runner();
  Runner(const Runner&) = delete;

  // The process in which the thread lives.
  pid_t owner() const { return owner_; }
  observe::Reason submit(Request request);
  void raise(uint64_t id, uint64_t priority);
  void withdraw(uint64_t id);
  bool wait_idle(std::chrono::milliseconds timeout);
  void drop_waiting();
  void configure(const PoolOptions& options);
  void trim();
  void forgive();
  PoolCounters counters() const;
  std::string compiler() const;

 private:
  struct Slot {
    Connection connection;
    std::vector<Waiting> batch;
    Clock::time_point sent;
  };

  static void* thread_main(void* self);
  bool start_thread();
  void wake();
  void ring();
  void run();
  bool take_orders();
  void recover();

  void answer_known();
  std::vector<Waiting> take_waiting();
  void refuse_while_paused();
  void dispatch();
  void feed(Slot& slot);
  void start_one();
  void stop_idle(bool all);
  size_t wanted_slots() const;
  void tell(WorkerNews news, const std::string& text) const;
  void wait_events();
  int poll_timeout_ms() const;
  void serve(Slot& slot);

  void on_result(Slot& slot, Result&& result);
  void on_failed_batch(std::vector<Waiting> batch, observe::Reason reason, const std::string& text);
  void on_killed_alone(Waiting waiting, observe::Reason reason, const std::string& text);
  void on_death(Slot& slot, observe::Reason reason);
  void on_success();
  void pause(observe::Reason reason, std::string text);
  void again_alone(std::vector<Waiting> batch);
  void poison(const Request& request);
  void answer(std::vector<Waiting> batch, observe::Reason reason, BatchAnswer reply);
  void answer_failed(std::vector<Waiting> batch, observe::Reason reason, const std::string& text);

  PoolOptions options_;  // of the thread alone; it takes over next_options_
  const OnAnswer on_answer_;
  const pid_t owner_;
  int wake_fd_ = -1;
  ConnectionOptions connection_options_;
  std::vector<Slot> slots_;

  mutable std::mutex mutex_;  // guards the following
  std::condition_variable idle_;
  Queue unasked_;  // PoolOptions::known was not asked for them yet
  PoolOptions next_options_;
  Queue queue_;
  std::vector<Waiting> displaced_;  // by better ones, to be refused
  std::vector<Waiting> withdrawn_;  // to be refused, too
  bool rung_ = false;               // the thread was woken and has not looked yet
  PoolCounters counters_;
  uint64_t unanswered_ = 0;
  std::unordered_set<uint64_t> poisoned_;
  std::string compiler_;
  bool has_thread_ = false;
  bool stop_ = false;
  bool trim_ = false;
  bool drop_ = false;
  bool forgive_ = false;
  bool configure_ = false;

  // Of the thread alone.
  pthread_t thread_{};
  uint64_t batch_number_ = 0;
  uint32_t deaths_in_row_ = 0;   // of workers, without a success between
  uint32_t crashes_in_row_ = 0;  // of compilers inside workers
  std::chrono::milliseconds next_pause_;
  Clock::time_point paused_until_{};
  observe::Reason pause_reason_ = observe::Reason::kNone;
  std::string pause_text_;
};

}  // namespace terrace::jobs
