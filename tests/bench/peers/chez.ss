;; The kernels for Chez Scheme.
;;
;;   scheme --program chez.so NAME [SAMPLES SECONDS WARM]
(import (chezscheme))
(define (now) (let ((t (current-time 'time-monotonic))) (+ (time-second t) (* 1e-9 (time-nanosecond t)))))
(define (make-int-table) (make-eqv-hashtable))
(define (make-str-table) (make-hashtable string-hash string=?))
(define-syntax i-ref (syntax-rules () ((_ h k d) (hashtable-ref h k d))))
(define-syntax i-set! (syntax-rules () ((_ h k v) (hashtable-set! h k v))))
(define-syntax s-ref (syntax-rules () ((_ h k d) (hashtable-ref h k d))))
(define-syntax s-set! (syntax-rules () ((_ h k v) (hashtable-set! h k v))))
(define (t-count h) (hashtable-size h))
(define (t-max h) (let ((v (hashtable-values h))) (let loop ((i 0) (m 0)) (if (< i (vector-length v)) (loop (+ i 1) (max m (vector-ref v i))) m))))
(include "kernels.scm")
(let ((given (append (cdr (command-line)) '("0" "0" "0"))))
  (apply measure (car given) (map string->number (list (cadr given) (caddr given) (cadddr given)))))
