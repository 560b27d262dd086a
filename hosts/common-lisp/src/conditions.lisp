;;;; conditions.lisp: failures of the library as Lisp conditions.
;;;;
;;;; Answers for: making the right condition from a jit_error, and handing an error back to SX when it passes through a host function.

(in-package #:terrace)

(define-condition conversion-error (terrace-error)
  ((datum :initarg :datum :reader conversion-error-datum)
   (message :initarg :message :reader conversion-error-message))
  (:report (lambda (condition stream)
             (let ((*print-length* 5) (*print-level* 3) (*print-circle* t))
               (format stream "~S cannot cross between SX and Lisp: ~A" (conversion-error-datum condition)
                       (conversion-error-message condition)))))
  (:documentation "A value has no counterpart on the other side, or is nested too deeply."))

(define-condition jit-error (terrace-error)
  ((status :initarg :status :reader jit-error-status :documentation "A keyword: :sx, :host, :busy, :not-found, ...")
   (kind :initarg :kind :initform "" :reader jit-error-kind :documentation "The SX kind: \"type-error\", ...; or \"\".")
   (message :initarg :message :reader jit-error-message)
   (source :initarg :source :initform "" :reader jit-error-source)
   (line :initarg :line :initform 0 :reader jit-error-line :documentation "From 1; 0 when unknown.")
   (column :initarg :column :initform 0 :reader jit-error-column :documentation "From 1; 0 when unknown.")
   (trace :initarg :trace :initform '() :reader jit-error-trace :documentation "Strings, the innermost function first.")
   (value :initarg :value :initform nil :reader jit-error-value :documentation "What was raised.")
   (cause :initarg :cause :initform nil :reader jit-error-cause
          :documentation "The Lisp condition from which the error began, when it did in a host function.")
   (origin :initarg :origin :initform nil :reader jit-error-origin))
  (:report report-jit-error)
  (:documentation "The library answered a failure; mostly an SX error that nothing guarded."))

(defun report-jit-error (condition stream)
  (format stream "~A~@[ (~A)~]~@[ at ~A~]" (jit-error-message condition)
          (unless (string= (jit-error-kind condition) "") (jit-error-kind condition))
          (unless (zerop (jit-error-line condition))
            (format nil "~A:~D:~D" (jit-error-source condition) (jit-error-line condition) (jit-error-column condition)))))

(define-condition jit-division-by-zero (jit-error division-by-zero) ()
  (:report report-jit-error)
  (:default-initargs :operation nil :operands '()))

(define-condition jit-type-error (jit-error type-error) ()
  (:report report-jit-error)
  (:default-initargs :datum nil :expected-type t))

(define-condition jit-unbound-variable (jit-error unbound-variable) ()
  (:report report-jit-error)
  (:default-initargs :name nil))

(defparameter *condition-classes*
  '(("division-by-zero" . jit-division-by-zero) ("type-error" . jit-type-error) ("unbound-variable" . jit-unbound-variable)))

;;; The library's error object, kept by the condition so that a host function that lets the condition through raises the same error.
(defclass origin (owner)
  ((vm-pointer :initarg :vm-pointer :reader origin-vm-pointer)))

(defmethod print-object ((object origin) stream)
  (print-unreadable-object (object stream) (write-string "library error" stream)))

;;; Lisp conditions that became errors of SX, so that they are found again when the error comes out.
(defvar *causes* '() "Recent (message . condition) pairs of the run in progress, the newest first.")

(defconstant +remembered-causes+ 8)

(defun remember-cause (message condition)
  (push (cons message condition) *causes*)
  (when (> (length *causes*) +remembered-causes+) (setf *causes* (subseq *causes* 0 +remembered-causes+))))

(defun cause-of (kind message)
  (when (string= kind "host-error")
    (cdr (find-if (lambda (text) (and (plusp (length text)) (search text message :from-end t))) *causes* :key #'car))))

(defun lines (text)
  (loop with start = 0
        for end = (position #\Newline text :start start)
        unless (= start (or end (length text))) collect (subseq text start end)
        while end do (setf start (1+ end))))

(defun error-value (vm pointer)
  "What was raised; nothing when the vm cannot be asked now."
  (with-values (value 1)
    (when (and vm (= (%error-value pointer value) +status-ok+))
      (ignore-errors (from-sx vm value)))))

(defun make-condition-from (vm pointer status)
  "The condition for the library's error at POINTER, which it answers for from now on."
  (let* ((origin (own (make-instance 'origin :vm-pointer (and vm (pointer-address-of vm))) pointer '%error-release vm))
         (kind (decode (%error-kind pointer)))
         (message (decode (%error-message pointer))))
    (make-condition (or (cdr (assoc kind *condition-classes* :test #'string=)) 'jit-error)
                    :status (cdr (assoc status *status-keywords*))
                    :kind kind :message message
                    :source (decode (%error-source pointer))
                    :line (%error-line pointer) :column (%error-column pointer)
                    :trace (lines (decode (%error-trace pointer)))
                    :value (error-value vm pointer)
                    :cause (cause-of kind message)
                    :origin origin)))

(defun bare-condition (status)
  (make-condition 'jit-error :status (cdr (assoc status *status-keywords*))
                             :message (format nil "the library answered ~(~A~)" (cdr (assoc status *status-keywords*)))))

(defun condition-from (vm status err)
  "The condition for a negative STATUS and the error cell ERR."
  (let ((pointer (cffi:mem-ref err :pointer)))
    (if (cffi:null-pointer-p pointer)
        (bare-condition status)
        (make-condition-from vm pointer status))))

(defun take-origin (condition vm-pointer)
  "The library's error behind CONDITION, no longer answered for here, when it came out of that vm and was not taken before."
  (let* ((origin (jit-error-origin condition)) (handle (and origin (handle-of origin))))
    (when (and handle (handle-pointer handle) (eql (origin-vm-pointer origin) (cffi:pointer-address vm-pointer))
               (= (handle-generation handle) *generation*))
      (trivial-garbage:cancel-finalization origin)
      (take-pointer handle))))

(defmacro with-error-cell ((err) &body body)
  `(cffi:with-foreign-object (,err :pointer)
     (setf (cffi:mem-ref ,err :pointer) (cffi:null-pointer))
     ,@body))

(defmacro checked (vm (function &rest arguments))
  "Calls an entry with an error cell as its last argument. Signals when it fails; answers the status."
  (let ((err (gensym "ERR")) (status (gensym "STATUS")))
    `(with-error-cell (,err)
       (let ((,status (,function ,@arguments ,err)))
         (if (minusp ,status) (error (condition-from ,vm ,status ,err)) ,status)))))
