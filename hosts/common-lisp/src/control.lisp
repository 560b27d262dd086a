;;;; control.lisp: what a user decides about compilation and the code cache. Every function takes an engine or one of its vms.

(in-package #:terrace)

(defun engine-pointer (engine)
  (pointer-of (engine-of engine)))

(defmacro engine-call (engine (function &rest arguments))
  `(checked nil (,function (engine-pointer ,engine) ,@arguments)))

(defun named-call (function engine name)
  "Calls FUNCTION of engine, text, size and error cell. NIL when there is no such name."
  (with-text (text size (sx-name name))
    (with-error-cell (err)
      (let ((status (funcall function (engine-pointer engine) text size err)))
        (cond ((>= status 0) t)
              (t (let ((condition (condition-from nil status err)))
                   (if (eql status +status-not-found+) nil (error condition)))))))))

;;; --- threshold and budgets

(defun set-threshold (engine calls)
  "Functions are compiled after that many calls: 1 at once, 0 never."
  (engine-call engine (%set-threshold calls))
  calls)

(defun threshold (engine) (getf (stats engine) :threshold))
(defun (setf threshold) (calls engine) (set-threshold engine calls))

(defmacro with-threshold ((engine calls) &body body)
  "BODY with another threshold; the one before comes back in any case."
  (let ((e (gensym "ENGINE")) (before (gensym "BEFORE")))
    `(let* ((,e ,engine) (,before (threshold ,e)))
       (set-threshold ,e ,calls)
       (unwind-protect (progn ,@body) (set-threshold ,e ,before)))))

(defun set-budget (engine entries)
  "The most entries of the code cache; 0 keeps nothing."
  (engine-call engine (%set-budget entries))
  entries)

(defun budget (engine) (getf (stats engine) :budget))
(defun (setf budget) (entries engine) (set-budget engine entries))

(defun set-budget-bytes (engine bytes)
  "The most bytes of compiled code; 0 for no limit."
  (engine-call engine (%set-budget-bytes bytes))
  bytes)

(defun budget-bytes (engine) (getf (stats engine) :budget-bytes))
(defun (setf budget-bytes) (bytes engine) (set-budget-bytes engine bytes))

;;; --- the cache

(defun pin (engine name)
  "Functions of that name are never evicted."
  (named-call (lambda (engine text size err) (%pin engine text size err)) engine name))

(defun unpin (engine name)
  "Takes PIN back; NIL when the name was not pinned."
  (named-call (lambda (engine text size err) (%unpin engine text size err)) engine name))

(defun reset (engine)
  "Drops all compiled code that is not pinned. What is hot compiles again."
  (engine-call engine (%reset))
  nil)

(defun clear-cold (engine &optional (generations 1))
  "Drops what was not called in the last GENERATIONS generations; each call of this ends one. Answers how many were dropped."
  (cffi:with-foreign-object (dropped :uint64)
    (engine-call engine (%clear-cold generations dropped))
    (cffi:mem-ref dropped :uint64)))

(defun exclude (engine pattern)
  "Functions whose name matches stay interpreted; * stands for any text."
  (named-call (lambda (engine text size err) (%exclude engine text size err)) engine pattern))

(defun allow (engine pattern)
  "Takes EXCLUDE of the same pattern back; NIL when there was none."
  (named-call (lambda (engine text size err) (%allow engine text size err)) engine pattern))

;;; --- one function

(defmacro with-function ((pointer vm function) &body body)
  `(with-arguments (,pointer ,vm (list (callable ,function)))
     ,@body))

(defun optimize (vm function &optional (tier :opt))
  "Compiles a function (or the name of a global) now, for TIER :base or :opt, and waits for it."
  (with-function (pointer vm function)
    (checked vm (%optimize (pointer-of vm) pointer (mode-code tier))))
  tier)

(defun demote (vm function)
  "Takes a function back to the interpreter, where it may become warm again."
  (with-function (pointer vm function)
    (checked vm (%demote (pointer-of vm) pointer)))
  nil)

(defun take-json (cell)
  (let ((text (cffi:mem-ref cell :pointer)))
    (unwind-protect (parse-json (decode text)) (%text-release text))))

(defun explain (vm function)
  "A plist (:name :tier :reason :calls :bytes :pinned): whether the function is compiled, and if not, why. The tier is a keyword."
  (cffi:with-foreign-object (cell :pointer)
    (with-function (pointer vm function)
      (checked vm (%explain (pointer-of vm) pointer cell)))
    (let ((plist (take-json cell)))
      (setf (getf plist :tier) (json-keyword (getf plist :tier)))
      plist)))

;;; --- the engine at large

(defconstant +wait-slice+ 100 "Milliseconds for which Lisp's interrupts wait at most.")

(defun wait (engine &optional (seconds 30))
  "Waits until nothing is being compiled, at most SECONDS. Whether that came true."
  (cffi:with-foreign-object (idle :uint32)
    (loop with left = (ceiling (* 1000 seconds))
          do (engine-call engine (%wait (min left +wait-slice+) idle))
             (decf left +wait-slice+)
             (cond ((= 1 (cffi:mem-ref idle :uint32)) (return t))
                   ((<= left 0) (return nil))))))

(defun refusals (engine)
  (cffi:with-foreign-object (cell :pointer)
    (engine-call engine (%stats-json cell))
    (getf (take-json cell) :refusals)))

(defun stats (engine)
  "A plist of the engine's figures (see jit_stats_data in jit.h), and :refusals, a plist of reasons and their number."
  (with-zeroed (data (* 8 (1+ (length *statistics*))))
    (setf (cffi:mem-ref data :uint64) (* 8 (1+ (length *statistics*))))
    (engine-call engine (%stats data))
    (append (loop for name in *statistics*
                  for i from 1
                  append (list name (if (eq name :threshold)
                                        (cffi:mem-ref data :int64 (* 8 i))
                                        (cffi:mem-ref data :uint64 (* 8 i)))))
            (list :refusals (refusals engine)))))

(defun report (engine &optional (stream *standard-output*))
  "Writes the figures for people."
  (let ((stats (stats engine)))
    (flet ((figure (name) (getf stats name)))
      (format stream "~&~D of ~D entries (~D base, ~D opt), ~D bytes of code, ~D pinned~%" (figure :entries) (figure :budget)
              (figure :base-entries) (figure :opt-entries) (figure :bytes) (figure :pinned))
      (format stream "threshold ~D; ~D hits, ~D misses, ~D evictions, ~D dropped, ~D waiting~%" (figure :threshold) (figure :hits)
              (figure :misses) (figure :evictions) (figure :resets) (figure :queued))
      (format stream "compiled ~D base in ~,1F ms, ~D opt in ~,1F ms; worker started ~D times, died ~D times~%"
              (figure :base-compiles) (/ (figure :base-compile-ns) 1d6) (figure :opt-compiles)
              (/ (figure :opt-compile-ns) 1d6) (figure :worker-starts) (figure :worker-deaths))
      (format stream "~D refused~{~^: ~(~A~) ~D~^,~}~%" (figure :refused) (figure :refusals))
      (format stream "heap ~D bytes after ~D collections~%" (figure :heap-bytes) (figure :heap-collections))))
  nil)
