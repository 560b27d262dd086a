;;;; The quickstart's program for Common Lisp: transitive dependencies of the machine's packages, timed.
;;;;   sh quickstart.sh sbcl|ecl LIBRARY SX-FILE STATUS-FILE MODE      MODE = interp | auto
;;;; Prints one line of JSON.

(require :asdf)

(asdf:load-asd (truename (merge-pathnames "terrace.asd" *load-truename*)))

(let ((log (make-string-output-stream)) (errors *error-output*))
  (handler-bind ((error (lambda (condition)
                          (format errors "terrace could not be loaded: ~A~%~A" condition (get-output-stream-string log))
                          (uiop:quit 1))))
    (let ((*standard-output* log) (*error-output* log))
      (asdf:load-system "terrace"))))

(defpackage #:quickstart (:use #:common-lisp))
(in-package #:quickstart)

(defparameter *rounds* 3)

(defun timed-call (vm function)
  "The function's value and the milliseconds it took; SX has the finer clock."
  (flet ((now () (terrace:call vm "monotonic-ns")))
    (let* ((start (now)) (value (terrace:call vm function)))
      (values value (/ (round (- (now) start) 100000) 10d0)))))

(defun close-over (engine vm mode)
  "Facts, and the time of the first and of the last round; compiles of the first are finished before the second begins."
  (let ((times '()) (facts 0))
    (dotimes (round *rounds*)
      (multiple-value-bind (count time) (timed-call vm "transitive-closure!")
        (setf facts count)
        (push time times))
      (when (and (zerop round) (eq mode :auto)) (terrace:wait engine)))
    (values facts (first (last times)) (first times))))

(defun json-string (text)
  (with-output-to-string (out)
    (write-char #\" out)
    (loop for char across text
          do (when (find char "\"\\") (write-char #\\ out))
             (write-char char out))
    (write-char #\" out)))

(defun json (value)
  (etypecase value
    (string (json-string value))
    (integer (format nil "~D" value))
    (float (format nil "~,1F" value))
    (list (format nil "[~{~A~^,~}]" (mapcar #'json value)))))

(defun main (library program status mode)
  (let* ((mode (cond ((string= mode "interp") :interp)
                     ((string= mode "auto") :auto)
                     (t (error "the mode is interp or auto, not ~A" mode))))
         (engine (terrace:make-engine :library library :mode mode))
         (vm (terrace:make-vm engine)))
    (terrace:load-sx vm program)
    (let ((packages (terrace:call vm "load-facts!" (uiop:read-file-string status :external-format :utf-8))))
      (multiple-value-bind (facts first last) (close-over engine vm mode)
        (let ((stats (terrace:stats engine)))
          (format t "{~{~A:~A~^,~}}~%"
                  (loop for (name value)
                          on (list "host" #+sbcl "sbcl" #+ecl "ecl" "mode" (string-downcase mode) "packages" packages
                                   "facts" facts "checksum" (terrace:call vm "closure-checksum") "first_ms" first "last_ms" last
                                   "top" (terrace:call vm "most-needed" 5)
                                   "entries" (getf stats :entries) "base" (getf stats :base-entries)
                                   "opt" (getf stats :opt-entries) "hits" (getf stats :hits) "misses" (getf stats :misses)
                                   "base_compiles" (getf stats :base-compiles) "opt_compiles" (getf stats :opt-compiles)
                                   "stored" (getf stats :store-hits)
                                   "evictions" (getf stats :evictions) "refused" (getf stats :refused))
                        by #'cddr
                        append (list (json name) (json value)))))))))

(handler-case (apply #'main (last #+sbcl sb-ext:*posix-argv* #+ecl (ext:command-args) 4))
  (error (condition)
    (format *error-output* "~(~A~): ~A~%" (lisp-implementation-type) condition)
    (uiop:quit 1)))
(uiop:quit 0)
