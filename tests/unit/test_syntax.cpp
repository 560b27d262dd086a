// tests/unit/test_syntax.cpp: the code that forms become, as text, and the messages for forms that are wrong.
//
// The expected listings say what the compiler promises about quality: operands in place, fused tests, loops without
// calls, literals loaded before loops. What programs do is tested by the corpus.
#include "bytecode/verifier.hpp"
#include "check.hpp"
#include "prims/primitive.hpp"
#include "syntax/compile.hpp"
#include "text/reader.hpp"
#include "vm_fixture.hpp"

namespace terrace::test {
namespace {

using namespace value;

// A vm whose functions can be made but not run.
class Compiler {
 public:
  explicit Compiler(void* stack_base, const heap::HeapOptions& options = {}) : fixture_(stack_base, options) {
    static const frame::Runtime kNoRuntime{};
    state()->runtime = &kNoRuntime;
    prims::install(state());
  }
  VmState* state() { return fixture_.state(); }

  // The closure of the first form of the source.
  Value compile(std::string_view source) {
    text::SourceMap map;
    text::Reader reader(state(), source, "test");
    Value form = reader.next(map);
    return form == kUnwind ? kUnwind : syntax::compile_toplevel(state(), form, map, "test");
  }

  // The code of the function that (define (name ...) ...) defines, without positions; or the error.
  std::string listing(std::string_view source) {
    Value top = compile(source);
    if (top == kUnwind) return fixture_.error_message();
    const Proto* proto = as_closure(top)->proto;
    for (uint32_t i = 0; i < proto->constant_count; ++i)
      if (proto->function->constants[i] == bytecode::ConstantKind::kFunction)
        return without_positions(bytecode::disassemble(*as<Proto>(proto->constant[i])->function));
    return "no function";
  }
  std::string error(std::string_view source) {
    return compile(source) == kUnwind ? fixture_.error_message() : "no error";
  }

 private:
  // Lines are "%4u line:column Name ...". Primitives get their names, since their numbers change with the table.
  static std::string without_positions(const std::string& text) {
    std::string out;
    for (size_t at = 0; at < text.size();) {
      size_t end = text.find('\n', at);
      std::string line = text.substr(at, end - at);
      size_t colon = line.find(':');
      if (line.starts_with(' ') && colon != std::string::npos) {
        size_t start = line.rfind(' ', colon), after = line.find(' ', colon);
        line = line.substr(0, start) + line.substr(after);
        size_t argc = line.find(" argc=");
        if (line.find(" Prim ") != std::string::npos) {
          size_t number = line.rfind(' ', argc - 1) + 1;
          line.replace(number, argc - number, prims::all()[std::stoul(line.substr(number))].name);
        }
      }
      out += line + "\n";
      at = end + 1;
    }
    return out;
  }

