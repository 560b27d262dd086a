// shim/read.cpp: looking into lists, vectors, dicts, strings and packed vectors, and changing elements.
#include <cstring>

#include "call.hpp"
#include "convert.hpp"
#include "frame/number.hpp"
#include "heap/vector.hpp"
#include "prims/build.hpp"

using namespace terrace;
using namespace terrace::shim;
using namespace terrace::value;

namespace {

unsigned long long wide(uint64_t n) { return n; }

jit_status wrong_type(Call& call, const char* expected) {
  return call.report.fail(JIT_E_TYPE, "the reference is no %s", expected);
}

jit_status outside(Call& call, uint64_t index, uint64_t length) {
  return call.report.fail(JIT_E_RANGE, "index %llu is outside a length of %llu", wide(index), wide(length));
}

// Vectors and tuples, whose elements are any Values.
bool has_values(Value v) { return is_vector(v) || is_type(v, Type::kTuple); }

uint64_t count_of(Value v) { return is_vector(v) ? as<Vector>(v)->length : as<Tuple>(v)->length; }

Value value_at(Call& call, uint64_t index) {
  if (is_vector(call.self)) return heap::vector_ref(call.heap(), as<Vector>(call.self), index);
  return as<Tuple>(call.self)->data[index];
}

// The length of anything that has one but lists.
bool flat_length(Value v, uint64_t* length) {
  if (has_values(v)) return *length = count_of(v), true;
  if (!is_object(v)) return false;
  switch (as<Object>(v)->type) {
    case Type::kString:
      return *length = as<String>(v)->length, true;
    case Type::kBytes:
      return *length = as<Bytes>(v)->length, true;
    case Type::kF64Vector:
      return *length = as<F64Vector>(v)->length, true;
    case Type::kI64Vector:
      return *length = as<I64Vector>(v)->length, true;
    case Type::kDict:
      return *length = as<Dict>(v)->count, true;
    default:
      return false;
  }
}

jit_status list_length(Call& call, size_t* length) {
  prims::ListWalk walk(call.self);
  while (walk.more()) walk.step();
  if (!walk.proper()) return call.report.fail(JIT_E_TYPE, "the list is improper or circular; use jit_items");
  *length = walk.steps();
  return JIT_OK;
}

jit_status list_get(Call& call, size_t index, jit_value* result) {
  Value at = call.self;
  for (size_t i = 0; i < index && is_pair(at); i++) at = cdr(at);
  if (!is_pair(at)) return call.report.fail(JIT_E_RANGE, "the list has no element %zu", index);
  to_host(call.vm, car(at), result);
  return JIT_OK;
}

// Element of a packed vector. Precondition: index is inside.
Value packed_get(Call& call, size_t index) {
  switch (as<Object>(call.self)->type) {
    case Type::kF64Vector:
      return frame::make_float(call.state, as<F64Vector>(call.self)->data[index]);
    case Type::kI64Vector:
      return frame::make_integer(call.state, as<I64Vector>(call.self)->data[index]);
    default:
      return make_fixnum(as<Bytes>(call.self)->data[index]);
  }
}

bool has_elements(Value v) {
  return has_values(v) || is_type(v, Type::kF64Vector) || is_type(v, Type::kI64Vector) ||
         is_type(v, Type::kBytes);
}

jit_status get(Call& call, size_t index, jit_value* result) {
  if (is_pair(call.self)) return list_get(call, index, result);
  if (!has_elements(call.self)) return wrong_type(call, "list, vector, tuple or packed vector");
  uint64_t length = 0;
  flat_length(call.self, &length);
  if (index >= length) return outside(call, index, length);
  to_host(call.vm, has_values(call.self) ? value_at(call, index) : packed_get(call, index), result);
  return JIT_OK;
}

// Writes values for the host and gives them back when not all can be made.
class ItemWriter {
 public:
  ItemWriter(Vm& vm, jit_value* items, size_t capacity) : vm_(vm), items_(items), capacity_(capacity) {}
  ~ItemWriter() {
    if (!kept_) forget();
  }
  ItemWriter(const ItemWriter&) = delete;
  ItemWriter& operator=(const ItemWriter&) = delete;
  bool room(size_t n = 1) const { return capacity_ - used_ >= n; }
  void write(Value v) {
    to_host(vm_, v, &items_[used_]);
    used_++;
  }
  size_t keep() {
    kept_ = true;
    return used_;
  }

