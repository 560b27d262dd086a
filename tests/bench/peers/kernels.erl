%% The eleven kernels in Erlang.
%%
%%   erl -noshell -run kernels main NAME [SAMPLES SECONDS WARM]     see measure.h
-module(kernels).
-export([main/1]).
-export([fib/0,tak/0,nqueens/0,nbody/0,mandel/0,spectral/0,sieve/0,matmul/0,bintrees/0,words/0,datalog/0]).
lcg(X) -> X*16807 rem 2147483647.
fib(N) when N<2 -> N; fib(N) -> fib(N-1)+fib(N-2).
fib() -> fib(35).
tak(X,Y,Z) when Y<X -> tak(tak(X-1,Y,Z),tak(Y-1,Z,X),tak(Z-1,X,Y)); tak(_,_,Z) -> Z.
tak() -> tak(24,16,8).
app([],B) -> B; app([H|T],B) -> [H|app(T,B)].
ok(_,_,[]) -> true;
ok(R,D,[P|_]) when P=:=R+D; P=:=R-D -> false;
ok(R,D,[_|T]) -> ok(R,D+1,T).
tryit([],[],_) -> 1; tryit([],_,_) -> 0;
tryit([H|T],Y,Z) ->
  (case ok(H,1,Z) of true -> tryit(app(T,Y),[],[H|Z]); false -> 0 end) + tryit(T,[H|Y],Z).
nqueens() -> tryit(lists:seq(1,10),[],[]).
%% nbody: list of tuples
nbinit() ->
  PI=3.141592653589793, SM=4*PI*PI, DY=365.24,
  B0=[{4.84143144246472090e+00,-1.16032004402742839e+00,-1.03622044471123109e-01,1.66007664274403694e-03,7.69901118419740425e-03,-6.90460016972063023e-05,9.54791938424326609e-04},
      {8.34336671824457987e+00,4.12479856412430479e+00,-4.03523417114321381e-01,-2.76742510726411899e-03,4.99852801234917238e-03,2.30417297573763929e-05,2.85885980666130812e-04},
      {1.28943695621391310e+01,-1.51111514016986312e+01,-2.23307578892655734e-01,2.96460137564761618e-03,2.37847173959480950e-03,-2.96589568540237556e-05,4.36624404335156298e-05},
      {1.53796971148509165e+01,-2.59193146099879641e+01,1.79258772950371181e-01,2.68067772490389322e-03,1.62824170038242295e-03,-9.51592254519715870e-05,5.15138902046611451e-05}],
  B=[{X,Y,Z,VX*DY,VY*DY,VZ*DY,M*SM} || {X,Y,Z,VX,VY,VZ,M} <- B0],
  {PX,PY,PZ}=lists:foldl(fun({_,_,_,VX,VY,VZ,M},{A,C,D}) -> {A+VX*M,C+VY*M,D+VZ*M} end,{0.0,0.0,0.0},B),
  [{0.0,0.0,0.0,-PX/SM,-PY/SM,-PZ/SM,SM}|B].
adv([],_) -> [];
adv([B|Bs],Dt) ->
  {{X,Y,Z,VX,VY,VZ,M},Bs2}=pairs(B,Bs,Dt,[]),
  [{X+Dt*VX,Y+Dt*VY,Z+Dt*VZ,VX,VY,VZ,M}|adv(Bs2,Dt)].
pairs(B,[],_,Acc) -> {B,lists:reverse(Acc)};
pairs({X,Y,Z,VX,VY,VZ,M},[{X2,Y2,Z2,VX2,VY2,VZ2,M2}|T],Dt,Acc)
  when is_float(X),is_float(Y),is_float(Z),is_float(VX),is_float(VY),is_float(VZ),is_float(M),
       is_float(X2),is_float(Y2),is_float(Z2),is_float(VX2),is_float(VY2),is_float(VZ2),is_float(M2),is_float(Dt) ->
  DX=X-X2, DY=Y-Y2, DZ=Z-Z2, D2=DX*DX+DY*DY+DZ*DZ, Mag=Dt/(D2*math:sqrt(D2)),
  MJ=M2*Mag, MI=M*Mag,
  pairs({X,Y,Z,VX-DX*MJ,VY-DY*MJ,VZ-DZ*MJ,M},T,Dt,[{X2,Y2,Z2,VX2+DX*MI,VY2+DY*MI,VZ2+DZ*MI,M2}|Acc]).
