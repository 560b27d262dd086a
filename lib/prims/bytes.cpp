// prims/bytes.cpp: byte strings: parts, search, order and hexadecimal text.
//
// Answers for: what bytes have beyond the family of packed vectors (packed.cpp).
#include <algorithm>
#include <cstring>

#include "prims/build.hpp"

namespace terrace::prims {

using value::Bytes;

namespace {

bool bytes_argument(VmState* vm, const char* who, Value v, std::string_view* out) {
  if (!type_argument(vm, who, v, Type::kBytes, "bytes")) return false;
  auto* b = as<Bytes>(v);
  *out = {reinterpret_cast<const char*>(b->data), b->length};
  return true;
}

// The index of `wanted` in the bytes args[0] from the index args[2] on, else false.
Value search_from(VmState* vm, const char* who, const Value* args, uint64_t argc, std::string_view wanted) {
  std::string_view text;
  Part part;
  if (!bytes_argument(vm, who, args[0], &text) || !part_arguments(vm, who, args, argc, 2, text.size(), &part)) return kUnwind;
  const void* found = memmem(text.data() + part.start, part.size(), wanted.data(), wanted.size());
  return found ? make_fixnum(static_cast<const char*>(found) - text.data()) : kFalse;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

Value prim_subbytes(VmState* vm, const Value* args, uint64_t argc) { return prim_bytes_copy(vm, args, argc); }

Value prim_bytes_index(VmState* vm, const Value* args, uint64_t argc) {
  if (!value::is_fixnum(args[1]) || value::fixnum_value(args[1]) < 0 || value::fixnum_value(args[1]) > 255)
    return raise_type(vm, "bytes-index", "an integer from 0 to 255", args[1]);
  char wanted = static_cast<char>(value::fixnum_value(args[1]));
  return search_from(vm, "bytes-index", args, argc, {&wanted, 1});
}

Value prim_bytes_contains(VmState* vm, const Value* args, uint64_t argc) {
  std::string_view wanted;
  return bytes_argument(vm, "bytes-contains", args[1], &wanted) ? search_from(vm, "bytes-contains", args, argc, wanted)
                                                                : kUnwind;
}

Value prim_bytes_lt(VmState* vm, const Value* args, uint64_t argc) {
  std::string_view last, next;
  if (!bytes_argument(vm, "bytes<?", args[0], &last)) return kUnwind;
  bool all = true;
  for (uint64_t i = 1; i < argc; i++, last = next) {
    if (!bytes_argument(vm, "bytes<?", args[i], &next)) return kUnwind;
    all &= last < next;  // char_traits compares as unsigned
  }
  return make_bool(all);
}

Value prim_bytes_to_hex(VmState* vm, const Value* args, uint64_t) {
  std::string_view from;
  if (!bytes_argument(vm, "bytes->hex", args[0], &from)) return kUnwind;
  value::String* hex = new_string(vm, "bytes->hex", from.size() * 2, from.size() * 2);
  if (hex == nullptr) return kUnwind;
  for (size_t i = 0; i < from.size(); i++) {
    auto byte = static_cast<uint8_t>(from[i]);
    hex->data[2 * i] = "0123456789abcdef"[byte >> 4];
    hex->data[2 * i + 1] = "0123456789abcdef"[byte & 15];
  }
  return from_object(hex);
}

Value prim_hex_to_bytes(VmState* vm, const Value* args, uint64_t) {
  std::string_view hex;
  if (!string_argument(vm, "hex->bytes", args[0], &hex)) return kUnwind;
  bool whole = hex.size() % 2 == 0 && std::all_of(hex.begin(), hex.end(), [](char c) { return hex_value(c) >= 0; });
  if (!whole) return raise_error(vm, ErrorKind::kRange, "hex->bytes: the text must be pairs of hexadecimal digits");
  auto* bytes = new_bytes(vm, "hex->bytes", hex.size() / 2);
  if (bytes == nullptr) return kUnwind;
  for (size_t i = 0; i < bytes->length; i++)
    bytes->data[i] = static_cast<uint8_t>(hex_value(hex[2 * i]) << 4 | hex_value(hex[2 * i + 1]));
  return from_object(bytes);
}

}  // namespace terrace::prims
