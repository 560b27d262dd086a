%% Where things are: the NIF, libterrace.so and the compile worker.
-module(terrace_library).

-export([priv_dir/0, open/1, worker/1]).

%% The directory of the NIF: beside the one this module was loaded from, whatever the application's directory is
%% called.
-spec priv_dir() -> file:filename().
priv_dir() ->
    case code:which(?MODULE) of
        Beam when is_list(Beam) -> filename:join(filename:dirname(filename:dirname(Beam)), "priv");
        _ -> code:priv_dir(terrace)
    end.

%% Opens the library that the options, the application's environment or the system's environment name; else the one
%% in priv/; else the
%% one the system's loader finds. A process opens one library, once.
-spec open(map()) -> {ok, Path :: binary(), Version :: binary()} | {error, map()}.
open(Options) ->
    case named(library, "TERRACE_LIBRARY", Options) of
        undefined -> open_first([filename:join(priv_dir(), "libterrace.so"), "libterrace.so.0"]);
        Path -> terrace_nif:open_library(text(Path))
    end.

%% The worker that the options or the environments name; the library looks for others itself.
-spec worker(map()) -> binary() | undefined.
worker(Options) ->
    case named(worker, "TERRACE_WORKER", Options) of
        undefined -> undefined;
        Path -> text(Path)
    end.

open_first([Path]) ->
    terrace_nif:open_library(text(Path));
open_first([Path | Others]) ->
    case filelib:is_regular(Path) of
        true -> terrace_nif:open_library(text(Path));
        false -> open_first(Others)
    end.

named(Key, Variable, Options) ->
    case maps:get(Key, Options, undefined) of
        undefined ->
            case application:get_env(terrace, Key, undefined) of
                undefined -> from_environment(os:getenv(Variable));
                Path -> Path
            end;
        Path ->
            Path
    end.

from_environment(false) -> undefined;
from_environment("") -> undefined;
from_environment(Path) -> Path.

text(Path) -> unicode:characters_to_binary(Path).
