// text/cursor.cpp: moving over source text.
#include "text/cursor.hpp"

namespace terrace::text {

uint32_t Cursor::next() {
  uint32_t c = 0;
  size_t n = decode_utf8(text_.substr(at_), &c);
  at_ += n == 0 ? 1 : n;
  if (c == '\n') {
    position_.line++;
    position_.column = 1;
  } else {
    position_.column++;
  }
  return c;
}

std::string_view Cursor::token() {
  size_t start = at_;
  while (!at_end()) {
    auto byte = static_cast<unsigned char>(peek());
    if (byte < 0x80) {
      if (is_delimiter(byte)) break;
      skip(1);
      continue;
    }
    uint32_t c;
    if (decode_utf8(text_.substr(at_), &c) == 0 || is_blank(c)) break;
    next();
  }
  return text_.substr(start, at_ - start);
}

void Cursor::skip_line() {
  while (!at_end() && peek() != '\n') next();
}

// Block comments nest.
bool Cursor::skip_block_comment() {
  size_t depth = 0;
  do {
    if (looking_at("#|")) {
      depth++;
      skip(2);
    } else if (looking_at("|#")) {
      depth--;
      skip(2);
    } else {
      next();
    }
  } while (depth > 0 && !at_end());
  return depth == 0;
}

bool Cursor::skip_blanks(Position* comment) {
  if (at_ == 0 && looking_at("#!")) skip_line();  // the first line of a script
  while (!at_end()) {
    auto byte = static_cast<unsigned char>(peek());
    uint32_t c = byte;
    if (byte >= 0x80) decode_utf8(text_.substr(at_), &c);
    if (is_blank(c)) {
      next();
    } else if (c == ';') {
      skip_line();
    } else if (looking_at("#|")) {
      *comment = position_;
      if (!skip_block_comment()) return false;
    } else {
      break;
    }
  }
  return true;
}

}  // namespace terrace::text
