%% Scenario 7: what is called often is compiled, and answers stay the same.
-module(tiers_tests).
-include_lib("eunit/include/eunit.hrl").

tiers_test_() ->
    case terrace_test:has_worker() of
        true -> [{"7 tiers: " ++ Title, {timeout, 120, Test}}
                 || {Title, Test} <- [{"a warm function is compiled", fun warm/0}, {"by hand", fun by_hand/0},
                                      {"the same in all modes", fun modes/0}, {"events", fun events/0}]];
        false -> []
    end.

-define(FIB, "(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))").

warm() ->
    {Engine, Vm} = terrace_test:vm(#{mode => auto}),
    terrace_test:ok(Vm, ?FIB),
    ?assertMatch(#{name := <<"fib">>, tier := <<"interp">>}, terrace:explain(Vm, fib)),
    [?assertEqual({ok, 6765}, terrace:call(Vm, fib, [20])) || _ <- lists:seq(1, 5)],
    ?assert(terrace:wait(Engine)),
    ?assertEqual({ok, 6765}, terrace:call(Vm, fib, [20])),
    #{tier := Tier} = terrace:explain(Vm, fib),
    ?assert(lists:member(Tier, [<<"base">>, <<"opt">>])),
    Stats = terrace:stats(Engine),
    ?assertMatch(#{entries := E, misses := M, base_compiles := B, worker_starts := 1, threshold := 4, budget := 5000}
                 when E > 0 andalso M > 0 andalso B > 0, Stats).

by_hand() ->
    {_, Vm} = terrace_test:vm(#{mode => auto, threshold => never}),
    terrace_test:ok(Vm, ?FIB),
    [begin
         ?assertEqual(ok, terrace:optimize(Vm, fib, Tier)),
         Name = atom_to_binary(Tier),
         ?assertMatch(#{tier := Name}, terrace:explain(Vm, fib)),
         ?assertEqual({ok, 610}, terrace:call(Vm, fib, [15]))
     end || Tier <- [base, opt]],
    ?assertEqual(ok, terrace:demote(Vm, fib)),
    ?assertMatch(#{tier := <<"interp">>}, terrace:explain(Vm, fib)),
    ?assertMatch({error, #{kind := 'not-found'}}, terrace:optimize(Vm, nothing, base)).

modes() ->
    Program = "(define (collatz n)
                 (let loop ((n n) (steps 0))
                   (if (= n 1) steps (loop (if (even? n) (quotient n 2) (+ 1 (* 3 n))) (+ steps 1)))))
               (define (total n) (fold-left + 0 (map collatz (range 1 n))))
               (define (floats n) (let loop ((i 0) (x 0.0)) (if (= i n) x (loop (+ i 1) (+ (* x 0.5) 1.25)))))
               (define (big n) (if (= n 0) 1 (* n (big (- n 1)))))
               (list (total 200) (floats 100) (big 50) (map (fn (x) (string-append x x)) '(\"a\" \"b\")))",
    [Answer | Others] = [terrace_test:ok(element(2, terrace_test:vm(#{mode => Mode})), Program)
                         || Mode <- [interp, base, opt, auto, storm]],
    [?assertEqual(Answer, Other) || Other <- Others].

events() ->
    {Engine, Vm} = terrace_test:vm(#{mode => base, events => self()}),
    terrace_test:ok(Vm, ?FIB ++ "(fib 5)"),
    terrace:wait(Engine),
    receive {terrace_event, Name,
             Text} -> ?assert(is_binary(Name) andalso is_binary(Text)) after 5000 -> ?assert(false) end.
