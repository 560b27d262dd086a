// The scenario vtrace for Node: materials are classes with a method.
//
//   node vtrace.js vtrace [SAMPLES SECONDS WARM]     see measure.h
'use strict';
let hi = 0, lo = 42;
function rnd() {
  let h = hi, l = lo;
  if (h === 0 && l === 0) {
    h = 0x139408d | 0;
    l = 0;
  }
  // x ^= x<<13
  let nh = ((h << 13) | (l >>> 19)) | 0, nl = (l << 13) | 0;
  h ^= nh;
  l ^= nl;
  nl = ((l >>> 7) | (h << 25)) | 0;
  nh = h >>> 7;
  h ^= nh;
  l ^= nl;
  nh = ((h << 17) | (l >>> 15)) | 0;
  nl = (l << 17) | 0;
  h ^= nh;
  l ^= nl;
  hi = h;
  lo = l;
  return ((h & 0x1fffff) * 4294967296 + (l >>> 0)) / 9007199254740992;
}
const rin = (a, b) => a + rnd() * (b - a);
class V {
  constructor(x, y, z) {
    this.x = x;
    this.y = y;
    this.z = z;
  }
}
const add = (a, b) => new V(a.x + b.x, a.y + b.y, a.z + b.z), sub = (a, b) => new V(a.x - b.x, a.y - b.y, a.z - b.z),
      mulv = (a, b) => new V(a.x * b.x, a.y * b.y, a.z * b.z), mul = (a, s) => new V(a.x * s, a.y * s, a.z * s),
      div = (a, s) => new V(a.x / s, a.y / s, a.z / s), dot = (a, b) => a.x * b.x + a.y * b.y + a.z * b.z,
      len2 = a => a.x * a.x + a.y * a.y + a.z * a.z, len = a => Math.sqrt(len2(a)), unit = a => div(a, len(a)),
      cross = (a, b) => new V(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x),
      neg = a => new V(-a.x, -a.y, -a.z);
