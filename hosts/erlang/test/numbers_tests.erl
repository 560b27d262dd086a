%% Scenario 1: numbers go in and come out unchanged.
-module(numbers_tests).
-include_lib("eunit/include/eunit.hrl").

numbers_test_() ->
    {setup, fun() -> element(2, terrace_test:vm()) end,
     fun(Vm) ->
             [{"1 numbers: integers", fun() -> integers(Vm) end},
              {"1 numbers: exact arithmetic", fun() -> exact(Vm) end},
              {"1 numbers: doubles", fun() -> doubles(Vm) end},
              {"1 numbers: doubles that Erlang has not", fun() -> special_doubles(Vm) end},
              {"1 numbers: ratios", fun() -> ratios(Vm) end},
              {"1 numbers: packed vectors", fun() -> packed(Vm) end}]
     end}.

there_and_back(Vm, Value) ->
    {ok, Back} = terrace:call(Vm, identity, [Value]),
    Back.

integers(Vm) ->
    terrace_test:ok(Vm, "(define (identity x) x)"),
    Powers = [Sign * (1 bsl N) + D || N <- [0, 1, 31, 32, 59, 60, 61, 62, 63, 64, 65, 100, 127, 128, 2039, 2040, 2048,
                                            20000],
                                      D <- [-1, 0, 1], Sign <- [1, -1]],
    [?assertEqual(N, there_and_back(Vm, N)) || N <- [0 | Powers]],
    ?assertEqual(Powers, there_and_back(Vm, Powers)),
    ?assertEqual(1 bsl 100, terrace_test:ok(Vm, "(expt 2 100)")),
    ?assertEqual(-(1 bsl 63), terrace_test:ok(Vm, "-9223372036854775808")).

exact(Vm) ->
    ?assertEqual(18446744073709551616, terrace_test:ok(Vm, "(* 4611686018427387904 4)")),
    ?assertEqual({ok, 18446744073709551616}, terrace:call(Vm, '*', [4611686018427387904, 4])),
    ?assertEqual({ok, -(1 bsl 64)}, terrace:call(Vm, '-', [0, 1 bsl 64])),
    ?assertEqual(lists:foldl(fun erlang:'*'/2, 1, lists:seq(1, 300)),
                 terrace_test:ok(Vm, "(let loop ((n 300) (p 1)) (if (= n 0) p (loop (- n 1) (* p n))))")).

doubles(Vm) ->
    terrace_test:ok(Vm, "(define (identity x) x)"),
    [?assert(there_and_back(Vm, D) =:= D)
     || D <- [0.0, 0.1, -0.1, 1.0e308, 5.0e-324, 1.0, math:pi(), 4503599627370497.5]],
    ?assertEqual(<<-0.0/float>>, <<(there_and_back(Vm, -0.0))/float>>),
    ?assertEqual(0.1, terrace_test:ok(Vm, "0.1")),
    ?assertEqual(<<-0.0/float>>, <<(terrace_test:ok(Vm, "-0.0"))/float>>),
    %% An integer stays an integer, a double a double.
    ?assert(is_float(there_and_back(Vm, 2.0))),
    ?assert(is_integer(there_and_back(Vm, 2))).

special_doubles(Vm) ->
    terrace_test:ok(Vm, "(define (identity x) x)"),
    [?assertEqual(D, there_and_back(Vm, D)) || D <- [infinity, neg_infinity, nan]],
    ?assertEqual({ok, true}, terrace:call(Vm, '<', [1.0e308, infinity])),
    ?assertEqual({ok, false}, terrace:call(Vm, '=', [nan, nan])),
    ?assertEqual(neg_infinity, terrace_test:ok(Vm, "(/ -1.0 0.0)")),
    ?assertEqual({symbol, <<"infinity">>}, terrace_test:ok(Vm, "'infinity")),
    ?assertEqual({symbol, <<"nan">>}, there_and_back(Vm, {symbol, nan})).

ratios(Vm) ->
    terrace_test:ok(Vm, "(define (identity x) x)"),
    ?assertEqual({ratio, 1, 3}, terrace_test:ok(Vm, "(/ 1 3)")),
    ?assertEqual({ratio, -7, 2}, there_and_back(Vm, {ratio, 7, -2})),
    ?assertEqual({ratio, 1 bsl 100, 3}, there_and_back(Vm, {ratio, 1 bsl 100, 3})),
    ?assertEqual(2, there_and_back(Vm, {ratio, 6, 3})),
    ?assertMatch({error, #{kind := 'division-by-zero'}}, terrace:call(Vm, identity, [{ratio, 1, 0}])).

packed(Vm) ->
    terrace_test:ok(Vm, "(define (identity x) x)"),
    Doubles = << <<D/float-native>> || D <- [1.5, -0.0, 1.0e300] >>,
    Integers = << <<I:64/native>> || I <- [1, -1, 1 bsl 63 - 1] >>,
    ?assertEqual({f64, Doubles}, there_and_back(Vm, {f64, Doubles})),
    ?assertEqual({i64, Integers}, there_and_back(Vm, {i64, Integers})),
    ?assertEqual({ok, -1}, terrace:call(Vm, 'i64-vector-ref', [{i64, Integers}, 1])),
    ?assertEqual({f64, <<>>}, there_and_back(Vm, {f64, <<>>})),
    ?assertMatch({error, #{kind := 'bad-value'}}, terrace:call(Vm, identity, [{f64, <<1, 2, 3>>}])).
