// jobs/queue.cpp: see the header.
#include "jobs/queue.hpp"

#include <algorithm>

namespace terrace::jobs {
namespace {

// A call saves about so many times more by leaving the interpreter than by leaving base code.
constexpr uint64_t kBaseWeight = 32;
constexpr uint64_t kMostPriority = UINT64_MAX / kBaseWeight;
// A batch takes longer by every function in it, so it holds none that has less than this part of the best one's benefit. Against 32, with which most of
// what waits goes into one batch, thirty runs of vtrace take 0.90 of the time from a cold start and matmul 0.92, the other kernels the same.
constexpr uint64_t kSpread = 4;

}  // namespace

uint64_t benefit_of(const Request& request) {
  return request.tier == Tier::kBase ? std::min(request.priority, kMostPriority) * kBaseWeight : request.priority;
}

void Queue::push(Waiting waiting) {
  const Key key{~benefit_of(waiting.request), sequence_++};
  keys_[waiting.request.id] = key;
  waiting_.emplace(key, std::move(waiting));
}

void Queue::raise(uint64_t id, uint64_t priority) {
  const auto found = keys_.find(id);
  if (found == keys_.end()) return;
  auto node = waiting_.extract(found->second);
  Request& request = node.mapped().request;
  request.priority = std::max(request.priority, priority);
  node.key().first = ~benefit_of(request);
  found->second = node.key();
  waiting_.insert(std::move(node));
}

bool Queue::withdraw(uint64_t id, std::vector<Waiting>* to) {
  const auto found = keys_.find(id);
  if (found == keys_.end()) return false;
  take(waiting_.find(found->second), to);
  return true;
}

Queue::Places::iterator Queue::take(Places::iterator at, std::vector<Waiting>* to) {
  keys_.erase(at->second.request.id);
  to->push_back(std::move(at->second));
  return waiting_.erase(at);
}

std::vector<Waiting> Queue::take_batch(size_t max_functions, size_t max_bytes) {
  std::vector<Waiting> batch;
  auto next = waiting_.begin();
  const Tier tier = next->second.request.tier;
  const uint64_t least = benefit_of(next->second.request) / kSpread;
  size_t bytes = 0;
  while (next != waiting_.end() && batch.size() < max_functions) {
    const Waiting& candidate = next->second;
    if (benefit_of(candidate.request) < least) break;
    const bool first = batch.empty();
    if (!first && (candidate.alone || candidate.request.tier != tier)) {
      ++next;
      continue;
    }
    bytes += packed_bytes(candidate.request);
    if (!first && bytes > max_bytes) break;
    next = take(next, &batch);
    if (batch.front().alone) break;
  }
  return batch;
}

Waiting Queue::take_worst() {
  std::vector<Waiting> one;
  take(std::prev(waiting_.end()), &one);
  return std::move(one.front());
}

std::vector<Waiting> Queue::take_all() {
  std::vector<Waiting> all;
  for (auto& [key, waiting] : waiting_) all.push_back(std::move(waiting));
  waiting_.clear();
  keys_.clear();
  return all;
}

}  // namespace terrace::jobs
