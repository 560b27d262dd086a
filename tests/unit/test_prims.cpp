// tests/unit/test_prims.cpp: every family of primitives through its global functions, on data that is read from text.
//
// The evaluator here knows names, quote and calls only, so that no other room is tested with it. An error is shown as
// "kind: message".
#include "check.hpp"
#include "prims/entry.hpp"
#include "prims/primitive.hpp"
#include "text/printer.hpp"
#include "text/reader.hpp"
#include "vm_fixture.hpp"

namespace terrace::test {
namespace {

using namespace value;

std::string g_output;

class Machine {
 public:
  explicit Machine(void* stack_base, const heap::HeapOptions& options = {}) : fixture_(stack_base, options) {
    prims::install(state());
    fixture_.vm().hooks.write = [](VmState*, const char* data, size_t size) {
      g_output.append(data, size);
      return true;
    };
  }
  VmState* state() { return fixture_.state(); }

  Value eval(Value form) {
    if (is_symbol(form)) return fixture_.vm().cell_of(form)->value;
    if (!is_pair(form)) return form;
    if (is_symbol(car(form)) && frame::symbol_name(car(form)) == "quote") return car(cdr(form));
    heap::RootedValues parts(frame::heap_of(state()));
    for (; is_pair(form); form = cdr(form)) {
      Value part = eval(car(form));
      if (part == kUnwind) return kUnwind;
      parts.push(part);
    }
    return frame::call(state(), parts[0], parts.data() + 1, parts.size() - 1);
  }

  Value read(std::string_view source) {
    text::SourceMap places;
    text::Reader reader(state(), source, "test");
    return reader.next(places);
  }

  std::string run(std::string_view source) {
    Value form = read(source);
    Value result = form == kUnwind ? kUnwind : eval(form);
    if (result != kUnwind) return text::written(result);
    if (state()->unwind_kind != frame::UnwindKind::kError) return "not an error";
    Value error = frame::take_error(state());
    if (!is_error(error)) return "raised: " + text::written(error);
    return std::string(frame::symbol_name(as<Error>(error)->kind)) + ": " +
           std::string(frame::string_view_of(as<Error>(error)->message));
  }

  void define(const char* name, std::string_view source) { fixture_.vm().define(name, eval(read(source))); }

