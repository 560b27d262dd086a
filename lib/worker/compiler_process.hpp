// worker/compiler_process.hpp: the child process in which libgccjit runs.
//
// Answers for: forking it ahead of need, handing it a batch, its end in every form, what it said on the way.
// Not for: the engine's side of the conversation (supervisor.cpp), compiling (compile.hpp).
//
// libgccjit leaks, keeps a lock, and ends the process on some errors. So a child takes a number of batches and is then
// replaced; a child that dies costs one batch. It dies with its parent, and is the leader of a process group to which
// the assembler belongs, so that killing reaches both.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>

#include "jobs/protocol.hpp"
#include "worker/stream.hpp"

namespace terrace::worker {

class CompilerProcess {
 public:
  // `inherited` are the supervisor's descriptors that the child must close.
  explicit CompilerProcess(std::span<const int> inherited) : inherited_(inherited) {}
  ~CompilerProcess() { end(); }
  CompilerProcess(const CompilerProcess&) = delete;

  bool alive() const { return pid_ > 0; }
  // Readable when the child has died while nothing was asked of it; -1 when there is none.
  int socket() const { return socket_; }
  // Makes the process, whose files go to the directory; false when the system has none to give.
  bool start(const std::string& temp_directory);
  // Compiles. False when a watched descriptor asks to stop; else *result is set, whatever happened to the child.
  // Precondition: alive.
  bool run(const jobs::Batch& batch, std::span<const uint8_t> body, std::span<const int> watched, jobs::Result* result);
  // True when the child has done its share and should be replaced.
  bool worn_out() const;
  // Kills the child and what it has started: from then on they do nothing more, but it takes them milliseconds to be gone.
  void strike() const;
  // Ends the child, at once and whatever it is doing, and waits until it is gone.
  void end();

 private:
  jobs::Result failure_of(const jobs::Batch& batch, Outcome outcome);
  // A reason more exact than `reason`, from what was printed and from the state of the file system.
  observe::Reason reason_of(observe::Reason reason, const std::string& text) const;
  std::string said() const;

  std::string temp_directory_;
  std::span<const int> inherited_;
  pid_t pid_ = -1;
  int socket_ = -1;
  int output_ = -1;  // memory file with what the child and the assembler print
  unsigned batches_ = 0;
};

}  // namespace terrace::worker
