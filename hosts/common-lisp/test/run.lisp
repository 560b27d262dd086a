;;;; Runs the suite: sbcl --non-interactive --load run.lisp, or ecl --norc --shell run.lisp. The exit code is 0 when all is
;;;; well. (sbcl --script ends at the first exhausted stack, which the tests bring about.)

(require :asdf)

(let ((here (or *load-truename* *default-pathname-defaults*)))
  (asdf:load-asd (truename (merge-pathnames "../terrace.asd" here))))

(let ((log (make-string-output-stream)) (errors *error-output*))
  (handler-bind ((error (lambda (condition)
                          (format errors "~A~%~A~%" (get-output-stream-string log) condition)
                          (uiop:quit 1))))
    (let ((*standard-output* log) (*error-output* log))
      (asdf:load-system "terrace/tests"))))

(defun give-up (condition)
  (format t "~&The tests ended early: ~A~%" condition)
  (finish-output)
  (uiop:quit 2))

(handler-bind ((storage-condition #'give-up))
  (uiop:quit (if (uiop:symbol-call "TERRACE/TESTS" "RUN-SUITE") 0 1)))
