;;;; The system definition. Only what ASDF 3.1 has, which is what ECL brings along.

(defsystem "terrace"
  :description "SX programs, interpreted and compiled by libterrace, inside Common Lisp."
  :version "0.1.0"
  :license "MIT"
  :depends-on ("cffi" "trivial-garbage")
  :pathname "src/"
  :serial t
  :components ((:file "package")
               (:file "image")
               (:file "stacks")
               (:file "library")
               (:file "abi")
               (:file "registry")
               (:file "handles")
               (:file "names")
               (:file "conditions")
               (:file "objects")
               (:file "to-sx")
               (:file "from-sx")
               (:file "interrupts")
               (:file "callbacks")
               (:file "effects")
               (:file "run")
               (:file "vm")
               (:file "json")
               (:file "control")
               (:file "parameters")
               (:file "housekeeping"))
  :in-order-to ((test-op (test-op "terrace/tests"))))

(defsystem "terrace/tests"
  :description "The ten scenarios, and what else a Lisp user relies on."
  :depends-on ("terrace" "fiveam")
  :pathname "test/"
  :serial t
  :components ((:file "support")
               (:file "numbers")
               (:file "data")
               (:file "functions")
               (:file "host-functions")
               (:file "errors")
               (:file "effects")
               (:file "tiers")
               (:file "control")
               (:file "housekeeping")
               (:file "bad-input")
               (:file "guest")
               (:file "threads")
               (:file "image"))
  :perform (test-op (operation component)
             (unless (symbol-call :terrace/tests :run-suite)
               (error "Some tests of terrace failed."))))
