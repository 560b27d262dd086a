// prims/text_span.hpp: a string's text with code point indices turned into byte offsets and back.
//
// Answers for: constant time in ASCII text, linear from the nearer end in other text. The string must stay alive
// meanwhile; it never moves and never changes.
#pragma once

#include <string_view>

#include "value/objects.hpp"

namespace terrace::prims {

class TextSpan {
 public:
  explicit TextSpan(const value::String* s) : text_(s->data, s->bytes), length_(s->length) {}
  std::string_view text() const { return text_; }
  uint64_t length() const { return length_; }
  bool ascii() const { return length_ == text_.size(); }
  // Precondition: index <= length().
  size_t offset(uint64_t index) const {
    if (ascii()) return index;
    return index <= length_ / 2 ? forward(0, index) : backward(length_ - index);
  }
  // Precondition: offset is at the start of a code point, or the end.
  uint64_t index(size_t offset) const;
  // The bytes of the code points from `start` to `end`.
  std::string_view part(uint64_t start, uint64_t end) const {
    size_t from = offset(start);
    size_t to = ascii() ? end : end == length_ ? text_.size() : forward(from, end - start);
    return text_.substr(from, to - from);
  }

 private:
  size_t forward(size_t from, uint64_t count) const;
  size_t backward(uint64_t count) const;  // from the end
  std::string_view text_;
  uint64_t length_;
};

}  // namespace terrace::prims
