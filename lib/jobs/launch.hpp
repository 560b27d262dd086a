// jobs/launch.hpp: starting the worker so that the host does not see it.
//
// Answers for: a process that is nobody's child in the host, with no descriptor of the host's but its socket, default
// signals, a session and a directory of its own. The host gets no SIGCHLD and no zombie, whatever it does with that
// signal.
//
//   our thread --clone, no exit signal--> middle --clone--> worker --execve--> terrace-worker
//                                         middle ends, is reaped at once; the worker goes to init
//
// Both clones share the memory of the host until execve, so nothing is copied, however large the host is.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace terrace::jobs {

struct LaunchRequest {
  std::string path;                    // absolute
  std::vector<std::string> arguments;  // without the program's name
  std::vector<std::string> environment;
};

struct Launched {
  int socket = -1;  // ours; non-blocking, close-on-exec
  int pidfd = -1;   // of the worker; -1 where the kernel has none
  pid_t pid = -1;
};

// True with *launched filled in, else false with *error an errno. Caller: the thread of the pool, all signals blocked.
bool launch(const LaunchRequest& request, Launched* launched, int* error);

// Ends the process; harmless when it is gone. Without a pidfd nothing is done: its number may be another process by
// now, and the worker ends by itself when the socket closes.
void kill_worker(const Launched& launched);
// Waits until the process is gone, at most so long, and not where that cannot be known.
void wait_worker_gone(const Launched& launched, int timeout_ms);
// Whether workers that ended are this process's to bury, which wait_worker_gone does: it is init or a subreaper, as in a container.
bool is_left_our_orphans();

}  // namespace terrace::jobs
