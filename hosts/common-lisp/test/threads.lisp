;;;; Threads: what a Lisp with several of them needs beyond the scenarios.

(in-package #:terrace/tests)

(scenario threads/a-vm-for-each
  (let* ((engine (terrace:make-engine))
         (threads (loop for i below 3
                        collect (let ((i i))
                                  (start-thread (lambda ()
                                                  (let ((vm (terrace:make-vm engine)))
                                                    (eval-sx vm *fib*)
                                                    (loop repeat 20 always (= 610 (call vm "fib" 15))
                                                          finally (return i)))))))))
    (mapc #'join threads)
    (is (= 1 (eval-sx (terrace:make-vm engine) "1")))
    (terrace:release engine)))

(scenario threads/a-vm-in-use-is-busy
  (with-vm (vm)
    (let ((other nil))
      (define vm "meanwhile" (lambda ()
                               (join (start-thread (lambda () (setf other (caught (eval-sx vm "1"))))))
                               1))
      (is (= 1 (eval-sx vm "(meanwhile)")))
      (is (eq :busy (terrace:jit-error-status other))))))

(scenario threads/collections-by-another-thread
  "The collector finds a thread's stack while the thread runs SX, or Lisp from SX."
  (with-vm (vm)
    (let* ((stop nil)
           (thread (start-thread (lambda ()
                                   (loop until stop
                                         do (make-list 1000)
                                            (collect-garbage)
                                            (sleep 0.005))))))
      (define vm "allocate" (lambda (n) (length (loop for i below n collect (list i (princ-to-string i))))))
      (eval-sx vm "(define (spin n) (let loop ((i 0)) (if (= i n) i (loop (+ i 1)))))
                   (define (mixed n) (if (= n 0) 0 (+ (allocate 50) (spin 20000) (mixed (- n 1)))))")
      (is (= 20000000 (call vm "spin" 20000000)))
      (is (= (* 100 20050) (call vm "mixed" 100)))
      (define vm "nested" (lambda (n) (if (= n 0) 0 (1+ (call terrace:*vm* "outer" (1- n))))))
      (eval-sx vm "(define (outer n) (spin 100000) (+ 1 (nested n)))")
      (is (= 41 (call vm "outer" 20)))
      (setf stop t)
      (join thread))))

(scenario threads/lisp-interrupts-get-through
  (with-vm (vm)
    (eval-sx vm "(define (forever) (forever))")
    #+sbcl (is (eq :late (handler-case (sb-ext:with-timeout 0.2 (eval-sx vm "(forever)"))
                           (sb-ext:timeout () :late))))
    #+ecl (is (eq :late (catch 'late
                          (let ((main mp:*current-process*))
                            (start-thread (lambda ()
                                            (sleep 0.2)
                                            (mp:interrupt-process main (lambda () (throw 'late :late))))))
                          (eval-sx vm "(forever)"))))
    (is-true (works-p vm))))

(scenario threads/finalizers-give-back
  (with-vm (vm)
    (eval-sx vm "(define (make) (fn (x) x))")
    (dotimes (i 2000) (call vm "make"))
    (collect-garbage)
    (collect-garbage)
    (is (= 1 (eval-sx vm "1")))))
