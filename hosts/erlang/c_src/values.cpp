// values.cpp: terms in SX. The collector of SX says when one is no longer needed.
#include "values.hpp"

#include <memory>

#include "failure.hpp"

namespace terrace::erlang {

namespace {

constexpr uint64_t kTermType = 0x65726C616E67;  // "erlang"

}  // namespace

jit_value wrap_term(jit_vm* vm, Term term) {
  auto kept = std::make_unique<KeptTerm>(term);
  jit_ref* ref = nullptr;
  jit_error* error = nullptr;
  jit_finalizer end = [](void* env) { delete static_cast<KeptTerm*>(env); };
  check(lib().host_object_new(vm, kept.get(), kTermType, end, &ref, &error), error);
  kept.release();
  return ref_value(ref);
}

bool unwrap_term(ErlNifEnv* env, const jit_ref* ref, Term* term) {
  void* pointer = nullptr;
  if (lib().host_object_get(ref, kTermType, &pointer, nullptr) != JIT_OK) return false;
  *term = enif_make_copy(env, static_cast<KeptTerm*>(pointer)->term);
  return true;
}

}  // namespace terrace::erlang
