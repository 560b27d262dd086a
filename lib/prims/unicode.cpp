// prims/unicode.cpp: see unicode.hpp.
#include "prims/unicode.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>

namespace terrace::prims {

namespace {

constexpr uint32_t kSharpS = 0xDF;
constexpr uint32_t kCapitalIWithDot = 0x130;

uint32_t tail_bits(std::string_view text, size_t at) { return static_cast<uint8_t>(text[at]) & 0x3F; }

utf8proc_category_t category(uint32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

}  // namespace

uint32_t next_code_point(std::string_view text, size_t* at) {
  size_t i = *at;
  auto lead = static_cast<uint8_t>(text[i]);
  if (lead < 0x80) {
    *at = i + 1;
    return lead;
  }
  if (lead < 0xE0) {
    *at = i + 2;
    return (lead & 0x1Fu) << 6 | tail_bits(text, i + 1);
  }
  if (lead < 0xF0) {
    *at = i + 3;
    return (lead & 0x0Fu) << 12 | tail_bits(text, i + 1) << 6 | tail_bits(text, i + 2);
  }
  *at = i + 4;
  return (lead & 0x07u) << 18 | tail_bits(text, i + 1) << 12 | tail_bits(text, i + 2) << 6 | tail_bits(text, i + 3);
}

size_t previous_start(std::string_view text, size_t at) {
  do at--;
  while ((text[at] & 0xC0) == 0x80);
  return at;
}

size_t encode_utf8(char* out, uint32_t c) {
  return static_cast<size_t>(
      utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), reinterpret_cast<utf8proc_uint8_t*>(out)));
}

bool is_alphabetic(uint32_t c) {
  utf8proc_category_t k = category(c);
  return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO;
}

bool is_white_space(uint32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13);
  utf8proc_category_t k = category(c);
  return c == 0x85 || k == UTF8PROC_CATEGORY_ZS || k == UTF8PROC_CATEGORY_ZL || k == UTF8PROC_CATEGORY_ZP;
}

bool is_upper_case(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_LU; }
bool is_lower_case(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_LL; }

// The decimal digits of every script stand in runs of ten that begin with the zero; a run never begins at a code point
// whose predecessor is a digit of another run, except in the mathematical digits, which are five runs from 1D7CE on.
int decimal_digit(uint32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9' ? static_cast<int>(c - '0') : -1;
  if (category(c) != UTF8PROC_CATEGORY_ND) return -1;
  if (c >= 0x1D7CE && c <= 0x1D7FF) return static_cast<int>((c - 0x1D7CE) % 10);
  uint32_t zero = c;
  while (c - zero < 9 && category(zero - 1) == UTF8PROC_CATEGORY_ND) zero--;
  return static_cast<int>(c - zero);
}

// The library answers U+1E9E for the sharp s, which has no upper case of one character in Unicode.
uint32_t to_upper(uint32_t c) {
  return c == kSharpS ? c : static_cast<uint32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c)));
}
uint32_t to_lower(uint32_t c) { return static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))); }


Folding fold(uint32_t c) {
  Folding folded{{c}, 1};
  if (c < 0x80) {
    folded.at[0] = c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    return folded;
  }
  utf8proc_int32_t parts[4];
  int last_boundclass = 0;
  utf8proc_ssize_t n =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts, 4, UTF8PROC_CASEFOLD, &last_boundclass);
  if (n < 1 || n > 4) return folded;
  folded.count = static_cast<size_t>(n);
  for (size_t i = 0; i < folded.count; i++) folded.at[i] = static_cast<uint32_t>(parts[i]);
  return folded;
}

// Where the folding has several characters the simple one is the small letter; the capital I with a dot has none.
uint32_t fold_simple(uint32_t c) {
  Folding folded = fold(c);
  if (folded.count == 1) return folded.at[0];
  return c == kCapitalIWithDot ? c : to_lower(c);
}

// Ordinal signs, Roman numerals and letters in circles and squares have case, though their category does not say so.
bool is_cased(uint32_t c) {
  utf8proc_category_t k = category(c);
  if (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LT) return true;
  return c == 0xAA || c == 0xBA || (c >= 0x2160 && c <= 0x217F) || (c >= 0x24B6 && c <= 0x24E9) ||
         (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
}

bool is_case_ignorable(uint32_t c) {
  switch (category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      break;
  }
  // Punctuation within words.
  constexpr uint32_t kWithin[] = {0x27,   0x2E,   0x3A,   0xB7,   0x387,  0x55F,  0x5F4,  0x2018, 0x2019,
                                  0x2024, 0x2027, 0xFE13, 0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A};
  return std::find(std::begin(kWithin), std::end(kWithin), c) != std::end(kWithin);
}

}  // namespace terrace::prims
