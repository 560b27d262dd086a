// text/reader.cpp: lists and prefixes, on an explicit stack.
#include "text/reader.hpp"

#include <cstdarg>
#include <cstdio>

#include "frame/number.hpp"
#include "heap/vector.hpp"

namespace terrace::text {
using frame::heap_of;
using frame::vm_of;
using value::kNil;
using value::kUnwind;

namespace {

// Byte offset of the first byte that is not UTF-8, or npos.
size_t find_bad_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      at++;
      continue;
    }
    uint32_t c;
    size_t n = decode_utf8(text.substr(at), &c);
    if (n == 0) return at;
    at += n;
  }
  return std::string_view::npos;
}

char closer_of(std::string_view opener) {
  switch (opener.back()) {
    case '[':
      return ']';
    case '{':
      return '}';
    default:
      return ')';
  }
}

}  // namespace

Reader::Reader(VmState* vm, std::string_view source, std::string_view name)
    : vm_(vm), source_(source), name_(name), cursor_(source), values_(heap_of(vm)) {}

Value Reader::next(SourceMap& map) {
  map_ = &map;
  open_.clear();
  values_.clear();
  incomplete_ = false;
  if (!checked_) {
    checked_ = true;
    size_t bad = find_bad_utf8(source_);
    if (bad != source_.npos) {
      Cursor to_bad(source_);
      while (to_bad.offset() < bad) to_bad.next();
      return fail(to_bad.position(), "byte 0x%02X is not UTF-8; save the text as UTF-8",
                  static_cast<unsigned char>(source_[bad]));
    }
  }
  while (true) {
    Position comment;
    if (!cursor_.skip_blanks(&comment)) return fail_incomplete(comment, "the comment #| is never closed", "add |#");
    if (cursor_.at_end()) return open_.empty() ? value::kEof : unfinished();
    Step step = read_item();
    if (step == Step::kFailed) {
      cursor_.go_to_end();
      return kUnwind;
    }
    if (step == Step::kDone) return values_.back();
  }
}

Value Reader::unfinished() {
  const Open& innermost = open_.back();
  std::string text(innermost.text);
  if (innermost.shape == Shape::kPrefix || innermost.shape == Shape::kComment) {
    return fail_incomplete(innermost.where, ("the text ends after " + text).c_str(), "add the datum it applies to");
  }
  std::string remedy = std::string("add ") + closer_of(innermost.text);
  return fail_incomplete(innermost.where, ("this " + text + " is never closed").c_str(), remedy.c_str());
}

Reader::Step Reader::read_item() {
  Position where = cursor_.position();
  switch (cursor_.peek()) {
    case '(':
      return open(Shape::kList, "(");
    case '[':
      return open(Shape::kBracket, "[");
    case '{':
      return open(Shape::kBrace, "{");
    case ')':
    case ']':
    case '}':
      return close();
    case '.':
      if (is_delimiter(static_cast<unsigned char>(cursor_.peek(1)))) return dot(where);
      return atom(where);
    case '#':
      if (cursor_.peek(1) == '(') return open(Shape::kVector, "#(");
      if (cursor_.peek(1) == ';') return open(Shape::kComment, "#;");
      if (cursor_.looking_at("#u8(")) return open(Shape::kBytes, "#u8(");
      if (cursor_.looking_at("#f64(")) return open(Shape::kF64, "#f64(");
      if (cursor_.looking_at("#i64(")) return open(Shape::kI64, "#i64(");
      if (cursor_.looking_at("#`")) break;
      return atom(where);
    default:
      break;
  }
  for (const Abbreviation& a : kAbbreviations) {
    if (cursor_.looking_at(a.prefix)) return open(Shape::kPrefix, a.prefix, a.symbol);
  }
  return atom(where);
}

Reader::Step Reader::atom(Position where) {
  Value datum = read_atom(where);
  return datum == kUnwind ? Step::kFailed : deliver(datum, where);
}