steps(0,B) -> B; steps(N,B) -> steps(N-1,adv(B,0.01)).
energy([],E) -> E;
energy([{X,Y,Z,VX,VY,VZ,M}|T],E) ->
  E1=E+0.5*M*(VX*VX+VY*VY+VZ*VZ),
  energy(T,lists:foldl(fun({X2,Y2,Z2,_,_,_,M2},A) -> DX=X-X2,DY=Y-Y2,DZ=Z-Z2, A-M*M2/math:sqrt(DX*DX+DY*DY+DZ*DZ) end,E1,T)).
nbody() -> floor(energy(steps(500000,nbinit()),0.0)*1.0e9+0.5).
mandel() -> mrow(0,0).
mrow(400,C) -> C;
mrow(Y,C) -> mrow(Y+1,mcol(0,2.0*Y/400-1.0,C)).
mcol(400,_,C) -> C;
mcol(X,CI,C) -> mcol(X+1,CI,C+mit(0,0.0,0.0,0.0,0.0,2.0*X/400-1.5,CI)).
mit(I,ZR,ZI,ZR2,ZI2,CR,CI) when is_float(ZR),is_float(ZI),is_float(ZR2),is_float(ZI2),is_float(CR),is_float(CI) ->
  S=ZR2+ZI2,
  if S>4.0 -> 0; I=:=100 -> 1;
     true -> NI=2.0*ZR*ZI+CI, NR=ZR2-ZI2+CR, mit(I+1,NR,NI,NR*NR,NI*NI,CR,CI) end.
a(I,J) -> 1.0/((I+J)*(I+J+1) div 2+I+1).
mav(N,N,_) -> [];
mav(I,N,V) -> [mavs(I,0,V,0.0)|mav(I+1,N,V)].
mavs(_,_,[],S) -> S; mavs(I,J,[V|T],S) -> mavs(I,J+1,T,S+a(I,J)*V).
matv(N,N,_) -> [];
matv(I,N,V) -> [matvs(I,0,V,0.0)|matv(I+1,N,V)].
matvs(_,_,[],S) -> S; matvs(I,J,[V|T],S) -> matvs(I,J+1,T,S+a(J,I)*V).
spectral() -> N=300, {U,V}=spl(10,N,lists:duplicate(N,1.0),[]),
  floor(math:sqrt(dot(U,V,0.0)/dot(V,V,0.0))*1.0e9+0.5).
spl(0,_,U,V) -> {U,V};
spl(K,N,U,_) -> V=matv(0,N,mav(0,N,U)), U2=matv(0,N,mav(0,N,V)), spl(K-1,N,U2,V).
dot([],[],S) -> S; dot([A|T],[B|U],S) -> dot(T,U,S+A*B).
%% sieve: atomics (0 = prime candidate, 1-based)
sieve() -> N=5000000, F=atomics:new(N,[]), sv(2,N,F), svc(2,N,F,0).
sv(I,N,_) when I*I>=N -> ok;
sv(I,N,F) -> case atomics:get(F,I) of 0 -> svm(I*I,I,N,F); _ -> ok end, sv(I+1,N,F).
svm(J,_,N,_) when J>=N -> ok;
svm(J,I,N,F) -> atomics:put(F,J,1), svm(J+I,I,N,F).
svc(N,N,_,C) -> C;
svc(I,N,F,C) -> case atomics:get(F,I) of 0 -> svc(I+1,N,F,C+1); _ -> svc(I+1,N,F,C) end.
%% matmul: tuple of row tuples
matmul() -> N=200,
  A=list_to_tuple([list_to_tuple([((I*7+J*3) rem 11)*0.25 || J <- lists:seq(0,N-1)]) || I <- lists:seq(0,N-1)]),
  B=list_to_tuple([list_to_tuple([((I*5+J*2) rem 13)*0.5 || J <- lists:seq(0,N-1)]) || I <- lists:seq(0,N-1)]),
  C=list_to_tuple([mmrow(1,N,element(I,A),B) || I <- lists:seq(1,N)]),
  trunc(lists:sum([lists:sum(tuple_to_list(R)) || R <- tuple_to_list(C)])*8).
