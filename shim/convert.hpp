// shim/convert.hpp: struct jit_value to Value and back.
//
// Answers for: every kind of jit_value, and references with their vm. Not for: lists, vectors and the like
// (values.cpp). Everything here is called inside an Entry of the vm.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "call.hpp"

namespace terrace::shim {

// How messages name a value that the host passed: "argument 2", "the key".
struct Place {
  const char* noun;
  size_t number = 0;  // 0: none
  std::string text() const { return number ? noun + std::string(" ") + std::to_string(number) : noun; }
};

// JIT_OK with *out set, or the reported failure.
jit_status from_host(Call& call, const jit_value& value, Place place, Value* out);
// A function to be called or controlled: a reference to it, or the symbol of a global that holds one.
jit_status any_function_from_host(Call& call, const jit_value* given, Value* out);
inline jit_status function_from_host(Call& call, const jit_value* given, Value* out) {
  uint32_t place;
  if (given && given->kind == JIT_REF && is_reference_of(&call.vm, given->as.ref, &place)) {
    *out = call.instance().reference(place);
    if (value::is_function(*out)) return JIT_OK;
  }
  return any_function_from_host(call, given, out);
}
// Sets *out to a scalar or a new reference. Throws bad_alloc, *out being nil then.
void any_to_host(Vm& vm, Value value, jit_value* out);
inline void to_host(Vm& vm, Value value, jit_value* out) {
  if (!value::is_fixnum(value)) return any_to_host(vm, value, out);
  *out = jit_value{};
  out->kind = JIT_INT;
  out->as.integer = value::fixnum_value(value);
}
// A new reference to any value. Throws bad_alloc.
jit_ref* make_ref(Vm& vm, Value value);
uint16_t type_of(Value value);

// Values that the host passed, where the collector sees them.
class Arguments {
 public:
  explicit Arguments(Call& call) : call_(call) {}
  // JIT_OK, or the reported failure with the number of the value that has it.
  jit_status convert(const jit_value* values, size_t count, const char* noun) {
    if (!values || count > kFew) return convert_rest(values, count, noun);
    for (; count_ < count; count_++) {
      const jit_value& v = values[count_];
      if (v.kind != JIT_INT || !value::fits_fixnum(v.as.integer)) return convert_rest(values, count, noun);
      few_[count_] = value::make_fixnum(v.as.integer);
    }
    return JIT_OK;
  }
  std::span<const Value> values() const { return {many_ ? many_->data() : few_, count_}; }
  const Value* data() const { return values().data(); }
  size_t size() const { return count_; }
  Value operator[](size_t i) const { return values()[i]; }

 private:
  // From the first one on that is not a small integer.
  jit_status convert_rest(const jit_value* values, size_t count, const char* noun);
  static constexpr size_t kFew = 8;
  Call& call_;
  size_t count_ = 0;
  Value few_[kFew];
  std::optional<heap::RootedValues> many_;
};

// A host object whose finalizer runs with `env` after the object was found dead (functions.cpp).
Value make_host_object(Call& call, void* pointer, uint64_t type_id, jit_finalizer finalizer, void* env);

// The value as `write` would show it; a description of its type when it cannot be printed.
std::string print(Vm& vm, Value value);

}  // namespace terrace::shim
