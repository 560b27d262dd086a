// observe/events.hpp: what an engine tells about itself, and the two ways in which it is heard.
//
// Answers for: keeping the last events for whoever polls, and giving them to a listener. Not for: deciding what to tell (engine/).
//
//   tell, any thread --> level --> kept for poll (a bounded queue; the oldest give way)
//                              '-> waits for the listener's thread --> listener
//
// Invariants:
//  1. tell never calls the listener: it may be called on a stack or under a lock where no host code may run. The listener runs on a
//     thread of its own, which blocks all signals, has the default floating-point environment, and starts with the first event.
//  2. The listener gets events in the order of their numbers, and all that were told before the destructor. When it is slower than the
//     events come, the oldest waiting ones are dropped and counted.
//  3. In a child made by fork only poll hears: the listener stays the parent's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "observe/reasons.hpp"

namespace terrace::observe {

enum class EventKind : uint8_t {
#define T_EVENT(name, json, level, text) k##name,
#include "observe/events.def"
#undef T_EVENT
  kCount
};

struct EventInfo {
  std::string_view json;
  int level;
  std::string_view text;
};
const EventInfo& event_info(EventKind kind);

struct Event {
  EventKind kind{};
  std::string function;            // its name; "" when it is about none
  std::string tier;                // "base", "opt" or ""
  Reason reason = Reason::kNone;
  std::string detail;              // for people
  uint64_t number = 0;             // from 1, of this engine
  uint64_t time_ns = 0;            // of the system's monotonic clock
};

// One line for people, without the kind.
std::string describe(const Event& event);

class Events {
 public:
  using Listener = std::function<void(const Event&)>;
  // An empty listener is allowed.
  explicit Events(Listener listener);
  ~Events();
  Events(const Events&) = delete;

  // What is told (events.def), and how many are kept for poll.
  void set_level(int level) { level_.store(level, std::memory_order_relaxed); }
  void set_kept(size_t most);
  // Whether telling such an event has any effect; for those that cost something to describe.
  bool wanted(EventKind kind) const;
  void tell(Event event);
  // Takes what is kept, oldest first.
  std::vector<Event> poll();
  // Waits until the listener has returned from everything told before, at most so long. Not from the listener.
  void flush(std::chrono::milliseconds longest);
  // Events that neither poll nor the listener got, since there was no room.
  uint64_t lost() const;

 private:
  class Core;
  Core& core() const;

  Listener listener_;
  std::atomic<int> level_{2};
  std::atomic<size_t> kept_{0};
  mutable std::atomic<Core*> core_;
};

}  // namespace terrace::observe
