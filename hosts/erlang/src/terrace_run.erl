%% Runs a program to its end, or to the point where the caller has to say something.
%%
%%   NIF ---step---> {printed, ...}    the text goes where the vm's output goes, then on
%%                   {suspended, ...}  a function of Erlang: this process runs it and answers
%%                                     another effect: the function in the options answers, else the caller
%%                   {interrupted, .}  stopped or too late
%%                   {ok, _}, {error, _}
%%
%% The native functions never block a scheduler: a long run comes back as a step after step, in between the process
%% may be
%% preempted or killed.
-module(terrace_run).

-export([eval/3, start_eval/3, call/4, start_call/4, resume/3, resume_error/3, cancel/1, in_turn/2]).

-export_type([step/0]).

-type step() :: {ok, term()} | {error, term()} | {refused, map()}
              | {suspended, [term()], reference()} | {interrupted, stopped | timeout, reference()}
              | {more, reference()} | {printed, To :: term(), Text :: binary(), step()}.

-record(run, {effects,              % none, a function or a map of functions
              stepwise = false,     % true: the caller answers effects and interruptions
              form = term,          % term | reference
              deadline = infinity,  % in microseconds of the monotonic clock
              busy = error,         % error | wait
              cause}).              % {Message, what to add to an error with this message}

eval(Vm, Source, Options) -> evaluate(Vm, Source, Options, false).
start_eval(Vm, Source, Options) -> evaluate(Vm, Source, Options, true).
call(Vm, Function, Arguments, Options) -> apply_function(Vm, Function, Arguments, Options, false).
start_call(Vm, Function, Arguments, Options) -> apply_function(Vm, Function, Arguments, Options, true).

