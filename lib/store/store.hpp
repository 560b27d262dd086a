// store/store.hpp: compiled code on disk, shared by all processes and hosts of a user.
//
// Answers for: finding the code of a function without compiling it, keeping what was compiled, the bound on the size, counting.
// Not for: when either is done (engine/), making code live (native/, cache/). Never needed for a right answer: whatever is
// wrong with a file, a directory or a disk is counted, and the function is compiled.
//
// Sharing: there are no locks. A reader opens a whole file or none; of two writers of one key the later wins; of two that
// make room at once both choose the oldest files, so the same.
// Size: what this process wrote is added up, and what others wrote is seen with every sixteenth part of the limit that it
// writes itself. So one process keeps the limit exactly, and n processes may exceed it by n sixteenths for a while.
// Order: a file's time is that of its last use, to a day.
// Threads: counts() from any; the rest from one at a time, which is the pool's.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "store/directory.hpp"
#include "store/entry.hpp"
#include "store/place.hpp"

namespace terrace::store {

inline constexpr uint64_t kUsualLimit = uint64_t{64} << 20;

struct Counts {
  uint64_t hits = 0;      // functions whose code was found
  uint64_t misses = 0;    // functions that were looked for and not found, or not for the types seen
  uint64_t rejected = 0;  // entries that were there and not taken
  uint64_t writes = 0;
  uint64_t written_bytes = 0;
  std::vector<std::pair<std::string, uint64_t>> problems;  // only those that happened
};

class Store {
 public:
  Store(Place place, uint64_t limit) : place_(std::move(place)), limit_(limit) {}
  Store(const Store&) = delete;

  bool is_on() const { return place_.problem != Problem::kOff; }
  // The newest code of that key when it covers these types; `compiler` is empty while nobody knows which one there is,
  // else code of another is passed over. Makes no directory.
  bool find(const Key& key, std::span<const uint8_t> types, const std::string& compiler, Entry* entry);
  // What find() answered turned out not to load.
  void reject(const Key& key, Problem problem);
  void put(const Entry& entry);
  Counts counts() const;

 private:
  bool is_ready(bool make);
  bool look(const Key& key, std::span<const uint8_t> types, const std::string& compiler, Entry* entry);
  void note_written(const std::string& name, uint64_t bytes);
  void make_room(const std::string& written);

  const Place place_;
  const uint64_t limit_;
  Directory directory_;
  uint64_t known_bytes_ = 0;    // in the directory, at the last look and since
  uint64_t unseen_bytes_ = 0;   // written since the last look
  bool has_looked_ = false;
  std::atomic<uint64_t> hits_{0}, misses_{0}, rejected_{0}, writes_{0}, written_bytes_{0};
  ProblemCounts problems_;
};

// --- looking at a store from outside, for people

struct Listed {
  File file;
  Problem problem = Problem::kNone;  // of the entry
  Entry entry;                       // without its object; as far as it could be read
};

struct Listing {
  Place place;
  Problem problem = Problem::kNone;  // of the directory
  std::vector<Listed> entries;       // last used first
  std::vector<File> unfinished;      // left by writers that died, or just being written
};

// Reads and checks every entry.
Listing list(const Place& place);
// Removes every entry and what dead writers left; answers how many entries. kNone, or why nothing could be done.
Problem clear(const Place& place, uint64_t* removed);

}  // namespace terrace::store
