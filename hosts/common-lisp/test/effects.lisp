;;;; 6 effects

(in-package #:terrace/tests)

(scenario 6-effects/with-effects
  (with-vm (vm)
    (is (= 42 (with-effects ((ask (x) (* 2 x))) (eval-sx vm "(+ (perform 'ask 1) (perform :ask 20))"))))
    (is (equal '(other 1 2) (with-effects ((ask (x) x) (t (operation &rest arguments) (cons operation arguments)))
                              (eval-sx vm "(perform 'other 1 2)"))))
    (is (equal "inner" (with-effects ((ask () "outer"))
                         (with-effects ((ask () "inner")) (eval-sx vm "(perform 'ask)")))))
    (is (= 10 (eval-sx vm "(perform 'anything 10)" :effects (lambda (operation x) (declare (ignore operation)) x))))
    (let ((f (eval-sx vm "(fn (x) (+ x (perform 'size)))")))
      (is (= 11 (with-effects ((size () 10)) (funcall f 1)))))))

(scenario 6-effects/by-condition
  (with-vm (vm)
    (is (= 6 (handler-bind ((terrace:effect (lambda (condition)
                                              (use-value (reduce #'+ (terrace:effect-arguments condition)) condition))))
               (eval-sx vm "(perform 'sum 1 2 3)"))))
    (is (eq :refused (handler-bind ((terrace:effect (lambda (condition) (terrace:refuse "no" condition))))
                       (eval-sx vm "(guard (e (true :refused)) (perform 'sum 1 2 3))"))))
    (is-true (suspended-p (handler-bind ((terrace:effect #'terrace:suspend)) (eval-sx vm "(perform 'sum 1 2 3)"))))))

(scenario 6-effects/two-in-the-other-order
  (with-vm (vm)
    (eval-sx vm "(define (talk name) (let ((a (perform 'ask name))) (list name a (perform 'again (str name a)))))")
    (let ((first (with-suspension (call vm "talk" "first"))) (second (with-suspension (call vm "talk" "second"))))
      (is (eq 'ask (terrace:operation first)))
      (is (equal '("second") (terrace:arguments second)))
      (let* ((second (resume second 2)) (first (resume first 1)))
        (is (equal '("second2") (terrace:arguments second)))
        (is (equal '("first" 1 "x") (resume first "x")))
        (is (equal '("second" 2 "y") (resume second "y")))
        (is-true (caught (resume second "z")))))))

(scenario 6-effects/an-answer-may-be-an-error
  (with-vm (vm)
    (flet ((ask (source) (with-suspension (eval-sx vm source))))
      (is (equal "no paper" (resume-error (ask "(guard (e (true (error-message e))) (perform 'print))") "no paper")))
      (is (search "no paper" (terrace:jit-error-message (caught (resume-error (ask "(perform 'print)") "no paper")))))
      (let ((condition (caught (with-effects ((print () (error "jam"))) (eval-sx vm "(perform 'print)")))))
        (is (equal "jam" (princ-to-string (terrace:jit-error-cause condition)))))
      (is (= 1 (eval-sx vm "1"))))))

(scenario 6-effects/that-nobody-answers
  (with-vm (vm)
    (is (search "nobody answers" (terrace:jit-error-message (caught (eval-sx vm "(perform 'nothing)")))))
    (is (= 5 (eval-sx vm "(guard (e (true 5)) (perform 'nothing))")))))

(scenario 6-effects/cancelling-runs-exits
  (with-vm (vm)
    (eval-sx vm "(define log nil)
      (define (program) (dynamic-wind (fn () (set! log (cons :in log)))
                                      (fn () (guard (e (true :guarded)) (perform 'wait)))
                                      (fn () (set! log (cons :out log)))))")
    (let ((computation (with-suspension (call vm "program"))))
      (is (equal '(:in) (lookup vm "log")))
      (cancel computation)
      (is (equal '(:out :in) (lookup vm "log")))
      (is-true (caught (resume computation 1))))
    (setf (lookup vm "log") nil)
    (is (eq :thrown (catch 'away (with-effects ((wait () (throw 'away :thrown))) (call vm "program")))))
    (is (equal '(:out :in) (lookup vm "log")))))

(scenario 6-effects/from-host-functions
  (with-vm (vm)
    (define vm "inner" (lambda () (+ 1 (eval-sx terrace:*vm* "(perform 'ask)"))))
    (is (= 4 (with-effects ((ask () 2)) (eval-sx vm "(+ 1 (inner))"))))
    (is (equal "host-error" (with-suspension (caught-kind vm "(+ 1 (inner))"))))))

(scenario 6-effects/thousands-wait-at-once
  (with-vm (vm)
    (eval-sx vm "(define (wait n) (+ n (perform 'gate)))")
    (let ((all (with-suspension (loop for n below 2000 collect (call vm "wait" n)))))
      (is (every #'suspended-p all))
      (collect-garbage)
      (is (equal (loop for n below 2000 collect (1+ n)) (loop for computation in all collect (resume computation 1)))))))

(scenario 6-effects/thousands-in-a-row-in-every-tier
  (dolist (mode '(:interp :base :opt :storm :auto))
    (with-vm (vm :mode mode)
      (eval-sx vm "(define (sum n) (let loop ((i 0) (s 0)) (if (= i n) s (loop (+ i 1) (+ s (perform 'next i))))))")
      (is (= 1999000 (with-effects ((next (i) i)) (call vm "sum" 2000)))))))
