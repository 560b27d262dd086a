// values.hpp: values of the library that the NIF owns for a while, and terms of the emulator kept in SX.
#pragma once

#include <vector>

#include "state.hpp"
#include "terms.hpp"

namespace terrace::erlang {

// Gives back what the value owns.
inline void forget(const jit_value& value) {
  if (value.kind == JIT_REF) lib().ref_release(value.as.ref);
}

// Values of which the references are owned.
class Values {
 public:
  Values() = default;
  Values(Values&&) noexcept = default;
  Values& operator=(Values&& other) noexcept {
    items_.swap(other.items_);
    return *this;
  }
  ~Values() {
    for (const jit_value& value : items_) forget(value);
  }
  // Takes the value over, also when it throws.
  void add(const jit_value& value) {
    try {
      items_.push_back(value);
    } catch (...) {
      forget(value);
      throw;
    }
  }
  // Takes the value out.
  jit_value take(size_t i) {
    jit_value value = items_[i];
    items_[i] = jit_value{};
    return value;
  }
  // Room for values that the library writes.
  jit_value* resize(size_t count) {
    items_.resize(count);
    return items_.data();
  }
  const jit_value* data() const { return items_.data(); }
  const jit_value& operator[](size_t i) const { return items_[i]; }
  size_t size() const { return items_.size(); }

 private:
  std::vector<jit_value> items_;
};

inline jit_value ref_value(jit_ref* ref) {
  jit_value value{};
  value.kind = JIT_REF;
  value.as.ref = ref;
  return value;
}

inline jit_value integer_value(uint32_t kind, int64_t integer) {
  jit_value value{};
  value.kind = kind;
  value.as.integer = integer;
  return value;
}

// Kinds that are given by their text or bytes.
inline jit_value text_value(uint32_t kind, std::string_view text) {
  jit_value value{};
  value.kind = kind;
  value.as.data = text.data();
  value.size = text.size();
  return value;
}

// Any term as an SX value that SX can hold and give back, but not look into. Throws Failure.
jit_value wrap_term(jit_vm* vm, Term term);
// The term in such a value, copied; false for every other value.
bool unwrap_term(ErlNifEnv* env, const jit_ref* ref, Term* term);

}  // namespace terrace::erlang
