;;;; support.lisp: the suite, and what its tests share.

(defpackage #:terrace/tests
  (:use #:common-lisp #:fiveam)
  (:import-from #:terrace #:eval-sx #:call #:define #:lookup #:jit-error #:with-effects #:with-suspension #:resume #:resume-error
                #:cancel #:suspended-p #:stats)
  (:export #:run-suite))

(in-package #:terrace/tests)

(def-suite :terrace :description "The ten scenarios in Common Lisp.")

(defvar *state-at-start* nil "Signals and floating point before the library was opened.")

(defun run-suite ()
  "Runs every test and prints a summary; whether all is well."
  (unless *state-at-start*
    (assert (null (terrace:library-path)))
    (setf *state-at-start* (process-state)))
  (let ((*package* (find-package '#:terrace/tests)) (results (run :terrace)))
    (explain! results)
    (results-status results)))

(defmacro scenario (name &body body)
  `(test (,name :suite :terrace) ,@body))

(defmacro with-vm ((vm &key (mode :auto) engine vm-options engine-options) &body body)
  "BODY with a new vm (and its engine, when a name is given), released afterwards."
  (let ((engine-variable (or engine (gensym "ENGINE"))))
    `(let* ((,engine-variable (terrace:make-engine :mode ,mode ,@engine-options))
            (,vm (terrace:make-vm ,engine-variable :package '#:terrace/tests ,@vm-options)))
       (declare (ignorable ,vm))
       (unwind-protect (progn ,@body)
         (terrace:release ,vm)
         (terrace:release ,engine-variable)))))

(defmacro caught (&body body)
  "The TERRACE-ERROR that BODY signals, or NIL."
  `(handler-case (progn ,@body nil)
     (terrace:terrace-error (condition) condition)))

(defun caught-kind (vm source)
  (let ((condition (caught (eval-sx vm source))))
    (and condition (terrace:jit-error-kind condition))))

(defun repeated (text times)
  (let ((result (make-string (* times (length text)))))
    (dotimes (i times result) (replace result text :start1 (* i (length text))))))

(defun compiles-p (vm)
  "Whether this machine can compile; a test that needs it says so when it cannot."
  (eval-sx vm "(define (probe-compiler x) (* x 2))")
  (let ((condition (caught (terrace:optimize vm "probe-compiler" :base))))
    (terrace:reset vm)
    (when condition
      (skip "nothing is compiled here: ~A" condition))
    (null condition)))

(defun collect-garbage ()
  #+sbcl (sb-ext:gc :full t)
  #+ecl (ext:gc t))

(defun start-thread (function)
  #+sbcl (sb-thread:make-thread function)
  #+ecl (mp:process-run-function "test" function))

(defun join (thread)
  #+sbcl (sb-thread:join-thread thread)
  #+ecl (mp:process-join thread))
