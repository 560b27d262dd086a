-- The scenario vtrace for LuaJIT: materials are tables with a metatable.
--
--   luajit vtrace.lua vtrace [SAMPLES SECONDS WARM]     see measure.h
local ffi=require'ffi';local bit=require'bit';local bxor,lsh,rsh,band=bit.bxor,bit.lshift,bit.rshift,bit.band
local sqrt,abs,min,floor,tan,pi=math.sqrt,math.abs,math.min,math.floor,math.tan,math.pi
local st=42ULL
local M53=0x1fffffffffffffULL
local function rnd() local s=st; s=bxor(s,lsh(s,13)); s=bxor(s,rsh(s,7)); s=bxor(s,lsh(s,17)); st=s; return tonumber(band(s,M53))/9007199254740992 end
local function rin(a,b) return a+rnd()*(b-a) end
local function V(x,y,z) return {x=x,y=y,z=z} end
local function add(a,b) return V(a.x+b.x,a.y+b.y,a.z+b.z) end
local function sub(a,b) return V(a.x-b.x,a.y-b.y,a.z-b.z) end
local function mulv(a,b) return V(a.x*b.x,a.y*b.y,a.z*b.z) end
local function mul(a,s) return V(a.x*s,a.y*s,a.z*s) end
local function div(a,s) return V(a.x/s,a.y/s,a.z/s) end
local function dot(a,b) return a.x*b.x+a.y*b.y+a.z*b.z end
local function len2(a) return a.x*a.x+a.y*a.y+a.z*a.z end
local function len(a) return sqrt(len2(a)) end
local function unit(a) return div(a,len(a)) end
local function cross(a,b) return V(a.y*b.z-a.z*b.y,a.z*b.x-a.x*b.z,a.x*b.y-a.y*b.x) end
local function rv() local x=rnd() local y=rnd() local z=rnd() return V(x,y,z) end
local function rvi(a,b) local x=rin(a,b) local y=rin(a,b) local z=rin(a,b) return V(x,y,z) end
local function ruv() while true do local p=rvi(-1,1) local l=len2(p) if 1e-160<l and l<=1 then return div(p,sqrt(l)) end end end
local function refl(v,n) return sub(v,mul(mul(n,2),dot(v,n))) end
local function refr(v,n,e) local c=min(-dot(v,n),1) local rp=mul(add(v,mul(n,c)),e) return add(rp,mul(n,-sqrt(abs(1-len2(rp))))) end
local ONE,SKY,BLK=V(1,1,1),V(.5,.7,1),V(0,0,0)
local Lam={} Lam.__index=Lam
function Lam:scatter(ray,rec) local s=add(rec.n,ruv()) if abs(s.x)<1e-8 and abs(s.y)<1e-8 and abs(s.z)<1e-8 then s=rec.n end return {at=self.a,o=rec.p,d=s} end
local Met={} Met.__index=Met
function Met:scatter(ray,rec) local r=unit(refl(ray.d,rec.n)) return {at=self.a,o=rec.p,d=add(r,mul(ruv(),self.f))} end
local Die={} Die.__index=Die
function Die:scatter(ray,rec) local ri=rec.ff and 1/self.i or self.i local u=unit(ray.d) local ct=min(-dot(u,rec.n),1) local sn=sqrt(1-ct*ct) local rf=ri*sn>1 if not rf then local b=(1-self.i)/(1+self.i) local r0=b*b rf=r0+(1-r0)*(1-ct)^5>rnd() end return {at=ONE,o=rec.p,d=rf and refl(u,rec.n) or refr(u,rec.n,ri)} end
local Sph={} Sph.__index=Sph
function Sph:hit(ray,mn,mx) local oc=sub(self.c,ray.o) local a=len2(ray.d) local h=dot(ray.d,oc) local c=len2(oc)-self.r*self.r local ds=h*h-a*c if ds<0 then return nil end local sq=sqrt(ds) local t=(h-sq)/a if not(mn<t and t<mx) then t=(h+sq)/a if not(mn<t and t<mx) then return nil end end local p=add(ray.o,mul(ray.d,t)) local on=div(sub(p,self.c),self.r) local ff=dot(ray.d,on)<0 return {p=p,n=ff and on or mul(on,-1),m=self.m,t=t,ff=ff} end
local function S(c,r,m) return setmetatable({c=c,r=r,m=m},Sph) end
local function color(ray,depth,W) if depth<=0 then return BLK end local best,cl=nil,math.huge for i=1,#W do local h=W[i]:hit(ray,.001,cl) if h then cl=h.t best=h end end if not best then local u=unit(ray.d) local a=.5*(u.y+1) return add(mul(ONE,1-a),mul(SKY,a)) end local s=best.m:scatter(ray,best) return mulv(s.at,color({o=s.o,d=s.d},depth-1,W)) end
local function px(c) local g=c>0 and sqrt(c) or 0 if g<0 then g=0 elseif g>.999 then g=.999 end return floor(256*g) end
local function render(w,spp,dep) st=42ULL local W={S(V(0,-1000,0),1000,setmetatable({a=V(.5,.5,.5)},Lam))}
for a=-11,10 do for b=-11,10 do local cm=rnd() local cx=a+.9*rnd() local cz=b+.9*rnd() local c=V(cx,.2,cz) if len(sub(c,V(4,.2,0)))>.9 then if cm<.8 then local r1=rv() local r2=rv() W[#W+1]=S(c,.2,setmetatable({a=mulv(r1,r2)},Lam)) elseif cm<.95 then local al=rvi(.5,1) local f=rin(0,.5) W[#W+1]=S(c,.2,setmetatable({a=al,f=f},Met)) else W[#W+1]=S(c,.2,setmetatable({i=1.5},Die)) end end end end
W[#W+1]=S(V(0,1,0),1,setmetatable({i=1.5},Die)) W[#W+1]=S(V(-4,1,0),1,setmetatable({a=V(.4,.3,.2)},Lam)) W[#W+1]=S(V(4,1,0),1,setmetatable({a=V(.7,.6,.5),f=0},Met))
local h=floor(w/(16/9)) local lf=V(13,2,3) local th=20*(pi/180) local hh=tan(th/2) local vh=2*hh*10 local vw=vh*(w/h) local ww=unit(lf) local u=cross(V(0,1,0),ww) local v=cross(ww,u) local vu=mul(u,vw) local vv=mul(mul(v,-1),vh) local du=div(vu,w) local dv=div(vv,h) local ul=sub(sub(sub(lf,mul(ww,10)),div(vu,2)),div(vv,2)) local p0=add(ul,mul(add(du,dv),.5)) local dr=10*tan(.3*(pi/180)) local ddu=mul(u,dr) local ddv=mul(v,dr)
local ck=0 for j=0,h-1 do for i=0,w-1 do local c=V(1,1,1) for s=1,spp do local ox=rnd()-.5 local oy=rnd()-.5 local ps=add(add(p0,mul(du,i+ox)),mul(dv,j+oy)) local p repeat local x=rin(-1,1) local y=rin(-1,1) p=V(x,y,0) until len2(p)<1 local ro=add(add(lf,mul(ddu,p.x)),mul(ddv,p.y)) c=add(c,color({o=ro,d=sub(ps,ro)},dep,W)) end local q=mul(c,1/spp) ck=ck+px(q.x)*3+px(q.y)*5+px(q.z)*7 end end return ck end
dofile(arg[0]:match(".*/") .. "measure.lua")({ vtrace = function() return render(48, 4, 8) end })
