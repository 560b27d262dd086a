%% Shorthands for values of SX that have no notation of their own in Erlang. They work in patterns too.
-ifndef(TERRACE_HRL).
-define(TERRACE_HRL, true).

-define(SX_KEYWORD(Name), {keyword, Name}).
-define(SX_SYMBOL(Name), {symbol, Name}).
-define(SX_CHAR(CodePoint), {char, CodePoint}).
-define(SX_BYTES(Binary), {bytes, Binary}).
-define(SX_VECTOR(List), {vector, List}).
-define(SX_RATIO(Numerator, Denominator), {ratio, Numerator, Denominator}).
-define(SX_TERM(Term), {term, Term}).

-endif.
