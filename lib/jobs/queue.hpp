// jobs/queue.hpp: requests that wait for a worker, and how they become batches.
//
// Answers for: order (base before opt, hottest first, then oldest), batch sizes. Threads: none of its own; the caller
// locks.
#pragma once

#include <map>
#include <tuple>

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

class Queue {
 public:
  bool empty() const { return waiting_.empty(); }
  size_t size() const { return waiting_.size(); }
  void push(Waiting waiting);
  // The best waiting request and others of its tier, at most so many functions and bytes; at least one. Precondition:
  // not empty.
  std::vector<Waiting> take_batch(size_t max_functions, size_t max_bytes);
  std::vector<Waiting> take_all();

 private:
  using Key = std::tuple<Tier, uint64_t, uint64_t>;  // tier, colder, later
  std::map<Key, Waiting> waiting_;
  uint64_t sequence_ = 0;
};

}  // namespace terrace::jobs
