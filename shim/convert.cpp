// shim/convert.cpp: struct jit_value to Value and back.
#include "convert.hpp"

#include <cctype>
#include <span>
#include <string_view>

#include "frame/number.hpp"
#include "prims/build.hpp"

namespace terrace::shim {

using namespace value;

namespace {

jit_status text_from_host(Call& call, const jit_value& value, Place place, std::string_view* out) {
  if (!value.as.data && value.size)
    return call.report.fail(JIT_E_ARGUMENT, "%s has %llu bytes at NULL", place.text().c_str(),
                            static_cast<unsigned long long>(value.size));
  if (value.size > prims::kMaxStringBytes)
    return call.report.fail(JIT_E_RANGE, "%s has more than the %llu bytes that a value may have", place.text().c_str(),
                            static_cast<unsigned long long>(prims::kMaxStringBytes));
  *out = value.size ? std::string_view(value.as.data, value.size) : std::string_view();
  return JIT_OK;
}

bool is_decimal(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.empty()) return false;
  for (char c : text)
    if (c < '0' || c > '9') return false;
  return true;
}

// GMP takes more stack for longer numbers than may be left on the host's, so those are read on a computation's.
constexpr size_t kDigitsOnHostStack = 300;

jit_status long_integer_from_text(Call& call, std::string_view text, Value* out) {
  Value string = frame::make_string(call.state, text);
  if (string == kUnwind) return call.pending();
  engine::Outcome outcome = call.instance().call(call.vm.tool(Tool::kStringToNumber), std::span(&string, 1), false);
  *out = outcome.value;
  return outcome.kind == engine::Outcome::Kind::kDone ? jit_status{JIT_OK} : call.report.raised(call.vm, outcome.value);
}

jit_status integer_from_text(Call& call, std::string_view text, Place place, Value* out) {
  if (!is_decimal(text))
    return call.report.fail(JIT_E_ARGUMENT, "%s is no decimal integer: digits with an optional sign are expected",
                            place.text().c_str());
  if (text.size() > kDigitsOnHostStack) return long_integer_from_text(call, text, out);
  *out = frame::number::from_text(call.state, text);
  return *out == kUnwind ? call.pending() : JIT_OK;
}

jit_status data_from_host(Call& call, const jit_value& value, Place place, Value* out) {
  std::string_view text;
  if (jit_status status = text_from_host(call, value, place, &text)) return status;
  switch (value.kind) {
    case JIT_STRING:
      *out = frame::make_string(call.state, text);
      return *out == kUnwind ? call.pending() : JIT_OK;
    case JIT_SYMBOL:
      *out = call.instance().vm().intern(text);
      return JIT_OK;
    case JIT_KEYWORD:
      *out = call.instance().vm().keyword(text);
      return JIT_OK;
    case JIT_INTEGER_TEXT:
      return integer_from_text(call, text, place, out);
    default: {
      Bytes* bytes = prims::new_bytes(call.state, call.report.where(), text.size());
      if (!bytes) return call.pending();
      text.copy(reinterpret_cast<char*>(bytes->data), text.size());
      *out = from_object(bytes);
      return JIT_OK;
    }
  }
}

jit_status ref_from_host(Call& call, const jit_ref* ref, Place place, Value* out) {
  Pin pin(Kind::kRef, ref);
  if (!pin)
    return call.report.fail(JIT_E_HANDLE, "%s is a reference that %s", place.text().c_str(),
                            ref ? "is not alive: it was released, or it is no reference" : "is NULL");
  if (pin.object() != &call.vm)
    return call.report.fail(JIT_E_HANDLE, "%s is a reference of another vm; copy the value instead",
                            place.text().c_str());
  *out = call.instance().reference(pin.reference());
  return JIT_OK;
}

jit_status char_from_host(Call& call, int64_t code, Place place, Value* out) {
  if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
    return call.report.fail(JIT_E_RANGE, "%s is no Unicode scalar value: %lld", place.text().c_str(),
                            static_cast<long long>(code));
  *out = make_char(static_cast<uint32_t>(code));
  return JIT_OK;
}

struct TypeNumber {
  Type type;
  uint16_t number;
};
constexpr TypeNumber kTypeNumbers[] = {
    {Type::kString, JIT_TYPE_STRING},        {Type::kSymbol, JIT_TYPE_SYMBOL},
    {Type::kKeyword, JIT_TYPE_KEYWORD},      {Type::kVector, JIT_TYPE_VECTOR},
    {Type::kTuple, JIT_TYPE_TUPLE},          {Type::kDict, JIT_TYPE_DICT},
    {Type::kBytes, JIT_TYPE_BYTES},          {Type::kF64Vector, JIT_TYPE_F64_VECTOR},
    {Type::kI64Vector, JIT_TYPE_I64_VECTOR}, {Type::kBignum, JIT_TYPE_BIG_INTEGER},
    {Type::kRatio, JIT_TYPE_RATIO},          {Type::kRecord, JIT_TYPE_RECORD},
    {Type::kError, JIT_TYPE_ERROR},          {Type::kHostObject, JIT_TYPE_HOST_OBJECT},
};

bool set_integer(jit_value* out, uint32_t kind, int64_t integer) {
  out->kind = kind;
  out->as.integer = integer;
  return true;
}

// Sets *out when the value needs no reference.
bool scalar_to_host(Value value, jit_value* out) {
  if (is_nil(value)) return true;
  if (is_bool(value)) return set_integer(out, JIT_BOOL, value == kTrue);
  if (value == kUnspecified) return set_integer(out, JIT_UNSPECIFIED, 0);
  if (is_char(value)) return set_integer(out, JIT_CHAR, char_value(value));
  int64_t integer;
  if (is_integer(value) && frame::number::to_int64(value, &integer)) return set_integer(out, JIT_INT, integer);
  if (!is_float(value)) return false;
  out->kind = JIT_DOUBLE;
  out->as.number = float_value(value);
  return true;
}

}  // namespace

