// syntax/pattern.hpp: the patterns of match, read from forms.
//
// Answers for: what a pattern may look like and whether it is well formed. Not for: the code that tests it (match.cpp).
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "syntax/unit.hpp"

namespace terrace::syntax {

struct Pattern {
  enum class Kind : uint8_t {
    kAny,       // _
    kVariable,  // value: its name
    kConstant,  // value
    kPair,      // parts: car, cdr
    kEach,      // parts: of every element of a proper list
    kVector,    // parts: of the elements; open: the last one of the list of all others
    kTuple,     // the same
    kDict,      // value: list of keys; parts: of their values
    kBox,       // parts: of its contents
    kRecord,    // value: name of the type; parts: of the fields
    kTest,      // value: form of the function; parts: then also these
    kAll,       // parts: all of them
    kSome,      // parts: one of them; names: what each of them binds
    kNone,      // parts: not this one
  } kind;
  Position at;
  Value value = value::kNil;
  std::vector<const Pattern*> parts;
  std::vector<Value> names;
  bool open = false;
};

class PatternReader {
 public:
  // `is_record_type` tells whether a name at the head of a pattern stands for a type of records.
  PatternReader(Unit& unit, std::function<bool(Value)> is_record_type)
      : unit_(unit), is_record_type_(std::move(is_record_type)) {}

  // The pattern of one clause, whose names are all different.
  const Pattern* read_clause(Value form) {
    names_.clear();
    return read(form);
  }

 private:
  using Kind = Pattern::Kind;
  using Parts = std::vector<const Pattern*>;

  const Pattern* read(Value form);
  const Pattern* read_symbol(Value name);
  const Pattern* read_compound(Value form);
  const Pattern* read_list(Value form);
  const Pattern* read_vector(const std::vector<Value>& items, Kind kind);
  const Pattern* read_dict(Value list);
  const Pattern* read_some(Value list);
  const Pattern* read_none(Value list);
  const Pattern* read_as(Value list);
  const Pattern* read_test(Value list);
  const Pattern* read_record(Value name, Value list);
  const Pattern* read_template(Value form);
  const Pattern* quoted(Value form);
  const Pattern* constant(Value datum);
  Parts read_each(Value list);
  Pattern* make(Kind kind, Value v = value::kNil, Parts parts = {});
  void declare(Value name);
  std::vector<Value> items(Value list);
  [[noreturn]] void fail(std::string_view what, std::string_view remedy) { unit_.fail_here(what, remedy); }

  Unit& unit_;
  std::function<bool(Value)> is_record_type_;
  std::deque<Pattern> patterns_;
  std::vector<Value> names_;
};

}  // namespace terrace::syntax
