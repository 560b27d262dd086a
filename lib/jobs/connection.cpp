// jobs/connection.cpp: see the header.
#include "jobs/connection.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bytecode/encoding.hpp"
#include "jobs/temp_directory.hpp"
#include "jobs/worker_path.hpp"

namespace terrace::jobs {
namespace {

using observe::Reason;

inline constexpr size_t kReadBytes = 64 * 1024;
inline constexpr int kLeaveMs = 300;  // for a worker to leave by itself once its socket gets no more
inline constexpr int kKillMs = 500;

}  // namespace

Reason Connection::start(const ConnectionOptions& options, std::string* text) {
  const std::string path = find_worker(options.worker_path, text);
  if (path.empty()) return Reason::kNoWorker;
  temp_candidates_ = temp_candidates(options.temp_parent);
  LaunchRequest request{path, {"--temp"}, options.environment};
  request.arguments.insert(request.arguments.end(), temp_candidates_.begin(), temp_candidates_.end());
  int error = 0;
  if (!launch(request, &launched_, &error)) {
    *text = path + ": " + strerrordesc_np(error);
    return error == ENOENT ? Reason::kNoWorker : Reason::kWorkerStart;
  }
  state_ = State::kStarting;
  grace_ = options.grace;
  deadline_ = Clock::now() + options.hello_limit;
  return Reason::kNone;
}

void Connection::send(const Batch& batch) {
  outbox_ = pack(batch);
  sent_ = 0;
  batch_number_ = batch.number;
  state_ = State::kBusy;
  deadline_ = Clock::now() + std::chrono::milliseconds(batch.time_limit_ms) + grace_;
}

Reason Connection::write_some() {
  while (sent_ < outbox_.size()) {
    const ssize_t n = ::send(launched_.socket, outbox_.data() + sent_, outbox_.size() - sent_, MSG_NOSIGNAL);
    if (n > 0) {
      sent_ += static_cast<size_t>(n);
    } else if (errno == EAGAIN) {
      return Reason::kNone;
    } else if (errno != EINTR) {
      return Reason::kWorkerDied;
    }
  }
  return Reason::kNone;
}

// One read at a time, so that a worker that never stops talking cannot hold the thread.
Reason Connection::read_some() {
  const size_t had = inbox_.size();
  inbox_.resize(had + kReadBytes);
  ssize_t n;
  do {
    n = recv(launched_.socket, inbox_.data() + had, kReadBytes, 0);
  } while (n < 0 && errno == EINTR);
  const int error = errno;
  inbox_.resize(had + static_cast<size_t>(std::max<ssize_t>(n, 0)));
  if (n > 0) return Reason::kNone;
  if (n < 0 && error == EAGAIN) return Reason::kNone;
  return state_ == State::kStarting ? Reason::kWorkerStart : Reason::kWorkerDied;
}

Reason Connection::take_hello(std::span<const uint8_t> body) {
  if (!unpack(body, &hello_)) return Reason::kBadAnswer;
  if (hello_.protocol_version != kProtocolVersion || hello_.abi_version != bytecode::kAbiVersion) {
    return Reason::kWorkerVersion;
  }
  state_ = State::kReady;
  return Reason::kNone;
}

Reason Connection::take_message(Result* result, bool* finished) {
  Head head{};
  if (inbox_.size() < kHeadBytes) return Reason::kNone;
  if (!unpack_head(inbox_, &head)) return Reason::kBadAnswer;
  if (inbox_.size() - kHeadBytes < head.length) return Reason::kNone;
  const std::span<const uint8_t> body = std::span(inbox_).subspan(kHeadBytes, head.length);
  Reason reason = Reason::kBadAnswer;
  if (state_ == State::kStarting && head.kind == MessageKind::kHello) {
    reason = take_hello(body);
  } else if (state_ == State::kBusy && head.kind == MessageKind::kResult && unpack(body, result) &&
             result->number == batch_number_ && !wants_to_write()) {
    reason = Reason::kNone;
    *finished = true;
    state_ = State::kReady;
  }
  inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<ptrdiff_t>(kHeadBytes + head.length));
  if (inbox_.empty()) inbox_.shrink_to_fit();
  deadline_ = Clock::time_point::max();
  idle_since_ = Clock::now();
  return reason;
}

Reason Connection::progress(Result* result, bool* finished) {
  *finished = false;
  Reason reason = write_some();
  const Reason read = read_some();
  if (const Reason taken = take_message(result, finished); *finished || taken != Reason::kNone) return taken;
  if (reason == Reason::kNone) reason = read;
  if (reason == Reason::kNone && Clock::now() >= deadline_) {
    reason = state_ == State::kStarting ? Reason::kWorkerStart : Reason::kTimeout;
  }
  return reason;
}

// Wherever the worker has made it.
void Connection::remove_directory() {
  for (const std::string& path : temp_candidates_) remove_temp_directory(path);
}

// A worker whose socket gets no more closes it as its last act, when its files are gone. What the system then takes back from its processes, some
// milliseconds of work, nobody needs to wait for.
bool Connection::wait_worker_left() const {
  const auto deadline = Clock::now() + std::chrono::milliseconds(kLeaveMs);
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd item{launched_.socket, POLLIN, 0};
    if (left <= 0 || (poll(&item, 1, static_cast<int>(left)) < 0 && errno != EINTR)) return false;
    char said[4096];  // an answer that nobody waits for
    const ssize_t n = recv(launched_.socket, said, sizeof said, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return true;
  }
}

void Connection::stop() {
  if (state_ == State::kDown) return;
  // Shut down, not only closed: a forked child of the host may hold a copy of the descriptor.
  shutdown(launched_.socket, SHUT_WR);
  // One that has not said anything has done nothing yet, and would take milliseconds to get so far as to notice. Its directory goes first:
  // the host may be ending, and once the worker is killed nobody else would remove it.
  const bool is_of_no_use = state_ == State::kStarting || Clock::now() >= deadline_;
  if (is_of_no_use) remove_directory();
  const bool has_left = !is_of_no_use && wait_worker_left();
  if (!has_left) kill_worker(launched_);
  if (!has_left || is_left_our_orphans()) wait_worker_gone(launched_, kKillMs);
  close(launched_.socket);
  if (launched_.pidfd >= 0) close(launched_.pidfd);
  remove_directory();
  launched_ = Launched{};
  outbox_.clear();
  inbox_.clear();
  sent_ = 0;
  deadline_ = Clock::time_point::max();
  state_ = State::kDown;
}

}  // namespace terrace::jobs