evaluate(Vm, Source, Options, Stepwise) ->
    Run = new(Options, Stepwise),
    Text = text(Source),
    Name = text(maps:get(name, Options, <<"eval">>)),
    settle(enter(Vm, Run, fun() -> terrace_nif:eval(Vm, Text, Name, left(Run), Run#run.form) end), Run).

apply_function(Vm, Function, Arguments, Options, Stepwise) ->
    Run = new(Options, Stepwise),
    settle(enter(Vm, Run, fun() -> terrace_nif:call(Vm, Function, Arguments, left(Run), Run#run.form) end), Run).

resume(Computation, Value, Options) ->
    Run = new(Options, true),
    Vm = terrace_nif:vm_of(Computation),
    settle(enter(Vm, Run, fun() -> terrace_nif:resume(Computation, Value, left(Run), Run#run.form) end), Run).

resume_error(Computation, Message, Options) ->
    settle(raise(Computation, text(Message), new(Options, true)), new(Options, true)).

cancel(Computation) ->
    Run = #run{effects = none, busy = wait},
    Vm = terrace_nif:vm_of(Computation),
    case settle(enter(Vm, Run, fun() -> terrace_nif:cancel(Computation) end), Run) of
        {ok, _} -> ok;
        Error -> Error
    end.

%% A binary goes to the library as it is, which says where it is no UTF-8.
text(Text) when is_binary(Text) -> Text;
text(Text) -> case unicode:characters_to_binary(Text) of Binary when is_binary(Binary) -> Binary end.

new(Options, Stepwise) ->
    #run{effects = maps:get(effects, Options, none),
         stepwise = Stepwise,
         form = maps:get(result, Options, term),
         deadline = deadline(maps:get(timeout, Options, infinity)),
         busy = maps:get(busy, Options, error)}.

deadline(infinity) -> infinity;
deadline(Milliseconds) -> erlang:monotonic_time(microsecond) + Milliseconds * 1000.

left(#run{deadline = infinity}) -> infinity;
left(#run{deadline = Deadline}) -> max(0, Deadline - erlang:monotonic_time(microsecond)).

%% --- turns

enter(_Vm, #run{busy = error}, Do) -> Do();
enter(Vm, #run{busy = wait} = Run, Do) -> in_turn(Vm, Do, Run).

%% Does it again and again until the vm is not busy.
in_turn(Vm, Do) -> in_turn(Vm, Do, #run{}).

in_turn(Vm, Do, Run) ->
    case Do() of
        {error, busy} -> await_turn(Vm, Do, Run);
        Answer -> Answer
    end.

await_turn(Vm, Do, Run) ->
    Tag = make_ref(),
    ok = terrace_nif:tell_when_free(Vm, Tag),
    receive
        {terrace_turn, Tag} -> in_turn(Vm, Do, Run)
    after milliseconds(left(Run)) ->
        {error, stopped_error(timeout)}
    end.

milliseconds(infinity) -> infinity;
milliseconds(Microseconds) -> Microseconds div 1000 + 1.

%% --- steps

settle({printed, To, Text, Step}, Run) ->
    deliver(To, Text),
    settle(Step, Run);
settle({more, Native}, Run) ->
    settle(terrace_nif:continue(Native), Run);
settle({suspended, ['erlang/call', {term, Function} | Arguments], Computation}, Run) when is_function(Function) ->
    answer(Computation, fun() -> apply(Function, Arguments) end, Run);
settle({suspended, [Operation | Arguments], Computation}, Run) ->
    perform(Operation, Arguments, Computation, Run);
settle({interrupted, Why, Computation}, #run{stepwise = true}) ->
    {interrupted, Why, Computation};
settle({interrupted, Why, Computation}, #run{stepwise = false}) ->
    _ = cancel(Computation),
    {error, stopped_error(Why)};
settle({error, #{message := Message} = Error}, #run{cause = {Message, More}}) ->
    {error, maps:merge(Error, More)};
settle({refused, Error}, _Run) ->
    {error, Error};
settle(Ending, _Run) ->
    Ending.

perform(Operation, Arguments, Computation, #run{stepwise = Stepwise, effects = Effects} = Run) ->
    case handler(Effects, Operation, length(Arguments)) of
        {ok, Handler} ->
            answer(Computation, fun() -> Handler(Arguments) end, Run);
        none when Stepwise ->
            {suspended, {Operation, Arguments}, Computation};
        none ->
            Message = message("nobody answers the effect ~tp", [Operation]),
            Cause = {Message, #{kind => 'unhandled-effect'}},
            settle(raise(Computation, Message, Run), Run#run{cause = Cause})
    end.

handler(none, _Operation, _Arity) ->
    none;
handler(Effects, Operation, _Arity) when is_function(Effects, 2) ->
    {ok, fun(Arguments) -> Effects(Operation, Arguments) end};
handler(Effects, Operation, Arity) ->
    case Effects of
        #{Operation := Function} when is_function(Function, Arity) ->
            {ok, fun(Arguments) -> apply(Function, Arguments) end};
        #{} ->
            none
    end.

%% What the function answers goes to the program; so does, as an error, what it throws.
answer(Computation, Function, Run) ->
    try Function() of
        Value -> settle(give(Computation, Value, Run), Run)
    catch
        Class:Reason:Stack ->
            Message = describe(Class, Reason),
            Cause = {Message, #{exception => {Class, Reason, Stack}}},
            settle(raise(Computation, Message, Run), Run#run{cause = Cause})
    end.

give(Computation, Value, Run) ->
    Vm = terrace_nif:vm_of(Computation),
    Form = Run#run.form,
    case in_turn(Vm, fun() -> terrace_nif:resume(Computation, Value, left(Run), Form) end) of
        {refused, #{message := Message}} -> raise(Computation, Message, Run);
        Step -> Step
    end.

raise(Computation, Message, Run) ->
    Vm = terrace_nif:vm_of(Computation),
    in_turn(Vm, fun() -> terrace_nif:resume_error(Computation, Message, left(Run), Run#run.form) end).

describe(error, {terrace_error, #{message := Message}}) -> Message;
describe(error, Reason) -> message("~tp", [Reason]);
describe(Class, Reason) -> message("~tp: ~tp", [Class, Reason]).

message(Format, Arguments) ->
    unicode:characters_to_binary(io_lib:format(Format, Arguments, [{chars_limit, 2000}])).

stopped_error(Why) ->
    {Kind, Message} =
        case Why of
            stopped -> {interrupted, <<"the computation was interrupted">>};
            timeout -> {timeout, <<"the time limit has passed">>}
        end,
    #{kind => Kind, message => Message, source => undefined, line => undefined, column => undefined, trace => []}.

deliver(none, _Text) -> ok;
deliver(standard_io, Text) -> io:put_chars(Text);
deliver(Process, Text) when is_pid(Process) -> Process ! {terrace_output, Text};
deliver(Function, Text) when is_function(Function, 1) -> Function(Text).
