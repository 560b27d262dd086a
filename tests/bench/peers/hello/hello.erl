-module(hello).
-export([main/1,main/0]).
fib(N) when N<2 -> N; fib(N) -> fib(N-1)+fib(N-2).
main(_) -> main().
main() -> io:format("~p~n",[fib(10)]), halt(0).
