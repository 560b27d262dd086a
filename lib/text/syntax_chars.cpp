// text/syntax_chars.cpp: UTF-8 and the question which symbol names are plain.
#include "text/syntax_chars.hpp"

#include <utf8proc.h>

#include "frame/number.hpp"

namespace terrace::text {

bool is_blank(uint32_t code_point) {
  if (code_point < 0x80) return code_point == ' ' || (code_point >= '\t' && code_point <= '\r');
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return true;
    default:
      return code_point == 0xFEFF;  // a byte order mark
  }
}

void append_utf8(std::string& out, uint32_t code_point) {
  utf8proc_uint8_t bytes[4];
  auto n = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
}

size_t decode_utf8(std::string_view text, uint32_t* code_point) {
  auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) {
    *code_point = first;
    return 1;
  }
  utf8proc_int32_t c;
  auto n = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                            static_cast<utf8proc_ssize_t>(text.size()), &c);
  if (n <= 0) return 0;
  *code_point = static_cast<uint32_t>(c);
  return static_cast<size_t>(n);
}

namespace {

bool is_reserved(std::string_view name) { return name == "true" || name == "false" || name == "nil" || name == "."; }

bool is_plain(std::string_view name) {
  while (!name.empty()) {
    uint32_t c;
    size_t n = decode_utf8(name, &c);
    if (n == 0 || (c < 0x80 ? is_delimiter(static_cast<unsigned char>(c)) : is_blank(c))) return false;
    name.remove_prefix(n);
  }
  return true;
}

}  // namespace

bool needs_bars(std::string_view name) {
  if (name.empty() || name.front() == '#' || (name.front() == ':' && name.size() > 1)) return true;
  return is_reserved(name) || !is_plain(name) || frame::number::is_number_text(name);
}

}  // namespace terrace::text
