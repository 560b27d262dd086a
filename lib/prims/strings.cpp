// prims/strings.cpp: making, taking apart and comparing strings.
//
// Answers for: primitives on whole strings and on parts of them. Not for: searching (string_search.cpp) and case
// (string_case.cpp). Strings are
// immutable UTF-8; indices count code points. In a string of ASCII characters an index is an offset; in another one it
// is found by walking from the nearer end.
#include <cstring>

#include "base/short_bytes.hpp"
#include "prims/sequence.hpp"
#include "prims/text_span.hpp"
#include "prims/unicode.hpp"
#include "text/printer.hpp"
#include "text/syntax_chars.hpp"

namespace terrace::prims {

using value::String;

namespace {

bool char_argument(VmState* vm, const char* who, Value v, uint32_t* out) {
  if (!value::is_char(v)) return raise_type(vm, who, "a character", v), false;
  *out = value::char_value(v);
  return true;
}

// Appends the characters that `next` gives until it answers false.
template <class Next>
Value string_of_chars(VmState* vm, const char* who, Next next) {
  std::string text;
  uint64_t n = 0;
  Value element;
  for (; next(&element); n++) {
    uint32_t c;
    if (!char_argument(vm, who, element, &c)) return kUnwind;
    text::append_utf8(text, c);
  }
  return copy_string(vm, who, text, n);
}

// Calls `use` on the characters of a part; stops when it answers false.
template <class Use>
void each_char(const String* s, Part part, Use use) {
  TextSpan span(s);
  size_t at = span.offset(part.start);
  for (uint64_t i = part.start; i < part.end; i++) {
    if (!use(value::make_char(next_code_point(span.text(), &at)))) return;
  }
}

// Whether `holds` is true of every neighbouring pair; all arguments are checked.
template <class Holds>
Value compare_strings(VmState* vm, const char* who, const Value* args, uint64_t argc, Holds holds) {
  std::string_view last, next;
  if (!string_argument(vm, who, args[0], &last)) return kUnwind;
  bool all = true;
  for (uint64_t i = 1; i < argc; i++, last = next) {
    if (!string_argument(vm, who, args[i], &next)) return kUnwind;
    all &= holds(last, next);
  }
  return make_bool(all);
}

// The whole of each string in order, in one new string.
Value join_all(VmState* vm, const char* who, const Value* strings, uint64_t count) {
  uint64_t bytes = 0, length = 0;
  for (uint64_t i = 0; i < count; i++) {
    if (!value::is_string(strings[i])) return raise_type(vm, who, "a string", strings[i]);
    bytes += as<String>(strings[i])->bytes;
    length += as<String>(strings[i])->length;
  }
  String* result = new_string(vm, who, bytes, length);
  if (result == nullptr) return kUnwind;
  char* at = result->data;
  for (uint64_t i = 0; i < count; i++) {
    auto* s = as<String>(strings[i]);
    base::copy_bytes(at, s->data, s->bytes);
    at += s->bytes;
  }
  return from_object(result);
}

Value repeat(VmState* vm, const char* who, std::string_view text, uint64_t length, uint64_t n) {
  if (!text.empty() && n > kMaxStringBytes / text.size()) return raise_too_large(vm, who);
  String* result = new_string(vm, who, text.size() * n, length * n);
  if (result == nullptr) return kUnwind;
  for (uint64_t i = 0; i < n && !text.empty(); i++)
    std::memcpy(result->data + i * text.size(), text.data(), text.size());
  return from_object(result);
}

Value part_of(VmState* vm, const char* who, const Value* args, uint64_t argc) {
  Part part;
  if (!type_argument(vm, who, args[0], Type::kString, "a string")) return kUnwind;
  auto* s = as<String>(args[0]);
  if (!part_arguments(vm, who, args, argc, 1, s->length, &part)) return kUnwind;
  if (part.size() == s->length) return args[0];
  return copy_string(vm, who, TextSpan(s).part(part.start, part.end), part.size());
}

// `s` with characters on one side up to a length.
Value pad(VmState* vm, const char* who, const Value* args, uint64_t argc, bool on_left) {
  uint64_t wanted;
  uint32_t c = ' ';
  if (!type_argument(vm, who, args[0], Type::kString, "a string") || !size_argument(vm, who, args[1], &wanted) ||
      (argc > 2 && !char_argument(vm, who, args[2], &c))) {
    return kUnwind;
  }
  uint64_t length = as<String>(args[0])->length;
  if (wanted <= length) return args[0];
  char bytes[4];
  Value filling = repeat(vm, who, {bytes, encode_utf8(bytes, c)}, 1, wanted - length);
  if (filling == kUnwind) return kUnwind;
  Value two[] = {on_left ? filling : args[0], on_left ? args[0] : filling};
  return join_all(vm, who, two, 2);
}

}  // namespace

Value prim_string(VmState* vm, const Value* args, uint64_t argc) {
  uint64_t i = 0;
  return string_of_chars(vm, "string", [&](Value* c) { return i < argc ? (*c = args[i++], true) : false; });
}

Value prim_make_string(VmState* vm, const Value* args, uint64_t argc) {
  uint64_t n;
  uint32_t c = ' ';
  if (!size_argument(vm, "make-string", args[0], &n)) return kUnwind;
  if (argc > 1 && !char_argument(vm, "make-string", args[1], &c)) return kUnwind;
  char bytes[4];
  return repeat(vm, "make-string", {bytes, encode_utf8(bytes, c)}, 1, n);
}

Value prim_string_length(VmState* vm, const Value* args, uint64_t) {
  if (!type_argument(vm, "string-length", args[0], Type::kString, "a string")) return kUnwind;
  return make_fixnum(as<String>(args[0])->length);
}

Value prim_is_string_empty(VmState* vm, const Value* args, uint64_t) {
  if (!type_argument(vm, "string-empty?", args[0], Type::kString, "a string")) return kUnwind;
  return make_bool(as<String>(args[0])->bytes == 0);
}

Value prim_string_ref(VmState* vm, const Value* args, uint64_t) {
  if (!type_argument(vm, "string-ref", args[0], Type::kString, "a string")) return kUnwind;
  auto* s = as<String>(args[0]);
  uint64_t i;
  if (!index_argument(vm, "string-ref", args[1], s->length, &i)) return kUnwind;
  TextSpan span(s);
  size_t at = span.offset(i);
  return value::make_char(next_code_point(span.text(), &at));
}

Value prim_substring(VmState* vm, const Value* args, uint64_t argc) { return part_of(vm, "substring", args, argc); }
Value prim_string_copy(VmState* vm, const Value* args, uint64_t argc) { return part_of(vm, "string-copy", args, argc); }

Value prim_string_append(VmState* vm, const Value* args, uint64_t argc) {
  return join_all(vm, "string-append", args, argc);
}

#define T_COMPARE(id, name, op)                                                                                  \
  Value prim_##id(VmState* vm, const Value* args, uint64_t argc) {                                               \
    return compare_strings(vm, name, args, argc, [](std::string_view a, std::string_view b) { return a op b; }); \
  }
