%% Hot upgrade of the code, and what stays alive through it.
-module(upgrade_tests).
-include_lib("eunit/include/eunit.hrl").

upgrade_test_() ->
    [{"objects live through upgrades", {timeout, 60, fun upgrade/0}},
     {"another file of the native part takes over", {timeout, 60, fun other_file/0}},
     {"the application is well formed", fun application/0}].

upgrade() ->
    {Engine, Vm} = terrace_test:vm(#{mode => auto}),
    Counter = terrace_test:ok(Vm, "(let ((n 0)) (fn () (set! n (+ n 1)) n))"),
    {suspended, _, C} = terrace:start(Vm, "(+ 1 (perform 'ask))"),
    Loop = spawn(fun() -> {_, Other} = terrace_test:vm(), terrace:eval(Other, "(let loop () (loop))") end),
    [begin
         {module, terrace_nif} = reload(terrace_nif),
         ?assertEqual({ok, N}, terrace:call(Counter, []))
     end || N <- [1, 2, 3]],
    ?assertEqual({ok, 42}, terrace:resume(C, 41)),
    ?assertMatch(#{}, terrace:stats(Engine)),
    exit(Loop, kill),
    garbage_collect(),
    ?assertEqual(3, terrace_test:ok(Vm, "(+ 1 2)")).

%% A process that runs the old code is killed by the purge, so nothing here waits in it.
reload(Module) ->
    code:purge(Module),
    code:load_file(Module).

%% The same module from another directory loads another copy of the .so.
other_file() ->
    {_, Vm} = terrace_test:vm(),
    F = terrace_test:ok(Vm, "(fn (x) (* 2 x))"),
    Directory = filename:join(os:getenv("TMPDIR"), "terrace-copy"),
    Ebin = filename:join(Directory, "ebin"),
    Priv = filename:join(Directory, "priv"),
    [ok = filelib:ensure_dir(filename:join(D, "x")) || D <- [Ebin, Priv]],
    Nif = filename:join(terrace_library:priv_dir(), "terrace_nif.so"),
    {ok, _} = file:copy(Nif, filename:join(Priv, "terrace_nif.so")),
    [{ok, _} = file:copy(code:which(M), filename:join(Ebin, atom_to_list(M) ++ ".beam"))
     || M <- [terrace_nif, terrace_library]],
    Old = filename:dirname(code:which(terrace_nif)),
    try
        code:add_patha(Ebin),
        [{module, M} = reload(M) || M <- [terrace_library, terrace_nif]],
        ?assertEqual(filename:join(Ebin, "terrace_nif.beam"), code:which(terrace_nif)),
        ?assertEqual({ok, 42}, terrace:call(F, [21])),
        {_, Other} = terrace_test:vm(),
        ?assertEqual({ok, 3}, terrace:eval(Other, "(+ 1 2)")),
        code:purge(terrace_nif),
        ?assertEqual({ok, 4}, terrace:call(F, [2]))
    after
        code:del_path(Ebin),
        [reload(M) || M <- [terrace_library, terrace_nif]],
        ?assertEqual(Old, filename:dirname(code:which(terrace_nif))),
        file:del_dir_r(Directory)
    end,
    ?assertEqual({ok, 44}, terrace:call(F, [22])).

application() ->
    ok = application:load(terrace),
    {ok, Modules} = application:get_key(terrace, modules),
    Files = filelib:wildcard("*.beam", filename:dirname(code:which(terrace))),
    ?assertEqual(lists:sort(Modules), lists:sort([list_to_atom(filename:rootname(F)) || F <- Files])),
    ok = application:start(terrace),
    ok = application:stop(terrace).
