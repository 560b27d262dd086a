// addon/to_sx.cpp: conversions into SX.
#include "to_sx.hpp"

#include <cmath>
#include <cstring>

#include "errors.hpp"
#include "js.hpp"

namespace terrace::node {

namespace {

// Deeper nesting of arrays and maps is taken for a cycle; C++ frames of this recursion fit the stack of a worker
// thread.
constexpr uint32_t kMaxDepth = 1000;
constexpr double kMaxSafe = 9007199254740991.0;

jit_value scalar(uint32_t kind, int64_t integer = 0) {
  jit_value value{};
  value.kind = kind;
  value.as.integer = integer;
  return value;
}

jit_value number(double number) {
  jit_value value{};
  value.kind = JIT_DOUBLE;
  value.as.number = number;
  return value;
}

jit_value reference(jit_ref* ref) {
  jit_value value{};
  value.kind = JIT_REF;
  value.as.ref = ref;
  return value;
}

struct TypedArray {
  TypedArray(napi_env env, napi_value value) {
    check(env, napi_get_typedarray_info(env, value, &type, &count, &data, nullptr, nullptr));
  }
  napi_typedarray_type type;
  size_t count = 0;
  void* data = nullptr;
};

}  // namespace

ToSx::~ToSx() {
  for (jit_ref* ref : refs_) vm_.lib().ref_release(ref);
}

void ToSx::done(jit_status status, jit_error* const& error) { check_status(vm_, status, error); }

jit_value ToSx::keep(jit_ref* ref) {
  refs_.push_back(ref);
  return reference(ref);
}

jit_value ToSx::keep_text(uint32_t kind, std::string text) {
  texts_.push_back(std::move(text));
  jit_value value{};
  value.kind = kind;
  value.as.data = texts_.back().data();
  value.size = texts_.back().size();
  return value;
}

jit_value ToSx::text(uint32_t kind, napi_value value) { return keep_text(kind, text_of(env_, value)); }

jit_value ToSx::give(napi_value value) {
  jit_value converted = convert(value);
  if (converted.kind == JIT_REF) vm_.lib().ref_retain(converted.as.ref);
  return converted;
}

jit_value ToSx::convert(napi_value value) {
  napi_valuetype type;
  check(env_, napi_typeof(env_, value, &type));
  switch (type) {
    case napi_undefined:
    case napi_null:
      return scalar(JIT_NIL);
    case napi_boolean:
      return scalar(JIT_BOOL, truth_of(env_, value));
    case napi_number:
      return from_number(value);
    case napi_string:
      return text(JIT_STRING, value);
    case napi_symbol:
      return from_symbol(value);
    case napi_bigint:
      return from_bigint(value);
    case napi_function:
      return from_function(value);
    case napi_object:
      return from_object(value);
    default:
      throw_type_error(env_, "this value cannot be passed to SX");
  }
}

jit_value ToSx::from_number(napi_value value) {
  const double given = number_of(env_, value);
  if (std::trunc(given) != given || std::isinf(given) || (given == 0 && std::signbit(given))) return number(given);
  if (std::fabs(given) <= kMaxSafe) return scalar(JIT_INT, static_cast<int64_t>(given));
  return number(given);
}

jit_value ToSx::from_bigint(napi_value value) {
  int64_t integer;
  bool lossless;
  check(env_, napi_get_value_bigint_int64(env_, value, &integer, &lossless));
  if (lossless) return scalar(JIT_INT, integer);
  napi_value digits;
  check(env_, napi_coerce_to_string(env_, value, &digits));
  return text(JIT_INTEGER_TEXT, digits);
}

jit_value ToSx::from_symbol(napi_value value) {
  napi_value name = vm_.environment().call(Import::symbolName, {value});
  if (is_missing(env_, name)) throw_type_error(env_, "only symbols made by Symbol.for(name) can be passed to SX");
  return text(JIT_SYMBOL, name);
}

Mark ToSx::mark_of(napi_value value) {
  napi_value mark;
  int32_t number;
  check(env_, napi_get_property(env_, value, vm_.environment().import(Import::kindSymbol), &mark));
  return napi_get_value_int32(env_, mark, &number) == napi_ok ? static_cast<Mark>(number) : Mark::kNone;
}

napi_value ToSx::payload(napi_value value) {
  napi_value inside;
  check(env_, napi_get_property(env_, value, vm_.environment().import(Import::payloadSymbol), &inside));
  return inside;
}

jit_value ToSx::from_function(napi_value value) {
  if (mark_of(value) == Mark::kReference) return from_reference(value);
  napi_value name = property(env_, value, "name");
  std::string label = napi_coerce_to_string(env_, name, &name) == napi_ok ? text_of(env_, name) : "";
  return keep(make_host_function(vm_, label.empty() ? "anonymous" : label, value));
}

jit_value ToSx::from_object(napi_value value) {
  if (++depth_ > kMaxDepth)
    throw_range_error(env_, "the value is nested too deeply to be passed to SX, or contains itself");
  Scope scope(env_);
  const Mark mark = mark_of(value);
  jit_value converted = mark == Mark::kNone ? from_unmarked(value) : from_marked(value, mark);
  depth_--;
  return converted;
}

jit_value ToSx::from_marked(napi_value value, Mark mark) {
  const Library& lib = vm_.lib();
  switch (mark) {
    case Mark::kKeyword:
      return text(JIT_KEYWORD, payload(value));
    case Mark::kChar:
      return scalar(JIT_CHAR, static_cast<int64_t>(number_of(env_, payload(value))));
    case Mark::kFloat:
      return number(number_of(env_, payload(value)));
    case Mark::kRatio:
      return from_ratio(payload(value));
    case Mark::kList:
      return from_items(value, lib.list_new);
    case Mark::kTuple:
      return from_items(value, lib.tuple_new);
    case Mark::kPair:
      return from_pair(payload(value));
    case Mark::kView:
    case Mark::kReference:
      return from_reference(value);
    case Mark::kError:
      return from_error(payload(value));
    case Mark::kNone:
      break;
  }
  throw_type_error(env_, "this object cannot be passed to SX");
}

jit_value ToSx::from_unmarked(napi_value value) {
  bool yes = false;
  check(env_, napi_is_array(env_, value, &yes));
  if (yes) return from_items(value, vm_.arrays_are_lists ? vm_.lib().list_new : vm_.lib().vector_new);
  check(env_, napi_is_typedarray(env_, value, &yes));
  if (yes) return from_typed_array(value);
  napi_value answer = vm_.environment().call(Import::classify, {value});
  check(env_, napi_is_array(env_, answer, &yes));
  if (yes) return from_items(answer, nullptr);
  int32_t number = 0;
  if (napi_get_value_int32(env_, answer, &number) != napi_ok) return from_error(answer);
  return keep(make_host_object(vm_, value));
}

std::vector<jit_value> ToSx::convert_all(napi_value array) {
  uint32_t count;
  check(env_, napi_get_array_length(env_, array, &count));
  std::vector<jit_value> items;
  items.reserve(count);
  for (uint32_t i = 0; i < count; i++) {
    Scope scope(env_);
    napi_value item;
    check(env_, napi_get_element(env_, array, i, &item));
    items.push_back(convert(item));
  }
  return items;
}

// `make` builds from the number of items; without it the items are keys and values of a dict.
jit_value ToSx::from_items(napi_value array, decltype(&::jit_vector_new) make) {
  const size_t texts = texts_.size(), refs = refs_.size();
  std::vector<jit_value> items = convert_all(array);
  jit_ref* made = nullptr;
  jit_error* error = nullptr;
  jit_status status = make ? make(vm_.vm, items.data(), items.size(), &made, &error)
                           : vm_.lib().dict_new(vm_.vm, items.data(), items.size() / 2, &made, &error);
  done(status, error);
  // The container holds them now.
  texts_.resize(texts);
  for (size_t i = refs; i < refs_.size(); i++) vm_.lib().ref_release(refs_[i]);
  refs_.resize(refs);
  if (make == vm_.lib().list_new && items.empty()) {
    vm_.lib().ref_release(made);
    return scalar(JIT_NIL);
  }
  return keep(made);
}

jit_value ToSx::call_tool(Tool tool, const std::vector<jit_value>& arguments) {
  jit_value function = reference(vm_.tools[static_cast<size_t>(tool)]), result{};
  jit_error* error = nullptr;
  done(vm_.lib().call(vm_.vm, &function, arguments.data(), arguments.size(), &result, nullptr, &error), error);
  return result.kind == JIT_REF ? keep(result.as.ref) : result;
}

// payload: [numerator, denominator]
jit_value ToSx::from_ratio(napi_value payload) { return call_tool(Tool::kDivide, convert_all(payload)); }

// payload: [head, tail]
jit_value ToSx::from_pair(napi_value payload) {
  std::vector<jit_value> halves = convert_all(payload);
  if (halves.size() != 2) throw_type_error(env_, "a pair has two halves");
  jit_ref* made = nullptr;
  jit_error* error = nullptr;
  done(vm_.lib().pair_new(vm_.vm, &halves[0], &halves[1], &made, &error), error);
  return keep(made);
}

// payload: [kind, message, irritants]
jit_value ToSx::from_error(napi_value payload) {
  napi_value kind, message, irritants;
  check(env_, napi_get_element(env_, payload, 0, &kind));
  check(env_, napi_get_element(env_, payload, 1, &message));
  check(env_, napi_get_element(env_, payload, 2, &irritants));
  return call_tool(Tool::kMakeError,
                   {text(JIT_SYMBOL, kind), text(JIT_STRING, message), from_items(irritants, vm_.lib().list_new)});
}

jit_value ToSx::from_reference(napi_value value) {
  napi_value external;
  check(env_, napi_get_property(env_, value, vm_.environment().import(Import::handleSymbol), &external));
  std::shared_ptr<Handle> handle = handle_behind(env_, external);
  if (!handle || (handle->kind() != Handle::Kind::kReference && handle->kind() != Handle::Kind::kView))
    throw_type_error(env_, "this object is no value of SX any more");
  auto& held = static_cast<ReferenceHandle&>(*handle);
  return reference(held.ref);
}

jit_value ToSx::from_typed_array(napi_value value) {
  TypedArray array(env_, value);
  jit_ref* made = nullptr;
  jit_error* error = nullptr;
  switch (array.type) {
    case napi_float64_array:
      done(vm_.lib().f64_new(vm_.vm, static_cast<double*>(array.data), array.count, &made, &error), error);
      return keep(made);
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return keep_text(JIT_BYTES, array.count ? std::string(static_cast<char*>(array.data), array.count) : "");
    case napi_bigint64_array:
      return i64_vector(static_cast<int64_t*>(array.data), array.count);
    default:
      throw_type_error(env_, "of typed arrays Float64Array, BigInt64Array and Uint8Array can be passed to SX");
  }
}

jit_value ToSx::i64_vector(const int64_t* data, size_t count) {
  std::vector<int64_t> copy(data, data + count);
  jit_value made = call_tool(Tool::kMakeI64, {scalar(JIT_INT, static_cast<int64_t>(count))});
  for (size_t i = 0; i < count; i++) {
    jit_value item = scalar(JIT_INT, copy[i]);
    jit_error* error = nullptr;
    done(vm_.lib().set(made.as.ref, i, &item, &error), error);
  }
  return made;
}

}  // namespace terrace::node
