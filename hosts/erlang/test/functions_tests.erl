%% Scenario 3: functions of SX, by name and as values.
-module(functions_tests).
-include_lib("eunit/include/eunit.hrl").

functions_test_() ->
    {foreach, fun() -> element(2, terrace_test:vm()) end,
     [fun(Vm) -> {"3 functions: " ++ Title, fun() -> Test(Vm) end} end
      || {Title, Test} <- [{"by name", fun by_name/1}, {"closures with state", fun closures/1},
                           {"as values", fun values/1}, {"passed back in", fun passed/1},
                           {"released in any order", fun released/1}, {"used from another process", fun elsewhere/1}]]}.

by_name(Vm) ->
    terrace_test:ok(Vm, "(define (add a b) (+ a b)) (define (none) 'none) (define (many . xs) (length xs))"),
    ?assertEqual({ok, 3}, terrace:call(Vm, add, [1, 2])),
    ?assertEqual({ok, 3}, terrace:call(Vm, <<"add">>, [1, 2])),
    ?assertEqual({ok, 3}, terrace:call(Vm, "add", [1, 2])),
    ?assertEqual({ok, none}, terrace:call(Vm, none, [])),
    ?assertEqual({ok, 200}, terrace:call(Vm, many, lists:seq(1, 200))),
    ?assertMatch({error, #{kind := 'not-found'}}, terrace:call(Vm, nothing, [])),
    ok = terrace:define(Vm, five, 5),
    ?assertEqual({ok, 5}, terrace:lookup(Vm, five)),
    ?assertMatch({error, #{kind := 'wrong-type'}}, terrace:call(Vm, five, [])),
    ?assertMatch({error, #{kind := 'not-found'}}, terrace:lookup(Vm, nothing)).

closures(Vm) ->
    Counter = terrace_test:ok(Vm, "(define (counter) (let ((n 0)) (fn () (set! n (+ n 1)) n))) (counter)"),
    {ok, Other} = terrace:call(Vm, counter, []),
    ?assertEqual([1, 2, 3], [element(2, terrace:call(Counter, [])) || _ <- [1, 2, 3]]),
    ?assertEqual({ok, 1}, terrace:call(Other, [])),
    ?assertEqual({ok, 4}, terrace:call(Counter, [])).

values(Vm) ->
    Add = terrace_test:ok(Vm, "(fn (a) (fn (b) (+ a b)))"),
    ?assertEqual(function, terrace:type(Add)),
    {ok, AddTwo} = terrace:call(Add, [2]),
    ?assertEqual({ok, 5}, terrace:call(AddTwo, [3])),
    ?assertEqual({ok, 5}, terrace:call(Vm, AddTwo, [3])),
    ?assertEqual({ok, 5}, terrace:call(AddTwo, [3], #{timeout => 1000})),
    ?assertEqual(5, terrace:call_or_raise(AddTwo, [3])),
    #{f := F, g := [G]} = terrace_test:ok(Vm, "{'f (fn () 1) 'g (list (fn () 2))}"),
    ?assertEqual({{ok, 1}, {ok, 2}}, {terrace:call(F, []), terrace:call(G, [])}),
    %% Functions travel between processes as every term.
    Self = self(),
    spawn_link(fun() -> Self ! {result, terrace:call(AddTwo, [40])} end),
    ?assertEqual({ok, 42}, receive {result, R} -> R end).

passed(Vm) ->
    Double = terrace_test:ok(Vm, "(fn (x) (* 2 x))"),
    ?assertEqual({ok, [2, 4, 6]}, terrace:call(Vm, map, [Double, [1, 2, 3]])),
    ok = terrace:define(Vm, double, Double),
    ?assertEqual(10, terrace_test:ok(Vm, "(double 5)")),
    {ok, Same} = terrace:lookup(Vm, double),
    ?assertEqual({ok, true}, terrace:equal(Vm, Same, Double)).

released(_) ->
    {Engine, Vm} = terrace_test:vm(),
    F = terrace_test:ok(Vm, "(fn () 'still)"),
    G = terrace_test:ok(Vm, "(fn () 'there)"),
    {suspended, _, C} = terrace:start(Vm, "(perform 'ask)"),
    ok = terrace:release(Engine),
    ?assertEqual({ok, still}, terrace:call(F, [])),
    ok = terrace:release(G),
    ?assertMatch({error, #{kind := 'bad-handle'}}, terrace:call(G, [])),
    ok = terrace:release(G),
    ok = terrace:release(Vm),
    ?assertMatch({error, #{kind := 'bad-handle'}}, terrace:eval(Vm, "1")),
    ok = terrace:release(C),
    ok = terrace:release(F).

%% What a process made is collected with it, in whatever order.
elsewhere(Vm) ->
    terrace_test:ok(Vm, "(define (make n) (fn () n))"),
    [begin
         {Pid, Monitor} =
             spawn_monitor(fun() ->
                                   Fs = [element(2, terrace_run:in_turn(Vm, fun() -> terrace:call(Vm, make, [N]) end))
                                         || N <- lists:seq(1, 100)],
                                   {_, Other} = terrace_test:vm(),
                                   {suspended, _, _} = terrace:start(Other, "(perform 'never)"),
                                   {ok, 7} = terrace_run:in_turn(Vm, fun() -> terrace:call(lists:nth(7, Fs), []) end)
                           end),
         receive {'DOWN', Monitor, process, Pid, Reason} -> ?assertEqual(normal, Reason) end
     end || _ <- lists:seq(1, 20)],
    ?assertEqual(5050, terrace_test:ok(Vm, "(apply + (map (fn (f) (f)) (map make (range 1 101))))")).