Reader::Step Reader::open(Shape shape, std::string_view text, std::string_view symbol) {
  open_.push_back({shape, Tail::kNone, cursor_.position(), text, symbol, 0});
  values_.push(kNil);
  values_.push(kNil);
  cursor_.skip(text.size());
  return Step::kMore;
}

Reader::Step Reader::dot(Position where) {
  bool in_list = !open_.empty() && open_.back().shape == Shape::kList;
  if (!in_list || open_.back().count == 0 || open_.back().tail != Tail::kNone) {
    fail(where, "a dot stands only before the last element of a list, as in (a . b); write |.| for the symbol");
    return Step::kFailed;
  }
  open_.back().tail = Tail::kExpected;
  cursor_.skip(1);
  return Step::kMore;
}

Reader::Step Reader::close() {
  Position where = cursor_.position();
  char c = cursor_.peek();
  if (open_.empty()) {
    fail(where, "this %c closes nothing; remove it or add what it should close", c);
    return Step::kFailed;
  }
  Open done = open_.back();
  std::string text(done.text);
  if (done.shape == Shape::kPrefix || done.shape == Shape::kComment) {
    fail(where, "%s has nothing to apply to before %c; add a datum between them", text.c_str(), c);
    return Step::kFailed;
  }
  if (c != closer_of(done.text)) {
    fail(where, "this %c does not close the %s opened at %u:%u; write %c", c, text.c_str(), done.where.line,
         done.where.column, closer_of(done.text));
    return Step::kFailed;
  }
  if (done.tail == Tail::kExpected) {
    fail(where, "nothing stands between the dot and %c; remove the dot or add the tail", c);
    return Step::kFailed;
  }
  cursor_.skip(1);
  Value list = values_[values_.size() - 2];
  Value datum;
  if (!build(done, list, &datum)) return Step::kFailed;
  values_.resize(values_.size() - 2, kNil);
  open_.pop_back();
  return deliver(datum, done.where);
}

// Makes the datum that the elements between the delimiters stand for.
bool Reader::build(const Open& done, Value list, Value* datum) {
  switch (done.shape) {
    case Shape::kVector:
      *datum = build_vector(list, done.count);
      break;
    case Shape::kBytes:
    case Shape::kF64:
    case Shape::kI64:
      *datum = build_packed(done, list);
      break;
    case Shape::kBracket:
    case Shape::kBrace:
      *datum = heap_of(vm_).cons(vm_of(vm_).intern(done.shape == Shape::kBracket ? "vector" : "dict"), list);
      break;
    default:
      *datum = list;
      break;
  }
  if (value::is_pair(*datum)) map_->note(*datum, done.where);
  return *datum != kUnwind;
}

// Hands a finished datum to what is open around it. kDone: it is a top-level datum, now the last of values_.
Reader::Step Reader::deliver(Value datum, Position where) {
  while (!open_.empty() && open_.back().shape == Shape::kPrefix) {
    Value tail = heap_of(vm_).cons(datum, kNil);
    if (value::is_symbol(datum)) map_->note(tail, where);
    where = open_.back().where;
    values_[values_.size() - 2] = tail;
    datum = heap_of(vm_).cons(vm_of(vm_).intern(open_.back().symbol), tail);
    map_->note(datum, where);
    values_.resize(values_.size() - 2, kNil);
    open_.pop_back();
  }
  if (open_.empty()) {
    values_.push(datum);
    map_->set_whole(where);
    return Step::kDone;
  }
  if (open_.back().shape == Shape::kComment) {
    values_.resize(values_.size() - 2, kNil);
    open_.pop_back();
    return Step::kMore;
  }
  return append(datum, where);
}

