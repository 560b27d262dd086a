// frame/describe.cpp: a value in a few words, for messages of errors.
//
// Answers for: short text that needs no allocation in the heap and no deep recursion. Not for: writing data that can be
// read again (text/printer.hpp).
#include "frame/number.hpp"
#include "frame/vm.hpp"
#include "heap/record_types.hpp"

namespace terrace::frame {

using namespace value;

namespace {

constexpr size_t kMaxText = 40;  // bytes of a string, number or name that are shown
constexpr int kMaxItems = 4;
constexpr int kMaxDepth = 2;

const char* type_text(Type type) {
  switch (type) {
#define T_TYPE(name, sx_name, tracing) \
  case Type::k##name:                  \
    return sx_name;
#include "value/types.def"
#undef T_TYPE
    case Type::kFree:
    case Type::kCount:
      break;
  }
  return "object";
}

void append_cut(std::string& out, std::string_view text) {
  if (text.size() <= kMaxText) {
    out += text;
    return;
  }
  size_t end = kMaxText;
  while (end > 0 && (text[end] & 0xC0) == 0x80) end--;
  out += text.substr(0, end);
  out += "...";
}

void append_number(std::string& out, Value v) {
  if (is_bignum(v) && as<Bignum>(v)->limbs > 2) {
    out += "an integer of " + std::to_string(as<Bignum>(v)->limbs * 64) + " bits";
    return;
  }
  std::string text;
  number::append_text(text, v);
  append_cut(out, text);
}

void append_char(std::string& out, uint32_t c) {
  char text[16];
  if (c > 0x20 && c < 0x7F)
    snprintf(text, sizeof text, "#\\%c", static_cast<char>(c));
  else
    snprintf(text, sizeof text, "#\\x%x", static_cast<unsigned>(c));
  out += text;
}

void append_special(std::string& out, Value v) {
  if (is_char(v)) return append_char(out, char_value(v));
  out += v == kFalse ? "false" : v == kNil ? "nil" : v == kTrue ? "true" : v == kEof ? "#<eof>" : "#<unspecified>";
}

void append_named(std::string& out, const char* what, Value name) {
  out += "#<";
  out += what;
  if (is_symbol(name)) {
    out += ' ';
    append_cut(out, symbol_name(name));
  }
  out += '>';
}

void append_object(std::string& out, Value v) {
  if (is_string(v)) {
    out += '"';
    append_cut(out, string_view_of(v));
    out += '"';
  } else if (is_symbol(v)) {
    append_cut(out, symbol_name(v));
  } else if (is_keyword(v)) {
    out += ':';
    append_cut(out, symbol_name(v));
  } else if (is_type(v, Type::kRecord)) {
    append_named(out, "record", as<RecordType>(heap::type_of(as<Record>(v)))->name);
  } else if (is_error(v)) {
    append_named(out, "error", as<Error>(v)->kind);
  } else {
    append_named(out, type_text(as<Object>(v)->type), kFalse);
  }
}

void append_value(std::string& out, Value v, int depth);

void append_list(std::string& out, Value v, int depth) {
  if (depth == kMaxDepth) {
    out += "(...)";
    return;
  }
  out += '(';
  for (int i = 0; is_pair(v); v = cdr(v), i++) {
    if (i > 0) out += ' ';
    if (i == kMaxItems) {
      out += "...)";
      return;
    }
    append_value(out, car(v), depth + 1);
  }
  if (!is_nil(v)) {
    out += " . ";
    append_value(out, v, depth + 1);
  }
  out += ')';
}

void append_value(std::string& out, Value v, int depth) {
  if (number::is_number(v)) return append_number(out, v);
  if (is_pair(v)) return append_list(out, v, depth);
  if (is_function(v)) return append_named(out, "function", as_closure(v)->proto->name);
  if (is_object(v)) return append_object(out, v);
  append_special(out, v);
}

}  // namespace

std::string describe(Value v) {
  std::string out;
  append_value(out, v, 0);
  return out;
}

}  // namespace terrace::frame
