// syntax/pattern.cpp: reading patterns.
//
//   _  name  literal  'datum  `template  (p ...)  (p . rest)  (p q ...)  (list p ...)  (cons p q)  #(p ...)  [p ...]
//   {key p ...}  (tuple p ...)  (box p)  (type p ...)  (record type p ...)  (? test p ...)  (and p ...)  (or p ...)
//   (not p)  (as name p)
//
// Where `...` stands as it is written, behind the last element of a list or vector, that element's pattern is for all that
// are left.
#include "syntax/pattern.hpp"

#include <algorithm>

#include "frame/alias.hpp"
#include "frame/vm.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;
using value::is_symbol;

namespace {

// The elements of a vector as a list that is kept.
Value elements_of(Unit& unit, Value vector) {
  auto* v = value::as<value::Vector>(vector);
  return unit.keep(frame::list_of_vector(unit.vm(), v, 0, v->length));
}

}  // namespace

Pattern* PatternReader::make(Kind kind, Value v, Parts parts) {
  Pattern& made = patterns_.emplace_back();
  made.kind = kind;
  made.at = unit_.here();
  made.value = v;
  made.parts = std::move(parts);
  return &made;
}

// The datum as it was written, also in a template.
const Pattern* PatternReader::constant(Value datum) {
  Value written = frame::strip_aliases(unit_.vm(), datum);
  if (written == value::kUnwind) unit_.give_up();
  return make(Kind::kConstant, unit_.keep(written));
}

void PatternReader::declare(Value name) {
  if (std::find(names_.begin(), names_.end(), name) != names_.end())
    fail("the name '" + text_of(name) + "' is bound twice by one pattern", "choose different names, or test with (when (equal? a b))");
  names_.push_back(name);
}

std::vector<Value> PatternReader::items(Value list) {
  std::vector<Value> found;
  for (; is_pair(list); list = cdr(list)) found.push_back(car(list));
  if (!is_nil(list)) fail("a pattern of this kind ends in a dot and a value", "write a proper list");
  return found;
}

const Pattern* PatternReader::read(Value form) {
  unit_.check_depth();
  if (is_symbol(form)) return read_symbol(form);
  if (value::is_vector(form)) return read_vector(items(elements_of(unit_, form)), Kind::kVector);
  if (!is_pair(form)) return constant(form);
  Unit::At at(unit_, form);
  return read_compound(form);
}

const Pattern* PatternReader::read_symbol(Value name) {
  if (is_named(name, "_") || is_named(name, "else")) return make(Kind::kAny);
  if (is_named(name, "...")) fail("... stands where it repeats nothing", "write it behind the last pattern of a list or vector");
  declare(name);
  return make(Kind::kVariable, name);
}

const Pattern* PatternReader::read_compound(Value form) {
  Value head = car(form), rest = cdr(form);
  if (!is_symbol(head)) return read_list(form);
  if (is_named(head, "quote")) return quoted(form);
  if (is_named(head, "quasiquote")) {
    if (items(form).size() != 2) fail("a template is not well formed", "write it as `template");
    return read_template(car(rest));
  }
  if (is_named(head, "list")) return read_list(rest);
  if (is_named(head, "cons")) {
    Parts parts = read_each(rest);
    if (parts.size() != 2) fail("a pattern of a pair is not well formed", "write it as (cons pattern pattern)");
    return make(Kind::kPair, value::kNil, parts);
  }
  if (is_named(head, "vector")) return read_vector(items(rest), Kind::kVector);
  if (is_named(head, "tuple")) return read_vector(items(rest), Kind::kTuple);
  if (is_named(head, "dict")) return read_dict(rest);
  if (is_named(head, "box")) {
    Parts parts = read_each(rest);
    if (parts.size() != 1) fail("a pattern of a box is not well formed", "write it as (box pattern)");
    return make(Kind::kBox, value::kNil, parts);
  }
  if (is_named(head, "?")) return read_test(rest);
  if (is_named(head, "and")) return make(Kind::kAll, value::kNil, read_each(rest));
  if (is_named(head, "or")) return read_some(rest);
  if (is_named(head, "not")) return read_none(rest);
  if (is_named(head, "as")) return read_as(rest);
  if (is_named(head, "record")) {
    if (!is_pair(rest) || !is_symbol(car(rest)))
      fail("a pattern of a record is not well formed", "write it as (record type pattern ...)");
    return read_record(car(rest), cdr(rest));
  }
  return is_record_type_(head) ? read_record(head, rest) : read_list(form);
}

PatternReader::Parts PatternReader::read_each(Value list) {
  Parts parts;
  for (Value item : items(list)) parts.push_back(read(item));
  return parts;
}

const Pattern* PatternReader::quoted(Value form) {
  std::vector<Value> parts = items(form);
  if (parts.size() != 2) fail("a quoted pattern is not well formed", "write it as 'datum");
  return constant(parts[1]);
}

