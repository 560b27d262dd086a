// differential/shrink.cpp: takes a failing program apart while it goes on failing in the same way.
//
// Calls and definitions are dropped first; then every subexpression, from the outside in, is tried as nothing, as a small
// constant and as one of its own parts. What is tried at one place is judged together, since starting a process for each
// attempt would take most of the time.
#include "compare.hpp"

namespace terrace::differential {
namespace {

class Shrinker {
 public:
  Shrinker(Program program, const std::string& mode, Verdict verdict)
      : best_(std::move(program)), mode_(mode), verdict_(verdict) {}

  Program run() {
    size_t before = 0;
    do {
      before = size();
      drop_calls();
      drop_definitions();
      for (size_t i = 0; i < best_.definitions.size(); ++i) {
        path_.clear();
        simplify(i);
      }
    } while (size() < before && tries_ < kMostTries);
    return best_;
  }

 private:
  static constexpr size_t kMostTries = 2500;
  static constexpr size_t kTogether = 16;

  size_t size() const {
    size_t all = best_.calls.size();
    for (const Definition& d : best_.definitions) all += size_of(d.value);
    return all;
  }

  // Goes on with the first candidate that still fails.
  bool keep(std::vector<Program> candidates) {
    for (size_t from = 0; from < candidates.size() && tries_ < kMostTries; from += kTogether) {
      size_t n = std::min(kTogether, candidates.size() - from);
      tries_ += n;
      std::vector<Verdict> verdicts = judge_each({candidates.data() + from, n}, mode_);
      for (size_t i = 0; i < n; ++i)
        if (verdicts[i] == verdict_) {
          best_ = std::move(candidates[from + i]);
          return true;
        }
    }
    return false;
  }

  void drop_calls() {
    for (size_t width = best_.calls.size() - 1; width > 0; width /= 2)
      for (bool dropped = true; dropped;) {
        std::vector<Program> candidates;
        for (size_t at = 0; at + width <= best_.calls.size() && width < best_.calls.size(); at += width) {
          candidates.push_back(best_);
          auto from = candidates.back().calls.begin() + static_cast<ptrdiff_t>(at);
          candidates.back().calls.erase(from, from + static_cast<ptrdiff_t>(width));
        }
        dropped = keep(std::move(candidates));
      }
  }

  void drop_definitions() {
    for (bool dropped = true; dropped;) {
      std::vector<Program> candidates;
      for (size_t i = best_.definitions.size(); i > 0; --i) {
        candidates.push_back(best_);
        candidates.back().definitions.erase(candidates.back().definitions.begin() + static_cast<ptrdiff_t>(i - 1));
      }
      dropped = keep(std::move(candidates));
    }
  }

  Node* current(Program& program, size_t definition) {
    Node* at = &program.definitions[definition].value;
    for (size_t step : path_) {
      if (step >= at->kids.size()) return nullptr;
      at = &at->kids[step];
    }
    return at;
  }

  Program with(size_t definition, Node node) {
    Program candidate = best_;
    *current(candidate, definition) = std::move(node);
    return candidate;
  }

  // The expression that stands here as nothing, a constant, one of its parts, or without one of them.
  std::vector<Program> smaller(size_t definition) {
    std::vector<Program> candidates;
    const Node here = *current(best_, definition);
    if (!path_.empty()) {
      for (const char* constant : {"0", "nil"}) candidates.push_back(with(definition, constant));
      for (const Node& kid : here.kids) candidates.push_back(with(definition, kid));
      for (const Node& kid : here.kids)
        for (const Node& grandkid : kid.kids) candidates.push_back(with(definition, grandkid));
    }
    for (size_t i = 1; i < here.kids.size(); ++i) {
      Node less = here;
      less.kids.erase(less.kids.begin() + static_cast<ptrdiff_t>(i));
      candidates.push_back(with(definition, std::move(less)));
    }
    return candidates;
  }

  void simplify(size_t definition) {
    Node* at = current(best_, definition);
    while (at != nullptr && at->is_list() && tries_ < kMostTries && keep(smaller(definition))) at = current(best_, definition);
    for (size_t i = 0; at != nullptr && i < at->kids.size(); ++i) {
      path_.push_back(i);
      if (at->kids[i].is_list()) simplify(definition);
      path_.pop_back();
      at = current(best_, definition);
    }
  }

  Program best_;
  const std::string& mode_;
  Verdict verdict_;
  std::vector<size_t> path_;
  size_t tries_ = 0;
};

}  // namespace

Program shrink(Program program, const std::string& mode, Verdict verdict) {
  return Shrinker(std::move(program), mode, verdict).run();
}

}  // namespace terrace::differential
