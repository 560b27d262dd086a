// The eleven kernels for Node.
//
//   node kernels.js NAME [SAMPLES SECONDS WARM]     see measure.h
'use strict';
const {floor, sqrt} = Math;
const lcg = x => x * 16807 % 2147483647;
const K = {};
function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
K.fib = () => fib(35);
function tak(x, y, z) {
  return y < x ? tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y)) : z;
}
K.tak = () => tak(24, 16, 8);
class Cell {
  constructor(a, d) {
    this.car = a;
    this.cdr = d;
  }
}
const cons = (a, d) => new Cell(a, d);
function app(a, b) {
  return a === null ? b : cons(a.car, app(a.cdr, b));
}
function ok(row, dist, p) {
  return p === null ? true : (p.car !== row + dist && p.car !== row - dist && ok(row, dist + 1, p.cdr));
}
function tryit(x, y, z) {
  if (x === null) return y === null ? 1 : 0;
  return (ok(x.car, 1, z) ? tryit(app(x.cdr, y), null, cons(x.car, z)) : 0) + tryit(x.cdr, cons(x.car, y), z);
}
K.nqueens = () => {
  let l = null;
  for (let i = 10; i > 0; i--) l = cons(i, l);
  return tryit(l, null, null);
};
const F = a => Float64Array.from(a);
function nbinit() {
  const PI = 3.141592653589793, SM = 4 * PI * PI, DY = 365.24;
  const X = F([0, 4.84143144246472090e+00, 8.34336671824457987e+00, 1.28943695621391310e+01, 1.53796971148509165e+01]),
        Y = F(
            [0, -1.16032004402742839e+00, 4.12479856412430479e+00, -1.51111514016986312e+01, -2.59193146099879641e+01]),
        Z = F(
            [0, -1.03622044471123109e-01, -4.03523417114321381e-01, -2.23307578892655734e-01, 1.79258772950371181e-01]),
        VX =
            F([0, 1.66007664274403694e-03, -2.76742510726411899e-03, 2.96460137564761618e-03, 2.68067772490389322e-03]),
        VY = F([0, 7.69901118419740425e-03, 4.99852801234917238e-03, 2.37847173959480950e-03, 1.62824170038242295e-03]),
        VZ = F(
            [0, -6.90460016972063023e-05, 2.30417297573763929e-05, -2.96589568540237556e-05, -9.51592254519715870e-05]),
        M = F([1, 9.54791938424326609e-04, 2.85885980666130812e-04, 4.36624404335156298e-05, 5.15138902046611451e-05]);
  let px = 0, py = 0, pz = 0;
  for (let i = 0; i < 5; i++) {
    VX[i] *= DY;
    VY[i] *= DY;
    VZ[i] *= DY;
    M[i] *= SM;
  }
  for (let i = 0; i < 5; i++) {
    px += VX[i] * M[i];
    py += VY[i] * M[i];
    pz += VZ[i] * M[i];
  }
  VX[0] = -px / SM;
  VY[0] = -py / SM;
  VZ[0] = -pz / SM;
  return {X, Y, Z, VX, VY, VZ, M};
}
function advance(X, Y, Z, VX, VY, VZ, M, dt) {
  for (let i = 0; i < 5; i++)
    for (let j = i + 1; j < 5; j++) {
      const dx = X[i] - X[j], dy = Y[i] - Y[j], dz = Z[i] - Z[j];
      const d2 = dx * dx + dy * dy + dz * dz, mag = dt / (d2 * sqrt(d2)), mj = M[j] * mag, mi = M[i] * mag;
      VX[i] -= dx * mj;
      VY[i] -= dy * mj;
      VZ[i] -= dz * mj;
      VX[j] += dx * mi;
      VY[j] += dy * mi;
      VZ[j] += dz * mi;
    }
  for (let i = 0; i < 5; i++) {
    X[i] += dt * VX[i];
    Y[i] += dt * VY[i];
    Z[i] += dt * VZ[i];
  }
}
K.nbody = () => {
  const {X, Y, Z, VX, VY, VZ, M} = nbinit();
  for (let i = 0; i < 500000; i++) advance(X, Y, Z, VX, VY, VZ, M, 0.01);
  let e = 0;
  for (let i = 0; i < 5; i++) {
    e += 0.5 * M[i] * (VX[i] * VX[i] + VY[i] * VY[i] + VZ[i] * VZ[i]);
    for (let j = i + 1; j < 5; j++) {
      const dx = X[i] - X[j], dy = Y[i] - Y[j], dz = Z[i] - Z[j];
      e -= M[i] * M[j] / sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return floor(e * 1e9 + 0.5);
};
K.mandel = () => {
  const w = 400, h = 400;
  let cnt = 0;
  for (let y = 0; y < h; y++) {
    const ci = 2.0 * y / h - 1.0;
    for (let x = 0; x < w; x++) {
      const cr = 2.0 * x / w - 1.5;
      let zr = 0, zi = 0, zr2 = 0, zi2 = 0, i = 0;
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
};
function A(i, j) {
  return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}
function mulAv(n, v, o) {
  for (let i = 0; i < n; i++) {
    let s = 0;
    for (let j = 0; j < n; j++) s += A(i, j) * v[j];
    o[i] = s;
  }
}
function mulAtv(n, v, o) {
  for (let i = 0; i < n; i++) {
    let s = 0;
    for (let j = 0; j < n; j++) s += A(j, i) * v[j];
    o[i] = s;
  }
}
K.spectral = () => {
  const n = 300, u = new Float64Array(n).fill(1), v = new Float64Array(n), t = new Float64Array(n);
  for (let i = 0; i < 10; i++) {
    mulAv(n, u, t);
    mulAtv(n, t, v);
    mulAv(n, v, t);
    mulAtv(n, t, u);
  }
  let vBv = 0, vv = 0;
  for (let i = 0; i < n; i++) {
    vBv += u[i] * v[i];
    vv += v[i] * v[i];
  }
  return floor(sqrt(vBv / vv) * 1e9 + 0.5);
};
K.sieve = () => {
  const n = 5000000, f = new Uint8Array(n).fill(1);
  let c = 0;
  for (let i = 2; i * i < n; i++)
    if (f[i])
      for (let j = i * i; j < n; j += i) f[j] = 0;
  for (let i = 2; i < n; i++)
    if (f[i]) c++;
  return c;
};
function mm(n, a, b, c) {
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let s = 0;
      for (let k = 0; k < n; k++) s += a[i * n + k] * b[k * n + j];
      c[i * n + j] = s;
    }
}
K.matmul = () => {
  const n = 200, a = new Float64Array(n * n), b = new Float64Array(n * n), c = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      a[i * n + j] = (i * 7 + j * 3) % 11 * 0.25;
      b[i * n + j] = (i * 5 + j * 2) % 13 * 0.5;
    }
  mm(n, a, b, c);
  let s = 0;
  for (let i = 0; i < n * n; i++) s += c[i];
  return s * 8;
};
class T {
  constructor(l, r) {
    this.l = l;
    this.r = r;
  }
}
function mk(d) {
  return d === 0 ? new T(null, null) : new T(mk(d - 1), mk(d - 1));
}
function chk(t) {
  return t.l === null ? 1 : 1 + chk(t.l) + chk(t.r);
}
K.bintrees = () => {
  const n = 16;
  let tot = chk(mk(n + 1));
  const lg = mk(n);
  for (let d = 4; d <= n; d += 2) {
    const it = 1 << (n - d + 4);
    for (let i = 0; i < it; i++) tot += chk(mk(d));
  }
  return tot + chk(lg);
};
K.words = () => {
  const n = 200000;
  let x = 42;
  const w = [];
  for (let i = 0; i < n; i++) {
    x = lcg(x);
    w.push('w' + (x % 5000));
  }
  const t = new Map();
  for (const k of w) t.set(k, (t.get(k) || 0) + 1);
  let mx = 0;
  for (const v of t.values())
    if (v > mx) mx = v;
  return mx * 10000 + t.size;
};
K.datalog = () => {
  const N = 400;
  let x = 42;
  const s = new Set(), adj = new Array(N).fill(null);
  let delta = null;
  for (let e = 0; e < 800; e++) {
    x = lcg(x);
    const a = x % N;
    x = lcg(x);
    const b = x % N, k = a * N + b;
    if (!s.has(k)) {
      s.add(k);
      adj[a] = cons(b, adj[a]);
      delta = cons(k, delta);
    }
  }
  while (delta !== null) {
    let nw = null;
    for (; delta !== null; delta = delta.cdr) {
      const k0 = delta.car, b = k0 % N, a = (k0 - b) / N;
      for (let q = adj[b]; q !== null; q = q.cdr) {
        const k = a * N + q.car;
        if (!s.has(k)) {
          s.add(k);
          nw = cons(k, nw);
        }
      }
    }
    delta = nw;
  }
  return s.size;
};

require('./measure.js')(K, process.argv.slice(2));
