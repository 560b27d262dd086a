%% What the test modules share. Each module tells one of the ten scenarios of hosts/scenarios.md, or something of
%% Erlang's own.
-module(terrace_test).

-export([run/1, vm/0, vm/1, vm/2, ok/2, wait_until/1, worker_pids/0, has_worker/0]).

%% Runs the tests of a module and ends the emulator with their result.
run(Module) ->
    Result = eunit:test(Module, [verbose]),
    halt(case Result of ok -> 0; _ -> 1 end).

vm() -> vm(#{mode => interp}).

vm(EngineOptions) -> vm(EngineOptions, #{}).

vm(EngineOptions, VmOptions) ->
    {ok, Engine} = terrace:new_engine(EngineOptions),
    {ok, Vm} = terrace:new_vm(Engine, VmOptions),
    {Engine, Vm}.

ok(Vm, Source) ->
    {ok, Value} = terrace:eval(Vm, Source),
    Value.

%% True within ten seconds.
wait_until(Condition) -> wait_until(Condition, 500).

wait_until(Condition, 0) -> Condition();
wait_until(Condition, Times) ->
    case Condition() of
        true ->
            true;
        false ->
            timer:sleep(20),
            wait_until(Condition, Times - 1)
    end.

%% Compile workers of this emulator: their temporary directory lies in ours.
worker_pids() ->
    {ok, Names} = file:list_dir("/proc"),
    [Name || Name <- Names, is_worker(Name), is_ours(Name)].

is_worker(Pid) ->
    case file:read_file("/proc/" ++ Pid ++ "/comm") of
        {ok, <<"terrace-worker", _/binary>>} -> true;
        _ -> false
    end.

%% A process may have gone since its name was read; then it is not ours.
is_ours(Pid) ->
    case file:read_file("/proc/" ++ Pid ++ "/cmdline") of
        {ok, CommandLine} -> binary:match(CommandLine, list_to_binary(os:getenv("TMPDIR", "none"))) =/= nomatch;
        _ -> false
    end.

%% False where there is no compiler: then everything is interpreted, and tests of tiers have nothing to see.
has_worker() -> os:getenv("TERRACE_WORKER", "") =/= "".