T_COMPARE(string_eq, "string=?", ==)
T_COMPARE(string_lt, "string<?", <)
T_COMPARE(string_gt, "string>?", >)
T_COMPARE(string_le, "string<=?", <=)
T_COMPARE(string_ge, "string>=?", >=)
#undef T_COMPARE

Value prim_string_to_list(VmState* vm, const Value* args, uint64_t argc) {
  Part part;
  if (!type_argument(vm, "string->list", args[0], Type::kString, "a string")) return kUnwind;
  auto* s = as<String>(args[0]);
  if (!part_arguments(vm, "string->list", args, argc, 1, s->length, &part)) return kUnwind;
  ListBuilder list(vm);
  uint64_t n = 0;
  bool stopped = false;
  each_char(s, part, [&](Value c) {
    list.push(c);
    stopped = n++ % kPollEvery == 0 && !poll(vm);
    return !stopped;
  });
  return stopped ? kUnwind : list.list();
}

Value prim_list_to_string(VmState* vm, const Value* args, uint64_t) {
  uint64_t n;
  if (!list_length(vm, "list->string", args[0], &n)) return kUnwind;
  Value at = args[0];
  return string_of_chars(vm, "list->string", [&](Value* c) {
    if (!value::is_pair(at)) return false;
    *c = value::car(at);
    at = value::cdr(at);
    return true;
  });
}

Value prim_string_to_vector(VmState* vm, const Value* args, uint64_t argc) {
  Part part;
  if (!type_argument(vm, "string->vector", args[0], Type::kString, "a string")) return kUnwind;
  auto* s = as<String>(args[0]);
  if (!part_arguments(vm, "string->vector", args, argc, 1, s->length, &part)) return kUnwind;
  auto* v = new_word_vector(vm, "string->vector", part.size());
  if (v == nullptr) return kUnwind;
  uint64_t i = 0;
  each_char(s, part, [&](Value c) { return v->slot[i++] = c.bits, true; });
  return from_object(v);
}

