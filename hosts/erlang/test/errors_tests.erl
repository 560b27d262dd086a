%% Scenario 5: errors, both ways.
-module(errors_tests).
-include_lib("eunit/include/eunit.hrl").

errors_test_() ->
    {setup, fun() -> element(2, terrace_test:vm()) end,
     fun(Vm) ->
             [{"5 errors: " ++ Title, fun() -> Test(Vm), still_works(Vm) end}
              || {Title, Test} <- [{"with place and trace", fun place/1}, {"kinds", fun kinds/1},
                                   {"raised values", fun raised/1}, {"of Erlang in SX", fun of_erlang/1},
                                   {"of Erlang through SX", fun through/1}, {"raised in Erlang", fun raising/1},
                                   {"shown by the shell", fun shown/1}]]
     end}.

still_works(Vm) -> ?assertEqual(3, terrace_test:ok(Vm, "(+ 1 2)")).

place(Vm) ->
    Source = "(define (inner x)\n  (car x))\n(define (outer x)\n  (+ 1 (inner x)))\n(outer 5)",
    {error, Error} = terrace:eval(Vm, Source, #{name => "place.sx"}),
    ?assertMatch(#{kind := 'type-error', source := <<"place.sx">>, line := 2, column := C} when is_integer(C), Error),
    #{message := Message, trace := [First | _] = Trace} = Error,
    ?assert(byte_size(Message) > 10),
    ?assertMatch({_, _}, binary:match(First, <<"inner">>)),
    ?assert(length(Trace) >= 2),
    ?assertMatch({error, #{kind := 'read-error', line := 2, source := <<"eval">>}}, terrace:eval(Vm, "(+ 1\n(* 2 ")).

kinds(Vm) ->
    [?assertMatch({error, #{kind := Kind}}, terrace:eval(Vm, Source))
     || {Kind, Source} <- [{'division-by-zero', "(quotient 1 0)"}, {'unbound-variable', "(no-such-thing)"},
                           {'arity-error', "((fn (x) x))"}, {'not-a-function', "(5 5)"}, {'type-error', "(+ 'a 1)"},
                           {'range-error', "(vector-ref (vector 1) 1)"}, {'syntax-error', "(if)"},
                           {'unhandled-effect', "(perform 'nobody 1)"}]],
    ?assertMatch({error, #{kind := error, message := <<"no luck 1 two", _/binary>>}},
                 terrace:eval(Vm, "(error \"no luck\" 1 'two)")).

raised(Vm) ->
    ?assertMatch({error, #{kind := uncaught, value := {oops, 1}}}, terrace:eval(Vm, "(raise (tuple 'oops 1))")),
    {error, Error} = terrace:eval(Vm, "(car 1)"),
    ?assertNot(maps:is_key(value, Error)).

of_erlang(Vm) ->
    ok = terrace:define_function(Vm, fail, fun(How) -> fail(How) end),
    ?assertEqual('host-error', terrace_test:ok(Vm, "(guard (e (true (error-kind e))) (fail 'error))")),
    ?assertEqual(<<"no_luck">>, terrace_test:ok(Vm, "(guard (e (true (error-message e))) (fail 'error))")),
    ?assertEqual(<<"throw: {ball,1}">>, terrace_test:ok(Vm, "(guard (e (true (error-message e))) (fail 'throw))")),
    ?assertEqual(<<"badarith">>, terrace_test:ok(Vm, "(guard (e (true (error-message e))) (fail 'arithmetic))")),
    %% An answer that SX cannot have.
    ?assertEqual('host-error', terrace_test:ok(Vm, "(guard (e (true (error-kind e))) (fail 'bitstring))")),
    %% The message of an error in SX that a function of Erlang caused and let go.
    ok = terrace:define_function(Vm, 'nested-fail', fun() -> terrace:eval_or_raise(Vm, "(error \"deep inside\")") end),
    ?assertEqual(<<"deep inside">>, terrace_test:ok(Vm, "(guard (e (true (error-message e))) (nested-fail))")).

fail(error) -> error(no_luck);
fail(throw) -> throw({ball, 1});
fail(exit) -> exit(over);
fail(arithmetic) -> 1 / zero();
fail(bitstring) -> <<1:3>>.

zero() -> list_to_integer("0").

through(Vm) ->
    ok = terrace:define_function(Vm, fail, fun(How) -> fail(How) end),
    {error, Error} = terrace:eval(Vm, "(define (middle) (+ 1 (fail 'throw)))\n(middle)"),
    ?assertMatch(#{kind := 'host-error', message := <<"throw: {ball,1}">>, exception := {throw, {ball, 1}, [_ | _]}},
                 Error),
    ?assertMatch({error, #{kind := 'type-error'} = E} when not is_map_key(exception, E),
                 terrace:eval(Vm, "(guard (e (true (car 5))) (fail 'error))")).

raising(Vm) ->
    ?assertEqual(3, terrace:eval_or_raise(Vm, "(+ 1 2)")),
    ?assertError(badarith, terrace:eval_or_raise(Vm, "(quotient 1 0)")),
    ?assertError({terrace_error, #{kind := 'type-error'}}, terrace:eval_or_raise(Vm, "(car 5)")),
    ?assertError({terrace_error, #{kind := 'not-found'}}, terrace:call_or_raise(Vm, nothing, [])),
    ok = terrace:define_function(Vm, fail, fun(How) -> fail(How) end),
    ?assertError(no_luck, terrace:eval_or_raise(Vm, "(fail 'error)")),
    ?assertThrow({ball, 1}, terrace:eval_or_raise(Vm, "(fail 'throw)")),
    ?assertExit(over, terrace:call_or_raise(Vm, fail, [exit])).

shown(Vm) ->
    try terrace:eval_or_raise(Vm, "\n(car 5)", #{name => "shown.sx"}) of
        _ -> ?assert(false)
    catch
        error:Reason:Stack ->
            Text = iolist_to_binary(erl_error:format_exception(error, Reason, Stack)),
            ?assertMatch({_, _}, binary:match(Text, <<"shown.sx:2:">>))
    end.
