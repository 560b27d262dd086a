// float_state_nif.cpp: lets a test read the floating-point control words of the thread it runs on.
#include <erl_nif.h>
#include <xmmintrin.h>

#include <cstdint>

namespace {

constexpr uint32_t kControlBits = 0xFFC0;  // without the flags that operations leave

ERL_NIF_TERM control_words(ErlNifEnv* env, int, const ERL_NIF_TERM*) {
  uint16_t x87;
  asm volatile("fnstcw %0" : "=m"(x87));
  return enif_make_tuple2(env, enif_make_uint(env, _mm_getcsr() & kControlBits), enif_make_uint(env, x87));
}

// Sets a rounding mode that nobody uses by default, or the default again, to see that it is respected.
ERL_NIF_TERM round_upwards(ErlNifEnv* env, int, const ERL_NIF_TERM* argv) {
  unsigned on = 0;
  if (!enif_get_uint(env, argv[0], &on)) return enif_make_badarg(env);
  _mm_setcsr((_mm_getcsr() & ~static_cast<uint32_t>(_MM_ROUND_MASK)) | (on ? _MM_ROUND_UP : _MM_ROUND_NEAREST));
  return enif_make_atom(env, "ok");
}

ErlNifFunc functions[] = {{"control_words", 0, control_words, 0}, {"round_upwards", 1, round_upwards, 0}};

}  // namespace

ERL_NIF_INIT(float_state, functions, nullptr, nullptr, nullptr, nullptr)
