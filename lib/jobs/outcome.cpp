// jobs/outcome.cpp: what follows from a worker's answer or death.
//
// 1. A batch that failed is tried again one function at a time, so that one bad function does not cost the others.
// 2. A function that, alone, ends the compiler or the worker twice is poisoned; one that alone takes too long is so at
// once.
// 3. Three dead workers, or ten crashed compilers, in a row without a success between bring a pause in which everything
// is refused
//    at once; the next pause is twice as long. What cannot be healed by trying again soon (no worker, no compiler, no
//    directory) brings a pause immediately.
#include "jobs/runner.hpp"

namespace terrace::jobs {

uint64_t fingerprint(const Request& request);

namespace {

using observe::Reason;

inline constexpr uint32_t kDeathsBeforePause = 3;
inline constexpr uint32_t kCrashesBeforePause = 10;
inline constexpr uint32_t kDeathsOfOneFunction = 2;

uint64_t nanoseconds_since(Clock::time_point then) {
  return static_cast<uint64_t>(std::chrono::nanoseconds(Clock::now() - then).count());
}

bool is_about_the_machine(Reason reason) {
  return reason == Reason::kCompilerMissing || reason == Reason::kTempDirectory || reason == Reason::kNoWorker;
}

}  // namespace

void Runner::on_result(Slot& slot, Result&& result) {
  std::vector<Waiting> batch = std::move(slot.batch);
  slot.batch.clear();
  deaths_in_row_ = 0;
  if (result.reason == Reason::kNone && result.object.empty()) result.reason = Reason::kBadAnswer;
  if (result.reason != Reason::kNone) {
    if (result.reason == Reason::kCompilerCrash) ++crashes_in_row_;
    on_failed_batch(std::move(batch), result.reason, result.text);
    return;
  }
  on_success();
  BatchAnswer reply;
  reply.object = std::move(result.object);
  reply.text = std::move(result.text);
  reply.compiler = compiler();
  reply.compile_ns = result.compile_ns;
  reply.round_trip_ns = nanoseconds_since(slot.sent);
  answer(std::move(batch), Reason::kNone, std::move(reply));
}

void Runner::on_failed_batch(std::vector<Waiting> batch, Reason reason, const std::string& text) {
  if (is_about_the_machine(reason)) {
    pause(reason, text);
    answer_failed(std::move(batch), reason, text);
  } else if (batch.size() > 1) {
    again_alone(std::move(batch));
  } else if (reason == Reason::kCompilerCrash) {
    on_killed_alone(std::move(batch.front()), reason, text);
  } else {
    if (reason == Reason::kTimeout) poison(batch.front().request);
    answer_failed(std::move(batch), reason, text);
  }
  if (crashes_in_row_ >= kCrashesBeforePause) pause(Reason::kWorkerPaused, text);
}

void Runner::on_killed_alone(Waiting waiting, Reason reason, const std::string& text) {
  std::vector<Waiting> one;
  const bool gives_up = ++waiting.deaths >= kDeathsOfOneFunction || reason == Reason::kTimeout;
  if (gives_up) poison(waiting.request);
  one.push_back(std::move(waiting));
  if (gives_up) {
    answer_failed(std::move(one), reason, text);
  } else {
    again_alone(std::move(one));
  }
}

void Runner::on_death(Slot& slot, Reason reason) {
  slot.connection.stop();
  std::vector<Waiting> batch = std::move(slot.batch);
  slot.batch.clear();
  {
    std::lock_guard lock(mutex_);
    ++counters_.worker_deaths;
    --counters_.workers_alive;
  }
  const std::string text(observe::reason_text(reason).sentence);
  tell(WorkerNews::kDied, text);
  if (reason == Reason::kWorkerVersion) {
    pause(reason, text);
  } else if (++deaths_in_row_ >= kDeathsBeforePause) {
    pause(Reason::kWorkerPaused, "last: " + text);
  }
  if (batch.size() == 1) {
    on_killed_alone(std::move(batch.front()), reason, text);
  } else {
    again_alone(std::move(batch));
  }
}

void Runner::on_success() {
  deaths_in_row_ = 0;
  crashes_in_row_ = 0;
  next_pause_ = options_.first_pause;
  paused_until_ = {};
}

void Runner::pause(Reason reason, std::string text) {
  pause_reason_ = reason;
  pause_text_ = std::move(text);
  paused_until_ = Clock::now() + next_pause_;
  next_pause_ = std::min(2 * next_pause_, options_.longest_pause);
  crashes_in_row_ = 0;
}

void Runner::again_alone(std::vector<Waiting> batch) {
  std::lock_guard lock(mutex_);
  for (Waiting& w : batch) {
    w.alone = true;
    queue_.push(std::move(w));
  }
}

void Runner::poison(const Request& request) {
  std::lock_guard lock(mutex_);
  poisoned_.insert(fingerprint(request));
}

void Runner::answer(std::vector<Waiting> batch, Reason reason, BatchAnswer reply) {
  if (batch.empty()) return;
  const size_t count = batch.size();
  reply.tier = batch.front().request.tier;
  for (Waiting& w : batch) {
    reply.answers.push_back({w.request.id, std::move(w.request.symbol), reason, nanoseconds_since(w.since)});
  }
  const uint64_t compile_ns = reply.compile_ns;
  const bool was_known = reply.was_known;
  on_answer_(std::move(reply));
  std::lock_guard lock(mutex_);
  (was_known ? counters_.known : reason == Reason::kNone ? counters_.compiled : counters_.refused) += count;
  counters_.compile_ns += compile_ns;
  unanswered_ -= count;
  if (unanswered_ == 0) idle_.notify_all();
}

// Requests of both tiers may fail together; each answer has one tier.
void Runner::answer_failed(std::vector<Waiting> batch, Reason reason, const std::string& text) {
  for (Tier tier : {Tier::kBase, Tier::kOpt}) {
    std::vector<Waiting> same;
    for (Waiting& w : batch) {
      if (w.request.tier == tier) same.push_back(std::move(w));
    }
    BatchAnswer reply;
    reply.text = text;
    answer(std::move(same), reason, std::move(reply));
  }
}

}  // namespace terrace::jobs
