// failure.hpp: what can go wrong in a NIF, and the terms it becomes. Exceptions stay inside the NIF (nif.hpp).
#pragma once

#include <string>

#include "objects.hpp"

namespace terrace::erlang {

// An argument that the Erlang modules never pass: badarg.
struct BadArgument {};
// More work than a normal scheduler should do at once: again on a dirty one.
struct TooLong {};

// A failure, which becomes {error, #{kind, message, source, line, column, trace}}, or {error, busy}.
struct Failure {
  jit_status status = JIT_E_ARGUMENT;
  std::string kind;
  std::string message;
  std::string source, trace;
  uint32_t line = 0, column = 0;
  Term value = 0;  // what was raised, when it is no error object; in the environment of the caller

  static Failure of(std::string kind, std::string message);
  // Takes the error over. A status without an error is described by its name.
  static Failure of(jit_status status, jit_error* error);
  static Failure busy();
  // `tag` stands where error does in the answer of most functions.
  Term term(ErlNifEnv* env, Term tag = atoms.error) const;
};

// Throws the failure that a negative status means; takes the error over. By reference, since the call that sets the
// error usually stands in the first argument.
void check(jit_status status, jit_error* const& error);

}  // namespace terrace::erlang
