// text/cursor.hpp: a place in source text that knows its line and column.
//
// Answers for: moving over UTF-8 text one code point at a time, blanks and comments. Not for: what the text means.
// Precondition: the text is valid UTF-8.
#pragma once

#include <string_view>

#include "text/source_map.hpp"
#include "text/syntax_chars.hpp"

namespace terrace::text {

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  // The byte `ahead` bytes on, or 0 past the end.
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool looking_at(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  Position position() const { return position_; }
  size_t offset() const { return at_; }
  void go_to_end() { at_ = text_.size(); }

  // Moves over one code point and answers it. Precondition: not at the end.
  uint32_t next();
  // Moves over `n` ASCII characters, none of them a newline.
  void skip(size_t n) {
    at_ += n;
    position_.column += static_cast<uint32_t>(n);
  }
  // The text up to the next delimiter, moved over; may be empty.
  std::string_view token();
  // Moves to the next character that is neither blank nor comment. False in a block comment that does not end: then
  // `comment` is where it began.
  bool skip_blanks(Position* comment);

 private:
  void skip_line();
  bool skip_block_comment();

  std::string_view text_;
  size_t at_ = 0;
  Position position_{1, 1};
};

}  // namespace terrace::text
