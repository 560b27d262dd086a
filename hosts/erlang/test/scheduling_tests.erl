%% What the emulator expects: schedulers are never blocked, processes may be killed, turns are given.
-module(scheduling_tests).
-include_lib("eunit/include/eunit.hrl").

scheduling_test_() ->
    [{Title, {timeout, 120, Test}}
     || {Title, Test} <- [{"long runs stay preemptible", fun preemptible/0},
                          {"so do blocking modes", fun preemptible_base/0},
                          {"a process that runs is killed", fun killed/0},
                          {"a vm has one user at a time", fun turns/0}, {"waiting for a turn", fun waiting/0},
                          {"output", fun output/0}, {"output while it runs", fun early_output/0},
                          {"garbage in every order", fun garbage/0}, {"collection under stress", fun stress/0}]].

-define(LOOP, "(let loop ((i 0)) (if (< i 1000000000000) (loop (+ i 1)) i))").

%% On all schedulers at once endless programs run; another process still gets its turns.
preemptible() -> others_run(interp).
preemptible_base() -> others_run(base).

others_run(Mode) ->
    Busy = [begin
                {_, Vm} = terrace_test:vm(#{mode => Mode}),
                spawn(fun() -> terrace:eval(Vm, ?LOOP) end)
            end || _ <- lists:seq(1, 2 * erlang:system_info(schedulers))],
    timer:sleep(100),
    Worst = lists:max([element(1, timer:tc(fun() -> timer:sleep(1) end)) || _ <- lists:seq(1, 100)]),
    [exit(Pid, kill) || Pid <- Busy],
    %% Without preemption it would be never; a busy machine may take its time.
    ?assert(Worst < 5_000_000).

killed() -> [killed(Mode) || Mode <- [interp, auto, base]].

killed(Mode) ->
    {_, Vm} = terrace_test:vm(#{mode => Mode}),
    terrace_test:ok(Vm, "(define log nil)"),
    Pid = spawn(fun() -> terrace:eval(Vm, "(dynamic-wind (fn () nil) (fn () " ?LOOP ") (fn () (set! log 'out)))") end),
    timer:sleep(100),
    ?assertEqual({error, busy}, terrace:eval(Vm, "1")),
    Monitor = monitor(process, Pid),
    exit(Pid, kill),
    receive {'DOWN', Monitor, _, _, killed} -> ok end,
    ?assertEqual({ok, out}, terrace:eval(Vm, "log", #{busy => wait})).

turns() ->
    {_, Vm} = terrace_test:vm(),
    Self = self(),
    Pid = spawn_link(fun() -> Self ! {ended, terrace:eval(Vm, ?LOOP)} end),
    timer:sleep(50),
    [?assertEqual({error, busy}, Answer)
     || Answer <- [terrace:eval(Vm, "1"), terrace:call(Vm, list, []), terrace:define(Vm, x, 1), terrace:lookup(Vm, car),
                   terrace:print(Vm, 1), terrace:release(Vm)]],
    ?assertMatch({error, #{kind := timeout}}, terrace:eval(Vm, "1", #{busy => wait, timeout => 50})),
    terrace:interrupt(Vm),
    receive {ended, Ending} -> ?assertMatch({error, #{kind := interrupted}}, Ending) end,
    ?assertEqual({ok, 1}, terrace:eval(Vm, "1", #{busy => wait})),
    unlink(Pid).

%% Many processes, one vm: everybody's work is done, nothing is done twice.
waiting() ->
    {_, Vm} = terrace_test:vm(),
    terrace_test:ok(Vm,
                    "(define total 0)
                      (define (add! n) (let loop ((i 0)) (if (< i 1000) (loop (+ i 1)))) (set! total (+ total n)) n)"),
    Pids = [spawn_monitor(fun() -> [{ok, N} = terrace:call(Vm, 'add!', [N], #{busy => wait})
                                    || _ <- lists:seq(1, 20)] end)
            || N <- lists:seq(1, 20)],
    [receive {'DOWN', Monitor, _, _, Reason} -> ?assertEqual(normal, Reason) end || {_, Monitor} <- Pids],
    ?assertEqual(20 * 210, terrace_test:ok(Vm, "total")).

output() ->
    {_, Quiet} = terrace_test:vm(#{mode => interp}, #{output => none}),
    ?assertEqual(unspecified, terrace_test:ok(Quiet, "(display \"nobody sees this\")")),
    {_, Vm} = terrace_test:vm(#{mode => interp}, #{output => self()}),
    ?assertEqual(5, terrace_test:ok(Vm, <<"(display \"gr\x{fc}n \") (write \"x\") (newline) 5"/utf8>>)),
    ?assertEqual(<<"gr\x{fc}n \"x\"\n"/utf8>>, collected(<<>>)),
    Table = ets:new(output, [public]),
    {_, Other} = terrace_test:vm(#{mode => interp}, #{output => fun(Text) -> ets:insert(Table, {text, Text}) end}),
    terrace_test:ok(Other, "(display 42)"),
    ?assertEqual([{text, <<"42">>}], ets:lookup(Table, text)).

collected(Text) ->
    receive {terrace_output, More} -> collected(<<Text/binary, More/binary>>)
    after 0 -> Text
    end.

early_output() ->
    {_, Vm} = terrace_test:vm(#{mode => interp}, #{output => self()}),
    Pid = spawn_link(fun() -> terrace:eval(Vm, "(display \"early\") " ?LOOP) end),
    receive {terrace_output, <<"early">>} -> ok after 5000 -> ?assert(false) end,
    unlink(Pid),
    exit(Pid, kill).

garbage() ->
    [begin
         {_, Monitor} =
             spawn_monitor(fun() ->
                                   {Engine, Vm} = terrace_test:vm(),
                                   {ok, Refs} = terrace:eval(Vm, "(map (fn (i) (fn () i)) (range 20))"),
                                   {suspended, _, C} = terrace:start(Vm, "(perform 'ask)"),
                                   Things = [Engine, Vm, C | Refs],
                                   Holders = [spawn(fun() -> receive _ -> T end end) || T <- Things],
                                   [H ! go || {_, H} <- lists:sort([{rand:uniform(), H} || H <- Holders])]
                           end),
         receive {'DOWN', Monitor, _, _, Reason} -> ?assertEqual(normal, Reason) end
     end || _ <- lists:seq(1, 50)],
    erlang:garbage_collect().

stress() ->
    {_, Vm} = terrace_test:vm(#{mode => interp}, #{gc_stress => true}),
    terrace_test:ok(Vm, "(define (identity x) x)"),
    Value = #{list => [1, [2, {3, <<"four">>}], {vector, [1 bsl 80, 0.5]}],
              <<"k">> => #{{keyword, k} => {ratio, 1, 3}}},
    [?assertEqual({ok, Value}, terrace:call(Vm, identity, [Value])) || _ <- lists:seq(1, 5)],
    ok = terrace:define_function(Vm, swap, fun({A, B}) -> {B, A} end),
    ?assertEqual({[2], <<"1">>}, terrace_test:ok(Vm, "(swap (tuple \"1\" (list 2)))")),
    ?assertEqual({ok, [1, 2]}, terrace:call(Vm, map, [fun(X) -> X + 1 end, [0, 1]])).