const rv = () => new V(rnd(), rnd(), rnd()), rvi = (a, b) => new V(rin(a, b), rin(a, b), rin(a, b));
function ruv() {
  for (;;) {
    const p = rvi(-1, 1), l = len2(p);
    if (1e-160 < l && l <= 1) return div(p, Math.sqrt(l));
  }
}
const refl = (v, n) => sub(v, mul(mul(n, 2), dot(v, n)));
function refr(v, n, e) {
  const c = Math.min(-dot(v, n), 1), rp = mul(add(v, mul(n, c)), e);
  return add(rp, mul(n, -Math.sqrt(Math.abs(1 - len2(rp)))));
}
class Lam {
  constructor(a) {
    this.a = a;
  }
  scatter(ray, rec) {
    let s = add(rec.n, ruv());
    if (Math.abs(s.x) < 1e-8 && Math.abs(s.y) < 1e-8 && Math.abs(s.z) < 1e-8) s = rec.n;
    return {at: this.a, o: rec.p, d: s};
  }
}
class Met {
  constructor(a, f) {
    this.a = a;
    this.f = f;
  }
  scatter(ray, rec) {
    const r = unit(refl(ray.d, rec.n));
    return {at: this.a, o: rec.p, d: add(r, mul(ruv(), this.f))};
  }
}
const ONE = new V(1, 1, 1), SKY = new V(.5, .7, 1), BLK = new V(0, 0, 0);
class Die {
  constructor(i) {
    this.i = i;
  }
  scatter(ray, rec) {
    const ri = rec.ff ? 1 / this.i : this.i, u = unit(ray.d), ct = Math.min(-dot(u, rec.n), 1),
          sn = Math.sqrt(1 - ct * ct);
    let rf = ri * sn > 1;
    if (!rf) {
      const b = (1 - this.i) / (1 + this.i), r0 = b * b;
      rf = r0 + (1 - r0) * Math.pow(1 - ct, 5) > rnd();
    }
    return {at: ONE, o: rec.p, d: rf ? refl(u, rec.n) : refr(u, rec.n, ri)};
  }
}
class Sph {
  constructor(c, r, m) {
    this.c = c;
    this.r = r;
    this.m = m;
  }
  hit(ray, mn, mx) {
    const oc = sub(this.c, ray.o), a = len2(ray.d), h = dot(ray.d, oc), c = len2(oc) - this.r * this.r,
          ds = h * h - a * c;
    if (ds < 0) return null;
    const sq = Math.sqrt(ds);
    let t = (h - sq) / a;
    if (!(mn < t && t < mx)) {
      t = (h + sq) / a;
      if (!(mn < t && t < mx)) return null;
    }
    const p = add(ray.o, mul(ray.d, t)), on = div(sub(p, this.c), this.r), ff = dot(ray.d, on) < 0;
    return {p, n: ff ? on : mul(on, -1), m: this.m, t, ff};
  }
}
function color(ray, depth, W) {
  if (depth <= 0) return BLK;
  let best = null, cl = Infinity;
  for (let i = 0; i < W.length; i++) {
    const h = W[i].hit(ray, .001, cl);
    if (h !== null) {
      cl = h.t;
      best = h;
    }
  }
  if (best === null) {
    const u = unit(ray.d), a = .5 * (u.y + 1);
    return add(mul(ONE, 1 - a), mul(SKY, a));
  }
  const s = best.m.scatter(ray, best);
  return mulv(s.at, color({o: s.o, d: s.d}, depth - 1, W));
}
const px = c => {
  const g = c > 0 ? Math.sqrt(c) : 0;
  return Math.trunc(256 * (g < 0 ? 0 : g > .999 ? .999 : g));
};
function render(w, spp, dep) {
  hi = 0;
  lo = 42;
  const W = [new Sph(new V(0, -1000, 0), 1000, new Lam(new V(.5, .5, .5)))];
  for (let a = -11; a < 11; a++)
    for (let b = -11; b < 11; b++) {
      const cm = rnd(), c = new V(a + .9 * rnd(), .2, b + .9 * rnd());
      if (len(sub(c, new V(4, .2, 0))) > .9) {
        if (cm < .8) {
          const r1 = rv(), r2 = rv();
          W.push(new Sph(c, .2, new Lam(mulv(r1, r2))));
        } else if (cm < .95) {
          const al = rvi(.5, 1);
          W.push(new Sph(c, .2, new Met(al, rin(0, .5))));
        } else
          W.push(new Sph(c, .2, new Die(1.5)));
      }
    }
  W.push(
      new Sph(new V(0, 1, 0), 1, new Die(1.5)), new Sph(new V(-4, 1, 0), 1, new Lam(new V(.4, .3, .2))),
      new Sph(new V(4, 1, 0), 1, new Met(new V(.7, .6, .5), 0)));
  const h = Math.trunc(w / (16 / 9)), lf = new V(13, 2, 3), th = 20 * (Math.PI / 180), hh = Math.tan(th / 2),
        vh = 2 * hh * 10, vw = vh * (w / h), ww = unit(lf), u = cross(new V(0, 1, 0), ww), v = cross(ww, u),
        vu = mul(u, vw), vv = mul(neg(v), vh), du = div(vu, w), dv = div(vv, h),
        ul = sub(sub(sub(lf, mul(ww, 10)), div(vu, 2)), div(vv, 2)), p0 = add(ul, mul(add(du, dv), .5)),
        dr = 10 * Math.tan(.3 * (Math.PI / 180)), ddu = mul(u, dr), ddv = mul(v, dr);
  let ck = 0;
  for (let j = 0; j < h; j++)
    for (let i = 0; i < w; i++) {
      let c = new V(1, 1, 1);
      for (let s = 0; s < spp; s++) {
        const ox = rnd() - .5, oy = rnd() - .5, ps = add(add(p0, mul(du, i + ox)), mul(dv, j + oy));
        let p;
        for (;;) {
          const x = rin(-1, 1), y = rin(-1, 1);
          p = new V(x, y, 0);
          if (len2(p) < 1) break;
        }
        const ro = add(add(lf, mul(ddu, p.x)), mul(ddv, p.y));
        c = add(c, color({o: ro, d: sub(ps, ro)}, dep, W));
      }
      const q = mul(c, 1 / spp);
      ck += px(q.x) * 3 + px(q.y) * 5 + px(q.z) * 7;
    }
  return ck;
}
require('./measure.js')({vtrace: () => render(48, 4, 8)}, process.argv.slice(2));
