%% terrace_vm, the vm as a server, and terrace_json.
-module(server_tests).
-include_lib("eunit/include/eunit.hrl").

server_test_() ->
    [{"many callers", {timeout, 60, fun callers/0}}, {"under a supervisor", fun supervised/0},
     {"interrupted from outside", fun interrupted/0}, {"a program that cannot be loaded", fun broken/0},
     {"json", fun json/0}].

options() -> #{engine_options => #{mode => interp}, program => "(define n 0) (define (next) (set! n (+ n 1)) n)"}.

callers() ->
    {ok, Server} = terrace_vm:start_link(options()),
    Self = self(),
    Work = fun() -> [element(2, terrace_vm:call(Server, next, [])) || _ <- lists:seq(1, 50)] end,
    Callers = [spawn_link(fun() -> Self ! {self(), Work()} end) || _ <- lists:seq(1, 10)],
    Numbers = lists:append([receive {Pid, List} -> List end || Pid <- Callers]),
    ?assertEqual(lists:seq(1, 500), lists:sort(Numbers)),
    ok = terrace_vm:define(Server, x, [1, 2]),
    ?assertEqual({ok, [1, 2]}, terrace_vm:lookup(Server, x)),
    ok = terrace_vm:define_function(Server, 'server-pid', 0, fun() -> self() end),
    ?assertEqual({ok, Server}, terrace_vm:eval(Server, "(server-pid)")),
    ?assertMatch({error, #{kind := 'type-error'}}, terrace_vm:eval(Server, "(car 5)")),
    ok = terrace_vm:stop(Server).

supervised() ->
    Spec = terrace_vm:child_spec(options()),
    ?assertEqual(ok, supervisor:check_childspecs([Spec])).

interrupted() ->
    {ok, Server} = terrace_vm:start_link({local, terrace_test_server}, options()),
    spawn_link(fun() -> timer:sleep(100), terrace_vm:interrupt(terrace_test_server) end),
    ?assertMatch({error, #{kind := interrupted}}, terrace_vm:eval(terrace_test_server, "(let loop () (loop))")),
    ?assertEqual({ok, 1}, terrace_vm:eval(Server, "(next)")),
    ok = terrace_vm:stop(Server).

broken() ->
    process_flag(trap_exit, true),
    ?assertMatch({error, #{kind := 'read-error'}}, terrace_vm:start_link((options())#{program => "(define"})).

json() ->
    Text = <<"{\"a\": [1, -2.5, 1e3, true, false, null],"
             " \"b\\n\": {\"c\": \"\\u00fc\\ud83d\\ude00\\\"\"}, \"d\": []}"/utf8>>,
    ?assertEqual(#{<<"a">> => [1, -2.5, 1000.0, true, false, null],
                   <<"b\n">> => #{<<"c">> => <<"\x{fc}\x{1f600}\""/utf8>>}, <<"d">> => []},
                 terrace_json:decode(Text)).
