// to_erlang.cpp: the mapping, value by value.
#include "to_erlang.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace terrace::erlang {

namespace {

// Deeper than anything that is not circular.
constexpr size_t kMaxDepth = 1'000'000;
// Longer than any list is before it is taken for a circular one, if it is not a proper list.
constexpr size_t kMaxImproper = 1 << 20;

Failure circular() {
  return Failure::of("bad-value",
                     "the value contains itself, or is too deep to be a term; ask for it with #{result => reference}");
}

}  // namespace

Term ToErlang::convert(const jit_value& value) {
  const size_t bottom = frames_.size();
  Term done = 0;
  bool is_done = enter(value, &done);
  for (;;) {
    if (is_done && frames_.size() == bottom) return done;
    Frame& top = frames_.back();
    if (is_done) top.terms.push_back(done);
    const size_t next = top.terms.size();
    if (next < top.items.size()) {
      is_done = enter(top.items.take(next), &done);
    } else {
      done = finish(top);
      frames_.pop_back();
      is_done = true;
    }
  }
}

Term ToErlang::as_reference(const jit_value& value) {
  if (value.kind != JIT_REF) return convert(value);
  Values owner;
  owner.add(value);
  auto ref = make_resource<Ref>(vm_, owner.take(0).as.ref);
  return ref.term(env_);
}

// True: *done is the term. False: a frame was opened.
bool ToErlang::enter(const jit_value& value, Term* done) {
  if (value.kind == JIT_REF) return enter_ref(value, done);
  if (left_-- == 0) throw TooLong{};
  switch (value.kind) {
    case JIT_BOOL:
      return *done = value.as.integer ? atoms.true_ : atoms.false_, true;
    case JIT_INT:
      return *done = enif_make_int64(env_, value.as.integer), true;
    case JIT_DOUBLE:
      return *done = real(value.as.number), true;
    case JIT_CHAR:
      return *done = tagged(atoms.character, enif_make_int64(env_, value.as.integer)), true;
    case JIT_UNSPECIFIED:
      return *done = atoms.unspecified, true;
    default:
      return *done = enif_make_list(env_, 0), true;
  }
}

bool ToErlang::enter_ref(const jit_value& value, Term* done) {
  Values owner;
  owner.add(value);
  if (left_-- == 0) throw TooLong{};
  const jit_ref* ref = value.as.ref;
  switch (value.type) {
    case JIT_TYPE_STRING:
      return *done = string(ref), true;
    case JIT_TYPE_SYMBOL:
      return *done = symbol(ref), true;
    case JIT_TYPE_KEYWORD:
      return *done = keyword(ref), true;
    case JIT_TYPE_BYTES:
      return *done = bytes(ref), true;
    case JIT_TYPE_F64_VECTOR:
      return *done = doubles(ref), true;
    case JIT_TYPE_I64_VECTOR:
      return *done = integers(ref), true;
    case JIT_TYPE_BIG_INTEGER:
      return *done = big_integer(ref), true;
    case JIT_TYPE_RATIO:
      return *done = ratio(ref), true;
    case JIT_TYPE_PAIR:
      return open_list(ref), false;
    case JIT_TYPE_VECTOR:
      return open(Shape::kVector, ref, length_of(ref)), false;
    case JIT_TYPE_TUPLE:
      return open(Shape::kTuple, ref, length_of(ref)), false;
    case JIT_TYPE_DICT:
      return open(Shape::kDict, ref, 2 * length_of(ref)), false;
    case JIT_TYPE_HOST_OBJECT:
      return *done = host_object(owner.take(0)), true;
    default:
      return *done = as_reference(owner.take(0)), true;
  }
}

void ToErlang::open(Shape shape, const jit_ref* ref, size_t count) {
  if (frames_.size() >= kMaxDepth) throw circular();
  if (count > left_) throw TooLong{};
  Frame frame{shape, {}, {}};
  size_t written = 0;
  jit_error* error = nullptr;
  check(lib().items(ref, 0, frame.items.resize(count), count, &written, nullptr, &error), error);
  frame.items.resize(written);
  frame.terms.reserve(written);
  frames_.push_back(std::move(frame));
}

