;;;; 8 control

(in-package #:terrace/tests)

(defparameter *functions* "
  (define (double x) (* 2 x)) (define (square x) (* x x)) (define (half x) (quotient x 2))
  (define (use-all n) (let loop ((i 0) (s 0)) (if (= i n) s (loop (+ i 1) (+ s (double i) (square i) (half i))))))")

(defun warm (vm)
  (let ((expected (loop for i below 20 sum (+ (* 2 i) (* i i) (floor i 2)))))
    (dotimes (i 20) (is (= expected (call vm "use-all" 20))))
    (is-true (terrace:wait vm))))

(defmacro with-warm-vm ((vm engine &rest engine-options) &body body)
  "BODY when there is a compiler."
  `(with-vm (,vm :engine ,engine :engine-options ,engine-options)
     (when (compiles-p ,vm)
       (eval-sx ,vm *functions*)
       (warm ,vm)
       ,@body)))

(scenario 8-control/threshold
  (with-vm (vm :engine engine :engine-options (:threshold 7))
    (is (= 7 (terrace:threshold engine)))
    (terrace:with-threshold (vm 0)
      (is (= 0 (terrace:threshold engine)))
      (eval-sx vm *functions*)
      (warm vm)
      (is (zerop (getf (stats engine) :entries))))
    (is (= 7 (terrace:threshold engine)))
    (is (= 9 (setf (terrace:threshold engine) 9)))
    (is (= 9 (terrace:threshold vm)))
    (ignore-errors (terrace:with-threshold (vm 1) (error "out")))
    (is (= 9 (terrace:threshold vm))))
  (with-vm (vm) (is (= 4 (terrace:threshold vm)))))

(scenario 8-control/a-budget-of-1
  (with-warm-vm (vm engine :budget 1)
    (is (= 1 (terrace:budget engine)))
    (dotimes (i 5) (warm vm))
    (is (= 1 (getf (stats engine) :entries)))
    (is (plusp (getf (stats engine) :evictions)))
    (terrace:set-budget engine 0)
    (is (zerop (getf (stats engine) :entries)))
    (warm vm)
    (is (zerop (getf (stats engine) :entries)))
    (setf (terrace:budget-bytes engine) 1000000)
    (is (= 1000000 (terrace:budget-bytes engine)))))

(scenario 8-control/pin-and-unpin
  (with-warm-vm (vm engine)
    (terrace:pin engine 'double)
    (is-true (getf (terrace:explain vm "double") :pinned))
    (is (plusp (getf (stats engine) :pinned)))
    (terrace:reset engine)
    (is (not (eq :interp (getf (terrace:explain vm "double") :tier))))
    (is (eq :interp (getf (terrace:explain vm "square") :tier)))
    (is-true (terrace:unpin engine "double"))
    (is-false (terrace:unpin engine "double"))
    (terrace:reset engine)
    (is (zerop (getf (stats engine) :entries)))
    (warm vm)
    (is (plusp (getf (stats engine) :entries)))))

(scenario 8-control/reset-in-a-deep-recursion
  (dolist (mode '(:auto :base :opt))
    (with-vm (vm :engine engine :mode mode)
      (define vm "reset-now" (lambda () (terrace:reset terrace:*vm*) 0))
      (eval-sx vm "(define (deep n) (if (= n 0) (reset-now) (+ 1 (deep (- n 1)))))")
      (dotimes (i 10) (is (= 10000 (call vm "deep" 10000))))
      (terrace:wait engine)
      (terrace:set-budget engine 1)
      (is (= 10000 (call vm "deep" 10000))))))

(scenario 8-control/reset-under-suspended-computations
  (dolist (mode '(:auto :base :opt))
    (with-vm (vm :engine engine :mode mode)
      (eval-sx vm "(define (waits n) (if (= n 0) (perform 'gate) (+ 1 (waits (- n 1)))))")
      (let ((all (with-suspension (loop repeat 20 collect (call vm "waits" 100)))))
        (terrace:wait engine)
        (terrace:reset engine)
        (terrace:set-budget engine 1)
        (eval-sx vm "(gc-collect!)")
        (is (equal (make-list 20 :initial-element 101) (mapcar (lambda (computation) (resume computation 1)) (reverse all))))))))

(scenario 8-control/clear-cold
  (with-warm-vm (vm engine)
    (let ((before (getf (stats engine) :entries)) (dropped 0))
      (dotimes (i 4) (incf dropped (terrace:clear-cold engine 1)))
      (is (plusp dropped))
      (is (= (- before dropped) (getf (stats engine) :entries)))
      (warm vm))))

(scenario 8-control/exclude-and-allow
  (with-warm-vm (vm engine)
    (terrace:exclude engine "dou*")
    (warm vm)
    (is (eq :interp (getf (terrace:explain vm "double") :tier)))
    (is (not (eq :interp (getf (terrace:explain vm "square") :tier))))
    (is-true (terrace:allow engine "dou*"))
    (is-false (terrace:allow engine "dou*"))
    (dotimes (i 100) (call vm "double" i))
    (terrace:wait engine)
    (call vm "double" 1)
    (is (not (eq :interp (getf (terrace:explain vm "double") :tier))) "~S" (terrace:explain vm "double"))))

(scenario 8-control/several-vms-share-an-engine
  (with-warm-vm (vm engine)
    (let ((other (terrace:make-vm engine)))
      (is (equal "unbound-variable" (caught-kind other "double")))
      (eval-sx other *functions*)
      (warm other)
      (is (plusp (getf (stats engine) :hits)))
      (eval-sx vm "(jit-set-threshold! 9)")
      (is (= 9 (terrace:threshold other)))
      (terrace:release other))))
