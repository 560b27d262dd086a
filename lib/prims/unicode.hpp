// prims/unicode.hpp: UTF-8 one code point at a time, and the properties of characters.
//
// Answers for: text that is known to be valid UTF-8, as all strings are. Not for: repairing text (frame::make_string),
// and what the reader must know (text/syntax_chars.hpp, which also has append_utf8 and is_scalar).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace terrace::prims {

// The code point at `*at`, which moves behind it. Precondition: valid UTF-8, *at < text.size() at a start.
uint32_t next_code_point(std::string_view text, size_t* at);
// Moves back over the code point that ends at `at`.
size_t previous_start(std::string_view text, size_t at);
// Writes at most four bytes, answers how many.
size_t encode_utf8(char* out, uint32_t code_point);

bool is_alphabetic(uint32_t c);
bool is_white_space(uint32_t c);
bool is_upper_case(uint32_t c);
bool is_lower_case(uint32_t c);
// 0..9 for a decimal digit of any script, else -1.
int decimal_digit(uint32_t c);
uint32_t to_upper(uint32_t c);
uint32_t to_lower(uint32_t c);

// What a character becomes when case is not looked at: itself or its small letter, or up to three characters.
struct Folding {
  uint32_t at[4];
  size_t count;
};
Folding fold(uint32_t c);
// The folding to one character, as single characters are compared.
uint32_t fold_simple(uint32_t c);
// Whether a letter has case; whether a character does not part the letters of a word (Unicode's Case_Ignorable).
bool is_cased(uint32_t c);
bool is_case_ignorable(uint32_t c);

}  // namespace terrace::prims
