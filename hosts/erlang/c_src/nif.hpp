// nif.hpp: the frame around every NIF: its arguments, and what it throws.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "failure.hpp"
#include "turn.hpp"

namespace terrace::erlang {

inline bool on_normal_scheduler() { return enif_thread_type() == ERL_NIF_THR_NORMAL_SCHEDULER; }

// Terms or values that may be converted here and now.
inline size_t conversion_limit() { return on_normal_scheduler() ? 2'000 : std::numeric_limits<size_t>::max(); }

// The arguments of a NIF; those that the Erlang modules never pass are BadArgument.
class Arguments {
 public:
  Arguments(ErlNifEnv* env, const Term* terms) : env_(env), terms_(terms) {}
  ErlNifEnv* env() const { return env_; }
  Term operator[](size_t i) const { return terms_[i]; }
  template <class T>
  Held<T> object(size_t i) const {
    T* found = get_resource<T>(env_, terms_[i]);
    if (!found) throw BadArgument{};
    return Held<T>::of(found);
  }
  // A vm in which something is about to run: moves to a dirty scheduler when its engine waits for the compiler.
  Held<Vm> vm(size_t i) const {
    auto found = object<Vm>(i);
    if (found->engine->waits_for_compiler && on_normal_scheduler()) throw TooLong{};
    return found;
  }
  std::string_view text(size_t i) const {
    std::string_view text;
    if (!get_text(env_, terms_[i], &text)) throw BadArgument{};
    return text;
  }
  int64_t integer(size_t i) const {
    ErlNifSInt64 number;
    if (!enif_get_int64(env_, terms_[i], &number)) throw BadArgument{};
    return number;
  }
  uint64_t natural(size_t i) const {
    if (integer(i) < 0) throw BadArgument{};
    return static_cast<uint64_t>(integer(i));
  }

 private:
  ErlNifEnv* env_;
  const Term* terms_;
};

// The turn in a vm for the process that calls.
inline Turn take_turn(const Arguments& arguments, const Held<Vm>& vm) {
  Turn turn = Turn::take(arguments.env(), vm);
  if (!turn) throw Failure::busy();
  return turn;
}

using Body = Term (*)(const Arguments& arguments);

// The function the emulator calls. What would be too long here is done again, from its beginning, on a dirty scheduler.
template <Body body>
Term nif(ErlNifEnv* env, int argc, const Term* argv) {
  try {
    return body(Arguments(env, argv));
  } catch (const BadArgument&) {
    return enif_make_badarg(env);
  } catch (const TooLong&) {
    return enif_schedule_nif(env, "terrace", ERL_NIF_DIRTY_JOB_CPU_BOUND, nif<body>, argc, argv);
  } catch (const Failure& failure) {
    return failure.term(env);
  } catch (const std::bad_alloc&) {
    return enif_make_tuple2(env, atoms.error, enif_make_atom(env, "no_memory"));
  }
}

// Where a file of NIFs puts them.
using Functions = std::vector<ErlNifFunc>;
template <Body body>
void add(Functions& functions, const char* name, unsigned arity, unsigned flags = 0) {
  functions.push_back({name, arity, nif<body>, flags});
}

void add_engine_functions(Functions& functions);
void add_running_functions(Functions& functions);
void add_value_functions(Functions& functions);
void add_control_functions(Functions& functions);

}  // namespace terrace::erlang
