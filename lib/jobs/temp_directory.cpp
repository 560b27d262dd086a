// jobs/temp_directory.cpp: see the header.
#include "jobs/temp_directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
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

std::string make_temp_directory(const std::vector<std::string>& parents, std::string* error) {
  *error = "no temporary directory can be written:";
  for (const std::string& parent : parents) {
    std::string path = parent + "/terrace-XXXXXX";
    if (mkdtemp(path.data())) {
      if (takes_files(path, kProbeBytes)) return path;
      rmdir(path.c_str());
      *error += " " + parent + " (takes no files)";
    } else {
      *error += " " + parent + " (" + strerrordesc_np(errno) + ")";
    }
  }
  return {};
}

std::vector<std::string> temp_parents(const std::string& preferred) {
  std::vector<std::string> parents;
  if (!preferred.empty()) parents.push_back(preferred);
  const char* from_environment = secure_getenv("TMPDIR");
  if (from_environment && from_environment[0] == '/') parents.emplace_back(from_environment);
  for (const char* usual : {"/dev/shm", "/tmp", "/var/tmp"}) parents.emplace_back(usual);
  return parents;
}

bool remove_temp_directory(const std::string& path) {
  if (path.empty()) return true;
  for (int round = 0; round < kRemoveRounds; ++round) {
    if (rmdir(path.c_str()) == 0 || errno == ENOENT) return true;
    const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) empty_directory(fd, 0);
    if (rmdir(path.c_str()) == 0 || errno == ENOENT) return true;
    const timespec pause{0, kRoundPauseNs};
    nanosleep(&pause, nullptr);
  }
  return false;
}

}  // namespace terrace::jobs
