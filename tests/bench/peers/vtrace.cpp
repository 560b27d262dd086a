// The scenario vtrace in C++: tests/corpus/scenarios/vtrace.sx says what it is.
//
//   vtrace vtrace [SAMPLES SECONDS WARM]     see measure.h
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "measure.h"
struct V {
  double x, y, z;
};
static V operator+(V a, V b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
static V operator-(V a, V b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
static V operator-(V a) { return {-a.x, -a.y, -a.z}; }
static V operator*(V a, V b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
static V operator*(V a, double s) { return {a.x * s, a.y * s, a.z * s}; }
static V operator/(V a, double s) { return {a.x / s, a.y / s, a.z / s}; }
static double dot(V a, V b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static double len2(V a) { return a.x * a.x + a.y * a.y + a.z * a.z; }
static double len(V a) { return std::sqrt(len2(a)); }
static V cross(V a, V b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
static V unit(V a) { return a / len(a); }
static uint64_t st;
static double rnd() {
  uint64_t s = st ? st : 88172645463393265ull;
  s ^= s << 13;
  s ^= s >> 7;
  s ^= s << 17;
  st = s;
  return double(s & ((1ull << 53) - 1)) / 9007199254740992.0;
}
static double rnd(double a, double b) { return a + rnd() * (b - a); }
static V rv() {
  double x = rnd(), y = rnd(), z = rnd();
  return {x, y, z};
}
static V rv(double a, double b) {
  double x = rnd(a, b), y = rnd(a, b), z = rnd(a, b);
  return {x, y, z};
}
static V ruv() {
  for (;;) {
    V p = rv(-1, 1);
    double l = len2(p);
    if (1e-160 < l && l <= 1.0) return p / std::sqrt(l);
  }
}
static V refl(V v, V n) { return v - n * 2.0 * dot(v, n); }
static V refr(V v, V n, double e) {
  double c = std::fmin(-dot(v, n), 1.0);
  V rp = (v + n * c) * e;
  V rl = n * -std::sqrt(std::fabs(1.0 - len2(rp)));
  return rp + rl;
}
struct M {
  int k;
  V a;
  double f;
};
struct S {
  V c;
  double r;
  M m;
};
struct H {
  V p, n;
  M m;
  double t;
  bool ff;
};
static std::vector<S> W;
static bool hitS(const S& s, V o, V d, double mn, double mx, H& h) {
  V oc = s.c - o;
  double a = len2(d), hh = dot(d, oc), c = len2(oc) - s.r * s.r;
  double disc = hh * hh - a * c;
  if (disc < 0) return false;
  double sq = std::sqrt(disc);
  double root = (hh - sq) / a;
  if (!(mn < root && root < mx)) {
    root = (hh + sq) / a;
    if (!(mn < root && root < mx)) return false;
  }
  V p = o + d * root;
  V on = (p - s.c) / s.r;
  bool ff = dot(d, on) < 0.0;
  h = {p, ff ? on : on * -1.0, s.m, root, ff};
  return true;
}
static V color(V o, V d, int depth) {
  if (depth <= 0) return {0, 0, 0};
  bool any = false;
  H b;
  double cl = INFINITY;
  for (auto& s : W) {
    H h;
    if (hitS(s, o, d, 0.001, cl, h)) {
      cl = h.t;
      b = h;
      any = true;
    }
  }
  if (!any) {
    V u = unit(d);
    double a = 0.5 * (u.y + 1.0);
    return V{1, 1, 1} * (1.0 - a) + V{0.5, 0.7, 1.0} * a;
  }
  V at, nd;
  if (b.m.k == 0) {
    V sd = b.n + ruv();
    double e = 1e-8;
    if (std::fabs(sd.x) < e && std::fabs(sd.y) < e && std::fabs(sd.z) < e) sd = b.n;
    at = b.m.a;
    nd = sd;
  } else if (b.m.k == 1) {
    V r = unit(refl(d, b.n)) + ruv() * b.m.f;
    at = b.m.a;
    nd = r;
  } else {
    double ri = b.ff ? 1.0 / b.m.f : b.m.f;
    V u = unit(d);
    double ct = std::fmin(-dot(u, b.n), 1.0);
    double sn = std::sqrt(1.0 - ct * ct);
    bool no = ri * sn > 1.0;
    double base = (1.0 - b.m.f) / (1.0 + b.m.f);
    double r0 = base * base;
    bool rf = no;
    if (!rf) {
      double rr = r0 + (1.0 - r0) * std::pow(1.0 - ct, 5.0);
      rf = rr > rnd();
    }
    nd = rf ? refl(u, b.n) : refr(u, b.n, ri);
    at = {1, 1, 1};
  }
  return at * color(b.p, nd, depth - 1);
}
static int px(double c) {
  double g = c > 0 ? std::sqrt(c) : 0.0;
  double k = g < 0 ? 0 : g > 0.999 ? 0.999 : g;
  return (int)(256.0 * k);
}
static int render(int w, int spp, int dep) {
  st = 42;
  W.clear();
  W.push_back({{0, -1000, 0}, 1000, {0, {.5, .5, .5}, 0}});
  for (int a = -11; a < 11; a++)
    for (int b = -11; b < 11; b++) {
      double cm = rnd();
      double cx = a + 0.9 * rnd();
      double cz = b + 0.9 * rnd();
      V c{cx, 0.2, cz};
      if (len(c - V{4, .2, 0}) > 0.9) {
        if (cm < 0.8) {
          V r1 = rv();
          V r2 = rv();
          W.push_back({c, .2, {0, r1 * r2, 0}});
        } else if (cm < 0.95) {
          V al = rv(.5, 1.0);
          double f = rnd(0, .5);
          W.push_back({c, .2, {1, al, f}});
        } else
          W.push_back({c, .2, {2, {0, 0, 0}, 1.5}});
      }
    }
  W.push_back({{0, 1, 0}, 1, {2, {0, 0, 0}, 1.5}});
  W.push_back({{-4, 1, 0}, 1, {0, {.4, .3, .2}, 0}});
  W.push_back({{4, 1, 0}, 1, {1, {.7, .6, .5}, 0}});
  int h = (int)(w / (16.0 / 9.0));
  if (h < 1) h = 1;
  V lf{13, 2, 3}, la{0, 0, 0}, vup{0, 1, 0};
  double fd = 10, ang = 0.6;
  double th = 20.0 * (3.141592653589793 / 180.0);
  double hh = std::tan(th / 2.0);
  double vh = 2.0 * hh * fd;
  double vw = vh * ((double)w / (double)h);
  V ww = unit(lf - la), u = cross(vup, ww), v = cross(ww, u);
  V vu = u * vw, vv = (-v) * vh;
  V du = vu / (double)w, dv = vv / (double)h;
  V ul = lf - ww * fd - vu / 2.0 - vv / 2.0;
  V p0 = ul + ((du + dv) * 0.5);
  double dr = fd * std::tan((ang / 2.0) * (3.141592653589793 / 180.0));
  V ddu = u * dr, ddv = v * dr;
  double sc = 1.0 / spp;
  int ck = 0;
  for (int j = 0; j < h; j++)
    for (int i = 0; i < w; i++) {
      V c{1, 1, 1};
      for (int s = 0; s < spp; s++) {
        double ox = rnd() - 0.5, oy = rnd() - 0.5;
        V ps = p0 + du * (i + ox) + dv * (j + oy);
        V p;
        for (;;) {
          double x = rnd(-1, 1), y = rnd(-1, 1);
          p = {x, y, 0};
          if (len2(p) < 1.0) break;
        }
        V ro = lf + ddu * p.x + ddv * p.y;
        V cc = color(ro, ps - ro, dep);
        c = c + cc;
      }
      V q = c * sc;
      ck += px(q.x) * 3 + px(q.y) * 5 + px(q.z) * 7;
    }
  return ck;
}
static long run() { return render(48, 4, 8); }
int main(int argc, char** argv) {
  measure("vtrace", run, argc, argv);
  return 0;
}
