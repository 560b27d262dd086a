// shim/make.cpp: making lists, vectors, dicts and packed vectors from what the host has.
#include <cstring>

#include "call.hpp"
#include "convert.hpp"
#include "prims/build.hpp"

using namespace terrace;
using namespace terrace::shim;
using namespace terrace::value;

namespace {

// Runs make(call, &value) in the vm and gives *out a reference to the value.
template <class Make>
jit_status make_value(const char* where, jit_vm* vm, jit_ref** out, jit_error** err, Make&& make) {
  const bool wanted = clear(out);
  return inside(where, vm, err, [&](Call& call) -> jit_status {
    if (!wanted) return call.report.no_output("out");
    Value value = kNil;
    if (jit_status status = make(call, &value)) return status;
    *out = make_ref(call.vm, value);
    return JIT_OK;
  });
}

// The same from `count` values of the host: build(call, arguments, &value).
template <class Build>
jit_status build_value(const char* where, jit_vm* vm, const jit_value* items, size_t count, const char* noun,
                       jit_ref** out, jit_error** err, Build&& build) {
  return make_value(where, vm, out, err, [&](Call& call, Value* value) -> jit_status {
    Arguments arguments(call);
    if (jit_status status = arguments.convert(items, count, noun)) return status;
    return build(call, arguments, value);
  });
}

// Fills a fresh tuple; null means that the failure is pending.
jit_status fill(Call& call, Tuple* object, const Arguments& arguments, Value* value) {
  if (!object) return call.pending();
  std::memcpy(object->data, arguments.data(), arguments.size() * sizeof(Value));
  *value = from_object(object);
  return JIT_OK;
}

F64Vector* borrow(Call& call, double* data, size_t count, jit_finalizer finalizer, void* env) {
  Value owner = make_host_object(call, data, 0, finalizer, env);
  auto* vector = call.heap().make<F64Vector>(Type::kF64Vector);
  vector->flags = kBorrowed;
  vector->length = count;
  vector->data = data;
  vector->owner = owner;
  return vector;
}

}  // namespace

jit_status jit_list_new(jit_vm* vm, const jit_value* items, size_t count, jit_ref** out, jit_error** err) {
  return build_value("jit_list_new", vm, items, count, "item", out, err,
                     [](Call& call, Arguments& items_, Value* value) {
                       *value = frame::make_list(call.state, items_.data(), items_.size());
                       return jit_status{JIT_OK};
                     });
}

jit_status jit_vector_new(jit_vm* vm, const jit_value* items, size_t count, jit_ref** out, jit_error** err) {
  return build_value(
      "jit_vector_new", vm, items, count, "item", out, err, [](Call& call, Arguments& items_, Value* value) -> jit_status {
        Vector* vector = heap::vector_of(call.heap(), items_.data(), items_.size());
        if (vector == nullptr) {
          prims::raise_too_large(call.state, "jit_vector_new");
          return call.pending();
        }
        *value = from_object(vector);
        return JIT_OK;
      });
}

jit_status jit_tuple_new(jit_vm* vm, const jit_value* items, size_t count, jit_ref** out, jit_error** err) {
  return build_value("jit_tuple_new", vm, items, count, "item", out, err,
                     [](Call& call, Arguments& items_, Value* value) {
                       return fill(call, prims::new_tuple(call.state, "jit_tuple_new", items_.size()), items_, value);
                     });
}

jit_status jit_dict_new(jit_vm* vm, const jit_value* items, size_t count, jit_ref** out, jit_error** err) {
  if (count > SIZE_MAX / 2) count = SIZE_MAX / 2;  // refused below like every count that no heap holds
  return build_value("jit_dict_new", vm, items, count * 2, "item", out, err,
                     [](Call& call, Arguments& items_, Value* value) {
                       *value = prims::prim_dict(call.state, items_.data(), items_.size());
                       return *value == kUnwind ? call.pending() : jit_status{JIT_OK};
                     });
}

jit_status jit_pair_new(jit_vm* vm, const jit_value* head, const jit_value* tail, jit_ref** out, jit_error** err) {
  return make_value("jit_pair_new", vm, out, err, [&](Call& call, Value* value) -> jit_status {
    if (!head || !tail) return call.report.fail(JIT_E_ARGUMENT, "'%s' is NULL", head ? "tail" : "head");
    Value parts[2];
    if (jit_status status = from_host(call, *head, Place{"the head"}, &parts[0])) return status;
    if (jit_status status = from_host(call, *tail, Place{"the tail"}, &parts[1])) return status;
    *value = call.heap().cons(parts[0], parts[1]);
    return JIT_OK;
  });
}

jit_status jit_f64_new(jit_vm* vm, const double* data, size_t count, jit_ref** out, jit_error** err) {
  return make_value("jit_f64_new", vm, out, err, [&](Call& call, Value* value) -> jit_status {
    F64Vector* vector = prims::new_f64_vector(call.state, "jit_f64_new", count);
    if (!vector) return call.pending();
    if (data && count) std::memcpy(vector->data, data, count * sizeof(double));
    *value = from_object(vector);
    return JIT_OK;
  });
}

jit_status jit_f64_borrow(jit_vm* vm, double* data, size_t count, jit_finalizer finalizer, void* env, jit_ref** out,
                          jit_error** err) {
  return make_value("jit_f64_borrow", vm, out, err, [&](Call& call, Value* value) -> jit_status {
    if (!data && count) return call.report.fail(JIT_E_ARGUMENT, "%zu doubles at NULL", count);
    if (reinterpret_cast<uintptr_t>(data) % alignof(double))
      return call.report.fail(JIT_E_ARGUMENT, "the doubles are not aligned to 8 bytes");
    *value = from_object(borrow(call, data, count, finalizer, env));
    return JIT_OK;
  });
}
