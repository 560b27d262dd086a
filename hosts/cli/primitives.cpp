// cli/primitives.cpp: the reference of primitives, written by an SX program from what primitive-info answers.
#include "primitives.hpp"

namespace terrace::cli {

namespace {

constexpr const char* kProgram = R"sx(
(define (call-shape info)  ; "(car pair) -> any" from "(pair) -> any"
  (let ((signature (dict-get info 'signature)))
    (str "(" (dict-get info 'name) (if (string-starts-with? signature "()") "" " ") (substring signature 1))))

(define (show-text info)
  (print (call-shape info))
  (print (str "    " (dict-get info 'text)))
  (for-each (fn (line) (print (str "    " line))) (dict-get info 'examples)))

(define (show-markdown info)
  (print (str "**`" (call-shape info) "`** " (dict-get info 'text) "\n\n```sx"))
  (for-each print (dict-get info 'examples))
  (print "```\n"))

(define (show-all show-family show-one)
  (fold-left
    (fn (family name)
      (let* ((info (primitive-info name)) (its-family (dict-get info 'family)))
        (unless (equal? family its-family) (show-family its-family))
        (show-one info)
        its-family))
    ""
    (primitive-names)))

(define (show-primitives form name)
  (cond ((string=? form "markdown") (show-all (fn (family) (print (str "### " family "\n"))) show-markdown))
        ((string-empty? name) (show-all (fn (family) (print (str "\n" (string-upcase family) "\n"))) show-text))
        ((primitive-info name) => show-text)
        (else (raise (make-error 'unknown-primitive (str "no primitive is called " name "; see terrace prims"))))))
)sx";

}  // namespace

Outcome show_primitives(Session& session, const std::string& name, PrimitivesForm form) {
  Outcome ready = session.run(kProgram, "terrace prims");
  if (ready.kind != Outcome::Kind::kDone) return ready;
  Outcome shown = session.call("show-primitives", {form == PrimitivesForm::kMarkdown ? "markdown" : "text", name});
  // The place in the program above says nothing to who asked.
  shown.failure.line = 0;
  shown.failure.trace.clear();
  return shown;
}

}  // namespace terrace::cli