// (p q . rest), (p q ...)
const Pattern* PatternReader::read_list(Value form) {
  unit_.check_depth();
  if (!is_pair(form)) return read(form);
  if (is_named(car(form), "...")) read_symbol(car(form));
  Value rest = cdr(form);
  if (is_pair(rest) && is_named(car(rest), "...")) {
    if (!is_nil(cdr(rest))) fail("something stands behind ...", "let it be the last one of the list");
    return make(Kind::kEach, value::kNil, {read(car(form))});
  }
  const Pattern* first = read(car(form));
  return make(Kind::kPair, value::kNil, {first, read_list(rest)});
}

const Pattern* PatternReader::read_vector(const std::vector<Value>& items, Kind kind) {
  Pattern* made = make(kind);
  for (size_t i = 0; i < items.size(); ++i) {
    made->open = i + 1 < items.size() && is_named(items[i + 1], "...");
    if (!made->open) {
      made->parts.push_back(read(items[i]));
      continue;
    }
    if (i + 2 != items.size()) fail("something stands behind ...", "let it be the last one");
    made->parts.push_back(make(Kind::kEach, value::kNil, {read(items[i])}));
    break;
  }
  return made;
}

// key pattern ...; a key is a literal or quoted
const Pattern* PatternReader::read_dict(Value list) {
  std::vector<Value> all = items(list);
  if (all.size() % 2 != 0) fail("a pattern of a dict has a key without a pattern", "write it as {key pattern ...}");
  Pattern* made = make(Kind::kDict);
  heap::RootedValues keys(frame::heap_of(unit_.vm()));
  for (size_t i = 0; i < all.size(); i += 2) {
    Value key = all[i];
    if (is_pair(key) && is_named(car(key), "quote")) {
      key = quoted(key)->value;
    } else if (is_pair(key) || is_symbol(key)) {
      fail("a key in a pattern of a dict is neither a literal nor quoted", "write {:key pattern} or {'key pattern}");
    }
    keys.push(key);
    made->parts.push_back(read(all[i + 1]));
  }
  made->value = unit_.keep(frame::make_list(unit_.vm(), keys.data(), keys.size()));
  return made;
}

const Pattern* PatternReader::read_test(Value list) {
  if (!is_pair(list)) fail("a test is not well formed", "write it as (? function pattern ...)");
  return make(Kind::kTest, car(list), read_each(cdr(list)));
}

const Pattern* PatternReader::read_as(Value list) {
  std::vector<Value> parts = items(list);
  if (parts.size() != 2 || !is_symbol(parts[0])) fail("a name for a part is not well formed", "write it as (as name pattern)");
  const Pattern* name = read_symbol(parts[0]);
  return make(Kind::kAll, value::kNil, {name, read(parts[1])});
}

// What a refused pattern bound has no value, so it may not bind anything.
const Pattern* PatternReader::read_none(Value list) {
  size_t before = names_.size();
  Parts parts = read_each(list);
  if (parts.size() != 1) fail("a pattern with not is not well formed", "write it as (not pattern)");
  if (names_.size() != before) fail("a pattern inside of not binds a name", "use _ there");
  return make(Kind::kNone, value::kNil, parts);
}

// All alternatives bind the same names.
const Pattern* PatternReader::read_some(Value list) {
  Pattern* made = make(Kind::kSome);
  const std::vector<Value> before = names_;
  auto fresh = [&] { return std::vector<Value>(names_.begin() + static_cast<ptrdiff_t>(before.size()), names_.end()); };
  for (Value item : items(list)) {
    names_ = before;
    made->parts.push_back(read(item));
    std::vector<Value> names = fresh();
    if (made->parts.size() == 1) made->names = names;
    if (!std::is_permutation(names.begin(), names.end(), made->names.begin(), made->names.end()))
      fail("the alternatives of a pattern with or bind different names", "let each bind the same ones");
  }
  return made;
}

const Pattern* PatternReader::read_record(Value name, Value list) { return make(Kind::kRecord, name, read_each(list)); }

// A quoted datum with patterns behind commas.
const Pattern* PatternReader::read_template(Value form) {
  unit_.check_depth();
  if (value::is_vector(form)) {
    Pattern* made = make(Kind::kVector);
    for (Value part : items(elements_of(unit_, form))) made->parts.push_back(read_template(part));
    return made;
  }
  if (!is_pair(form)) return constant(form);
  Unit::At at(unit_, form);
  if (is_named(car(form), "unquote")) {
    if (items(form).size() != 2) fail("a pattern in a template is not well formed", "write it as ,pattern");
    return read(car(cdr(form)));
  }
  Value first = car(form);
  if (is_pair(first) && is_named(car(first), "unquote-splicing")) {
    if (!is_nil(cdr(form)) || items(first).size() != 2)
      fail("something stands behind ,@ in a template", "let ,@pattern be the last one of the list");
    return read(car(cdr(first)));
  }
  const Pattern* head = read_template(first);
  return make(Kind::kPair, value::kNil, {head, read_template(cdr(form))});
}

}  // namespace terrace::syntax
