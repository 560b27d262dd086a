// addon/js.cpp: the small conversions.
#include "js.hpp"

namespace terrace::node {

namespace {

bool is_pending(napi_env env) {
  bool pending = false;
  return napi_is_exception_pending(env, &pending) == napi_ok && pending;
}

}  // namespace

void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  const napi_extended_error_info* info = nullptr;
  napi_get_last_error_info(env, &info);
  std::string message = info && info->error_message ? info->error_message : "a call of Node-API failed";
  if (!is_pending(env)) napi_throw_error(env, nullptr, message.c_str());
  throw Pending{};
}

void throw_type_error(napi_env env, const std::string& message) {
  napi_throw_type_error(env, nullptr, message.c_str());
  throw Pending{};
}

void throw_range_error(napi_env env, const std::string& message) {
  napi_throw_range_error(env, nullptr, message.c_str());
  throw Pending{};
}

std::string text_of(napi_env env, napi_value value) {
  size_t size = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &size) != napi_ok)
    throw_type_error(env, "a string is expected");
  std::string text(size, '\0');
  check(env, napi_get_value_string_utf8(env, value, text.data(), size + 1, &size));
  return text;
}

napi_value make_text(napi_env env, const char* data, size_t size) {
  napi_value text;
  check(env, napi_create_string_utf8(env, data, size, &text));
  return text;
}

napi_value make_number(napi_env env, double number) {
  napi_value value;
  check(env, napi_create_double(env, number, &value));
  return value;
}

napi_value undefined(napi_env env) {
  napi_value value;
  check(env, napi_get_undefined(env, &value));
  return value;
}

napi_value null(napi_env env) {
  napi_value value;
  check(env, napi_get_null(env, &value));
  return value;
}

double number_of(napi_env env, napi_value value) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) throw_type_error(env, "a number is expected");
  return number;
}

bool truth_of(napi_env env, napi_value value) {
  napi_value boolean;
  bool truth;
  check(env, napi_coerce_to_bool(env, value, &boolean));
  check(env, napi_get_value_bool(env, boolean, &truth));
  return truth;
}

bool is_function(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_function;
}

bool is_missing(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) != napi_ok || type == napi_undefined || type == napi_null;
}

napi_value property(napi_env env, napi_value object, const char* name) {
  napi_value value;
  check(env, napi_get_named_property(env, object, name, &value));
  return value;
}

Arguments::Arguments(napi_env env, napi_callback_info info) : environment(Environment::of(env)) {
  size_t count = values_.size();
  check(env, napi_get_cb_info(env, info, &count, values_.data(), nullptr, nullptr));
}

}  // namespace terrace::node