jit_status from_host(Call& call, const jit_value& value, Place place, Value* out) {
  switch (value.kind) {
    case JIT_NIL:
      *out = kNil;
      return JIT_OK;
    case JIT_UNSPECIFIED:
      *out = kUnspecified;
      return JIT_OK;
    case JIT_BOOL:
      *out = make_bool(value.as.integer != 0);
      return JIT_OK;
    case JIT_INT:
      *out = frame::make_integer(call.state, value.as.integer);
      return JIT_OK;
    case JIT_DOUBLE:
      *out = frame::make_float(call.state, value.as.number);
      return JIT_OK;
    case JIT_CHAR:
      return char_from_host(call, value.as.integer, place, out);
    case JIT_REF:
      return ref_from_host(call, value.as.ref, place, out);
    case JIT_STRING:
    case JIT_SYMBOL:
    case JIT_KEYWORD:
    case JIT_BYTES:
    case JIT_INTEGER_TEXT:
      return data_from_host(call, value, place, out);
    default:
      return call.report.fail(JIT_E_ARGUMENT, "%s has kind %u, which is none of JIT_NIL ... JIT_UNSPECIFIED",
                              place.text().c_str(), value.kind);
  }
}

jit_status any_function_from_host(Call& call, const jit_value* given, Value* out) {
  if (!given) return call.report.fail(JIT_E_ARGUMENT, "'function' is NULL");
  if (jit_status status = from_host(call, *given, Place{"the function"}, out)) return status;
  if (is_symbol(*out)) {
    const std::string name(frame::symbol_name(*out));
    Value cell = as<Symbol>(*out)->cell;
    *out = is_type(cell, Type::kCell) ? as<Cell>(cell)->value : kUnbound;
    if (*out == kUnbound) return call.report.fail(JIT_E_NOT_FOUND, "no global is named %s", name.c_str());
  }
  if (!is_function(*out)) return call.report.fail(JIT_E_TYPE, "the value to be called is no function");
  return JIT_OK;
}

uint16_t type_of(Value value) {
  if (is_pair(value)) return JIT_TYPE_PAIR;
  if (is_function(value)) return JIT_TYPE_FUNCTION;
  for (TypeNumber known : kTypeNumbers)
    if (is_type(value, known.type)) return known.number;
  return JIT_TYPE_OTHER;
}

jit_ref* make_ref(Vm& vm, Value value) {
  const uint32_t reference = vm.instance->add_reference(value);
  try {
    return static_cast<jit_ref*>(make_handle(Kind::kRef, vm.shared_from_this(), reference, type_of(value)));
  } catch (...) {
    vm.instance->drop_reference(reference);
    throw;
  }
}

void any_to_host(Vm& vm, Value value, jit_value* out) {
  *out = jit_value{};
  if (scalar_to_host(value, out)) return;
  jit_ref* ref = make_ref(vm, value);
  out->kind = JIT_REF;
  out->type = type_of(value);
  out->as.ref = ref;
}

jit_status Arguments::convert_rest(const jit_value* values, size_t count, const char* noun) {
  if (!values && count) return call_.report.fail(JIT_E_ARGUMENT, "%zu values at NULL", count);
  if (count > prims::kMaxObjectBytes / sizeof(Value))
    return call_.report.fail(JIT_E_RANGE, "%zu values are more than any heap holds", count);
  if (count > kFew) many_.emplace(call_.heap()).resize(count, kNil);
  Value* to = many_ ? many_->data() : few_;
  for (; count_ < count; count_++)
    if (jit_status status = from_host(call_, values[count_], Place{noun, count_ + 1}, &to[count_])) return status;
  return JIT_OK;
}

std::string print(Vm& vm, Value value) {
  using Kind = engine::Outcome::Kind;
  engine::Outcome outcome = vm.instance->call(vm.tool(Tool::kWrite), std::span(&value, 1), false);
  if (outcome.kind == Kind::kDone && is_string(outcome.value)) return std::string(frame::string_view_of(outcome.value));
  return "a value that cannot be printed";
}

}  // namespace terrace::shim
