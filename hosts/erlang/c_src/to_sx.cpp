// to_sx.cpp: the mapping, term by term.
#include "to_sx.hpp"

#include <cmath>
#include <cstring>
#include <limits>

namespace terrace::erlang {

namespace {

Failure bad_value(std::string message) { return Failure::of("bad-value", std::move(message)); }

Failure bad_tag(const std::string& tag, const char* needs) {
  return bad_value("{" + tag + ", ...} needs " + needs + "; a tuple that begins so is written {tuple, [" + tag +
                   ", ...]}");
}

// A function of Erlang as a function of SX: calling it asks the process that runs the program.
constexpr char kWrapper[] =
    "(fn (term) (letrec ((erlang/function (fn args (apply perform 'erlang/call term args)))) erlang/function))";

}  // namespace

jit_value ToSx::convert(Term term) {
  const size_t bottom = frames_.size();
  jit_value done{};
  bool is_done = enter(term, &done);
  for (;;) {
    if (is_done && frames_.size() == bottom) return done;
    Frame& top = frames_.back();
    if (is_done) top.values.add(done);
    if (top.values.size() < top.parts.size()) {
      is_done = enter(top.parts[top.values.size()], &done);
    } else {
      done = finish(top);
      frames_.pop_back();
      is_done = true;
    }
  }
}

Values ToSx::convert_list(Term list) {
  std::vector<Term> parts;
  if (!enif_is_list(env_, list) || collect(list, &parts) != Shape::kList) throw BadArgument{};
  Values values;
  for (Term part : parts) values.add(convert(part));
  return values;
}

// True: *done is the value. False: a frame was opened.
bool ToSx::enter(Term term, jit_value* done) {
  if (left_-- == 0) throw TooLong{};
  switch (enif_term_type(env_, term)) {
    case ERL_NIF_TERM_TYPE_ATOM:
      return *done = atom(term), true;
    case ERL_NIF_TERM_TYPE_INTEGER:
      return *done = integer(term), true;
    case ERL_NIF_TERM_TYPE_FLOAT:
      return *done = real(term), true;
    case ERL_NIF_TERM_TYPE_BITSTRING:
      return *done = text(term), true;
    case ERL_NIF_TERM_TYPE_LIST:
      return enter_list(term);
    case ERL_NIF_TERM_TYPE_TUPLE:
      return enter_tuple(term, done);
    case ERL_NIF_TERM_TYPE_MAP:
      return enter_map(term);
    case ERL_NIF_TERM_TYPE_FUN:
      return *done = function(term), true;
    case ERL_NIF_TERM_TYPE_REFERENCE:
      return *done = reference(term), true;
    default:
      return *done = wrap_term(vm(), term), true;
  }
}

bool ToSx::enter_list(Term list) {
  std::vector<Term> parts;
  const Shape shape = collect(list, &parts);
  return open(shape, std::move(parts));
}

bool ToSx::enter_tuple(Term term, jit_value* done) {
  const Term* elements;
  int arity;
  enif_get_tuple(env_, term, &arity, &elements);
  const size_t before = frames_.size();
  if (arity > 1 && enif_is_atom(env_, elements[0])) {
    if (enter_tagged(elements, arity, done)) return true;
    if (frames_.size() != before) return false;
  }
  return open(Shape::kTuple, std::vector<Term>(elements, elements + arity));
}

// True: *done is the value. False: a frame was opened, or else the tuple is an ordinary one.
bool ToSx::enter_tagged(const Term* elements, int arity, jit_value* done) {
  const Term tag = elements[0], of = elements[1];
  if (arity == 3) return tag == atoms.ratio && (*done = ratio(of, elements[2]), true);
  if (arity != 2) return false;
  if (tag == atoms.bytes) return *done = bytes(of), true;
  if (tag == atoms.symbol) return *done = named(JIT_SYMBOL, of, "symbol"), true;
  if (tag == atoms.keyword) return *done = named(JIT_KEYWORD, of, "keyword"), true;
  if (tag == atoms.character) return *done = character(of), true;
  if (tag == atoms.f64) return *done = doubles(of), true;
  if (tag == atoms.i64) return *done = integers(of), true;
  if (tag == atoms.term) return *done = wrap_term(vm(), of), true;
  if (tag == atoms.vector) return open(Shape::kVector, proper(of, "vector"));
  if (tag == atoms.tuple) return open(Shape::kTuple, proper(of, "tuple"));
  return false;
}

bool ToSx::enter_map(Term map) {
  ErlNifMapIterator at;
  std::vector<Term> parts;
  Term key, value;
  if (!enif_map_iterator_create(env_, map, &at, ERL_NIF_MAP_ITERATOR_FIRST)) throw std::bad_alloc();
  for (; enif_map_iterator_get_pair(env_, &at, &key, &value); enif_map_iterator_next(env_, &at)) {
    parts.push_back(key);
    parts.push_back(value);
  }
  enif_map_iterator_destroy(env_, &at);
  return open(Shape::kDict, std::move(parts));
}

bool ToSx::open(Shape shape, std::vector<Term> parts) {
  if (parts.size() > left_) throw TooLong{};
  frames_.push_back({shape, std::move(parts), {}});
  return false;
}

// The elements of a list; of an improper one also what stands behind the last bar.
ToSx::Shape ToSx::collect(Term list, std::vector<Term>* parts) const {
  Term head;
  while (enif_get_list_cell(env_, list, &head, &list)) {
    parts->push_back(head);
    if (parts->size() > left_) throw TooLong{};
  }
  if (enif_is_empty_list(env_, list)) return Shape::kList;
  parts->push_back(list);
  return Shape::kImproper;
}

std::vector<Term> ToSx::proper(Term list, const char* tag) const {
  std::vector<Term> parts;
  if (!enif_is_list(env_, list) || collect(list, &parts) != Shape::kList) throw bad_tag(tag, "a proper list");
  return parts;
}

jit_value ToSx::finish(Frame& frame) const {
  const jit_value* items = frame.values.data();
  const size_t count = frame.values.size();
  jit_ref* ref = nullptr;
  jit_error* error = nullptr;
  switch (frame.shape) {
    case Shape::kList:
      if (!count) return jit_value{};
      check(lib().list_new(vm(), items, count, &ref, &error), error);
      break;
    case Shape::kImproper:
      return finish_improper(frame);
    case Shape::kTuple:
      check(lib().tuple_new(vm(), items, count, &ref, &error), error);
      break;
    case Shape::kVector:
      check(lib().vector_new(vm(), items, count, &ref, &error), error);
      break;
    case Shape::kDict:
      check(lib().dict_new(vm(), items, count / 2, &ref, &error), error);
      break;
  }
  return ref_value(ref);
}

jit_value ToSx::finish_improper(const Frame& frame) const {
  size_t i = frame.values.size() - 1;
  Values built;
  built.add(jit_value{});
  const jit_value* tail = &frame.values[i];
  while (i-- > 0) {
    jit_ref* ref = nullptr;
    jit_error* error = nullptr;
    check(lib().pair_new(vm(), &frame.values[i], tail, &ref, &error), error);
    forget(built.take(0));
    *built.resize(1) = ref_value(ref);
    tail = built.data();
  }
  return built.take(0);
}

jit_value ToSx::atom(Term term) {
  if (term == atoms.true_ || term == atoms.false_) return integer_value(JIT_BOOL, term == atoms.true_);
  if (term == atoms.nil) return jit_value{};
  if (term == atoms.unspecified) return integer_value(JIT_UNSPECIFIED, 0);
  jit_value value{};
  value.kind = JIT_DOUBLE;
  value.as.number = std::numeric_limits<double>::infinity();
  if (term == atoms.infinity) return value;
  value.as.number = -value.as.number;
  if (term == atoms.neg_infinity) return value;
  value.as.number = std::numeric_limits<double>::quiet_NaN();
  if (term == atoms.nan) return value;
  return named(JIT_SYMBOL, term, "symbol");
}

jit_value ToSx::integer(Term term) {
  ErlNifSInt64 small;
  if (enif_get_int64(env_, term, &small)) return integer_value(JIT_INT, small);
  std::string digits;
  if (!get_big_integer(env_, term, &digits)) throw std::bad_alloc();
  return text_value(JIT_INTEGER_TEXT, keep(std::move(digits)));
}

jit_value ToSx::real(Term term) const {
  jit_value value{};
  value.kind = JIT_DOUBLE;
  enif_get_double(env_, term, &value.as.number);
  return value;
}

jit_value ToSx::text(Term term) const {
  std::string_view text;
  if (!get_text(env_, term, &text))
    throw bad_value("a bitstring whose bits do not fill its last byte has no counterpart in SX");
  if (!is_utf8(text)) throw bad_value("the binary is no UTF-8 text; bytes are written {bytes, Binary}");
  return text_value(JIT_STRING, text);
}

// References of ours stand for values; all others are terms.
jit_value ToSx::reference(Term term) const {
  const Ref* ref = get_resource<Ref>(env_, term);
  if (!ref) return wrap_term(vm(), term);
  // A released reference is passed on too: the library says what is wrong with it.
  jit_ref* retained = lib().ref_retain(ref->handle.get());
  return ref_value(retained ? retained : ref->handle.get());
}

jit_value ToSx::function(Term term) const {
  Values arguments;
  arguments.add(wrap_term(vm(), term));
  return call(function_wrapper(), arguments);
}

jit_ref* ToSx::function_wrapper() const {
  if (vm_.tools.wrap_function) return vm_.tools.wrap_function;
  jit_value wrapper{};
  jit_error* error = nullptr;
  check(lib().eval(vm(), kWrapper, sizeof kWrapper - 1, "erlang", &wrapper, nullptr, &error), error);
  return vm_.tools.wrap_function = wrapper.as.ref;
}

jit_value ToSx::call(jit_ref* function, const Values& arguments) const {
  const jit_value callee = ref_value(function);
  jit_value result{};
  jit_error* error = nullptr;
  check(lib().call(vm(), &callee, arguments.data(), arguments.size(), &result, nullptr, &error), error);
  return result;
}

jit_value ToSx::named(uint32_t kind, Term name, const char* tag) {
  std::string_view text;
  if (get_text(env_, name, &text)) return text_value(kind, text);
  std::string kept;
  if (!get_atom(env_, name, &kept)) throw bad_tag(tag, "an atom or a binary");
  return text_value(kind, keep(std::move(kept)));
}

jit_value ToSx::bytes(Term term) const {
  std::string_view text;
  if (!get_text(env_, term, &text)) throw bad_tag("bytes", "a binary");
  return text_value(JIT_BYTES, text);
}

jit_value ToSx::character(Term term) const {
  ErlNifSInt64 code;
  if (!enif_get_int64(env_, term, &code)) throw bad_tag("char", "a code point");
  return integer_value(JIT_CHAR, code);
}

// The binary of a packed vector: elements of eight bytes.
std::string_view ToSx::packed(Term term, const char* tag) const {
  std::string_view data;
  if (!get_text(env_, term, &data) || data.size() % 8 != 0)
    throw bad_tag(tag, "a binary of 8 native bytes for each element");
  return data;
}

jit_value ToSx::doubles(Term term) const {
  const std::string_view data = packed(term, "f64");
  std::vector<double> numbers(data.size() / 8);  // the binary may lie unaligned
  if (!data.empty()) std::memcpy(numbers.data(), data.data(), data.size());
  jit_ref* ref = nullptr;
  jit_error* error = nullptr;
  check(lib().f64_new(vm(), numbers.data(), numbers.size(), &ref, &error), error);
  return ref_value(ref);
}

jit_value ToSx::integers(Term term) const {
  const std::string_view data = packed(term, "i64");
  Values made;
  made.add(integer_value(JIT_INT, static_cast<int64_t>(data.size() / 8)));
  made.add(call(vm_.tools.make_i64, made));
  for (size_t i = 0; i < data.size() / 8; i++) {
    jit_value element = integer_value(JIT_INT, 0);
    std::memcpy(&element.as.integer, data.data() + i * 8, 8);
    jit_error* error = nullptr;
    check(lib().set(made[1].as.ref, i, &element, &error), error);
  }
  return made.take(1);
}

jit_value ToSx::ratio(Term numerator, Term denominator) {
  const auto is_integer = [this](Term t) { return enif_term_type(env_, t) == ERL_NIF_TERM_TYPE_INTEGER; };
  if (!is_integer(numerator) || !is_integer(denominator)) throw bad_tag("ratio", "two integers");
  Values parts;
  parts.add(integer(numerator));
  parts.add(integer(denominator));
  return call(vm_.tools.divide, parts);
}

}  // namespace terrace::erlang
