// text/reader.hpp: SX source text to data.
//
// Answers for: the syntax of data, with the place of every list and of every error. Not for: what forms mean (syntax/).
//
//   ( ... ) ( ... . tail )  lists          [a b]  reads as (vector a b)      {k v}  reads as (dict k v)
//   'x `x ,x ,@x #`x        quote, quasiquote, unquote, unquote-splicing, syntax-quote
//   #(...) #u8(...) #f64(...) #i64(...)    vector, bytes and packed vectors as constants
//   12 -3/4 1.5 1e3 #xff +inf.0            numbers, see frame/number.hpp
//   "text"  escapes \n \t \r \a \b \0 \e \\ \" \| \x41; \u{1F600}; backslash, newline and the next line's blanks vanish
//   #\a #\space #\x41       characters
//   name |any name|         symbols, case matters     :name :|any name|  keywords
//   true false nil () #t #f #true #false              nil and () are the same
//   ; to the end of the line, #| nested |#, #; before a datum: comments; a first line that begins with #! is skipped
//
// Nesting costs heap memory, not C stack: any depth is read. A token that is no number is a symbol.
// An error is a read-error "name:line:column: what is wrong; what to do". After one, the rest of the text is given up.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frame/vm.hpp"
#include "text/cursor.hpp"

namespace terrace::text {

class Reader {
 public:
  // `source` must outlive the reader; `name` is used in messages. Lives on a native stack, since it roots what it
  // reads.
  Reader(VmState* vm, std::string_view source, std::string_view name);

  // The next datum, kEof at the end of the text, or kUnwind with a read-error pending. Adds places to `map`.
  Value next(SourceMap& map);
  // After a kUnwind: whether the text only ended too early, so that a prompt should ask for another line.
  bool incomplete() const { return incomplete_; }
  // Where reading stopped, in bytes and as a place.
  size_t offset() const { return cursor_.offset(); }
  Position position() const { return cursor_.position(); }
  const std::string& name() const { return name_; }

 private:
  enum class Shape : uint8_t { kList, kVector, kBytes, kF64, kI64, kBracket, kBrace, kPrefix, kComment };
  enum class Tail : uint8_t { kNone, kExpected, kRead };  // what followed a dot
  // Something begun and not ended. Its first and last pair are in values_.
  struct Open {
    Shape shape;
    Tail tail;
    Position where;
    std::string_view text;    // as written: "(" or "'"
    std::string_view symbol;  // of a prefix
    uint64_t count;
  };
  enum class Step { kMore, kDone, kFailed };

  Value unfinished();
  Step read_item();
  Step open(Shape shape, std::string_view text, std::string_view symbol = {});
  Step close();
  Step dot(Position where);
  Step deliver(Value datum, Position where);
  Step append(Value datum, Position where);
  bool build(const Open& done, Value list, Value* datum);
  Value build_vector(Value list, uint64_t count);
  Value build_packed(const Open& done, Value list);

  // Tokens, in reader_tokens.cpp. Each answers kUnwind after raising.
  Step atom(Position where);
  Value read_atom(Position where);
  Value read_string(Position where);
  Value read_hash(Position where);
  Value read_char(Position where);
  Value named_char(std::string_view token, Position where);
  Value read_keyword(Position where);
  Value token_value(std::string_view token);
  bool read_delimited(char end, const char* what, Position where, std::string* text);
  bool read_escape(std::string* text);
  bool read_hex_escape(char end, Position where, std::string* text);
  void skip_line_break();

  [[gnu::format(printf, 3, 4)]] Value fail(Position where, const char* format, ...);
  Value fail_incomplete(Position where, const char* what, const char* remedy);

  VmState* vm_;
  std::string_view source_;
  std::string name_;
  Cursor cursor_;
  heap::RootedValues values_;  // first and last pair of each open list; last of all the datum just read
  std::vector<Open> open_;
  SourceMap* map_ = nullptr;
  bool checked_ = false;
  bool incomplete_ = false;
};

}  // namespace terrace::text
