// jobs/launch.cpp: see the header. Code between clone and execve runs in the host's memory: it makes system calls only.
#include "jobs/launch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/poison.hpp"
#include "jobs/protocol.hpp"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace terrace::jobs {
namespace {

inline constexpr size_t kStackBytes = 64 * 1024;  // for each of the two short-lived processes
inline constexpr int kFirstFreeDescriptor = 16;   // above every number the worker uses

struct Plan {
  const char* path;
  char* const* arguments;
  char* const* environment;
  char* worker_stack_top;
  int socket;
  int host_pidfd;
  volatile int error = 0;
  volatile pid_t worker_pid = -1;
  int worker_pidfd = -1;
};

void default_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &action, nullptr);
}

void close_from(int first) {
  if (syscall(SYS_close_range, static_cast<unsigned>(first), ~0u, 0u) == 0) return;
  for (int fd = first; fd < 65536; ++fd) close(fd);
}

// Moves the descriptors to where the worker looks for them. The detour above kFirstFreeDescriptor keeps a host that has
// closed its standard streams, and so may own numbers 0 to 4 for anything, from confusing us.
bool place_descriptors(const Plan* plan) {
  const int socket = fcntl(plan->socket, F_DUPFD, kFirstFreeDescriptor);
  const int host = plan->host_pidfd >= 0 ? fcntl(plan->host_pidfd, F_DUPFD, kFirstFreeDescriptor) : -1;
  const int null = open("/dev/null", O_RDWR);
  const int high_null = null >= 0 ? fcntl(null, F_DUPFD, kFirstFreeDescriptor) : -1;
  if (socket < 0 || high_null < 0) return false;
  for (int fd = 0; fd < 3; ++fd) {
    if (dup2(high_null, fd) < 0) return false;
  }
  if (dup2(socket, kWorkerSocket) < 0) return false;
  if (host < 0) {
    close(kWorkerHostPidfd);
  } else if (dup2(host, kWorkerHostPidfd) < 0) {
    return false;
  }
  close_from(kWorkerHostPidfd + 1);
  return true;
}

int run_worker(void* argument) {
  auto* plan = static_cast<Plan*>(argument);
  default_signals();
  setsid();
  umask(077);
  if (place_descriptors(plan) && chdir("/") == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execve(plan->path, plan->arguments, plan->environment);
  }
  plan->error = errno;
  return 127;  // which ends the process
}

int run_middle(void* argument) {
  auto* plan = static_cast<Plan*>(argument);
  const int flags = CLONE_VM | CLONE_VFORK;
  int pid = clone(run_worker, plan->worker_stack_top, flags | CLONE_PIDFD, plan, &plan->worker_pidfd);
  if (pid < 0 && errno == EINVAL) pid = clone(run_worker, plan->worker_stack_top, flags, plan);
  if (pid < 0) plan->error = errno;
  plan->worker_pid = pid;
  return 0;
}

// The middle shares the descriptor table, so that the pidfd it gets is ours.
bool run_plan(Plan* plan, char* middle_stack_top) {
  const pid_t middle = clone(run_middle, middle_stack_top, CLONE_VM | CLONE_VFORK | CLONE_FILES, plan);
  if (middle < 0) {
    plan->error = errno;
    return false;
  }
  // Whatever the host does with SIGCHLD, a child without exit signal waits for us; ECHILD would mean it is gone
  // already.
  while (waitpid(middle, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  return plan->error == 0;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& s : strings) result.push_back(const_cast<char*>(s.c_str()));
  result.push_back(nullptr);
  return result;
}

void close_if_open(int fd) {
  if (fd >= 0) close(fd);
}

}  // namespace

bool launch(const LaunchRequest& request, Launched* launched, int* error) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) return *error = errno, false;
  std::vector<std::string> arguments = {request.path};
  arguments.insert(arguments.end(), request.arguments.begin(), request.arguments.end());
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> environment_pointers = pointers(request.environment);
  void* stacks = mmap(nullptr, 2 * kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  bool ok = stacks != MAP_FAILED;
  Plan plan{};
  plan.error = ok ? 0 : errno;
  if (ok) {
    char* base = static_cast<char*>(stacks);
    plan.path = request.path.c_str();
    plan.arguments = argument_pointers.data();
    plan.environment = environment_pointers.data();
    plan.worker_stack_top = base + kStackBytes;
    plan.socket = sockets[1];
    plan.host_pidfd = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
    ok = run_plan(&plan, base + 2 * kStackBytes);
    close_if_open(plan.host_pidfd);
    base::unpoison(stacks, 2 * kStackBytes);  // functions that end in execve never tidy their frames
    munmap(stacks, 2 * kStackBytes);
  }
  close(sockets[1]);
  if (!ok) {
    close(sockets[0]);
    close_if_open(plan.worker_pidfd);
    return *error = plan.error, false;
  }
  fcntl(sockets[0], F_SETFL, O_NONBLOCK);
  *launched = {sockets[0], plan.worker_pidfd, plan.worker_pid};
  return true;
}

void kill_worker(const Launched& launched) {
  if (launched.pidfd >= 0) syscall(SYS_pidfd_send_signal, launched.pidfd, SIGKILL, nullptr, 0u);
}

void wait_worker_gone(const Launched& launched, int timeout_ms) {
  if (launched.pidfd < 0) return;
  pollfd item{launched.pidfd, POLLIN, 0};
  int ready;
  do {
    ready = poll(&item, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return;
  // Where the orphan is not ours to bury this is ECHILD.
  siginfo_t info;
  while (waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(launched.pidfd), &info, WEXITED | WNOHANG | __WALL) <
             0 &&
         errno == EINTR) {
  }
}

bool is_left_our_orphans() {
  int is_subreaper = 0;
  return getpid() == 1 || (prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper) == 0 && is_subreaper != 0);
}

}  // namespace terrace::jobs
