// prims/arguments.cpp: see arguments.hpp.
#include "prims/arguments.hpp"

#include <cstdio>

namespace terrace::prims {

namespace {

// The words of a fixnum as text, or a general phrase for a larger integer.
std::string index_text(Value index) {
  return value::is_fixnum(index) ? std::to_string(value::fixnum_value(index)) : std::string("of that size");
}

bool raise_part(VmState* vm, const char* who, Value bound, uint64_t least, uint64_t most) {
  Value numbers[] = {bound, make_fixnum(static_cast<int64_t>(least)), make_fixnum(static_cast<int64_t>(most))};
  Value irritants = frame::make_list(vm, numbers, 3);
  std::string message = std::string(who) + ": bound " + index_text(bound) + " is outside " + std::to_string(least) +
                        ".." + std::to_string(most);
  frame::raise_error_with(vm, ErrorKind::kRange, message, irritants);
  return false;
}

bool bound_argument(VmState* vm, const char* who, Value v, uint64_t least, uint64_t most, uint64_t* out) {
  if (!value::is_integer(v)) return raise_type(vm, who, "an exact integer", v), false;
  if (!value::is_fixnum(v) || value::fixnum_value(v) < 0) return raise_part(vm, who, v, least, most);
  *out = static_cast<uint64_t>(value::fixnum_value(v));
  return (*out >= least && *out <= most) || raise_part(vm, who, v, least, most);
}

}  // namespace

bool size_argument(VmState* vm, const char* who, Value v, uint64_t* out) {
  if (value::is_fixnum(v) && value::fixnum_value(v) >= 0) {
    *out = static_cast<uint64_t>(value::fixnum_value(v));
    return true;
  }
  if (value::is_bignum(v) && as<value::Bignum>(v)->sign > 0) {
    *out = UINT64_MAX;
    return true;
  }
  if (!value::is_integer(v)) return raise_type(vm, who, "an exact integer", v), false;
  raise_error(vm, ErrorKind::kRange, "%s: a size cannot be negative", who);
  return false;
}

bool index_argument(VmState* vm, const char* who, Value v, uint64_t length, uint64_t* out) {
  if (value::is_fixnum(v)) [[likely]] {
    auto i = static_cast<uint64_t>(value::fixnum_value(v));
    if (i < length) [[likely]] {
      *out = i;
      return true;
    }
  } else if (!value::is_bignum(v)) {
    return raise_type(vm, who, "an exact integer", v), false;
  }
  raise_index(vm, who, v, length);
  return false;
}

bool part_arguments(VmState* vm, const char* who, const Value* args, uint64_t argc, uint64_t at, uint64_t length,
                    Part* out) {
  *out = Part{0, length};
  if (argc > at + 1 && !bound_argument(vm, who, args[at + 1], 0, length, &out->end)) return false;
  return argc <= at || bound_argument(vm, who, args[at], 0, out->end, &out->start);
}

bool string_argument(VmState* vm, const char* who, Value v, std::string_view* out) {
  if (!value::is_string(v)) return raise_type(vm, who, "a string", v), false;
  auto* s = as<value::String>(v);
  *out = std::string_view(s->data, s->bytes);
  return true;
}

bool type_argument(VmState* vm, const char* who, Value v, Type type, const char* expected) {
  if (value::is_type(v, type)) [[likely]]
    return true;
  raise_type(vm, who, expected, v);
  return false;
}

bool function_argument(VmState* vm, const char* who, Value v) {
  if (value::is_function(v)) [[likely]]
    return true;
  raise_type(vm, who, "a function", v);
  return false;
}

Value raise_index(VmState* vm, const char* who, Value index, uint64_t length) {
  Value numbers[] = {index, make_fixnum(static_cast<int64_t>(length))};
  Value irritants = frame::make_list(vm, numbers, 2);
  std::string message =
      std::string(who) + ": index " + index_text(index) + " is outside a length of " + std::to_string(length);
  return frame::raise_error_with(vm, ErrorKind::kRange, message, irritants);
}

Value raise_too_large(VmState* vm, const char* who) {
  return raise_error(vm, ErrorKind::kHeapLimit, "%s: the result is larger than the heap may hold", who);
}

}  // namespace terrace::prims
