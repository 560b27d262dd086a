;;;; registry.lisp: Lisp objects that SX holds.
;;;;
;;;; The library gets numbers, never addresses of Lisp objects: no collector looks into its memory, and SBCL's moves objects. An entry is
;;;; there until the library's finalizer says that SX has no more use for it.

(in-package #:terrace)

(defvar *registry* (make-hash-table) "Lisp objects by the number that the library knows.")
(defvar *next-number* 0)

(defvar *registry-lock* #+sbcl (sb-thread:make-mutex :name "terrace registry") #+ecl (mp:make-lock :name "terrace registry"
                                                                                                    :recursive t))

(defmacro with-registry (() &body body)
  #+sbcl `(sb-thread:with-recursive-lock (*registry-lock*) ,@body)
  #+ecl `(mp:with-lock (*registry-lock*) ,@body))

(define-image-hook forget-registry
  (clrhash *registry*))

(defun register (object)
  "The number under which REGISTERED finds OBJECT."
  (with-registry ()
    (let ((number (incf *next-number*)))
      (setf (gethash number *registry*) object)
      number)))

(defun registered (number)
  (with-registry () (values (gethash number *registry*))))

(defun unregister (number)
  (with-registry () (remhash number *registry*)))

(defun registered-count ()
  "Objects that SX holds, for finding leaks."
  (with-registry () (hash-table-count *registry*)))
