;;;; Whether this Lisp finds what the tests need; the exit code says so.

(require :asdf)

(uiop:quit (if (every (lambda (system) (asdf:find-system system nil)) '("cffi" "fiveam" "trivial-garbage")) 0 1))
