%% Parameters, reports, and memory that is given back. A vm that nobody uses any more is collected, so the tests use theirs to the end.
-module(house_tests).
-include_lib("eunit/include/eunit.hrl").

-define(HOT, "(define (double x) (* 2 x)) (define (use n) (double n)) (do ((i 0 (+ i 1))) ((= i 10)) (use i))").
-define(GARBAGE, "(define big (map (fn (i) (make-vector 1000 i)) (range 5000))) (define big nil) 1").

house_test_() ->
    [{"8 control: " ++ Title, {timeout, 120, Test}}
     || {Title, Test} <- [{"parameters", fun parameters/0}, {"options", fun options/0}, {"reports", fun reports/0}, {"the store", fun store/0},
                          {"pinned functions", fun pinned/0}, {"memory pressure", fun pressure/0},
                          {"housekeeping", fun housekeeping/0}, {"an idle emulator", fun idle_emulator/0},
                          {"an alarm about memory", fun alarm/0}]].

parameters() ->
    {Engine, Vm} = terrace_test:vm(#{}),
    ?assertEqual({ok, 64}, terrace:param(Engine, check_interval)),
    ok = terrace:set_param(Engine, 'opt-threshold', 9),
    ?assertEqual(9, terrace_test:ok(Vm, "(jit-param 'opt-threshold)")),
    ?assertMatch({error, #{kind := 'out-of-range'}}, terrace:set_param(Engine, workers, 0)),
    ?assertMatch({error, #{kind := 'not-found'}}, terrace:param(Engine, speed)),
    ?assertMatch({error, #{kind := 'bad-state'}}, terrace:set_param(Engine, mode, 1)),
    ?assertEqual({ok, 3}, terrace:with_params(Engine, #{threshold => 3}, fun() -> terrace:param(Engine, threshold) end)),
    ?assertError(oops, terrace:with_params(Engine, #{threshold => 3}, fun() -> error(oops) end)),
    ?assertEqual({ok, 4}, terrace:param(Engine, threshold)),
    [Interval] = [P || #{name := <<"check_interval">>} = P <- terrace:params(Engine)],
    ?assertMatch(#{value := 64, default := 64, least := 1, at_start := false, unit := <<"calls">>}, Interval),
    ok = terrace:use_preset(Engine, production),
    ?assertEqual({ok, 2}, terrace:param(Engine, workers)),
    ?assertMatch({error, #{kind := 'not-found'}}, terrace:use_preset(Engine, slow)),
    ?assertEqual([<<"default">>, <<"development">>, <<"production">>], [N || #{name := N} <- terrace:presets(Engine)]).

options() ->
    {ok, Engine} = terrace:new_engine(#{preset => development, params => #{opt_threshold => 77}}),
    ?assertEqual({ok, 77}, terrace:param(Engine, opt_threshold)),
    ?assertEqual({ok, 30}, terrace:param(Engine, threshold)),
    ?assertMatch({error, #{kind := 'out-of-range'}}, terrace:new_engine(#{params => #{workers => 1000}})).

store() ->
    Store = filename:join(os:getenv("TMPDIR", "/tmp"), "terrace-store-" ++ os:getpid()),  % no test touches the user's home
    Compiled = fun(Options) ->
        {Engine, Vm} = terrace_test:vm(Options#{mode => base}),
        terrace_test:ok(Vm, ?HOT),
        terrace:wait(Engine),
        Stats = terrace:stats(Engine),
        [ok = terrace:release(Object) || Object <- [Vm, Engine]],  % what is to be written is written then
        Stats
    end,
    try
        #{base_compiles := Compiles} = Compiled(#{store => Store, store_limit => 1000000}),
        ?assertMatch(#{store_hits := Compiles, base_compiles := 0}, Compiled(#{store => Store})),
        ?assertMatch(#{store_hits := 0, base_compiles := Compiles}, Compiled(#{store => off}))
    after
        file:del_dir_r(Store)
    end.

reports() ->
    {Engine, Vm} = terrace_test:vm(#{mode => auto}),
    terrace_test:ok(Vm, ?HOT),
    terrace:wait(Engine),
    ?assertNotEqual(nomatch, binary:match(terrace:report(Engine), <<"code cache">>)),
    #{functions := Functions, statistics := #{budget := 5000}} = terrace:report_data(Engine),
    [#{calls := Calls, deopts := 0}] = [F || #{name := <<"double">>} = F <- Functions],
    ?assert(Calls >= 4),
    ?assertMatch(#{left_at := [], misjudged := 0}, terrace:explain(Vm, double)).

pinned() ->
    case terrace_test:has_worker() of
        true ->
            {Engine, Vm} = terrace_test:vm(#{mode => base}),
            terrace_test:ok(Vm, ?HOT),
            {ok, Double} = terrace:lookup(Vm, double, #{result => reference}),
            ok = terrace:pin_function(Vm, Double),
            {ok, _} = terrace:memory_pressure(Engine, critical),
            ?assertMatch(#{tier := <<"base">>, pinned := true}, terrace:explain(Vm, double)),
            ?assertMatch(#{tier := <<"interp">>}, terrace:explain(Vm, use)),
            ok = terrace:unpin_function(Vm, double),
            ok = terrace:reset(Engine),
            ?assertMatch(#{entries := 0}, terrace:stats(Engine));
        false ->
            ok
    end.

pressure() ->
    {Engine, Vm} = terrace_test:vm(),
    terrace_test:ok(Vm, ?GARBAGE),
    {ok, Bytes} = terrace:memory_pressure(Engine),
    ?assert(Bytes > 30_000_000),
    ?assertEqual(3, terrace_test:ok(Vm, "(+ 1 2)")).

housekeeping() ->
    {Engine, Vm} = terrace_test:vm(),
    terrace_test:ok(Vm, ?GARBAGE),
    #{heap_collections := Before} = terrace:stats(Engine),
    ?assertEqual({ok, true}, terrace:housekeep(Engine, 0)),
    ?assertEqual({ok, false}, terrace:housekeep(Engine, 60_000)),
    ?assertMatch(#{heap_collections := After} when After > Before, terrace:stats(Engine)),
    ?assertEqual(1, terrace_test:ok(Vm, "1")).

idle_emulator() ->
    {Engine, Vm} = terrace_test:vm(),
    terrace_test:ok(Vm, ?GARBAGE),
    #{heap_collections := Before} = terrace:stats(Engine),
    {ok, House} = terrace_house:start_link(Engine, #{every => 10, budget => 60_000}),
    ?assert(terrace_test:wait_until(fun() -> maps:get(heap_collections, terrace:stats(Engine)) > Before end)),
    ?assert(terrace_test:wait_until(fun() -> {current_function, {erlang, hibernate, 3}}
                                                 =:= process_info(House, current_function) end)),
    ?assertEqual(1, terrace_test:ok(Vm, "1")),
    ok = terrace_house:stop(House).

%% memsup says it so.
alarm() ->
    ok = application:ensure_started(sasl),
    {Engine, Vm} = terrace_test:vm(),
    terrace_test:ok(Vm, ?GARBAGE),
    Self = self(),
    {ok, House} = terrace_house:start_link(Engine, #{every => 1_000_000, told => fun(What) -> Self ! What end}),
    alarm_handler:set_alarm({system_memory_high_watermark, []}),
    receive {gave_back, Bytes} -> ?assert(Bytes > 30_000_000) after 20_000 -> ?assert(false) end,
    alarm_handler:clear_alarm(system_memory_high_watermark),
    ?assertEqual(1, terrace_test:ok(Vm, "1")),
    ok = terrace_house:stop(House),
    ?assertEqual([], [H || {terrace_alarms, _} = H <- gen_event:which_handlers(alarm_handler)]).
