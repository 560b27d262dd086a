/* What the object loader's seeds are made of: the sections, symbols and relocations that compiled functions have. */
#include <stdint.h>

extern void *memcpy(void *to, const void *from, unsigned long size);

static const double kNumbers[] = {1.5, 2.5, 3.5};
static const char *const kNames[] = {"first", "second"};

__attribute__((visibility("hidden"))) uint64_t seed_second(uint64_t *words, uint64_t count);

uint64_t seed_first(uint64_t *words, uint64_t count) {
  switch (count) {
    case 0: return 1;
    case 1: return seed_second(words, 7);
    case 2: return words[1] + (uint64_t)kNumbers[words[0] % 3];
    case 3: return (uint64_t)kNames[words[0] & 1][2];
    case 4: return words[2] * 3;
    default: memcpy(words, kNumbers, sizeof kNumbers); return count;
  }
}

uint64_t seed_second(uint64_t *words, uint64_t count) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < count; i++) sum += words[i] ^ i;
  return count > 100 ? seed_first(words, count - 1) : sum;
}
