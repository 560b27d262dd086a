%% The example of the README runs.
-module(readme_tests).
-include_lib("eunit/include/eunit.hrl").

example_test_() -> {timeout, 60, fun example/0}.

example() ->
    {ok, Text} = file:read_file(filename:join(os:getenv("TERRACE_SOURCE"), "README.md")),
    {match, [Code]} = re:run(Text, "```erlang\n(.*?)```", [dotall, {capture, all_but_first, list}]),
    {ok, Tokens, _} = erl_scan:string(Code),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    {value, {error, #{kind := 'type-error'}}, _} = erl_eval:exprs(Expressions, []).
