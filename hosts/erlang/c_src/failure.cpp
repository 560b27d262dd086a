// failure.cpp: errors of the library as terms.
#include "failure.hpp"

#include <vector>

namespace terrace::erlang {

namespace {

// The kind of failures that are not errors of an SX program.
const char* kind_of(jit_status status) {
  switch (status) {
    case JIT_E_ARGUMENT:
      return "bad-argument";
    case JIT_E_HANDLE:
      return "bad-handle";
    case JIT_E_MEMORY:
      return "no-memory";
    case JIT_E_STATE:
      return "bad-state";
    case JIT_E_TYPE:
      return "wrong-type";
    case JIT_E_RANGE:
      return "out-of-range";
    case JIT_E_NOT_FOUND:
      return "not-found";
    default:
      return "failed";
  }
}

// Kinds of the engine's own; the emulator must know them as atoms before a program's error can have one.
constexpr const char* kKnownKinds[] = {
    "read-error",     "syntax-error",   "unbound-variable", "type-error",  "range-error",
    "arity-error",    "not-a-function", "division-by-zero", "error",       "uncaught",
    "stack-overflow", "heap-limit",     "unhandled-effect", "dead-escape", "cancelled",
    "host-error",     "unsupported",    "bad-argument",     "bad-handle",  "no-memory",
    "bad-state",      "wrong-type",     "out-of-range",     "not-found",   "failed",
    "bad-value",      "library"};

Term kind_term(ErlNifEnv* env, const std::string& kind) {
  for (const char* known : kKnownKinds)
    if (kind == known) return enif_make_atom(env, known);
  Term atom;
  return get_known_atom(env, kind, &atom) ? atom : make_binary(env, kind);
}

Term lines_of(ErlNifEnv* env, std::string_view text) {
  std::vector<Term> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(make_binary(env, text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return enif_make_list_from_array(env, lines.data(), static_cast<unsigned>(lines.size()));
}

Term number_or_undefined(ErlNifEnv* env, uint32_t number) {
  return number ? enif_make_uint(env, number) : atoms.undefined;
}

}  // namespace

Failure Failure::of(std::string kind, std::string message) {
  Failure failure;
  failure.kind = std::move(kind);
  failure.message = std::move(message);
  return failure;
}

Failure Failure::of(jit_status status, jit_error* error) {
  Failure failure = of(kind_of(status), lib().status_name(status));
  failure.status = status;
  if (!error) return failure;
  failure.message = lib().error_message(error);
  if (const char* kind = lib().error_kind(error); *kind) failure.kind = kind;
  failure.source = lib().error_source(error);
  failure.trace = lib().error_trace(error);
  failure.line = lib().error_line(error);
  failure.column = lib().error_column(error);
  lib().error_release(error);
  return failure;
}

Failure Failure::busy() {
  Failure failure;
  failure.status = JIT_E_BUSY;
  return failure;
}

Term Failure::term(ErlNifEnv* env, Term tag) const {
  if (status == JIT_E_BUSY) return enif_make_tuple2(env, atoms.error, atoms.busy);
  Term keys[] = {atoms.kind, atoms.message, atoms.source, atoms.line, atoms.column, atoms.trace, atoms.value};
  Term values[] = {kind_term(env, kind),
                   make_binary(env, message),
                   source.empty() ? atoms.undefined : make_binary(env, source),
                   number_or_undefined(env, line),
                   number_or_undefined(env, column),
                   lines_of(env, trace),
                   value};
  Term map;
  enif_make_map_from_arrays(env, keys, values, value ? 7 : 6, &map);
  return enif_make_tuple2(env, tag, map);
}

void check(jit_status status, jit_error* const& error) {
  if (status < 0) throw Failure::of(status, error);
}

}  // namespace terrace::erlang
