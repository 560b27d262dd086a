// text/syntax_chars.hpp: what reader and printer must agree on: delimiters, character names, abbreviations.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace terrace::text {

// Ends a symbol, number or character name; only ASCII characters do, besides blanks.
constexpr bool is_delimiter(unsigned char c) {
  switch (c) {
    case '(':
    case ')':
    case '[':
    case ']':
    case '{':
    case '}':
    case '"':
    case ';':
    case '\'':
    case '`':
    case ',':
    case '|':
      return true;
    default:
      return c <= ' ' || c == 0x7F;
  }
}

// Whether a code point separates tokens: ASCII blanks and Unicode spaces.
bool is_blank(uint32_t code_point);

struct CharName {
  std::string_view name;
  uint32_t code_point;
};
// The first name of a code point is the one that is written.
inline constexpr CharName kCharNames[] = {
    {"space", ' '},   {"newline", '\n'}, {"tab", '\t'},      {"return", '\r'}, {"null", 0},
    {"nul", 0},       {"alarm", 7},      {"backspace", 8},   {"delete", 0x7F}, {"rubout", 0x7F},
    {"escape", 0x1B}, {"altmode", 0x1B}, {"linefeed", '\n'}, {"page", '\f'},   {"vtab", '\v'},
};

struct Abbreviation {
  std::string_view prefix;
  std::string_view symbol;
};
inline constexpr Abbreviation kAbbreviations[] = {
    {"'", "quote"}, {"`", "quasiquote"}, {"#`", "syntax-quote"}, {",@", "unquote-splicing"}, {",", "unquote"}};

// Appends the UTF-8 form. Precondition: is_scalar.
void append_utf8(std::string& out, uint32_t code_point);
constexpr bool is_scalar(uint32_t c) { return c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF); }
// Decodes the code point at the start of non-empty `text`; answers its length in bytes, 0 when it is not UTF-8.
size_t decode_utf8(std::string_view text, uint32_t* code_point);
// Whether a symbol of this name must be written between bars to be read back.
bool needs_bars(std::string_view name);

}  // namespace terrace::text
