// terms.hpp: small things about terms of the emulator: atoms, text, integers of any size.
//
// Answers for: reading and making single terms. Not for: SX values (to_sx.hpp, to_erlang.hpp).
#pragma once

#include <erl_nif.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace terrace::erlang {

using Term = ERL_NIF_TERM;

// A copy of a term that belongs to no process. Throws bad_alloc.
struct KeptTerm {
  explicit KeptTerm(Term of);
  KeptTerm(KeptTerm&& other) noexcept : env(std::exchange(other.env, nullptr)), term(other.term) {}
  KeptTerm& operator=(KeptTerm&&) = delete;
  ~KeptTerm() {
    if (env) enif_free_env(env);
  }
  ErlNifEnv* env;
  Term term;
};

// Atoms the NIF makes or compares with; terms of atoms are the same in every environment. X(name in C++, "text")
#define TERRACE_ERLANG_ATOMS(X)                                                                                       \
  X(ok, "ok")                                                                                                         \
  X(error, "error") X(true_, "true") X(false_, "false") X(nil, "nil") X(undefined, "undefined")                       \
      X(unspecified, "unspecified") X(infinity, "infinity") X(neg_infinity, "neg_infinity") X(nan, "nan")             \
          X(bytes, "bytes") X(keyword, "keyword") X(symbol, "symbol") X(character, "char") X(vector, "vector")        \
              X(tuple, "tuple") X(f64, "f64") X(i64, "i64") X(ratio, "ratio") X(term, "term") X(kind, "kind")         \
                  X(message, "message") X(source, "source") X(line, "line") X(column, "column") X(trace, "trace")     \
                      X(value, "value") X(busy, "busy") X(suspended, "suspended") X(interrupted, "interrupted")       \
                          X(timeout, "timeout") X(stopped, "stopped") X(refused, "refused") X(printed, "printed")     \
                              X(more, "more") X(reference, "reference") X(any, "any") X(terrace_turn, "terrace_turn") \
                                  X(terrace_event, "terrace_event") X(auto_, "auto") X(interp, "interp")              \
                                      X(base, "base") X(opt, "opt") X(storm, "storm") X(none, "none")                 \
                                          X(function, "function") X(string, "string") X(pair, "pair") X(dict, "dict") \
                                              X(integer, "integer") X(record, "record") X(host_object, "host_object") \
                                                  X(other, "other")

struct Atoms {
#define TERRACE_ERLANG_ATOM(name, text) Term name;
  TERRACE_ERLANG_ATOMS(TERRACE_ERLANG_ATOM)
#undef TERRACE_ERLANG_ATOM
};
extern Atoms atoms;
// Once, when the NIF is loaded.
void make_atoms(ErlNifEnv* env);

Term make_binary(ErlNifEnv* env, std::string_view text);
// False when the term is no binary. The text lives as long as the term.
bool get_text(ErlNifEnv* env, Term term, std::string_view* text);
bool is_utf8(std::string_view text);
// UTF-8 of an atom's name; false when the term is no atom.
bool get_atom(ErlNifEnv* env, Term term, std::string* text);
// The atom of this name if the emulator knows it already; programs must not fill its table of atoms, which is never
// emptied.
bool get_known_atom(ErlNifEnv* env, std::string_view name, Term* atom);

// Decimal digits of an integer that does not fit in 64 bits; false when the term is no integer.
bool get_big_integer(ErlNifEnv* env, Term term, std::string* decimal);
// The integer with these decimal digits; false when the emulator cannot have one that big.
bool make_big_integer(ErlNifEnv* env, const char* decimal, Term* term);

}  // namespace terrace::erlang
