;;;; 3 functions

(in-package #:terrace/tests)

(scenario 3-functions/by-name
  (with-vm (vm)
    (eval-sx vm "(define (add a b) (+ a b)) (define answer 42)")
    (is (= 5 (call vm "add" 2 3)))
    (is (= 5 (call vm 'add 2 3)))
    (is (= 5 (funcall (lookup vm "add") 2 3)))
    (is (= 5 (apply (lookup vm 'add) '(2 3))))
    (is (= 42 (lookup vm "answer")))
    (is (eq :none (lookup vm "nowhere" :none)))
    (is (eq :not-found (terrace:jit-error-status (caught (lookup vm "nowhere")))))
    (setf (lookup vm "answer") '(1 2))
    (is (equal '(1 2) (eval-sx vm "answer")))
    (is (= 10 (call vm "+" 1 2 3 4)))
    (is (= 100 (apply #'call vm "+" (make-list 100 :initial-element 1))))))

(scenario 3-functions/closures-keep-their-state
  (with-vm (vm)
    (let* ((make (eval-sx vm "(fn () (let ((n 0)) (fn () (set! n (+ n 1)) n)))"))
           (one (funcall make)) (two (funcall make)))
      (is (equal '(1 2 3) (list (funcall one) (funcall one) (funcall one))))
      (is (= 1 (funcall two)))
      (collect-garbage)
      (is (= 4 (funcall one))))))

(scenario 3-functions/are-values
  (with-vm (vm)
    (let ((square (eval-sx vm "(fn (x) (* x x))")))
      (is (functionp square))
      (is (equal '(1 4 9) (mapcar square '(1 2 3))))
      (is (equal '(1 4 9) (call vm "map" square '(1 2 3))))
      (define vm "kept" square)
      (is (= 16 (eval-sx vm "(kept 4)")))
      (is (search "sx-function" (string-downcase (prin1-to-string square))))
      (terrace:release square)
      (terrace:release square)
      (is (typep (caught (funcall square 1)) 'terrace:handle-error))
      (is (= 16 (eval-sx vm "(kept 4)"))))))

(scenario 3-functions/files-and-output
  (let ((text ""))
    (with-vm (vm :vm-options (:output (lambda (part) (setf text (concatenate 'string text part)))))
      (eval-sx vm "(display \"hällo\") (newline)")
      (is (equal (format nil "hällo~%") text))))
  (is (equal "printed" (with-output-to-string (*standard-output*)
                         (with-vm (vm) (eval-sx vm "(display \"printed\")"))))))
