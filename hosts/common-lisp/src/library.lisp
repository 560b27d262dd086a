;;;; library.lisp: opening libterrace at run time.
;;;;
;;;; Answers for: finding the library, checking its version, the address of each of its functions. Not for: what they mean (abi.lisp).

(in-package #:terrace)

(define-condition terrace-error (error) ()
  (:documentation "Everything that goes wrong in or around Terrace."))

(define-condition library-error (terrace-error)
  ((message :initarg :message :reader library-error-message))
  (:report (lambda (condition stream) (write-string (library-error-message condition) stream)))
  (:documentation "libterrace is not there, or is not the one this system was written for."))

(defun library-error (control &rest arguments)
  (error 'library-error :message (apply #'format nil control arguments)))

(defvar *library-path* nil "The path that was opened, or NIL.")

(defvar *entries* '() "An alist of the variables that hold addresses and the names of the functions.")

(defconstant +abi+ 0 "The major version of the interface that this system is written for.")

(defun library-path ()
  "The library in use, or NIL when none is open."
  *library-path*)

(defun open-shared-object (path)
  "A started image must not look for the library by itself: it may be elsewhere by then."
  #+sbcl (sb-alien:load-shared-object path :dont-save t)
  #-sbcl (cffi:load-foreign-library path))

(defun resolve-entries ()
  (loop for (variable . name) in *entries*
        do (setf (symbol-value variable)
                 (or (cffi:foreign-symbol-pointer name)
                     (library-error "~A has no function ~A: it is not libterrace, or too old" *library-path* name)))))

(define-image-hook forget-library
  (setf *library-path* nil)
  (loop for (variable) in *entries* do (setf (symbol-value variable) nil)))

(defun check-version ()
  (let ((version (call-outside-lisp (cffi:foreign-symbol-pointer "jit_abi_version") :uint32)))
    (unless (= (ash version -16) +abi+)
      (library-error "~A speaks version ~D.~D of the interface; this system needs ~D" *library-path*
                     (ash version -16) (logand (ash version -8) 255) +abi+))))

(defun wanted-path (path)
  (let ((environment (uiop:getenv "TERRACE_LIBRARY")))
    (cond (path (uiop:native-namestring path))
          ((and environment (plusp (length environment))) environment)
          (t "libterrace.so.0"))))

(defun load-library (&optional path)
  "Opens libterrace: PATH, else the environment variable TERRACE_LIBRARY, else what the system finds by name. Answers the path.
Nothing happens when it is open already; one process uses one library."
  (let ((wanted (wanted-path path)))
    (cond ((null *library-path*) (open-library wanted))
          ((and path (string/= wanted *library-path*))
           (library-error "~A is open already; ~A cannot be opened beside it" *library-path* wanted)))
    *library-path*))

(defun open-library (path)
  (handler-case (open-shared-object path)
    (error (condition)
      (library-error "libterrace cannot be opened: ~A. Give its path to TERRACE:LOAD-LIBRARY or in TERRACE_LIBRARY." condition)))
  (unless (cffi:foreign-symbol-pointer "jit_abi_version")
    (library-error "~A is not libterrace" path))
  (setf *library-path* path)
  (let ((complete nil))
    (unwind-protect (progn (check-version) (resolve-entries) (setf complete t))
      (unless complete (forget-library)))))

(defun no-library ()
  (library-error "libterrace is not open: call TERRACE:LOAD-LIBRARY or TERRACE:MAKE-ENGINE first"))
