// tests/unit/test_text.cpp: what the reader reads and refuses, where it says things are, and what the printer writes.
#include "check.hpp"

#undef skip  // cmocka has a macro of that name

#include <memory>
#include <string>

#include "frame/number.hpp"
#include "frame/records.hpp"
#include "text/printer.hpp"
#include "text/reader.hpp"
#include "vm_fixture.hpp"

using namespace terrace;
using namespace terrace::value;
using terrace::test::assert_text;
using terrace::test::Random;
using terrace::test::VmFixture;
using text::Position;
using text::Reader;
using text::SourceMap;

namespace {

#define FIXTURE(f) VmFixture f(__builtin_frame_address(0))

Value read(VmFixture& f, std::string_view source) {
  SourceMap map;
  Reader reader(f.state(), source, "test");
  return reader.next(map);
}

std::string rewritten(VmFixture& f, std::string_view source) {
  Value v = read(f, source);
  return v == kUnwind ? "error: " + f.error_message() : text::written(v);
}

// --- reading

struct Row {
  const char *source, *written;
};

void data_is_read(void**) {
  const Row rows[] = {
      {"()", "nil"},
      {"nil", "nil"},
      {"#t", "true"},
      {"#true", "true"},
      {"#f", "false"},
      {"(a b c)", "(a b c)"},
      {"( a\t(b\n)  c )", "(a (b) c)"},
      {"(a . b)", "(a . b)"},
      {"(a b . (c d))", "(a b c d)"},
      {"(a . ())", "(a)"},
      {"'a", "'a"},
      {"`(a ,b ,@c)", "`(a ,b ,@c)"},
      {"(unquote @c)", ", @c"},
      {", @", ", @"},
      {"''a", "''a"},
      {"'()", "'nil"},
      {"(quote a b)", "(quote a b)"},
      {"[1 2]", "(vector 1 2)"},
      {"[]", "(vector)"},
      {"{:a 1}", "(dict :a 1)"},
      {"#(1 #(2) x)", "#(1 #(2) x)"},
      {"#()", "#()"},
      {"#u8(0 255)", "#u8(0 255)"},
      {"#f64(1 2.5 1/2 1e300)", "#f64(1.0 2.5 0.5 1e300)"},
      {"#i64(-1 9223372036854775807)", "#i64(-1 9223372036854775807)"},
      {"12", "12"},
      {"-3/6", "-1/2"},
      {"#xff", "255"},
      {"1e3", "1000.0"},
      {"+inf.0", "+inf.0"},
      {"+", "+"},
      {"-", "-"},
      {"...", "..."},
      {"1+", "1+"},
      {"->x", "->x"},
      {"a.b", "a.b"},
      {":key", ":key"},
      {":", ":"},
      {":|odd key|", ":|odd key|"},
      {"|odd name|", "|odd name|"},
      {"||", "||"},
      {"|a\\|b|", "|a\\|b|"},
      {"|12|", "|12|"},
      {"|true|", "|true|"},
      {"|abc|", "abc"},
      {"#\\a", "#\\a"},
      {"#\\space", "#\\space"},
      {"#\\ ", "#\\space"},
      {"#\\(", "#\\("},
      {"(#\\))", "(#\\))"},
      {"#\\x41", "#\\A"},
      {"#\\x", "#\\x"},
      {"#\\λ", "#\\λ"},
      {"#\\x0", "#\\null"},
      {"#\\linefeed", "#\\newline"},
      {"\"a\\n\\t\\\\\\\"\"", "\"a\\n\\t\\\\\\\"\""},
      {"\"\\x41;\\u{1F600}\"", "\"A😀\""},
      {"\"one \\\n   two\"", "\"one two\""},
      {"\"a\nb\"", "\"a\\nb\""},
      {"\"\\x1;\"", "\"\\x1;\""},
      {"; comment\n 1", "1"},
      {"#| a #| b |# c |# 2", "2"},
      {"#;(a b) 3", "3"},
      {"#; #; a b 4", "4"},
      {"(a #;b . #;c d)", "(a . d)"},
      {"(a #;b)", "(a)"},
      {"'#;a b", "'b"},
      {"#!/usr/bin/env terrace\n5", "5"},
      {"\xEF\xBB\xBF"
       "6",
       "6"},
      {"(a\xC2\xA0"
       "b)",
       "(a b)"},
      {"λ", "λ"},
      {"a'b", "a"},
  };
  FIXTURE(f);
  for (const Row& row : rows) {
    assert_text(rewritten(f, row.source), row.written);
  }
}

void errors_have_a_place_and_a_remedy(void**) {
  const Row rows[] = {
      {"(a b", "test:1:1: this ( is never closed; add )"},
      {"(a\n  [b", "test:2:3: this [ is never closed; add ]"},
      {"(a))", "(a)"},
      {")", "test:1:1: this ) closes nothing; remove it or add what it should close"},
      {"(a\n b]", "test:2:3: this ] does not close the ( opened at 1:1; write )"},
      {"'", "test:1:1: the text ends after '; add the datum it applies to"},
      {"(')", "test:1:3: ' has nothing to apply to before ); add a datum between them"},
      {"#;", "test:1:1: the text ends after #;; add the datum it applies to"},
      {"(. a)",
       "test:1:2: a dot stands only before the last element of a list, as in (a . b); write |.| for the symbol"},
      {".", "test:1:1: a dot stands only before the last element of a list, as in (a . b); write |.| for the symbol"},
      {"[a . b]",
       "test:1:4: a dot stands only before the last element of a list, as in (a . b); write |.| for the symbol"},
      {"(a . )", "test:1:6: nothing stands between the dot and ); remove the dot or add the tail"},
      {"(a . b c)", "test:1:8: only one datum may follow the dot; remove the dot or what follows the tail"},
      {"\n  \"abc", "test:2:3: this string is never closed; add \""},
      {"|abc", "test:1:1: this symbol is never closed; add |"},
      {"\"a\\qb\"",
       "test:1:3: \\q is no escape; write \\\\ for a backslash, or one of \\n \\t \\r \\\" \\x41; \\u{1F600}"},
      {"\"\\x110000;\"",
       "test:1:2: this escape is no code point; write 1 to 6 hexadecimal digits and ;, as in \\x41; or \\u{1F600}"},
      {"\"\\xD800;\"",
       "test:1:2: this escape is no code point; write 1 to 6 hexadecimal digits and ;, as in \\x41; or \\u{1F600}"},
      {"\"\\u{41\"", "test:1:1: this string is never closed; add \""},
      {"#| a", "test:1:1: the comment #| is never closed; add |#"},
      {"#\\spade", "test:1:1: #\\spade is no character; write one character, a name such as #\\space, or #\\x41"},
      {"#<function f>", "test:1:1: #<function is how something without a written form is shown; it cannot be read"},
      {"#zz", "test:1:1: #zz is no datum; # begins #t #f #\\a #(...) #u8(...) #f64(...) #xff #| |# or #;"},
      {"#u8(1 256)", "test:1:1: element 1 of #u8(...) is not an integer from 0 to 255; change it"},
      {"#f64(a)", "test:1:1: element 0 of #f64(...) is not a number; change it"},
      {"(a \xFF)", "test:1:4: byte 0xFF is not UTF-8; save the text as UTF-8"},
      {"\x01", "test:1:1: the control character 0x01 cannot stand here; remove it"},
      {"(λλ ]", "test:1:5: this ] does not close the ( opened at 1:1; write )"},
  };
  FIXTURE(f);
  for (const Row& row : rows) {
    std::string expected = row.written[0] == '(' ? row.written : std::string("error: ") + row.written;
    assert_text(rewritten(f, row.source), expected);
  }
  read(f, "(");
  assert_text(f.error_kind(), "read-error");
}

void a_prompt_can_tell_unfinished_from_wrong(void**) {
  FIXTURE(f);
  SourceMap map;
  for (const char* source :
       {"(", "(a [b", "\"abc", "\"abc\\", "|x", "'", "#;", "#| x", "#(1", "#\\", "`(a ,", "#", "\"\\x4"}) {
    Reader reader(f.state(), source, "t");
    assert_true(reader.next(map) == kUnwind);
    assert_true(reader.incomplete());
    f.error_message();
  }
  for (const char* source : {")", "(a]", "(. b)", "#zz", "\"\\q\"", "(a . b c"}) {
    Reader reader(f.state(), source, "t");
    assert_true(reader.next(map) == kUnwind);
    assert_false(reader.incomplete());
    f.error_message();
  }
}

void one_datum_after_another(void**) {
  FIXTURE(f);
  SourceMap map;
  Reader reader(f.state(), "1 (a) ; end\n#;(b) \"s\"", "t");
  assert_text(text::written(reader.next(map)), "1");
  assert_int_equal(reader.offset(), 1);
  assert_text(text::written(reader.next(map)), "(a)");
  assert_text(text::written(reader.next(map)), "\"s\"");
  assert_true(reader.next(map) == kEof);
  assert_true(reader.next(map) == kEof);
  Reader empty(f.state(), " ; nothing", "t");
  assert_true(empty.next(map) == kEof);
  Reader broken(f.state(), "] 1 2", "t");
  assert_true(broken.next(map) == kUnwind);
  f.error_message();
  assert_true(broken.next(map) == kEof);
}

void assert_place(const SourceMap& map, Value pair, uint32_t line, uint32_t column) {
  Position where = map.find(pair);
  assert_int_equal(where.line, line);
  assert_int_equal(where.column, column);
}

void lists_know_their_place(void**) {
  FIXTURE(f);
  SourceMap map;
  Reader reader(f.state(), "\n (define (λ x)\n   'y [z] {k v} \"λ\" w)", "t");
  Value form = reader.next(map);
  assert_place(map, form, 2, 2);
  Value at = cdr(form);
  assert_place(map, car(at), 2, 10);
  assert_place(map, cdr(car(at)), 2, 13);
  at = cdr(at);
  assert_place(map, car(at), 3, 4);
  assert_place(map, cdr(car(at)), 3, 5);
  at = cdr(at);
  assert_place(map, car(at), 3, 7);
  at = cdr(at);
  assert_place(map, car(at), 3, 11);
  at = cdr(cdr(at));
  assert_place(map, at, 3, 21);
  assert_int_equal(map.find(f.vm().heap.cons(kNil, kNil)).line, 0);
}

// --- depth and size

constexpr size_t kDeep = 100000;

void any_depth_is_read_and_written(void**) {
  FIXTURE(f);
  for (std::string_view open : {"(", "[", "#(", "'", "{"}) {
    std::string source;
    for (size_t i = 0; i < kDeep; i++) source += open;
    bool prefix = open == "'";
    if (prefix) source += "x";
    char close = open == "[" ? ']' : open == "{" ? '}' : ')';
    std::string unclosed = source;
    if (!prefix) source.append(kDeep, close);
    Value v = read(f, source);
    assert_true(v != kUnwind);
    assert_true(text::written(v).size() >= kDeep);
    if (open == "'") assert_text(text::written(v), source);
    if (!prefix) {
      assert_true(read(f, unclosed) == kUnwind);
      f.error_message();
    }
  }
  assert_true(read(f, std::string(kDeep, '(')) == kUnwind);
  std::string place = "test:1:" + std::to_string(kDeep);
  assert_true(f.error_message().starts_with(place));
}

void long_lists_survive_collection(void**) {
  VmFixture f(__builtin_frame_address(0), {.limit_bytes = 0, .stress = true});
  std::string source = "(";
  for (int i = 0; i < 400; i++) source += "(a" + std::to_string(i % 50) + " \"t" + std::to_string(i) + "\" 1/3 .5) ";
  source += "#(x \"y\" (z)))";
  std::string again = text::written(read(f, source));
  assert_text(text::written(read(f, again)), again);
  assert_true(again.size() > 400 * 10);
}

// Text made of bits of syntax never crashes the reader, and what is read can be written and read again.
void any_text_is_read_or_refused(void**) {
  static const char* kBits[] = {"(",  ")",    "[",     "]",   "{",      "}",    "#(",     "'",     "`",  ",", ",@",
                                "#;", "#|",   "|#",    ".",   " . ",    "\"",   "\\",     "|",     ":",  "a", "12",
                                "-",  "1/2",  "1.5e3", "#\\", "#\\x41", "#t",   "#u8(",   "#f64(", "\n", ";", " ",
                                "λ",  "\xFF", "x",     "#",   "nil",    "#x1F", "\\x41;", "\x01",  "😀", "@"};
  FIXTURE(f);
  Random random(31);
  for (int round = 0; round < 30000; round++) {
    std::string source;
    for (uint64_t n = 1 + random.below(14); n > 0; n--) {
      uint64_t bit = random.below(std::size(kBits) * 20);
      if (bit == 34) continue;  // bad UTF-8 refuses the whole text: seldom
      source += kBits[bit < std::size(kBits) ? bit : bit % 34];
    }
    SourceMap map;
    Reader reader(f.state(), source, "t");
    Value v;
    while ((v = reader.next(map)) != kEof && v != kUnwind) {
      std::string once = text::written(v);
      assert_text(rewritten(f, once), once);
    }
    if (v == kUnwind) assert_true(f.error_message().starts_with("t:"));
  }
}

// --- writing

void display_shows_text_as_it_is(void**) {
  FIXTURE(f);
  Value v = read(f, "(\"a\\\"b\" #\\a |odd name| :|k k| #(\"x\"))");
  assert_text(text::displayed(v), "(a\"b a odd name :k k #(x))");
  assert_text(text::written(v), "(\"a\\\"b\" #\\a |odd name| :|k k| #(\"x\"))");
}

Value make_vector(VmFixture& f, std::initializer_list<Value> items) {
  auto* vector = f.vm().heap.make<Vector>(Type::kVector, items.size() * sizeof(Value));
  vector->length = items.size();
  std::copy(items.begin(), items.end(), words_of(vector));
  return from_object(vector);
}

void cycles_end(void**) {
  FIXTURE(f);
  Value list = read(f, "(a b c)");
  as_pair(cdr(cdr(list)))->cdr = list;
  std::string text = text::written(list);
  assert_true(text.starts_with("(a b c") && text.ends_with(" ...)") && text.size() < 100);
  Value lasso = read(f, "(x a b c d e f g)");
  as_pair(cdr(cdr(cdr(lasso))))->cdr = cdr(cdr(lasso));
  text = text::written(lasso);
  assert_true(text.starts_with("(x a b c") && text.ends_with(" ...)") && text.size() < 100);
  Value self = read(f, "(a b)");
  as_pair(self)->car = self;
  assert_text(text::written(self), "(... b)");
  Value vector = make_vector(f, {make_fixnum(1), kNil});
  words_of(as<Vector>(vector))[1] = vector;
  assert_text(text::written(vector), "#(1 ...)");
  Value quoted = read(f, "'x");
  as_pair(cdr(quoted))->car = quoted;
  assert_text(text::written(quoted), "'...");
  Value shared = read(f, "(s)");
  assert_text(text::written(make_vector(f, {shared, shared})), "#((s) (s))");
}

void growth_is_limited(void**) {
  FIXTURE(f);
  Value v = make_fixnum(1);
  for (int i = 0; i < 60; i++) v = make_vector(f, {v, v});
  std::string text;
  text::print(text, v, text::Style::kWrite, 1000);
  assert_true(text.size() < 1100 && text.ends_with("..."));
}

Value make_dict(VmFixture& f, std::initializer_list<Value> entries) {
  Value table = make_vector(f, entries);
  auto* dict = f.vm().heap.make<Dict>(Type::kDict);
  dict->used = entries.size() / 3;
  dict->count = dict->used;
  dict->index = kNil;
  dict->entries = table;
  dict->equality = DictEquality::kEqual;
  return from_object(dict);
}

void objects_are_shown(void**) {
  FIXTURE(f);
  frame::Vm& vm = f.vm();
  Value k = vm.keyword("k");
  Value s = frame::make_string(f.state(), "s{");
  assert_text(text::written(make_dict(f, {})), "{}");
  assert_text(text::written(make_dict(f, {k, make_fixnum(1), kNil, s, s, kNil})), "{:k 1 \"s{\" \"s{\"}");
  assert_text(text::displayed(make_dict(f, {s, s, kNil, k, s, kNil})), "{s{ s{ :k s{}");
  assert_text(text::written(make_dict(f, {kUnbound, kNil, kNil, k, kTrue, kNil, kUnbound, kNil, kNil})), "{:k true}");

  auto* box = vm.heap.make<Box>(Type::kBox);
  box->value = k;
  assert_text(text::written(from_object(box)), "#<box :k>");
  auto* tuple = vm.heap.make<Tuple>(Type::kTuple, 2 * sizeof(Value));
  tuple->length = 2;
  tuple->data[0] = k;
  tuple->data[1] = s;
  assert_text(text::written(from_object(tuple)), "#<tuple :k \"s{\">");
  tuple->length = 0;
  assert_text(text::written(from_object(tuple)), "#<tuple>");

  Value fields = make_vector(f, {vm.intern("x"), vm.intern("odd y")});
  auto* type = vm.heap.make<RecordType>(Type::kRecordType);
  frame::fill_record_type(f.state(), type, vm.intern("point"), fields, kFalse);
  auto* record = vm.heap.make<Record>(Type::kRecord, record_words(2) * sizeof(Value));
  record->aux = type->number();
  record->field[0] = make_fixnum(1).bits;
  record->field[1] = from_object(record).bits;
  assert_text(text::written(from_object(record)), "#<point :x 1 :|odd y| ...>");
  assert_text(text::written(from_object(type)), "#<record-type point>");

  assert_true(frame::raise_error_with(f.state(), frame::ErrorKind::kUser, "oh no",
                                      frame::make_list(f.state(), &s, 1)) == kUnwind);
  assert_text(text::written(frame::take_error(f.state())), "#<error error: oh no \"s{\">");
  assert_text(text::written(kUnspecified), "#<unspecified>");
  assert_text(text::written(kEof), "#<eof>");
  assert_text(text::written(vm.intern("")), "||");
  assert_text(text::written(vm.intern("a b")), "|a b|");
  assert_text(text::written(vm.intern(":x")), "|:x|");
  assert_text(text::written(vm.intern("-1/2")), "|-1/2|");
  assert_text(text::written(vm.intern("#x")), "|#x|");
  assert_text(text::written(vm.keyword("12")), ":12");
  assert_text(text::written(vm.keyword("")), ":||");
}

void every_character_reads_back(void**) {
  FIXTURE(f);
  for (uint32_t c = 0; c <= 0x10FFFF; c += c < 0x3100 ? 1 : 257) {
    if (!text::is_scalar(c)) continue;
    std::string written = text::written(make_char(c));
    assert_true(read(f, written) == make_char(c));
    std::string name = "a";
    text::append_utf8(name, c);
    for (Value v : {f.vm().intern(name), f.vm().keyword(name)}) assert_true(read(f, text::written(v)) == v);
    Value string = frame::make_string(f.state(), name);
    assert_text(frame::string_view_of(read(f, text::written(string))), std::string(frame::string_view_of(string)));
  }
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(data_is_read),
      cmocka_unit_test(errors_have_a_place_and_a_remedy),
      cmocka_unit_test(a_prompt_can_tell_unfinished_from_wrong),
      cmocka_unit_test(one_datum_after_another),
      cmocka_unit_test(lists_know_their_place),
      cmocka_unit_test(any_depth_is_read_and_written),
      cmocka_unit_test(long_lists_survive_collection),
      cmocka_unit_test(any_text_is_read_or_refused),
      cmocka_unit_test(display_shows_text_as_it_is),
      cmocka_unit_test(cycles_end),
      cmocka_unit_test(growth_is_limited),
      cmocka_unit_test(objects_are_shown),
      cmocka_unit_test(every_character_reads_back),
  };
  return cmocka_run_group_tests_name("text", tests, nullptr, nullptr);
}
