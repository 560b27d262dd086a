;;;; Saves an image with a used system: sbcl --script save-image.lisp CORE

(require :asdf)
(let ((here (or *load-truename* *default-pathname-defaults*)))
  (asdf:load-asd (truename (merge-pathnames "../terrace.asd" here))))
(let ((*standard-output* (make-broadcast-stream)) (*error-output* (make-broadcast-stream)))
  (asdf:load-system "terrace"))

(defpackage #:saved (:use #:common-lisp))
(in-package #:saved)

(defvar *engine* (terrace:make-engine))
(defvar *vm* (terrace:make-vm *engine*))
(defvar *function* (terrace:eval-sx *vm* "(fn (x) (* x 2))"))
(funcall *function* 1)

(defun show-error (thunk)
  (handler-case (funcall thunk)
    (error (condition) (format t "~A~%" condition))))

(defun start ()
  (show-error (lambda () (funcall *function* 1)))
  (show-error (lambda () (terrace:eval-sx *vm* "1")))
  (format t "~A ~A~%" *vm* *function*)
  (let ((vm (terrace:make-vm (terrace:make-engine))))
    (format t "ANSWER ~A~%" (terrace:eval-sx vm "(* 6 7)"))
    (terrace:define vm "next" #'1+)
    (format t "CALLBACK ~A~%" (terrace:eval-sx vm "(next 42)")))
  (terrace:release *vm*)
  (finish-output)
  (sb-ext:exit :code 0 :abort t))

(format t "SAVING~%")
(finish-output)
(sb-ext:save-lisp-and-die (second sb-ext:*posix-argv*) :toplevel #'start)
