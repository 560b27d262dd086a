// frame/values.cpp: values that C++ code makes, and functions it makes and calls.
//
// Answers for: strings, boxed numbers, lists, native functions, and calls through the one calling convention.
// Invariant: half-made values are rooted, so these functions may be used outside computations, where no stack is
// scanned.
#include <utf8proc.h>

#include <cstring>

#include "base/short_bytes.hpp"
#include "frame/number.hpp"
#include "frame/vm.hpp"
#include "heap/vector.hpp"

namespace terrace::frame {

using namespace value;

namespace {

bool is_ascii(std::string_view text) {
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    if (word & 0x8080808080808080u) return false;
  }
  for (; i < text.size(); i++)
    if (text[i] & 0x80) return false;
  return true;
}

const auto* utf8_bytes(std::string_view text) { return reinterpret_cast<const utf8proc_uint8_t*>(text.data()); }

// Code points of valid text, or -1.
int64_t count_code_points(std::string_view text) {
  int64_t count = 0;
  for (size_t i = 0; i < text.size(); count++) {
    utf8proc_int32_t c;
    utf8proc_ssize_t used = utf8proc_iterate(utf8_bytes(text) + i, static_cast<utf8proc_ssize_t>(text.size() - i), &c);
    if (used <= 0) return -1;
    i += static_cast<size_t>(used);
  }
  return count;
}

std::string repair_utf8(std::string_view text) {
  std::string repaired;
  for (size_t i = 0; i < text.size();) {
    utf8proc_int32_t c;
    utf8proc_ssize_t used = utf8proc_iterate(utf8_bytes(text) + i, static_cast<utf8proc_ssize_t>(text.size() - i), &c);
    if (used > 0) {
      repaired.append(text.substr(i, static_cast<size_t>(used)));
      i += static_cast<size_t>(used);
    } else {
      repaired.append("\xEF\xBF\xBD");
      i++;
    }
  }
  return repaired;
}

Value string_of_valid(VmState* vm, std::string_view text, size_t code_points) {
  if (text.size() >= UINT32_MAX)
    return raise_error(vm, ErrorKind::kHeapLimit, "a string of %zu bytes is longer than strings can be", text.size());
  auto* string = heap_of(vm).try_make<String>(Type::kString, text.size() + 1);
  if (string == nullptr)
    return raise_error(vm, ErrorKind::kHeapLimit, "no memory for a string of %zu bytes", text.size());
  string->bytes = static_cast<uint32_t>(text.size());
  string->length = static_cast<uint32_t>(code_points);
  string->hash = 0;
  base::copy_bytes(string->data, text.data(), text.size());
  string->data[text.size()] = 0;
  return from_object(string);
}

Value make_bignum(VmState* vm, int32_t sign, uint64_t limb) {
  auto* big = heap_of(vm).make<Bignum>(Type::kBignum, sizeof limb);
  big->sign = sign;
  big->limbs = 1;
  big->limb[0] = limb;
  return from_object(big);
}

}  // namespace

Value make_string(VmState* vm, std::string_view utf8) {
  if (utf8.empty()) return string_of_valid(vm, "", 0);
  if (is_ascii(utf8)) return string_of_valid(vm, utf8, utf8.size());
  int64_t count = count_code_points(utf8);
  if (count >= 0) return string_of_valid(vm, utf8, static_cast<size_t>(count));
  std::string repaired = repair_utf8(utf8);
  return string_of_valid(vm, repaired, static_cast<size_t>(count_code_points(repaired)));
}

Value make_float(VmState* vm, double d) {
  Value v;
  if (encode_float(d, &v)) return v;
  auto* box = heap_of(vm).make<Flonum>(Type::kFlonum);
  box->number = value::tamed(d);
  return from_object(box);
}

Value make_integer(VmState* vm, int64_t i) {
  if (fits_fixnum(i)) return make_fixnum(i);
  return i < 0 ? make_bignum(vm, -1, ~static_cast<uint64_t>(i) + 1) : make_bignum(vm, 1, static_cast<uint64_t>(i));
}

Value make_natural(VmState* vm, uint64_t n) {
  if (n <= static_cast<uint64_t>(value::kFixnumMax)) return make_fixnum(static_cast<int64_t>(n));
  return make_bignum(vm, 1, n);
}

Value make_list(VmState* vm, const Value* items, size_t n, Value tail) {
  while (n != 0) tail = heap_of(vm).cons(items[--n], tail);
  return tail;
}

Value list_of_vector(VmState* vm, const Vector* v, uint64_t start, uint64_t end) {
  Value list = kNil;
  while (end > start) list = heap_of(vm).cons(heap::vector_ref(heap_of(vm), v, --end), list);
  return list;
}

std::string_view string_view_of(Value string) { return {as<String>(string)->data, as<String>(string)->bytes}; }

std::string_view symbol_name(Value symbol_or_keyword) {
  return string_view_of(is_symbol(symbol_or_keyword) ? as<Symbol>(symbol_or_keyword)->name
                                                     : as<Keyword>(symbol_or_keyword)->name);
}

Value make_native_function(VmState* vm, std::string_view name, NativeEntry entry, uint64_t expected, void* native,
                           uint32_t captures) {
  heap::RootedValues keep(heap_of(vm));
  keep.push(name.empty() ? kFalse : vm_of(vm).intern(name));
  if (keep[0] == kUnwind) return kUnwind;
  auto* proto = heap_of(vm).make<Proto>(Type::kProto);
  std::memset(static_cast<void*>(&proto->entry), 0, sizeof(Proto) - sizeof(Object));
  proto->entry = entry;
  proto->expected = expected;
  proto->native = native;
  proto->links = kFalse;
  proto->name = keep[0];
  keep.push(from_object(proto));
  auto* closure = heap_of(vm).make<Closure>(Type::kClosure, captures * sizeof(Value));
  closure->proto = proto;
  for (uint32_t i = 0; i < captures; i++) closure->capture[i] = kNil;
  return from_closure(closure);
}

// More arguments than the argument area holds travel as a list that normalise spreads (calling.hpp, rule 4).
static Value call_spread(VmState* vm, Value function, NativeEntry entry, const Value* args, uint64_t argc) {
  Value rest = make_list(vm, args + 2, argc - 2);
  return entry(vm, function, 3 | kSpread, args[0], args[1], rest);
}

Value call(VmState* vm, Value function, const Value* args, uint64_t argc) {
  if (!is_function(function)) [[unlikely]]
    return raise_not_function(vm, function);
  if (!ensure_stack(vm, "call")) [[unlikely]]
    return kUnwind;
  NativeEntry entry = __atomic_load_n(&as_closure(function)->proto->entry, __ATOMIC_ACQUIRE);
  if (argc > kRegisterArguments + kMaxXargs) [[unlikely]]
    return call_spread(vm, function, entry, args, argc);
  if (argc > kRegisterArguments)
    std::memcpy(vm->xargs, args + kRegisterArguments, (argc - kRegisterArguments) * sizeof(Value));
  Value none = kNil;
  return entry(vm, function, argc, argc > 0 ? args[0] : none, argc > 1 ? args[1] : none, argc > 2 ? args[2] : none);
}

}  // namespace terrace::frame
