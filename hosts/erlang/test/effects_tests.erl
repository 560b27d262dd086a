%% Scenario 6: perform is answered later.
-module(effects_tests).
-include_lib("eunit/include/eunit.hrl").

effects_test_() ->
    {foreach, fun() -> element(2, terrace_test:vm()) end,
     [fun(Vm) -> {"6 effects: " ++ Title, {timeout, 60, fun() -> Test(Vm) end}} end
      || {Title, Test} <- [{"answered later", fun later/1}, {"in the other order", fun other_order/1},
                           {"answered with an error", fun with_error/1}, {"cancelled", fun cancelled/1},
                           {"dropped", fun dropped/1}, {"answered by a function", fun by_function/1},
                           {"as messages", fun messages/1}, {"tasks in the other order", fun tasks/1},
                           {"tasks that end", fun stopped/1}, {"thousands", fun thousands/1},
                           {"handlers of SX come first", fun handlers/1}, {"in compiled code", fun compiled/1}]]}.

later(Vm) ->
    {suspended, {ask, [1, <<"two">>]}, C} = terrace:start(Vm, "(list 'got (perform 'ask 1 \"two\"))"),
    ?assertEqual(7, terrace_test:ok(Vm, "(+ 3 4)")),
    ?assertEqual({ok, [got, #{answer => 42}]}, terrace:resume(C, #{answer => 42})),
    ?assertMatch({error, #{kind := 'bad-state'}}, terrace:resume(C, 1)),
    ?assertEqual({ok, 5}, terrace:start(Vm, "5")).

other_order(Vm) ->
    terrace_test:ok(Vm,
                    "(define log nil)
                      (define (work name) (let ((x (perform 'ask name))) (set! log (cons (list name x) log)) x))"),
    {suspended, {ask, [first]}, C1} = terrace:start_call(Vm, work, [first]),
    {suspended, {ask, [second]}, C2} = terrace:start_call(Vm, work, [second]),
    ?assertEqual({ok, 2}, terrace:resume(C2, 2)),
    ?assertEqual({ok, 1}, terrace:resume(C1, 1)),
    ?assertEqual([[first, 1], [second, 2]], terrace_test:ok(Vm, "log")).

with_error(Vm) ->
    {suspended, _, C} = terrace:start(Vm, "(guard (e (true (list (error-kind e) (error-message e)))) (perform 'ask))"),
    ?assertEqual({ok, ['host-error', <<"not today">>]}, terrace:resume_error(C, "not today")),
    {suspended, _, D} = terrace:start(Vm, "(perform 'ask)"),
    ?assertMatch({error, #{kind := 'host-error', message := <<"no">>}}, terrace:resume_error(D, <<"no">>)),
    %% An answer that SX cannot have leaves the computation waiting.
    {suspended, _, E} = terrace:start(Vm, "(perform 'ask)"),
    ?assertMatch({error, #{kind := 'bad-value'}}, terrace:resume(E, <<1:3>>)),
    ?assertEqual({ok, fine}, terrace:resume(E, fine)).

cancelled(Vm) ->
    Source = "(define log nil)
              (dynamic-wind (fn () (set! log (cons 'in log)))
                            (fn () (guard (e (true (set! log (cons 'caught log)))) (perform 'ask)))
                            (fn () (set! log (cons 'out log))))",
    {suspended, _, C} = terrace:start(Vm, Source),
    ?assertEqual([in], terrace_test:ok(Vm, "log")),
    ?assertEqual(ok, terrace:cancel(C)),
    ?assertEqual([out, in], terrace_test:ok(Vm, "log")),
    ?assertMatch({error, #{kind := 'bad-state'}}, terrace:resume(C, 1)).

%% A computation that nobody has any more is cancelled when the emulator has collected it.
dropped(Vm) ->
    terrace_test:ok(Vm, "(define log nil)"),
    Pid = spawn(fun() -> {suspended, _, _} =
                             terrace:start(Vm,
                                           "(dynamic-wind (fn () nil) (fn () (perform 'ask)) (fn () (set! log 'out)))")
                end),
    Monitor = monitor(process, Pid),
    receive {'DOWN', Monitor, _, _, normal} -> ok end,
    ?assert(terrace_test:wait_until(fun() -> terrace_test:ok(Vm, "log") =:= out end)).

by_function(Vm) ->
    Options = #{effects => #{add => fun(A, B) -> A + B end, fail => fun() -> error(no_luck) end}},
    ?assertEqual({ok, 6}, terrace:eval(Vm, "(+ 3 (perform 'add 1 2))", Options)),
    ?assertMatch({error, #{kind := 'host-error', exception := {error, no_luck, _}}},
                 terrace:eval(Vm, "(perform 'fail)", Options)),
    ?assertMatch({error, #{kind := 'unhandled-effect'}}, terrace:eval(Vm, "(perform 'other)", Options)),
    All = #{effects => fun(Operation, Arguments) -> {Operation, Arguments} end},
    ?assertEqual({ok, {anything, [1, 2]}}, terrace:eval(Vm, "(perform 'anything 1 2)", All)),
    ?assertEqual({ok, {{keyword, key}, []}}, terrace:eval(Vm, "(perform :key)", All)).

messages(Vm) ->
    Task = terrace:spawn_eval(Vm,
                              "(list (perform 'ask 1) (guard (e (true 'failed)) (perform 'ask 2)) (perform 'ask 3))"),
    receive {terrace, Task, {perform, ask, [1]}} -> terrace:answer(Task, one) end,
    receive {terrace, Task, {perform, ask, [2]}} -> terrace:answer_error(Task, "two") end,
    receive {terrace, Task, {perform, ask, [3]}} -> terrace:answer(Task, <<3:2>>) end,
    receive {terrace, Task, {error, Error}} -> ?assertMatch(#{kind := 'host-error'}, Error) end,
    Other = terrace:spawn_call(Vm, '+', [1, 2]),
    receive {terrace, Other, Ending} -> ?assertEqual({ok, 3}, Ending) end.

tasks(Vm) ->
    terrace_test:ok(Vm, "(define (work name) (list name (perform 'ask name)))"),
    Tasks = [{Name, terrace:spawn_call(Vm, work, [Name])} || Name <- [a, b, c, d]],
    [receive {terrace, Task, {perform, ask, [Name]}} -> ok end || {Name, Task} <- Tasks],
    [begin
         terrace:answer(Task, {for, Name}),
         receive {terrace, Task, Ending} -> ?assertEqual({ok, [Name, {for, Name}]}, Ending) end
     end || {Name, Task} <- lists:reverse(Tasks)].

stopped(Vm) ->
    terrace_test:ok(Vm, "(define log nil)"),
    Waiting = terrace:spawn_eval(Vm, "(dynamic-wind (fn () nil) (fn () (perform 'ask)) (fn () (set! log 'out)))"),
    receive {terrace, Waiting, {perform, ask, []}} -> ok end,
    terrace:stop(Waiting),
    receive {terrace, Waiting, E1} -> ?assertMatch({error, #{kind := interrupted}}, E1) end,
    ?assertEqual(out, terrace_test:ok(Vm, "log")),
    Running = terrace:spawn_eval(Vm, "(let loop () (loop))"),
    timer:sleep(50),
    terrace:stop(Running),
    receive {terrace, Running, E2} -> ?assertMatch({error, #{kind := interrupted}}, E2) end,
    ?assertEqual(1, terrace_test:ok(Vm, "1")),
    %% A task dies with its owner, and leaves a vm that works.
    Owner = spawn(fun() -> terrace:spawn_eval(Vm, "(let loop () (loop))"), timer:sleep(50), exit(enough) end),
    Monitor = monitor(process, Owner),
    receive {'DOWN', Monitor, _, _, enough} -> ok end,
    ?assertEqual({ok, 2}, terrace:eval(Vm, "2", #{busy => wait})).

thousands(Vm) ->
    terrace_test:ok(Vm, "(define (work i) (+ i (perform 'ask i)))"),
    Waiting = [begin {suspended, {ask, [I]}, C} = terrace:start_call(Vm, work, [I]), {I, C} end
               || I <- lists:seq(1, 2000)],
    [?assertEqual({ok, 3 * I}, terrace:resume(C, 2 * I)) || {I, C} <- lists:reverse(Waiting)].

handlers(Vm) ->
    ?assertEqual(2, terrace_test:ok(Vm, "(with-handlers ((ask (fn (x) (* 2 x)))) (perform 'ask 1))")),
    {suspended, {tell, [1]}, C} = terrace:start(Vm,
                                                "(with-handlers ((ask (fn (x) (perform 'tell x)))) (perform 'ask 1))"),
    ?assertEqual({ok, told}, terrace:resume(C, told)).

compiled(_) ->
    [begin
         {_, Vm} = terrace_test:vm(#{mode => Mode}),
         terrace_test:ok(Vm,
                         "(define (ask-many n)
                            (let loop ((i 0) (s 0)) (if (= i n) s (loop (+ i 1) (+ s (perform 'echo i))))))"),
         ?assertEqual({ok, 4950}, terrace:call(Vm, 'ask-many', [100], #{effects => #{echo => fun(X) -> X end}}))
     end || Mode <- [base, opt, auto, storm]].
