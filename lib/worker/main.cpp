// worker/main.cpp: terrace-worker, the program that turns bytecode into object files for libterrace. It is the only one
// linked with libgccjit. libterrace starts it by itself; see jobs/launch.hpp for the descriptors it is given.
#include <libgccjit.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstring>

#include "bytecode/encoding.hpp"
#include "jobs/protocol.hpp"
#include "worker/supervisor.hpp"

namespace {

bool has_socket() {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(terrace::jobs::kWorkerSocket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

int print_version() {
  std::printf("terrace-worker: code version %u, protocol %u, gcc %d.%d.%d\n", terrace::bytecode::kAbiVersion,
              terrace::jobs::kProtocolVersion, gcc_jit_version_major(), gcc_jit_version_minor(),
              gcc_jit_version_patchlevel());
  return 0;
}

int print_usage() {
  std::fputs("terrace-worker compiles for libterrace, which starts it by itself.\nusage: terrace-worker --version\n",
             stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0) return print_version();
  if (argc < 3 || std::strcmp(argv[1], "--temp") != 0 || !has_socket()) return print_usage();
  for (int i = 2; i < argc; ++i) {
    if (argv[i][0] != '/') return print_usage();
  }
  terrace::worker::supervise({argv + 2, argv + argc});
  return 0;
}
