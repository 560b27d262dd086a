%% Reads the JSON that the library writes about itself. Objects become maps, null becomes null, everything else is
%% as one expects.
-module(terrace_json).

-export([decode/1]).

-type json() :: null | boolean() | number() | binary() | [json()] | #{binary() => json()}.

-spec decode(binary()) -> json().
decode(Text) ->
    {Value, Rest} = value(skip(Text)),
    <<>> = skip(Rest),
    Value.

skip(<<C, Rest/binary>>) when C =:= $\s; C =:= $\t; C =:= $\n; C =:= $\r -> skip(Rest);
skip(Rest) -> Rest.

value(<<"null", Rest/binary>>) -> {null, Rest};
value(<<"true", Rest/binary>>) -> {true, Rest};
value(<<"false", Rest/binary>>) -> {false, Rest};
value(<<$", Rest/binary>>) -> string(Rest, []);
value(<<$[, Rest/binary>>) -> array(skip(Rest), []);
value(<<${, Rest/binary>>) -> object(skip(Rest), #{});
value(Text) -> number(Text).

array(<<$], Rest/binary>>, Items) ->
    {lists:reverse(Items), Rest};
array(<<$,, Rest/binary>>, Items) ->
    array(skip(Rest), Items);
array(Text, Items) ->
    {Item, Rest} = value(Text),
    array(skip(Rest), [Item | Items]).

object(<<$}, Rest/binary>>, Map) ->
    {Map, Rest};
object(<<$,, Rest/binary>>, Map) ->
    object(skip(Rest), Map);
object(<<$", Text/binary>>, Map) ->
    {Key, AfterKey} = string(Text, []),
    <<$:, Rest/binary>> = skip(AfterKey),
    {Value, AfterValue} = value(skip(Rest)),
    object(skip(AfterValue), Map#{Key => Value}).

string(<<$", Rest/binary>>, Parts) ->
    {unicode:characters_to_binary(lists:reverse(Parts)), Rest};
string(<<"\\u", High:4/binary, "\\u", Low:4/binary, Rest/binary>>, Parts) ->
    case {binary_to_integer(High, 16), binary_to_integer(Low, 16)} of
        {H, L} when H >= 16#D800, H < 16#DC00 ->
            string(Rest, [16#10000 + ((H - 16#D800) bsl 10) + (L - 16#DC00) | Parts]);
        {H, _} ->
            string(<<"\\u", Low/binary, Rest/binary>>, [H | Parts])
    end;
string(<<"\\u", Hex:4/binary, Rest/binary>>, Parts) ->
    string(Rest, [binary_to_integer(Hex, 16) | Parts]);
string(<<$\\, C, Rest/binary>>, Parts) ->
    string(Rest, [escaped(C) | Parts]);
string(<<C/utf8, Rest/binary>>, Parts) ->
    string(Rest, [C | Parts]).

escaped($n) -> $\n;
escaped($t) -> $\t;
escaped($r) -> $\r;
escaped($b) -> $\b;
escaped($f) -> $\f;
escaped(C) -> C.

number(Text) ->
    {Digits, Rest} = digits(Text, []),
    {to_number(Digits), Rest}.

digits(<<C, Rest/binary>>, Seen) when C >= $0, C =< $9; C =:= $-; C =:= $+; C =:= $.; C =:= $e; C =:= $E ->
    digits(Rest, [C | Seen]);
digits(Rest, Seen) ->
    {lists:reverse(Seen), Rest}.

to_number(Digits) ->
    case string:to_integer(Digits) of
        {Integer, []} -> Integer;
        _ -> to_float(Digits)
    end.

%% Erlang wants a point in front of an exponent.
to_float(Digits) ->
    case lists:member($., Digits) of
        true -> list_to_float(Digits);
        false ->
            {Whole, Exponent} = lists:splitwith(fun(C) -> C =/= $e andalso C =/= $E end, Digits),
            list_to_float(Whole ++ ".0" ++ Exponent)
    end.
