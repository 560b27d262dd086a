// worker/stream.hpp: whole messages over sockets for the worker's two kinds of process, blocking, but never longer than
// is sense.
//
// Answers for: reading and writing in the presence of signals, deadlines and of other descriptors that mean "stop".
// Not for: what messages say (jobs/protocol.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "jobs/protocol.hpp"

namespace terrace::worker {

using Clock = std::chrono::steady_clock;

enum class Outcome {
  kDone,
  kClosed,     // the other side is gone
  kMalformed,  // what came is no message
  kDeadline,
  kStop,  // one of the watched descriptors became readable or was closed
};

// Waits until `fd` has one of `events`; negative descriptors in `watched` are skipped.
Outcome wait_for(int fd, short events, std::span<const int> watched, Clock::time_point deadline);
// Reads one message of the given kind; its body goes to *body.
Outcome receive(int fd, jobs::MessageKind kind, std::vector<uint8_t>* body, std::span<const int> watched,
                Clock::time_point deadline);
Outcome transmit(int fd, std::span<const uint8_t> message, std::span<const int> watched, Clock::time_point deadline);

inline constexpr Clock::time_point kForever = Clock::time_point::max();

}  // namespace terrace::worker