 private:
  void forget() noexcept {
    for (size_t i = 0; i < used_; i++) {
      if (items_[i].kind == JIT_REF) release_handle(Kind::kRef, items_[i].as.ref);
      items_[i] = jit_value{};
    }
  }
  Vm& vm_;
  jit_value* items_;
  size_t capacity_;
  size_t used_ = 0;
  bool kept_ = false;
};

// Answers what is left of the list, a pair when the writer is full.
Value list_items(Value list, size_t start, ItemWriter& writer) {
  for (size_t i = 0; i < start && is_pair(list); i++) list = cdr(list);
  for (; is_pair(list) && writer.room(); list = cdr(list)) writer.write(car(list));
  return list;
}

// Entries are key, value, hash; a removed one has no key (value/objects.hpp).
void dict_items(const Dict& dict, size_t start, ItemWriter& writer) {
  const Value* entry = words_of(as<Vector>(dict.entries));
  size_t live = 0;
  for (uint64_t i = 0; i < dict.used && writer.room(2); i++, entry += 3) {
    if (entry[0] == kUnbound || live++ < start) continue;
    writer.write(entry[0]);
    writer.write(entry[1]);
  }
}

jit_status items(Call& call, size_t start, ItemWriter& writer, Value* rest) {
  if (is_pair(call.self)) {
    *rest = list_items(call.self, start, writer);
  } else if (is_dict(call.self)) {
    dict_items(*as<Dict>(call.self), start, writer);
  } else if (has_values(call.self)) {
    for (uint64_t i = start; i < count_of(call.self) && writer.room(); i++) writer.write(value_at(call, i));
  } else {
    return wrong_type(call, "list, vector, tuple or dict");
  }
  return JIT_OK;
}

jit_status set_packed(Call& call, size_t index, Value v) {
  int64_t integer = 0;
  const bool is_int = is_integer(v) && frame::number::to_int64(v, &integer);
  switch (as<Object>(call.self)->type) {
    case Type::kF64Vector:
      if (!frame::number::is_number(v)) return call.report.fail(JIT_E_TYPE, "an f64 vector holds numbers only");
      as<F64Vector>(call.self)->data[index] = frame::number::to_double(v);
      return JIT_OK;
    case Type::kI64Vector:
      if (!is_int) return call.report.fail(JIT_E_TYPE, "an i64 vector holds integers of 64 bits only");
      as<I64Vector>(call.self)->data[index] = integer;
      return JIT_OK;
    default:
      if (!is_int) return call.report.fail(JIT_E_TYPE, "a byte vector holds integers only");
      if (integer < 0 || integer > 255) return call.report.fail(JIT_E_RANGE, "a byte is 0 to 255");
      as<Bytes>(call.self)->data[index] = static_cast<uint8_t>(integer);
      return JIT_OK;
  }
}

jit_status set(Call& call, size_t index, Value v) {
  uint64_t length = 0;
  if (!has_elements(call.self) || is_type(call.self, Type::kTuple)) return wrong_type(call, "vector or packed vector");
  flat_length(call.self, &length);
  if (index >= length) return outside(call, index, length);
  if (!is_vector(call.self)) return set_packed(call, index, v);
  if (heap::vector_set(call.heap(), as<Vector>(call.self), index, v)) return JIT_OK;
  prims::raise_too_large(call.state, "jit_set");
  return call.pending();
}

// Calls one of the interface's own SX functions on a computation's stack, where depth is no danger.
jit_status use_tool(Call& call, Tool tool, std::span<const Value> args, Value* out) {
  engine::Outcome outcome = call.instance().call(call.vm.tool(tool), args, false);
  *out = outcome.value;
  return outcome.kind == engine::Outcome::Kind::kDone ? jit_status{JIT_OK} : call.report.raised(call.vm, outcome.value);
}

jit_status dict_get(Call& call, const jit_value* key, jit_value* result) {
  if (!key) return call.report.fail(JIT_E_ARGUMENT, "'key' is NULL");
  if (!is_dict(call.self)) return wrong_type(call, "dict");
  // A fresh pair is no value of any dict, so getting it back means that there was no such key.
  Value args[3] = {call.self, kNil, call.heap().cons(kNil, kNil)};
  if (jit_status status = from_host(call, *key, Place{"the key"}, &args[1])) return status;
  Value found;
  if (jit_status status = use_tool(call, Tool::kDictGet, args, &found)) return status;
  if (found == args[2]) return call.report.fail(JIT_E_NOT_FOUND, "the dict has no such key");
  to_host(call.vm, found, result);
  return JIT_OK;
}

const String* text_of(Value v) {
  if (is_symbol(v)) v = as<Symbol>(v)->name;
  if (is_keyword(v)) v = as<Keyword>(v)->name;
  return is_string(v) ? as<String>(v) : nullptr;
}

// Where a packed object keeps its elements.
template <class Packed, class Element>
jit_status packed_data(const char* where, const jit_ref* ref, Type type, const char* noun, Element** data,
                       size_t* count, jit_error** err) {
  const bool wanted = clear(data) & clear(count);
  return inside(where, ref, err, [&](Call& call) -> jit_status {
    if (!wanted) return call.report.no_output(data ? "size" : "data");
    if (!is_type(call.self, type)) return wrong_type(call, noun);
    *data = as<Packed>(call.self)->data;
    *count = as<Packed>(call.self)->length;
    return JIT_OK;
  });
}

}  // namespace

