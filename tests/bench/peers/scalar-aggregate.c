// scalar-aggregate.c: the scenario in C, which says what its checksum is and what it costs without any object.
//
//   scalar-aggregate STEPS                              the checksum
//   scalar-aggregate NAME SAMPLES SECONDS WARM          a million steps, see measure.h
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"

typedef struct {
  double x, y, z;
} Vec;

static Vec vec(double x, double y, double z) { return (Vec){x, y, z}; }
static Vec add(Vec a, Vec b) { return vec(a.x + b.x, a.y + b.y, a.z + b.z); }
static Vec scale(Vec a, double s) { return vec(a.x * s, a.y * s, a.z * s); }
static Vec bounce(Vec position, Vec velocity) {
  return position.y < 0.0 ? vec(velocity.x, -velocity.y, velocity.z) : velocity;
}
static double energy(Vec position, Vec velocity) {
  return 9.81 * position.y + 0.5 * (velocity.x * velocity.x + velocity.y * velocity.y + velocity.z * velocity.z);
}

static long long run(long steps) {
  const Vec gravity = {0.0, -9.81, 0.0};
  Vec position = {0.0, 1.0, 0.0}, velocity = {1.0, 0.5, 0.25};
  double sum = 0.0;
  for (long i = 0; i < steps; i++) {
    const Vec faster = add(velocity, scale(gravity, 0.001));
    position = add(position, scale(faster, 0.001));
    sum += energy(position, faster);
    velocity = bounce(position, faster);
  }
  return (long long)floor(1000.0 * (sum + position.x + position.y + position.z) + 0.5);
}

static long million(void) { return (long)run(1000000); }

int main(int argc, char** argv) {
  if (argc == 2) printf("%lld\n", run(atol(argv[1])));
  if (argc != 2) measure("scalar-aggregate", million, argc, argv);
  return 0;
}
