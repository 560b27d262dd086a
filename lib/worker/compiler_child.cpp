// worker/compiler_child.cpp: the life of the compiling child: limits, then batch by batch libgccjit and an object file.
#include "worker/compiler_child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "base/poison.hpp"
#include "jobs/temp_directory.hpp"
#include "worker/compile.hpp"
#include "worker/stream.hpp"

namespace terrace::worker {
namespace {

using observe::Reason;

inline constexpr size_t kRoomBytes = 256 * 1024;              // for the files of a batch; most need less
inline constexpr rlim_t kStackBytes = rlim_t{256} << 20;  // deep expressions recurse deeply in GCC

// The address sanitizer reserves terabytes for itself and cannot live with a limit.
#if TERRACE_ASAN
inline constexpr bool kReservesAddresses = true;
#else
inline constexpr bool kReservesAddresses = false;
#endif

void limit(int resource, rlim_t value) {
  rlimit current{};
  if (getrlimit(static_cast<__rlimit_resource_t>(resource), &current) != 0) return;
  if (current.rlim_max != RLIM_INFINITY && value > current.rlim_max) value = current.rlim_max;
  current.rlim_cur = value;
  setrlimit(static_cast<__rlimit_resource_t>(resource), &current);
}

// From here on the process dies with the supervisor, gets the ordinary signals, and prints into the memory file.
void settle(const ChildStart& start) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != start.parent) _exit(0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setenv("TMPDIR", start.temp_directory.c_str(), 1);  // for the files of libgccjit and the assembler
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_STACK, kStackBytes);
  fcntl(start.output, F_SETFL, O_APPEND);
  dup2(start.output, 1);
  dup2(start.output, 2);
}

bool read_file(const std::string& path, std::vector<uint8_t>* bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  struct stat status {};
  fstat(fd, &status);
  const bool fits = status.st_size > 0 && static_cast<size_t>(status.st_size) <= jobs::kMaxMessageBytes / 2;
  bytes->resize(fits ? static_cast<size_t>(status.st_size) : 0);
  size_t done = 0;
  while (done < bytes->size()) {
    const ssize_t n = read(fd, bytes->data() + done, bytes->size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<size_t>(n);
  }
  close(fd);
  return fits && done == bytes->size();
}

// Compiles into the temporary directory; the file is gone again when this returns.
void compile(const jobs::Batch& batch, const std::string& directory, const std::string& path, jobs::Result* result) {
  std::string error;
  try {
    if (!compile_batch(batch.jobs, batch.tier, path, &error)) {
      result->reason = Reason::kCompileError;
    } else if (!read_file(path, &result->object)) {
      result->reason = Reason::kCompileError;
      error = "the object file cannot be read: " + std::string(std::strerror(errno));
    }
  } catch (const std::bad_alloc&) {
    result->reason = Reason::kCompilerMemory;
  }
  unlink(path.c_str());
  if (result->reason != Reason::kNone) result->object.clear();
  // Neither libgccjit nor the assembler says clearly that there was no room for their files.
  if (result->reason == Reason::kCompileError && !jobs::takes_files(directory, kRoomBytes)) {
    result->reason = Reason::kTempDirectory;
    error += "\nthe directory " + directory + " is full or cannot be written";
  }
  result->text = jobs::clip_text(error);
}

// With TERRACE_DUMP=DIRECTORY, for people: what was given to libgccjit and the assembly, named after the tier and the batch's first function.
void dump(const jobs::Batch& batch) {
  const char* directory = std::getenv("TERRACE_DUMP");
  std::string error;
  if (directory != nullptr && *directory != 0 && !batch.jobs.empty())
    dump_batch(batch.jobs, batch.tier, std::string(directory) + "/" + (batch.tier == Tier::kOpt ? "opt-" : "base-") + batch.jobs[0].symbol,
               &error);
}

jobs::Result answer_for(const jobs::Batch& batch, const std::string& temp_directory) {
  static uint64_t files = 0;
  const auto began = Clock::now();
  jobs::Result result;
  result.number = batch.number;
  if (batch.memory_limit && !kReservesAddresses) limit(RLIMIT_AS, batch.memory_limit);
  compile(batch, temp_directory, temp_directory + "/" + std::to_string(getpid()) + "-" + std::to_string(++files) + ".o", &result);
  result.compile_ns = static_cast<uint64_t>(std::chrono::nanoseconds(Clock::now() - began).count());
  dump(batch);
  return result;
}

bool contains(const std::string& text, std::initializer_list<const char*> words) {
  for (const char* word : words) {
    if (text.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

void run_compiler_child(const ChildStart& start) {
  settle(start);
  std::vector<uint8_t> body;
  while (receive(start.socket, jobs::MessageKind::kBatch, &body, {}, kForever) == Outcome::kDone) {
    jobs::Batch batch;
    if (!jobs::unpack(body, &batch)) break;
    if (ftruncate(start.output, 0) != 0) break;
    const std::vector<uint8_t> answer = jobs::pack(answer_for(batch, start.temp_directory));
    if (transmit(start.socket, answer, {}, kForever) != Outcome::kDone) break;
  }
  _exit(0);  // not exit: nothing of the supervisor's is ours to tidy
}

Reason refine_reason(Reason reason, const std::string& text) {
  if (contains(text, {"cannot execute", "error trying to exec"})) return Reason::kCompilerMissing;
  if (contains(text, {"out of memory", "memory exhausted", "Cannot allocate memory"})) return Reason::kCompilerMemory;
  if (contains(text, {"No space left on device", "Read-only file system", "Disk quota exceeded",
                      "annot create temporary", "annot open temporary"})) {
    return Reason::kTempDirectory;
  }
  return reason;
}

}  // namespace terrace::worker
