;;;; effects.lisp: who answers (perform 'operation argument ...), and computations that wait for an answer.
;;;;
;;;; A request looks for its answer in this order: the handlers of WITH-EFFECTS, the innermost first; whoever handles the condition EFFECT and
;;;; takes one of its restarts; WITH-SUSPENSION, which makes the running function return the computation. When nobody answers, perform raises
;;;; an error in SX.

(in-package #:terrace)

(defvar *effects* '() "Functions of an operation and its arguments, the innermost first; they answer (values answer t), or nothing.")

(defclass suspended (owner)
  ((vm :initarg :vm :reader suspended-vm)
   (operation :initarg :operation :reader operation)
   (arguments :initarg :arguments :reader arguments))
  (:documentation "A computation that waits for an answer. It can be resumed once."))

(defmethod print-object ((object suspended) stream)
  (print-owner object stream (princ-to-string (operation object))))

(defun suspended-p (value)
  (typep value 'suspended))

(define-condition effect (condition)
  ((computation :initarg :computation :reader effect-computation))
  (:report (lambda (condition stream)
             (format stream "SX performs ~S~{ ~S~}" (effect-operation condition) (effect-arguments condition))))
  (:documentation "Signalled when an effect has no handler. Restarts: USE-VALUE answers, REFUSE raises an error with a message in SX,
SUSPEND makes the running function return the computation."))

(defun effect-operation (condition) (operation (effect-computation condition)))
(defun effect-arguments (condition) (arguments (effect-computation condition)))

(defun same-operation-p (operation name)
  (and (symbolp operation) (string= (symbol-name operation) name)))

(defmacro with-effects ((&rest clauses) &body body)
  "Runs BODY; SX programs in it that perform an operation get the value of its clause. A clause is (operation (argument ...) form ...);
the operation T takes what no other clause does, with the operation as its first argument. Errors in a clause are raised in SX."
  (let ((operation (gensym "OPERATION")) (arguments (gensym "ARGUMENTS")))
    `(let ((*effects*
             (cons (lambda (,operation ,arguments)
                     (declare (ignorable ,operation ,arguments))
                     (cond
                       ,@(loop for (name parameters . forms) in clauses
                               collect (if (eq name t)
                                           `(t (values (apply (lambda ,parameters ,@forms) ,operation ,arguments) t))
                                           `((same-operation-p ,operation ,(symbol-name name))
                                             (values (apply (lambda ,parameters ,@forms) ,arguments) t))))))
                   *effects*)))
       ,@body)))

(defmacro with-suspension (&body body)
  "Runs BODY; EVAL-SX, CALL and the like in it return a SUSPENDED computation when an effect has no other answer."
  `(let ((*suspending* t)) ,@body))

(defun handled (operation arguments)
  (dolist (handler *effects* (values nil nil))
    (multiple-value-bind (answer answered) (funcall handler operation arguments)
      (when answered (return (values answer t))))))

(defun decide (computation)
  "What becomes of a request: :answer and a value, :refuse and a message, or :suspend."
  (multiple-value-bind (answer answered) (handled (operation computation) (arguments computation))
    (if answered
        (values :answer answer)
        (restart-case
            (progn
              (signal 'effect :computation computation)
              (if *suspending*
                  :suspend
                  (values :refuse (format nil "nobody answers the effect ~(~A~)" (operation computation)))))
          (use-value (value)
            :report "Answer the effect with a value."
            (values :answer value))
          (refuse (message)
            :report "Raise an error in SX."
            (values :refuse message))
          (suspend ()
            :report "Return the computation, to be resumed later."
            (values :suspend))))))

(defun decide-safely (computation)
  "As DECIDE, errors of handlers being refusals."
  (handler-case (handler-bind ((serious-condition #'note-serious)) (decide computation))
    (serious-condition (condition)
      (let ((message (describe-condition condition)))
        (remember-cause message condition)
        (values :refuse message)))))

(defun refuse (message &optional condition)
  "Takes the restart of that name."
  (let ((restart (find-restart 'refuse condition)))
    (when restart (invoke-restart restart message))))

(defun suspend (&optional condition)
  "Takes the restart of that name."
  (let ((restart (find-restart 'suspend condition)))
    (when restart (invoke-restart restart))))

(defun cancel (computation)
  "Ends a suspended computation: its dynamic-wind exits run."
  (let* ((vm (suspended-vm computation)) (*vm* vm))
    (checked vm (%cancel (pointer-of computation)))
    (release computation)))
