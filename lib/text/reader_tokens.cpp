// text/reader_tokens.cpp: strings, characters, numbers, symbols and keywords.
#include <charconv>

#include "frame/number.hpp"
#include "text/reader.hpp"

namespace terrace::text {
using frame::vm_of;
using value::kUnwind;

namespace {

// Long tokens are shown by their beginning. Cuts between code points.
std::string shown(std::string_view token) {
  if (token.size() <= 40) return std::string(token);
  size_t cut = 40;
  while ((token[cut] & 0xC0) == 0x80) cut--;
  return std::string(token.substr(0, cut)) + "...";
}

bool parse_hex(std::string_view digits, uint32_t* out) {
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *out, 16);
  return error == std::errc() && end == digits.data() + digits.size() && is_scalar(*out);
}

}  // namespace

Value Reader::read_atom(Position where) {
  switch (cursor_.peek()) {
    case '"':
      return read_string(where);
    case '#':
      return read_hash(where);
    case '|': {
      std::string name;
      if (!read_delimited('|', "symbol", where, &name)) return kUnwind;
      return vm_of(vm_).intern(name);
    }
    case ':':
      return read_keyword(where);
    default:
      break;
  }
  std::string_view token = cursor_.token();
  if (!token.empty()) return token_value(token);
  return fail(where, "the control character 0x%02X cannot stand here; remove it", cursor_.peek());
}

Value Reader::token_value(std::string_view token) {
  char c = token.front();
  if ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.') {
    Value number = frame::number::from_text(vm_, token);
    if (number != value::kFalse) return number;
  }
  if (token == "true") return value::kTrue;
  if (token == "false") return value::kFalse;
  if (token == "nil") return value::kNil;
  return vm_of(vm_).intern(token);
}

Value Reader::read_keyword(Position where) {
  if (cursor_.peek(1) == '|') {
    cursor_.skip(1);
    std::string name;
    if (!read_delimited('|', "keyword", where, &name)) return kUnwind;
    return vm_of(vm_).keyword(name);
  }
  std::string_view token = cursor_.token();
  if (token.size() == 1) return vm_of(vm_).intern(token);
  return vm_of(vm_).keyword(token.substr(1));
}

// --- #...

Value Reader::read_hash(Position where) {
  if (cursor_.peek(1) == '\\') return read_char(where);
  std::string_view token = cursor_.token();
  if (token == "#t" || token == "#true") return value::kTrue;
  if (token == "#f" || token == "#false") return value::kFalse;
  Value number = frame::number::from_text(vm_, token);
  if (number != value::kFalse) return number;
  if (token == "#" && cursor_.at_end()) return fail_incomplete(where, "the text ends after #", "complete the datum");
  if (token == "#<" || token.starts_with("#<")) {
    return fail(where, "%s is how something without a written form is shown; it cannot be read", shown(token).c_str());
  }
  return fail(where, "%s is no datum; # begins #t #f #\\a #(...) #u8(...) #f64(...) #xff #| |# or #;",
              shown(token).c_str());
}

Value Reader::read_char(Position where) {
  cursor_.skip(2);
  if (cursor_.at_end()) return fail_incomplete(where, "the text ends after #\\", "add the character");
  size_t start = cursor_.offset();
  uint32_t first = cursor_.next();
  if (first >= 0x80 || !is_delimiter(static_cast<unsigned char>(first))) cursor_.token();
  std::string_view token = source_.substr(start, cursor_.offset() - start);
  uint32_t c;
  if (decode_utf8(token, &c) == token.size()) return value::make_char(c);
  return named_char(token, where);
}

Value Reader::named_char(std::string_view token, Position where) {
  for (const CharName& known : kCharNames) {
    if (known.name == token) return value::make_char(known.code_point);
  }
  uint32_t c;
  if (token.front() == 'x' && parse_hex(token.substr(1), &c)) return value::make_char(c);
  return fail(where, "#\\%s is no character; write one character, a name such as #\\space, or #\\x41",
              shown(token).c_str());
}

// --- "..." and |...|

Value Reader::read_string(Position where) {
  std::string text;
  if (!read_delimited('"', "string", where, &text)) return kUnwind;
  return frame::make_string(vm_, text);
}

// Reads from the opening `end` character to the closing one, with escapes.
bool Reader::read_delimited(char end, const char* what, Position where, std::string* text) {
  cursor_.skip(1);
  while (!cursor_.at_end()) {
    char c = cursor_.peek();
    if (c == end) {
      cursor_.skip(1);
      return true;
    }
    if (c == '\\') {
      if (!read_escape(text)) return false;
    } else {
      size_t start = cursor_.offset();
      cursor_.next();
      text->append(source_.substr(start, cursor_.offset() - start));
    }
  }
  std::string message = std::string("this ") + what + " is never closed";
  std::string remedy = std::string("add ") + end;
  fail_incomplete(where, message.c_str(), remedy.c_str());
  return false;
}

bool Reader::read_escape(std::string* text) {
  constexpr std::string_view kLetters = "ntrab0e\\\"|";
  constexpr std::string_view kMeanings("\n\t\r\a\b\0\x1B\\\"|", 10);
  Position where = cursor_.position();
  cursor_.skip(1);
  if (cursor_.at_end()) return true;  // the caller reports the missing end
  char c = cursor_.peek();
  size_t known = kLetters.find(c);
  if (known != kLetters.npos) {
    cursor_.skip(1);
    *text += kMeanings[known];
    return true;
  }
  if (c == 'x') {
    cursor_.skip(1);
    return read_hex_escape(';', where, text);
  }
  if (c == 'u' && cursor_.peek(1) == '{') {
    cursor_.skip(2);
    return read_hex_escape('}', where, text);
  }
  if (c == '\n' || c == ' ' || c == '\t' || c == '\r') {
    skip_line_break();
    return true;
  }
  std::string escape;
  append_utf8(escape, cursor_.next());
  fail(where, "\\%s is no escape; write \\\\ for a backslash, or one of \\n \\t \\r \\\" \\x41; \\u{1F600}",
       escape.c_str());
  return false;
}

bool Reader::read_hex_escape(char end, Position where, std::string* text) {
  size_t start = cursor_.offset();
  while (!cursor_.at_end() && cursor_.offset() - start <= 8 && cursor_.peek() != end) cursor_.next();
  if (cursor_.at_end()) return true;  // the caller reports the missing end
  uint32_t c;
  bool valid = cursor_.peek() == end && parse_hex(source_.substr(start, cursor_.offset() - start), &c);
  if (!valid) {
    fail(where, "this escape is no code point; write 1 to 6 hexadecimal digits and %c, as in \\x41; or \\u{1F600}",
         end);
    return false;
  }
  cursor_.skip(1);
  append_utf8(*text, c);
  return true;
}

// A backslash before blanks and a newline continues the string at the next line's first character.
void Reader::skip_line_break() {
  while (!cursor_.at_end() && cursor_.peek() != '\n' && is_blank(static_cast<unsigned char>(cursor_.peek())))
    cursor_.next();
  if (cursor_.at_end() || cursor_.peek() != '\n') return;
  cursor_.next();
  while (cursor_.peek() == ' ' || cursor_.peek() == '\t') cursor_.next();
}

}  // namespace terrace::text
