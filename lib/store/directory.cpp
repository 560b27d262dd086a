// store/directory.cpp: see the header.
#include "store/directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "store/entry.hpp"

namespace terrace::store {
namespace {

inline constexpr std::string_view kUnfinishedPrefix = "new-";
inline constexpr mode_t kOthersMayWrite = S_IWGRP | S_IWOTH;
inline constexpr int kAttempts = 4;
inline constexpr uint64_t kBlockBytes = 512;  // of st_blocks

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  int get() const { return fd_; }
  // Some file systems tell only here that the bytes found no room.
  bool close_well() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

bool is_ours_alone(const struct stat& status) {
  return status.st_uid == geteuid() && (status.st_mode & kOthersMayWrite) == 0;
}

bool is_directory_of_ours(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid();
}

bool make_directories(const std::string& path, bool only_in_ours) {
  const std::string parent = path.substr(0, path.find_last_of('/'));
  struct stat status {};
  if (parent.empty() || stat(path.c_str(), &status) == 0) return true;
  if (!make_directories(parent, only_in_ours)) return false;
  if (only_in_ours && !is_directory_of_ours(parent)) return false;
  return mkdir(path.c_str(), 0700) == 0 || errno == EEXIST;
}

Problem reading_problem(int error) {
  if (error == ENOENT) return Problem::kAbsent;
  return error == ELOOP ? Problem::kUnsafeEntry : Problem::kUnreadable;
}

Problem writing_problem(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG ? Problem::kFull : Problem::kUnwritable;
}

bool write_all(int fd, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return true;
}

std::string unfinished_name() {
  uint64_t number = 0;
  if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
    number = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) ^
             static_cast<uint64_t>(getpid()) << 32;
  char name[32];
  snprintf(name, sizeof name, "new-%016llx", static_cast<unsigned long long>(number));
  return name;
}

}  // namespace

void Directory::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Problem Directory::open(const Place& place, bool make) {
  close();
  if (place.problem != Problem::kNone) return place.problem;
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  std::string path = place.path;
  while (path.size() > 1 && path.back() == '/') path.pop_back();  // which would follow a link
  int fd = ::open(path.c_str(), kFlags);
  if (fd < 0 && errno == ENOENT) {
    if (!make) return Problem::kAbsent;
    if (!make_directories(path, place.is_usual)) return Problem::kNoDirectory;
    fd = ::open(path.c_str(), kFlags);
  }
  if (fd < 0) return errno == ELOOP || errno == ENOTDIR ? Problem::kUnsafeDirectory : Problem::kNoDirectory;
  struct stat status {};
  if (fstat(fd, &status) != 0 || !is_ours_alone(status)) {
    ::close(fd);
    return Problem::kUnsafeDirectory;
  }
  fd_ = fd;
  return Problem::kNone;
}

Problem Directory::read(const std::string& name, std::vector<uint8_t>* bytes, int64_t* used_at) const {
  // Not blocking, should it be a pipe.
  const Descriptor file(openat(fd_, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return reading_problem(errno);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return Problem::kUnreadable;
  if (!S_ISREG(status.st_mode) || !is_ours_alone(status)) return Problem::kUnsafeEntry;
  if (static_cast<uint64_t>(status.st_size) > kMaxEntryBytes) return Problem::kDamaged;
  bytes->resize(static_cast<size_t>(status.st_size));
  size_t have = 0;
  while (have < bytes->size()) {
    const ssize_t n = ::read(file.get(), bytes->data() + have, bytes->size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Problem::kUnreadable;
    if (n == 0) return Problem::kDamaged;
    have += static_cast<size_t>(n);
  }
  *used_at = status.st_mtim.tv_sec;
  return Problem::kNone;
}

Problem Directory::write(const std::string& name, std::span<const uint8_t> bytes) const {
  std::string unfinished;
  int fd = -1;
  for (int attempt = 0; fd < 0 && attempt < kAttempts; ++attempt) {
    unfinished = unfinished_name();
    fd = openat(fd_, unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) return writing_problem(errno);
  }
  if (fd < 0) return Problem::kUnwritable;
  Descriptor file(fd);
  // Nothing is flushed to the disk: after a crash of the system a file that lost its bytes fails its checksum.
  if (write_all(fd, bytes) && file.close_well() && renameat(fd_, unfinished.c_str(), fd_, name.c_str()) == 0)
    return Problem::kNone;
  const Problem problem = writing_problem(errno);
  unlinkat(fd_, unfinished.c_str(), 0);
  return problem;
}

void Directory::touch(const std::string& name) const {
  utimensat(fd_, name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

bool Directory::remove(const std::string& name) const { return unlinkat(fd_, name.c_str(), 0) == 0; }

std::vector<File> Directory::files() const {
  std::vector<File> all;
  const int fd = openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = fd < 0 ? nullptr : fdopendir(fd);
  if (stream == nullptr) {
    if (fd >= 0) ::close(fd);
    return all;
  }
  while (const dirent* item = readdir(stream)) {
    File file;
    file.name = item->d_name;
    file.is_whole = is_file_name(file.name);
    if (!file.is_whole && !file.name.starts_with(kUnfinishedPrefix)) continue;
    struct stat status {};
    if (fstatat(fd_, item->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || S_ISDIR(status.st_mode)) continue;
    file.bytes = std::max(static_cast<uint64_t>(status.st_size), static_cast<uint64_t>(status.st_blocks) * kBlockBytes);
    file.used_at = status.st_mtim.tv_sec;
    all.push_back(std::move(file));
  }
  closedir(stream);
  return all;
}

}  // namespace terrace::store
