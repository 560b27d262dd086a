// jobs/runner.cpp: the runner's thread and its loop. What follows from an answer or a death is in jobs/outcome.cpp.
#include "jobs/runner.hpp"

#include <fenv.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

namespace terrace::jobs {
namespace {

using observe::Reason;

inline constexpr size_t kThreadStackBytes = 256 * 1024;
inline constexpr size_t kMaxSymbolBytes = 1000;
inline constexpr uint32_t kMostWorkers = 64;

}  // namespace

uint64_t fingerprint(const Request& request) {
  const std::string_view bytes(reinterpret_cast<const char*>(request.encoding.data()), request.encoding.size());
  return std::hash<std::string_view>{}(bytes)*2 + (request.tier == Tier::kOpt ? 1 : 0);
}

Runner::Runner(const PoolOptions& options, const OnAnswer& on_answer, const std::vector<std::string>& environment)
    : options_(options),
      on_answer_(on_answer),
      owner_(getpid()),
      slots_(kMostWorkers),
      next_options_(options),
      next_pause_(options.first_pause) {
  connection_options_.worker_path = options.worker_path;
  connection_options_.temp_parent = options.temp_parent;
  connection_options_.environment = environment;
  connection_options_.hello_limit = options.hello_limit;
}

Runner::~Runner() {
  bool has_thread;
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    has_thread = has_thread_;
  }
  if (has_thread) {
    wake();
    pthread_join(thread_, nullptr);
  }
  if (wake_fd_ >= 0) close(wake_fd_);
}

// --- called from any thread

Reason Runner::submit(Request request) {
  if (request.symbol.size() > kMaxSymbolBytes || packed_bytes(request) > kMaxMessageBytes / 2)
    return Reason::kTooLarge;
  {
    std::lock_guard lock(mutex_);
    if (poisoned_.contains(fingerprint(request))) return Reason::kPoisoned;
    const bool full = unasked_.size() + queue_.size() >= next_options_.queue_limit;
    if (full && (queue_.empty() || queue_.least_benefit() >= benefit_of(request))) return Reason::kQueueFull;
    if (!has_thread_ && !start_thread()) return Reason::kWorkerStart;
    if (full) displaced_.push_back(queue_.take_worst());
    (options_.known ? unasked_ : queue_).push({std::move(request), Clock::now()});
    ++unanswered_;
    ++counters_.submitted;
    ring();
  }
  return Reason::kNone;
}

void Runner::raise(uint64_t id, uint64_t priority) {
  std::lock_guard lock(mutex_);
  unasked_.raise(id, priority);
  queue_.raise(id, priority);
}

bool Runner::wait_idle(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, timeout, [this] { return unanswered_ == 0; });
}

void Runner::drop_waiting() {
  std::lock_guard lock(mutex_);
  drop_ = true;
  wake();
}

void Runner::configure(const PoolOptions& options) {
  std::lock_guard lock(mutex_);
  next_options_ = options;
  configure_ = true;
  wake();
}

void Runner::trim() {
  std::lock_guard lock(mutex_);
  trim_ = true;
  wake();
}

void Runner::forgive() {
  std::lock_guard lock(mutex_);
  poisoned_.clear();
  forgive_ = true;
  wake();
}

PoolCounters Runner::counters() const {
  std::lock_guard lock(mutex_);
  PoolCounters copy = counters_;
  copy.waiting = static_cast<uint32_t>(unanswered_);
  return copy;
}

std::string Runner::compiler() const {
  std::lock_guard lock(mutex_);
  return compiler_;
}

// The host's handlers must never run on our thread, so it is born with everything blocked.
bool Runner::start_thread() {
  if (wake_fd_ < 0) wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd_ < 0) return false;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kThreadStackBytes);
  has_thread_ = pthread_create(&thread_, &attributes, thread_main, this) == 0;
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return has_thread_;
}

void Runner::withdraw(uint64_t id) {
  std::lock_guard lock(mutex_);
  if (queue_.withdraw(id, &withdrawn_)) ring();
}

// Wakes the thread once, however many requests come before it looks. Under mutex_.
void Runner::ring() {
  if (!std::exchange(rung_, true)) wake();
}

