// The eleven kernels in C: what the others are compared with.
//
//   kernels NAME [SAMPLES SECONDS WARM]     see measure.h
//
// Recursive functions may not be inlined, so that GCC does not unroll the recursion that the kernel is about. Lists
// come from a bump arena, which is never given back: what a collected language allocates, without its collector.
// bintrees is that, too; the malloc and free of the textbook stand beside it as bintrees_malloc.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

typedef long I;
#define NI __attribute__((noinline))
static I lcg(I x) { return x * 16807 % 2147483647; }

// fib: calls
static NI I fib(I n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static I k_fib(void) { return fib(35); }

// tak: calls with three arguments
static NI I tak(I x, I y, I z) { return y < x ? tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y)) : z; }
static I k_tak(void) { return tak(24, 16, 8); }

// nqueens: lists and recursion
typedef struct Cell {
  I car;
  struct Cell* cdr;
} Cell;
static char* arena;
static size_t ap;
static inline Cell* cons(I a, Cell* d) {
  Cell* c = (Cell*)(arena + ap);
  ap += sizeof(Cell);
  c->car = a;
  c->cdr = d;
  return c;
}
static NI Cell* app(Cell* a, Cell* b) { return a ? cons(a->car, app(a->cdr, b)) : b; }
static NI int ok(I row, I dist, Cell* p) {
  return !p ? 1 : (p->car != row + dist && p->car != row - dist && ok(row, dist + 1, p->cdr));
}
static NI I tryit(Cell* x, Cell* y, Cell* z) {
  if (!x) return y ? 0 : 1;
  return (ok(x->car, 1, z) ? tryit(app(x->cdr, y), NULL, cons(x->car, z)) : 0) + tryit(x->cdr, cons(x->car, y), z);
}
static I k_nqueens(void) {
  ap = 0;
  Cell* l = NULL;
  for (I i = 10; i > 0; i--) l = cons(i, l);
  return tryit(l, NULL, NULL);
}

