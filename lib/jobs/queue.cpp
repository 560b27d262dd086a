// jobs/queue.cpp: see the header.
#include "jobs/queue.hpp"

namespace terrace::jobs {

void Queue::push(Waiting waiting) {
  const Key key{waiting.request.tier, ~waiting.request.priority, sequence_++};
  waiting_.emplace(key, std::move(waiting));
}

std::vector<Waiting> Queue::take_batch(size_t max_functions, size_t max_bytes) {
  std::vector<Waiting> batch;
  auto next = waiting_.begin();
  const Tier tier = std::get<Tier>(next->first);
  size_t bytes = 0;
  while (next != waiting_.end() && std::get<Tier>(next->first) == tier && batch.size() < max_functions) {
    Waiting& candidate = next->second;
    bytes += candidate.request.symbol.size() + candidate.request.encoding.size();
    if (!batch.empty() && bytes > max_bytes) break;
    if (!batch.empty() && candidate.alone) {
      ++next;
      continue;
    }
    batch.push_back(std::move(candidate));
    next = waiting_.erase(next);
    if (batch.front().alone) break;
  }
  return batch;
}

std::vector<Waiting> Queue::take_all() {
  std::vector<Waiting> all;
  for (auto& [key, waiting] : waiting_) all.push_back(std::move(waiting));
  waiting_.clear();
  return all;
}

}  // namespace terrace::jobs