void Runner::wake() {
  const uint64_t one = 1;
  while (wake_fd_ >= 0 && write(wake_fd_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

// --- the thread

void* Runner::thread_main(void* self) {
  fesetenv(FE_DFL_ENV);
  pthread_setname_np(pthread_self(), "terrace-jobs");
  static_cast<Runner*>(self)->run();
  return nullptr;
}

void Runner::run() {
  bool go_on = true;
  while (go_on) {
    try {
      go_on = take_orders();
      if (!go_on) break;
      answer_known();
      refuse_while_paused();
      dispatch();
      wait_events();
      for (Slot& slot : slots_) serve(slot);
      stop_idle(false);
    } catch (...) {
      recover();  // no memory: an engine without compiled code is still right
    }
  }
  std::vector<Waiting> left;
  for (Slot& slot : slots_) {
    slot.connection.stop();
    std::move(slot.batch.begin(), slot.batch.end(), std::back_inserter(left));
    slot.batch.clear();
  }
  {
    std::lock_guard lock(mutex_);
    std::vector<Waiting> queued = take_waiting();
    std::move(queued.begin(), queued.end(), std::back_inserter(left));
    for (std::vector<Waiting>* others : {&displaced_, &withdrawn_}) {
      std::move(others->begin(), others->end(), std::back_inserter(left));
      others->clear();
    }
    counters_.workers_alive = 0;
  }
  answer_failed(std::move(left), Reason::kStopped, "");
}

// False when the thread shall end.
bool Runner::take_orders() {
  bool trim, configured;
  std::vector<Waiting> dropped, displaced, withdrawn;
  {
    std::lock_guard lock(mutex_);
    if (stop_) return false;
    rung_ = false;
    displaced.swap(displaced_);
    withdrawn.swap(withdrawn_);
    trim = std::exchange(trim_, false);
    if (std::exchange(drop_, false)) dropped = take_waiting();
    if (std::exchange(forgive_, false)) on_success();
    configured = std::exchange(configure_, false);
    if (configured) options_ = next_options_;
  }
  if (trim || configured) stop_idle(trim);
  answer_failed(std::move(dropped), Reason::kStopped, "");
  answer_failed(std::move(displaced), Reason::kQueueFull, "");
  answer_failed(std::move(withdrawn), Reason::kUnused, "");
  return true;
}

void Runner::recover() {
  for (Slot& slot : slots_) {
    slot.connection.stop();
    slot.batch.clear();
  }
  std::lock_guard lock(mutex_);
  unasked_ = Queue();
  queue_ = Queue();
  displaced_.clear();
  withdrawn_.clear();
  unanswered_ = 0;
  counters_.workers_alive = 0;
  idle_.notify_all();
}

// Precondition: mutex_ is held.
std::vector<Waiting> Runner::take_waiting() {
  std::vector<Waiting> all = unasked_.take_all();
  std::vector<Waiting> asked = queue_.take_all();
  std::move(asked.begin(), asked.end(), std::back_inserter(all));
  return all;
}

// Needs no worker, so neither a pause nor a machine without a compiler stands in its way.
void Runner::answer_known() {
  std::vector<Waiting> unasked;
  {
    std::lock_guard lock(mutex_);
    unasked = unasked_.take_all();
  }
  for (Waiting& waiting : unasked) {
    BatchAnswer reply;
    reply.was_known = options_.known(waiting.request, &reply);
    if (reply.was_known) {
      std::vector<Waiting> one;
      one.push_back(std::move(waiting));
      answer(std::move(one), Reason::kNone, std::move(reply));
    } else {
      std::lock_guard lock(mutex_);
      queue_.push(std::move(waiting));
    }
  }
}

void Runner::refuse_while_paused() {
  if (Clock::now() >= paused_until_) return;
  std::vector<Waiting> refused;
  {
    std::lock_guard lock(mutex_);
    refused = queue_.take_all();
  }
  answer_failed(std::move(refused), pause_reason_, pause_text_);
}

// Slots beyond these get no work, so their workers are soon idle and stopped.
size_t Runner::wanted_slots() const { return std::clamp<size_t>(options_.workers, 1, slots_.size()); }

void Runner::tell(WorkerNews news, const std::string& text) const {
  if (options_.on_worker) options_.on_worker(news, text);
}

void Runner::dispatch() {
  for (size_t i = 0; i < wanted_slots(); i++) {
    if (slots_[i].connection.state() == Connection::State::kReady) feed(slots_[i]);
  }
  start_one();
}

void Runner::feed(Slot& slot) {
  {
    std::lock_guard lock(mutex_);
    if (queue_.empty()) return;
    const size_t share = (queue_.size() + wanted_slots() - 1) / wanted_slots();
    const size_t limit = std::min<size_t>(options_.batch_functions, kMaxBatchFunctions);
    slot.batch = queue_.take_batch(std::clamp<size_t>(share, 1, std::max<size_t>(limit, 1)), options_.batch_bytes);
    ++counters_.batches;
  }
  Batch batch;
  batch.number = ++batch_number_;
  batch.tier = slot.batch.front().request.tier;
  batch.time_limit_ms = static_cast<uint32_t>(options_.time_limit.count());
  batch.memory_limit = options_.memory_limit;
  for (const Waiting& w : slot.batch) batch.jobs.push_back(w.request);
  slot.sent = Clock::now();
  slot.connection.send(batch);
}

// One worker is started at a time, when there is work that no other is ready for.
void Runner::start_one() {
  {
    std::lock_guard lock(mutex_);
    if (queue_.empty()) return;
  }
  Slot* down = nullptr;
  for (Slot& slot : std::span(slots_).first(wanted_slots())) {
    if (slot.connection.state() == Connection::State::kStarting) return;
    if (slot.connection.state() == Connection::State::kDown && !down) down = &slot;
  }
  if (!down) return;
  std::string text;
  const Reason reason = down->connection.start(connection_options_, &text);
  if (reason != Reason::kNone) {
    pause(reason, text);
    refuse_while_paused();
    return;
  }
  {
    std::lock_guard lock(mutex_);
    ++counters_.worker_starts;
    ++counters_.workers_alive;
  }
  tell(WorkerNews::kStarted, "");
}

// A worker that is not needed any more, or has had nothing to do for long and would get nothing now.
void Runner::stop_idle(bool all) {
  const auto now = Clock::now();
  bool has_work;
  {
    std::lock_guard lock(mutex_);
    has_work = !queue_.empty();
  }
  for (size_t i = 0; i < slots_.size(); i++) {
    Connection& c = slots_[i].connection;
    const bool wanted = i < wanted_slots() && (has_work || now - c.idle_since() < options_.idle_limit);
    if (c.state() != Connection::State::kReady || (wanted && !all)) continue;
    c.stop();
    {
      std::lock_guard lock(mutex_);
      --counters_.workers_alive;
    }
    tell(WorkerNews::kStopped, i < wanted_slots() ? "there is no work for it" : "fewer workers are wanted");
  }
}

int Runner::poll_timeout_ms() const {
  auto next = Clock::time_point::max();
  for (const Slot& slot : slots_) {
    const Connection& c = slot.connection;
    next = std::min(next, c.deadline());
    if (c.state() == Connection::State::kReady) next = std::min(next, c.idle_since() + options_.idle_limit);
  }
  if (next == Clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 3'600'000));
}

void Runner::wait_events() {
  std::vector<pollfd> items = {{wake_fd_, POLLIN, 0}};
  for (const Slot& slot : slots_) {
    const Connection& c = slot.connection;
    if (c.state() == Connection::State::kDown) continue;
    items.push_back({c.socket(), static_cast<short>(c.wants_to_write() ? POLLIN | POLLOUT : POLLIN), 0});
  }
  if (poll(items.data(), items.size(), poll_timeout_ms()) < 0) return;  // EINTR: look again
  uint64_t count;
  if (items[0].revents && read(wake_fd_, &count, sizeof count) < 0) return;
}

void Runner::serve(Slot& slot) {
  const Connection::State before = slot.connection.state();
  if (before == Connection::State::kDown) return;
  Result result;
  bool finished = false;
  const Reason reason = slot.connection.progress(&result, &finished);
  if (finished) {
    on_result(slot, std::move(result));
  } else if (reason != Reason::kNone) {
    on_death(slot, reason);
  } else if (before == Connection::State::kStarting && slot.connection.state() == Connection::State::kReady) {
    const Hello& h = slot.connection.hello();
    std::lock_guard lock(mutex_);
    compiler_ =
        "gcc " + std::to_string(h.gcc_major) + "." + std::to_string(h.gcc_minor) + "." + std::to_string(h.gcc_patch);
  }
}

}  // namespace terrace::jobs