  VmFixture fixture_;
};

#define COMPILER Compiler compiler(__builtin_frame_address(0))

void test_fib(void**) {
  COMPILER;
  assert_text(compiler.listing("(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))"),
              R"(registers 4, parameters 1
   0 JumpNotLtImm r0 2 -> 2
   1 Return r0
   2 AddImm r2 r0 -1
   3 CallGlobal r1 k0:global r1 argc=1
   4 AddImm r3 r0 -2
   5 CallGlobal r2 k0:global r2 argc=1
   6 Add r3 r1 r2
   7 Return r3
)");
}

void test_loop(void**) {
  COMPILER;
  assert_text(
      compiler.listing(
          "(define (f v n) (let loop ((i 0) (s 0.5)) (if (< i n) (loop (+ i 1) (+ s (* 2.5 (vector-ref v i)))) s)))"),
      R"(registers 6, parameters 2
   0 Int r3 0
   1 Const r4 k0:data
   2 Const r2 k1:data
   3 JumpNotLt r3 r1 -> 9
   4 VectorRef r5 r0 r3
   5 Mul r5 r2 r5
   6 Add r4 r4 r5
   7 AddImm r3 r3 1
   8 Loop -> 3
   9 Return r4
)");
}

void test_nested_loops(void**) {
  COMPILER;
  assert_text(compiler.listing(R"((define (f n)
                  (do ((i 0 (+ i 1)) (s 0)) ((= i n) s)
                    (do ((j 0 (+ j 1))) ((= j i)) (set! s (+ s j))))))"),
              R"(registers 4, parameters 1
   0 Int r1 0
   1 Int r2 0
   2 JumpNotNumEq r1 r0 -> 4
   3 Return r2
   4 Int r3 0
   5 JumpNumEq r3 r1 -> 9
   6 Add r2 r2 r3
   7 AddImm r3 r3 1
   8 Loop -> 5
   9 AddImm r1 r1 1
  10 Loop -> 2
)");
}

// A tail call of itself by name is a loop while the name means the running closure.
void test_loop_by_name(void**) {
  COMPILER;
  assert_text(compiler.listing("(define (f n s) (if (= n 0) s (f (- n 1) (+ s n))))"), R"(registers 5, parameters 2
   0 JumpNotNumEqImm r0 0 -> 2
   1 Return r1
   2 JumpNotSelf k0:global -> 6
   3 Add r1 r1 r0
   4 AddImm r0 r0 -1
   5 Loop -> 0
   6 AddImm r3 r0 -1
   7 Add r4 r1 r0
   8 TailCallGlobal r2 k0:global argc=2
)");
}

void test_swap(void**) {
  COMPILER;
  assert_text(compiler.listing("(define (f a b n) (let loop ((a a) (b b) (n n)) (if (zero? n) a (loop b a (- n 1)))))"),
              R"(registers 7, parameters 3
   0 Move r3 r0
   1 Move r4 r1
   2 Move r5 r2
   3 JumpNotNumEqImm r5 0 -> 5
   4 Return r3
   5 AddImm r5 r5 -1
   6 Move r6 r4
   7 Move r4 r3
   8 Move r3 r6
   9 Loop -> 3
)");
}

void test_group(void**) {
  COMPILER;
  assert_text(compiler.listing(R"((define (f n)
                  (define (even n) (if (= n 0) true (odd (- n 1))))
                  (define (odd n) (if (= n 0) false (even (- n 1))))
                  (if (< n 0) (even (1- n)) (odd n))))"),
              R"(registers 4, parameters 1
   0 JumpNotLtImm r0 0 -> 3
   1 AddImm r1 r0 -1
   2 Jump -> 5
   3 Move r2 r0
   4 Jump -> 9
   5 JumpNotNumEqImm r1 0 -> 8
   6 Special r3 2
   7 Return r3
   8 AddImm r2 r1 -1
   9 JumpNotNumEqImm r2 0 -> 12
  10 Special r3 0
  11 Return r3
  12 AddImm r1 r2 -1
  13 Loop -> 5
)");
}

void test_guard(void**) {
  COMPILER;
  assert_text(compiler.listing("(define (f g x) (guard (e ((eq? e 'no) x)) (g x)))"),
              R"(registers 8, parameters 2
   0 Guard r2
   1 Move r3 r0
   2 Move r4 r1
   3 Call r3 r3 argc=1
   4 Unguard r2
   5 Return r3
   6 Catch r4 r2
   7 Prim r5 r4 %error-unwind? argc=1
   8 JumpIf r5 -> 10
   9 Throw r4
  10 Prim r5 r4 %unwind-value argc=1
  11 JumpNotEqConst r5 k0:data -> 13
  12 Return r1
  13 Prim r6 r4 %unwind-value argc=1
  14 Prim r7 r6 raise-continuable argc=1
  15 Return r7
region [1, 4) -> 6
)");
}

// Visible values are moves into the variables, out of a loop as well.
void test_values(void**) {
  COMPILER;
  assert_text(compiler.listing("(define (f a b) (receive (q r) (if a (values b 1) (values 2 a)) (cons r q)))"),
              R"(registers 5, parameters 2
   0 JumpUnless r0 -> 4
   1 Move r2 r1
   2 Int r3 1
   3 Jump -> 6
   4 Int r2 2
   5 Move r3 r0
   6 Cons r4 r3 r2
   7 Return r4
)");
}

void test_direct_escape(void**) {
  COMPILER;
  assert_text(compiler.listing(R"((define (find l x)
                  (let/ec return
                    (let loop ((l l))
                      (when (pair? l)
                        (if (eq? (car l) x) (return l))
                        (loop (cdr l)))))))"),
              R"(registers 4, parameters 2
   0 Move r2 r0
   1 JumpNotPair r2 -> 7
   2 Car r3 r2
   3 JumpNotEq r3 r1 -> 5
   4 Return r2
   5 Cdr r2 r2
   6 Loop -> 1
   7 Special r3 4
   8 Return r3
)");
}

void test_closures(void**) {
  COMPILER;
  assert_text(compiler.listing(R"((define (f l)
                  (define (a x) (if (null? x) l (cons 1 (b (cdr x)))))
                  (define (b x) (cons 2 (a x)))
                  (list a b)))"),
              R"(registers 4, parameters 1
   0 Special r2 1
   1 Closure r1 k0:function
   2 Closure r2 k1:function
   3 SetCapture r1 r2 1
   4 Prim r3 r1 list argc=2
   5 Return r3
)");
}

