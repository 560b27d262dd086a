// prims/packed.cpp: packed vectors: doubles, 64-bit integers and bytes.
//
// Answers for: the three families, which differ only in their element. The data may be borrowed from the host
// (value/objects.hpp), so it is always reached through `data`.
#include <algorithm>
#include <cstring>

#include "frame/number.hpp"
#include "prims/sequence.hpp"

namespace terrace::prims {

namespace {

// What a family is: the object, its element, and the words for messages.
struct F64 {
  using Object = value::F64Vector;
  using Element = double;
  static constexpr Type kType = Type::kF64Vector;
  static constexpr const char* kExpected = "an f64-vector";
  static constexpr const char* kName = "f64-vector";
  static Object* make(VmState* vm, const char* who, uint64_t n) { return new_f64_vector(vm, who, n); }
  static bool read(VmState* vm, const char* who, Value v, double* out) { return double_argument(vm, who, v, out); }
  static Value box(VmState* vm, double d) { return frame::make_float(vm, d); }
};

struct I64 {
  using Object = value::I64Vector;
  using Element = int64_t;
  static constexpr Type kType = Type::kI64Vector;
  static constexpr const char* kExpected = "an i64-vector";
  static constexpr const char* kName = "i64-vector";
  static Object* make(VmState* vm, const char* who, uint64_t n) { return new_i64_vector(vm, who, n); }
  static bool read(VmState* vm, const char* who, Value v, int64_t* out) { return int64_argument(vm, who, v, out); }
  static Value box(VmState* vm, int64_t i) { return frame::make_integer(vm, i); }
};

struct U8 {
  using Object = value::Bytes;
  using Element = uint8_t;
  static constexpr Type kType = Type::kBytes;
  static constexpr const char* kExpected = "bytes";
  static constexpr const char* kName = "bytes";
  static Object* make(VmState* vm, const char* who, uint64_t n) { return new_bytes(vm, who, n); }
  static bool read(VmState* vm, const char* who, Value v, uint8_t* out) {
    if (value::is_fixnum(v) && value::fixnum_value(v) >= 0 && value::fixnum_value(v) <= 255) {
      *out = static_cast<uint8_t>(value::fixnum_value(v));
      return true;
    }
    if (!value::is_integer(v)) return raise_type(vm, who, "an integer from 0 to 255", v), false;
    frame::raise_error_with(vm, ErrorKind::kRange, std::string(who) + ": a byte is 0 to 255",
                            frame::make_list(vm, &v, 1));
    return false;
  }
  static Value box(VmState*, uint8_t b) { return make_fixnum(b); }
};

template <class K>
typename K::Object* packed_argument(VmState* vm, const char* who, Value v) {
  if (value::is_type(v, K::kType)) [[likely]]
    return as<typename K::Object>(v);
  raise_type(vm, who, K::kExpected, v);
  return nullptr;
}

template <class K>
Value of_values(VmState* vm, const Value* args, uint64_t argc) {
  auto* v = K::make(vm, K::kName, argc);
  if (v == nullptr) return kUnwind;
  for (uint64_t i = 0; i < argc; i++) {
    if (!K::read(vm, K::kName, args[i], &v->data[i])) return kUnwind;
  }
  return from_object(v);
}

template <class K>
Value of_list(VmState* vm, const char* who, Value list) {
  uint64_t n;
  if (!list_length(vm, who, list, &n)) return kUnwind;
  auto* v = K::make(vm, who, n);
  if (v == nullptr) return kUnwind;
  Value at = list;
  for (uint64_t i = 0; i < n; i++, at = value::cdr(at)) {
    if (!K::read(vm, who, value::car(at), &v->data[i])) return kUnwind;
  }
  return from_object(v);
}

template <class K>
Value filled(VmState* vm, const char* who, const Value* args, uint64_t argc) {
  uint64_t n;
  typename K::Element fill{};
  if (!size_argument(vm, who, args[0], &n)) return kUnwind;
  if (argc > 1 && !K::read(vm, who, args[1], &fill)) return kUnwind;
  auto* v = K::make(vm, who, n);
  if (v == nullptr) return kUnwind;
  if (argc > 1) std::fill_n(v->data, n, fill);
  return from_object(v);
}

template <class K>
Value length(VmState* vm, const char* who, const Value* args) {
  auto* v = packed_argument<K>(vm, who, args[0]);
  return v ? make_fixnum(static_cast<int64_t>(v->length)) : kUnwind;
}

template <class K>
Value ref(VmState* vm, const char* who, const Value* args) {
  auto* v = packed_argument<K>(vm, who, args[0]);
  uint64_t i;
  return v && index_argument(vm, who, args[1], v->length, &i) ? K::box(vm, v->data[i]) : kUnwind;
}

template <class K>
Value set(VmState* vm, const char* who, const Value* args) {
  auto* v = packed_argument<K>(vm, who, args[0]);
  uint64_t i;
  typename K::Element e;
  if (!v || !index_argument(vm, who, args[1], v->length, &i) || !K::read(vm, who, args[2], &e)) return kUnwind;
  v->data[i] = e;
  return kUnspecified;
}

template <class K>
Value fill(VmState* vm, const char* who, const Value* args) {
  auto* v = packed_argument<K>(vm, who, args[0]);
  typename K::Element e;
  if (!v || !K::read(vm, who, args[1], &e)) return kUnwind;
  std::fill_n(v->data, v->length, e);
  return kUnspecified;
}

template <class K>
Value copy(VmState* vm, const char* who, const Value* args, uint64_t argc) {
  auto* v = packed_argument<K>(vm, who, args[0]);
  Part part;
  if (!v || !part_arguments(vm, who, args, argc, 1, v->length, &part)) return kUnwind;
  auto* result = K::make(vm, who, part.size());
  if (result == nullptr) return kUnwind;
  std::copy_n(v->data + part.start, part.size(), result->data);
  return from_object(result);
}

template <class K>
Value copy_to(VmState* vm, const char* who, const Value* args, uint64_t argc) {
  auto* to = packed_argument<K>(vm, who, args[0]);
  auto* from = to ? packed_argument<K>(vm, who, args[2]) : nullptr;
  Part at, part;
  if (!from || !part_arguments(vm, who, args, 2, 1, to->length, &at)) return kUnwind;
  if (!part_arguments(vm, who, args, argc, 3, from->length, &part)) return kUnwind;
  if (part.size() > at.size()) return raise_index(vm, who, make_fixnum(static_cast<int64_t>(at.start + part.size())), to->length);
  std::memmove(to->data + at.start, from->data + part.start, part.size() * sizeof(typename K::Element));
  return kUnspecified;
}

template <class K>
Value to_list(VmState* vm, const char* who, const Value* args) {
  auto* v = packed_argument<K>(vm, who, args[0]);
  if (v == nullptr) return kUnwind;
  Value list = kNil;
  for (uint64_t i = v->length; i > 0; i--) {
    if (i % kPollEvery == 0 && !poll(vm)) return kUnwind;
    list = heap_of(vm).cons(K::box(vm, v->data[i - 1]), list);
  }
  return list;
}

}  // namespace

#define T_FAMILY(kind, prefix, type_id, name)                                                                          \
  Value prim_##type_id(VmState* vm, const Value* args, uint64_t argc) { return of_values<kind>(vm, args, argc); }      \
  Value prim_make_##type_id(VmState* vm, const Value* args, uint64_t argc) {                                           \
    return filled<kind>(vm, "make-" name, args, argc);                                                                 \
  }                                                                                                                    \
  Value prim_##prefix##_length(VmState* vm, const Value* args, uint64_t) {                                             \
    return length<kind>(vm, name "-length", args);                                                                     \
  }                                                                                                                    \
  Value prim_##prefix##_ref(VmState* vm, const Value* args, uint64_t) { return ref<kind>(vm, name "-ref", args); }     \
  Value prim_##prefix##_set(VmState* vm, const Value* args, uint64_t) { return set<kind>(vm, name "-set!", args); }    \
  Value prim_##prefix##_fill(VmState* vm, const Value* args, uint64_t) { return fill<kind>(vm, name "-fill!", args); } \
  Value prim_##prefix##_copy(VmState* vm, const Value* args, uint64_t argc) {                                          \
    return copy<kind>(vm, name "-copy", args, argc);                                                                   \
  }                                                                                                                    \
  Value prim_##prefix##_copy_to(VmState* vm, const Value* args, uint64_t argc) {                                       \
    return copy_to<kind>(vm, name "-copy!", args, argc);                                                               \
  }                                                                                                                    \
  Value prim_##prefix##_to_list(VmState* vm, const Value* args, uint64_t) {                                            \
    return to_list<kind>(vm, name "->list", args);                                                                     \
  }                                                                                                                    \
  Value prim_list_to_##prefix(VmState* vm, const Value* args, uint64_t) {                                              \
    return of_list<kind>(vm, "list->" name, args[0]);                                                                  \
  }
T_FAMILY(F64, f64, f64_vector, "f64-vector")
T_FAMILY(I64, i64, i64_vector, "i64-vector")
T_FAMILY(U8, bytes, bytes, "bytes")
#undef T_FAMILY

Value prim_bytes_append(VmState* vm, const Value* args, uint64_t argc) {
  uint64_t n = 0;
  for (uint64_t i = 0; i < argc; i++) {
    if (packed_argument<U8>(vm, "bytes-append", args[i]) == nullptr) return kUnwind;
    n += as<value::Bytes>(args[i])->length;
  }
  auto* all = new_bytes(vm, "bytes-append", n);
  if (all == nullptr) return kUnwind;
  uint8_t* at = all->data;
  for (uint64_t i = 0; i < argc; i++)
    at = std::copy_n(as<value::Bytes>(args[i])->data, as<value::Bytes>(args[i])->length, at);
  return from_object(all);
}

}  // namespace terrace::prims