 private:
  VmFixture fixture_;
};

struct Case {
  const char* source;
  const char* expected;
};

template <size_t n>
void check_all(Machine& m, const Case (&cases)[n]) {
  for (const Case& c : cases) {
    std::string got = m.run(c.source);
    if (got != c.expected) print_error("%s\n", c.source);
    assert_text(got, c.expected);
  }
}

void test_table(void**) {
  assert_true(prims::all().size() >= 250);
  for (const prims::Primitive& p : prims::all()) {
    assert_int_equal(prims::find(p.name), &p - prims::all().data());
    assert_true(p.max_args == -1 || p.max_args >= p.min_args);
    assert_true(p.text.ends_with("."));
    assert_true(p.signature.starts_with("("));
  }
  assert_int_equal(prims::find("no-such-thing"), -1);
}

void test_entries(void**) {
  Machine m(__builtin_frame_address(0));
  static const Case kCases[] = {
      {"(car)", "arity-error: car: expected 1 argument, got 0"},
      {"(cons 1 2 3)", "arity-error: cons: expected 2 arguments, got 3"},
      {"(substring \"a\" 1 2 3 4)", "arity-error: substring: expected 2 to 3 arguments, got 5"},
      {"(list 1 2 3 4 5 6)", "(1 2 3 4 5 6)"},
      {"(apply + 1 2 '(3 4))", "10"},
      {"(apply list '())", "nil"},
      {"(apply length (apply list (list (iota 1000))))", "1000"},
      {"(length (apply list (iota 1000)))", "1000"},
      {"(length (apply list 1 2 3 4 (iota 100000)))", "100004"},
      {"(apply apply (list + 1 '(2 3)))", "6"},
      {"(apply + 1)", "type-error: apply: expected a proper list, got 1"},
      {"(apply 5 '())", "type-error: apply: expected a function, got 5"},
      {"(apply car '(1 2))", "arity-error: car: expected 1 argument, got 2"},
      {"(function-name car)", "car"},
      {"(function-arity car)", "(1 1)"},
      {"(function-arity list)", "(0 false)"},
  };
  check_all(m, kCases);
}

void test_lists(void**) {
  Machine m(__builtin_frame_address(0));
  m.define("ring", "(list 1 2 3)");
  m.run("(set-cdr! (cddr ring) ring)");
  static const Case kCases[] = {
      {"(caddr '(1 2 3))", "3"},
      {"(cddddr '(1 2 3 4 5))", "(5)"},
      {"(cdar '((1 . 2)))", "2"},
      {"(car 5)", "type-error: car: expected a pair, got 5"},
      {"(length '(1 2 . 3))", "type-error: length: expected a proper list, got (1 2 . 3)"},
      {"(list? ring)", "false"},
      {"(list? '(1 2))", "true"},
      {"(list-copy '(1 2 . 3))", "(1 2 . 3)"},
      {"(append '(1) '(2) '() '(3 4) 5)", "(1 2 3 4 . 5)"},
      {"(append)", "nil"},
      {"(append '(1) 2)", "(1 . 2)"},
      {"(append '() '())", "nil"},
      {"(append 1 '(2))", "type-error: append: expected a list or vector, got 1"},
      {"(reverse '(1 2 3))", "(3 2 1)"},
      {"(reverse #(1 2 3))", "#(3 2 1)"},
      {"(list-tail '(1 2 3) 2)", "(3)"},
      {"(list-tail '(1 2 3) 4)", "range-error: list-tail: index 4 is outside a length of 3"},
      {"(list-ref '(1 2 3) 1)", "2"},
      {"(list-ref '(1 2 3) 3)", "range-error: list-ref: index 3 is outside a length of 3"},
      {"(nth #(1 2 3) 2)", "3"},
      {"(last '(1 2 3))", "3"},
      {"(last #(1 2))", "2"},
      {"(first '())", "type-error: first: expected a list or vector with an element, got nil"},
      {"(rest '())", "nil"},
      {"(take '(1 2 3) 2)", "(1 2)"},
      {"(take '(1 2 3) 9)", "(1 2 3)"},
      {"(drop '(1 2 3) 2)", "(3)"},
      {"(drop #(1 2 3) 1)", "#(2 3)"},
      {"(memq 'c '(a b c d))", "(c d)"},
      {"(memv 1.5 '(1 1.5 2))", "(1.5 2)"},
      {"(member \"b\" '(\"a\" \"b\"))", "(\"b\")"},
      {"(member 2.0 '(1 2 3) =)", "(2 3)"},
      {"(memq 9 ring)", "type-error: memq: expected a proper list, got (1 2 3 1 ...)"},
      {"(assq 'b '((a 1) (b 2)))", "(b 2)"},
      {"(assoc \"b\" '((\"a\" . 1) (\"b\" . 2)))", "(\"b\" . 2)"},
      {"(assv 5 '((1 . 2)))", "false"},
      {"(assq 'x '(1))", "type-error: assq: expected a list of pairs, got (1)"},
      {"(list* 1 2 '(3))", "(1 2 3)"},
      {"(make-list 3 'x)", "(x x x)"},
      {"(range 5)", "(0 1 2 3 4)"},
      {"(range 1 10 3)", "(1 4 7)"},
      {"(range 3 0 -1)", "(3 2 1)"},
      {"(range 0 1 1/4)", "(0 1/4 1/2 3/4)"},
      {"(range 0 5 0)", "range-error: range: the step is zero or not a number"},
      {"(iota 3 1.5 0.5)", "(1.5 2.0 2.5)"},
      {"(zip '(1 2 3) #(a b))", "((1 a) (2 b))"},
      {"(delete-duplicates '(1 2 1 \"a\" \"a\" 1.0))", "(1 2 \"a\" 1.0)"},
      {"(flatten '(1 (2 (3) ()) 4))", "(1 2 3 4)"},
      {"(last-pair '(1 2 . 3))", "(2 . 3)"},
      {"(append-reverse '(2 1) '(3))", "(1 2 3)"},
      {"(index-of '(a b c) 'c)", "2"},
  };
  check_all(m, kCases);
}

void test_sequences(void**) {
  Machine m(__builtin_frame_address(0));
  static const Case kCases[] = {
      {"(map 1+ '(1 2 3))", "(2 3 4)"},
      {"(map + '(1 2 3) #(10 20))", "(11 22)"},
      {"(map + #(1 2) '(10 20))", "#(11 22)"},
      {"(map car '((1) 2))", "type-error: car: expected a pair, got 2"},
      {"(map 1+ 5)", "type-error: map: expected a list or vector, got 5"},
      {"(map 5 '())", "type-error: map: expected a function, got 5"},
      {"(filter odd? '(1 2 3))", "(1 3)"},
      {"(remove odd? #(1 2 3))", "#(2)"},
      {"(partition odd? '(1 2 3))", "((1 3) (2))"},
      {"(reduce - '(10 2 3))", "5"},
      {"(reduce - 100 '(10 2))", "88"},
      {"(fold cons '() '(1 2 3))", "(3 2 1)"},
      {"(fold-left list '() '(1 2 3))", "(((nil 1) 2) 3)"},
      {"(fold-right list '() '(1 2 3))", "(1 (2 (3 nil)))"},
      {"(fold-right cons '() #(1 2))", "(1 2)"},
      {"(append-map list '(1 2) '(a b))", "(1 a 2 b)"},
      {"(filter-map cdr '((1 . 2) (3) (4 . 5)))", "(2 5)"},
      {"(sort '(3 1 2))", "(1 2 3)"},
      {"(sort '(3 1 2) >)", "(3 2 1)"},
      {"(sort > #(3 1 2))", "#(3 2 1)"},
      {"(sort '(\"b\" \"a\"))", "(\"a\" \"b\")"},
      {"(sort '(1 \"a\"))", "type-error: sort: expected numbers only or strings only, got 1"},
      {"(sort '(2 1/2 0.75))", "(1/2 0.75 2)"},
      {"(sort-by car '((2 a) (1 b) (2 c) (1 d)))", "((1 b) (1 d) (2 a) (2 c))"},
      {"(any even? '(1 2))", "true"},
      {"(any cdr '((1) (2 . 3)))", "3"},
      {"(any < '(2 1) '(1 2))", "true"},
      {"(every 1+ '(1 2))", "3"},
      {"(every even? '())", "true"},
      {"(find even? '(1 4 6))", "4"},
      {"(find-index even? #(1 3 6))", "2"},
      {"(find-tail even? '(1 4 5))", "(4 5)"},
      {"(count odd? '(1 2 3))", "2"},
      {"(take-while odd? '(1 3 4 5))", "(1 3)"},
      {"(drop-while odd? '(1 3 4 5))", "(4 5)"},
      {"(group-by even? '(1 2 3 4))", "{false (1 3) true (2 4)}"},
      {"(map-index cons '(a b))", "((0 . a) (1 . b))"},
      {"(length (sort (map - (iota 100000))))", "100000"},
      {"(apply < (sort (map - (iota 5000))))", "true"},
  };
  check_all(m, kCases);
}

void test_numbers(void**) {
  Machine m(__builtin_frame_address(0));
  static const Case kCases[] = {
      {"(+)", "0"},
      {"(*)", "1"},
      {"(+ 1 2 3/2 0.5)", "5.0"},
      {"(+ 'a)", "type-error: +: expected a number, got a"},
      {"(- 5)", "-5"},
      {"(/ 2)", "1/2"},
      {"(/ 1 0)", "division-by-zero: /: 1 divided by zero"},
      {"(* 99999999999 99999999999 99999999999)", "999999999970000000000299999999999"},
      {"(< 1 2 3)", "true"},
      {"(< 1 3 2)", "false"},
      {"(>= 3 3 1)", "true"},
      {"(= 1 1.0)", "true"},
      {"(floor/ -7 2)", "#<values -4 1>"},
      {"(truncate/ -7 2)", "#<values -3 -1>"},
      {"(min 1 2.0)", "1.0"},
      {"(max 1 3 2)", "3"},
      {"(max 1 +nan.0)", "+nan.0"},
      {"(gcd 12 18)", "6"},
      {"(lcm 4 6)", "12"},
      {"(round 7/2)", "4"},
      {"(round->exact 2.5)", "2"},
      {"(exact->inexact 1/3)", "0.3333333333333333"},
      {"(sqrt 16)", "4"},
      {"(exact-integer-sqrt 17)", "#<values 4 1>"},
      {"(expt 2 100)", "1267650600228229401496703205376"},
      {"(log 8 2)", "3.0"},
      {"(atan 1 1)", "0.7853981633974483"},
      {"(number->string 255 16)", "\"ff\""},
      {"(string->number \"1e3\")", "1000.0"},
      {"(string->number \"zz\")", "false"},
      {"(zero? -0.0)", "true"},
      {"(zero? +nan.0)", "false"},
      {"(odd? 3.0)", "true"},
      {"(even? 1.5)", "type-error: even?: expected an integer, got 1.5"},
      {"(nan? +nan.0)", "true"},
      {"(bit-and 12 10)", "8"},
      {"(bit-xor 1 2 4)", "7"},
      {"(arithmetic-shift 1 100)", "1267650600228229401496703205376"},
      {"(bit-set? 3 8)", "true"},
      {"(u64+ 18446744073709551615 1)", "0"},
      {"(u64- 0 1)", "18446744073709551615"},
      {"(u64-xor -1 1)", "18446744073709551614"},
      {"(u64-shl 1 64)", "0"},
      {"(u64-shr 18446744073709551615 63)", "1"},
      {"(u64-rotl 9223372036854775809 1)", "3"},
      {"(u64-quotient -1 2)", "9223372036854775807"},
      {"(i64+ 9223372036854775807 1)", "-9223372036854775808"},
      {"(i64-shr -8 1)", "-4"},
      {"(i32+ 2147483647 1)", "-2147483648"},
      {"(i32* 65536 65536)", "0"},
      {"(i32-ushr -1 28)", "15"},
      {"(->u32 -1)", "4294967295"},
      {"(bits->f64 (f64-bits 1.5))", "1.5"},
      {"(u64+ 1.5 1)", "type-error: u64+: expected an exact integer, got 1.5"},
  };
  check_all(m, kCases);
}

void test_equality(void**) {
  Machine m(__builtin_frame_address(0));
  m.define("a", "(list 1 2)");
  m.define("b", "(list 1 2)");
  m.run("(set-cdr! (cdr a) a)");
  m.run("(set-cdr! (cdr b) b)");
  m.define("v", "(vector 1 2)");
  m.define("w", "(vector 1 2)");
  m.run("(vector-set! v 0 v)");
  m.run("(vector-set! w 0 w)");
  static const Case kCases[] = {
      {"(equal? '(1 (2 #(3 \"x\"))) '(1 (2 #(3 \"x\"))))", "true"},
      {"(equal? 1 1.0)", "false"},
      {"(eqv? 1.5 1.5)", "true"},
      {"(eqv? 1e300 1e300)", "true"},
      {"(eqv? 100000000000000000000 100000000000000000000)", "true"},
      {"(eqv? \"a\" \"a\")", "false"},
      {"(eqv? 0.0 -0.0)", "false"},
      {"(equal? a b)", "true"},
      {"(equal? v w)", "true"},
      {"(equal? #u8(1 2) #u8(1 2))", "true"},
      {"(equal? (dict 1 2 3 4) (dict 3 4 1 2))", "true"},
      {"(equal? (dict 1 2) (dict 1 3))", "false"},
      {"(equal? (tuple 1 2) (tuple 1 2))", "true"},
      {"(equal? (tuple 1 2) (vector 1 2))", "false"},
      {"(= (hash '(1 \"a\" #(x))) (hash (list 1 \"a\" (vector 'x))))", "true"},
      {"(= (hash 1) (hash 1.0))", "false"},
      {"(= (hash (dict 1 2 3 4)) (hash (dict 3 4 1 2)))", "true"},
      {"(number? (hash a))", "true"},
      {"(not '())", "true"},
      {"(type-of 1/2)", "number"},
      {"(type-of car)", "function"},
      {"(type-of #\\a)", "char"},
  };
  check_all(m, kCases);
  // Shared structure with 2^100 paths.
  m.define("x", "(list 1)");
  m.define("y", "(list 1)");
  for (int i = 0; i < 100; i++) {
    m.define("x", "(cons x x)");
    m.define("y", "(cons y y)");
  }
  assert_text(m.run("(equal? x y)"), "true");
  assert_text(m.run("(equal? (list x 1) (list y 2))"), "false");
  // A difference 1000 levels down, and one at the end of a list of 300000.
  m.define("x", "(list 1)");
  m.define("y", "(list 2)");
  for (int i = 0; i < 1000; i++) {
    m.define("x", "(list x \"s\")");
    m.define("y", "(list y \"s\")");
  }
  assert_text(m.run("(equal? x y)"), "false");
  assert_text(m.run("(equal? x x)"), "true");
  assert_text(m.run("(equal? (append (make-list 300000 (list 1)) '(1)) (append (make-list 300000 (list 1)) '(2)))"),
              "false");
}

void test_strings(void**) {
  Machine m(__builtin_frame_address(0));
  static const Case kCases[] = {
      {"(string-length \"aé😀\")", "3"},
      {"(string-ref \"aé😀b\" 2)", "#\\😀"},
      {"(string-ref \"abc\" 3)", "range-error: string-ref: index 3 is outside a length of 3"},
      {"(string-ref \"abc\" 'x)", "type-error: string-ref: expected an exact integer, got x"},
      {"(substring \"aé😀b\" 1 3)", "\"é😀\""},
      {"(substring \"hello\" 2)", "\"llo\""},
      {"(substring \"hello\" 3 2)", "range-error: substring: bound 3 is outside 0..2"},
      {"(string-append \"a\" \"\" \"é\")", "\"aé\""},
      {"(string-append \"a\" 1)", "type-error: string-append: expected a string, got 1"},
      {"(string<? \"a\" \"b\" \"c\")", "true"},
      {"(string=? \"a\" \"a\")", "true"},
      {"(string>=? \"b\" \"c\")", "false"},
      {"(string-ci=? \"Straße\" \"STRASSE\")", "true"},
      {"(string-upcase \"aéß\")", "\"AÉSS\""},
      {"(string-downcase \"ÀB\")", "\"àb\""},
      {"(string->list \"aé\")", "(#\\a #\\é)"},
      {"(list->string '(#\\a #\\😀))", "\"a😀\""},
      {"(list->string '(1))", "type-error: list->string: expected a character, got 1"},
      {"(string->vector \"ab\" 1)", "#(#\\b)"},
      {"(utf8->string (string->utf8 \"é\"))", "\"é\""},
      {"(string-reverse \"aé😀\")", "\"😀éa\""},
      {"(string-contains \"aéxbx\" \"x\")", "2"},
      {"(string-contains \"aéxbx\" \"x\" 3)", "4"},
      {"(string-contains \"abc\" \"q\")", "false"},
      {"(string-contains \"abc\" \"\")", "0"},
      {"(string-index \"aéxb\" #\\x)", "2"},
      {"(string-starts-with? \"hello\" \"he\")", "true"},
      {"(string-ends-with? \"hello\" \"lo\")", "true"},
      {"(string-replace \"a-b-c\" \"-\" \"+\")", "\"a+b+c\""},
      {"(string-replace \"abc\" \"\" \"x\")", "range-error: string-replace: nothing cannot be replaced"},
      {"(string-split \"a,b,,c\" \",\")", "(\"a\" \"b\" \"\" \"c\")"},
      {"(string-split \"a,b\" #\\,)", "(\"a\" \"b\")"},
      {"(string-split \"  a b\tc \")", "(\"a\" \"b\" \"c\")"},
      {"(string-split \"aé\" \"\")", "(\"a\" \"é\")"},
      {"(string-split \"\" \",\")", "(\"\")"},
      {"(string-join '(\"a\" \"b\") \", \")", "\"a, b\""},
      {"(string-join '())", "\"\""},
      {"(string-trim \"  a b\\n\")", "\"a b\""},
      {"(string-trim-left \" a \")", "\"a \""},
      {"(string-trim \"   \")", "\"\""},
      {"(string-pad-left \"7\" 3 #\\0)", "\"007\""},
      {"(string-pad-right \"ab\" 1)", "\"ab\""},
      {"(string-repeat \"ab\" 3)", "\"ababab\""},
      {"(str \"a\" 1 #\\b 'c 1.5 '(\"x\"))", "\"a1bc1.5(x)\""},
      {"(make-string 3 #\\é)", "\"ééé\""},
      {"(string #\\a #\\b)", "\"ab\""},
      {"(string->symbol \"x y\")", "|x y|"},
      {"(symbol->string 'abc)", "\"abc\""},
      {"(symbol-append 'a 'b)", "ab"},
      {"(keyword->symbol :k)", "k"},
      {"(eq? (gensym) (gensym))", "false"},
      {"(char-upcase #\\é)", "#\\É"},
      {"(char->integer #\\A)", "65"},
      {"(integer->char 55296)", "range-error: integer->char: the integer is no Unicode scalar value"},
      {"(char<? #\\a #\\b #\\c)", "true"},
      {"(digit-value #\\٣)", "3"},
      {"(char-numeric? #\\x)", "false"},
      {"(char-whitespace? #\\space)", "true"},
  };
  check_all(m, kCases);
}

void test_vectors(void**) {
  Machine m(__builtin_frame_address(0));
  m.define("v", "(vector 1 2 3)");
  m.define("f", "(f64-vector 1 2.5)");
  static const Case kCases[] = {
      {"(make-vector 2)", "#(0 0)"},
      {"(make-vector 2 'x)", "#(x x)"},
      {"(vector-ref v 2)", "3"},
      {"(vector-ref v 3)", "range-error: vector-ref: index 3 is outside a length of 3"},
      {"(vector-ref v -1)", "range-error: vector-ref: index -1 is outside a length of 3"},
      {"(vector-ref v 1.0)", "type-error: vector-ref: expected an exact integer, got 1.0"},
      {"(vector-ref '(1) 0)", "type-error: vector-ref: expected a vector, got (1)"},
      {"(vector->list v 1)", "(2 3)"},
      {"(list->vector '(1 2))", "#(1 2)"},
      {"(subvector v 1 2)", "#(2)"},
      {"(vector-append v #(9) v)", "#(1 2 3 9 1 2 3)"},
      {"(vector-map + #(1 2) #(10 20 30))", "#(11 22)"},
      {"(vector-binary-search v 2 -)", "1"},
      {"(vector-copy! v 1 v 0 2)", "#<unspecified>"},
      {"(vector-copy! v 2 v 0 2)", "range-error: vector-copy!: index 3 is outside a length of 3"},
      {"v", "#(1 1 2)"},
      {"(f64-vector-ref f 1)", "2.5"},
      {"(f64-vector-set! f 0 1/4)", "#<unspecified>"},
      {"f", "#f64(0.25 2.5)"},
      {"(f64-vector 'a)", "type-error: f64-vector: expected a number, got a"},
      {"(i64-vector 9223372036854775807)", "#i64(9223372036854775807)"},
      {"(i64-vector 9223372036854775808)", "range-error: i64-vector: the integer does not fit 64 bits with sign"},
      {"(bytes 1 256)", "range-error: bytes: a byte is 0 to 255"},
      {"(bytes-append #u8(1) #u8(2 3))", "#u8(1 2 3)"},
      {"(list->bytes '(1 2))", "#u8(1 2)"},
      {"(make-f64-vector 2)", "#f64(0.0 0.0)"},
      {"(i64-vector->list (make-i64-vector 2 7))", "(7 7)"},
      {"(bytes-copy #u8(1 2 3) 1)", "#u8(2 3)"},
  };
  check_all(m, kCases);
}

void test_dicts(void**) {
  Machine m(__builtin_frame_address(0));
  m.define("d", "(dict 'a 1 \"b\" 2 :c 3)");
  static const Case kCases[] = {
      {"d", "{a 1 \"b\" 2 :c 3}"},
      {"(dict 1)", "arity-error: dict: the last key has no value"},
      {"(dict-ref d \"b\")", "2"},
      {"(dict-ref d 'x 'none)", "none"},
      {"(dict-ref d 'x)", "range-error: dict-ref: there is no such key: x"},
      {"(dict-get d 'x)", "nil"},
      {"(dict-set! d '(1 2) 4)", "#<unspecified>"},
      {"(dict-ref d '(1 2))", "4"},
      {"(dict-has? d :c)", "true"},
      {"(dict-delete! d 'a)", "true"},
      {"(dict-delete! d 'a)", "false"},
      {"(dict-count d)", "3"},
      {"(dict-keys d)", "(\"b\" :c (1 2))"},
      {"(dict-values d)", "(2 3 4)"},
      {"(dict-entries d)", "((\"b\" . 2) (:c . 3) ((1 2) . 4))"},
      {"(dict-update! d :c 1+)", "4"},
      {"(dict-update! d 'n 1+ 0)", "1"},
      {"(dict-increment! d 'n 5)", "6"},
      {"(dict-increment! d 'm)", "1"},
      {"(dict-map cons (dict 1 2 3 4))", "((1 . 2) (3 . 4))"},
      {"(dict-merge (dict 1 2) (dict 1 3 4 5))", "{1 3 4 5}"},
      {"(entries->dict '((a . 1)))", "{a 1}"},
      {"(dict-clear! d)", "#<unspecified>"},
      {"(dict-count d)", "0"},
      {"(dict-ref 5 1)", "type-error: dict-ref: expected a dict, got 5"},
  };
  check_all(m, kCases);
}

void test_records_and_tuples(void**) {
  Machine m(__builtin_frame_address(0));
  m.define("point", "(make-record-type 'point '(x y))");
  m.define("point3", "(make-record-type 'point3 '(z) point)");
  m.define("p", "(make-record point 1 2)");
  m.define("q", "(make-record point3 1 2 3)");
  static const Case kCases[] = {
      {"(record-ref p point 1)", "2"},
      {"(record-ref q point 0)", "1"},
      {"(record-ref q point3 2)", "3"},
      {"(record-ref p point3 0)", "type-error: record-ref: expected a record of type point3, got #<record point>"},
      {"(record-ref p point 2)", "range-error: record-ref: index 2 is outside a length of 2"},
      {"(record-set! p point 0 'new)", "#<unspecified>"},
      {"(record->list p)", "(new 2)"},
      {"(record-of? q point)", "true"},
      {"(record-of? p point3)", "false"},
      {"(record-type-fields point3)", "(x y z)"},
      {"(make-record point 1)", "arity-error: point: expected 2 arguments, got 1"},
      {"(tuple-ref (tuple 1 2) 1)", "2"},
      {"(tuple->list (tuple-with (tuple 1 2) 0 9))", "(9 2)"},
      {"(tuple-length (list->tuple '(1 2 3)))", "3"},
      {"(unbox (box 5))", "5"},
  };
  check_all(m, kCases);
}

void test_control(void**) {
  Machine m(__builtin_frame_address(0));
  m.define("e", "(make-error 'my-kind \"text\" '(1 2))");
  m.define("p", "(make-parameter 1 1+)");
  static const Case kCases[] = {
      {"(raise 5)", "raised: 5"},
      {"(raise e)", "my-kind: text"},
      {"(error \"bad thing\" 1 2)", "error: bad thing"},
      {"(error 'who \"bad\" 1)", "error: who: bad"},
      {"(error-kind e)", "my-kind"},
      {"(error-message e)", "\"text\""},
      {"(error-irritants e)", "(1 2)"},
      {"(error-message 5)", "type-error: error-message: expected an error, got 5"},
      {"(perform 'ask 1)", "unhandled-effect: perform: there is nobody to ask"},
      {"(eval 1)", "unsupported: eval: this vm has no compiler"},
      {"(p)", "2"},
      {"(%push-parameter p 10)", "#<unspecified>"},
      {"(p)", "11"},
      {"(%pop-dynamic 0)", "#<unspecified>"},
      {"(p)", "2"},
      {"(%push-parameter car 1)", "type-error: parameterize: expected a parameter, got #<function car>"},
      {"(%uninitialised 'x)", "unbound-variable: x is used before its definition has been evaluated"},
      {"(jit-stats)", "unsupported: this vm has no compiler to control"},
      {"(jit-set-threshold! -1)", "range-error: jit-set-threshold!: a size cannot be negative"},
      {"(jit-tier car)", "primitive"},
      {"(read-from-string \"(1 . 2) 3\")", "(1 . 2)"},
      {"(read-from-string \"\")", "#<eof>"},
      {"(write-to-string \"a\")", "\"\\\"a\\\"\""},
      {"(< 0 (monotonic-ns))", "true"},
      {"(dict-has? (gc-stats) 'collections)", "true"},
  };
  check_all(m, kCases);
  g_output.clear();
  m.run("(print 1 \"a\" '(\"b\"))");
  m.run("(write \"x\")");
  m.run("(newline)");
  assert_text(g_output, "1 a (b)\n\"x\"\n");
}

void test_escapes(void**) {
  Machine m(__builtin_frame_address(0));
  VmState* vm = m.state();
  m.define("k", "(%push-escape)");
  m.define("other", "(%push-escape)");
  assert_text(m.run("(k 42)"), "not an error");
  assert_int_equal(static_cast<int>(vm->unwind_kind), static_cast<int>(frame::UnwindKind::kEscape));
  frame::vm_of(vm).define("u", frame::take_unwind(vm));
  static const Case kCases[] = {
      {"(%escape-to? u k)", "true"},
      {"(%escape-to? u other)", "false"},
      {"(%error-unwind? u)", "false"},
      {"(%unwind-value u)", "42"},
      {"(k 1 2)", "arity-error: escape: expected 0 to 1 argument, got 2"},
      {"(%pop-dynamic 0)", "#<unspecified>"},
      {"(k 1)", "dead-escape: the block of this escape has ended"},
      {"(%pop-dynamic 1)", "range-error: %pop-dynamic: index 1 is outside a length of 1"},
  };
  check_all(m, kCases);
}

void test_r7rs_names(void**) {
  Machine m(__builtin_frame_address(0));
  m.define("l", "(list 1 2 3)");
  static const Case kCases[] = {
      {"(floor-remainder -7 2)", "1"},
      {"(truncate-remainder -7 2)", "-1"},
      {"(bytevector-u8-ref (bytevector 7 8) 1)", "8"},
      {"(list-set! l 1 'x)", "#<unspecified>"},
      {"l", "(1 x 3)"},
      {"(list-set! l 3 'x)", "range-error: list-set!: index 3 is outside a length of 3"},
      {"(string-map char-upcase \"aé\")", "\"AÉ\""},
      {"(string-map char->integer \"a\")", "type-error: string-map: expected a character, got 97"},
      {"(string-count \"a b c\" char-whitespace?)", "2"},
      {"(symbol=? 'a 'a 'a)", "true"},
      {"(boolean=? true 1)", "type-error: boolean=?: expected a boolean, got 1"},
      {"(string-foldcase \"Straße\")", "\"strasse\""},
  };
  check_all(m, kCases);
}

void test_absurd_sizes(void**) {
  heap::HeapOptions options;
  options.limit_bytes = 64 << 20;
  Machine m(__builtin_frame_address(0), options);
  static const char* const kSources[] = {
      "(make-vector 1000000000)",
      "(make-vector 100000000000000000000)",
      "(make-vector 1152921504606846975)",
      "(make-string 2000000000)",
      "(make-string 1000000000000)",
      "(make-bytes 3000000000)",
      "(make-f64-vector 1000000000)",
      "(make-list 1000000000)",
      "(iota 1000000000)",
      "(range 0 1000000000000)",
      "(string-repeat \"abc\" 10000000000)",
      "(make-i64-vector 1152921504606846975)",
      "(string-pad-left \"a\" 4000000000)",
  };
  for (const char* source : kSources) {
    std::string got = m.run(source);
    if (!got.starts_with("heap-limit")) print_error("%s\n", source);
    assert_true(got.starts_with("heap-limit"));
  }
  assert_text(m.run("(length (make-list 1000))"), "1000");
}

// The same answers when the collector runs at every chance.
void test_under_collection(void**) {
  heap::HeapOptions options;
  options.stress = true;
  Machine m(__builtin_frame_address(0), options);
  static const Case kCases[] = {
      {"(sort (map - (iota 300)))", "done"},
      {"(map str (iota 300) (iota 300))", "done"},
      {"(group-by odd? (iota 300))", "done"},
      {"(string-split (string-join (map number->string (iota 300)) \",\") \",\")", "done"},
      {"(apply dict (iota 300))", "done"},
      {"(apply string-append (map str (iota 300)))", "done"},
      {"(dict-entries (entries->dict (map cons (iota 300) (iota 300))))", "done"},
      {"(map * (make-list 50 99999999999999) (make-list 50 99999999999999))", "done"},
  };
  Machine quiet(__builtin_frame_address(0));
  for (const Case& c : kCases) assert_text(m.run(c.source), quiet.run(c.source));
}

}  // namespace
}  // namespace terrace::test

int main() {
  using namespace terrace::test;
  const CMUnitTest tests[] = {
      cmocka_unit_test(test_table),
      cmocka_unit_test(test_entries),
      cmocka_unit_test(test_lists),
      cmocka_unit_test(test_sequences),
      cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_equality),
      cmocka_unit_test(test_strings),
      cmocka_unit_test(test_vectors),
      cmocka_unit_test(test_dicts),
      cmocka_unit_test(test_records_and_tuples),
      cmocka_unit_test(test_control),
      cmocka_unit_test(test_escapes),
      cmocka_unit_test(test_r7rs_names),
      cmocka_unit_test(test_absurd_sizes),
      cmocka_unit_test(test_under_collection),
  };
  return cmocka_run_group_tests_name("prims", tests, nullptr, nullptr);
}
