"""The eleven kernels for PyPy.

  pypy3 kernels.py NAME [SAMPLES SECONDS WARM]     see measure.h
"""
import sys,time
from math import floor,sqrt
def lcg(x): return x*16807%2147483647
def fib(n): return n if n<2 else fib(n-1)+fib(n-2)
def k_fib(): return fib(35)
def tak(x,y,z): return tak(tak(x-1,y,z),tak(y-1,z,x),tak(z-1,x,y)) if y<x else z
def k_tak(): return tak(24,16,8)
def app(a,b): return b if a is None else (a[0],app(a[1],b))
def ok(row,dist,p):
    if p is None: return True
    if p[0]==row+dist or p[0]==row-dist: return False
    return ok(row,dist+1,p[1])
def tryit(x,y,z):
    if x is None: return 1 if y is None else 0
    return (tryit(app(x[1],y),None,(x[0],z)) if ok(x[0],1,z) else 0)+tryit(x[1],(x[0],y),z)
def k_nqueens():
    l=None
    for i in range(10,0,-1): l=(i,l)
    return tryit(l,None,None)
def nbinit():
    PI=3.141592653589793;SM=4*PI*PI;DY=365.24
    X=[0.,4.84143144246472090e+00,8.34336671824457987e+00,1.28943695621391310e+01,1.53796971148509165e+01]
    Y=[0.,-1.16032004402742839e+00,4.12479856412430479e+00,-1.51111514016986312e+01,-2.59193146099879641e+01]
    Z=[0.,-1.03622044471123109e-01,-4.03523417114321381e-01,-2.23307578892655734e-01,1.79258772950371181e-01]
    VX=[0.,1.66007664274403694e-03,-2.76742510726411899e-03,2.96460137564761618e-03,2.68067772490389322e-03]
    VY=[0.,7.69901118419740425e-03,4.99852801234917238e-03,2.37847173959480950e-03,1.62824170038242295e-03]
    VZ=[0.,-6.90460016972063023e-05,2.30417297573763929e-05,-2.96589568540237556e-05,-9.51592254519715870e-05]
    M=[1.,9.54791938424326609e-04,2.85885980666130812e-04,4.36624404335156298e-05,5.15138902046611451e-05]
    px=py=pz=0.
    for i in range(5): VX[i]*=DY;VY[i]*=DY;VZ[i]*=DY;M[i]*=SM
    for i in range(5): px+=VX[i]*M[i];py+=VY[i]*M[i];pz+=VZ[i]*M[i]
    VX[0]=-px/SM;VY[0]=-py/SM;VZ[0]=-pz/SM
    return X,Y,Z,VX,VY,VZ,M
def advance(X,Y,Z,VX,VY,VZ,M,dt):
    i=0
    while i<5:
        j=i+1
        while j<5:
            dx=X[i]-X[j];dy=Y[i]-Y[j];dz=Z[i]-Z[j]
            d2=dx*dx+dy*dy+dz*dz;mag=dt/(d2*sqrt(d2))
            mj=M[j]*mag;mi=M[i]*mag
            VX[i]-=dx*mj;VY[i]-=dy*mj;VZ[i]-=dz*mj
            VX[j]+=dx*mi;VY[j]+=dy*mi;VZ[j]+=dz*mi
            j+=1
        i+=1
    i=0
    while i<5:
        X[i]+=dt*VX[i];Y[i]+=dt*VY[i];Z[i]+=dt*VZ[i];i+=1
def energy(X,Y,Z,VX,VY,VZ,M):
    e=0.
    for i in range(5):
        e+=0.5*M[i]*(VX[i]*VX[i]+VY[i]*VY[i]+VZ[i]*VZ[i])
        for j in range(i+1,5):
            dx=X[i]-X[j];dy=Y[i]-Y[j];dz=Z[i]-Z[j];e-=M[i]*M[j]/sqrt(dx*dx+dy*dy+dz*dz)
    return e
def k_nbody():
    b=nbinit();X,Y,Z,VX,VY,VZ,M=b
    for i in range(500000): advance(X,Y,Z,VX,VY,VZ,M,0.01)
    return floor(energy(*b)*1e9+0.5)
