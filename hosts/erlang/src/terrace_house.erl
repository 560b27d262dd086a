%% Housekeeping for an engine: a server that ties it to what the emulator tells.
%%
%%   {ok, _} = terrace_house:start_link(Engine).
%%
%% Now and then, when the schedulers have little to do, the engine does what can wait. When the system is short of
%% memory, which memsup of os_mon says by an alarm, it gives memory back. Between that the server hibernates.
-module(terrace_house).
-behaviour(gen_server).

-export([start_link/1, start_link/2, child_spec/2, stop/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-type options() :: #{every => pos_integer(),         % milliseconds between two looks; default 1000
                     budget => pos_integer(),        % milliseconds that housekeeping may take; default 5
                     told => fun(({housekept, HasMore :: boolean()} | {gave_back, Bytes :: non_neg_integer()}) -> term())}.

-spec start_link(terrace:engine()) -> {ok, pid()} | {error, term()}.
start_link(Engine) -> start_link(Engine, #{}).

-spec start_link(terrace:engine(), options()) -> {ok, pid()} | {error, term()}.
start_link(Engine, Options) -> gen_server:start_link(?MODULE, {Engine, Options}, []).

-spec child_spec(terrace:engine(), options()) -> supervisor:child_spec().
child_spec(Engine, Options) -> #{id => ?MODULE, start => {?MODULE, start_link, [Engine, Options]}}.

-spec stop(pid()) -> ok.
stop(House) -> gen_server:stop(House).

init({Engine, Options}) ->
    process_flag(trap_exit, true),
    terrace_alarms:send_to(self()),
    State = #{engine => Engine, every => maps:get(every, Options, 1000), budget => maps:get(budget, Options, 5),
              told => maps:get(told, Options, fun(_) -> ok end)},
    {ok, look_again(State), hibernate}.

look_again(#{every := Every} = State) ->
    erlang:send_after(Every, self(), look),
    State.

%% More processes that want to run than half the schedulers is no time for housekeeping.
is_idle() -> erlang:statistics(total_run_queue_lengths) * 2 =< erlang:system_info(schedulers_online).

handle_info(look, #{engine := Engine, budget := Budget, told := Told} = State) ->
    is_idle() andalso tell(Told, housekept, terrace:housekeep(Engine, Budget)),
    {noreply, look_again(State), hibernate};
handle_info({terrace_alarm, memory}, #{engine := Engine, told := Told} = State) ->
    tell(Told, gave_back, terrace:memory_pressure(Engine, critical)),
    {noreply, State, hibernate};
handle_info(_Other, State) ->
    {noreply, State, hibernate}.

tell(Told, What, {ok, Value}) -> Told({What, Value});
tell(_Told, _What, {error, _}) -> ok.

handle_call(_Request, _From, State) -> {reply, {error, unknown}, State, hibernate}.
handle_cast(_Message, State) -> {noreply, State, hibernate}.
terminate(_Reason, _State) -> terrace_alarms:forget(self()).
