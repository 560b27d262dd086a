// text/printer.cpp: walking compound values on an explicit stack; atoms are in print_atom.cpp.
//
// Every compound value that is begun is a Walk on the stack until it ends, so the Walks are the path from the outermost
// value to the one being written: a value found on its own path is a cycle. A list whose tail leads back into itself
// never comes to a value again, so list walks look for that by themselves.
#include "text/printer.hpp"

#include <unordered_set>
#include <vector>

#include "frame/vm.hpp"
#include "heap/record_types.hpp"
#include "heap/vector.hpp"
#include "text/print_atom.hpp"
#include "text/syntax_chars.hpp"

namespace terrace::text {
using value::as;
using value::Type;

namespace {

// A compound value being written.
struct Walk {
  Value value;
  Value at;                  // list: the rest
  uint64_t next = 0;         // elements written so far; for a dict: entries looked at
  Value mark = value::kNil;  // list: an earlier pair, to notice a tail that leads back
  uint64_t mark_again = 2;   // list: number of elements at which `mark` moves on
  const char* end = ")";
  bool in_value = false;  // dict: the key of the entry is written and its value is not
  bool started = false;   // dict: something is written
};

class Printer {
 public:
  Printer(std::string& out, Style style, size_t limit) : out_(out), style_(style), end_(out.size() + limit) {}
  void run(Value v);

 private:
  void begin(Value v);
  void begin_pair(Value v);
  void begin_object(Value v);
  void push(Value v, const char* opening, const char* end);
  void step();
  void finish();
  void element(Walk& walk, Value v);
  void step_list(Walk& walk);
  void step_indexed(Walk& walk, const Value* data, uint64_t length);
  void step_vector(Walk& walk, heap::VectorView vector);
  void step_dict(Walk& walk);
  void step_record(Walk& walk);
  void step_error(Walk& walk);