jit_ref* jit_ref_retain(jit_ref* ref) { return retain_handle(Kind::kRef, ref) ? ref : nullptr; }
void jit_ref_release(jit_ref* ref) { release_handle(Kind::kRef, ref); }
uint32_t jit_ref_type(const jit_ref* ref) {
  Pin pin(Kind::kRef, ref);
  return pin ? pin.type() : uint32_t{JIT_TYPE_NONE};
}

jit_status jit_length(const jit_ref* ref, size_t* length, jit_error** err) {
  const bool wanted = clear(length);
  return inside("jit_length", ref, err, [&](Call& call) -> jit_status {
    if (!wanted) return call.report.no_output("length");
    if (is_pair(call.self)) return list_length(call, length);
    uint64_t n = 0;
    if (!flat_length(call.self, &n)) return wrong_type(call, "list, vector, tuple, dict, string or packed vector");
    *length = n;
    return JIT_OK;
  });
}

jit_status jit_get(const jit_ref* ref, size_t index, jit_value* result, jit_error** err) {
  const bool wanted = clear(result);
  return inside("jit_get", ref, err, [&](Call& call) -> jit_status {
    return wanted ? get(call, index, result) : call.report.no_output("result");
  });
}

jit_status jit_items(const jit_ref* ref, size_t start, jit_value* values, size_t capacity, size_t* count,
                     jit_value* tail, jit_error** err) {
  const bool wanted = clear(count);
  clear(tail);
  return inside("jit_items", ref, err, [&](Call& call) -> jit_status {
    if (!wanted) return call.report.no_output("count");
    if (!values && capacity) return call.report.no_output("items");
    ItemWriter writer(call.vm, values, capacity);
    Value rest = kNil;
    if (jit_status status = items(call, start, writer, &rest)) return status;
    if (tail && !is_pair(rest)) to_host(call.vm, rest, tail);
    *count = writer.keep();
    return JIT_OK;
  });
}

jit_status jit_set(jit_ref* ref, size_t index, const jit_value* value, jit_error** err) {
  return inside("jit_set", ref, err, [&](Call& call) -> jit_status {
    if (!value) return call.report.fail(JIT_E_ARGUMENT, "'value' is NULL");
    Value v;
    if (jit_status status = from_host(call, *value, Place{"the value"}, &v)) return status;
    return set(call, index, v);
  });
}

