-- The eleven kernels for LuaJIT.
--
--   luajit [-joff] kernels.lua NAME [SAMPLES SECONDS WARM]     see measure.h
local ffi=require"ffi"
local floor,sqrt=math.floor,math.sqrt
local function lcg(x) return x*16807%2147483647 end
local K={}
local function fib(n) if n<2 then return n end return fib(n-1)+fib(n-2) end
function K.fib() return fib(35) end
local function tak(x,y,z) if y<x then return tak(tak(x-1,y,z),tak(y-1,z,x),tak(z-1,x,y)) end return z end
function K.tak() return tak(24,16,8) end
local function cons(a,d) return {a,d} end
local function app(a,b) if not a then return b end return {a[1],app(a[2],b)} end
local function ok(row,dist,p) if not p then return true end
  if p[1]==row+dist or p[1]==row-dist then return false end return ok(row,dist+1,p[2]) end
local function tryit(x,y,z)
  if not x then return y and 0 or 1 end
  return (ok(x[1],1,z) and tryit(app(x[2],y),false,{x[1],z}) or 0)+tryit(x[2],{x[1],y},z) end
function K.nqueens() local l=false for i=10,1,-1 do l={i,l} end return tryit(l,false,false) end
local function nbinit()
 local PI=3.141592653589793 local SM,DY=4*PI*PI,365.24
 local X={0,4.84143144246472090e+00,8.34336671824457987e+00,1.28943695621391310e+01,1.53796971148509165e+01}
 local Y={0,-1.16032004402742839e+00,4.12479856412430479e+00,-1.51111514016986312e+01,-2.59193146099879641e+01}
 local Z={0,-1.03622044471123109e-01,-4.03523417114321381e-01,-2.23307578892655734e-01,1.79258772950371181e-01}
 local VX={0,1.66007664274403694e-03,-2.76742510726411899e-03,2.96460137564761618e-03,2.68067772490389322e-03}
 local VY={0,7.69901118419740425e-03,4.99852801234917238e-03,2.37847173959480950e-03,1.62824170038242295e-03}
 local VZ={0,-6.90460016972063023e-05,2.30417297573763929e-05,-2.96589568540237556e-05,-9.51592254519715870e-05}
 local M={1,9.54791938424326609e-04,2.85885980666130812e-04,4.36624404335156298e-05,5.15138902046611451e-05}
 for i=1,5 do VX[i]=VX[i]*DY VY[i]=VY[i]*DY VZ[i]=VZ[i]*DY M[i]=M[i]*SM end
 local px,py,pz=0,0,0
 for i=1,5 do px=px+VX[i]*M[i] py=py+VY[i]*M[i] pz=pz+VZ[i]*M[i] end
 VX[1]=-px/SM VY[1]=-py/SM VZ[1]=-pz/SM
 return X,Y,Z,VX,VY,VZ,M end
local function advance(X,Y,Z,VX,VY,VZ,M,dt)
 for i=1,5 do for j=i+1,5 do
  local dx,dy,dz=X[i]-X[j],Y[i]-Y[j],Z[i]-Z[j]
  local d2=dx*dx+dy*dy+dz*dz local mag=dt/(d2*sqrt(d2))
  local mj,mi=M[j]*mag,M[i]*mag
  VX[i]=VX[i]-dx*mj VY[i]=VY[i]-dy*mj VZ[i]=VZ[i]-dz*mj
  VX[j]=VX[j]+dx*mi VY[j]=VY[j]+dy*mi VZ[j]=VZ[j]+dz*mi end end
 for i=1,5 do X[i]=X[i]+dt*VX[i] Y[i]=Y[i]+dt*VY[i] Z[i]=Z[i]+dt*VZ[i] end end
local function energy(X,Y,Z,VX,VY,VZ,M) local e=0
 for i=1,5 do e=e+0.5*M[i]*(VX[i]*VX[i]+VY[i]*VY[i]+VZ[i]*VZ[i])
  for j=i+1,5 do local dx,dy,dz=X[i]-X[j],Y[i]-Y[j],Z[i]-Z[j] e=e-M[i]*M[j]/sqrt(dx*dx+dy*dy+dz*dz) end end
 return e end
