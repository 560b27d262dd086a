%% A program that runs in a process of its own and talks to another one by messages.
%%
%%   owner                         task
%%     |        spawn ------------->| runs
%%     |<-- {perform, Op, Args} ----| waits
%%     |---- answer --------------->| goes on
%%     |<-- {ok, V} | {error, E} ---| ends
%%
%% The task is linked to its owner and dies with it; what it ran is cancelled.
-module(terrace_task).

-export([start/2, answer/2, answer_error/2, stop/1]).

-export_type([task/0]).

-opaque task() :: {terrace_task, pid(), reference(), terrace:vm()}.

%% `Begin` answers what terrace:start answers.
-spec start(terrace:vm(), fun(() -> terrace:outcome())) -> task().
start(Vm, Begin) ->
    Owner = self(),
    Tag = make_ref(),
    Pid = spawn_link(fun() -> run({terrace_task, self(), Tag, Vm}, Owner, Begin) end),
    {terrace_task, Pid, Tag, Vm}.

-spec answer(task(), term()) -> ok.
answer({terrace_task, Pid, Tag, _Vm}, Value) ->
    Pid ! {Tag, {answer, Value}},
    ok.

-spec answer_error(task(), unicode:chardata()) -> ok.
answer_error({terrace_task, Pid, Tag, _Vm}, Message) ->
    Pid ! {Tag, {raise, Message}},
    ok.

-spec stop(task()) -> ok.
stop({terrace_task, Pid, Tag, Vm}) ->
    Pid ! {Tag, stop},
    terrace_nif:interrupt(Vm, Pid).

run({terrace_task, _, Tag, _} = Task, Owner, Begin) ->
    Ending =
        receive
            {Tag, stop} -> {error, interrupted()}
        after 0 ->
            follow(Begin(), Task, Owner)
        end,
    Owner ! {terrace, Task, Ending},
    unlink(Owner).

follow({suspended, {Operation, Arguments}, Computation}, {terrace_task, _, Tag, _} = Task, Owner) ->
    Owner ! {terrace, Task, {perform, Operation, Arguments}},
    receive
        {Tag, {answer, Value}} -> follow(answered(Computation, Value), Task, Owner);
        {Tag, {raise, Message}} -> follow(terrace:resume_error(Computation, Message, #{busy => wait}), Task, Owner);
        {Tag, stop} -> stopped(Computation)
    end;
follow({interrupted, _Why, Computation}, _Task, _Owner) ->
    stopped(Computation);
follow(Ending, _Task, _Owner) ->
    Ending.

%% An answer that SX cannot have is an error in the program.
answered(Computation, Value) ->
    case terrace:resume(Computation, Value, #{busy => wait}) of
        {error, #{kind := 'bad-value', message := Message}} = Refused ->
            case terrace:resume_error(Computation, Message, #{busy => wait}) of
                {error, #{kind := 'bad-state'}} -> Refused;
                Outcome -> Outcome
            end;
        Outcome ->
            Outcome
    end.

stopped(Computation) ->
    _ = terrace:cancel(Computation),
    {error, interrupted()}.

interrupted() ->
    #{kind => interrupted, message => <<"the computation was stopped">>, source => undefined, line => undefined,
      column => undefined, trace => []}.
