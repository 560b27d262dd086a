%% Scenario 2: data, nested in each other, both ways.
-module(data_tests).
-include_lib("eunit/include/eunit.hrl").
-include("terrace.hrl").

data_test_() ->
    {setup, fun vm/0,
     fun(Vm) ->
             [{"2 data: " ++ Title, {timeout, 60, fun() -> Test(Vm) end}}
              || {Title, Test} <- [{"strings", fun strings/1}, {"symbols and keywords", fun names/1},
                                   {"truth", fun truth/1}, {"lists", fun lists/1}, {"tuples", fun tuples/1},
                                   {"maps", fun maps/1}, {"vectors, characters, bytes", fun others/1},
                                   {"terms of Erlang that SX holds", fun terms/1}, {"nested", fun nested/1},
                                   {"deep and long", fun big/1}, {"structures that contain themselves", fun circular/1},
                                   {"references", fun references/1}, {"text of values", fun text/1}]]
     end}.

vm() ->
    {_, Vm} = terrace_test:vm(),
    terrace_test:ok(Vm, "(define (identity x) x)"),
    Vm.

same(Vm, Value) -> ?assertEqual({ok, Value}, terrace:call(Vm, identity, [Value])).

strings(Vm) ->
    [same(Vm, S) || S <- [<<>>, <<"plain">>, <<"gr\x{fc}n \x{4e2d}\x{6587} \x{1f600}"/utf8>>, <<"with\0zero">>,
                          binary:copy(<<"x">>, 100000)]],
    ?assertEqual(<<"gr\x{fc}n"/utf8>>, terrace_test:ok(Vm, <<"\"gr\x{fc}n\""/utf8>>)),
    ?assertEqual(<<"\x{4e2d}"/utf8>>, terrace_test:ok(Vm, [$", 16#4e2d, $"])),
    ?assertEqual({ok, 4}, terrace:call(Vm, 'string-length', [<<"gr\x{fc}n"/utf8>>])),
    ?assertMatch({error, #{kind := 'bad-value', message := <<"the binary is no UTF-8", _/binary>>}},
                 terrace:call(Vm, identity, [<<255, 254>>])),
    ?assertMatch({error, #{kind := 'bad-value'}}, terrace:call(Vm, identity, [<<1:3>>])).

names(Vm) ->
    [same(Vm, A) || A <- [foo, 'two words', 'gr\x{fc}n', '\x{4e2d}\x{6587}', '', ok, undefined]],
    [same(Vm, {keyword, K}) || K <- [name, 'gr\x{fc}n', true, nil]],
    ?assertEqual(foo, terrace_test:ok(Vm, "'foo")),
    ?assertEqual(?SX_KEYWORD(name), terrace_test:ok(Vm, ":name")),
    ?assertEqual({ok, true}, terrace:call(Vm, 'symbol?', [foo])),
    ?assertEqual({ok, true}, terrace:call(Vm, 'keyword?', [{keyword, <<"name">>}])),
    %% A program cannot fill the emulator's table of atoms.
    ?assertEqual({symbol, <<"never-seen-before-by-anyone">>},
                 terrace_test:ok(Vm, "(string->symbol (string-append \"never-seen-\" \"before-by-anyone\"))")),
    same(Vm, {symbol, <<"never-seen-before-by-anyone">>}).

truth(Vm) ->
    [same(Vm, V) || V <- [true, false, [], unspecified]],
    ?assertEqual({ok, []}, terrace:call(Vm, identity, [nil])),
    ?assertEqual([], terrace_test:ok(Vm, "nil")),
    ?assertEqual({ok, no}, terrace:eval(Vm, "(if nil 'yes 'no)")).

lists(Vm) ->
    [same(Vm, L) || L <- [[1], [1, 2, 3], [[], [[]], [1, [2]]], [1 | 2], [1, 2 | foo], "text as code points"]],
    ?assertEqual([1, 2 | 3], terrace_test:ok(Vm, "'(1 2 . 3)")).

tuples(Vm) ->
    [same(Vm, T) || T <- [{}, {1}, {1, {2, 3}}, {ok, [1, 2]}, {foo, bar, baz}]],
    ?assertEqual({1, <<"two">>}, terrace_test:ok(Vm, "(tuple 1 \"two\")")),
    %% A tuple that looks like a mark is marked itself.
    ?assertEqual({tuple, [bytes, <<"x">>]}, terrace_test:ok(Vm, "(tuple 'bytes \"x\")")),
    same(Vm, {tuple, [bytes, <<"x">>]}),
    same(Vm, {tuple, [ratio, 1, 2]}),
    ?assertEqual({ok, {1, 2}}, terrace:call(Vm, identity, [{tuple, [1, 2]}])).

maps(Vm) ->
    [same(Vm, M) || M <- [#{}, #{a => 1}, #{<<"k">> => [1], 2 => #{x => y}, {1, 2} => 3.5, [1] => {}}]],
    ?assertEqual(#{a => 1, {keyword, b} => 2}, terrace_test:ok(Vm, "{'a 1 :b 2}")),
    ?assertEqual({ok, 1}, terrace:call(Vm, 'dict-ref', [#{foo => 1}, foo])),
    Big = maps:from_list([{N, integer_to_binary(N)} || N <- lists:seq(1, 5000)]),
    same(Vm, Big).

others(Vm) ->
    [same(Vm, V)
     || V <- [{vector, []}, {vector, [1, {vector, [2]}]}, {char, $a}, {char, 16#1f600}, {bytes, <<0, 255, 1>>},
                          {bytes, <<>>}]],
    ?assertEqual(?SX_VECTOR([1, <<"two">>]), terrace_test:ok(Vm, "[1 \"two\"]")),
    ?assertEqual(?SX_CHAR($a), terrace_test:ok(Vm, "#\\a")),
    [?assertMatch({error, #{kind := _}}, terrace:call(Vm, identity, [V]))
     || V <- [{char, -1}, {char, 16#D800}, {char, x}, {bytes, 5}, {vector, x}, {vector, [1 | 2]}, {symbol, 5},
              {ratio, 1, x}]].

terms(Vm) ->
    Reference = make_ref(),
    [same(Vm, T) || T <- [self(), Reference, {term, fun erlang:abs/1}, {term, {a, #{b => c}}}, [self(), {self(), 1}]]],
    ?assertEqual({ok, true}, terrace:call(Vm, 'host-object?', [self()])).

nested(Vm) ->
    same(Vm, #{list => [{1, <<"a">>}, #{deep => {vector, [#{}, [{bytes, <<1>>}]]}}],
               {keyword, k} => [1 bsl 70, -0.5 | tail],
               <<"\x{fc}"/utf8>> => {char, 252}, {tuple, [symbol, <<"x">>]} => [[[[[]]]]]}).

big(Vm) ->
    Deep = lists:foldl(fun(_, Inside) -> [Inside] end, [], lists:seq(1, 100_000)),
    same(Vm, Deep),
    DeepTuple = lists:foldl(fun(_, Inside) -> {Inside, 1} end, [], lists:seq(1, 20_000)),
    same(Vm, DeepTuple),
    Long = lists:seq(1, 300_000),
    same(Vm, Long),
    ?assertEqual(Long, terrace_test:ok(Vm, "(range 1 300001)")),
    same(Vm, [<<"s">> || _ <- lists:seq(1, 20_000)]).

circular(Vm) ->
    ?assertMatch({error, #{kind := 'bad-value', message := <<"the value contains itself", _/binary>>}},
                 terrace:eval(Vm, "(let ((v (vector 1 2))) (vector-set! v 0 v) v)")),
    ?assertMatch({error, #{kind := 'bad-value'}}, terrace:eval(Vm, "(let ((l (list 1 2))) (set-cdr! (cdr l) l) l)")),
    {ok, Ref} = terrace:eval(Vm, "(let ((v (vector 1 2))) (vector-set! v 0 v) v)", #{result => reference}),
    ?assertEqual(vector, terrace:type(Ref)).

references(Vm) ->
    {ok, Ref} = terrace:eval(Vm, "(define shared (vector 1 2 3))  shared", #{result => reference}),
    ?assertEqual({ok, {vector, [1, 2, 3]}}, terrace:value(Ref)),
    {ok, _} = terrace:call(Vm, 'vector-set!', [Ref, 0, <<"changed">>]),
    ?assertEqual({vector, [<<"changed">>, 2, 3]}, terrace_test:ok(Vm, "shared")),
    ?assertEqual({ok, 5}, terrace:eval(Vm, "5", #{result => reference})),
    {ok, Same} = terrace:lookup(Vm, shared, #{result => reference}),
    ?assertEqual({ok, true}, terrace:equal(Vm, Same, Ref)),
    ?assertEqual({ok, false}, terrace:equal(Vm, [1], [2])),
    {_, Other} = terrace_test:vm(),
    ?assertMatch({error, #{kind := 'bad-handle'}}, terrace:define(Other, x, Ref)).

text(Vm) ->
    ?assertEqual({ok, <<"(1 \"two\" #\\c)">>}, terrace:print(Vm, [1, <<"two">>, {char, $c}])),
    ?assertEqual({ok, <<"(1 two c)">>}, terrace:display(Vm, [1, <<"two">>, {char, $c}])).
