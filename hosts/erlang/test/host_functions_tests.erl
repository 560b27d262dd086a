%% Scenario 4: SX calls functions of Erlang.
-module(host_functions_tests).
-include_lib("eunit/include/eunit.hrl").

host_functions_test_() ->
    {foreach, fun() -> element(2, terrace_test:vm()) end,
     [fun(Vm) -> {"4 host functions: " ++ Title, {timeout, 60, fun() -> Test(Vm) end}} end
      || {Title, Test} <- [{"any number of arguments", fun arguments/1}, {"call SX again", fun again/1},
                           {"funs as arguments", fun funs/1}, {"run in the calling process", fun process/1},
                           {"inside map and sort", fun inside/1}, {"many calls", fun many/1},
                           {"what was given up is finalised once", fun finalised/1},
                           {"compiled callers", fun compiled/1}]]}.

arguments(Vm) ->
    ok = terrace:define_function(Vm, add, fun(A, B) -> A + B end),
    ok = terrace:define_function(Vm, 'get-answer', fun() -> 42 end),
    ok = terrace:define_function(Vm, "all", any, fun(List) -> length(List) end),
    ?assertEqual(3, terrace_test:ok(Vm, "(add 1 2)")),
    ?assertEqual(42, terrace_test:ok(Vm, "(get-answer)")),
    ?assertEqual([0, 1, 300], terrace_test:ok(Vm, "(list (all) (all 1) (apply all (range 300)))")),
    ok = terrace:define_function(Vm, swap, fun({A, #{k := B}}) -> {B, [A, <<"\x{fc}"/utf8>>]} end),
    ?assertEqual({2, [1, <<"\x{fc}"/utf8>>]}, terrace_test:ok(Vm, "(swap (tuple 1 {'k 2}))")),
    ?assertMatch({error, #{kind := 'arity-error'}}, terrace:eval(Vm, "(add 1)")),
    ?assertEqual({ok, 3}, terrace:call(Vm, add, [1, 2])).

again(Vm) ->
    terrace_test:ok(Vm, "(define (twice x) (* 2 x))"),
    ok = terrace:define_function(Vm, 'via-erlang', fun(X) -> terrace:call_or_raise(Vm, twice, [X]) end),
    ?assertEqual(21, terrace_test:ok(Vm, "(+ 1 (via-erlang 10))")),
    %% Back and forth, deeply.
    terrace_test:ok(Vm, "(define (down n) (if (= n 0) 'bottom (down-again (- n 1))))"),
    ok = terrace:define_function(Vm, 'down-again', fun(N) -> terrace:call_or_raise(Vm, down, [N]) end),
    ?assertEqual({ok, bottom}, terrace:call(Vm, down, [200])).

funs(Vm) ->
    ?assertEqual({ok, [2, 4]}, terrace:call(Vm, map, [fun(X) -> 2 * X end, [1, 2]])),
    ?assertEqual({ok, [3, 2, 1]}, terrace:call(Vm, sort, [[1, 3, 2], fun(A, B) -> A > B end])),
    terrace_test:ok(Vm, "(define (use fs) (map (fn (f) (f 10)) fs))"),
    ?assertEqual({ok, [11, -10]}, terrace:call(Vm, use, [[fun(X) -> X + 1 end, fun erlang:'-'/1]])),
    ?assertMatch({error, #{kind := 'host-error', exception := {error, {badarity, _}, _}}},
                 terrace:call(Vm, map, [fun() -> 1 end, [1]])),
    %% A fun comes back as a function of SX.
    {ok, F} = terrace:call(Vm, identity, [fun(X) -> {got, X} end]),
    ?assertEqual({ok, {got, 1}}, terrace:call(F, [1])).

process(Vm) ->
    Self = self(),
    ok = terrace:define_function(Vm, 'who-runs', fun() -> self() end),
    ?assertEqual(Self, terrace_test:ok(Vm, "(who-runs)")),
    ok = terrace:define_function(Vm, send, fun(To, What) -> To ! What, ok end),
    {ok, ok} = terrace:call(Vm, send, [self(), {hello, 1}]),
    ?assertEqual({hello, 1}, receive M -> M end).

inside(Vm) ->
    ok = terrace:define_function(Vm, double, fun(X) -> 2 * X end),
    ok = terrace:define_function(Vm, less, fun(A, B) -> A < B end),
    ?assertEqual([2, 4, 6], terrace_test:ok(Vm, "(map double '(1 2 3))")),
    ?assertEqual([1, 2, 3], terrace_test:ok(Vm, "(sort '(3 1 2) less)")),
    ?assertEqual({vector, [2, 4]}, terrace_test:ok(Vm, "(vector-map double #(1 2))")).

many(Vm) ->
    ok = terrace:define_function(Vm, next, fun(X) -> X + 1 end),
    ?assertEqual(20000, terrace_test:ok(Vm, "(let loop ((i 0)) (if (= i 20000) i (loop (next i))))")).

%% A term that SX holds is freed when SX has it no more, and not before.
finalised(Vm) ->
    Size = 20_000_000,
    define_big(Vm, Size),
    garbage_collect(),
    ?assert(erlang:memory(binary) >= Size),
    ?assertEqual(Size, terrace_test:ok(Vm, "(gc-collect!) (gc-collect!) (big)")),
    terrace_test:ok(Vm, "(define big nil) 0"),
    ?assert(terrace_test:wait_until(fun() ->
                                            terrace_test:ok(Vm, "(map list (range 100)) (gc-collect!) 0"),
                                            garbage_collect(),
                                            erlang:memory(binary) < Size
                                    end)),
    ?assertEqual(1, terrace_test:ok(Vm, "(gc-collect!) 1")).

define_big(Vm, Size) ->
    Big = binary:copy(<<"x">>, Size),
    ok = terrace:define_function(Vm, big, fun() -> byte_size(Big) end).

compiled(_) ->
    [begin
         {_, Vm} = terrace_test:vm(#{mode => Mode}),
         ok = terrace:define_function(Vm, add, fun(A, B) -> A + B end),
         terrace_test:ok(Vm, "(define (sum n s) (if (= n 0) s (sum (- n 1) (add s n))))"),
         ?assertEqual({ok, 5050}, terrace:call(Vm, sum, [100, 0]))
     end || Mode <- [base, opt, auto, storm]].