mmrow(_,N,R,B) -> list_to_tuple(mmr(1,N,R,B)).
mmr(J,N,_,_) when J>N -> [];
mmr(J,N,R,B) -> [mme(1,N,J,R,B,0.0)|mmr(J+1,N,R,B)].
mme(K,N,_,_,_,S) when K>N -> S;
mme(K,N,J,R,B,S) -> mme(K+1,N,J,R,B,S+element(K,R)*element(J,element(K,B))).
mk(0) -> {nil,nil}; mk(D) -> {mk(D-1),mk(D-1)}.
chk({nil,_}) -> 1; chk({L,R}) -> 1+chk(L)+chk(R).
bintrees() -> N=16, T0=chk(mk(N+1)), L=mk(N), T1=btd(4,N,T0), T1+chk(L).
btd(D,N,T) when D>N -> T;
btd(D,N,T) -> btd(D+2,N,bti(1 bsl (N-D+4),D,T)).
bti(0,_,T) -> T; bti(I,D,T) -> bti(I-1,D,T+chk(mk(D))).
words() -> W=ww(200000,42), M=lists:foldl(fun(K,A) -> case A of #{K:=V} -> A#{K:=V+1}; _ -> A#{K=>1} end end,#{},W),
  lists:max(maps:values(M))*10000+map_size(M).
ww(0,_) -> [];
ww(I,X) -> X1=lcg(X), [<<"w",(integer_to_binary(X1 rem 5000))/binary>>|ww(I-1,X1)].
datalog() -> N=400, {S,Adj,D}=dle(800,42,N,#{},#{},[]),
  T=list_to_tuple([maps:get(I,Adj,[]) || I <- lists:seq(0,N-1)]), map_size(dl(D,N,T,S)).
dle(0,_,_,S,A,D) -> {S,A,D};
dle(E,X0,N,S,Adj,D) -> X=lcg(X0), A=X rem N, Y=lcg(X), B=Y rem N, K=A*N+B,
  case S of #{K:=_} -> dle(E-1,Y,N,S,Adj,D);
    _ -> dle(E-1,Y,N,S#{K=>true},Adj#{A=>[B|maps:get(A,Adj,[])]},[K|D]) end.
dl([],_,_,S) -> S;
dl(D,N,T,S) -> {S2,Nw}=dld(D,N,T,S,[]), dl(Nw,N,T,S2).
dld([],_,_,S,Nw) -> {S,Nw};
dld([K|D],N,T,S,Nw) -> A=K div N, B=K rem N, {S2,Nw2}=dlq(element(B+1,T),A*N,S,Nw), dld(D,N,T,S2,Nw2).
dlq([],_,S,Nw) -> {S,Nw};
dlq([C|Q],AN,S,Nw) -> K=AN+C, case S of #{K:=_} -> dlq(Q,AN,S,Nw); _ -> dlq(Q,AN,S#{K=>true},[K|Nw]) end.

now_ns() -> erlang:monotonic_time(nanosecond).

main([Name]) -> main([Name, "0", "0", "0"]);
main([Name, Samples, Seconds, Warm]) ->
  Run = list_to_atom(Name),
  Start = now_ns(),
  io:format("~s ~p", [Name, ?MODULE:Run()]),
  N = list_to_integer(Samples),
  N > 0 andalso warm_up(Run, Start + nanoseconds(Warm)),
  sample(Run, N, now_ns() + nanoseconds(Seconds)),
  io:format("~n"),
  halt(0).

nanoseconds(Text) -> {Seconds, _} = string:to_float(Text ++ ".0"), round(Seconds * 1.0e9).

warm_up(Run, Until) ->
  case now_ns() < Until of
    true -> ?MODULE:Run(), warm_up(Run, Until);
    false -> ok
  end.

sample(_, 0, _) -> ok;
sample(Run, N, Until) ->
  Began = now_ns(),
  ?MODULE:Run(),
  io:format(" ~.9f", [(now_ns() - Began) * 1.0e-9]),
  case now_ns() < Until of
    true -> sample(Run, N - 1, Until);
    false -> ok
  end.