Reader::Step Reader::append(Value datum, Position where) {
  Open& list = open_.back();
  Value& first = values_[values_.size() - 2];
  Value& last = values_[values_.size() - 1];
  if (list.tail == Tail::kRead) {
    fail(where, "only one datum may follow the dot; remove the dot or what follows the tail");
    return Step::kFailed;
  }
  Value link = datum;
  if (list.tail == Tail::kNone) {
    link = heap_of(vm_).cons(datum, kNil);
    if (value::is_symbol(datum)) map_->note(link, where);
    list.count++;
  } else {
    list.tail = Tail::kRead;
  }
  if (value::is_nil(first)) {
    first = link;
  } else {
    value::as_pair(last)->cdr = link;
    heap::Heap::write_barrier(value::as_pair(last));
  }
  last = link;
  return Step::kMore;
}

// --- vectors as constants

Value Reader::build_vector(Value list, uint64_t count) {
  value::Vector* vector = heap::try_vector(heap_of(vm_), count);
  if (vector == nullptr) return frame::raise_error(vm_, frame::ErrorKind::kHeapLimit, "read: no memory for a vector");
  for (uint64_t i = 0; i < count; i++, list = value::cdr(list)) vector->slot[i] = value::car(list).bits;
  heap::pack(vector);
  return value::from_object(vector);
}

namespace {

bool element(Value v, double* out) {
  if (!frame::number::is_number(v)) return false;
  *out = frame::number::to_double(v);
  return true;
}
bool element(Value v, int64_t* out) { return frame::number::to_int64(v, out); }
bool element(Value v, uint8_t* out) {
  if (!value::is_fixnum(v) || value::fixnum_value(v) < 0 || value::fixnum_value(v) > 255) return false;
  *out = static_cast<uint8_t>(value::fixnum_value(v));
  return true;
}

// Answers how many elements could be stored; `result` is nil when there is no memory.
template <class T, class Element>
uint64_t fill_packed(VmState* vm, value::Type type, Value list, uint64_t count, Value* result) {
  auto* packed = heap_of(vm).try_make<T>(type, count * sizeof(Element));
  *result = kNil;
  if (packed == nullptr) return 0;
  packed->length = count;
  packed->data = packed->storage;
  packed->owner = value::kFalse;
  *result = value::from_object(packed);
  uint64_t i = 0;
  while (i < count && element(value::car(list), &packed->storage[i])) {
    list = value::cdr(list);
    i++;
  }
  return i;
}

}  // namespace

Value Reader::build_packed(const Open& done, Value list) {
  Value result;
  uint64_t stored;
  const char* wanted;
  if (done.shape == Shape::kBytes) {
    stored = fill_packed<value::Bytes, uint8_t>(vm_, value::Type::kBytes, list, done.count, &result);
    wanted = "an integer from 0 to 255";
  } else if (done.shape == Shape::kF64) {
    stored = fill_packed<value::F64Vector, double>(vm_, value::Type::kF64Vector, list, done.count, &result);
    wanted = "a number";
  } else {
    stored = fill_packed<value::I64Vector, int64_t>(vm_, value::Type::kI64Vector, list, done.count, &result);
    wanted = "an integer of 64 bits";
  }
  if (result == kNil) return frame::raise_error(vm_, frame::ErrorKind::kHeapLimit, "read: no memory for a vector");
  if (stored == done.count) return result;
  std::string text(done.text);
  return fail(done.where, "element %llu of %s...) is not %s; change it", static_cast<unsigned long long>(stored),
              text.c_str(), wanted);
}

// --- errors

Value Reader::fail(Position where, const char* format, ...) {
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  cursor_.go_to_end();
  frame::raise_error(vm_, frame::ErrorKind::kRead, "%s:%u:%u: %s", name_.c_str(), where.line, where.column, message);
  frame::add_place(vm_, name_, where.line, where.column);
  return value::kUnwind;
}

Value Reader::fail_incomplete(Position where, const char* what, const char* remedy) {
  incomplete_ = true;
  return fail(where, "%s; %s", what, remedy);
}

}  // namespace terrace::text