function K.nbody() local X,Y,Z,VX,VY,VZ,M=nbinit()
 for i=1,500000 do advance(X,Y,Z,VX,VY,VZ,M,0.01) end
 return floor(energy(X,Y,Z,VX,VY,VZ,M)*1e9+0.5) end
function K.mandel() local w,h,cnt=400,400,0
 for y=0,h-1 do local ci=2.0*y/h-1.0
  for x=0,w-1 do local cr,zr,zi,zr2,zi2,i=2.0*x/w-1.5,0,0,0,0,0
   while i<100 and zr2+zi2<=4.0 do zi=2.0*zr*zi+ci zr=zr2-zi2+cr zr2=zr*zr zi2=zi*zi i=i+1 end
   if zr2+zi2<=4.0 then cnt=cnt+1 end end end
 return cnt end
local function A(i,j) return 1.0/((i+j)*(i+j+1)/2+i+1) end
local function mulAv(n,v,o) for i=0,n-1 do local s=0 for j=0,n-1 do s=s+A(i,j)*v[j] end o[i]=s end end
local function mulAtv(n,v,o) for i=0,n-1 do local s=0 for j=0,n-1 do s=s+A(j,i)*v[j] end o[i]=s end end
function K.spectral() local n=300 local u,v,t={},{},{}
 for i=0,n-1 do u[i]=1 v[i]=0 t[i]=0 end
 for i=1,10 do mulAv(n,u,t) mulAtv(n,t,v) mulAv(n,v,t) mulAtv(n,t,u) end
 local vBv,vv=0,0 for i=0,n-1 do vBv=vBv+u[i]*v[i] vv=vv+v[i]*v[i] end
 return floor(sqrt(vBv/vv)*1e9+0.5) end
function K.sieve() local n,c=5000000,0 local f=ffi.new("uint8_t[?]",n,1) ffi.fill(f,n,1)
 local i=2 while i*i<n do if f[i]~=0 then for j=i*i,n-1,i do f[j]=0 end end i=i+1 end
 for i=2,n-1 do if f[i]~=0 then c=c+1 end end return c end
function K.matmul() local n=200 local a,b,c={},{},{}
 for i=0,n-1 do for j=0,n-1 do a[i*n+j]=(i*7+j*3)%11*0.25 b[i*n+j]=(i*5+j*2)%13*0.5 end end
 for i=0,n-1 do for j=0,n-1 do local s=0 for k=0,n-1 do s=s+a[i*n+k]*b[k*n+j] end c[i*n+j]=s end end
 local s=0 for i=0,n*n-1 do s=s+c[i] end return s*8 end
local function mk(d) if d==0 then return {false,false} end return {mk(d-1),mk(d-1)} end
local function chk(t) if t[1] then return 1+chk(t[1])+chk(t[2]) end return 1 end
function K.bintrees() local n,tot=16,0 tot=tot+chk(mk(n+1)) local lg=mk(n)
 for d=4,n,2 do local it=2^(n-d+4) for i=1,it do tot=tot+chk(mk(d)) end end
 return tot+chk(lg) end
function K.words() local n,x=200000,42 local w={}
 for i=1,n do x=lcg(x) w[i]="w"..(x%5000) end
 local t={} for i=1,n do local k=w[i] t[k]=(t[k] or 0)+1 end
 local mx,c=0,0 for k,v in pairs(t) do c=c+1 if v>mx then mx=v end end
 return mx*10000+c end
function K.datalog() local N,x=400,42 local s,cnt,adj,delta={},0,{},false
 for i=0,N-1 do adj[i]=false end
 for e=1,800 do x=lcg(x) local a=x%N x=lcg(x) local b=x%N local k=a*N+b
  if not s[k] then s[k]=true cnt=cnt+1 adj[a]={b,adj[a]} delta={k,delta} end end
 while delta do local nw=false
  while delta do local k0=delta[1] local b=k0%N local a=(k0-b)/N
   local q=adj[b] while q do local k=a*N+q[1] if not s[k] then s[k]=true cnt=cnt+1 nw={k,nw} end q=q[2] end
   delta=delta[2] end
  delta=nw end
 return cnt end

dofile(arg[0]:match(".*/") .. "measure.lua")(K)
