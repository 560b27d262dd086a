/* measure.h: what the programs in C and C++ print, and what those in other languages do likewise.
 *
 *   PROGRAM NAME [SAMPLES SECONDS WARM]
 *
 * runs once; then, when samples are wanted, until WARM seconds are over; and then at most SAMPLES times more, the last
 * of which begins within SECONDS. Prints one line: name result seconds...
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void measure(const char* name, long (*run)(void), int argc, char** argv) {
  long (*volatile hidden)(void) = run; /* so that the compiler does not run it once for all */
  const int samples = argc > 4 ? atoi(argv[2]) : 0;
  const double seconds = argc > 4 ? atof(argv[3]) : 0, warm = argc > 4 ? atof(argv[4]) : 0;
  double start = now();
  printf("%s %ld", name, hidden());
  while (samples > 0 && now() - start < warm) hidden();
  start = now();
  for (int i = 0; i < samples && (i == 0 || now() - start < seconds); i++) {
    const double began = now();
    hidden();
    printf(" %.9f", now() - began);
  }
  printf("\n");
}

#endif
