// worker/compiler_process.cpp: the parent's side of the compiling child. The child's own side is compiler_child.cpp.
#include "worker/compiler_process.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "worker/compiler_child.hpp"

namespace terrace::worker {
namespace {

using observe::Reason;

inline constexpr unsigned kMaxBatches = 50;
inline constexpr long kMaxResidentBytes = 300L << 20;

long resident_bytes(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/statm";
  FILE* file = std::fopen(path.c_str(), "re");
  if (!file) return 0;
  long pages = 0;
  if (std::fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
  std::fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) return "the compiler was ended by signal " + std::to_string(WTERMSIG(status));
  return "the compiler ended with status " + std::to_string(WEXITSTATUS(status));
}

// GCC may end without a word when it cannot write a file.
bool is_full(const std::string& directory) {
  struct statvfs status {};
  if (statvfs(directory.c_str(), &status) != 0) return false;
  return status.f_bavail == 0 || (status.f_files != 0 && status.f_favail == 0);
}

int reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

bool CompilerProcess::start(const std::string& temp_directory) {
  temp_directory_ = temp_directory;
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) return false;
  output_ = memfd_create("terrace-compiler-output", MFD_CLOEXEC);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    for (int fd : inherited_) close(fd);
    close(sockets[0]);
    run_compiler_child({sockets[1], output_, parent, temp_directory_});
  }
  close(sockets[1]);
  socket_ = sockets[0];
  batches_ = 0;
  if (pid_ < 0) {
    end();
    return false;
  }
  setpgid(pid_, pid_);  // the child does the same; whoever is first
  return true;
}

bool CompilerProcess::run(const jobs::Batch& batch, std::span<const uint8_t> body, std::span<const int> watched,
                          jobs::Result* result) {
  ++batches_;
  const auto deadline = Clock::now() + std::chrono::milliseconds(batch.time_limit_ms);
  const uint32_t length = static_cast<uint32_t>(body.size());
  const uint32_t head[] = {jobs::kMagic, static_cast<uint32_t>(jobs::MessageKind::kBatch), length};
  static_assert(sizeof head == jobs::kHeadBytes);
  const auto* head_bytes = reinterpret_cast<const uint8_t*>(head);
  Outcome outcome = transmit(socket_, {head_bytes, sizeof head}, watched, deadline);
  if (outcome == Outcome::kDone) outcome = transmit(socket_, body, watched, deadline);
  std::vector<uint8_t> answer;
  if (outcome == Outcome::kDone) outcome = receive(socket_, jobs::MessageKind::kResult, &answer, watched, deadline);
  if (outcome == Outcome::kStop) return false;
  if (outcome == Outcome::kDone && !jobs::unpack(answer, result)) outcome = Outcome::kMalformed;
  if (outcome != Outcome::kDone) {
    *result = failure_of(batch, outcome);
  } else if (result->reason != Reason::kNone) {
    result->text = jobs::clip_text(result->text + "\n" + said());
    result->reason = reason_of(result->reason, result->text);
  }
  return true;
}

jobs::Result CompilerProcess::failure_of(const jobs::Batch& batch, Outcome outcome) {
  jobs::Result result;
  result.number = batch.number;
  if (outcome == Outcome::kDeadline) {
    result.reason = Reason::kTimeout;
    result.text = "the compiler did not end within " + std::to_string(batch.time_limit_ms) + " ms";
    return end(), result;
  }
  const std::string output = said();
  // A child that closed its socket is dead or about to be; one that wrote nonsense is not, but nothing is lost by
  // killing it.
  if (outcome == Outcome::kMalformed) kill(pid_, SIGKILL);
  const int status = reap(pid_);
  kill(-pid_, SIGKILL);
  pid_ = -1;
  end();
  result.text = jobs::clip_text(describe_end(status) + "\n" + output);
  result.reason = reason_of(Reason::kCompilerCrash, result.text);
  return result;
}

Reason CompilerProcess::reason_of(Reason reason, const std::string& text) const {
  return is_full(temp_directory_) ? Reason::kTempDirectory : refine_reason(reason, text);
}

std::string CompilerProcess::said() const {
  std::string text(jobs::kMaxTextBytes / 2, '\0');
  ssize_t n;
  do {
    n = pread(output_, text.data(), text.size(), 0);
  } while (n < 0 && errno == EINTR);
  text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return text;
}

bool CompilerProcess::worn_out() const {
  return alive() && (batches_ >= kMaxBatches || resident_bytes(pid_) > kMaxResidentBytes);
}

void CompilerProcess::strike() const {
  if (pid_ <= 0) return;
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);
}

void CompilerProcess::end() {
  strike();
  if (pid_ > 0) reap(pid_);
  if (socket_ >= 0) close(socket_);
  if (output_ >= 0) close(output_);
  pid_ = socket_ = output_ = -1;
}

}  // namespace terrace::worker
