// text/source_map.hpp: where in the source text a list was read.
//
// Answers for: line and column of pairs, for the compiler's messages and for traces. Not for: forms that macros make,
// which have no place of their own: the compiler takes that of the nearest form around them. Invariant: keyed by
// address, so it is good only while the form read stays alive; pairs never move.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "value/objects.hpp"

namespace terrace::text {

// Both count from 1; columns count code points. Line 0: not known.
struct Position {
  uint32_t line = 0;
  uint32_t column = 0;
  explicit operator bool() const { return line != 0; }
  friend bool operator==(Position, Position) = default;
};

class SourceMap {
 public:
  // `pair` is the first pair of a list (its place is that of its opening parenthesis), or a later one whose element is
  // a symbol (its place is that of the symbol).
  void note(Value pair, Position where) { places_[pair.bits] = where; }
  // The place of a list, or of the symbol that the pair holds; no place for what was not read.
  Position find(Value pair) const {
    auto found = places_.find(pair.bits);
    return found == places_.end() ? Position{} : found->second;
  }
  // The place of the outermost datum, whatever its type.
  Position whole() const { return whole_; }
  void set_whole(Position at) { whole_ = at; }
  void clear() {
    places_.clear();
    whole_ = {};
  }

 private:
  std::unordered_map<uint64_t, Position> places_;
  Position whole_;
};

}  // namespace terrace::text
