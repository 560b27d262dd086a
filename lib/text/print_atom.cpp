// text/print_atom.cpp: the text of atoms and of things that are shown by name only.
#include "text/print_atom.hpp"

#include <charconv>

#include "frame/number.hpp"
#include "frame/vm.hpp"
#include "text/syntax_chars.hpp"

namespace terrace::text {
using value::as;
using value::Type;

namespace {

void append_hex(std::string& out, uint32_t n) {
  char digits[16];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, n, 16).ptr);
}

// Text between `quote` characters, with escapes for what would end it or cannot be seen.
void append_quoted(std::string& out, std::string_view text, char quote) {
  out += quote;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\x";
      append_hex(out, byte);
      out += ';';
    } else {
      out += c;
    }
  }
  out += quote;
}

void append_name(std::string& out, std::string_view name, Style style, bool keyword) {
  if (keyword) out += ':';
  // A keyword's colon keeps its name from being read as a number or a reserved name.
  bool bars =
      style == Style::kWrite && (keyword ? name.empty() || needs_bars("k" + std::string(name)) : needs_bars(name));
  if (bars) {
    append_quoted(out, name, '|');
  } else {
    out += name;
  }
}

void append_char(std::string& out, uint32_t c, Style style) {
  if (style == Style::kDisplay) return append_utf8(out, c);
  out += "#\\";
  for (const CharName& known : kCharNames) {
    if (known.code_point == c) {
      out += known.name;
      return;
    }
  }
  if (c < 0x20 || (c >= 0x80 && (c < 0xA0 || is_blank(c)))) {
    out += 'x';
    append_hex(out, c);
  } else {
    append_utf8(out, c);
  }
}

void append_special(std::string& out, Value v) {
  struct Name {
    Value v;
    std::string_view text;
  };
  static constexpr Name kNames[] = {
      {value::kFalse, "false"},        {value::kNil, "nil"},          {value::kTrue, "true"},
      {value::kEof, "#<eof>"},         {value::kUnset, "#<unset>"},   {value::kUnspecified, "#<unspecified>"},
      {value::kUnbound, "#<unbound>"}, {value::kUnwind, "#<unwind>"},
  };
  for (const Name& name : kNames) {
    if (name.v == v) {
      out += name.text;
      return;
    }
  }
  out += "#<special>";
}

// #<kind name>, or #<kind> when there is no name.
void append_named(std::string& out, std::string_view kind, Value name) {
  out.append("#<").append(kind);
  if (value::is_symbol(name)) out.append(" ").append(frame::symbol_name(name));
  out += '>';
}

template <class T, class Append>
void append_packed(std::string& out, std::string_view opening, const T* vector, size_t end, Append append) {
  out += opening;
  for (uint64_t i = 0; i < vector->length && out.size() <= end; i++) {
    if (i > 0) out += ' ';
    append(vector->data[i]);
  }
  out += ')';
}

template <class T>
void append_integer(std::string& out, T n) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, n).ptr);
}

void append_double(std::string& out, double d) {
  Value v;
  if (value::encode_float(d, &v)) return frame::number::append_text(out, v);
  // The others have the layout of a boxed one, which needs no heap to be looked at.
  value::Flonum boxed;
  boxed.type = Type::kFlonum;
  boxed.number = d;
  frame::number::append_text(out, value::from_object(&boxed));
}

void append_object(std::string& out, Value v, Style style, size_t end) {
  switch (as<value::Object>(v)->type) {
    case Type::kString:
      if (style == Style::kWrite) return append_quoted(out, frame::string_view_of(v), '"');
      out += frame::string_view_of(v);
      return;
    case Type::kSymbol:
      return append_name(out, frame::symbol_name(v), style, false);
    case Type::kKeyword:
      return append_name(out, frame::symbol_name(v), style, true);
    case Type::kBytes:
      return append_packed(out, "#u8(", as<value::Bytes>(v), end, [&](uint8_t n) { append_integer(out, n); });
    case Type::kI64Vector:
      return append_packed(out, "#i64(", as<value::I64Vector>(v), end, [&](int64_t n) { append_integer(out, n); });
    case Type::kF64Vector:
      return append_packed(out, "#f64(", as<value::F64Vector>(v), end, [&](double d) { append_double(out, d); });
    case Type::kRecordType:
      return append_named(out, "record-type", as<value::RecordType>(v)->name);
    case Type::kProto:
      return append_named(out, "prototype", as<value::Proto>(v)->name);
    case Type::kCell:
      return append_named(out, "global", as<value::Cell>(v)->name);
    case Type::kUnwind:
      return append_named(out, "unwind", value::kFalse);
    case Type::kParameter:
      return append_named(out, "parameter", value::kFalse);
    case Type::kWeakRef:
      return append_named(out, "weak-ref", value::kFalse);
    case Type::kHostObject:
      out += "#<host-object ";
      append_integer(out, as<value::HostObject>(v)->type_id);
      out += '>';
      return;
    default:
      out += "#<object>";
      return;
  }
}

}  // namespace

void print_atom(std::string& out, Value v, Style style, size_t end) {
  if (frame::number::is_number(v)) return frame::number::append_text(out, v);
  if (value::is_char(v)) return append_char(out, value::char_value(v), style);
  if (value::is_function(v)) return append_named(out, "function", value::as_closure(v)->proto->name);
  if (value::is_object(v)) return append_object(out, v, style, end);
  append_special(out, v);
}

}  // namespace terrace::text
