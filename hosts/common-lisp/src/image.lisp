;;;; image.lisp: which process these objects belong to.
;;;;
;;;; A saved image carries Lisp objects into a process where the library's objects do not exist. Every handle therefore notes the
;;;; generation in which it was made; a started image has another one, and using an older handle is a clear error.

(in-package #:terrace)

(defvar *generation* 0 "Grows with every start of a saved image.")

(defvar *image-hooks* '() "Functions that forget what belonged to the process in which an image was saved.")

(defun start-image ()
  (incf *generation*)
  (mapc #'funcall *image-hooks*))

#+sbcl (pushnew 'start-image sb-ext:*init-hooks*)

(defmacro define-image-hook (name &body body)
  "Runs BODY when a saved image starts."
  `(progn (defun ,name () ,@body)
          (pushnew ',name *image-hooks*)))