void ToErlang::open_list(const jit_ref* ref) {
  size_t length = 0;
  if (lib().length(ref, &length, nullptr) == JIT_OK) return open(Shape::kList, ref, length);
  open_improper(ref);
}

// A list whose end is not known beforehand: asked for more and more until it ends.
void ToErlang::open_improper(const jit_ref* ref) {
  for (size_t capacity = 64; capacity <= kMaxImproper; capacity *= 8) {
    if (capacity > std::max<size_t>(left_, 64)) throw TooLong{};
    Frame frame{Shape::kImproper, {}, {}};
    size_t written = 0;
    jit_value tail{};
    jit_error* error = nullptr;
    check(lib().items(ref, 0, frame.items.resize(capacity), capacity, &written, &tail, &error), error);
    Values tail_owner;
    tail_owner.add(tail);
    if (written == capacity) continue;
    frame.items.resize(written);
    frame.items.add(tail_owner.take(0));
    frames_.push_back(std::move(frame));
    return;
  }
  throw circular();
}

Term ToErlang::finish(Frame& frame) const {
  const size_t count = frame.terms.size();
  const Term nil = enif_make_list(env_, 0);
  switch (frame.shape) {
    case Shape::kList:
      return list_of(frame.terms, count, nil);
    case Shape::kImproper:
      return list_of(frame.terms, count - 1, frame.terms.back());
    case Shape::kVector:
      return tagged(atoms.vector, list_of(frame.terms, count, nil));
    case Shape::kTuple:
      return finish_tuple(frame.terms);
    case Shape::kDict:
      return finish_dict(frame.terms);
  }
  return nil;
}

Term ToErlang::list_of(const std::vector<Term>& terms, size_t count, Term tail) const {
  for (size_t i = count; i-- > 0;) tail = enif_make_list_cell(env_, terms[i], tail);
  return tail;
}

// A tuple that would be read as something else on the way back is marked.
Term ToErlang::finish_tuple(const std::vector<Term>& terms) const {
  const Term tags[] = {atoms.bytes, atoms.symbol, atoms.keyword, atoms.character, atoms.f64,
                       atoms.i64,   atoms.term,   atoms.vector,  atoms.tuple};
  const bool has_tag = terms.size() == 2 && std::find(std::begin(tags), std::end(tags), terms[0]) != std::end(tags);
  if (has_tag || (terms.size() == 3 && terms[0] == atoms.ratio))
    return tagged(atoms.tuple, list_of(terms, terms.size(), enif_make_list(env_, 0)));
  return enif_make_tuple_from_array(env_, terms.data(), static_cast<unsigned>(terms.size()));
}

// Keys that are different in SX may be the same term, as a symbol and a host's atom: then the later one counts.
Term ToErlang::finish_dict(const std::vector<Term>& terms) const {
  const size_t count = terms.size() / 2;
  std::vector<Term> keys(count), values(count);
  for (size_t i = 0; i < count; i++) {
    keys[i] = terms[2 * i];
    values[i] = terms[2 * i + 1];
  }
  Term map;
  if (enif_make_map_from_arrays(env_, keys.data(), values.data(), count, &map)) return map;
  map = enif_make_new_map(env_);
  for (size_t i = 0; i < count; i++) enif_make_map_put(env_, map, keys[i], values[i], &map);
  return map;
}

Term ToErlang::real(double number) const {
  if (std::isnan(number)) return atoms.nan;
  if (std::isinf(number)) return number < 0 ? atoms.neg_infinity : atoms.infinity;
  return enif_make_double(env_, number);
}

std::string_view ToErlang::text_of(const jit_ref* ref) const {
  const char* data = nullptr;
  size_t size = 0;
  jit_error* error = nullptr;
  check(lib().string_data(ref, &data, &size, &error), error);
  return {data, size};
}

