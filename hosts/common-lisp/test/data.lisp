;;;; 2 data

(in-package #:terrace/tests)

(defun round-trip (vm value)
  (call vm (eval-sx vm "(fn (x) x)") value))

(scenario 2-data/text
  (with-vm (vm)
    (dolist (text (list "" "plain" "Grüße" "日本語" (string (code-char #x1F600)) (format nil "a~Cb" (code-char 0))
                        (repeated "long " 10000)))
      (is (equal text (round-trip vm text)))
      (is (= (length text) (call vm "string-length" text))))
    (is (eql #\λ (round-trip vm #\λ)))
    (is (eql (code-char #x1F600) (eval-sx vm (format nil "(string-ref \"~C\" 0)" (code-char #x1F600)))))))

(scenario 2-data/symbols
  (with-vm (vm)
    (is (eq 'apple (eval-sx vm "'apple")))
    (is (eq '|aPPle| (eval-sx vm "'aPPle")))
    (is (eq '|apple| (eval-sx vm "'APPLE")))
    (is (eq :key (eval-sx vm ":key")))
    (dolist (symbol '(apple |apple| |aPPle| :key :|Key| |with space| set!))
      (is (eq symbol (round-trip vm symbol))))
    (is (terrace:equal-sx vm 'apple (eval-sx vm "'apple")))
    (is (eq 'terrace.symbols::t (eval-sx vm "(string->symbol \"t\")")))
    (is (eq 'terrace.symbols::nil (round-trip vm 'terrace.symbols::nil)))))

(scenario 2-data/truth
  (with-vm (vm)
    (is (eq t (eval-sx vm "true")))
    (is (eq nil (eval-sx vm "nil")))
    (is (eq terrace:false (eval-sx vm "false")))
    (is (eq terrace:false (round-trip vm terrace:false)))
    (is-true (terrace:true-p (eval-sx vm "(< 1 2)")))
    (is-false (terrace:true-p (eval-sx vm "(> 1 2)")))
    (is-false (terrace:true-p nil))
    (is-true (terrace:true-p 0)))
  (with-vm (vm :vm-options (:false nil))
    (is (eq nil (eval-sx vm "(> 1 2)")))))

(scenario 2-data/lists
  (with-vm (vm)
    (dolist (list '((1) (1 2 3) (1 . 2) (1 2 . 3) ((1) (2 (3 "four"))) (nil) (nil (nil))))
      (is (equal list (round-trip vm list))))
    (is (equal (loop for i below 5000 collect i) (eval-sx vm "(range 0 5000)")))
    (is (= 5000 (call vm "length" (loop for i below 5000 collect i))))))

(scenario 2-data/vectors
  (with-vm (vm)
    (is (equalp #(1 "two" (3)) (eval-sx vm "(vector 1 \"two\" '(3))")))
    (is (equalp #(1 #(2 #(3))) (round-trip vm #(1 #(2 #(3))))))
    (is (equalp #() (round-trip vm #())))
    (let ((long (make-array 3000 :initial-element 7)))
      (is (equalp long (round-trip vm long))))
    (let ((tuple (round-trip vm (terrace:tuple 1 :two))))
      (is-true (terrace:tuple-p tuple))
      (is (equalp #(1 :two) (terrace:tuple-items tuple))))
    (is (= 2 (call vm "tuple-length" (terrace:tuple 1 2))))))

(scenario 2-data/packed-vectors
  (with-vm (vm)
    (flet ((same-p (vector)
             (let ((back (round-trip vm vector)))
               (and (equalp vector back) (equal (array-element-type vector) (array-element-type back))))))
      (is-true (same-p (make-array 3 :element-type 'double-float :initial-contents '(1d0 -0.5d0 1d300))))
      (is-true (same-p (make-array 0 :element-type 'double-float)))
      (is-true (same-p (make-array 3 :element-type '(unsigned-byte 8) :initial-contents '(0 128 255))))
      (is-true (same-p (make-array 2 :element-type '(signed-byte 64) :initial-contents (list (- (expt 2 63)) 5)))))
    (is (equalp #(1d0 2.5d0) (eval-sx vm "(f64-vector 1 2.5)")))
    (is (equalp #(1 255) (eval-sx vm "(bytes 1 255)")))))

(scenario 2-data/tables
  (with-vm (vm)
    (let ((table (eval-sx vm "(dict 'a 1 \"b\" '(2) :c (dict 1 2))")))
      (is (= 3 (hash-table-count table)))
      (is (= 1 (gethash 'a table)))
      (is (equal '(2) (gethash "b" table)))
      (is (= 2 (gethash 1 (gethash :c table)))))
    (let ((table (make-hash-table :test #'equal)))
      (dotimes (i 2000) (setf (gethash (princ-to-string i) table) i))
      (is (= 1234 (call vm (eval-sx vm "(fn (d) (dict-ref d \"1234\" nil))") table)))
      (is (equalp table (round-trip vm table))))))

(scenario 2-data/everything-nested
  (with-vm (vm)
    (let ((value (list #(1 ("a" #\b)) (terrace:tuple :c 'd) (list 1/2 -0d0 (expt 10 30)))))
      (is (equalp value (round-trip vm value))))))

(defclass thing () ())
(defstruct point x y)

(scenario 2-data/lisp-objects
  (with-vm (vm)
    (let ((thing (make-instance 'thing)) (point (make-point :x 1 :y 2)))
      (is (eq thing (round-trip vm thing)))
      (is (eq point (first (round-trip vm (list point)))))
      (is (eq t (call vm "host-object?" thing)))
      (is (equal #P"/tmp/" (round-trip vm #P"/tmp/"))))))

(scenario 2-data/values-that-lisp-only-holds
  (with-vm (vm)
    (let ((value (eval-sx vm "(guard (e (true e)) (error \"mine\" 1 2))")))
      (is (typep value 'terrace:sx-object))
      (is (eq :error (terrace:sx-object-type value)))
      (is (equal "mine" (call vm "error-message" value)))
      (is (equal '(1 2) (call vm "error-irritants" value)))
      (with-vm (other)
        (is-true (caught (call other "list" value)))))))

(scenario 2-data/too-deep-and-circular
  (with-vm (vm)
    (let ((circle (list 1 2)) (knot (vector nil)) (deep '()))
      (setf (cddr circle) circle (svref knot 0) knot)
      (dotimes (i 5000) (setf deep (list deep)))
      (let ((terrace:*maximum-elements* 10000))
        (is (typep (caught (round-trip vm circle)) 'terrace:conversion-error)))
      (is (typep (caught (round-trip vm knot)) 'terrace:conversion-error))
      (is (typep (caught (round-trip vm deep)) 'terrace:conversion-error))
      (is (typep (caught (eval-sx vm "(let ((v (vector 1))) (vector-set! v 0 v) v)")) 'terrace:conversion-error))
      (is (typep (caught (eval-sx vm "(let loop ((l nil) (i 0)) (if (= i 100000) l (loop (list l) (+ i 1))))"))
                 'terrace:conversion-error))
      (is (= 3 (eval-sx vm "(+ 1 2)"))))))

(scenario 2-data/printing
  (with-vm (vm)
    (is (equal "(1 \"a\" foo :bar)" (terrace:print-sx vm '(1 "a" foo :bar))))
    (is (equal "a" (terrace:print-sx vm "a" :readably nil)))
    (is-true (terrace:equal-sx vm '(1 #(2)) '(1 #(2))))
    (is-false (terrace:equal-sx vm 1 2))))
