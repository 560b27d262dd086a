// prims/string_search.cpp: finding, replacing, splitting and trimming.
//
// Answers for: primitives that look for text in strings. The search is on bytes, which finds the same places as one on
// code points, since no UTF-8 sequence stands inside another one.
#include <cstring>

#include "prims/build.hpp"
#include "prims/text_span.hpp"
#include "prims/unicode.hpp"

namespace terrace::prims {

using value::String;

size_t TextSpan::forward(size_t from, uint64_t count) const {
  size_t at = from;
  for (; count > 0; count--) {
    do at++;
    while (at < text_.size() && (text_[at] & 0xC0) == 0x80);
  }
  return at;
}

size_t TextSpan::backward(uint64_t count) const {
  size_t at = text_.size();
  for (; count > 0; count--) at = previous_start(text_, at);
  return at;
}

uint64_t TextSpan::index(size_t offset) const { return ascii() ? offset : count_code_points(text_.substr(0, offset)); }

namespace {

// The C library's search is linear whatever the texts are, which std::string_view::find is not.
size_t find_bytes(std::string_view text, std::string_view wanted, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const void* found = memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
  return found ? static_cast<size_t>(static_cast<const char*>(found) - text.data()) : std::string_view::npos;
}

Value found_at(const TextSpan& span, size_t offset) {
  return offset == std::string_view::npos ? kFalse : make_fixnum(static_cast<int64_t>(span.index(offset)));
}

// args[0] is the string, args[2], when given, the index to start at.
Value search_from(VmState* vm, const char* who, const Value* args, uint64_t argc, std::string_view wanted) {
  TextSpan span(as<String>(args[0]));
  Part part;
  if (!part_arguments(vm, who, args, argc, 2, span.length(), &part)) return kUnwind;
  return found_at(span, find_bytes(span.text(), wanted, span.offset(part.start)));
}

// A separator or character as text; `storage` holds the bytes of a character.
bool separator_argument(VmState* vm, const char* who, Value v, char* storage, std::string_view* out) {
  if (value::is_char(v)) {
    *out = {storage, encode_utf8(storage, value::char_value(v))};
    return true;
  }
  if (!value::is_string(v)) return raise_type(vm, who, "a string or character", v), false;
  *out = frame::string_view_of(v);
  return true;
}

bool push_part(VmState* vm, const char* who, std::string_view part, ListBuilder* list) {
  Value s = copy_string(vm, who, part);
  if (s == kUnwind) return false;
  list->push(s);
  return true;
}

Value split_at_blanks(VmState* vm, std::string_view text) {
  ListBuilder list(vm);
  size_t start = 0, at = 0;
  while (at < text.size()) {
    size_t here = at;
    if (!is_white_space(next_code_point(text, &at))) continue;
    if (here > start && !push_part(vm, "string-split", text.substr(start, here - start), &list)) return kUnwind;
    start = at;
  }
  if (start < text.size() && !push_part(vm, "string-split", text.substr(start), &list)) return kUnwind;
  return list.list();
}

Value split_in_chars(VmState* vm, std::string_view text) {
  ListBuilder list(vm);
  for (size_t at = 0; at < text.size();) {
    size_t start = at;
    next_code_point(text, &at);
    if (!push_part(vm, "string-split", text.substr(start, at - start), &list)) return kUnwind;
  }
  return list.list();
}

Value split_at(VmState* vm, std::string_view text, std::string_view separator) {
  ListBuilder list(vm);
  size_t start = 0;
  for (;;) {
    size_t end = find_bytes(text, separator, start);
    bool last = end == std::string_view::npos;
    if (!push_part(vm, "string-split", text.substr(start, last ? end : end - start), &list)) return kUnwind;
    if (last) return list.list();
    start = end + separator.size();
  }
}

enum Ends { kLeft = 1, kRight = 2 };

Value trim(VmState* vm, const char* who, Value v, int ends) {
  std::string_view text;
  if (!string_argument(vm, who, v, &text)) return kUnwind;
  size_t start = 0, end = text.size();
  while ((ends & kLeft) && start < end) {
    size_t at = start;
    if (!is_white_space(next_code_point(text, &at))) break;
    start = at;
  }
  while ((ends & kRight) && end > start) {
    size_t before = previous_start(text, end), at = before;
    if (!is_white_space(next_code_point(text, &at))) break;
    end = before;
  }
  return end - start == text.size() ? v : copy_string(vm, who, text.substr(start, end - start));
}

bool two_strings(VmState* vm, const char* who, const Value* args, std::string_view* a, std::string_view* b) {
  return string_argument(vm, who, args[0], a) && string_argument(vm, who, args[1], b);
}

}  // namespace

Value prim_string_contains(VmState* vm, const Value* args, uint64_t argc) {
  std::string_view text, wanted;
  if (!two_strings(vm, "string-contains", args, &text, &wanted)) return kUnwind;
  return search_from(vm, "string-contains", args, argc, wanted);
}

Value prim_string_contains_last(VmState* vm, const Value* args, uint64_t argc) {
  std::string_view text, wanted;
  if (!two_strings(vm, "string-contains-last", args, &text, &wanted)) return kUnwind;
  TextSpan span(as<String>(args[0]));
  uint64_t end = span.length();
  if (argc > 2) {
    Part part;
    Value bounds[] = {args[0], make_fixnum(0), args[2]};
    if (!part_arguments(vm, "string-contains-last", bounds, 3, 1, span.length(), &part)) return kUnwind;
    end = part.end;
  }
  return found_at(span, text.substr(0, span.offset(end)).rfind(wanted));
}

Value prim_string_index(VmState* vm, const Value* args, uint64_t argc) {
  if (!type_argument(vm, "string-index", args[0], Type::kString, "a string")) return kUnwind;
  char storage[4];
  std::string_view wanted;
  if (!separator_argument(vm, "string-index", args[1], storage, &wanted)) return kUnwind;
  return search_from(vm, "string-index", args, argc, wanted);
}

Value prim_is_string_prefix(VmState* vm, const Value* args, uint64_t) {
  std::string_view text, start;
  return two_strings(vm, "string-starts-with?", args, &text, &start) ? make_bool(text.starts_with(start)) : kUnwind;
}

Value prim_is_string_suffix(VmState* vm, const Value* args, uint64_t) {
  std::string_view text, end;
  return two_strings(vm, "string-ends-with?", args, &text, &end) ? make_bool(text.ends_with(end)) : kUnwind;
}

Value prim_string_replace(VmState* vm, const Value* args, uint64_t) {
  std::string_view text, old, fresh;
  if (!two_strings(vm, "string-replace", args, &text, &old)) return kUnwind;
  if (!string_argument(vm, "string-replace", args[2], &fresh)) return kUnwind;
  if (old.empty()) return raise_error(vm, ErrorKind::kRange, "string-replace: nothing cannot be replaced");
  size_t place = find_bytes(text, old, 0);
  if (place == std::string_view::npos) return args[0];
  std::string result;
  size_t start = 0;
  for (; place != std::string_view::npos; place = find_bytes(text, old, start)) {
    result.append(text, start, place - start).append(fresh);
    start = place + old.size();
    if (!text_may_grow(vm, "string-replace", result.size())) return kUnwind;
  }
  return copy_string(vm, "string-replace", result.append(text, start));
}

Value prim_string_split(VmState* vm, const Value* args, uint64_t argc) {
  std::string_view text, separator;
  char storage[4];
  if (!string_argument(vm, "string-split", args[0], &text)) return kUnwind;
  if (argc == 1) return split_at_blanks(vm, text);
  if (!separator_argument(vm, "string-split", args[1], storage, &separator)) return kUnwind;
  return separator.empty() ? split_in_chars(vm, text) : split_at(vm, text, separator);
}

Value prim_string_trim(VmState* vm, const Value* args, uint64_t) {
  return trim(vm, "string-trim", args[0], kLeft | kRight);
}
Value prim_string_trim_left(VmState* vm, const Value* args, uint64_t) {
  return trim(vm, "string-trim-left", args[0], kLeft);
}
Value prim_string_trim_right(VmState* vm, const Value* args, uint64_t) {
  return trim(vm, "string-trim-right", args[0], kRight);
}

}  // namespace terrace::prims
