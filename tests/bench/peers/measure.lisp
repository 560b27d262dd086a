;; What follows the kernels in Common Lisp: (measure "NAME" SAMPLES SECONDS WARM), see measure.h.
#+ecl (ffi:clines "#include <time.h>")
(defun now ()
  #+sbcl (multiple-value-bind (s ns) (sb-unix::clock-gettime 1) (+ s (* 1d-9 ns)))
  #+ecl (ffi:c-inline () () :double
          "({struct timespec t; clock_gettime(CLOCK_MONOTONIC,&t); t.tv_sec+t.tv_nsec*1e-9;})" :one-liner t))
(defun measure (name &optional (samples 0) (seconds 0d0) (warm 0d0))
  (let ((run (fdefinition (intern (concatenate 'string "K-" (string-upcase name)))))
        (start (now)))
    (format t "~A ~D" name (funcall run))
    (loop while (and (> samples 0) (< (- (now) start) warm)) do (funcall run))
    (setq start (now))
    (loop for i from 0 below samples
          while (or (= i 0) (< (- (now) start) seconds))
          do (let ((began (now)))
               (funcall run)
               (format t " ~,9F" (- (now) began))))
    (terpri)
    (finish-output)))