// nbody: doubles in arrays
#define PI 3.141592653589793
#define SM (4 * PI * PI)
#define DY 365.24
static double X[5], Y[5], Z[5], VX[5], VY[5], VZ[5], M[5];
static void nbinit(void) {
  double x[] = {0, 4.84143144246472090e+00, 8.34336671824457987e+00, 1.28943695621391310e+01, 1.53796971148509165e+01};
  double y[] = {0, -1.16032004402742839e+00, 4.12479856412430479e+00, -1.51111514016986312e+01,
                -2.59193146099879641e+01};
  double z[] = {0, -1.03622044471123109e-01, -4.03523417114321381e-01, -2.23307578892655734e-01,
                1.79258772950371181e-01};
  double vx[] = {0, 1.66007664274403694e-03, -2.76742510726411899e-03, 2.96460137564761618e-03,
                 2.68067772490389322e-03};
  double vy[] = {0, 7.69901118419740425e-03, 4.99852801234917238e-03, 2.37847173959480950e-03, 1.62824170038242295e-03};
  double vz[] = {0, -6.90460016972063023e-05, 2.30417297573763929e-05, -2.96589568540237556e-05,
                 -9.51592254519715870e-05};
  double m[] = {1, 9.54791938424326609e-04, 2.85885980666130812e-04, 4.36624404335156298e-05, 5.15138902046611451e-05};
  double px = 0, py = 0, pz = 0;
  for (int i = 0; i < 5; i++) {
    X[i] = x[i];
    Y[i] = y[i];
    Z[i] = z[i];
    VX[i] = vx[i] * DY;
    VY[i] = vy[i] * DY;
    VZ[i] = vz[i] * DY;
    M[i] = m[i] * SM;
  }
  for (int i = 0; i < 5; i++) {
    px += VX[i] * M[i];
    py += VY[i] * M[i];
    pz += VZ[i] * M[i];
  }
  VX[0] = -px / SM;
  VY[0] = -py / SM;
  VZ[0] = -pz / SM;
}
static NI void advance(double dt) {
  for (int i = 0; i < 5; i++)
    for (int j = i + 1; j < 5; j++) {
      double dx = X[i] - X[j], dy = Y[i] - Y[j], dz = Z[i] - Z[j];
      double d2 = dx * dx + dy * dy + dz * dz, mag = dt / (d2 * sqrt(d2));
      double mj = M[j] * mag, mi = M[i] * mag;
      VX[i] -= dx * mj;
      VY[i] -= dy * mj;
      VZ[i] -= dz * mj;
      VX[j] += dx * mi;
      VY[j] += dy * mi;
      VZ[j] += dz * mi;
    }
  for (int i = 0; i < 5; i++) {
    X[i] += dt * VX[i];
    Y[i] += dt * VY[i];
    Z[i] += dt * VZ[i];
  }
}
static double energy(void) {
  double e = 0;
  for (int i = 0; i < 5; i++) {
    e += 0.5 * M[i] * (VX[i] * VX[i] + VY[i] * VY[i] + VZ[i] * VZ[i]);
    for (int j = i + 1; j < 5; j++) {
      double dx = X[i] - X[j], dy = Y[i] - Y[j], dz = Z[i] - Z[j];
      e -= M[i] * M[j] / sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return e;
}
static I k_nbody(void) {
  nbinit();
  for (int i = 0; i < 500000; i++) advance(0.01);
  return (I)floor(energy() * 1e9 + 0.5);
}

// mandel: doubles in locals
static I k_mandel(void) {
  I w = 400, h = 400, cnt = 0;
  for (I y = 0; y < h; y++) {
    double ci = 2.0 * y / h - 1.0;
    for (I x = 0; x < w; x++) {
      double cr = 2.0 * x / w - 1.5, zr = 0, zi = 0, zr2 = 0, zi2 = 0;
      I i = 0;
      while (i < 100 && zr2 + zi2 <= 4.0) {
        zi = 2.0 * zr * zi + ci;
        zr = zr2 - zi2 + cr;
        zr2 = zr * zr;
        zi2 = zi * zi;
        i++;
      }
      if (zr2 + zi2 <= 4.0) cnt++;
    }
  }
  return cnt;
}

// spectral: doubles and a small function in a loop
static inline double A(I i, I j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }
static NI void mulAv(I n, double* v, double* o) {
  for (I i = 0; i < n; i++) {
    double s = 0;
    for (I j = 0; j < n; j++) s += A(i, j) * v[j];
    o[i] = s;
  }
}
static NI void mulAtv(I n, double* v, double* o) {
  for (I i = 0; i < n; i++) {
    double s = 0;
    for (I j = 0; j < n; j++) s += A(j, i) * v[j];
    o[i] = s;
  }
}
static I k_spectral(void) {
  I n = 300;
  double *u = malloc(n * 8), *v = malloc(n * 8), *t = malloc(n * 8);
  for (I i = 0; i < n; i++) u[i] = 1;
  for (int i = 0; i < 10; i++) {
    mulAv(n, u, t);
    mulAtv(n, t, v);
    mulAv(n, v, t);
    mulAtv(n, t, u);
  }
  double vBv = 0, vv = 0;
  for (I i = 0; i < n; i++) {
    vBv += u[i] * v[i];
    vv += v[i] * v[i];
  }
  free(u);
  free(v);
  free(t);
  return (I)floor(sqrt(vBv / vv) * 1e9 + 0.5);
}

// sieve: bytes
static I k_sieve(void) {
  I n = 5000000, c = 0;
  unsigned char* f = malloc(n);
  memset(f, 1, n);
  for (I i = 2; i * i < n; i++)
    if (f[i])
      for (I j = i * i; j < n; j += i) f[j] = 0;
  for (I i = 2; i < n; i++)
    if (f[i]) c++;
  free(f);
  return c;
}

// matmul: arrays of doubles
static NI void mm(I n, double* a, double* b, double* c) {
  for (I i = 0; i < n; i++)
    for (I j = 0; j < n; j++) {
      double s = 0;
      for (I k = 0; k < n; k++) s += a[i * n + k] * b[k * n + j];
      c[i * n + j] = s;
    }
}
static I k_matmul(void) {
  I n = 200;
  double *a = malloc(n * n * 8), *b = malloc(n * n * 8), *c = malloc(n * n * 8);
  for (I i = 0; i < n; i++)
    for (I j = 0; j < n; j++) {
      a[i * n + j] = (i * 7 + j * 3) % 11 * 0.25;
      b[i * n + j] = (i * 5 + j * 2) % 13 * 0.5;
    }
  mm(n, a, b, c);
  double s = 0;
  for (I i = 0; i < n * n; i++) s += c[i];
  free(a);
  free(b);
  free(c);
  return (I)(s * 8);
}

// bintrees: allocation
typedef struct T {
  struct T *l, *r;
} T;
static NI I chk(T* t) { return t->l ? 1 + chk(t->l) + chk(t->r) : 1; }
static NI T* mk(I d) {
  T* t = (T*)(arena + ap);
  ap += sizeof(T);
  if (d == 0) {
    t->l = t->r = 0;
  } else {
    t->l = mk(d - 1);
    t->r = mk(d - 1);
  }
  return t;
}
static I k_bintrees(void) {
  I n = 16, tot = 0;
  ap = 0;
  T* t = mk(n + 1);
  tot += chk(t);
  ap = 0;
  T* lg = mk(n);
  size_t base = ap;
  for (I d = 4; d <= n; d += 2) {
    I it = 1L << (n - d + 4);
    for (I i = 0; i < it; i++) {
      ap = base;
      t = mk(d);
      tot += chk(t);
    }
  }
  return tot + chk(lg);
}

// The same with malloc and free.
static NI T* mkm(I d) {
  T* t = malloc(sizeof(T));
  if (d == 0) {
    t->l = t->r = 0;
  } else {
    t->l = mkm(d - 1);
    t->r = mkm(d - 1);
  }
  return t;
}
static NI void fr(T* t) {
  if (t->l) {
    fr(t->l);
    fr(t->r);
  }
  free(t);
}
static I k_bintrees_malloc(void) {
  I n = 16, tot = 0;
  T* t = mkm(n + 1);
  tot += chk(t);
  fr(t);
  T* lg = mkm(n);
  for (I d = 4; d <= n; d += 2) {
    I it = 1L << (n - d + 4);
    for (I i = 0; i < it; i++) {
      t = mkm(d);
      tot += chk(t);
      fr(t);
    }
  }
  tot += chk(lg);
  fr(lg);
  return tot;
}

// words: strings and a hash table
static uint64_t hs(const char* s) {
  uint64_t h = 1469598103934665603ULL;
  for (; *s; s++) {
    h ^= (unsigned char)*s;
    h *= 1099511628211ULL;
  }
  return h;
}
typedef struct {
  char* k;
  uint64_t h;
  I v;
} E;
static I k_words(void) {
  I n = 200000, x = 42;
  char** w = malloc(n * sizeof *w);
  for (I i = 0; i < n; i++) {
    x = lcg(x);
    I k = x % 5000;
    char b[24];
    int p = 23;
    b[p] = 0;
    do {
      b[--p] = '0' + k % 10;
      k /= 10;
    } while (k);
    b[--p] = 'w';
    w[i] = malloc(24 - p);
    memcpy(w[i], b + p, 24 - p);
  }
  size_t cap = 16, cnt = 0;
  E* t = calloc(cap, sizeof(E));
  for (I i = 0; i < n; i++) {
    uint64_t h = hs(w[i]);
    size_t p = h & (cap - 1);
    while (t[p].k && !(t[p].h == h && !strcmp(t[p].k, w[i]))) p = (p + 1) & (cap - 1);
    if (t[p].k)
      t[p].v++;
    else {
      t[p].k = w[i];
      t[p].h = h;
      t[p].v = 1;
      if (++cnt * 2 > cap) {
        size_t nc = cap * 2;
        E* nt = calloc(nc, sizeof(E));
        for (size_t q = 0; q < cap; q++)
          if (t[q].k) {
            size_t r = t[q].h & (nc - 1);
            while (nt[r].k) r = (r + 1) & (nc - 1);
            nt[r] = t[q];
          }
        free(t);
        t = nt;
        cap = nc;
      }
    }
  }
  I mx = 0;
  for (size_t q = 0; q < cap; q++)
    if (t[q].k && t[q].v > mx) mx = t[q].v;
  for (I i = 0; i < n; i++) free(w[i]);
  free(w);
  free(t);
  return mx * 10000 + cnt;
}

// datalog: lists and a set of integers
typedef struct {
  I* a;
  size_t cap, cnt;
} S;
static inline size_t hi(I k, size_t cap) { return ((uint64_t)k * 0x9E3779B97F4A7C15ULL >> 32) & (cap - 1); }
static NI int sadd(S* s, I k) {
  size_t p = hi(k, s->cap);
  while (s->a[p] >= 0) {
    if (s->a[p] == k) return 0;
    p = (p + 1) & (s->cap - 1);
  }
  s->a[p] = k;
  if (++s->cnt * 2 > s->cap) {
    size_t nc = s->cap * 2;
    I* na = malloc(nc * 8);
    memset(na, 255, nc * 8);
    for (size_t q = 0; q < s->cap; q++)
      if (s->a[q] >= 0) {
        size_t r = hi(s->a[q], nc);
        while (na[r] >= 0) r = (r + 1) & (nc - 1);
        na[r] = s->a[q];
      }
    free(s->a);
    s->a = na;
    s->cap = nc;
  }
  return 1;
}
static I k_datalog(void) {
  I N = 400, x = 42;
  S s = {malloc(16 * 8), 16, 0};
  memset(s.a, 255, 16 * 8);
  ap = 0;
  Cell** adj = calloc(N, sizeof *adj);
  Cell* delta = NULL;
  for (int e = 0; e < 800; e++) {
    x = lcg(x);
    I a = x % N;
    x = lcg(x);
    I b = x % N;
    I k = a * N + b;
    if (sadd(&s, k)) {
      adj[a] = cons(b, adj[a]);
      delta = cons(k, delta);
    }
  }
  while (delta) {
    Cell* nw = NULL;
    for (; delta; delta = delta->cdr) {
      I a = delta->car / N, b = delta->car % N;
      for (Cell* q = adj[b]; q; q = q->cdr) {
        I k = a * N + q->car;
        if (sadd(&s, k)) nw = cons(k, nw);
      }
    }
    delta = nw;
  }
  I r = s.cnt;
  free(s.a);
  free(adj);
  return r;
}

typedef struct {
  const char* name;
  I (*run)(void);
} Kernel;
static const Kernel kernels[] = {{"fib", k_fib},           {"tak", k_tak},
                                 {"nqueens", k_nqueens},   {"nbody", k_nbody},
                                 {"mandel", k_mandel},     {"spectral", k_spectral},
                                 {"sieve", k_sieve},       {"matmul", k_matmul},
                                 {"bintrees", k_bintrees}, {"bintrees_malloc", k_bintrees_malloc},
                                 {"words", k_words},       {"datalog", k_datalog}};

int main(int argc, char** argv) {
  arena = malloc(1 << 28);
  for (size_t i = 0; argc > 1 && i < sizeof kernels / sizeof *kernels; i++) {
    if (strcmp(kernels[i].name, argv[1]) != 0) continue;
    measure(kernels[i].name, kernels[i].run, argc, argv);
    return 0;
  }
  fprintf(stderr, "no such kernel\n");
  return 2;
}
