%% Terrace for Erlang: run SX programs, interpreted at once, compiled when warm, inside the emulator.
%%
%%   {ok, Engine} = terrace:new_engine(),
%%   {ok, Vm} = terrace:new_vm(Engine),
%%   {ok, 3} = terrace:eval(Vm, "(+ 1 2)").
%%
%% An engine may be used by any process. A vm is used by one process at a time: another one is answered {error,
%% busy}, or waits with
%% #{busy => wait}; terrace_vm is a server around one. Everything is collected by the emulator when no process has
%% it any more.
%% README.md has the table of values and the kinds of errors.
-module(terrace).

-export([open/0, open/1, new_engine/0, new_engine/1, new_vm/1, new_vm/2, release/1]).
-export([eval/2, eval/3, eval_or_raise/2, eval_or_raise/3,
         call/2, call/3, call/4, call_or_raise/2, call_or_raise/3, call_or_raise/4,
         start/2, start/3, start_call/3, start_call/4, resume/2, resume/3, resume_error/2, resume_error/3, cancel/1,
         interrupt/1, spawn_eval/2, spawn_eval/3, spawn_call/3, spawn_call/4, answer/2, answer_error/2, stop/1]).
-export([define/3, define_function/3, define_function/4, lookup/2, lookup/3, value/1, type/1, print/2, display/2,
         equal/3]).
-export([set_threshold/2, set_budget/2, set_budget_bytes/2, pin/2, unpin/2, reset/1, clear_cold/2, exclude/2, allow/2,
         pin_function/2, unpin_function/2, optimize/3, demote/2, wait/1, wait/2, stats/1, explain/2]).
-export([param/2, set_param/3, with_params/3, params/1, presets/1, use_preset/2, report/1, report_data/1,
         memory_pressure/1, memory_pressure/2, housekeep/1, housekeep/2]).
-export([format_error/2]).

-export_type([preset/0, engine/0, vm/0, ref/0, computation/0, task/0, name/0, reason/0, outcome/0,
              engine_options/0, vm_options/0, run_options/0, effects/0]).

-opaque engine() :: reference().
-opaque vm() :: reference().
%% A value of SX that stays in SX: functions and records always, other values with #{result => reference}.
-opaque ref() :: reference().
%% A computation that was set aside. It goes on once; dropped without an answer, it is cancelled.
-opaque computation() :: reference().
-type task() :: terrace_task:task().
-type name() :: atom() | unicode:chardata().
-type reason() :: busy
                | #{kind := atom() | binary(), message := binary(), source := binary() | undefined,
                    line := pos_integer() | undefined, column := pos_integer() | undefined, trace := [binary()],
                    value => term(), exception => {error | exit | throw, term(), list()}}.
-type outcome() :: {ok, term()} | {error, reason()}
                 | {suspended, {Operation :: term(), Arguments :: [term()]}, computation()}
                 | {interrupted, stopped | timeout, computation()}.

-type preset() :: default | development | production.
-type engine_options() :: #{mode => auto | interp | base | opt | storm,
                            workers => non_neg_integer(),
                            threshold => pos_integer() | never,
                            budget => non_neg_integer(),
                            budget_bytes => non_neg_integer() | infinity,
                            store => off | file:name_all(),      % compiled code for the next process; else TERRACE_STORE, then the user's cache
                            store_limit => pos_integer(),        % bytes that it may take of the disk
                            preset => preset(),
                            params => #{name() => integer()},   % they go over the preset
                            worker => file:filename_all(),
                            library => file:filename_all(),
                            events => pid()}.            % is sent {terrace_event, Name, Text}
-type vm_options() :: #{heap_limit => pos_integer(),     % bytes
                        stack_limit => pos_integer(),    % bytes
                        gc_stress => boolean(),
                        output => standard_io | none | pid() | fun((binary()) -> term())}.
-type effects() :: fun((Operation :: term(), Arguments :: [term()]) -> term()) | #{term() => function()}.
-type run_options() :: #{name => unicode:chardata(),     % of the source, for messages
                         timeout => timeout(),           % milliseconds
                         result => term | reference,
                         effects => effects(),
                         busy => error | wait}.

%% --- engines and vms