jit_status jit_pair_get(const jit_ref* ref, jit_value* head, jit_value* tail, jit_error** err) {
  const bool wanted = clear(head) & clear(tail);
  return inside("jit_pair_get", ref, err, [&](Call& call) -> jit_status {
    if (!wanted) return call.report.no_output(head ? "tail" : "head");
    if (!is_pair(call.self)) return wrong_type(call, "pair");
    ItemWriter writer(call.vm, head, 1);
    writer.write(car(call.self));
    to_host(call.vm, cdr(call.self), tail);
    writer.keep();
    return JIT_OK;
  });
}

jit_status jit_dict_get(const jit_ref* ref, const jit_value* key, jit_value* result, jit_error** err) {
  const bool wanted = clear(result);
  return inside("jit_dict_get", ref, err, [&](Call& call) -> jit_status {
    return wanted ? dict_get(call, key, result) : call.report.no_output("result");
  });
}

jit_status jit_dict_set(jit_ref* ref, const jit_value* key, const jit_value* value, jit_error** err) {
  return inside("jit_dict_set", ref, err, [&](Call& call) -> jit_status {
    if (!key || !value) return call.report.fail(JIT_E_ARGUMENT, "'%s' is NULL", key ? "value" : "key");
    if (!is_dict(call.self)) return wrong_type(call, "dict");
    Value args[3] = {call.self, kNil, kNil};
    if (jit_status status = from_host(call, *key, Place{"the key"}, &args[1])) return status;
    if (jit_status status = from_host(call, *value, Place{"the value"}, &args[2])) return status;
    Value ignored;
    return use_tool(call, Tool::kDictSet, args, &ignored);
  });
}

jit_status jit_string_data(const jit_ref* ref, const char** data, size_t* size, jit_error** err) {
  const bool wanted = clear(data) & clear(size);
  return inside("jit_string_data", ref, err, [&](Call& call) -> jit_status {
    if (!wanted) return call.report.no_output(data ? "size" : "data");
    const String* text = text_of(call.self);
    if (!text) return wrong_type(call, "string, symbol or keyword");
    *data = text->data;
    *size = text->bytes;
    return JIT_OK;
  });
}

jit_status jit_bytes_data(const jit_ref* ref, uint8_t** data, size_t* size, jit_error** err) {
  return packed_data<Bytes>("jit_bytes_data", ref, Type::kBytes, "byte vector", data, size, err);
}

jit_status jit_f64_data(const jit_ref* ref, double** data, size_t* count, jit_error** err) {
  return packed_data<F64Vector>("jit_f64_data", ref, Type::kF64Vector, "f64 vector", data, count, err);
}

jit_status jit_print(jit_vm* vm, const jit_value* value, uint32_t readable, jit_ref** out, jit_error** err) {
  const bool wanted = clear(out);
  return inside("jit_print", vm, err, [&](Call& call) -> jit_status {
    if (!wanted) return call.report.no_output("out");
    if (!value) return call.report.fail(JIT_E_ARGUMENT, "'value' is NULL");
    Value v, text;
    if (jit_status status = from_host(call, *value, Place{"the value"}, &v)) return status;
    if (jit_status status = use_tool(call, readable ? Tool::kWrite : Tool::kDisplay, {&v, 1}, &text)) return status;
    *out = make_ref(call.vm, text);
    return JIT_OK;
  });
}

jit_status jit_equal(jit_vm* vm, const jit_value* a, const jit_value* b, uint32_t* result, jit_error** err) {
  const bool wanted = clear(result);
  return inside("jit_equal", vm, err, [&](Call& call) -> jit_status {
    if (!wanted) return call.report.no_output("result");
    if (!a || !b) return call.report.fail(JIT_E_ARGUMENT, "'%s' is NULL", a ? "b" : "a");
    Value args[2], same;
    if (jit_status status = from_host(call, *a, Place{"a"}, &args[0])) return status;
    if (jit_status status = from_host(call, *b, Place{"b"}, &args[1])) return status;
    if (jit_status status = use_tool(call, Tool::kEqual, args, &same)) return status;
    *result = is_truthy(same) ? 1 : 0;
    return JIT_OK;
  });
}
