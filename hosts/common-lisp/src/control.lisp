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

;;; --- texts that the library made

(defun take-text (cell)
  "The text in CELL, given back to the library; NIL when there is none."
  (let ((text (cffi:mem-ref cell :pointer)))
    (unless (cffi:null-pointer-p text)
      (unwind-protect (decode text) (%text-release text)))))

(defun take-json (cell)
  (let ((text (take-text cell)))
    (and text (parse-json text))))

(defmacro engine-text (engine function take)
  "What TAKE makes of the text that FUNCTION answers for ENGINE."
  (let ((cell (gensym "CELL")))
    `(cffi:with-foreign-object (,cell :pointer)
       (engine-call ,engine (,function ,cell))
       (,take ,cell))))

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

(defmacro with-function ((pointer vm function) &body body)
  `(with-arguments (,pointer ,vm (list (callable ,function)))
     ,@body))

(defun pin (engine name)
  "Functions of that name are never evicted. Of a vm NAME may also be an SX function."
  (if (typep name 'sx-function)
      (with-function (pointer engine name) (checked engine (%pin-function (pointer-of engine) pointer)))
      (named-call (lambda (engine text size err) (%pin engine text size err)) engine name))
  t)

(defun unpin (engine name)
  "Takes PIN back; NIL when the name was not pinned."
  (cond ((typep name 'sx-function)
         (with-function (pointer engine name) (checked engine (%unpin-function (pointer-of engine) pointer)))
         t)
        (t (named-call (lambda (engine text size err) (%unpin engine text size err)) engine name))))

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

(defun explain (vm function)
  "A plist (:name :tier :reason :calls :bytes :pinned :deopts :left-at ...; jit.h has them all): whether the function is compiled, and if not,
why, and where opt code was left in the middle. The tier is a keyword."
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
             (cond ((= 1 (cffi:mem-ref idle :uint32))
                    (tell-events engine)
                    (return t))
                   ((<= left 0) (return nil))))))

(defun refusals (engine)
  (getf (engine-text engine %stats-json take-json) :refusals))

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
