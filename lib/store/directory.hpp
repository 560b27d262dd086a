// store/directory.hpp: files of a directory from which code is loaded.
//
// Answers for: touching nothing that another user could have put there, writing so that a reader sees a whole file or
// none, telling why something cannot be done. Not for: what is in the files (entry.hpp), which of them go (store.hpp).
//
//   write:  new-<random> --all bytes written--> renamed to its name; a crash leaves the first, which sweep() takes away
//
// Invariants:
//  1. The directory is opened once, without following a link at its end, and belongs to this user, with nobody else allowed to
//     write in it; everything else is relative to that descriptor, whatever becomes of the path.
//  2. Only regular files of this user's, which nobody else may write, are read.
//  3. Files whose names are not of the store's kind are never touched.
// Threads: one at a time. In a forked child the descriptor is as good as in the parent.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "store/place.hpp"
#include "store/problems.hpp"

namespace terrace::store {

struct File {
  std::string name;
  uint64_t bytes = 0;     // on the disk
  int64_t used_at = 0;    // seconds since 1970; see touch()
  bool is_whole = false;  // false: being written, or left by a writer that died
};

class Directory {
 public:
  Directory() = default;
  ~Directory() { close(); }
  Directory(const Directory&) = delete;

  bool is_open() const { return fd_ >= 0; }
  // kNone, kAbsent when it does not exist and shall not be made, or why not.
  Problem open(const Place& place, bool make);
  void close();

  // kAbsent when there is no such file.
  Problem read(const std::string& name, std::vector<uint8_t>* bytes, int64_t* used_at) const;
  // Replaces a file of that name in one step.
  Problem write(const std::string& name, std::span<const uint8_t> bytes) const;
  // Notes that the file is used now.
  void touch(const std::string& name) const;
  // Whether it was there.
  bool remove(const std::string& name) const;
  // Files of the store's kind.
  std::vector<File> files() const;

 private:
  int fd_ = -1;
};

}  // namespace terrace::store
