;;;; run.lisp: one run of a program, from its start over every effect to its end.
;;;;
;;;; A run is started by a function of (result computation err) that makes one call of the library. What comes back is a value, a request
;;;; for an effect, an interruption, or an error; after a request or interruption the run goes on by another such function.

(in-package #:terrace)

(define-condition interrupted (terrace-error)
  ((computation :initarg :computation :reader interrupted-computation))
  (:report "The SX program was interrupted.")
  (:documentation "INTERRUPT stopped a program. Restarts: CONTINUE goes on, SUSPEND makes the running function return the computation.
Leaving it any other way cancels the program."))

(defun retry (&optional condition)
  "Takes the restart of that name: runs again what failed."
  (let ((restart (find-restart 'retry condition)))
    (when restart (invoke-restart restart))))

(defun run (vm start)
  "The value of the run; TERRACE:RETRY starts it again."
  (sweep)
  (unwind-protect
       (loop
         (multiple-value-bind (value again) (run-once vm start)
           (unless again (return value))))
    (when (and (listener (engine-of vm)) (null *vm*)) (tell-events (engine-of vm)))))

(defun run-once (vm start)
  (let ((*vm* vm) (*causes* (if (eq *vm* vm) *causes* '())))
    (with-values (result 1)
      (cffi:with-foreign-objects ((computation :pointer) (err :pointer))
        (loop
          (setf (cffi:mem-ref computation :pointer) (cffi:null-pointer) (cffi:mem-ref err :pointer) (cffi:null-pointer))
          (clear-value result)
          (let ((status (while-running (vm) (funcall start result computation err))))
            (unless (= status +status-interrupted+) (absorb-turn vm))
            (cond ((= status +status-ok+) (return (from-sx vm result)))
                  ((minusp status) (return (signal-failure vm status err)))
                  (t (multiple-value-bind (next value) (set-aside vm status result (cffi:mem-ref computation :pointer))
                       (if next (setf start next) (return value)))))))))))

(defun signal-failure (vm status err)
  "Answers a value and whether to run again, as the user chooses."
  (let ((condition (condition-from vm status err)))
    (restart-case (error condition)
      (retry ()
        :report "Run it again."
        (values nil t))
      (use-value (value)
        :report "Use a value in its place."
        :interactive (lambda () (format *query-io* "~&A form for the value: ") (list (eval (read *query-io*))))
        (values value nil)))))

(defun set-aside (vm status result pointer)
  "How the computation at POINTER goes on: a function for RUN-ONCE; or NIL, and what the run returns."
  (let ((computation (own (make-instance 'suspended :vm vm :operation nil :arguments '()) pointer '%computation-release vm))
        (kept nil))
    (unwind-protect
         (multiple-value-bind (decision value) (if (= status +status-suspended+)
                                                   (request vm result computation)
                                                   (interruption vm computation))
           (setf kept t)
           (ecase decision
             (:answer (answering computation value))
             (:refuse (refusing computation value))
             (:continue (continuing computation))
             (:suspend (values nil computation))))
      (unless kept (cancel-quietly computation)))))

(defun request (vm result computation)
  (let ((request (from-sx vm result)))
    (setf (slot-value computation 'operation) (first request)
          (slot-value computation 'arguments) (rest request))
    (decide-safely computation)))

(defun interruption (vm computation)
  "The ticking thread (interrupts.lisp) only wants Lisp to have a turn; a user's wish is signalled."
  (loop while (eq (turn vm) :asking))
  (setf (turn vm) nil)
  (cond ((wants-interrupt vm)
         (setf (wants-interrupt vm) nil) ; only here, so that a wish that comes now is not lost
         (restart-case (error 'interrupted :computation computation)
           (continue () :report "Go on with the program." (values :continue))
           (suspend () :report "Return the computation, to be resumed later." (values :suspend))))
        (t :continue)))

(defun cancel-quietly (computation)
  "The computation is left by a non-local exit of Lisp."
  (handler-case (cancel computation)
    (terrace-error () (release computation))))

;;; --- going on

(defmacro resumption ((computation pointer result next err) &body body)
  "A function for RUN-ONCE that uses COMPUTATION up."
  `(lambda (,result ,next ,err)
     (let ((,pointer (pointer-of ,computation)))
       (multiple-value-prog1 (progn ,@body) (release ,computation)))))

(defun answering (computation value)
  (resumption (computation pointer result next err)
    (with-arena (arena)
      (with-values (answer 1)
        (to-sx (suspended-vm computation) value answer arena)
        (%resume pointer answer result next err)))))

(defun refusing (computation message)
  (resumption (computation pointer result next err)
    (with-text (text size message)
      (%resume-error pointer text size result next err))))

(defun continuing (computation)
  (resumption (computation pointer result next err)
    (%resume pointer (cffi:null-pointer) result next err)))

(defun resume (computation &optional value)
  "Answers what COMPUTATION waits for with VALUE; runs on to its end, or, as this is a WITH-SUSPENSION, to the next effect."
  (with-suspension
    (run (suspended-vm computation)
         (if (operation computation) (answering computation value) (continuing computation)))))

(defun resume-error (computation message)
  "As RESUME, but perform raises an error with this message (or that of a condition), which SX can guard."
  (let ((text (if (stringp message) message (princ-to-string message))))
    (with-suspension
      (let ((*causes* (if (stringp message) *causes* (acons text message *causes*))))
        (run (suspended-vm computation) (refusing computation text))))))