%% Opens the library before the first engine does; answers its path and version.
-spec open() -> {ok, Path :: binary(), Version :: binary()} | {error, reason()}.
open() -> open(#{}).

-spec open(#{library => file:filename_all()}) -> {ok, Path :: binary(), Version :: binary()} | {error, reason()}.
open(Options) -> terrace_library:open(Options).

-spec new_engine() -> {ok, engine()} | {error, reason()}.
new_engine() -> new_engine(#{}).

-spec new_engine(engine_options()) -> {ok, engine()} | {error, reason()}.
new_engine(Options) ->
    known(Options, [mode, workers, threshold, budget, budget_bytes, store, store_limit, preset, params, worker, library,
                    events]),
    case terrace_library:open(Options) of
        {ok, _, _} ->
            terrace_nif:engine_new(maps:get(mode, Options, auto), maps:get(workers, Options, 0),
                                   threshold(maps:get(threshold, Options, 0)), given_budget(Options),
                                   bytes(maps:get(budget_bytes, Options, infinity)), terrace_library:worker(Options),
                                   maps:get(events, Options, undefined), preset(Options), settings(Options),
                                   store(Options), maps:get(store_limit, Options, 0));
        Error ->
            Error
    end.

-spec new_vm(engine()) -> {ok, vm()} | {error, reason()}.
new_vm(Engine) -> new_vm(Engine, #{}).

-spec new_vm(engine(), vm_options()) -> {ok, vm()} | {error, reason()}.
new_vm(Engine, Options) ->
    known(Options, [heap_limit, stack_limit, gc_stress, output]),
    Stress = case maps:get(gc_stress, Options, false) of true -> 1; false -> 0 end,
    terrace_nif:vm_new(Engine, maps:get(heap_limit, Options, 0), maps:get(stack_limit, Options, 0), Stress,
                       maps:get(output, Options, standard_io)).

%% Gives back now what the collector gives back later. Using it afterwards is answered with a bad-handle error.
-spec release(engine() | vm() | ref() | computation()) -> ok | {error, reason()}.
release(Object) -> terrace_nif:release(Object).

known(Options, Keys) ->
    case maps:keys(Options) -- Keys of
        [] -> ok;
        Unknown -> error({unknown_options, Unknown})
    end.

threshold(never) -> -1;
threshold(Calls) when is_integer(Calls), Calls >= 0 -> Calls.

%% The library takes 0 for its default and a negative number for no cache.
given_budget(#{budget := 0}) -> -1;
given_budget(#{budget := Entries}) -> Entries;
given_budget(#{}) -> 0.

store(#{store := off}) -> <<"off">>;
store(#{store := Path}) ->
    case filename:absname(Path) of
        Name when is_binary(Name) -> Name;
        Name -> unicode:characters_to_binary(Name)
    end;
store(#{}) -> undefined.

preset(#{preset := Name}) -> text(Name);
preset(#{}) -> undefined.

settings(Options) ->
    Settings = [[text(Name), "=", integer_to_list(Value), " "]
                || {Name, Value} <- maps:to_list(maps:get(params, Options, #{}))],
    iolist_to_binary(Settings).

bytes(infinity) -> 0;
bytes(Bytes) -> Bytes.

%% --- running

%% Reads and runs every form; answers the last one's value.
-spec eval(vm(), unicode:chardata()) -> {ok, term()} | {error, reason()}.
eval(Vm, Source) -> eval(Vm, Source, #{}).

-spec eval(vm(), unicode:chardata(), run_options()) -> {ok, term()} | {error, reason()}.
eval(Vm, Source, Options) -> terrace_run:eval(Vm, Source, Options).

%% The value itself; an error is raised: what a function of Erlang raised again as what it was, division-by-zero as
%% badarith, everything
%% else as {terrace_error, Reason}.
-spec eval_or_raise(vm(), unicode:chardata()) -> term().
eval_or_raise(Vm, Source) -> eval_or_raise(Vm, Source, #{}).

-spec eval_or_raise(vm(), unicode:chardata(), run_options()) -> term().
eval_or_raise(Vm, Source, Options) -> value_or_raise(eval(Vm, Source, Options)).

%% Calls a function of SX that the host holds.
-spec call(ref(), [term()]) -> {ok, term()} | {error, reason()}.
call(Function, Arguments) -> call(terrace_nif:vm_of(Function), Function, Arguments).

%% Calls a function by name, or one that the host holds: a name is the first argument's vm's, options are a map.
-spec call(vm() | ref(), name() | ref() | [term()], [term()] | run_options()) -> {ok, term()} | {error, reason()}.
call(Function, Arguments, Options) when is_list(Arguments), is_map(Options) ->
    call(terrace_nif:vm_of(Function), Function, Arguments, Options);
call(Vm, Function, Arguments) ->
    call(Vm, Function, Arguments, #{}).

-spec call(vm(), name() | ref(), [term()], run_options()) -> {ok, term()} | {error, reason()}.
call(Vm, Function, Arguments, Options) -> terrace_run:call(Vm, function(Function), Arguments, Options).

-spec call_or_raise(ref(), [term()]) -> term().
call_or_raise(Function, Arguments) -> value_or_raise(call(Function, Arguments)).

-spec call_or_raise(vm() | ref(), name() | ref() | [term()], [term()] | run_options()) -> term().
call_or_raise(Vm, Function, Arguments) -> value_or_raise(call(Vm, Function, Arguments)).

-spec call_or_raise(vm(), name() | ref(), [term()], run_options()) -> term().
call_or_raise(Vm, Function, Arguments, Options) ->
    value_or_raise(call(Vm, Function, Arguments, Options)).

value_or_raise({ok, Value}) ->
    Value;
value_or_raise({error, #{exception := {Class, Reason, Stack}}}) ->
    erlang:raise(Class, Reason, Stack);
value_or_raise({error, #{kind := 'division-by-zero'} = Reason}) ->
    erlang:error(badarith, none, [{error_info, #{cause => Reason}}]);
value_or_raise({error, Reason}) ->
    erlang:error({terrace_error, Reason}, none, [{error_info, #{cause => Reason}}]).

%% For the shell and for error_logger: the message and the place of an error that was raised.
-spec format_error(term(), list()) -> #{atom() => unicode:chardata()}.
format_error(_Reason, [{_Module, _Function, _Arguments, Info} | _]) ->
    case maps:get(cause, proplists:get_value(error_info, Info, #{}), none) of
        #{message := Message, source := Source, line := Line, column := Column} when Source =/= undefined ->
            #{general => io_lib:format("~ts:~p:~p: ~ts", [Source, Line, Column, Message])};
        #{message := Message} ->
            #{general => Message};
        _ ->
            #{}
    end.

function(Name) when is_atom(Name) -> atom_to_binary(Name);
function(Name) when is_list(Name) -> unicode:characters_to_binary(Name);
function(Function) -> Function.

%% --- computations that wait

%% As eval, but an effect that nobody answers, and an interruption, come back to the caller, who goes on with resume.
-spec start(vm(), unicode:chardata()) -> outcome().
start(Vm, Source) -> start(Vm, Source, #{}).

-spec start(vm(), unicode:chardata(), run_options()) -> outcome().
start(Vm, Source, Options) -> terrace_run:start_eval(Vm, Source, Options).

-spec start_call(vm(), name() | ref(), [term()]) -> outcome().
start_call(Vm, Function, Arguments) -> start_call(Vm, Function, Arguments, #{}).

-spec start_call(vm(), name() | ref(), [term()], run_options()) -> outcome().
start_call(Vm, Function, Arguments, Options) -> terrace_run:start_call(Vm, function(Function), Arguments, Options).

%% perform answers the value; after an interruption the value does not matter.
-spec resume(computation(), term()) -> outcome().
resume(Computation, Value) -> resume(Computation, Value, #{}).

-spec resume(computation(), term(), run_options()) -> outcome().
resume(Computation, Value, Options) -> terrace_run:resume(Computation, Value, Options).

%% perform raises a host-error with this message.
-spec resume_error(computation(), unicode:chardata()) -> outcome().
resume_error(Computation, Message) -> resume_error(Computation, Message, #{}).

-spec resume_error(computation(), unicode:chardata(), run_options()) -> outcome().
resume_error(Computation, Message, Options) -> terrace_run:resume_error(Computation, Message, Options).

%% Ends it; its dynamic-wind exits run, and may not perform.
-spec cancel(computation()) -> ok | {error, reason()}.
cancel(Computation) -> terrace_run:cancel(Computation).

%% Ends what runs in the vm now, from any process: eval and call answer an error of kind interrupted, start and resume
%% {interrupted, stopped, Computation}.
-spec interrupt(vm()) -> ok.
interrupt(Vm) -> terrace_nif:interrupt(Vm, any).

%% Runs in a process of its own, linked to this one, which is sent {terrace, Task, {perform, Operation, Arguments}}
%% for every effect and
%% at last {terrace, Task, {ok, Value} | {error, Reason}}.
-spec spawn_eval(vm(), unicode:chardata()) -> task().
spawn_eval(Vm, Source) -> spawn_eval(Vm, Source, #{}).

-spec spawn_eval(vm(), unicode:chardata(), run_options()) -> task().
spawn_eval(Vm, Source, Options) -> terrace_task:start(Vm, fun() -> start(Vm, Source, Options#{busy => wait}) end).

-spec spawn_call(vm(), name() | ref(), [term()]) -> task().
spawn_call(Vm, Function, Arguments) -> spawn_call(Vm, Function, Arguments, #{}).

-spec spawn_call(vm(), name() | ref(), [term()], run_options()) -> task().
spawn_call(Vm, Function, Arguments, Options) ->
    terrace_task:start(Vm, fun() -> start_call(Vm, Function, Arguments, Options#{busy => wait}) end).

-spec answer(task(), term()) -> ok.
answer(Task, Value) -> terrace_task:answer(Task, Value).

-spec answer_error(task(), unicode:chardata()) -> ok.
answer_error(Task, Message) -> terrace_task:answer_error(Task, Message).

%% Cancels it, be it running or waiting; its last message is an error of kind interrupted.
-spec stop(task()) -> ok.
stop(Task) -> terrace_task:stop(Task).

%% --- globals and values

-spec define(vm(), name(), term()) -> ok | {error, reason()}.
define(Vm, Name, Value) -> terrace_nif:define(Vm, text(Name), Value).

%% A global function that calls this one. It runs in the process that runs the program, and may use the vm.
-spec define_function(vm(), name(), function()) -> ok | {error, reason()}.
define_function(Vm, Name, Function) ->
    {arity, Arity} = erlang:fun_info(Function, arity),
    define_function(Vm, Name, Arity, Function).

%% With arity `any` the function is called with one list of all arguments.
-spec define_function(vm(), name(), arity() | any, function()) -> ok | {error, reason()}.
define_function(Vm, Name, any, Function) when is_function(Function, 1) ->
    define_wrapped(Vm, Name, "args", "args", Function);
define_function(Vm, Name, Arity, Function) when is_function(Function, Arity) ->
    Parameters = lists:join(" ", ["a" ++ integer_to_list(I) || I <- lists:seq(1, Arity)]),
    define_wrapped(Vm, Name, ["(", Parameters, ")"], Parameters, Function).

define_wrapped(Vm, Name, Parameters, Arguments, Function) ->
    Maker = ["(fn (term) (fn ", Parameters, " (perform 'erlang/call term ", Arguments, ")))"],
    case eval(Vm, Maker, #{name => text(Name)}) of
        {ok, Make} -> define_made(Vm, Name, call(Make, [{term, Function}]));
        Error -> Error
    end.

define_made(Vm, Name, {ok, Made}) -> define(Vm, Name, Made);
define_made(_Vm, _Name, Error) -> Error.

-spec lookup(vm(), name()) -> {ok, term()} | {error, reason()}.
lookup(Vm, Name) -> lookup(Vm, Name, #{}).

-spec lookup(vm(), name(), #{result => term | reference}) -> {ok, term()} | {error, reason()}.
lookup(Vm, Name, Options) -> terrace_nif:lookup(Vm, text(Name), maps:get(result, Options, term)).

%% What a reference refers to, as a term.
-spec value(ref()) -> {ok, term()} | {error, reason()}.
value(Ref) -> terrace_nif:value(Ref).

-spec type(ref()) -> atom() | {error, reason()}.
type(Ref) -> terrace_nif:type(Ref).

%% The text of any value, so that SX can read it again.
-spec print(vm(), term()) -> {ok, binary()} | {error, reason()}.
print(Vm, Value) -> terrace_nif:print(Vm, Value, true).

%% The text of any value for people.
-spec display(vm(), term()) -> {ok, binary()} | {error, reason()}.
display(Vm, Value) -> terrace_nif:print(Vm, Value, false).

%% equal? of SX.
-spec equal(vm(), term(), term()) -> {ok, boolean()} | {error, reason()}.
equal(Vm, A, B) -> terrace_nif:equal(Vm, A, B).

text(Name) when is_atom(Name) -> atom_to_binary(Name);
text(Name) -> unicode:characters_to_binary(Name).

%% --- control: any process, at any time

%% Calls before a function is compiled; functions compiled already stay.
-spec set_threshold(engine(), pos_integer() | never) -> ok | {error, reason()}.
set_threshold(Engine, Calls) -> terrace_nif:set_threshold(Engine, threshold(Calls)).

%% Most entries in the code cache; 0: cache nothing.
-spec set_budget(engine(), non_neg_integer()) -> ok | {error, reason()}.
set_budget(Engine, Entries) -> terrace_nif:set_budget(Engine, Entries).

-spec set_budget_bytes(engine(), non_neg_integer() | infinity) -> ok | {error, reason()}.
set_budget_bytes(Engine, Bytes) -> terrace_nif:set_budget_bytes(Engine, bytes(Bytes)).

%% A function of that name is never evicted.
-spec pin(engine(), name()) -> ok | {error, reason()}.
pin(Engine, Name) -> terrace_nif:pin(Engine, text(Name)).

-spec unpin(engine(), name()) -> ok | {error, reason()}.
unpin(Engine, Name) -> terrace_nif:unpin(Engine, text(Name)).

%% Drops every entry that is not pinned; counters start again.
-spec reset(engine()) -> ok | {error, reason()}.
reset(Engine) -> terrace_nif:reset(Engine).

%% Drops what was not called in the last generations; each call of this function ends one.
-spec clear_cold(engine(), pos_integer()) -> {ok, Dropped :: non_neg_integer()} | {error, reason()}.
clear_cold(Engine, Generations) -> terrace_nif:clear_cold(Engine, Generations).

%% Functions whose name matches stay in the interpreter; * matches any text.
-spec exclude(engine(), name()) -> ok | {error, reason()}.
exclude(Engine, Pattern) -> terrace_nif:exclude(Engine, text(Pattern)).

-spec allow(engine(), name()) -> ok | {error, reason()}.
allow(Engine, Pattern) -> terrace_nif:allow(Engine, text(Pattern)).

%% Compiles a function now, and waits for it.
-spec optimize(vm(), name() | ref(), base | opt) -> ok | {error, reason()}.
optimize(Vm, Function, Tier) when Tier =:= base; Tier =:= opt -> terrace_nif:optimize(Vm, function(Function), Tier).

%% Back to the interpreter; its counter starts again.
-spec demote(vm(), name() | ref()) -> ok | {error, reason()}.
demote(Vm, Function) -> terrace_nif:demote(Vm, function(Function)).

%% Waits until nothing is being compiled; false when the time is over before.
-spec wait(engine()) -> boolean() | {error, reason()}.
wait(Engine) -> wait(Engine, 60_000).

-spec wait(engine(), non_neg_integer()) -> boolean() | {error, reason()}.
wait(Engine, Milliseconds) ->
    case terrace_nif:wait(Engine, Milliseconds) of
        {ok, Idle} -> Idle;
        Error -> Error
    end.

%% Numbers of the cache and the tiers, as atoms: entries, budget, hits, misses, evictions, threshold, ...; refusals
%% by reason.
-spec stats(engine()) -> #{atom() => term()} | {error, reason()}.
stats(Engine) -> decoded(terrace_nif:stats(Engine)).

%% Whether a function is compiled, in which tier, and if not, why: name, tier, reason, calls, bytes, pinned.
-spec explain(vm(), name() | ref()) -> #{atom() => term()} | {error, reason()}.
explain(Vm, Function) -> decoded(terrace_nif:explain(Vm, function(Function))).

%% The code of this function, or of any later one of its name, is never evicted.
-spec pin_function(vm(), name() | ref()) -> ok | {error, reason()}.
pin_function(Vm, Function) -> terrace_nif:pin_function(Vm, function(Function)).

-spec unpin_function(vm(), name() | ref()) -> ok | {error, reason()}.
unpin_function(Vm, Function) -> terrace_nif:unpin_function(Vm, function(Function)).

%% --- parameters: every number that steers an engine, by name, such as opt_threshold

-spec param(engine(), name()) -> {ok, integer()} | {error, reason()}.
param(Engine, Name) -> terrace_nif:param_get(Engine, text(Name)).

%% For every vm of the engine from now on.
-spec set_param(engine(), name(), integer()) -> ok | {error, reason()}.
set_param(Engine, Name, Value) -> terrace_nif:param_set(Engine, text(Name), Value).

%% Calls the fun while parameters have other values; the ones before come back in any case.
-spec with_params(engine(), #{name() => integer()}, fun(() -> Result)) -> Result.
with_params(Engine, Params, Fun) ->
    Before = [{Name, element(2, {ok, _} = param(Engine, Name))} || Name <- maps:keys(Params)],
    try
        [ok = set_param(Engine, Name, Value) || {Name, Value} <- maps:to_list(Params)],
        Fun()
    after
        [ok = set_param(Engine, Name, Value) || {Name, Value} <- Before]
    end.

%% name, value, default, least, most, unit, at_start and text of every parameter.
-spec params(engine()) -> [#{atom() => term()}] | {error, reason()}.
params(Engine) -> member(parameters, decoded(terrace_nif:params(Engine))).

%% name, text and values of every preset.
-spec presets(engine()) -> [#{atom() => term()}] | {error, reason()}.
presets(Engine) -> member(presets, decoded(terrace_nif:params(Engine))).

member(Key, Map) when is_map(Map) -> maps:get(Key, Map);
member(_Key, Error) -> Error.

%% Sets every parameter to what the preset says.
-spec use_preset(engine(), preset()) -> ok | {error, reason()}.
use_preset(Engine, Name) -> terrace_nif:set_preset(Engine, text(Name)).

%% --- reports and memory

%% Text for people: tiers, cache, compiler, the hottest functions.
-spec report(engine()) -> binary() | {error, reason()}.
report(Engine) ->
    case terrace_nif:report(Engine) of
        {ok, Text} -> Text;
        Error -> Error
    end.

%% The same as a map: statistics, tiers, functions.
-spec report_data(engine()) -> #{atom() => term()} | {error, reason()}.
report_data(Engine) -> decoded(terrace_nif:report_data(Engine)).

%% Gives memory back now; critical drops all code that is not pinned, too. terrace_house does it when the system is short of memory.
-spec memory_pressure(engine()) -> {ok, Bytes :: non_neg_integer()} | {error, reason()}.
memory_pressure(Engine) -> memory_pressure(Engine, moderate).

-spec memory_pressure(engine(), moderate | critical) -> {ok, Bytes :: non_neg_integer()} | {error, reason()}.
memory_pressure(Engine, moderate) -> terrace_nif:memory_pressure(Engine, 1);
memory_pressure(Engine, critical) -> terrace_nif:memory_pressure(Engine, 2).

%% Does what can wait, for at most so many milliseconds; whether something is left.
-spec housekeep(engine()) -> {ok, boolean()} | {error, reason()}.
housekeep(Engine) -> housekeep(Engine, 5).

-spec housekeep(engine(), Milliseconds :: number()) -> {ok, boolean()} | {error, reason()}.
housekeep(Engine, Milliseconds) -> terrace_nif:idle(Engine, round(Milliseconds * 1_000_000)).

%% The keys come from the library, which has a fixed number of them.
decoded({ok, Json}) -> with_atoms(terrace_json:decode(Json));
decoded(Error) -> Error.

with_atoms(Map) when is_map(Map) ->
    maps:from_list([{binary_to_atom(Key), with_atoms(Value)} || {Key, Value} <- maps:to_list(Map)]);
with_atoms(List) when is_list(List) ->
    [with_atoms(Item) || Item <- List];
with_atoms(Value) -> Value.
