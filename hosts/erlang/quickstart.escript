#!/usr/bin/env escript
%% The quickstart's program for Erlang: transitive dependencies of the machine's packages, timed.
%%   quickstart.escript LIBRARY SX-FILE STATUS-FILE MODE      MODE = interp | auto
%% Prints one line of JSON. quickstart.sh says where the application is.

-mode(compile).
-define(ROUNDS, 3).

main([Library, Program, Status, Mode]) when Mode =:= "interp"; Mode =:= "auto" ->
    try run(Library, Program, Status, list_to_atom(Mode)) of
        Line -> io:format("~ts~n", [Line])
    catch
        throw:Problem -> stop(Problem);
        error:{terrace_error, #{message := Message}} -> stop(Message)
    end;
main(_) ->
    stop("usage: quickstart.escript LIBRARY SX-FILE STATUS-FILE interp|auto").

stop(Message) ->
    io:format(standard_error, "erlang: ~ts~n", [Message]),
    halt(1).

run(Library, Program, Status, Mode) ->
    Engine = ok(terrace:new_engine(#{library => Library, mode => Mode})),
    Vm = ok(terrace:new_vm(Engine)),
    terrace:eval_or_raise(Vm, read(Program), #{name => Program}),
    Packages = terrace:call_or_raise(Vm, 'load-facts!', [read(Status)]),
    {Facts, First, Last} = closure(Engine, Vm, Mode),
    Checksum = terrace:call_or_raise(Vm, 'closure-checksum', []),
    Top = terrace:call_or_raise(Vm, 'most-needed', [5]),
    json(Mode, Packages, Facts, Checksum, First, Last, Top, terrace:stats(Engine)).

%% Runs the rules ROUNDS times; compiles of the first round are finished before the second begins.
closure(Engine, Vm, Mode) ->
    {First, Facts} = one_round(Vm),
    _ = Mode =:= interp orelse terrace:wait(Engine),
    Times = [element(1, one_round(Vm)) || _ <- lists:seq(2, ?ROUNDS)],
    {Facts, First, lists:last(Times)}.

one_round(Vm) ->
    {Microseconds, Facts} = timer:tc(fun() -> terrace:call_or_raise(Vm, 'transitive-closure!', []) end),
    {Microseconds / 1000, Facts}.

json(Mode, Packages, Facts, Checksum, First, Last, Top, Stats) ->
    #{entries := Entries, base_entries := Base, opt_entries := Opt, hits := Hits, misses := Misses,
      base_compiles := BaseCompiles, opt_compiles := OptCompiles, store_hits := Stored,
      evictions := Evictions, refused := Refused} = Stats,
    Names = lists:join(",", [io_lib:format("[\"~ts\",~b]", [Name, Count]) || [Name, Count] <- Top]),
    io_lib:format("{\"host\":\"erlang\",\"mode\":\"~s\",\"packages\":~b,\"facts\":~b,\"checksum\":~b,"
                  "\"first_ms\":~.1f,\"last_ms\":~.1f,\"top\":[~ts],\"entries\":~b,\"base\":~b,\"opt\":~b,"
                  "\"base_compiles\":~b,\"opt_compiles\":~b,\"stored\":~b,"
                  "\"hits\":~b,\"misses\":~b,\"evictions\":~b,\"refused\":~b}",
                  [Mode, Packages, Facts, Checksum, First, Last, Names, Entries, Base, Opt, BaseCompiles, OptCompiles, Stored,
                   Hits, Misses, Evictions, Refused]).

ok({ok, Value}) -> Value;
ok({error, #{message := Message}}) -> throw(Message).

%% Texts of other encodings than UTF-8 are read as Latin-1, so that every file can be read.
read(File) ->
    case file:read_file(File) of
        {ok, Text} ->
            case unicode:characters_to_binary(Text) of
                Text -> Text;
                _ -> unicode:characters_to_binary(Text, latin1)
            end;
        {error, Reason} ->
            throw([File, " cannot be read: ", file:format_error(Reason)])
    end.