void test_boxes(void**) {
  COMPILER;
  assert_text(compiler.listing("(define (f n) (lambda () (set! n (+ n 1)) n))"), R"(registers 2, parameters 1
   0 MakeBox r0 r0
   1 Closure r1 k0:function
   2 Return r1
)");
}

void test_case(void**) {
  COMPILER;
  assert_text(compiler.listing("(define (f x) (case x ((a 1) 'one) ((b) 'two) (else 'more)))"),
              R"(registers 2, parameters 1
   0 JumpEqConst r0 k0:data -> 2
   1 JumpNotEqConst r0 k1:data -> 4
   2 Const r1 k2:data
   3 Return r1
   4 JumpNotEqConst r0 k3:data -> 7
   5 Const r1 k4:data
   6 Return r1
   7 Const r1 k5:data
   8 Return r1
)");
}

void test_errors(void**) {
  COMPILER;
  assert_text(compiler.error("(if)"), "test:1:1: 'if' is not well formed; write it as (if test then [else])");
  assert_text(compiler.error("(begin\n  (let ((x 1) (x 2)) x))"),
              "test:2:3: the name 'x' is bound twice; choose different names");
  assert_text(compiler.error("(define if 1)"),
              "test:1:1: 'if' is a special form and cannot be defined; choose another name");
  assert_text(compiler.error("(do (f) (g))"),
              "test:1:1: 'do' is the loop (do ((variable first next) ...) (test result ...) command ...); "
              "use begin to evaluate expressions in order");
  assert_text(compiler.error("(f 1 . 2)"), "test:1:1: a form ends in a dot and a value; write a proper list of forms");
}

// Everything that is made holds what the verifier asks, also when the collector runs at every chance.
void test_every_form_verifies(void**) {
  heap::HeapOptions options;
  options.stress = true;
  Compiler compiler(__builtin_frame_address(0), options);
  for (const char* source : {
           "(define (f &optional (a 1) (b (list a)) &rest c) (lambda () (set! a b) c))",
           "(define (f g) (dynamic-wind g (fn () (g 1)) g))",
           "(define (f p) (parameterize ((p 1) ((p) 2)) (p)))",
           "(define (f g) (with-handlers ((ask (fn (x) x)) (tell g)) (g)))",
           "(define (f g) (call/ec (fn (k) (g k))))",
           "(define (f) (define a b) (define (g) b) (define b (g)) (list a b))",
           "(define (f x) `(1 ,x ,@(list x x) #(a ,x)))",
           "(define (f x) (guard (e ((assq 'a e) => cdr) (else (let/ec k (x k)))) (guard (d (false 1)) (x))))",
           "(define (f l) (while (pair? l) (set! l (cdr l))) (let loop () (if (f l) (loop) (loop))))",
           "(define-record-type p (make a b) p? (a p-a set-a!) (b p-b))",
       }) {
    Value top = compiler.compile(source);
    assert_true(top != kUnwind);
    std::string reason;
    bool good = bytecode::verify(*as_closure(top)->proto->function, prims::accepts, &reason);
    assert_text(good ? "" : reason, "");
  }
}

void test_hashes(void**) {
  COMPILER;
  auto hash = [&](std::string_view source) { return as_closure(compiler.compile(source))->proto->function->hash; };
  assert_true(hash("(f \"text\" 'a 1.5)") == hash("  (f \"text\"\n 'a 1.5)"));
  assert_true(hash("(f \"text\")") != hash("(f \"other\")"));
  assert_true(hash("(f (fn (x) x))") != hash("(f (fn (x) 1))"));
  assert_true(hash("(f)") != hash("(g)"));
}

}  // namespace
}  // namespace terrace::test

int main() {
  using namespace terrace::test;
  const CMUnitTest tests[] = {
      cmocka_unit_test(test_fib),           cmocka_unit_test(test_loop),
      cmocka_unit_test(test_nested_loops),  cmocka_unit_test(test_swap),
      cmocka_unit_test(test_group),         cmocka_unit_test(test_guard),
      cmocka_unit_test(test_values), cmocka_unit_test(test_direct_escape), cmocka_unit_test(test_closures),
      cmocka_unit_test(test_boxes),         cmocka_unit_test(test_case),
      cmocka_unit_test(test_errors),        cmocka_unit_test(test_every_form_verifies),
      cmocka_unit_test(test_hashes),        cmocka_unit_test(test_loop_by_name),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
