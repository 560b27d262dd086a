// addon/js.hpp: Node-API with less ceremony.
//
// Answers for: turning a failed Node-API call into the C++ exception Pending, which stands for a JavaScript exception
// and never leaves the addon's own frames. Not for: values of SX.
#pragma once

#include <array>
#include <string>

#include "environment.hpp"

namespace terrace::node {

// A JavaScript exception is pending in the environment.
struct Pending {};

// Throws Pending when the status is a failure, having made an exception when there is none yet.
void check(napi_env env, napi_status status);
// Makes a TypeError or RangeError pending and throws Pending.
[[noreturn]] void throw_type_error(napi_env env, const std::string& message);
[[noreturn]] void throw_range_error(napi_env env, const std::string& message);

std::string text_of(napi_env env, napi_value value);
napi_value make_text(napi_env env, const char* data, size_t size);
inline napi_value make_text(napi_env env, const std::string& text) { return make_text(env, text.data(), text.size()); }
napi_value make_number(napi_env env, double number);
napi_value undefined(napi_env env);
napi_value null(napi_env env);
double number_of(napi_env env, napi_value value);
bool truth_of(napi_env env, napi_value value);
bool is_function(napi_env env, napi_value value);
// undefined or null.
bool is_missing(napi_env env, napi_value value);
napi_value property(napi_env env, napi_value object, const char* name);

class Scope {
 public:
  explicit Scope(napi_env env) : env_(env) { check(env, napi_open_handle_scope(env, &scope_)); }
  ~Scope() { napi_close_handle_scope(env_, scope_); }
  Scope(const Scope&) = delete;

 private:
  napi_env env_;
  napi_handle_scope scope_;
};

// The arguments of one call from JavaScript.
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info);
  napi_env env() const { return environment.env(); }
  napi_value operator[](size_t index) const { return values_[index]; }
  std::string text(size_t index) const { return text_of(env(), values_[index]); }
  double number(size_t index) const { return number_of(env(), values_[index]); }
  Environment& environment;

 private:
  std::array<napi_value, 6> values_{};
};

// Wraps a function of the addon for Node: no C++ exception goes further.
template <napi_value (*body)(const Arguments&)>
napi_value entry(napi_env env, napi_callback_info info) noexcept {
  try {
    return body(Arguments(env, info));
  } catch (const Pending&) {
    return nullptr;
  } catch (const std::exception& e) {
    napi_throw_error(env, nullptr, e.what());
    return nullptr;
  }
}

}  // namespace terrace::node