  std::string& out_;
  Style style_;
  size_t end_;
  std::vector<Walk> walks_;
  std::unordered_set<uint64_t> path_;
};

// 'x for (quote x), and so on; empty when `pair` is not of that shape.
std::string_view abbreviation_of(Value pair) {
  Value head = value::car(pair);
  Value rest = value::cdr(pair);
  if (!value::is_symbol(head) || !value::is_pair(rest) || !value::is_nil(value::cdr(rest))) return {};
  std::string_view name = frame::symbol_name(head);
  for (const Abbreviation& a : kAbbreviations) {
    if (a.symbol == name) return a.prefix;
  }
  return {};
}

void Printer::run(Value v) {
  begin(v);
  while (!walks_.empty()) {
    if (out_.size() > end_) {
      out_ += "...";
      return;
    }
    step();
  }
}

void Printer::begin(Value v) {
  if (value::is_pair(v)) return begin_pair(v);
  if (value::is_object(v)) return begin_object(v);
  print_atom(out_, v, style_, end_);
}

// Opens a compound value, or writes ... when it is open already.
void Printer::push(Value v, const char* opening, const char* end) {
  if (!path_.insert(v.bits).second) {
    out_ += "...";
    return;
  }
  out_ += opening;
  Walk walk{.value = v, .at = v};
  walk.mark = v;
  walk.end = end;
  walks_.push_back(walk);
}

// Written together, the comma and the name of a symbol such as @x would be read as the prefix of (unquote-splicing x).
std::string_view set_apart(std::string_view prefix, Value datum) {
  const bool runs_together = prefix == "," && value::is_symbol(datum) && frame::symbol_name(datum).starts_with('@');
  return runs_together ? ", " : prefix;
}

void Printer::begin_pair(Value v) {
  std::string_view prefix = abbreviation_of(v);
  if (prefix.empty()) return push(v, "(", ")");
  size_t open = walks_.size();
  push(v, set_apart(prefix, value::car(value::cdr(v))).data(), "");
  if (walks_.size() == open) return;
  walks_.back().at = value::cdr(v);
  walks_.back().mark = walks_.back().at;
}

void Printer::begin_object(Value v) {
  switch (as<value::Object>(v)->type) {
    case Type::kVector:
      return push(v, "#(", ")");
    case Type::kTuple:
      return push(v, as<value::Tuple>(v)->length == 0 ? "#<tuple" : "#<tuple ", ">");
    case Type::kDict:
      return push(v, "{", "}");
    case Type::kValues:
      return push(v, as<value::Values>(v)->length == 0 ? "#<values" : "#<values ", ">");
    case Type::kBox:
      return push(v, "#<box ", ">");
    case Type::kRecord:
      return push(v, "#<", ">");
    case Type::kError:
      return push(v, "#<error ", ">");
    default:
      return print_atom(out_, v, style_, end_);
  }
}

void Printer::step() {
  Walk& walk = walks_.back();
  if (value::is_pair(walk.value)) return step_list(walk);
  switch (as<value::Object>(walk.value)->type) {
    case Type::kVector:
      return step_vector(walk, heap::VectorView(as<value::Vector>(walk.value)));
    case Type::kTuple:
    case Type::kValues:
      return step_indexed(walk, as<value::Tuple>(walk.value)->data, as<value::Tuple>(walk.value)->length);
    case Type::kBox:
      return step_indexed(walk, &as<value::Box>(walk.value)->value, 1);
    case Type::kDict:
      return step_dict(walk);
    case Type::kRecord:
      return step_record(walk);
    default:
      return step_error(walk);
  }
}

void Printer::finish() {
  out_ += walks_.back().end;
  path_.erase(walks_.back().value.bits);
  walks_.pop_back();
}

// Writes one element after the ones before it. `walk` is invalid afterwards.
void Printer::element(Walk& walk, Value v) {
  if (walk.next++ > 0) out_ += ' ';
  begin(v);
}

void Printer::step_list(Walk& walk) {
  if (value::is_nil(walk.at)) return finish();
  if (!value::is_pair(walk.at)) {
    Value tail = walk.at;
    walk.at = value::kNil;
    out_ += " .";
    return element(walk, tail);
  }
  if (walk.next > 0 && walk.at == walk.mark) {
    walk.at = value::kNil;
    out_ += " ...";
    return;
  }
  if (walk.next == walk.mark_again) {
    walk.mark_again *= 2;
    walk.mark = walk.at;
  }
  Value head = value::car(walk.at);
  walk.at = value::cdr(walk.at);
  element(walk, head);
}

void Printer::step_indexed(Walk& walk, const Value* data, uint64_t length) {
  if (walk.next == length) return finish();
  element(walk, data[walk.next]);
}

void Printer::step_vector(Walk& walk, heap::VectorView vector) {
  if (walk.next == vector.length()) return finish();
  element(walk, vector[walk.next]);
}

void Printer::step_dict(Walk& walk) {
  const auto* dict = as<value::Dict>(walk.value);
  if (!walk.in_value) {
    while (walk.next < dict->used && value::words_of(as<value::Vector>(dict->entries))[3 * walk.next] == value::kUnbound)
      walk.next++;
  }
  if (walk.next >= dict->used) return finish();
  const Value* entry = value::words_of(as<value::Vector>(dict->entries)) + 3 * walk.next;
  if (walk.started) out_ += ' ';
  walk.started = true;
  if (walk.in_value) walk.next++;
  walk.in_value = !walk.in_value;
  begin(entry[walk.in_value ? 0 : 1]);
}

// #<point :x 1 :y 2>; fields that the type's list of names does not cover are written without a name.
void Printer::step_record(Walk& walk) {
  const auto* record = as<value::Record>(walk.value);
  const auto* type = as<value::RecordType>(heap::type_of(record));
  const auto* names = as<value::Vector>(type->fields);
  if (walk.next == 0) print_atom(out_, type->name, Style::kDisplay, end_);
  if (walk.next == names->length) return finish();
  out_ += " :";
  print_atom(out_, value::words_of(names)[walk.next], style_, end_);
  out_ += ' ';
  const uint64_t n = walk.next++, bits = record->field[n];
  heap::LooseFloat number;
  begin(record->is_raw(n) ? number.of(bits) : Value{bits});
}

// #<error kind: message irritant ...>
void Printer::step_error(Walk& walk) {
  const auto* error = as<value::Error>(walk.value);
  if (walk.next == 0) {
    print_atom(out_, error->kind, Style::kDisplay, end_);
    out_ += ": ";
    print_atom(out_, error->message, Style::kDisplay, end_);
    walk.at = error->irritants;
    walk.mark = walk.at;
    walk.next = 1;
  }
  if (!value::is_pair(walk.at) || (walk.next > 1 && walk.at == walk.mark)) return finish();
  Value irritant = value::car(walk.at);
  walk.at = value::cdr(walk.at);
  element(walk, irritant);
}

}  // namespace

void print(std::string& out, Value v, Style style, size_t limit) { Printer(out, style, limit).run(v); }

}  // namespace terrace::text
