%% A vm as a server: callers wait for their turn, and functions of Erlang that SX calls run in the server's process.
%%
%%   {ok, Server} = terrace_vm:start_link(#{engine => Engine}),
%%   {ok, 3} = terrace_vm:eval(Server, "(+ 1 2)").
%%
%% References to values of SX may leave the server; using them there means waiting for the same vm.
-module(terrace_vm).
-behaviour(gen_server).

-export([start_link/1, start_link/2, child_spec/1, stop/1,
         eval/2, eval/3, call/3, call/4, define/3, define_function/4, lookup/2, interrupt/1, vm/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-type server() :: gen_server:server_ref().
-type options() :: #{engine => terrace:engine(), engine_options => terrace:engine_options(),
                     vm_options => terrace:vm_options(),
                     program => unicode:chardata()}.

%% Without an engine the server makes one of its own from engine_options. `program` is evaluated first.
-spec start_link(options()) -> {ok, pid()} | {error, term()}.
start_link(Options) -> gen_server:start_link(?MODULE, Options, []).

-spec start_link(gen_server:server_name(), options()) -> {ok, pid()} | {error, term()}.
start_link(Name, Options) -> gen_server:start_link(Name, ?MODULE, Options, []).

-spec child_spec(options()) -> supervisor:child_spec().
child_spec(Options) -> #{id => maps:get(id, Options, ?MODULE), start => {?MODULE, start_link, [Options]}}.

-spec stop(server()) -> ok.
stop(Server) -> gen_server:stop(Server).

-spec eval(server(), unicode:chardata()) -> {ok, term()} | {error, terrace:reason()}.
eval(Server, Source) -> eval(Server, Source, #{}).

-spec eval(server(), unicode:chardata(), terrace:run_options()) -> {ok, term()} | {error, terrace:reason()}.
eval(Server, Source, Options) -> ask(Server, {eval, Source, Options}).

-spec call(server(), terrace:name() | terrace:ref(), [term()]) -> {ok, term()} | {error, terrace:reason()}.
call(Server, Function, Arguments) -> call(Server, Function, Arguments, #{}).

-spec call(server(), terrace:name() | terrace:ref(), [term()], terrace:run_options()) ->
          {ok, term()} | {error, terrace:reason()}.
call(Server, Function, Arguments, Options) -> ask(Server, {call, Function, Arguments, Options}).

-spec define(server(), terrace:name(), term()) -> ok | {error, terrace:reason()}.
define(Server, Name, Value) -> ask(Server, {define, Name, Value}).

-spec define_function(server(), terrace:name(), arity() | any, function()) -> ok | {error, terrace:reason()}.
define_function(Server, Name, Arity, Function) -> ask(Server, {define_function, Name, Arity, Function}).

-spec lookup(server(), terrace:name()) -> {ok, term()} | {error, terrace:reason()}.
lookup(Server, Name) -> ask(Server, {lookup, Name}).

%% Ends what the server runs now, from any process.
-spec interrupt(server()) -> ok.
interrupt(Server) -> terrace:interrupt(vm(Server)).

%% The vm itself, also while the server is at work.
-spec vm(server()) -> terrace:vm().
vm(Server) ->
    Pid = gen_server_pid(Server),
    {dictionary, Dictionary} = process_info(Pid, dictionary),
    proplists:get_value(terrace_vm, Dictionary).

gen_server_pid(Pid) when is_pid(Pid) -> Pid;
gen_server_pid(Name) when is_atom(Name) -> whereis(Name);
gen_server_pid({global, Name}) -> global:whereis_name(Name).

ask(Server, Request) -> gen_server:call(Server, Request, infinity).

init(Options) ->
    case make(Options) of
        {ok, Vm} ->
            put(terrace_vm, Vm),
            {ok, Vm};
        {error, Reason} ->
            {stop, Reason}
    end.

make(#{engine := Engine} = Options) ->
    case terrace:new_vm(Engine, maps:get(vm_options, Options, #{})) of
        {ok, Vm} -> load(Vm, maps:get(program, Options, ""));
        Error -> Error
    end;
make(Options) ->
    case terrace:new_engine(maps:get(engine_options, Options, #{})) of
        {ok, Engine} -> make(Options#{engine => Engine});
        Error -> Error
    end.

load(Vm, Program) ->
    case terrace:eval(Vm, Program) of
        {ok, _} -> {ok, Vm};
        Error -> Error
    end.

handle_call({eval, Source, Options}, _From, Vm) ->
    {reply, terrace:eval(Vm, Source, Options#{busy => wait}), Vm};
handle_call({call, Function, Arguments, Options}, _From, Vm) ->
    {reply, terrace:call(Vm, Function, Arguments, Options#{busy => wait}), Vm};
handle_call({define, Name, Value}, _From, Vm) ->
    {reply, terrace_run:in_turn(Vm, fun() -> terrace:define(Vm, Name, Value) end), Vm};
handle_call({define_function, Name, Arity, Function}, _From, Vm) ->
    {reply, terrace_run:in_turn(Vm, fun() -> terrace:define_function(Vm, Name, Arity, Function) end), Vm};
handle_call({lookup, Name}, _From, Vm) ->
    {reply, terrace_run:in_turn(Vm, fun() -> terrace:lookup(Vm, Name) end), Vm}.

handle_cast(_Message, Vm) -> {noreply, Vm}.

handle_info(_Message, Vm) -> {noreply, Vm}.
