%% Scenario 8: the controls, and that they never change an answer.
-module(control_tests).
-include_lib("eunit/include/eunit.hrl").

control_test_() ->
    case terrace_test:has_worker() of
        true -> [{"8 control: " ++ Title, {timeout, 120, Test}}
                 || {Title, Test} <- [{"threshold", fun threshold/0}, {"a budget of one", fun budget_one/0},
                                      {"no budget", fun no_budget/0}, {"bytes", fun bytes/0},
                                      {"pin and unpin", fun pin/0},
                                      {"reset in a deep recursion", fun reset_deep/0},
                                      {"reset under a suspended computation", fun reset_suspended/0},
                                      {"clear_cold", fun clear_cold/0}, {"exclude and allow", fun exclude/0}]];
        false -> []
    end.

-define(PROGRAM, "(define (a n) (if (= n 0) 0 (+ 1 (b (- n 1)))))
                  (define (b n) (if (= n 0) 0 (+ 2 (c (- n 1)))))
                  (define (c n) (if (= n 0) 0 (+ 3 (a (- n 1)))))").

vm(Options) ->
    {Engine, Vm} = terrace_test:vm(Options),
    terrace_test:ok(Vm, ?PROGRAM),
    {Engine, Vm}.

threshold() ->
    {Engine, Vm} = vm(#{threshold => never}),
    [{ok, 60} = terrace:call(Vm, a, [30]) || _ <- lists:seq(1, 50)],
    terrace:wait(Engine),
    ?assertMatch(#{entries := 0, misses := 0, threshold := 0}, terrace:stats(Engine)),
    ok = terrace:set_threshold(Engine, 1),
    ?assertMatch(#{threshold := 1}, terrace:stats(Engine)),
    [{ok, 60} = terrace:call(Vm, a, [30]) || _ <- lists:seq(1, 50)],
    ?assert(terrace:wait(Engine)),
    ?assertMatch(#{entries := N} when N >= 3, terrace:stats(Engine)),
    ok = terrace:set_threshold(Engine, never).

budget_one() ->
    {Engine, Vm} = vm(#{mode => base, budget => 1}),
    ?assertEqual({ok, 60}, terrace:call(Vm, a, [30])),
    ?assertEqual({ok, 120}, terrace:call(Vm, a, [60])),
    ?assertMatch(#{entries := N, budget := 1, evictions := E} when N =< 1 andalso E > 0, terrace:stats(Engine)).

no_budget() ->
    {Engine, Vm} = vm(#{budget => 0}),
    [{ok, 60} = terrace:call(Vm, a, [30]) || _ <- lists:seq(1, 50)],
    terrace:wait(Engine),
    ?assertMatch(#{entries := 0, budget := 0}, terrace:stats(Engine)),
    ok = terrace:set_budget(Engine, 100),
    ?assertMatch(#{budget := 100}, terrace:stats(Engine)).

bytes() ->
    {Engine, Vm} = vm(#{mode => base}),
    {ok, 60} = terrace:call(Vm, a, [30]),
    #{bytes := Bytes, entries := Before} = terrace:stats(Engine),
    ?assert(Bytes > 0),
    ok = terrace:set_budget_bytes(Engine, Bytes - 1),
    #{entries := After, budget_bytes := Limit} = terrace:stats(Engine),
    ?assert(After < Before),
    ?assertEqual(Bytes - 1, Limit),
    ok = terrace:set_budget_bytes(Engine, infinity),
    ?assertEqual({ok, 60}, terrace:call(Vm, a, [30])).

pin() ->
    {Engine, Vm} = vm(#{mode => base}),
    ok = terrace:pin(Engine, a),
    {ok, 60} = terrace:call(Vm, a, [30]),
    ok = terrace:reset(Engine),
    ?assertMatch(#{tier := <<"base">>, pinned := true}, terrace:explain(Vm, a)),
    ?assertMatch(#{tier := <<"interp">>}, terrace:explain(Vm, b)),
    ok = terrace:set_budget(Engine, 1),
    ?assertEqual({ok, 60}, terrace:call(Vm, a, [30])),
    ?assertMatch(#{tier := <<"base">>}, terrace:explain(Vm, a)),
    ok = terrace:unpin(Engine, a),
    ?assertMatch({error, #{kind := 'not-found'}}, terrace:unpin(Engine, a)),
    ok = terrace:reset(Engine),
    ?assertMatch(#{entries := 0, pinned := 0}, terrace:stats(Engine)).

reset_deep() ->
    {Engine, Vm} = vm(#{mode => base}),
    ok = terrace:define_function(Vm, 'reset!', fun() -> ok = terrace:reset(Engine) end),
    terrace_test:ok(Vm, "(define (deep n) (if (= n 0) (begin (reset!) 0) (+ 1 (deep (- n 1)))))"),
    ?assertEqual({ok, 5000}, terrace:call(Vm, deep, [5000])),
    ?assertEqual({ok, 5000}, terrace:call(Vm, deep, [5000])),
    ?assertMatch(#{resets := R} when R > 0, terrace:stats(Engine)).

reset_suspended() ->
    {Engine, Vm} = vm(#{mode => base}),
    terrace_test:ok(Vm, "(define (visit n) (if (= n 0) (perform 'ask) (+ 1 (visit (- n 1)))))"),
    Waiting = [begin {suspended, _, C} = terrace:start_call(Vm, visit, [N]), {N, C} end || N <- [0, 1, 10, 1000]],
    ok = terrace:reset(Engine),
    ok = terrace:set_budget(Engine, 0),
    [?assertEqual({ok, N + 100}, terrace:resume(C, 100)) || {N, C} <- Waiting],
    terrace:wait(Engine),
    ?assertMatch(#{entries := 0}, terrace:stats(Engine)).

clear_cold() ->
    {Engine, Vm} = vm(#{mode => base}),
    {ok, 60} = terrace:call(Vm, a, [30]),
    terrace_test:ok(Vm, "(define (hot x) x) (hot 1)"),
    #{entries := Before} = terrace:stats(Engine),
    Dropped = lists:sum([begin {ok, 1} = terrace:call(Vm, hot, [1]), {ok, D} = terrace:clear_cold(Engine, 2), D end
                         || _ <- lists:seq(1, 5)]),
    ?assert(Dropped > 0),
    ?assertMatch(#{entries := N} when N < Before, terrace:stats(Engine)),
    ?assertMatch(#{tier := <<"base">>}, terrace:explain(Vm, hot)),
    ?assertEqual({ok, 60}, terrace:call(Vm, a, [30])).

exclude() ->
    {Engine, Vm} = vm(#{mode => base}),
    {ok, 60} = terrace:call(Vm, a, [30]),
    ok = terrace:exclude(Engine, "b*"),
    ?assertEqual({ok, 60}, terrace:call(Vm, a, [30])),
    ?assertMatch(#{tier := <<"interp">>}, terrace:explain(Vm, b)),
    ok = terrace:allow(Engine, "b*"),
    ?assertMatch({error, #{kind := 'not-found'}}, terrace:allow(Engine, "b*")),
    ?assertEqual({ok, 60}, terrace:call(Vm, a, [30])).
