%% Scenario 10: a good guest of the emulator.
-module(guest_tests).
-include_lib("eunit/include/eunit.hrl").

guest_test_() ->
    [{"10 a good guest: " ++ Title, {timeout, 120, Test}}
     || {Title, Test} <- [{"signals and children", fun signals/0}, {"floats", fun floats/0},
                          {"an endless loop is interrupted", fun endless/0}, {"a time limit", fun limit/0},
                          {"no worker", fun no_worker/0} | with_worker()]].

with_worker() ->
    case terrace_test:has_worker() of
        true -> [{"the worker is killed", fun killed/0}, {"the worker goes with its engine", fun worker_ends/0}];
        false -> []
    end.

-define(FIB, "(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))").

session(Mode) ->
    {Engine, Vm} = terrace_test:vm(#{mode => Mode}),
    terrace_test:ok(Vm, ?FIB),
    ?assertEqual({ok, 6765}, terrace:call(Vm, fib, [20])),
    ?assertEqual({ok, infinity}, terrace:eval(Vm, "(/ 1.0 0.0)")),
    terrace:wait(Engine).

signals() ->
    session(interp),  % the NIF's threads are there now
    Before = settled_signal_state(),
    [session(Mode) || Mode <- [interp, base, opt, auto]],
    After = settled_signal_state(),
    [?assertEqual({Thread, Lines}, {Thread, maps:get(Thread, After)}) || {Thread, Lines} <- maps:to_list(Before),
                                                                         maps:is_key(Thread, After)],
    ?assertEqual(maps:get(process, first_state()), maps:get(process, After)),
    ?assertEqual([], zombies()).

%% The C library blocks all signals while a thread begins, and while one starts a process; what is the same twice is past that.
settled_signal_state() -> settled_signal_state(signal_state()).

settled_signal_state(Last) ->
    timer:sleep(100),
    case signal_state() of
        Last -> Last;
        Other -> settled_signal_state(Other)
    end.

%% What is blocked, ignored and caught, of the process and of each of its threads.
signal_state() ->
    {ok, Threads} = file:list_dir("/proc/self/task"),
    Files = [{process, "/proc/self/status"} | [{T, "/proc/self/task/" ++ T ++ "/status"} || T <- Threads]],
    maps:from_list([{Name, signal_lines(Status)} || {Name, File} <- Files, {ok, Status} <- [file:read_file(File)]]).

signal_lines(Status) ->
    [Line || Line <- binary:split(Status, <<"\n">>, [global]),
             lists:any(fun(Name) -> binary:match(Line, Name) =/= nomatch end,
                       [<<"SigBlk">>, <<"SigIgn">>, <<"SigCgt">>])].

%% Of an emulator that never loaded Terrace.
first_state() ->
    Command = "erl -noshell -eval '{ok, S} = file:read_file(\"/proc/self/status\"), io:format(\"~s\", [S]), halt().'",
    #{process => signal_lines(list_to_binary(os:cmd(Command)))}.

zombies() ->
    Mine = os:getpid(),
    {ok, Names} = file:list_dir("/proc"),
    [Name || Name <- Names, {ok, Stat} <- [file:read_file("/proc/" ++ Name ++ "/stat")],
             is_zombie_of(Mine, Stat)].

is_zombie_of(Parent, Stat) ->
    case string:split(Stat, ") ", trailing) of
        [_, Rest] ->
            [State, ParentOf | _] = string:lexemes(Rest, " "),
            State =:= <<"Z">> andalso ParentOf =:= list_to_binary(Parent);
        _ ->
            false
    end.

%% The control words of the schedulers are as before, and so is the emulator's own arithmetic. A strange rounding
%% mode is respected, and not seen by SX.
floats() ->
    Before = {control_words(), arithmetic()},
    [session(Mode) || Mode <- [interp, base, opt]],
    ?assertEqual(Before, {control_words(), arithmetic()}),
    {_, Vm} = terrace_test:vm(),
    Self = self(),
    spawn_opt(fun() -> Self ! {rounding, round_upwards(Vm)} end, [link, {scheduler, 1}]),
    {Strange, {ok, Third}, Afterwards} = receive {rounding, Seen} -> Seen end,
    ?assertEqual(Strange, Afterwards),
    ?assertNot(lists:member(Strange, control_words())),
    ?assertEqual(<<(1 / 3)/float>>, <<Third/float>>).

round_upwards(Vm) ->
    ok = float_state:round_upwards(1),
    Strange = float_state:control_words(),
    Third = terrace:eval(Vm, "(/ 1.0 3.0)"),
    Afterwards = float_state:control_words(),
    ok = float_state:round_upwards(0),
    {Strange, Third, Afterwards}.

%% Of many processes, which run on all schedulers.
control_words() ->
    Self = self(),
    Pids = [spawn_link(fun() -> Self ! {self(), float_state:control_words()} end) || _ <- lists:seq(1, 50)],
    lists:usort([receive {Pid, Words} -> Words end || Pid <- Pids]).

arithmetic() ->
    lists:map(fun strip/1,
              [catch 1.0e308 * X || X <- [1.0e10]]
              ++ [catch 1.0 / X || X <- [0.0]] ++ [catch math:exp(X) || X <- [10000]]
              ++ [math:sqrt(2.0), 0.1 + 0.2, 5.0e-324 / 2, trunc(2.5), round(2.5)]).

strip({'EXIT', {Reason, _}}) -> Reason;
strip(Value) -> Value.

endless() ->
    [begin
         {_, Vm} = terrace_test:vm(#{mode => Mode}),
         spawn_link(fun() -> timer:sleep(100), terrace:interrupt(Vm) end),
         ?assertMatch({error, #{kind := interrupted}}, terrace:eval(Vm, "(let loop () (loop))")),
         ?assertEqual(3, terrace_test:ok(Vm, "(+ 1 2)")),
         spawn_link(fun() -> timer:sleep(100), terrace:interrupt(Vm) end),
         {interrupted, stopped, C} = terrace:start(Vm, "(let loop ((i 0)) (if (< i 1000000000000) (loop (+ i 1)) i))"),
         ?assertEqual(ok, terrace:cancel(C))
     end || Mode <- [interp, auto, base]].

limit() ->
    {_, Vm} = terrace_test:vm(),
    Start = erlang:monotonic_time(millisecond),
    ?assertMatch({error, #{kind := timeout}}, terrace:eval(Vm, "(let loop () (loop))", #{timeout => 100})),
    ?assert(erlang:monotonic_time(millisecond) - Start < 5000),
    {interrupted, timeout, C} = terrace:start(Vm, "(let loop ((i 0)) (if (< i 3000000) (loop (+ i 1)) i))",
                                              #{timeout => 1}),
    ?assertEqual({ok, 3000000}, terrace:resume(C, ignored)).

no_worker() ->
    {Engine, Vm} = terrace_test:vm(#{mode => auto, worker => "/nonexistent/terrace-worker"}),
    terrace_test:ok(Vm, ?FIB),
    [?assertEqual({ok, 610}, terrace:call(Vm, fib, [15])) || _ <- lists:seq(1, 20)],
    terrace:wait(Engine),
    #{entries := 0, refused := Refused, refusals := Refusals} = terrace:stats(Engine),
    ?assert(Refused > 0),
    ?assert(map_size(Refusals) > 0).

killed() ->
    {Engine, Vm} = terrace_test:vm(#{mode => auto, threshold => 1}),
    terrace_test:ok(Vm, ?FIB),
    [begin
         Name = "f" ++ integer_to_list(I),
         terrace_test:ok(Vm, ["(define (", Name, " n) (+ ", integer_to_list(I), " (fib n)))"]),
         [begin
              [os:cmd("kill -9 " ++ Pid) || Turn =:= 2, Pid <- terrace_test:worker_pids()],
              ?assertEqual({ok, I + 55}, terrace:call(Vm, Name, [10]))
          end || Turn <- [1, 2, 3]]
     end || I <- lists:seq(1, 10)],
    terrace:wait(Engine),
    ?assertEqual({ok, 6765}, terrace:call(Vm, fib, [20])),
    ?assertEqual([], zombies()).

worker_ends() ->
    Pid = spawn(fun() ->
                        {Engine, Vm} = terrace_test:vm(#{mode => base}),
                        terrace_test:ok(Vm, ?FIB ++ "(fib 5)"),
                        terrace:wait(Engine),
                        receive stop -> ok end
                end),
    Monitor = monitor(process, Pid),
    ?assert(terrace_test:wait_until(fun() -> terrace_test:worker_pids() =/= [] end)),
    Pid ! stop,
    receive {'DOWN', Monitor, _, _, _} -> ok end,
    ?assert(terrace_test:wait_until(fun() -> terrace_test:worker_pids() =:= [] end)),
    ?assertEqual([], zombies()).
