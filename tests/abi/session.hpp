// tests/abi/session.hpp: an engine and a vm for a test, and short ways to say what most tests do.
#pragma once

#include <cstdio>
#include <cstring>
#include <string>

#include "../unit/check.hpp"
#include "terrace/jit.h"

namespace terrace::test {

// Ends the running test with a text; cmocka's own macro for it clashes with the C++ library.
[[noreturn, gnu::format(printf, 1, 2)]] inline void give_up(const char* format, ...) {
  char text[2048];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  print_error("%s\n", text);
  _fail("test", 0);
  abort();
}

// Everything is made with plain calls of the C interface; a test fails where it could not be.
class Session {
 public:
  explicit Session(const jit_engine_options* engine_options = nullptr, const jit_vm_options* vm_options = nullptr) {
    assert_int_equal(jit_engine_new(engine_options, &engine, nullptr), JIT_OK);
    jit_error* err = nullptr;
    if (jit_vm_new(engine, vm_options, &vm, &err) != JIT_OK) give_up("%s", jit_error_message(err));
  }
  ~Session() {
    jit_vm_release(vm);
    jit_engine_release(engine);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  jit_engine* engine = nullptr;
  jit_vm* vm = nullptr;

  // Runs source that must end well.
  jit_value eval(std::string_view source) {
    jit_value result;
    jit_error* err = nullptr;
    jit_status status = jit_eval(vm, source.data(), source.size(), "test", &result, nullptr, &err);
    if (status != JIT_OK) give_up("%s: %s", std::string(source).c_str(), jit_error_message(err));
    return result;
  }
  int64_t eval_int(std::string_view source) {
    jit_value v = eval(source);
    if (v.kind != JIT_INT) give_up("%s: kind %u instead of an integer", std::string(source).c_str(), v.kind);
    return v.as.integer;
  }
  // Runs source that must fail; the error is the caller's.
  jit_error* eval_error(std::string_view source) {
    jit_value result;
    jit_error* err = nullptr;
    jit_status status = jit_eval(vm, source.data(), source.size(), "test", &result, nullptr, &err);
    if (status != JIT_E_SX) give_up("%s: status %d", std::string(source).c_str(), status);
    assert_non_null(err);
    assert_int_equal(result.kind, JIT_NIL);
    return err;
  }
  // The error's kind, released at once.
  std::string eval_error_kind(std::string_view source) {
    jit_error* err = eval_error(source);
    std::string kind = jit_error_kind(err);
    jit_error_release(err);
    return kind;
  }
  std::string print(const jit_value& value, bool readable = true) {
    jit_ref* text = nullptr;
    const char* data;
    size_t size;
    assert_int_equal(jit_print(vm, &value, readable, &text, nullptr), JIT_OK);
    assert_int_equal(jit_string_data(text, &data, &size, nullptr), JIT_OK);
    std::string out(data, size);
    jit_ref_release(text);
    return out;
  }
  // The text of source's value, as write shows it.
  std::string shown(std::string_view source) {
    jit_value v = eval(source);
    std::string out = print(v);
    if (v.kind == JIT_REF) jit_ref_release(v.as.ref);
    return out;
  }
};

inline jit_value of_int(int64_t i) {
  jit_value v{};
  v.kind = JIT_INT;
  v.as.integer = i;
  return v;
}
inline jit_value of_double(double d) {
  jit_value v{};
  v.kind = JIT_DOUBLE;
  v.as.number = d;
  return v;
}
inline jit_value of_data(uint32_t kind, std::string_view text) {
  jit_value v{};
  v.kind = kind;
  v.as.data = text.data();
  v.size = text.size();
  return v;
}
inline jit_value of_string(std::string_view text) { return of_data(JIT_STRING, text); }
inline jit_value of_symbol(std::string_view text) { return of_data(JIT_SYMBOL, text); }
inline jit_value of_ref(jit_ref* ref) {
  jit_value v{};
  v.kind = JIT_REF;
  v.as.ref = ref;
  return v;
}
// Checks a failure and its text, and releases the error.
inline void assert_failure(jit_status got, jit_status expected, jit_error*& err, const char* text) {
  assert_int_equal(got, expected);
  assert_non_null(err);
  assert_int_equal(jit_error_status(err), expected);
  if (!strstr(jit_error_message(err), text)) give_up("'%s' is not in '%s'", text, jit_error_message(err));
  jit_error_release(err);
  err = nullptr;
}

// A finalizer that counts.
inline void count_up(void* counter) { ++*static_cast<int*>(counter); }

}  // namespace terrace::test
