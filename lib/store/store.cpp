// store/store.cpp: see the header.
#include "store/store.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>

namespace terrace::store {
namespace {

inline constexpr int64_t kTouchSeconds = 24 * 3600;  // how exact the time of the last use is
inline constexpr int64_t kStaleSeconds = 15 * 60;    // then nobody is writing an unfinished file any more
inline constexpr uint64_t kLooksPerLimit = 16;
inline constexpr uint64_t kPageBytes = 4096;

int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// What a file of so many bytes takes of a disk.
uint64_t on_disk(uint64_t bytes) { return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes; }

}  // namespace

bool Store::is_ready(bool make) {
  if (directory_.is_open()) return true;
  if (!is_on()) return false;
  const Problem problem = directory_.open(place_, make);
  if (problem != Problem::kNone && problem != Problem::kAbsent) problems_.add(problem);
  return problem == Problem::kNone;
}

bool Store::find(const Key& key, std::span<const uint8_t> types, const std::string& compiler, Entry* entry) {
  if (!is_on()) return false;
  const bool found = is_ready(false) && look(key, types, compiler, entry);
  (found ? hits_ : misses_).fetch_add(1, std::memory_order_relaxed);
  return found;
}

bool Store::look(const Key& key, std::span<const uint8_t> types, const std::string& compiler, Entry* entry) {
  const std::string name = file_name(key);
  std::vector<uint8_t> bytes;
  int64_t used_at = 0;
  Problem problem = directory_.read(name, &bytes, &used_at);
  if (problem == Problem::kAbsent) return false;
  if (problem == Problem::kNone) problem = unpack(bytes, entry);
  if (problem == Problem::kNone && entry->key != key) problem = Problem::kForeign;
  if (problem == Problem::kNone && !compiler.empty() && entry->compiler != compiler) problem = Problem::kForeign;
  if (problem != Problem::kNone) {
    rejected_.fetch_add(1, std::memory_order_relaxed);
    problems_.add(problem);
    return false;
  }
  if (!covers(entry->types, types)) return false;
  if (const int64_t now = now_seconds(); used_at + kTouchSeconds < now || used_at > now) directory_.touch(name);
  return true;
}

void Store::reject(const Key&, Problem problem) {
  hits_.fetch_sub(1, std::memory_order_relaxed);
  misses_.fetch_add(1, std::memory_order_relaxed);
  rejected_.fetch_add(1, std::memory_order_relaxed);
  problems_.add(problem);
}

void Store::put(const Entry& entry) {
  if (!is_on() || !is_ready(true)) return;
  const std::vector<uint8_t> bytes = pack(entry);
  const std::string name = file_name(entry.key);
  Problem problem = Problem::kTooLarge;
  if (bytes.size() <= kMaxEntryBytes && on_disk(bytes.size()) <= limit_) problem = directory_.write(name, bytes);
  if (problem != Problem::kNone) {
    problems_.add(problem);
    directory_.close();  // it may be gone, and is then made again
    return;
  }
  writes_.fetch_add(1, std::memory_order_relaxed);
  written_bytes_.fetch_add(bytes.size(), std::memory_order_relaxed);
  note_written(name, on_disk(bytes.size()));
}

void Store::note_written(const std::string& name, uint64_t bytes) {
  known_bytes_ += bytes;
  unseen_bytes_ += bytes;
  if (!has_looked_ || known_bytes_ > limit_ || unseen_bytes_ > limit_ / kLooksPerLimit) make_room(name);
}

// Looks at the whole directory, and takes away what was not used for longest until some room is left. What was written
// last stays, which fits by itself: it may be larger than what would leave that room.
void Store::make_room(const std::string& written) {
  std::vector<File> files = directory_.files();
  const int64_t now = now_seconds();
  uint64_t total = 0;
  std::erase_if(files, [&](const File& file) {
    const bool is_stale = !file.is_whole && file.used_at + kStaleSeconds < now;
    if (is_stale) directory_.remove(file.name);
    if (!is_stale) total += file.bytes;
    return !file.is_whole || file.name == written;
  });
  if (total > limit_) {
    std::ranges::sort(files, [](const File& a, const File& b) {
      return std::tie(a.used_at, a.name) < std::tie(b.used_at, b.name);
    });
    for (const File& file : files) {
      if (total <= limit_ - limit_ / 8) break;
      directory_.remove(file.name);
      total -= std::min(total, file.bytes);
    }
  }
  known_bytes_ = total;
  unseen_bytes_ = 0;
  has_looked_ = true;
}

Counts Store::counts() const {
  Counts c;
  c.hits = hits_;
  c.misses = misses_;
  c.rejected = rejected_;
  c.writes = writes_;
  c.written_bytes = written_bytes_;
  for (size_t i = 1; i < kProblemCount; ++i) {
    const auto problem = static_cast<Problem>(i);
    if (const uint64_t n = problems_.of(problem)) c.problems.emplace_back(problem_text(problem).json, n);
  }
  return c;
}

Listing list(const Place& place) {
  Listing listing;
  listing.place = place;
  Directory directory;
  listing.problem = directory.open(place, false);
  if (listing.problem != Problem::kNone) return listing;
  for (File& file : directory.files()) {
    if (!file.is_whole) {
      listing.unfinished.push_back(std::move(file));
      continue;
    }
    Listed& listed = listing.entries.emplace_back();
    std::vector<uint8_t> bytes;
    int64_t used_at = 0;
    listed.problem = directory.read(file.name, &bytes, &used_at);
    if (listed.problem == Problem::kNone) listed.problem = unpack(bytes, &listed.entry);
    if (listed.problem == Problem::kNone && file_name(listed.entry.key) != file.name) listed.problem = Problem::kForeign;
    listed.entry.object = {};
    listed.file = std::move(file);
  }
  std::ranges::sort(listing.entries, [](const Listed& a, const Listed& b) {
    return std::tie(b.file.used_at, a.file.name) < std::tie(a.file.used_at, b.file.name);
  });
  return listing;
}

Problem clear(const Place& place, uint64_t* removed) {
  *removed = 0;
  Directory directory;
  const Problem problem = directory.open(place, false);
  if (problem == Problem::kAbsent) return Problem::kNone;
  if (problem != Problem::kNone) return problem;
  for (const File& file : directory.files()) *removed += directory.remove(file.name) && file.is_whole;
  return Problem::kNone;
}

}  // namespace terrace::store