// Atoms with a meaning of their own, and names the emulator does not know yet, are marked.
Term ToErlang::symbol(const jit_ref* ref) const {
  const std::string_view name = text_of(ref);
  const Term special[] = {atoms.true_,    atoms.false_,       atoms.nil, atoms.unspecified,
                          atoms.infinity, atoms.neg_infinity, atoms.nan};
  Term atom;
  const bool known = get_known_atom(env_, name, &atom);
  if (known && std::find(std::begin(special), std::end(special), atom) == std::end(special)) return atom;
  return tagged(atoms.symbol, make_binary(env_, name));
}

Term ToErlang::keyword(const jit_ref* ref) const {
  const std::string_view name = text_of(ref);
  Term atom;
  return tagged(atoms.keyword, get_known_atom(env_, name, &atom) ? atom : make_binary(env_, name));
}

Term ToErlang::string(const jit_ref* ref) const { return make_binary(env_, text_of(ref)); }

Term ToErlang::bytes(const jit_ref* ref) const {
  uint8_t* data = nullptr;
  size_t size = 0;
  jit_error* error = nullptr;
  check(lib().bytes_data(ref, &data, &size, &error), error);
  return tagged(atoms.bytes, make_binary(env_, {reinterpret_cast<const char*>(data), size}));
}

Term ToErlang::doubles(const jit_ref* ref) const {
  double* data = nullptr;
  size_t count = 0;
  jit_error* error = nullptr;
  check(lib().f64_data(ref, &data, &count, &error), error);
  return tagged(atoms.f64, make_binary(env_, {reinterpret_cast<const char*>(data), count * sizeof(double)}));
}

Term ToErlang::integers(const jit_ref* ref) const {
  const size_t count = length_of(ref);
  if (count > left_) throw TooLong{};
  std::vector<int64_t> numbers(count);
  for (size_t i = 0; i < count; i++) {
    jit_value element{};
    jit_error* error = nullptr;
    check(lib().get(ref, i, &element, &error), error);
    numbers[i] = element.as.integer;
  }
  return tagged(atoms.i64, make_binary(env_, {reinterpret_cast<const char*>(numbers.data()), count * sizeof(int64_t)}));
}

std::string ToErlang::printed(const jit_ref* ref) const {
  jit_value value{};
  value.kind = JIT_REF;
  value.as.ref = const_cast<jit_ref*>(ref);
  jit_ref* text = nullptr;
  jit_error* error = nullptr;
  check(lib().print(vm_->handle.get(), &value, 1, &text, &error), error);
  Values owner;
  owner.add(ref_value(text));
  return std::string(text_of(text));
}

Term ToErlang::big_integer(const jit_ref* ref) const {
  Term term;
  if (make_big_integer(env_, printed(ref).c_str(), &term)) return term;
  throw Failure::of("bad-value",
                    "the integer is bigger than the emulator can have; ask for it with #{result => reference}");
}

Term ToErlang::ratio(const jit_ref* ref) const {
  std::string text = printed(ref);
  const size_t bar = text.find('/');
  text[bar] = '\0';
  Term numerator, denominator;
  if (make_big_integer(env_, text.c_str(), &numerator) && make_big_integer(env_, text.c_str() + bar + 1, &denominator))
    return enif_make_tuple3(env_, atoms.ratio, numerator, denominator);
  throw Failure::of("bad-value",
                    "the ratio is bigger than the emulator can have; ask for it with #{result => reference}");
}

// Pids, ports and references come out as they went in; other terms with the mark they went in with.
Term ToErlang::host_object(const jit_value& value) {
  Values owner;
  owner.add(value);
  Term term;
  if (!unwrap_term(env_, value.as.ref, &term)) return as_reference(owner.take(0));
  const bool plain = enif_is_pid(env_, term) || enif_is_port(env_, term) || enif_is_ref(env_, term);
  return plain ? term : tagged(atoms.term, term);
}

size_t ToErlang::length_of(const jit_ref* ref) const {
  size_t length = 0;
  jit_error* error = nullptr;
  check(lib().length(ref, &length, &error), error);
  return length;
}

}  // namespace terrace::erlang
