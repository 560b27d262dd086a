// differential/shrink.cpp: takes a failing program apart while it goes on failing in the same way.
//
// Calls and definitions are dropped first, then every subexpression is tried as nothing, as one of its own parts, or as a
// small constant, from the outside in.
#include <cstdio>

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
  static constexpr int kMostTries = 1500;

  size_t size() const {
    size_t all = best_.calls.size();
    for (const Definition& d : best_.definitions) all += size_of(d.value);
    return all;
  }

  bool keep(Program candidate) {
    if (tries_ >= kMostTries) return false;
    ++tries_;
    if (judge({&candidate, 1}, mode_) != verdict_) return false;
    best_ = std::move(candidate);
    return true;
  }

  void drop_calls() {
    for (size_t width = best_.calls.size() / 2; width > 0; width /= 2)
      for (size_t at = 0; at < best_.calls.size();) {
        Program candidate = best_;
        auto from = candidate.calls.begin() + static_cast<ptrdiff_t>(at);
        candidate.calls.erase(from, from + static_cast<ptrdiff_t>(std::min(width, candidate.calls.size() - at)));
        if (candidate.calls.empty() || !keep(std::move(candidate))) at += width;
      }
  }

  void drop_definitions() {
    for (size_t i = best_.definitions.size(); i > 0; --i) {
      Program candidate = best_;
      candidate.definitions.erase(candidate.definitions.begin() + static_cast<ptrdiff_t>(i - 1));
      keep(std::move(candidate));
    }
  }

  static Node* follow(Node& root, const std::vector<size_t>& path) {
    Node* at = &root;
    for (size_t step : path) {
      if (step >= at->kids.size()) return nullptr;
      at = &at->kids[step];
    }
    return at;
  }

  Node* current(Program& program, size_t definition) { return follow(program.definitions[definition].value, path_); }

  bool replace(size_t definition, Node with) {
    Program candidate = best_;
    Node* at = current(candidate, definition);
    if (at == nullptr || *at == with || size_of(*at) < size_of(with)) return false;
    if (!at->is_list() && size_of(with) == 1 && at->atom.size() <= with.atom.size()) return false;
    *at = std::move(with);
    return keep(std::move(candidate));
  }

  bool erase_kid(size_t definition, size_t kid) {
    Program candidate = best_;
    Node* at = current(candidate, definition);
    if (at == nullptr || kid >= at->kids.size()) return false;
    at->kids.erase(at->kids.begin() + static_cast<ptrdiff_t>(kid));
    return keep(std::move(candidate));
  }

  void simplify(size_t definition) {
    if (tries_ >= kMostTries) return;
    bool smaller = true;
    while (smaller) {
      smaller = false;
      Node* at = current(best_, definition);
      if (at == nullptr || !at->is_list()) return;
      if (!path_.empty()) {
        for (const char* constant : {"0", "nil"})
          if (replace(definition, constant)) return;
        std::vector<Node> kids = at->kids;
        for (size_t i = 0; i < kids.size() && !smaller; ++i) smaller = replace(definition, kids[i]);
      }
    }
    drop_kids(definition);
    Node* at = current(best_, definition);
    for (size_t i = 0; at != nullptr && i < at->kids.size(); ++i) {
      path_.push_back(i);
      simplify(definition);
      path_.pop_back();
      at = current(best_, definition);
    }
  }

  void drop_kids(size_t definition) {
    Node* at = current(best_, definition);
    for (size_t i = at == nullptr ? 0 : at->kids.size(); i > 1; --i) erase_kid(definition, i - 1);
  }

  Program best_;
  const std::string& mode_;
  Verdict verdict_;
  std::vector<size_t> path_;
  int tries_ = 0;
};

}  // namespace

Program shrink(Program program, const std::string& mode, Verdict verdict) {
  return Shrinker(std::move(program), mode, verdict).run();
}

}  // namespace terrace::differential
