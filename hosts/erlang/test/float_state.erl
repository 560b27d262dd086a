%% The floating-point control words of the scheduler that runs the caller.
-module(float_state).
-export([control_words/0, round_upwards/1]).
-on_load(load/0).

load() ->
    Ebin = filename:dirname(code:which(?MODULE)),
    erlang:load_nif(filename:join([filename:dirname(Ebin), "priv", "float_state_nif"]), none).

%% {MXCSR, control word of the x87}, without the flags of past operations.
control_words() -> erlang:nif_error(not_loaded).

%% 1: the SSE unit rounds upwards; 0: to nearest, as always.
round_upwards(_On) -> erlang:nif_error(not_loaded).
