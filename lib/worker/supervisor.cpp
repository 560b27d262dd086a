// worker/supervisor.cpp: see the header.
#include "worker/supervisor.hpp"

#include <fcntl.h>
#include <libgccjit.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>

#include "bytecode/encoding.hpp"
#include "jobs/temp_directory.hpp"
#include "worker/compiler_process.hpp"

namespace terrace::worker {
namespace {

using observe::Reason;

inline constexpr int kEndMs = 5000;  // for the engine to take a last answer

jobs::Hello make_hello() {
  jobs::Hello hello;
  hello.abi_version = bytecode::kAbiVersion;
  hello.gcc_major = static_cast<uint32_t>(gcc_jit_version_major());
  hello.gcc_minor = static_cast<uint32_t>(gcc_jit_version_minor());
  hello.gcc_patch = static_cast<uint32_t>(gcc_jit_version_patchlevel());
  hello.pid = static_cast<uint32_t>(getpid());
  return hello;
}

// Readable when somebody asks the process to end.
int end_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

// When memory is short, the system shall end this process sooner than the host.
void volunteer_for_oom() {
  const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] const ssize_t written = write(fd, "500", 3);
  close(fd);
}

class Supervisor {
 public:
  explicit Supervisor(const std::vector<std::string>& temp_candidates)
      : temp_candidates_(temp_candidates),
        watched_{fcntl(jobs::kWorkerHostPidfd, F_GETFD) < 0 ? -1 : jobs::kWorkerHostPidfd, end_signals()},
        inherited_{jobs::kWorkerSocket, watched_[0], watched_[1]},
        compiler_(inherited_) {
    std::string ignored;  // is found again, and said, when a batch comes
    find_directory(&ignored);
  }
  Supervisor(const Supervisor&) = delete;
  // The engine waits for the end of the socket: nothing is left behind then. A file that a dying process still makes keeps the directory from being
  // removed until it is gone, too, and once the directory is removed none can be made.
  ~Supervisor() {
    compiler_.strike();
    jobs::remove_temp_directory(temp_directory_);
    close(jobs::kWorkerSocket);
    compiler_.end();
  }

  void serve() {
    if (transmit(jobs::kWorkerSocket, jobs::pack(make_hello()), watched_, kForever) != Outcome::kDone) return;
    std::vector<uint8_t> body;
    for (;;) {
      if (!compiler_.alive() && !temp_directory_.empty()) compiler_.start(temp_directory_);
      if (!next_batch(&body)) return;
      jobs::Batch batch;
      if (!jobs::unpack(body, &batch)) return;
      jobs::Result result;
      if (!compile(batch, body, &result)) return;
      const auto deadline = Clock::now() + std::chrono::milliseconds(kEndMs);
      if (transmit(jobs::kWorkerSocket, jobs::pack(result), watched_, deadline) != Outcome::kDone) return;
      if (compiler_.worn_out()) compiler_.end();
    }
  }

 private:
  // The directory may have been cleaned away, by us or by the system; then it is made again, or one in another place.
  bool find_directory(std::string* error) {
    if (!temp_directory_.empty() && jobs::make_temp_directory(temp_directory_)) return true;
    compiler_.end();
    temp_directory_ = jobs::make_first_temp_directory(temp_candidates_, error);
    return !temp_directory_.empty();
  }

  // A child that dies while it has nothing to do is replaced before the next batch comes.
  bool next_batch(std::vector<uint8_t>* body) {
    for (;;) {
      const std::array<int, 3> watched = {watched_[0], watched_[1], compiler_.socket()};
      if (wait_for(jobs::kWorkerSocket, POLLIN, watched, kForever) == Outcome::kDone) {
        return receive(jobs::kWorkerSocket, jobs::MessageKind::kBatch, body, watched_, kForever) == Outcome::kDone;
      }
      if (wait_for(-1, 0, watched_, Clock::now()) == Outcome::kStop) return false;
      compiler_.end();
      if (!compiler_.start(temp_directory_)) return false;
    }
  }

  bool compile(const jobs::Batch& batch, std::span<const uint8_t> body, jobs::Result* result) {
    result->number = batch.number;
    if (!find_directory(&result->text)) {
      result->reason = Reason::kTempDirectory;
      return true;
    }
    if (!compiler_.alive() && !compiler_.start(temp_directory_)) {
      result->reason = Reason::kCompilerMemory;
      result->text = "no process for the compiler";
      return true;
    }
    // Besides the usual: the end of the engine's side, which shows as readable, for the engine sends one batch at a
    // time.
    const std::array<int, 3> watched = {watched_[0], watched_[1], jobs::kWorkerSocket};
    if (!compiler_.run(batch, body, watched, result)) return false;
    // A child that died may have left files; find_directory makes the directory again.
    if (!compiler_.alive()) jobs::remove_temp_directory(temp_directory_);
    return true;
  }

  std::vector<std::string> temp_candidates_;
  std::string temp_directory_;  // empty while none can be made
  std::array<int, 2> watched_;
  std::array<int, 3> inherited_;
  CompilerProcess compiler_;
};

}  // namespace

void supervise(const std::vector<std::string>& temp_candidates) {
  volunteer_for_oom();
  Supervisor(temp_candidates).serve();
}

}  // namespace terrace::worker
