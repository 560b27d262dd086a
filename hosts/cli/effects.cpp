#include "effects.hpp"

#include <fstream>
#include <iostream>
#include <sstream>

namespace terrace::cli {

namespace {

Answer unknown(const Request& request) {
  return Answer::error("the host has no effect named " + (request.operation.empty() ? "()" : request.operation));
}

std::optional<std::string> string_of(const Library& library, const Value& value) {
  const jit_value& raw = value.raw();
  const char* data = nullptr;
  size_t size = 0;
  if (raw.kind != JIT_REF || raw.type != JIT_TYPE_STRING) return std::nullopt;
  if (library.string_data(raw.as.ref, &data, &size, nullptr) != JIT_OK) return std::nullopt;
  return std::string(data, size);
}

Answer read_line() {
  std::string line;
  if (!std::getline(std::cin, line)) return Answer::of(jit_value{});
  return Answer::string(line);
}

Answer read_file(const Library& library, const Request& request) {
  auto path = request.arguments.size() == 1 ? string_of(library, request.arguments[0]) : std::nullopt;
  if (!path) return Answer::error("read-file needs one argument, the path as a string");
  std::ifstream file(*path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  // An empty file makes operator<< set failbit on `text`; only the file's own state says whether reading failed.
  if (!file) return Answer::error("read-file: cannot read " + *path);
  return Answer::string(text.str());
}

std::optional<double> number_of(const Value& value) {
  if (value.raw().kind == JIT_DOUBLE) return value.raw().as.number;
  if (value.raw().kind == JIT_INT) return static_cast<double>(value.raw().as.integer);
  return std::nullopt;
}

Answer add(const Request& request) {
  if (request.arguments.size() != 2) return Answer::error("add needs two numbers");
  const jit_value& a = request.arguments[0].raw();
  const jit_value& b = request.arguments[1].raw();
  jit_value sum{};
  if (a.kind == JIT_INT && b.kind == JIT_INT) {
    sum.kind = JIT_INT;
    if (__builtin_add_overflow(a.as.integer, b.as.integer, &sum.as.integer)) return Answer::error("add: too large");
    return Answer::of(sum);
  }
  auto x = number_of(request.arguments[0]);
  auto y = number_of(request.arguments[1]);
  if (!x || !y) return Answer::error("add needs two numbers");
  sum.kind = JIT_DOUBLE;
  sum.as.number = *x + *y;
  return Answer::of(sum);
}

Answer fail(const Library& library, const Request& request) {
  auto text = request.arguments.empty() ? std::nullopt : string_of(library, request.arguments[0]);
  return Answer::error(text.value_or("fail"));
}

}  // namespace

EffectHost program_effects(bool allow_files) {
  return [allow_files](const Library& library, const Request& request) {
    if (request.operation == "read-line") return read_line();
    if (request.operation == "read-file") {
      return allow_files ? read_file(library, request)
                         : Answer::error("read-file is not allowed; start terrace with --allow-files");
    }
    return unknown(request);
  };
}

EffectHost corpus_effects() {
  return [](const Library& library, const Request& request) {
    if (request.operation == "echo" && request.arguments.size() == 1) return Answer::of(request.arguments[0].raw());
    if (request.operation == "add") return add(request);
    if (request.operation == "fail") return fail(library, request);
    if (request.operation == "cancel") return Answer::cancel();
    return unknown(request);
  };
}

}  // namespace terrace::cli
