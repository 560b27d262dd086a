// jobs/queue.hpp: requests that wait for a worker, and how they become batches.
//
// Answers for: order (the most benefit first, then the oldest), what goes into a batch, who gives way in a full queue. Threads: none of
// its own; the caller locks.
//
// The benefit of a request is how often its function has run; a function that runs on in the interpreter counts for more than one that
// has base code already, for it gains more. While a request waits its benefit grows (raise), so of many functions that turned hot at once
// the hottest comes first, whenever it asked.
#pragma once

#include <map>
#include <unordered_map>

#include "jobs/connection.hpp"
#include "jobs/pool.hpp"

namespace terrace::jobs {

// A request on its way, with what happened to it so far.
struct Waiting {
  Request request;
  Clock::time_point since;
  bool alone = false;   // goes in a batch of its own, because it was in one that failed
  uint32_t deaths = 0;  // of compilers that had only this function
};

uint64_t benefit_of(const Request& request);

class Queue {
 public:
  bool empty() const { return waiting_.empty(); }
  size_t size() const { return waiting_.size(); }
  void push(Waiting waiting);
  // The function of a waiting request has run more often; nothing happens when none waits under that id.
  void raise(uint64_t id, uint64_t priority);
  // Takes a request that nobody wants any more out; false when none waits under that id.
  bool withdraw(uint64_t id, std::vector<Waiting>* to);
  // The best waiting request and others of its tier, at most so many functions and bytes; at least one. Those with far less benefit are
  // left for later, for the best would wait for them too. Precondition: not empty.
  std::vector<Waiting> take_batch(size_t max_functions, size_t max_bytes);
  // The benefit of the worst waiting request, and that request. Precondition: not empty.
  uint64_t least_benefit() const { return ~waiting_.rbegin()->first.first; }
  Waiting take_worst();
  std::vector<Waiting> take_all();

 private:
  using Key = std::pair<uint64_t, uint64_t>;  // less benefit, later
  using Places = std::map<Key, Waiting>;
  Places::iterator take(Places::iterator at, std::vector<Waiting>* to);

  Places waiting_;
  std::unordered_map<uint64_t, Key> keys_;  // by id
  uint64_t sequence_ = 0;
};

}  // namespace terrace::jobs
