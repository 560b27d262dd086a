// prims/build.cpp: see build.hpp.
#include "prims/build.hpp"

#include <algorithm>
#include <cstring>

#include "base/short_bytes.hpp"

namespace terrace::prims {

namespace {

// An object of type T with `count` elements of `element` bytes behind it, or null with the error raised.
template <class T>
T* sized(VmState* vm, const char* who, Type type, uint64_t count, uint64_t element) {
  T* object = nullptr;
  if (count <= kMaxObjectBytes / element) object = heap_of(vm).try_make<T>(type, count * element);
  if (object == nullptr) raise_too_large(vm, who);
  return object;
}

template <class T>
T* packed(VmState* vm, const char* who, Type type, uint64_t length) {
  T* object = sized<T>(vm, who, type, length, sizeof(object->storage[0]));
  if (object == nullptr) return nullptr;
  object->length = length;
  object->data = object->storage;
  object->owner = kFalse;
  std::memset(object->storage, 0, length * sizeof(object->storage[0]));
  return object;
}

}  // namespace

bool poll(VmState* vm) {
  if (vm->stack_limit.load(std::memory_order_relaxed) != UINTPTR_MAX) return true;
  frame::Vm& owner = vm_of(vm);
  if (owner.hooks.safepoint) return owner.hooks.safepoint(vm) != kUnwind;
  // A vm without computations: only the heap limit counts.
  if (!(owner.requests.fetch_and(~uint32_t{frame::kRequestHeapLimit}) & frame::kRequestHeapLimit)) return true;
  vm->stack_limit.store(owner.stack_base_limit);
  raise_error(vm, ErrorKind::kHeapLimit, "the heap has reached its limit");
  return false;
}

bool text_may_grow(VmState* vm, const char* who, size_t bytes) {
  if (bytes <= vm_of(vm).outside_limit) return true;
  raise_too_large(vm, who);
  return false;
}

bool append_text(VmState* vm, const char* who, std::string& all, Value v, text::Style style) {
  text::print(all, v, style, vm_of(vm).outside_limit - all.size() + 1);
  return text_may_grow(vm, who, all.size());
}

bool list_length(VmState* vm, const char* who, Value list, uint64_t* out) {
  ListWalk walk(list);
  while (walk.more()) walk.step();
  *out = walk.steps();
  if (walk.proper()) return true;
  raise_type(vm, who, "a proper list", list);
  return false;
}

value::String* new_string(VmState* vm, const char* who, uint64_t bytes, uint64_t length) {
  if (bytes > kMaxStringBytes) return raise_too_large(vm, who), nullptr;
  auto* s = sized<value::String>(vm, who, Type::kString, bytes + 1, 1);
  if (s == nullptr) return nullptr;
  s->bytes = static_cast<uint32_t>(bytes);
  s->length = static_cast<uint32_t>(length);
  s->hash = 0;
  s->data[bytes] = 0;
  return s;
}

Value copy_string(VmState* vm, const char* who, std::string_view text, uint64_t length) {
  value::String* s = new_string(vm, who, text.size(), length);
  if (s == nullptr) return kUnwind;
  base::copy_bytes(s->data, text.data(), text.size());
  return from_object(s);
}

Value copy_string(VmState* vm, const char* who, std::string_view text) {
  return copy_string(vm, who, text, count_code_points(text));
}

uint64_t count_code_points(std::string_view text) {
  uint64_t n = 0;
  for (char c : text) n += (c & 0xC0) != 0x80;
  return n;
}

value::Vector* new_vector(VmState* vm, const char* who, uint64_t length, value::VectorKind kind) {
  value::Vector* v = heap::try_vector(heap_of(vm), length, kind);
  if (v == nullptr) raise_too_large(vm, who);
  return v;
}

value::Vector* new_word_vector(VmState* vm, const char* who, uint64_t length) {
  value::Vector* v = new_vector(vm, who, length, value::VectorKind::kGeneric);
  if (v != nullptr) std::fill_n(v->slot, length, kNil.bits);
  return v;
}

value::F64Vector* new_f64_vector(VmState* vm, const char* who, uint64_t length) {
  return packed<value::F64Vector>(vm, who, Type::kF64Vector, length);
}

value::I64Vector* new_i64_vector(VmState* vm, const char* who, uint64_t length) {
  return packed<value::I64Vector>(vm, who, Type::kI64Vector, length);
}

value::Bytes* new_bytes(VmState* vm, const char* who, uint64_t length) {
  return packed<value::Bytes>(vm, who, Type::kBytes, length);
}

value::Tuple* new_tuple(VmState* vm, const char* who, uint64_t length) {
  auto* t = sized<value::Tuple>(vm, who, Type::kTuple, length, sizeof(Value));
  if (t == nullptr) return nullptr;
  t->length = length;
  std::fill_n(t->data, length, kNil);
  return t;
}

Value several_values(VmState* vm, const char* who, const Value* items, uint64_t count) {
  if (count == 1) return items[0];
  auto* made = sized<value::Values>(vm, who, Type::kValues, count, sizeof(Value));
  if (made == nullptr) return kUnwind;
  made->length = count;
  std::copy_n(items, count, made->data);
  return from_object(made);
}

}  // namespace terrace::prims
