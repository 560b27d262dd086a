%% Scenario 9: bad input is a clear error, and afterwards the vm works.
-module(bad_input_tests).
-include_lib("eunit/include/eunit.hrl").

bad_input_test_() ->
    {setup, fun() -> element(2, terrace_test:vm()) end,
     fun(Vm) ->
             [{"9 bad input: " ++ Title,
               {timeout, 120, fun() -> Test(Vm), ?assertEqual(3, terrace_test:ok(Vm, "(+ 1 2)")) end}}
              || {Title, Test} <- [{"source", fun source/1}, {"calls", fun calls/1},
                                   {"endless recursion", fun recursion/1},
                                   {"too much memory", fun memory/1}, {"very deep source", fun deep/1},
                                   {"used and released handles", fun handles/1},
                                   {"arguments of the interface", fun arguments/1},
                                   {"options", fun options/1}, {"no library", fun library/1}]]
     end}.

source(Vm) ->
    [?assertMatch({error, #{kind := Kind, message := <<_, _/binary>>, line := Line}} when is_integer(Line),
                  terrace:eval(Vm, Source))
     || {Kind, Source} <- [{'read-error', "(+ 1 2"}, {'read-error', "(+ 1 2))"}, {'read-error', "\"no end"},
                           {'syntax-error', "(let ((x)) x)"}, {'syntax-error', "(fn)"}]],
    ?assertMatch({error, #{kind := 'read-error'}}, terrace:eval(Vm, <<"\"", 255, 254, "\"">>)),
    ?assertEqual({ok, unspecified}, terrace:eval(Vm, "")).

calls(Vm) ->
    terrace_test:ok(Vm, "(define (two a b) (list a b))"),
    [?assertMatch({error, #{kind := 'arity-error', message := <<_, _/binary>>}}, terrace:call(Vm, two, Arguments))
     || Arguments <- [[], [1], [1, 2, 3]]],
    ?assertMatch({error, #{kind := 'unbound-variable', message := <<_, _/binary>>}},
                 terrace:eval(Vm, "(unknown-name 1)")).

recursion(Vm) ->
    terrace_test:ok(Vm, "(define (forever n) (+ 1 (forever n)))"),
    ?assertMatch({error, #{kind := 'stack-overflow'}}, terrace:call(Vm, forever, [1])),
    {_, Small} = terrace_test:vm(#{mode => interp}, #{stack_limit => 1024 * 1024}),
    ?assertMatch({error, #{kind := 'stack-overflow'}}, terrace:eval(Small, "(define (f n) (+ 1 (f n))) (f 1)")),
    ?assertEqual(1, terrace_test:ok(Small, "1")).

memory(Vm) ->
    ?assertMatch({error, #{kind := 'heap-limit'}}, terrace:eval(Vm, "(make-vector 1152921504606846975)")),
    {_, Small} = terrace_test:vm(#{mode => interp}, #{heap_limit => 64 * 1024 * 1024}),
    ?assertMatch({error, #{kind := 'heap-limit'}}, terrace:eval(Small, "(make-bytes 2000000000)")),
    ?assertMatch({error, #{kind := 'heap-limit'}},
                 terrace:eval(Small, "(define (hoard xs) (hoard (cons (make-vector 1000 0) xs))) (hoard nil)")),
    ?assertEqual(3, terrace_test:ok(Small, "(+ 1 2)")).

deep(Vm) ->
    N = 100_000,
    Nested = [lists:duplicate(N, "(+ 1 "), "0", lists:duplicate(N, ")")],
    case terrace:eval(Vm, Nested) of
        {ok, N} -> ok;
        {error, #{message := <<_, _/binary>>}} -> ok
    end,
    Quoted = ["'", lists:duplicate(N, "("), lists:duplicate(N, ")")],
    case terrace:eval(Vm, Quoted) of
        {ok, _} -> ok;
        {error, #{message := <<_, _/binary>>}} -> ok
    end.

handles(Vm) ->
    {suspended, _, C} = terrace:start(Vm, "(perform 'ask)"),
    {ok, 1} = terrace:resume(C, 1),
    ?assertMatch({error, #{kind := 'bad-state', message := <<_, _/binary>>}}, terrace:resume(C, 1)),
    F = terrace_test:ok(Vm, "(fn (x) x)"),
    ok = terrace:release(F),
    ?assertMatch({error, #{kind := 'bad-handle'}}, terrace:call(F, [1])),
    ?assertMatch({error, #{kind := 'bad-handle'}}, terrace:call(Vm, list, [[1, F]])),
    ?assertMatch({error, #{kind := 'bad-handle'}}, terrace:value(F)),
    {_, Other} = terrace_test:vm(),
    G = terrace_test:ok(Vm, "(fn (x) x)"),
    ?assertMatch({error, #{kind := 'bad-handle', message := <<_, _/binary>>}}, terrace:call(Other, G, [1])).

arguments(Vm) ->
    ?assertError(badarg, terrace:eval(make_ref(), "1")),
    ?assertError(_, terrace:eval(Vm, not_text)),
    ?assertError(badarg, terrace:call(Vm, list, not_a_list)),
    ?assertError(badarg, terrace:call(Vm, list, [1 | 2])),
    ?assertMatch({error, #{kind := 'wrong-type'}}, terrace:call(Vm, 5, [])),
    ?assertMatch({error, #{kind := _}}, terrace:define(Vm, "", 1)).

options(_) ->
    ?assertError({unknown_options, [budgte]}, terrace:new_engine(#{budgte => 1})),
    ?assertError(badarg, terrace:new_engine(#{mode => fast})),
    {ok, Engine} = terrace:new_engine(),
    ?assertError({unknown_options, [heap]}, terrace:new_vm(Engine, #{heap => 1})).

library(_) ->
    ?assertMatch({error, #{kind := library, message := <<"libterrace cannot be used", _/binary>>}},
                 terrace:new_engine(#{library => "/nonexistent/libterrace.so"})).
