// Starts a program and writes what it cost into a file: seconds from start to end, and its peak of resident memory in KiB.
//
//   launch FILE PROGRAM ARGUMENT...
//
// This stands between the bench and what it measures because a process inherits its starter's peak of memory, and Python's is large.
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv, char **environment) {
  if (argc < 3) return 2;
  FILE *report = fopen(argv[1], "w");
  if (report == NULL) return 2;
  double started = now();
  pid_t pid;
  int problem = posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environment);
  if (problem != 0) {
    fprintf(stderr, "%s: %s\n", argv[2], strerror(problem));
    return 2;
  }
  int status = 0;
  struct rusage usage;
  wait4(pid, &status, 0, &usage);
  fprintf(report, "%.9f %ld\n", now() - started, usage.ru_maxrss);
  fclose(report);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