Value prim_vector_to_string(VmState* vm, const Value* args, uint64_t argc) {
  if (!type_argument(vm, "vector->string", args[0], Type::kVector, "a vector")) return kUnwind;
  auto* v = as<value::Vector>(args[0]);
  Part part;
  if (!part_arguments(vm, "vector->string", args, argc, 1, v->length, &part)) return kUnwind;
  uint64_t i = part.start;
  return string_of_chars(vm, "vector->string",
                         [&](Value* c) { return i < part.end ? (*c = heap::vector_ref(heap_of(vm), v, i++), true) : false; });
}

Value prim_string_to_utf8(VmState* vm, const Value* args, uint64_t argc) {
  Part part;
  if (!type_argument(vm, "string->utf8", args[0], Type::kString, "a string")) return kUnwind;
  auto* s = as<String>(args[0]);
  if (!part_arguments(vm, "string->utf8", args, argc, 1, s->length, &part)) return kUnwind;
  std::string_view text = TextSpan(s).part(part.start, part.end);
  auto* bytes = new_bytes(vm, "string->utf8", text.size());
  if (bytes == nullptr) return kUnwind;
  std::memcpy(bytes->data, text.data(), text.size());
  return from_object(bytes);
}

Value prim_utf8_to_string(VmState* vm, const Value* args, uint64_t argc) {
  Part part;
  if (!type_argument(vm, "utf8->string", args[0], Type::kBytes, "bytes")) return kUnwind;
  auto* bytes = as<value::Bytes>(args[0]);
  if (!part_arguments(vm, "utf8->string", args, argc, 1, bytes->length, &part)) return kUnwind;
  if (part.size() > kMaxStringBytes) return raise_too_large(vm, "utf8->string");
  return frame::make_string(vm, {reinterpret_cast<const char*>(bytes->data) + part.start, part.size()});
}

Value prim_string_reverse(VmState* vm, const Value* args, uint64_t) {
  std::string_view text;
  if (!string_argument(vm, "string-reverse", args[0], &text)) return kUnwind;
  String* result = new_string(vm, "string-reverse", text.size(), as<String>(args[0])->length);
  if (result == nullptr) return kUnwind;
  char* out = result->data;
  for (size_t end = text.size(); end > 0;) {
    size_t start = previous_start(text, end);
    std::memcpy(out, text.data() + start, end - start);
    out += end - start;
    end = start;
  }
  return from_object(result);
}

Value prim_string_pad_left(VmState* vm, const Value* args, uint64_t argc) {
  return pad(vm, "string-pad-left", args, argc, true);
}
Value prim_string_pad_right(VmState* vm, const Value* args, uint64_t argc) {
  return pad(vm, "string-pad-right", args, argc, false);
}

Value prim_string_repeat(VmState* vm, const Value* args, uint64_t) {
  std::string_view text;
  uint64_t n;
  if (!string_argument(vm, "string-repeat", args[0], &text)) return kUnwind;
  if (!size_argument(vm, "string-repeat", args[1], &n)) return kUnwind;
  return repeat(vm, "string-repeat", text, as<String>(args[0])->length, n);
}

Value prim_string_join(VmState* vm, const Value* args, uint64_t argc) {
  RootedValues parts(heap_of(vm));
  if (argc > 1 && !type_argument(vm, "string-join", args[1], Type::kString, "a string")) return kUnwind;
  Sequence from;
  if (!from.open(vm, "string-join", args[0])) return kUnwind;
  Value element;
  while (from.next(&element)) {
    if (argc > 1 && parts.size() > 0) parts.push(args[1]);
    parts.push(element);
  }
  return join_all(vm, "string-join", parts.data(), parts.size());
}

Value prim_str(VmState* vm, const Value* args, uint64_t argc) {
  bool all_strings = true;
  for (uint64_t i = 0; i < argc; i++) all_strings &= value::is_string(args[i]);
  if (all_strings) return join_all(vm, "str", args, argc);
  if (!frame::ensure_stack(vm, "str", kPrinterStack)) return kUnwind;
  std::string all;
  for (uint64_t i = 0; i < argc; i++)
    if (!append_text(vm, "str", all, args[i], text::Style::kDisplay)) return kUnwind;
  return copy_string(vm, "str", all);
}

}  // namespace terrace::prims