def k_mandel():
    w=h=400;cnt=0
    for y in range(h):
        ci=2.0*y/h-1.0
        for x in range(w):
            cr=2.0*x/w-1.5;zr=zi=zr2=zi2=0.;i=0
            while i<100 and zr2+zi2<=4.0:
                zi=2.0*zr*zi+ci;zr=zr2-zi2+cr;zr2=zr*zr;zi2=zi*zi;i+=1
            if zr2+zi2<=4.0: cnt+=1
    return cnt
def A(i,j): return 1.0/((i+j)*(i+j+1)//2+i+1)
def mulAv(n,v,o):
    for i in range(n):
        s=0.
        for j in range(n): s+=A(i,j)*v[j]
        o[i]=s
def mulAtv(n,v,o):
    for i in range(n):
        s=0.
        for j in range(n): s+=A(j,i)*v[j]
        o[i]=s
def k_spectral():
    n=300;u=[1.]*n;v=[0.]*n;t=[0.]*n
    for i in range(10): mulAv(n,u,t);mulAtv(n,t,v);mulAv(n,v,t);mulAtv(n,t,u)
    vBv=vv=0.
    for i in range(n): vBv+=u[i]*v[i];vv+=v[i]*v[i]
    return floor(sqrt(vBv/vv)*1e9+0.5)
def k_sieve():
    n=5000000;f=bytearray(b'\1')*n;c=0;i=2
    while i*i<n:
        if f[i]:
            for j in range(i*i,n,i): f[j]=0
        i+=1
    for i in range(2,n):
        if f[i]: c+=1
    return c
def mm(n,a,b,c):
    for i in range(n):
        for j in range(n):
            s=0.
            for k in range(n): s+=a[i*n+k]*b[k*n+j]
            c[i*n+j]=s
def k_matmul():
    n=200;a=[0.]*(n*n);b=[0.]*(n*n);c=[0.]*(n*n)
    for i in range(n):
        for j in range(n):
            a[i*n+j]=(i*7+j*3)%11*0.25;b[i*n+j]=(i*5+j*2)%13*0.5
    mm(n,a,b,c);s=0.
    for x in c: s+=x
    return int(s*8)
def mk(d): return (None,None) if d==0 else (mk(d-1),mk(d-1))
def chk(t): return 1 if t[0] is None else 1+chk(t[0])+chk(t[1])
def k_bintrees():
    n=16;tot=chk(mk(n+1));lg=mk(n)
    for d in range(4,n+1,2):
        for i in range(1<<(n-d+4)): tot+=chk(mk(d))
    return tot+chk(lg)
def k_words():
    n=200000;x=42;w=[]
    for i in range(n): x=lcg(x);w.append("w"+str(x%5000))
    t={}
    for k in w: t[k]=t.get(k,0)+1
    mx=0
    for v in t.values():
        if v>mx: mx=v
    return mx*10000+len(t)
def k_datalog():
    N=400;x=42;s=set();adj=[None]*N;delta=None
    for e in range(800):
        x=lcg(x);a=x%N;x=lcg(x);b=x%N;k=a*N+b
        if k not in s: s.add(k);adj[a]=(b,adj[a]);delta=(k,delta)
    while delta is not None:
        nw=None
        while delta is not None:
            k0=delta[0];a=k0//N;b=k0%N;q=adj[b]
            while q is not None:
                k=a*N+q[0]
                if k not in s: s.add(k);nw=(k,nw)
                q=q[1]
            delta=delta[1]
        delta=nw
    return len(s)

def measure(name, samples, seconds, warm):
    run = globals()["k_" + name]
    start = time.perf_counter()
    words = [name, str(run())]
    while samples > 0 and time.perf_counter() - start < warm:
        run()
    start = time.perf_counter()
    for i in range(samples):
        if i > 0 and time.perf_counter() - start >= seconds:
            break
        began = time.perf_counter()
        run()
        words.append("%.9f" % (time.perf_counter() - began))
    print(" ".join(words))

arguments = (sys.argv[1:] + ["0", "0", "0"])[:4]
measure(arguments[0], int(arguments[1]), float(arguments[2]), float(arguments[3]))
