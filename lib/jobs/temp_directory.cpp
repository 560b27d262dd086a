// jobs/temp_directory.cpp: see the header.
#include "jobs/temp_directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace terrace::jobs {
namespace {

inline constexpr int kRemoveRounds = 100;
inline constexpr long kRoundPauseNs = 5'000'000;
inline constexpr int kMaxDepth = 16;

inline constexpr size_t kProbeBytes = 4096;

void empty_directory(int directory_fd, int depth);

void remove_entry(int directory_fd, const char* name, int depth) {
  if (unlinkat(directory_fd, name, 0) == 0 || depth >= kMaxDepth) return;
  const int fd = openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  empty_directory(fd, depth + 1);
  unlinkat(directory_fd, name, AT_REMOVEDIR);
}

// Takes the descriptor over.
void empty_directory(int directory_fd, int depth) {
  DIR* stream = fdopendir(directory_fd);
  if (!stream) {
    close(directory_fd);
    return;
  }
  while (const dirent* entry = readdir(stream)) {
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    remove_entry(dirfd(stream), entry->d_name, depth);
  }
  closedir(stream);
}

}  // namespace

bool takes_files(const std::string& directory, size_t bytes) {
  const std::string path = directory + "/probe";
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const std::string text(bytes, '\0');
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  unlink(path.c_str());
  return written;
}

std::vector<std::string> temp_candidates(const std::string& preferred) {
  std::vector<std::string> parents;
  if (!preferred.empty()) parents.push_back(preferred);
  const char* from_environment = secure_getenv("TMPDIR");
  if (from_environment && from_environment[0] == '/') parents.emplace_back(from_environment);
  for (const char* usual : {"/dev/shm", "/tmp", "/var/tmp"}) parents.emplace_back(usual);
  uint64_t random = 0;
  if (getentropy(&random, sizeof random) != 0) random = static_cast<uint64_t>(getpid());
  char name[32];
  std::snprintf(name, sizeof name, "/terrace-%016" PRIx64, random);
  for (std::string& parent : parents) parent += name;
  return parents;
}

bool make_temp_directory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) return true;
  if (errno != EEXIST) return false;
  struct stat status {};
  const bool is_ours = lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid();
  errno = EEXIST;
  return is_ours;
}

std::string make_first_temp_directory(const std::vector<std::string>& candidates, std::string* error) {
  *error = "no temporary directory can be written:";
  for (const std::string& path : candidates) {
    if (!make_temp_directory(path)) {
      *error += " " + path + " (" + strerrordesc_np(errno) + ")";
      continue;
    }
    if (takes_files(path, kProbeBytes)) return path;
    rmdir(path.c_str());
    *error += " " + path + " (takes no files)";
  }
  return {};
}

bool remove_temp_directory(const std::string& path) {
  for (int round = 0; round < kRemoveRounds; ++round) {
    if (rmdir(path.c_str()) == 0 || errno != ENOTEMPTY) return true;
    const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status {};
    if (fd >= 0 && fstat(fd, &status) == 0 && status.st_uid != geteuid()) {
      close(fd);
      return true;
    }
    if (fd >= 0) empty_directory(fd, 0);
    if (rmdir(path.c_str()) == 0 || errno != ENOTEMPTY) return true;
    const timespec pause{0, kRoundPauseNs};
    nanosleep(&pause, nullptr);
  }
  return false;
}

}  // namespace terrace::jobs
