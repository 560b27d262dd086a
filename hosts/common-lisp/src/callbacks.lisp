;;;; callbacks.lisp: what the library calls in Lisp: host functions, output, finalizers.
;;;;
;;;; Rules:
;;;;  1. Nothing leaves a callback but a return: conditions and non-local exits become errors of SX.
;;;;  2. env is a number of the registry.
;;;;  3. An answer must stay readable until the library has copied it, which is before it calls Lisp again: the vm keeps it so long.

(in-package #:terrace)

(defvar *break-on-callback-errors* nil
  "When true, an error in a host function or effect handler enters the debugger before it becomes an error of SX.")

(defstruct host-function name function)

;;; --- failing

(defun describe-condition (condition)
  (handler-case (princ-to-string condition)
    (serious-condition () (format nil "a ~(~A~) that cannot be printed" (type-of condition)))))

(defun new-error (message)
  (with-text (text size message)
    (%error-new +status-host+ text size)))

(defun fail-with (condition vm-pointer err)
  "Stores CONDITION as the library's error; answers the status."
  (let ((message (describe-condition condition)))
    (setf (cffi:mem-ref err :pointer)
          (or (and (typep condition 'jit-error) (take-origin condition vm-pointer))
              (progn (remember-cause message condition) (new-error message))))
    +status-host+))

(defun note-serious (condition)
  (when *break-on-callback-errors* (invoke-debugger condition)))

(define-condition non-local-exit (terrace-error) ()
  (:report "a host function was left by a non-local exit (THROW, RETURN-FROM, an aborted thread), which cannot cross SX"))

(define-condition too-deep (terrace-error) ()
  (:report "SX and Lisp call each other too deeply: the stack of this thread is nearly used up"))

(defmacro without-leaving (on-failure &body body)
  "BODY's value; whatever else would happen, the value of the function ON-FAILURE, called with a condition."
  (let ((over (gensym "OVER")) (left (gensym "LEFT")))
    `(block ,over
       (let ((,left t))
         (unwind-protect
              (multiple-value-prog1
                  (handler-case (handler-bind ((serious-condition #'note-serious)) (inside-lisp ,@body))
                    (serious-condition (condition) (funcall ,on-failure condition)))
                (setf ,left nil))
           (when ,left
             (return-from ,over (funcall ,on-failure (make-condition 'non-local-exit)))))))))

;;; --- host functions

(defun read-arguments (vm arguments count)
  (loop for i below count collect (borrowed-from-sx vm (value-at arguments i))))

(defun give-answer (vm value result)
  "Writes VALUE to RESULT; the library gets a reference of its own."
  (when (last-answer vm) (free-arena (shiftf (last-answer vm) nil)))
  (let ((arena (setf (last-answer vm) (make-arena))))
    (to-sx vm value result arena)
    (when (= (value-kind result) +kind-ref+) (%ref-retain (value-ref result)))))

(defun caller (vm-pointer)
  "The vm that calls."
  (if (and *vm* (= (pointer-address-of *vm*) (cffi:pointer-address vm-pointer)))
      *vm*
      (handle-fails (cffi:pointer-address vm-pointer) "this vm is on its way out and runs no Lisp any more")))

(defun call-host-function (env vm-address arguments count result err)
  (let ((vm-pointer (cffi:make-pointer vm-address)) (result (cffi:make-pointer result)) (err (cffi:make-pointer err)))
    (without-leaving (lambda (condition)
                       (clear-value result)
                       (fail-with condition vm-pointer err))
      (let ((vm (caller vm-pointer)) (*suspending* nil))
        (unless (stack-left-p) (error 'too-deep))
        (absorb-turn vm)
        (give-answer vm
                     (apply (host-function-function (registered env))
                            (read-arguments vm (cffi:make-pointer arguments) count))
                     result)
        +status-ok+))))

(define-callback host-function-called (:uint64 :uint64 :uint64 :uint64 :uint64 :uint64) call-host-function)

(defun forget-object (number)
  (unregister number)
  0)

(define-callback object-unused (:uint64) forget-object)

(defun output-text (number data size)
  (without-leaving (lambda (condition) (declare (ignore condition)) 0)
    (write-output (registered number) (decode (cffi:make-pointer data) size))
    0))

(define-callback output-written (:uint64 :uint64 :uint64) output-text)

(defun write-output (destination text)
  (etypecase destination
    (function (funcall destination text))
    (symbol (write-string text (symbol-value destination)))
    (stream (write-string text destination))))

;;; --- registering

(defmacro registering ((number object) &body body)
  "BODY hands the number of OBJECT to the library; when it fails the object is forgotten."
  (let ((done (gensym "DONE")))
    `(let ((,number (register ,object)) (,done nil))
       (unwind-protect (multiple-value-prog1 (progn ,@body) (setf ,done t))
         (unless ,done (unregister ,number))))))

(defun define-host-function (vm name function min max)
  (registering (number (make-host-function :name name :function function))
    (with-text (text size name)
      (checked vm (%define-function (pointer-of vm) text size min (or max -1) (callback-address host-function-called)
                                    (cffi:make-pointer number) (callback-address object-unused))))))

(defun put-function (vm arena function pointer)
  "A function becomes a value through a global that keeps nothing."
  (define-host-function vm "%lisp-function" function 0 nil)
  (with-text (name size "%lisp-function")
    (checked vm (%lookup (pointer-of vm) name size pointer))
    (push (value-ref pointer) (arena-references arena))
    (with-values (nothing 1)
      (checked vm (%define (pointer-of vm) name size nothing)))))

;;; --- other Lisp objects

(defconstant +lisp-object+ #x4C495350 "The type_id of host objects that are Lisp's.")

(defun put-lisp-object (vm arena object pointer)
  (registering (number object)
    (put-new vm arena pointer (%host-object-new (pointer-of vm) (cffi:make-pointer number) +lisp-object+
                                                (callback-address object-unused)))))

(defun read-host-object (vm ref)
  "The Lisp object itself, or what holds another host's."
  (cffi:with-foreign-object (pointer :pointer)
    (if (= (%host-object-get ref +lisp-object+ pointer (cffi:null-pointer)) +status-ok+)
        (values (registered (cffi:pointer-address (cffi:mem-ref pointer :pointer))) nil)
        (values (make-sx-object vm ref +type-host-object+) t))))
