;;;; Saved images: handles of the process that saved are told from those of the process that started.

(in-package #:terrace/tests)

#+sbcl
(scenario image/handles-are-reset
  (let* ((here (asdf:system-relative-pathname "terrace" "test/"))
         (core (uiop:with-temporary-file (:pathname path :prefix "terrace-image" :type "core" :keep t) path)))
    (unwind-protect
         (flet ((child (&rest arguments)
                  (uiop:run-program (list* sb-ext:*runtime-pathname* arguments)
                                    :output :string :error-output :output :ignore-error-status t)))
           (let ((saved (child "--script" (namestring (merge-pathnames "save-image.lisp" here)) (namestring core))))
             (is (search "SAVING" saved) "~A" saved))
           (let ((output (child "--core" (namestring core) "--no-sysinit" "--no-userinit")))
             (is (search "ANSWER 42" output) "~A" output)
             (is (search "CALLBACK 43" output) "~A" output)
             (is (search "belongs to the process in which this image was saved" output) "~A" output)))
      (uiop:delete-file-if-exists core))))

#-sbcl
(scenario image/handles-are-reset
  (pass "This Lisp saves no images."))
