// worker/stream.cpp: see the header.
#include "worker/stream.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace terrace::worker {
namespace {

int milliseconds_until(Clock::time_point deadline) {
  if (deadline == kForever) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 3'600'000));
}

Outcome receive_bytes(int fd, std::span<uint8_t> bytes, std::span<const int> watched, Clock::time_point deadline) {
  while (!bytes.empty()) {
    if (const Outcome o = wait_for(fd, POLLIN, watched, deadline); o != Outcome::kDone) return o;
    const ssize_t n = recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (n == 0) return Outcome::kClosed;
    if (n < 0 && errno != EINTR && errno != EAGAIN) return Outcome::kClosed;
    if (n > 0) bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return Outcome::kDone;
}

}  // namespace

Outcome wait_for(int fd, short events, std::span<const int> watched, Clock::time_point deadline) {
  std::vector<pollfd> items = {{fd, events, 0}};
  for (int w : watched) items.push_back({w, POLLIN, 0});
  for (;;) {
    const int ready = poll(items.data(), items.size(), milliseconds_until(deadline));
    if (ready < 0) continue;  // EINTR
    for (size_t i = 1; i < items.size(); ++i) {
      if (items[i].revents) return Outcome::kStop;
    }
    if (items[0].revents) return Outcome::kDone;
    if (Clock::now() >= deadline) return Outcome::kDeadline;
  }
}

Outcome receive(int fd, jobs::MessageKind kind, std::vector<uint8_t>* body, std::span<const int> watched,
                Clock::time_point deadline) {
  uint8_t bytes[jobs::kHeadBytes];
  if (const Outcome o = receive_bytes(fd, bytes, watched, deadline); o != Outcome::kDone) return o;
  jobs::Head head{};
  if (!jobs::unpack_head(bytes, &head) || head.kind != kind) return Outcome::kMalformed;
  body->resize(head.length);
  return receive_bytes(fd, *body, watched, deadline);
}

Outcome transmit(int fd, std::span<const uint8_t> message, std::span<const int> watched, Clock::time_point deadline) {
  while (!message.empty()) {
    if (const Outcome o = wait_for(fd, POLLOUT, watched, deadline); o != Outcome::kDone) return o;
    const ssize_t n = send(fd, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EINTR && errno != EAGAIN) return Outcome::kClosed;
    if (n > 0) message = message.subspan(static_cast<size_t>(n));
  }
  return Outcome::kDone;
}

}  // namespace terrace::worker
