;;;; 9 bad input

(in-package #:terrace/tests)

(defun works-p (vm)
  (= 3 (eval-sx vm "(+ 1 2)")))

(scenario 9-bad-input/unbalanced-source
  (with-vm (vm)
    (dolist (source '("(" "(+ 1" ")" "\"abc" "#(1 2" "(let ((x 1) x" "'"))
      (is (equal "read-error" (caught-kind vm source)) "~A" source)
      (is-true (works-p vm)))
    (let ((condition (caught (eval-sx vm (format nil "(define x 1)~%  (+ x") :name "half.sx"))))
      (is (equal "half.sx" (terrace:jit-error-source condition)))
      (is (= 2 (terrace:jit-error-line condition))))))

(scenario 9-bad-input/arity-names-and-types
  (with-vm (vm)
    (eval-sx vm "(define (two a b) a)")
    (is (equal "arity-error" (terrace:jit-error-kind (caught (call vm "two" 1)))))
    (is (equal "arity-error" (caught-kind vm "(two 1 2 3)")))
    (is (equal "unbound-variable" (caught-kind vm "(unknown 1)")))
    (is (eq :not-found (terrace:jit-error-status (caught (call vm "unknown")))))
    (is (equal "range-error" (caught-kind vm "(vector-ref (vector 1) -1)")))
    (signals type-error (call vm 5))
    (signals type-error (eval-sx vm 42))
    (signals type-error (terrace:make-engine :mode :fast))
    (is-true (caught (define vm "" 1)))
    (is-true (caught (terrace:set-budget vm -1)))
    (is-true (works-p vm))))

(scenario 9-bad-input/infinite-recursion
  (dolist (mode '(:interp :base :opt))
    (with-vm (vm :mode mode :vm-options (:stack-limit (* 8 1024 1024)))
      (eval-sx vm "(define (down n) (+ 1 (down n)))")
      (dotimes (i 2) (is (equal "stack-overflow" (caught-kind vm "(down 0)"))))
      (is-true (works-p vm)))))

(scenario 9-bad-input/infinite-recursion-through-lisp
  (with-vm (vm)
    (define vm "again" (lambda () (eval-sx terrace:*vm* "(again)")))
    (is-true (caught (eval-sx vm "(again)")))
    (is-true (works-p vm))))

(scenario 9-bad-input/more-memory-than-there-is
  (with-vm (vm :vm-options (:heap-limit (* 64 1024 1024)))
    (dolist (source '("(make-bytes 2147483648)" "(make-vector 268435456 0)" "(let loop ((l nil)) (loop (cons 1 l)))"))
      (is (equal "heap-limit" (caught-kind vm source)) "~A" source)
      (is-true (works-p vm)))))

(scenario 9-bad-input/a-100000-deep-expression
  (with-vm (vm)
    (loop for (open close inside) in '(("(+ 1 " ")" "0") ("(" ")" "") ("'(" ")" "1"))
          do (caught (eval-sx vm (concatenate 'string (repeated open 100000) inside (repeated close 100000))))
             (is-true (works-p vm)))))

(scenario 9-bad-input/used-handles
  (with-vm (vm)
    (let* ((engine (terrace:make-engine)) (other (terrace:make-vm engine)) (function (eval-sx other "(fn (x) x)"))
           (condition (caught (eval-sx other "(car 1)"))))
      (terrace:release engine)
      (is (= 1 (funcall function 1)))
      (terrace:release other)
      (terrace:release other)
      (is (typep (caught (eval-sx other "1")) 'terrace:handle-error))
      (is (typep (caught (funcall function 1)) 'terrace:handle-error))
      (is (typep (caught (terrace:stats engine)) 'terrace:handle-error))
      (is (typep (caught (terrace:make-vm engine)) 'terrace:handle-error))
      (is (equal "type-error" (terrace:jit-error-kind condition)))
      (is (search "released" (prin1-to-string other))))
    (is-true (works-p vm))))

(scenario 9-bad-input/another-library
  (signals terrace:library-error (terrace:load-library "/nowhere/libterrace.so")))
