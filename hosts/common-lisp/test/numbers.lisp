;;;; 1 numbers

(in-package #:terrace/tests)

(defun same-number-p (a b)
  (cond ((and (floatp a) (floatp b)) (= (terrace::bits-of-double a) (terrace::bits-of-double b)))
        (t (eql a b))))

(scenario 1-numbers/unchanged
  (with-vm (vm)
    (eval-sx vm "(define (same x) x)")
    (dolist (number (list 0 1 -1 (expt 2 60) (- (expt 2 60)) most-positive-fixnum most-negative-fixnum (expt 2 61) (expt 2 62)
                          (1- (expt 2 63)) (expt 2 63) (- (expt 2 63)) (- -1 (expt 2 63)) (expt 2 64) (expt 2 100)
                          (- (expt 3 1000)) 0.1d0 -0.0d0 0.0d0 1d300 -1d-300 most-positive-double-float
                          least-positive-double-float 1/3 -22/7 (/ (expt 2 100) (expt 3 50))))
      (is (same-number-p number (call vm "same" number)) "~S" number))))

(scenario 1-numbers/exact
  (with-vm (vm)
    (is (eql 18446744073709551616 (eval-sx vm "(* 4611686018427387904 4)")))
    (is (eql (expt 2 100) (eval-sx vm "(expt 2 100)")))
    (is (eql 1/3 (eval-sx vm "(/ 1 3)")))
    (is (eql 2/3 (call vm "+" 1/3 1/3)))
    (is (eql 0.5d0 (call vm "/" 1 2.0)))
    (is (eql (expt 7 20000) (call vm "*" (expt 7 10000) (expt 7 10000))))
    (is (eql (- (expt 7 20000)) (call vm "-" (expt 7 20000))))))

(scenario 1-numbers/infinities
  (with-vm (vm)
    (is (same-number-p terrace:+positive-infinity+ (eval-sx vm "(/ 1.0 0.0)")))
    (is (same-number-p terrace:+negative-infinity+ (call vm "/" -1d0 0d0)))
    (is (terrace:nan-p (eval-sx vm "(- (/ 1.0 0.0) (/ 1.0 0.0))")))
    (is (terrace:nan-p (call vm "+" 1 terrace:+nan+)))
    (is (same-number-p terrace:+positive-infinity+ (first (call vm "list" terrace:+positive-infinity+))))
    (is-false (terrace:nan-p 1d0))
    (is-false (terrace:nan-p terrace:+positive-infinity+))))

(scenario 1-numbers/other-lisp-floats
  (with-vm (vm)
    (is (eql 1.5d0 (call vm "+" 1.5f0 0)))))

(scenario 1-numbers/lisp-keeps-its-traps
  (with-vm (vm)
    (flet ((traps-p ()
             (locally (declare (notinline /))
               (handler-case (terrace:nan-p (/ (eval-sx vm "1.0") (eval-sx vm "0.0")))
                 (arithmetic-error () t)))))
      (is-true (traps-p))
      (eval-sx vm "(/ 1.0 0.0)")
      (is-true (traps-p))
      (define vm "divide" (lambda (a b) (/ a b)))
      (is (equal "host-error" (caught-kind vm "(divide 1.0 0.0)")))
      (is-true (traps-p)))))
