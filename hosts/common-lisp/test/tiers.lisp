;;;; 7 tiers

(in-package #:terrace/tests)

(defparameter *fib* "(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))")

(scenario 7-tiers/what-is-called-often-is-compiled
  (with-vm (vm :engine engine)
    (when (compiles-p vm)
      (eval-sx vm *fib*)
      (is (eq :interp (getf (terrace:explain vm "fib") :tier)))
      (is (= 6765 (call vm "fib" 20)))
      (is-true (terrace:wait engine))
      (dotimes (i 50) (is (= 6765 (call vm "fib" 20))))
      (is-true (terrace:wait engine))
      (let ((explanation (terrace:explain vm (lookup vm "fib"))) (stats (stats engine)))
        (is (equal "fib" (getf explanation :name)))
        (is (member (getf explanation :tier) '(:base :opt)))
        (is (plusp (getf stats :entries)))
        (is (plusp (getf stats :bytes)))
        (is (plusp (getf stats :misses)))
        (is (search "entries" (with-output-to-string (stream) (terrace:report engine stream))))))))

(scenario 7-tiers/by-hand
  (with-vm (vm :engine-options (:threshold 0))
    (when (compiles-p vm)
      (eval-sx vm *fib*)
      (dolist (tier '(:base :opt))
        (terrace:optimize vm "fib" tier)
        (is (eq tier (getf (terrace:explain vm "fib") :tier)))
        (is (= 610 (call vm "fib" 15))))
      (terrace:demote vm 'fib)
      (is (eq :interp (getf (terrace:explain vm 'fib) :tier)))
      (is (= 610 (call vm "fib" 15)))
      (is-true (caught (terrace:optimize vm "nowhere"))))))

(scenario 7-tiers/every-mode-answers-the-same
  (dolist (mode '(:interp :base :opt :storm :auto))
    (with-vm (vm :mode mode)
      (is (equal '(6188d0 100 144)
                 (eval-sx vm (format nil "~A (define (mix n) (let loop ((i 0) (s 0.5) (l nil))
                   (if (= i n) (list s (length l) (fib 12)) (loop (+ i 1) (+ s (* i 1.25)) (cons i l))))) (mix 100)" *fib*)))))))

(scenario 7-tiers/without-a-compiler
  (with-vm (vm :engine engine :engine-options (:worker "/nonexistent/terrace-worker"))
    (eval-sx vm *fib*)
    (is (= 2584 (call vm "fib" 18)))
    (is-true (terrace:wait engine))
    (is (= 2584 (call vm "fib" 18)))
    (let ((stats (stats engine)))
      (is (zerop (getf stats :entries)))
      (is (plusp (getf stats :refused)))
      (is (consp (getf stats :refusals)))
      (is (plusp (length (getf (terrace:explain vm "fib") :reason)))))))
