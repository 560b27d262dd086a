%% A handler of sasl's alarm_handler that tells a process of the alarms about memory, which memsup sets.
-module(terrace_alarms).
-behaviour(gen_event).

-export([send_to/1, forget/1]).
-export([init/1, handle_event/2, handle_call/2]).

%% From now on the process is sent {terrace_alarm, memory}. Without sasl it never is.
-spec send_to(pid()) -> ok.
send_to(Process) ->
    case whereis(alarm_handler) of
        undefined ->
            ok;
        _ ->
            ok = gen_event:add_sup_handler(alarm_handler, {?MODULE, Process}, Process)
    end.

-spec forget(pid()) -> ok.
forget(Process) ->
    whereis(alarm_handler) =/= undefined andalso gen_event:delete_handler(alarm_handler, {?MODULE, Process}, normal),
    ok.

init(Process) -> {ok, Process}.

handle_event({set_alarm, {system_memory_high_watermark, _}}, Process) -> alarm(Process);
handle_event({set_alarm, {process_memory_high_watermark, _}}, Process) -> alarm(Process);
handle_event(_Other, Process) -> {ok, Process}.

alarm(Process) ->
    Process ! {terrace_alarm, memory},
    {ok, Process}.

handle_call(_Request, Process) -> {ok, unknown, Process}.
