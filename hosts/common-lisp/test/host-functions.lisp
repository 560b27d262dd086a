;;;; 4 host functions

(in-package #:terrace/tests)

(scenario 4-host-functions/any-number-of-arguments
  (with-vm (vm)
    (define vm "count-them" (lambda (&rest arguments) (length arguments)))
    (loop for n in '(0 1 3 4 5 20 200)
          do (is (= n (apply #'call vm "count-them" (make-list n :initial-element 1)))))
    (is (= 3 (eval-sx vm "(count-them 1 2 3)")))
    (define vm 'two (lambda (a b) (list b a)) :min 2 :max 2)
    (is (equal '(2 1) (eval-sx vm "(two 1 2)")))
    (is (equal "arity-error" (caught-kind vm "(two 1)")))
    (is (equalp '((a "b") #(1)) (eval-sx vm "(two (vector 1) '(a \"b\"))")))))

(scenario 4-host-functions/answers-of-all-kinds
  (with-vm (vm)
    (let ((answer nil))
      (define vm "answer" (lambda () answer))
      (dolist (value (list 1 "text" 'symbol :keyword #\c '(1 (2)) #(1 "x") (expt 3 100) 1/3 2.5d0 nil t terrace:false))
        (setf answer value)
        (is (equalp value (eval-sx vm "(answer)")) "~S" value)
        (is (equalp (list value value) (eval-sx vm "(list (answer) (answer))")) "~S" value)))))

(scenario 4-host-functions/call-sx-again
  (with-vm (vm)
    (eval-sx vm "(define (down n) (if (= n 0) 0 (+ 1 (bounce (- n 1)))))")
    (define vm "bounce" (lambda (n) (call terrace:*vm* "down" n)))
    (is (= 50 (call vm "down" 50)))
    (define vm "twice" (lambda (f x) (funcall f (funcall f x))))
    (is (= 81 (eval-sx vm "(twice (fn (x) (* x x)) 3)")))))

(scenario 4-host-functions/lisp-functions-are-values
  (with-vm (vm)
    (is (equal '(2 3 4) (call vm "map" #'1+ '(1 2 3))))
    (is (equal '(3 2 1) (call vm "sort" '(2 1 3) (lambda (a b) (if (> a b) t terrace:false)))))
    (let ((made (eval-sx vm "(fn (f) (fn (x) (f (f x))))")))
      (is (= 12 (funcall (funcall made (lambda (x) (+ x 1))) 10))))))

(scenario 4-host-functions/are-finalised-once
  (let ((before (terrace::registered-count)))
    (with-vm (vm :vm-options (:output nil))
      (dotimes (i 20)
        (define vm "same-name" (lambda () i)))
      (call vm "map" (lambda (x) x) '(1 2 3))
      (call vm "list" (make-instance 'thing))
      (eval-sx vm "(gc-collect!)")
      (eval-sx vm "(gc-collect!)")
      (is (< (- (terrace::registered-count) before) 15)))
    (is (= before (terrace::registered-count)))))

(scenario 4-host-functions/with-collections-in-between
  (with-vm (vm)
    (define vm "collect" (lambda (n) (collect-garbage) n))
    (eval-sx vm "(define (factorial n) (if (= n 0) (collect 1) (* n (factorial (- n 1)))))
                 (define (powers n) (if (= n 0) nil (cons (expt 3 (* 40 n)) (powers (- n (collect 1))))))")
    (let ((expected (loop with product = 1 for i from 1 to 300 do (setf product (* product i)) finally (return product))))
      (dotimes (i 10) (is (= expected (call vm "factorial" 300)))))
    (is (equal (loop for n from 30 downto 1 collect (expt 3 (* 40 n))) (call vm "powers" 30)))))
