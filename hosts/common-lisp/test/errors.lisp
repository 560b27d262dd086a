;;;; 5 errors

(in-package #:terrace/tests)

(scenario 5-errors/arrive-as-conditions
  (with-vm (vm)
    (let ((condition (caught (eval-sx vm (format nil "(define (half x)~%  (quotient x 0))~%(+ 1 (half 4))") :name "halves.sx"))))
      (is (typep condition 'jit-error))
      (is (typep condition 'division-by-zero))
      (is (equal "division-by-zero" (terrace:jit-error-kind condition)))
      (is (equal "halves.sx" (terrace:jit-error-source condition)))
      (is (= 2 (terrace:jit-error-line condition)))
      (is (= 3 (terrace:jit-error-column condition)))
      (is (search "half" (first (terrace:jit-error-trace condition))))
      (is (search "halves.sx:2:3" (princ-to-string condition))))
    (is (= 2 (eval-sx vm "(+ 1 1)")))))

(scenario 5-errors/kinds
  (with-vm (vm)
    (loop for (source kind) in '(("(car 1)" "type-error") ("(vector-ref (vector 1) 5)" "range-error") ("((fn (x) x))" "arity-error")
                                 ("(1 2)" "not-a-function") ("nowhere" "unbound-variable") ("(error \"mine\" 1)" "error")
                                 ("(raise 42)" "uncaught") ("(let ((x)) x" "read-error") ("(if)" "syntax-error"))
          do (is (equal kind (caught-kind vm source)) "~A" source))
    (is (typep (caught (eval-sx vm "(car 1)")) 'type-error))
    (is (typep (caught (eval-sx vm "nowhere")) 'unbound-variable))
    (is (= 42 (terrace:jit-error-value (caught (eval-sx vm "(raise 42)")))))
    (is (equal '(1 "x") (terrace:jit-error-value (caught (eval-sx vm "(raise (list 1 \"x\"))")))))))

(scenario 5-errors/restarts
  (with-vm (vm)
    (is (= 7 (handler-bind ((jit-error (lambda (condition) (use-value 7 condition)))) (eval-sx vm "(car 1)"))))
    (let ((tries 0))
      (define vm "try" (lambda () (if (< (incf tries) 3) (error "not yet") tries)))
      (is (= 3 (handler-bind ((jit-error #'terrace:retry)) (eval-sx vm "(try)")))))))

(scenario 5-errors/of-lisp-arrive-in-guard
  (with-vm (vm)
    (define vm "fail" (lambda (text) (error "~A" text)))
    (is (equal "fail: broken" (eval-sx vm "(guard (e (true (error-message e))) (fail \"broken\"))")))
    (is (eq 'host-error (eval-sx vm "(guard (e (true (error-kind e))) (fail \"broken\"))")))
    (let ((condition (caught (eval-sx vm "(fail \"broken\")"))))
      (is (equal "host-error" (terrace:jit-error-kind condition)))
      (is (typep (terrace:jit-error-cause condition) 'simple-error))
      (is (equal "broken" (princ-to-string (terrace:jit-error-cause condition)))))
    (is (= 1 (eval-sx vm "1")))))

(scenario 5-errors/non-local-exits-do-not-cross
  (with-vm (vm)
    (define vm "leave" (lambda () (throw 'out :left)))
    (is (typep (catch 'out (caught (eval-sx vm "(leave)"))) 'jit-error))
    (is (= 5 (catch 'out (eval-sx vm "(guard (e (true 5)) (leave))"))))
    (block here
      (define vm "return-from" (lambda () (return-from here :left)))
      (is (equal "host-error" (caught-kind vm "(return-from)"))))
    (is (= 3 (eval-sx vm "(+ 1 2)")))))

(scenario 5-errors/of-sx-pass-through-lisp-unchanged
  (with-vm (vm)
    (define vm "through" (lambda (f) (funcall f)))
    (is (equal "type-error" (caught-kind vm "(through (fn () (car 5)))")))
    (is (eq 'type-error (eval-sx vm "(guard (e (true (error-kind e))) (through (fn () (car 5))))")))
    (is (eq :caught (eval-sx vm "(guard (e ((eq? e 'stone) :caught)) (through (fn () (raise 'stone))))")))
    (is (eq 'type-error (eval-sx vm "(guard (e (true (error-kind e))) (through (fn () (through (fn () (car 5))))))")))
    (define vm "handles" (lambda (f) (handler-case (funcall f) (division-by-zero () :zero))))
    (is (eq :zero (eval-sx vm "(handles (fn () (quotient 1 0)))")))))

(scenario 5-errors/deep-lisp-recursion-in-a-host-function
  (with-vm (vm)
    (define vm "too-deep" (lambda () (labels ((down (n) (if (< n 0) n (+ 1 (down (+ n 1)))))) (down 0))))
    (is (eq :guarded (eval-sx vm "(guard (e (true :guarded)) (too-deep))")))
    (is (eq :guarded (eval-sx vm "(guard (e (true :guarded)) (too-deep))")))
    (is (= 3 (eval-sx vm "(+ 1 2)")))))

(scenario 5-errors/in-every-tier
  (dolist (mode '(:interp :base :opt :storm))
    (with-vm (vm :mode mode)
      (define vm "fail" (lambda () (error "no")))
      (eval-sx vm "(define (f n) (if (= n 0) (fail) (+ 1 (f (- n 1)))))")
      (dotimes (i 10) (is (equal "host-error" (caught-kind vm "(f 5)"))))
      (is (eq :saved (eval-sx vm "(guard (e (true :saved)) (f 3))"))))))
