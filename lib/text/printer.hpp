// text/printer.hpp: values as text.
//
// Answers for: the written form, which the reader reads back where a value has one, and the displayed form for people.
// Not for: where the text goes.
//
//   written      "a\nb"  #\a  |odd name|  :key  (1 . 2)  'x  #(1 2)  {:k 1}  #u8(1 2)  #f64(1.0)  #i64(1)
//   displayed    the same, with strings, characters and names as they are, at any depth
//   no datum     #<function name> #<point :x 1 :y 2> #<tuple 1 2> #<box 1> #<error type-error: message irritants>
//                #<host-object 7> #<unspecified> ...
//   a part that contains itself is written ... where it would begin again; the end of a text that grew beyond the
//   limit is written ... too
//
// Nothing here allocates in the heap, runs SX code, raises, or uses C stack in proportion to depth. Big integers need
// up to 256 KB of stack: a caller near its limit checks with frame::ensure_stack.
#pragma once

#include <string>

#include "value/objects.hpp"

namespace terrace::text {

enum class Style { kWrite, kDisplay };

inline constexpr size_t kPrintLimit = size_t{256} << 20;

// Appends the text of `v`, which stops soon after it has added `limit` bytes.
void print(std::string& out, Value v, Style style, size_t limit = kPrintLimit);

inline std::string written(Value v) {
  std::string text;
  print(text, v, Style::kWrite);
  return text;
}
inline std::string displayed(Value v) {
  std::string text;
  print(text, v, Style::kDisplay);
  return text;
}

}  // namespace terrace::text
